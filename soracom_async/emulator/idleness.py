"""Whether anybody else is at work: the other tasks of the event loop, threads, sockets, timers of the machine.

What cannot be known counts as idle: the parts of event loops that say it are not public, and not the same in all.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from types import FrameType

SOON = 0.5
"""A timer that ends within so many seconds is one that somebody waits for; later ones are limits."""

_POOLS = {("futures", "thread.py"), ("_core", "_thread_cache.py"), ("_backends", "_asyncio.py")}
"""Where the threads of pools begin: those of executors, of trio and of anyio."""
_WAITING = {
    ("threading.py",), ("queue.py",), ("selectors.py",), ("futures", "_base.py"),
    ("_core", "_thread_cache.py"), ("_core", "_io_epoll.py"), ("_core", "_io_kqueue.py"), ("_core", "_io_windows.py"),
}  # fmt: skip
"""Where a thread is that waits for others: for work, for a result, or for the events of its own loop."""


def _trio() -> Any:
    """Return trio, if this is its loop."""
    trio = sys.modules.get("trio")
    return trio if trio is not None and trio.lowlevel.in_trio_run() else None


def current_task() -> Any:
    """Return the running task."""
    trio = _trio()
    return trio.lowlevel.current_task() if trio else asyncio.current_task()


def steps(besides: Container[Any]) -> dict[Any, Any]:
    """Return how far each task of the loop is, `besides` some: the same twice means that none of them has run."""
    trio = _trio()
    tasks = _tasks_below(trio.lowlevel.current_root_task()) if trio else asyncio.all_tasks()
    how = _trio_step if trio else _asyncio_step
    return {task: how(task) for task in tasks if task not in besides}


def _asyncio_step(task: Any) -> Any:
    awaited = getattr(task, "_fut_waiter", None)
    return object() if awaited is None or awaited.done() else awaited  # without one, it can run


def _trio_step(task: Any) -> Any:
    return object() if task._next_send_fn is not None else task._schedule_points


def _tasks_below(task: Any) -> Iterator[Any]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _tasks_below(child)


def calls() -> bool:
    """Tell whether a task waits for a function that it gave to a thread, even if no thread has begun it."""
    if to_thread.current_default_thread_limiter().borrowed_tokens:
        return True
    return _trio() is None and any(_chained(getattr(task, "_fut_waiter", None)) for task in asyncio.all_tasks())


def _chained(awaited: Any) -> bool:
    """Tell whether a future of asyncio stands for one of an executor."""
    callbacks = getattr(awaited, "_callbacks", None) or ()
    return any("_chain_future" in getattr(callback, "__qualname__", "") for callback, _ in callbacks)


def timers() -> bool:
    """Tell whether the loop has a timer of the machine's time that ends soon."""
    trio = _trio()
    if trio:
        return bool(trio.lowlevel.current_statistics().seconds_to_next_deadline < SOON)
    loop: Any = asyncio.get_running_loop()
    soon = loop.time() + SOON
    return any(not each.cancelled() and each.when() < soon for each in getattr(loop, "_scheduled", ()))


def sockets() -> bool:
    """Tell whether the loop waits for a socket or a pipe, other than for new connections."""
    trio = _trio()
    if trio:
        found = trio.lowlevel.current_statistics().io_statistics
        names = ("tasks_waiting_read", "tasks_waiting_write", "tasks_waiting")
        return sum(getattr(found, name, 0) for name in names) > 1  # one is trio's own
    loop: Any = asyncio.get_running_loop()
    selector = getattr(loop, "_selector", None)
    if selector is None:
        return False
    return any(
        fd != loop._ssock.fileno() and not _listens(fd) for fd in (key.fd for key in selector.get_map().values())
    )


def _listens(fd: int) -> bool:
    try:
        watched = socket.socket(fileno=fd)
    except OSError:  # a pipe
        return False
    try:
        return bool(watched.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    finally:
        watched.detach()


class Threads:
    """The threads of the process; where one was at the beginning, it is taken to rest.

    A thread of somebody's own, as database drivers have, may wait for work in a way that looks like work. If it stays
    where it is, it is taken to rest there, too.
    """

    def __init__(self) -> None:
        self._resting = {ident: _place(frame) for ident, frame in sys._current_frames().items()}
        self._seen: dict[int, tuple[tuple[int, int], float]] = {}
        """Where threads of somebody's own were seen first, and when."""

    def work(self, now: float, patience: float, timed: Container[int]) -> bool:
        """Tell whether another thread is at work; the loops of those that are `timed` have timers of our own."""
        own, living = threading.get_ident(), {each.ident for each in threading.enumerate()}
        frames = {ident: frame for ident, frame in sys._current_frames().items() if ident != own and ident in living}
        works = [self._works(ident, frame, now, patience, ident in timed) for ident, frame in frames.items()]
        return any(works)  # of all, since each is to be seen

    def of_others(self) -> bool:
        """Tell whether there is a thread of somebody's own that has come to rest, and may be about to wake."""
        return any(each.ident in self._seen for each in threading.enumerate())

    def _works(self, ident: int, frame: FrameType, now: float, patience: float, timed: bool) -> bool:
        place = _place(frame)
        if self._resting.get(ident) == place:
            return False
        if _waits(frame):
            if timed or not _wakes_soon(frame):
                return False
        elif _of_pool(frame):
            return True
        before, since = self._seen.get(ident, (None, now))
        if before != place:
            self._seen[ident] = place, now
            return True
        if now - since < patience:
            return True
        self._resting[ident] = place
        return False


def _place(frame: FrameType) -> tuple[int, int]:
    return id(frame.f_code), frame.f_lasti


def _of_pool(frame: FrameType | None) -> bool:
    """Tell whether a thread belongs to a pool: of those, it is known when they wait for work."""
    while frame is not None:
        if PurePath(frame.f_code.co_filename).parts[-2:] in _POOLS:
            return True
        frame = frame.f_back
    return False


def _waits(frame: FrameType) -> bool:
    parts = PurePath(frame.f_code.co_filename).parts
    if parts[-2:] == ("futures", "thread.py"):  # a function in C that it runs has no frame
        return frame.f_code.co_name == "_worker"
    return parts[-1:] in _WAITING or parts[-2:] in _WAITING


def _wakes_soon(frame: FrameType) -> bool:
    """Tell whether a thread that waits does so for a short time only; they all call it the same."""
    timeout = frame.f_locals.get("timeout")
    return isinstance(timeout, float | int) and 0 < timeout < SOON
