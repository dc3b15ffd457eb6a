"""Tasks that belong to an object, and to no scope of the task that began them.

A task group that is entered in the caller's task is a scope that stays open while the caller, an async generator
perhaps, stands at a `yield`. Such a generator may be left there and closed in another task, and then the scope would
cancel whoever ran the generator (PEP 789).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import anyio
import anyio.lowlevel


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
        self._call_soon = _caller()
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

    def cancel_soon(self) -> None:
        """Cancel them and do not wait; from anywhere, also from a finalizer that runs in another thread."""
        if not self.ended:
            with suppress(RuntimeError):  # the event loop has ended, and they with it
                self._call_soon(self._scope.cancel)

    async def aclose(self) -> None:
        """Cancel them and wait for their end, also when cancelled; raise what one crashed by, unless it was raised."""
        self._scope.cancel()
        try:
            if not self.ended:
                await to_the_end(self._end.wait)
        finally:
            if not self._told:
                self.check()

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


async def to_the_end(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a function to its end, also if the caller is cancelled: that is raised when it has ended."""
    with anyio.CancelScope(shield=True):
        if not _in_asyncio():
            await function()
            return
        task = asyncio.get_running_loop().create_task(function())
        interruption: BaseException | None = None
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:  # `task.cancel()` knows no shield
                interruption = error
        if interruption is not None:
            with suppress(BaseException):
                task.result()
            raise interruption
        task.result()


async def together(*functions: Callable[[], Awaitable[None]]) -> None:
    """Run functions at once, to their ends; the first error cancels the others and is raised as it is."""
    errors: list[Exception] = []
    async with anyio.create_task_group() as group:
        for function in functions:
            group.start_soon(kept, function, errors, group.cancel_scope)
    if errors:
        raise errors[0]


async def kept(function: Callable[[], Awaitable[None]], errors: list[Exception], scope: anyio.CancelScope) -> None:
    """Run a function; keep its error, so that the task group does not wrap it, and cancel the others."""
    try:
        await function()
    except Exception as error:
        errors.append(error)
        scope.cancel()


def _in_asyncio() -> bool:
    return anyio.get_cancelled_exc_class() is asyncio.CancelledError


def _is_cancellation(error: BaseException) -> bool:
    """Return whether `error` is a cancellation, or a group of cancellations and of errors that came with them."""
    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup) and not isinstance(error, Exception):
        return error.split((cancelled, Exception))[1] is None
    return isinstance(error, cancelled)


def _caller() -> Callable[[Callable[[], object]], object]:
    """Return what has a function called soon in this event loop, from any thread."""
    if _in_asyncio():
        return asyncio.get_running_loop().call_soon_threadsafe

    from trio.lowlevel import current_trio_token

    return current_trio_token().run_sync_soon


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
