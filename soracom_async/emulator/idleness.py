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

if TYPE_CHECKING:
    from collections.abc import Iterator, Set
    from types import FrameType

SOON = 0.5
"""A timer that ends within so many seconds is one that somebody waits for; later ones are limits."""

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


def steps(besides: Set[Any]) -> dict[Any, Any]:
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
    """The threads of the process; where one was at the beginning, it is taken to rest."""

    def __init__(self) -> None:
        self._resting = {ident: _place(frame) for ident, frame in sys._current_frames().items()}

    def work(self) -> bool:
        """Tell whether another thread is at work."""
        own, living = threading.get_ident(), {each.ident for each in threading.enumerate()}
        return any(
            ident != own and ident in living and self._resting.get(ident) != _place(frame) and not _waits(frame)
            for ident, frame in sys._current_frames().items()
        )


def _place(frame: FrameType) -> tuple[int, int]:
    return id(frame.f_code), frame.f_lasti


def _waits(frame: FrameType) -> bool:
    parts = PurePath(frame.f_code.co_filename).parts
    if parts[-2:] == ("futures", "thread.py"):  # a function in C that it runs has no frame
        return frame.f_code.co_name == "_worker"
    return parts[-1:] in _WAITING or parts[-2:] in _WAITING
