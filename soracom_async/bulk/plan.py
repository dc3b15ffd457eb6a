"""What a run would send, without the run."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from os import PathLike
from typing import Any

from .planning import Plan
from .run import run


async def plan(
    function: Callable[..., Any],
    keys: Iterable[Any] | AsyncIterable[Any],
    *,
    concurrency: int = 32,
    journal: str | PathLike[str] | None = None,
    pace: float | str | None = None,
    quota_share: float = 1.0,
    repeat_unknown: bool = False,
    key: Callable[[Any], Any] | None = None,
    name: str | None = None,
    repeatable: bool = False,
) -> Plan:
    """Return what `bulk.run` with these arguments would send. Nothing is changed, and no journal is made.

    The keys are read to their end. Where an operation sets a state that the thing shows (status, group, speed class,
    expiry, protection from termination), the present states are compared: a model among the keys shows its own, others
    are read, up to 50 one by one and more from a listing. That draws on the quota, `concurrency` requests at once.

    Raises ConfigurationError as `bulk.run` does, JournalError for a journal of another run or one that cannot be read,
    and what `keys` and the reading raise.
    """
    dry = run(
        function,
        keys,
        concurrency=concurrency,
        journal=journal,
        pace=pace,
        quota_share=quota_share,
        repeat_unknown=repeat_unknown,
        dry_run=True,
        key=key,
        name=name,
        repeatable=repeatable,
    )
    return await dry.plan()
