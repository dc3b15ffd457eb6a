"""When to ask for a job, and waiting that ends by the session's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import inf

import anyio

from .._clock import Clock
from .._tasks import kept
from ..errors import ConfigurationError

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds between two questions for one job."""


def pause(elapsed: float, expected: float) -> float:
    """Return the seconds until a job is asked for again that began `elapsed` seconds ago and takes `expected` seconds.

    The first question comes soon, since an order that cannot work often fails at once. The next one comes when the job
    should be done. Behind that, each pause is half of the time that went by, so a job that takes long costs few
    requests. No pause is longer than `LONGEST`.
    """
    if elapsed < SHORTEST:
        return SHORTEST
    left = expected - elapsed
    return min(LONGEST, left if left >= SHORTEST else max(SHORTEST, elapsed / 2))


def checked_seconds(name: str, value: float) -> float:
    """Return a number of seconds that can be waited; raises ConfigurationError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise ConfigurationError(f"{name}={value!r} must be a number of seconds, more than 0")
    return float(value)


async def within(clock: Clock, seconds: float, function: Callable[[], Awaitable[None]]) -> bool:
    """Run `function` for at most `seconds` of a clock; return whether it came to its end. Raises what it raises."""
    ended = False

    async def run() -> None:
        nonlocal ended
        await function()
        ended = True
        group.cancel_scope.cancel()

    async def alarm() -> None:
        await clock.sleep(seconds)
        group.cancel_scope.cancel()

    errors: list[Exception] = []
    async with anyio.create_task_group() as group:
        group.start_soon(kept, run, errors, group.cancel_scope)
        group.start_soon(alarm)
    if errors:
        raise errors[0]
    return ended
