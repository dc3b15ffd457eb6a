"""Tasks that produce items for a consumer, and that belong to an object instead of a scope of the consumer's.

A task group that was entered in the consumer's task would be a scope that stays open while the consumer, an async
generator perhaps, stands at a `yield`. Such a generator may be left there and closed in another task, and then the
scope would cancel whoever ran the generator (PEP 789).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import anyio
import anyio.lowlevel

from ._iteration import SharedIterator
from .errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

S = TypeVar("S")
T = TypeVar("T")


class Producer(SharedIterator[T], Generic[S, T]):
    """An `async with` whose tasks make an item of each that `source` gives: they begin with it and end with it.

    `tasks` of them run at once. The source is read by one at a time, and not while `buffer` items wait to be consumed.
    An error of the source comes behind the items that came before it; whoever asks again has it read on.
    """

    def __init__(self, source: SupportsAnext[S], tasks: int, buffer: int) -> None:
        super().__init__()
        self._source = source
        self._count = tasks
        self._buffer = buffer
        self._tasks: Tasks | None = None
        self._closed = False
        self._reading = anyio.Lock()
        self._read_all = False
        self._under_way = 0
        """How many items of the source are being worked on."""
        self._failure: BaseException | None = None
        """What the source raised and nobody was told yet."""
        self._stopped = False
        """Whether the source failed and nobody asked again since."""
        self._arrival = anyio.Event()
        """Wakes the consumer."""
        self._room = anyio.Event()
        """Wakes the task that is about to read."""

    async def _produce(self, item: S, tasks: Tasks) -> T:
        """Make an item of one of the source's."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise ConfigurationError(f"this {type(self).__name__.lstrip('_')} was entered before: make a new one")
        self._tasks = Tasks(self._work, self._count, lambda: self._arrival.set())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._tasks is not None  # noqa: S101 - it was entered
        self._closed = True
        await self._tasks.aclose()

    def _take(self) -> T:
        self._room.set()
        return super()._take()

    async def _refill(self) -> None:
        if self._tasks is None:
            raise TypeError(f"the tasks have not begun: write {self._usage}")
        if self._stopped and self._failure is None:
            self._stopped = False
            self._room.set()
        while not self._items:
            self._tasks.check()
            if not self._under_way:
                if self._failure is not None:
                    error, self._failure = self._failure, None
                    raise error
                if self._read_all:
                    raise StopAsyncIteration
            if self._closed:
                raise ConfigurationError(f"the 'async with' was left: write {self._usage}")
            if self._tasks.ended:
                raise RuntimeError("somebody else cancelled the tasks: what they had not done yet is lost")
            self._arrival = anyio.Event()
            await self._arrival.wait()

    async def _work(self, tasks: Tasks) -> None:
        with suppress(StopAsyncIteration):
            while True:
                async with self._reading:
                    item = await self._read(tasks)
                    self._under_way += 1
                try:
                    self._items.append(await self._produce(item, tasks))
                finally:
                    self._under_way -= 1
                    self._arrival.set()
                await tasks.absorb()

    async def _read(self, tasks: Tasks) -> S:
        while not self._read_all:
            if self._stopped or len(self._items) >= self._buffer:
                self._room = anyio.Event()
                await self._room.wait()
                continue
            try:
                return await anext(self._source)
            except StopAsyncIteration:
                self._read_all = True
            except BaseException as error:
                if not tasks.brought_by_call(error):
                    raise
                self._failure, self._stopped = error, True
            self._arrival.set()
            await tasks.absorb()
        raise StopAsyncIteration


class Tasks:
    """Some tasks, which run until they end, `aclose` ends them, or one of them crashes."""

    def __init__(self, work: Callable[[Tasks], Awaitable[None]], count: int, at_end: Callable[[], None]) -> None:
        self._work = work
        self._count = count
        self._at_end = at_end
        self._scope = anyio.CancelScope()
        self._end = anyio.Event()
        self._crash: BaseException | None = None
        self._told = False
        self._main: asyncio.Task[None] | None = None
        self._main = _start(self._run, self._ended)

    @property
    def ended(self) -> bool:
        """Whether none of them runs any more."""
        return self._end.is_set()

    def check(self) -> None:
        """Raise what one of them crashed by."""
        if self._crash is not None:
            self._told = True
            raise self._crash

    def brought_by_call(self, error: BaseException) -> bool:
        """Return whether `error` is the result of what was called: errors are, and cancellations that are not ours.

        A call is cancelled by itself if it waits for a task or future that somebody cancelled.
        """
        return isinstance(error, Exception) or (_is_cancellation(error) and not self._are_cancelled())

    async def absorb(self) -> None:
        """Take back what a call did to the task it ran in, if it cancelled that."""
        task = asyncio.current_task() if _in_asyncio() else None
        while task is not None and task.cancelling() and not self._are_cancelled():
            with suppress(asyncio.CancelledError):
                await anyio.lowlevel.checkpoint()  # it may not have arrived yet
            task.uncancel()

    async def aclose(self) -> None:
        """Cancel them and wait for their end, also when cancelled; raise what one crashed by, unless it was raised."""
        self._scope.cancel()
        interruption: BaseException | None = None
        while not self.ended:
            try:
                with anyio.CancelScope(shield=True):
                    await self._end.wait()
            except asyncio.CancelledError as error:  # `task.cancel()` knows no shield
                interruption = error
        if not self._told:
            self.check()
        if interruption is not None:
            raise interruption

    def _are_cancelled(self) -> bool:
        """Return whether the task that calls this is being cancelled together with all others."""
        if self._main is not None and self._main.cancelling():
            return True
        return anyio.current_effective_deadline() == -math.inf

    async def _run(self) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    for _ in range(self._count):
                        group.start_soon(self._one)
        except BaseException as error:
            if _is_cancellation(error):
                raise

    async def _one(self) -> None:
        try:
            await self._work(self)
        except BaseException as error:
            if self._crash is None and not _is_cancellation(error):
                self._crash = error
                self._told = _in_asyncio() and isinstance(
                    error, KeyboardInterrupt | SystemExit
                )  # it raises them itself
            raise

    def _ended(self) -> None:
        self._end.set()
        self._at_end()


def _in_asyncio() -> bool:
    return anyio.get_cancelled_exc_class() is asyncio.CancelledError


def _is_cancellation(error: BaseException) -> bool:
    """Return whether `error` is a cancellation, or a group of cancellations and of errors that came with them."""
    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup) and not isinstance(error, Exception):
        return error.split((cancelled, Exception))[1] is None
    return isinstance(error, cancelled)


_RUNNING: set[asyncio.Task[None]] = set()
"""An event loop of asyncio itself holds its tasks but weakly."""


def _start(function: Callable[[], Coroutine[Any, Any, None]], ended: Callable[[], None]) -> asyncio.Task[None] | None:
    """Run `function` in a task outside of all scopes, with the caller's context, and call `ended` behind it.

    Return the task under asyncio.
    """
    if _in_asyncio():
        task = asyncio.get_running_loop().create_task(function())
        _RUNNING.add(task)
        task.add_done_callback(_RUNNING.discard)
        task.add_done_callback(lambda _: ended())  # also if it was cancelled before its first step
        return task

    from trio.lowlevel import spawn_system_task

    async def run() -> None:
        try:
            await function()
        finally:
            ended()

    spawn_system_task(run, context=copy_context())
    return None
