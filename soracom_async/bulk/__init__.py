"""The same operation over many keys: a bounded number at once, one result or error for each key.

For example:

    async with bulk.run(soracom.sims.activate, sim_ids, concurrency=32) as results:
        async for result in results:
            print(result.key, result, results.done, results.total)
"""

from __future__ import annotations

from .plan import plan
from .planning import Plan
from .results import Failed, JournalError, Ok, Result, Skipped, Stopped, Summary, Unknown
from .rows import Row, Rows, rows
from .run import Run, run

__all__ = [
    "Failed",
    "JournalError",
    "Ok",
    "Plan",
    "Result",
    "Row",
    "Rows",
    "Run",
    "Skipped",
    "Stopped",
    "Summary",
    "Unknown",
    "plan",
    "rows",
    "run",
]
