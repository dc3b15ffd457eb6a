"""The same operation over many keys: a bounded number at once, one result for each key, and a journal of what was done.

For example:

    async with bulk.run(soracom.sims.suspend, sim_ids, journal="suspend.db", canary=20, max_failures="5%") as results:
        async for result in results:
            print(result.key, result, results.done, results.total)
        print(results.summary())
"""

from __future__ import annotations

from .claims import Failure, State
from .plan import plan
from .planning import Plan
from .results import Failed, JournalError, Ok, Result, Skipped, Stopped, Summary, Unknown
from .rows import Row, Rows, rows
from .run import Run, run
from .status import Status, failures, status

__all__ = [
    "Failed",
    "Failure",
    "JournalError",
    "Ok",
    "Plan",
    "Result",
    "Row",
    "Rows",
    "Run",
    "Skipped",
    "State",
    "Status",
    "Stopped",
    "Summary",
    "Unknown",
    "failures",
    "plan",
    "rows",
    "run",
    "status",
]
