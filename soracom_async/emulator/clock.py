"""A clock for tests: time stands still until it is moved forward, or until everybody waits."""

from __future__ import annotations

import math

from anyio.lowlevel import checkpoint

PASSES = 20
"""Passes of the event loop until every task that only computes has finished or sleeps."""


class JumpingClock:
    """Time that stands still until `advance`, and jumps to the end of the earliest sleep if every task waits.

    So an hour passes at once, and in the same way in each run. Give it to the emulator and to its clients.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._ends: list[float] = []

    def now(self) -> float:
        """Return the present time."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Return once the time is `seconds` later."""
        if not seconds < math.inf:
            raise ValueError(f"nobody sleeps for {seconds} seconds")
        end = self._now + max(0.0, seconds)
        self._ends.append(end)
        try:
            while True:
                for _ in range(PASSES):
                    await checkpoint()
                if self._now >= end or min(self._ends) == end:
                    break
            self._now = max(self._now, end)
        finally:
            self._ends.remove(end)
