"""A clock that a test drives, or that jumps by itself."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint

PASSES = 20
"""Passes of the event loop after which every task has come to rest, since none here awaits more than that in a row."""


async def settle(passes: int = PASSES) -> None:
    """Let all other tasks run until they wait."""
    for _ in range(passes):
        await checkpoint()


async def until(condition: Callable[[], bool]) -> None:
    """Let all other tasks run until `condition` holds; fail if it never does."""
    with anyio.fail_after(10):
        while not condition():
            await checkpoint()


class FakeClock:
    """Time that stands still until `advance`, or, with `auto`, jumps to the end of the earliest sleep."""

    def __init__(self, start: float = 1000.0, *, auto: bool = False) -> None:
        self.time = start
        self.slept: list[float] = []
        """The seconds of every sleep, in the order of their beginnings."""
        self._auto = auto
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []

    def now(self) -> float:
        """Return the present time."""
        return self.time

    @property
    def sleeping(self) -> int:
        """How many tasks sleep."""
        return len(self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has moved on by `seconds`."""
        self.slept.append(seconds)
        sleeper = (self.time + max(0.0, seconds), next(self._order), anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        try:
            if not self._auto:
                await sleeper[2].wait()
            while self._auto and not sleeper[2].is_set():
                await settle(5)
                if self._sleepers[0] is sleeper:
                    self.time = max(self.time, sleeper[0])
                    break
        finally:
            self._sleepers.remove(sleeper)
            heapq.heapify(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`; those whose sleep ends on the way wake at its end, in order."""
        target = self.time + seconds
        while due := [s for s in self._sleepers if s[0] <= target and not s[2].is_set()]:
            first = min(due)
            self.time = max(self.time, first[0])
            first[2].set()
            await settle()
        self.time = target
        await settle()

    async def run(self) -> None:
        """Move on to the end of the earliest sleep whenever all other tasks wait; for ever."""
        while True:
            await settle()
            if self._sleepers:
                await self.advance(max(0.0, self._sleepers[0][0] - self.time))

    async def until_sleeping(self, tasks: int = 1) -> None:
        """Wait until so many tasks sleep."""
        await until(lambda: self.sleeping >= tasks)
