"""`soracom-async bulk sims suspend`: one operation for each key of a file or of a listing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

import anyio
from attrs import fields, frozen

from .. import bulk
from .._core.request import BODY
from .._resource import operation_of
from ..bulk import targets
from ..errors import ConfigurationError
from ..tables import columns
from .bulk_report import CTRL_C, Report
from .bulk_view import Progress, view, watch
from .confirming import confirm, final
from .console import put
from .ending import DONE, INCOMPLETE, STOPPED, ended, told
from .fixed import fixed
from .interrupts import interrupts
from .listing import Items, listed
from .opening import opened
from .where import at
from .words import found

if TYPE_CHECKING:
    import argparse

    from .._core.operation import Operation
    from ..bulk.targets import Bound
    from ..client import Soracom
    from .bulk_view import View
    from .words import Method

GRACE = 10.0
"""Seconds that calls under way have to end after Ctrl-C."""
STDIN = "-"


@frozen
class Task:
    """What is to be called, for which keys."""

    function: Callable[[Any], Any]
    keys: Iterable[Any] | AsyncIterable[Any]
    target: targets.Method
    operation: Operation[Any]
    key: Callable[[Any], Any] | None = None
    """Takes the key out of each item."""

    def bind(self, item: Any) -> Bound:
        """Return the call for an item."""
        return self.target.bind(item if self.key is None else self.key(item))


def run(options: argparse.Namespace) -> int:
    """Do it; return the exit code."""
    return ended(lambda: anyio.run(_run, options))


async def _run(options: argparse.Namespace) -> int:
    async with opened(options, options.concurrency) as soracom:
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
        asked = final(task.operation) and not options.yes
        if asked and not confirm(task.operation, results.total, await soracom.operator_id()):
            return told("nothing was sent", STOPPED)
        return await _carry_out(results, task, soracom, options)


def _task(soracom: Soracom, options: argparse.Namespace) -> Task:
    """Return what the options say; raises ConfigurationError for what cannot work."""
    method = found(options.words)
    operation, _ = operation_of(method.of(soracom))
    function = fixed(method.of(soracom), options.set)
    target = cast(targets.Method, targets.Target.of(function))
    keys, key = _keys(soracom, method, options)
    if isinstance(keys, bulk.Rows):
        _check_columns(keys.columns if key is None else [target.parameter], target, operation)
    return Task(function, keys, target, operation, key)


def _keys(
    soracom: Soracom, method: Method, options: argparse.Namespace
) -> tuple[bulk.Rows | Items, Callable[[Any], Any] | None]:
    """Return the items of the file or the listing, and what takes the key out of each, if it is not the whole."""
    name = options.key
    if options.source is None:
        items = listed(method.listing, soracom, [], options.where)
        if name is None:
            return items, None
        columns(items.item_type, [name])
        return items, partial(at, path=name.split("."))
    rows = bulk.rows(sys.stdin.buffer if options.source == STDIN else options.source)
    if name is not None and name not in rows.columns:
        raise ConfigurationError(f"{options.source} has no column {name!r}; it has {', '.join(rows.columns)}")
    return rows, None if name is None else itemgetter(name)


def _check_columns(given: Iterable[str], target: targets.Method, operation: Operation[Any]) -> None:
    """Raise ConfigurationError for an argument that is missing; names that are none are told of by `bulk.run`."""
    names = {target.wire_names.get(name, name) for name in given}
    missing = target.required - names
    if missing and names <= target.parameters.keys() and not {BODY, operation.body_name} & names:
        name = min(missing)
        raise ConfigurationError(f"{target.name} needs {name!r}: name a column so, or give it by --set {name}=…")


async def _plan(task: Task, options: argparse.Namespace) -> int:
    """Show what a run would send; the exit code tells whether some keys cannot be sent at all."""
    plan = await bulk.plan(
        task.function,
        task.keys,
        concurrency=options.concurrency,
        journal=options.journal,
        pace=options.pace,
        quota_share=options.quota_share,
        repeat_unknown=options.repeat_unknown,
        key=task.key,
    )
    put(json.dumps(_planned(plan)) if options.json else str(plan))
    return INCOMPLETE if plan.invalid or plan.missing else DONE


def _planned(plan: bulk.Plan) -> dict[str, Any]:
    values = {field.name: getattr(plan, field.name) for field in fields(bulk.Plan)}
    del values["operation"]  # its name is there as well
    return {**values, "effect": plan.effect.value}


async def _carry_out(results: bulk.Run[Any, Any], task: Task, soracom: Soracom, options: argparse.Namespace) -> int:
    shown = view(Progress(results, soracom, task.operation.group))
    report = Report(shown, options, task.bind, results.stop)
    over = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, shown, over)
        try:
            await _take(results, report, shown)
        except Exception as error:
            report.error = error
        over.set()
    shown.close()
    return report.end(results.summary())


async def _take(results: bulk.Run[Any, Any], report: Report, shown: View) -> None:
    """Take all results; from Ctrl-C on, those of the calls under way."""
    cut = anyio.CancelScope()

    def interrupt() -> None:
        results.stop(CTRL_C)
        report.interrupted = True
        cut.deadline = asyncio.get_running_loop().time() + GRACE
        shown.say(f"Interrupted: calls under way may end within {GRACE:.0f} s; Ctrl-C again cancels them.")

    with interrupts(interrupt, cut.cancel):
        async with results:
            with cut:
                async for result in results:
                    report.take(result)
