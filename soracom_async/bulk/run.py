"""A run: one operation over many keys, a bounded number at once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sized
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Self, TypedDict, TypeVar, Unpack, overload

from .._background import Background, in_background
from .._iteration import Producer
from .._tasks import Tasks
from ..errors import ConfigurationError
from ..pages import Pages
from .arguments import short
from .claims import Claims, InMemory
from .execution import Execution
from .journal import Journal
from .keys import Keys, checked_keys
from .limits import Halt, Limits, MaxFailures, interval_of
from .planning import Plan, planned
from .results import JournalError, Result, Stopped, Summary, write_failures
from .targets import Target

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")
log: logging.Logger = logging.getLogger("soracom_async")


class Settings(TypedDict, total=False):
    """What `run` takes by name."""

    concurrency: int
    total: int | None
    journal: str | PathLike[str] | None
    max_failures: int | float | str | None
    canary: int
    pace: float | str | None
    quota_share: float
    repeat_unknown: bool
    dry_run: bool
    key: Callable[[Any], Any] | None
    name: str | None
    repeatable: bool


@overload
def run(
    function: Callable[..., Awaitable[V]], keys: Iterable[K] | AsyncIterable[K], **settings: Unpack[Settings]
) -> Run[K, V]: ...
@overload
def run(
    function: Callable[..., Pages[T]], keys: Iterable[K] | AsyncIterable[K], **settings: Unpack[Settings]
) -> Run[K, list[T]]: ...


def run(
    function: Callable[..., Any],
    keys: Iterable[K] | AsyncIterable[K],
    *,
    concurrency: int = 32,
    total: int | None = None,
    journal: str | PathLike[str] | None = None,
    max_failures: int | float | str | None = None,
    canary: int = 0,
    pace: float | str | None = None,
    quota_share: float = 1.0,
    repeat_unknown: bool = False,
    dry_run: bool = False,
    key: Callable[[Any], Any] | None = None,
    name: str | None = None,
    repeatable: bool = False,
) -> Run[K, Any]:
    """Return an `async with` that calls `function` for each of `keys` and gives the results in order of completion.

    `function` is a method of a group (`soracom.sims.suspend`), or `functools.partial` of one with the arguments that
    are the same for all keys. A key is then a text (the first argument of the path that is not fixed), a mapping of
    arguments by name, such as a row of `bulk.rows`, or a model, taken by its identifier; `key=` makes one of an item.
    Each key is sent once, however often it comes. The value of a listing is the list of its items. A function of your
    own is called with each key as it is.

    `keys` may be any iterable, async ones too (a listing for example), and is read no faster than the calls go; at most
    `concurrency` calls are under way, and none begins while as many results wait to be consumed. `total` is the number
    of keys, for progress, if `keys` does not know it. An error of a call is the result of its key; an error of `keys`
    itself is raised by the loop, behind the results that came before it, and a new loop reads on if `keys` can go on.
    Leaving the `async with` cancels what is under way, and closes an async generator of keys. Several tasks may loop
    over the results: each goes to one.

    `journal` is the path of a file that remembers what was done: the same run with the same journal goes on where it
    was, also after a crash. A function of your own needs a `name` then; `repeatable` says that a call of it may be
    repeated that may have been executed. `repeat_unknown` sends again what a former run may have done.

    The run is stopped, and the loop raises Stopped behind the results that came before, if more than `max_failures`
    keys fail (a number, a share from 0.0 to 1.0, or "5%"), if one of the first `canary` keys fails (all others wait for
    them), and at an error that concerns all keys: credentials, a missing permission, a journal that cannot be written.

    `pace` bounds the keys a second: a number, or "10/s", "600/min", "5000/h". Calls of a run go behind all others of
    the session; `quota_share` is the part of each quota that it may take. With `dry_run` nothing is sent, and there are
    no results: `await run.plan()` says what would be.

    Raises ConfigurationError for arguments that cannot work.
    """
    key = None if key is None else _checked(key)
    target = Target.of(function, name=name, repeatable=repeatable)
    given = checked_keys(keys, target, key=key)
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigurationError(f"concurrency={concurrency!r} must be 1 or more")
    if isinstance(canary, bool) or not isinstance(canary, int) or canary < 0:
        raise ConfigurationError(f"canary={canary!r} must be a number of keys, 0 or more")
    if total is not None and (isinstance(total, bool) or not isinstance(total, int)):
        raise ConfigurationError(f"total={total!r} must be the number of keys")
    if journal is not None and not isinstance(journal, str | PathLike):
        raise ConfigurationError(f"journal={journal!r} must be the path of a file")
    if journal is not None and not target.name:
        raise ConfigurationError("a journal needs name=, which tells your function from others")
    if repeat_unknown and journal is None:
        raise ConfigurationError("repeat_unknown= is about what a journal remembers: give journal= too")
    total = _count(given) if total is None else total
    background = Background(quota_share)
    limits = Limits(target.clock, canary, interval_of(pace), MaxFailures.of(max_failures), total)

    async def claims() -> Claims:
        if journal is None:
            return InMemory(target.parameter)
        return await Journal.open(journal, await target.identity(), repeat_unknown=repeat_unknown)

    async def planned_so() -> Plan:
        return await planned(
            target,
            given,
            key=key,
            concurrency=concurrency,
            journal=journal,
            repeat_unknown=repeat_unknown,
            interval=limits.interval,
            quota_share=quota_share,
        )

    return Run(target, given, limits, concurrency, key, background, claims, planned_so if dry_run else None)


def _checked(key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `key=` so that None is an error of its item: else all items without a key would be one key."""
    if not callable(key):
        raise ConfigurationError(f"key={key!r} must be a function, as in key=lambda sim: sim.imsi")

    def made(item: Any) -> Any:
        found = key(item)
        if found is None:
            raise ConfigurationError(f"key= gives None for {short(item)}")
        return found

    return made


def _count(keys: object) -> int | None:
    return len(keys) if isinstance(keys, Sized) else None


class Run(Producer[K, Result[K, V]], Generic[K, V]):
    """A run under way: an async iterator of results, with `done` and `total`."""

    _usage = "'async with bulk.run(…) as results', and in it 'async for result in results'"

    def __init__(
        self,
        target: Target,
        keys: Iterable[K] | AsyncIterable[K],
        limits: Limits,
        concurrency: int,
        key: Callable[[K], Any] | None,
        background: Background,
        claims: Callable[[], Awaitable[Claims]],
        planned: Callable[[], Awaitable[Plan]] | None,
    ) -> None:
        at_once = concurrency if limits.total is None else max(1, min(concurrency, limits.total))
        self._keys = Keys(keys if planned is None else (), limits)
        super().__init__(self._keys, at_once, concurrency)
        self._target = target
        self._limits = limits
        self._key = key
        self._background = background
        self._open = claims
        self._planned = planned
        self._claims: Claims = InMemory(target.parameter)
        self._execution: Execution[K, V]
        self._began: float | None = None
        self._ended: float | None = None
        limits.on_halt = self._halt
        self.done: int = 0
        """How many results were consumed."""

    @property
    def total(self) -> int | None:
        """How many results there will be, if that is known: as many as there are keys, duplicates left out."""
        return self._limits.expected

    def summary(self) -> Summary:
        """Return what is known of the keys so far, whether their results were consumed or not."""
        limits, now = self._limits, self._limits.clock.now()
        end = now if self._ended is None else self._ended
        seconds = 0.0 if self._began is None else end - self._began
        counts = (limits.ok, limits.failed, limits.unknown, limits.skipped, limits.duplicates)
        return Summary(limits.expected, *counts, seconds)

    async def collect(self) -> list[Result[K, V]]:
        """Return all results, entering the `async with` if nobody did.

        Raises what the loop raises; `Stopped.results` are those that came before.
        """
        if self._tasks is None:
            async with self:
                return await self.collect()
        results: list[Result[K, V]] = []
        try:
            async for result in self:
                results.append(result)  # noqa: PERF401 - those before an error are kept
        except Stopped as error:
            error.results = [*results]
            raise
        return results

    async def plan(self) -> Plan:
        """Return what a dry run would send. Raises ConfigurationError if this is none, and what its reads raise."""
        if self._planned is None:
            raise ConfigurationError("this run is none with dry_run=True: 'await bulk.plan(…)' plans without a run")
        return await self._planned()

    def export_failures(self, path: str | PathLike[str], *, unknown: bool = False) -> int:
        """Write the keys that failed to a CSV file, or to JSON lines if its name ends in `.jsonl`; return how many.

        The file is an input of `bulk.rows`: the arguments by name, without secrets, and `#row`, `#error`, `#attempts`,
        which it passes over. With `unknown`, those are written too of which nobody knows whether they were executed.
        Raises OSError if the file cannot be written.
        """
        return write_failures(self._claims.failures, path, unknown=unknown)

    def stop(self, reason: str = "the caller stopped it") -> None:
        """Let no further key begin, as at Ctrl-C: the loop raises Stopped behind the results of those under way."""
        self._limits.stop(Halt(reason))

    async def __aenter__(self) -> Self:
        if self._tasks is None and self._planned is None:
            self._claims = await self._open()
            self._execution = Execution(self._target, self._claims, self._limits, self._key)
            self._began = self._limits.clock.now()
        with in_background(self._background):
            return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        finally:
            self._ended = self._limits.clock.now()
            try:
                await self._keys.aclose()
            finally:
                await self._close(error)

    async def _close(self, error: BaseException | None) -> None:
        """Close the journal; if that fails, an error that is raised already is told of it instead of replaced."""
        try:
            await self._claims.aclose()
        except JournalError as problem:
            if error is None:
                raise
            error.add_note(str(problem))
            log.error("%s", problem)

    def _halt(self, halt: Halt) -> None:
        """End the run: nothing more is read, and the loop raises the reason when what is under way has ended."""
        if self._failure is None:
            self._failure, self._stopped = halt, True
        self._arrival.set()

    async def _refill(self) -> None:
        if self._limits.halt is not None:
            self._halt(self._limits.halt)
        try:
            await super()._refill()
        except Halt as halt:
            raise Stopped(halt.reason, self.summary()) from halt.cause

    def _take(self) -> Result[K, V]:
        self.done += 1
        return super()._take()

    async def _work(self, tasks: Tasks) -> None:
        if self._planned is None:
            self._execution.watch()
        await super()._work(tasks)

    async def _produce(self, item: K, tasks: Tasks) -> Result[K, V] | None:
        return await self._execution.run(item, tasks)
