"""A clock for tests: time stands still until it is moved forward, or until everybody waits for it."""

from __future__ import annotations

import math
import threading
import time
from bisect import insort
from itertools import count
from typing import Any

import anyio
from anyio.lowlevel import checkpoint, current_token
from attrs import define, field

from . import idleness

STEP = 0.001
"""Seconds of the machine's time between two looks at the other tasks."""
THRESHOLD = 0.005
"""For how long no other task may have run before time jumps."""
CAUTION = 0.05
"""The same where a thread rests of which nobody knows when it was given work."""
PATIENCE = 0.5
"""The same if something else is under way that may never end: an open connection, a timer, a call in a thread."""
LONGEST = 5.0
"""For how long at most time stands still, whatever goes on."""

serving: set[int] = set()
"""The threads whose loops serve clients alone: whatever else is under way in the process may wait for their answers."""

_watchers: dict[Any, int] = {}
"""The tasks that look for the moment to jump, in every loop and by every clock, and the threads they are in."""


@define(slots=True, eq=False)
class _Sleeper:
    end: float
    number: int
    woken: anyio.Event = field(factory=anyio.Event)

    def rank(self) -> tuple[float, int]:
        return self.end, self.number


class JumpingClock:
    """Time that stands still until `advance`, and jumps to the end of the earliest sleep if everybody waits for it.

    So an hour passes at once, and in the same way in each run. Give it to the emulator and to its clients. It does not
    jump while another task can run, a thread works, or a socket or a timer is waited for; for a connection or a timer
    that may never end it waits half a second, and for nothing longer than 5 seconds.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._sleepers: dict[Any, list[_Sleeper]] = {}
        """Of each event loop, by the ends of their sleeps."""
        self._numbers = count()
        self._threads = idleness.Threads()

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
        await checkpoint()
        sleeper = _Sleeper(self._now + max(0.0, seconds), next(self._numbers))
        loop = current_token()
        sleepers = self._sleepers.setdefault(loop, [])
        insort(sleepers, sleeper, key=_Sleeper.rank)
        try:
            while self._now < sleeper.end:
                # One task of each loop watches, since an event can be set in its own loop only.
                if sleeper is sleepers[0]:
                    await self._watch(sleeper, sleepers)
                else:
                    await sleeper.woken.wait()
                    sleeper.woken = anyio.Event()
        finally:
            sleepers.remove(sleeper)
            if not sleepers:
                del self._sleepers[loop]
            self._wake(sleepers)

    def _wake(self, sleepers: list[_Sleeper]) -> None:
        """Wake those whose time has come, and the first one; behind one that was woken, all of its time were."""
        for each in sleepers:
            if each.woken.is_set() or (each.end > self._now and each is not sleepers[0]):
                break
            each.woken.set()

    async def _watch(self, sleeper: _Sleeper, sleepers: list[_Sleeper]) -> None:
        """Jump to the end of a sleep as soon as everybody waits; return, too, if time moves or another one is first."""
        began = since = time.monotonic()
        before: dict[Any, Any] = {}
        quiet = False
        task = idleness.current_task()
        _watchers[task] = threading.get_ident()
        try:
            while self._now < sleeper.end and sleeper is sleepers[0]:
                await anyio.sleep(STEP)
                now, after = time.monotonic(), idleness.steps(_watchers)
                if after != before:
                    before, since = after, now
                next_of_all = min(each.rank() for several in list(self._sleepers.values()) for each in several[:1])
                # Twice, since what a thread or a timer has just ended is told to its task in a pass of the loop.
                before_that, quiet = quiet, self._quiet(began, since, now)
                if now - began >= LONGEST:
                    self._threads = idleness.Threads()  # those that are at work now will be for longer
                elif not (quiet and before_that and sleeper.rank() == next_of_all):
                    continue
                self._now = max(self._now, sleeper.end)
        finally:
            del _watchers[task]

    def _quiet(self, began: float, since: float, now: float) -> bool:
        """Tell whether everybody waits, where no other task has run `since` then."""
        if now - since < THRESHOLD:
            return False
        if threading.get_ident() in serving:
            return True
        timed = serving.union(_watchers.values())
        if self._threads.work(now, PATIENCE, timed) or (self._threads.of_others() and now - since < CAUTION):
            return False
        if (idleness.sockets() or idleness.calls()) and now - since < PATIENCE:
            return False
        return not idleness.timers() or now - began >= PATIENCE
