"""Time: `now()` and `sleep()`, the only source of it in the library."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """A monotonic clock; tests bring their own and drive it."""

    def now(self) -> float:
        """Return monotonic seconds, from any zero."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        ...


class SystemClock:
    """The machine's monotonic clock: no step of the wall clock changes it."""

    __slots__ = ()

    def now(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await anyio.sleep(seconds)


class ScaledClock:
    """The machine's monotonic clock, `factor` times as fast: what takes an hour can be shown in minutes."""

    __slots__ = ("_begun", "_factor")

    def __init__(self, factor: float) -> None:
        if not factor > 0:
            raise ValueError(f"a clock must run forward, not {factor} times as fast")
        self._factor = factor
        self._begun = time.monotonic()

    def now(self) -> float:
        """Return seconds of this clock since it was made."""
        return (time.monotonic() - self._begun) * self._factor

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        await anyio.sleep(seconds / self._factor)


async def wait(clock: Clock, event: anyio.Event, seconds: float) -> None:
    """Return when `event` is set or after `seconds` of `clock`, whichever comes first."""
    async with anyio.create_task_group() as tasks:

        async def alarm() -> None:
            await clock.sleep(seconds)
            tasks.cancel_scope.cancel()

        tasks.start_soon(alarm)
        await event.wait()
        tasks.cancel_scope.cancel()


TOLD_AFTER = 10.0
"""Seconds after which a wait whose end nobody knows is logged."""
YEARS = 3e9
"""More seconds than anybody waits: a date takes no number whatever."""


def utc_in(seconds: float) -> datetime:
    """Return the time of the wall clock, in UTC, `seconds` from now: for what is shown or leaves the process."""
    return datetime.now(UTC) + timedelta(seconds=min(seconds, YEARS))


def clock_time(seconds: float) -> str:
    """Return the time of day `seconds` from now, for a log line."""
    return f"{utc_in(seconds):%H:%M:%S} UTC"
