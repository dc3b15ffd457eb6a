"""Iterators that several tasks may draw on, and what those read who forget `async`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar, Generic, NoReturn, Self, TypeVar

import anyio

T = TypeVar("T")


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
