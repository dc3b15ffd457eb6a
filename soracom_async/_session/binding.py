"""The process and the event loop of a session, and its passage to the next loop when that one has ended."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.lowlevel

from .._tasks import to_the_end
from ..errors import ConfigurationError

CLOSING_SECONDS = 5.0
"""Seconds that the connections may take to close."""


class Binding:
    """Binds a session to one process and one event loop at a time.

    An event loop that ends finalizes the asynchronous generators which it knows. One that waits for that closes the
    connections, while the loop still runs. So nothing of the loop is left when the session goes on in another.
    """

    def __init__(
        self, bind: Callable[[], None], close: Callable[[], Awaitable[None]], abandon: Callable[[], None]
    ) -> None:
        self._bind = bind
        """Called when the session is bound to an event loop."""
        self._close = close
        """Called at the end of the event loop or of the session: closes the connections."""
        self._abandon = abandon
        """Called when the event loop has ended: forgets all that was of it."""
        self._pid: int | None = None
        self._loop: object | None = None
        self._end: AsyncGenerator[None] | None = None

    def enter(self) -> None:
        """Bind the session here; raises ConfigurationError if it belongs to another process or a living loop."""
        loop = anyio.lowlevel.current_token()
        if self._loop != loop or self._pid != os.getpid():
            self._enter(loop)

    def check(self) -> None:
        """Raise ConfigurationError if the session belongs to another process, or to another loop that still lives."""
        if self._loop is not None:
            self._check(anyio.lowlevel.current_token())

    async def aclose(self) -> None:
        """Close the connections, also when cancelled."""
        end, self._end, loop, self._loop = self._end, None, self._loop, None
        if _has_ended(loop):
            self._abandon()
        elif end is not None:
            await end.aclose()

    def _enter(self, loop: object) -> None:
        self._check(loop)
        if self._pid is not None:
            self._abandon()
        self._pid, self._loop = os.getpid(), loop
        self._bind()
        self._end = _end_of_loop(self._ended)
        with contextlib.suppress(StopIteration):
            self._end.asend(None).send(None)  # to its yield: only now the loop knows it

    def _check(self, loop: object) -> None:
        if self._pid is not None and self._pid != os.getpid():
            raise ConfigurationError("this session belongs to another process: open one in each process")
        if self._loop is not None and self._loop != loop and not _has_ended(self._loop):
            raise ConfigurationError("this session belongs to another event loop, which lives: open one in each loop")

    async def _ended(self) -> None:
        self._loop = None
        await _closed(self._close)


async def _end_of_loop(call: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Wait at the yield, and call at the end."""
    try:
        yield
    finally:
        await call()


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        with anyio.move_on_after(CLOSING_SECONDS):
            await close()

    await to_the_end(in_time)


def _has_ended(loop: object) -> bool:
    """Return whether a loop was closed without a word to its generators; trio's never are."""
    is_closed = getattr(getattr(loop, "native_token", None), "is_closed", None)
    return is_closed is not None and bool(is_closed())
