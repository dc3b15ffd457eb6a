"""What the service does in its own time: exports, queries, diagnoses, orders. `soracom.jobs` starts and awaits them.

For example:

    job = await soracom.jobs.run("exportBilling", yyyy_mm="202606")
    await job.save("bill.csv")
"""

from __future__ import annotations

from .analysis import Analysis, Column
from .errors import JobError, JobFailed, JobTimeout
from .job import Job
from .jobs import Jobs
from .parts import Part, Parts
from .table import KINDS, Kind

__all__ = [
    "KINDS",
    "Analysis",
    "Column",
    "Job",
    "JobError",
    "JobFailed",
    "JobTimeout",
    "Jobs",
    "Kind",
    "Part",
    "Parts",
]
