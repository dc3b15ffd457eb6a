"""Ctrl-C: the first one asks, the second one cancels."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def interrupts(first: Callable[[], object], second: Callable[[], object]) -> Iterator[None]:
    """Call `first` in the event loop at the first SIGINT or SIGTERM, and `second` at each further one."""
    loop = asyncio.get_running_loop()
    waiting = iter([first])

    def handler(*_: object) -> None:
        loop.call_soon_threadsafe(next(waiting, second))

    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, handler) for kind in kinds]
    try:
        yield
    finally:
        for kind, former in zip(kinds, before, strict=True):
            signal.signal(kind, former)
