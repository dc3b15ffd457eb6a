"""Iterators that several tasks may draw on, those too whose items are made by tasks of their own."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from inspect import isasyncgen
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Generic, NoReturn, Self, TypeVar

import anyio

from ._tasks import Tasks
from .errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

S = TypeVar("S")
T = TypeVar("T")


async def close_generator(given: object) -> None:
    """Close an async generator that a caller gave to be consumed, also when cancelled; anything else stays as it is."""
    if isasyncgen(given):
        with anyio.CancelScope(shield=True):
            await given.aclose()


class AsyncOnly:
    """Says what to write where it is used without `async`: in `for`, `in`, `list()`, `await`, `with`."""

    __slots__ = ()
    _usage: ClassVar[str]
    """What to write, as code."""

    def _misused(self, *_: object) -> NoReturn:
        raise TypeError(f"this is not how to use {type(self).__name__.lstrip('_')}: write {self._usage}")

    if not TYPE_CHECKING:  # a type checker finds by itself that they are missing
        __iter__ = __contains__ = __await__ = __enter__ = __exit__ = _misused


class SharedIterator(AsyncOnly, Generic[T]):
    """An async iterator that several tasks may draw on: each item goes to exactly one, in order of asking.

    One task fetches for itself while the others wait. If it is cancelled, the next one goes on where it was. If the
    fetching fails, those who wait share the error, and whoever asks afterwards has it tried again.
    """

    _usage = "'async for item in iterator'"

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        """What is there already, and is handed out without waiting."""
        self._asking: deque[anyio.Event] = deque()
        """Those who wait, in order; the first of them fetches, and each is told when it is the first."""
        self._error: Exception | None = None
        """The last error, for those who waited meanwhile."""

    async def _refill(self) -> None:
        """Append items, or raise StopAsyncIteration; only one task at a time is in here."""
        raise NotImplementedError

    def _take(self) -> T:
        """Remove the first item and return it."""
        return self._items.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._items and not self._asking:
            return self._take()
        return await self._ask()

    async def _ask(self) -> T:
        before, mine = self._error, anyio.Event()
        self._asking.append(mine)
        try:
            if self._asking[0] is not mine:
                await mine.wait()
                if self._error is not None and self._error is not before:
                    raise self._error
            while not self._items:
                await self._refill()
            return self._take()
        except StopAsyncIteration:
            raise
        except Exception as error:
            self._error = error
            raise
        finally:
            self._leave(mine)

    def _leave(self, mine: anyio.Event) -> None:
        was_first = self._asking[0] is mine
        self._asking.remove(mine)
        if not self._asking:
            self._error = None  # it holds the frames that it went through
        elif was_first:
            self._asking[0].set()


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

    async def _produce(self, item: S, tasks: Tasks) -> T | None:
        """Make an item of one of the source's; None if there is none to be made of it."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise ConfigurationError(f"this was entered before: begin anew with {self._usage}")
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
                    made = await self._produce(item, tasks)
                    if made is not None:
                        self._items.append(made)
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
