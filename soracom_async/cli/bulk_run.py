"""`soracom-async bulk sims suspend`: one operation for each key of a file or of a listing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterable, Callable, Iterable
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from .. import bulk
from ..bulk.targets import Bound, Target
from ..errors import ConfigurationError
from .bulk_report import Report
from .bulk_view import Progress, view
from .confirming import confirm, final
from .ending import DONE, STOPPED, ended, told
from .fixed import fixed
from .interrupts import interrupts
from .listing import listed
from .opening import opened
from .words import found

if TYPE_CHECKING:
    import argparse

    from ..client import Soracom

GRACE = 10.0
"""Seconds that calls under way have to end after Ctrl-C."""
STDIN = "-"


@frozen
class Task:
    """What is to be called, for which keys."""

    function: Callable[[Any], Any]
    keys: Iterable[Any] | AsyncIterable[Any]
    target: Target
    key: Callable[[Any], Any] | None = None
    """Takes the key out of each item."""

    def bind(self, item: Any) -> Bound:
        """Return the call for an item."""
        return self.target.bind(item if self.key is None else self.key(item))


def run(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    return ended(lambda: anyio.run(_run, options))


async def _run(options: argparse.Namespace) -> int:
    async with opened(options) as soracom:
        task = _task(soracom, options)
        if options.dry_run:
            return await _plan(task, options)
        results = bulk.run(
            task.function,
            task.keys,
            concurrency=options.concurrency,
            journal=options.journal,
            max_failures=options.max_failures,
            canary=options.canary,
            pace=options.pace,
            quota_share=options.quota_share,
            repeat_unknown=options.repeat_unknown,
            key=task.key,
        )
        operation = task.target.operation
        assert operation is not None  # noqa: S101 - it is a method
        if final(operation) and not options.yes and not confirm(operation, results.total, await soracom.operator_id()):
            return told("nothing was sent", STOPPED)
        return await _carry_out(results, task, soracom, options)


def _task(soracom: Soracom, options: argparse.Namespace) -> Task:
    """Return what the options say; raises ConfigurationError for what cannot work."""
    method = found(options.words)
    function = fixed(method.of(soracom), options.set)
    target = Target.of(function)
    if options.source is None:
        keys = listed(method.listing, soracom, [], options.where)
        return Task(function, keys, target, None if options.key is None else attrgetter(options.key))
    rows = bulk.rows(sys.stdin.buffer if options.source == STDIN else options.source)
    if options.key is None:
        return Task(function, rows, target)
    if options.key not in rows.columns:
        raise ConfigurationError(f"{options.source} has no column {options.key!r}; it has {', '.join(rows.columns)}")
    return Task(function, rows, target, itemgetter(options.key))


async def _plan(task: Task, options: argparse.Namespace) -> int:
    plan = await bulk.plan(task.function, task.keys, key=task.key)
    print(plan)
    return DONE


async def _carry_out(results: bulk.Run[Any, Any], task: Task, soracom: Soracom, options: argparse.Namespace) -> int:
    operation = task.target.operation
    shown = view(Progress(results, soracom, operation and operation.group))
    report = Report(shown, options, task.bind, results.stop)
    error: Exception | None = None
    cut = anyio.CancelScope()
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        results.stop()
        cut.deadline = asyncio.get_running_loop().time() + GRACE
        shown.say(f"Interrupted: calls under way may end within {GRACE:.0f} s; Ctrl-C again cancels them.")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shown.watch)
        try:
            with interrupts(stop, cut.cancel):
                async with results:
                    with cut:
                        async for result in results:
                            report.take(result)
        except Exception as caught:
            error = caught
        tasks.cancel_scope.cancel()
    shown.close()
    return report.end(results.summary(), error, interrupted=interrupted)
