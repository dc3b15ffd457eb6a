"""The gate before the connections: so many calls at once, those of the foreground before those of the background."""

from __future__ import annotations

from collections import deque

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

    async def enter(self, *, background: bool = False) -> None:
        """Take a place, waiting for one if all are taken; a free one is taken without any wait."""
        if self.value > 0:  # then nobody waits
            self.value -= 1
            return
        queue, mine = self._background if background else self._foreground, anyio.Event()
        queue.append(mine)
        try:
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
