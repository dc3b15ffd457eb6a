"""The gate before the connections: so many calls at once, those of the foreground before those of the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio


class Gate:
    """A semaphore with two queues; first come, first served in each of them.

    A place that is left goes to the next one by name, so nobody overtakes, and nobody who is cancelled keeps it.
    """

    def __init__(self, places: int) -> None:
        self.value = places
        """How many places are free."""
        self._foreground: deque[anyio.Event] = deque()
        self._background: deque[anyio.Event] = deque()

    def take(self) -> bool:
        """Take a place if one is free, and return whether; nobody waits then."""
        if self.value == 0:
            return False
        self.value -= 1
        return True

    async def enter(self, background: bool, after: float, tell: Callable[[], None]) -> None:
        """Wait for a place, all being taken, and take it; `tell` is called if that is longer than `after` seconds."""
        queue, mine = self._background if background else self._foreground, anyio.Event()
        queue.append(mine)
        try:
            with anyio.move_on_after(after):
                await mine.wait()
            if not mine.is_set():
                tell()
            await mine.wait()
        except BaseException:
            if mine.is_set():
                self.leave()
            else:
                queue.remove(mine)
            raise

    def leave(self) -> None:
        """Give the place to the next one."""
        queue = self._foreground or self._background
        if queue:
            queue.popleft().set()
        else:
            self.value += 1
