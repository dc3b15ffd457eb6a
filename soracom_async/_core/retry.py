"""Whether a call is repeated, and when. Knows effects and outcomes; must not know what was called, nor wait itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from attrs import define, field, frozen

from .operation import Effect
from .outcome import ResponseHead, TransportFailure
from .window import RateLimitHeaders

BASE, CAP = 0.5, 20.0
"""Seconds of the exponential back-off: the first and the last ceiling of its full jitter."""


@frozen(slots=True)
class Retry:
    """Repeat the call after some seconds."""

    after: float


@frozen(slots=True)
class Stop:
    """Give up: the outcome is the result."""


STOP = Stop()


@define(slots=True)
class Budget:
    """What repetitions a session can still afford: each costs one, each success earns a tenth."""

    capacity: float = 100.0
    left: float = field(default=100.0)

    def earn(self) -> None:
        """Count a success."""
        if self.left < self.capacity:
            self.left = min(self.capacity, self.left + 0.1)

    def spend(self) -> bool:
        """Pay for a repetition; False if nothing is left, as in a storm."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


@define(slots=True)
class Attempts:
    """The repetitions of one call."""

    failures: int = 0
    throttled: int = 0
    """429s that said when the window resets: each counts a quarter, since waiting for the reset is no failure."""

    def decide(
        self,
        effect: Effect,
        outcome: ResponseHead | TransportFailure,
        max_retries: int,
        budget: Budget,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> Retry | Stop:
        """Return what to do after `outcome`, which is an error.

        `max_retries` limits the repetitions of this call, `budget` those of all calls.
        """
        if not _repeatable(effect, outcome):
            return STOP
        if not isinstance(outcome, TransportFailure) and outcome.status == 429 and tells_reset(outcome.headers):
            self.throttled += 1  # the limiter knows when to go on
            return Retry(0.0) if self.throttled <= 4 * max_retries else STOP
        self.failures += 1
        if self.failures > max_retries or not budget.spend():
            return STOP
        if isinstance(outcome, TransportFailure):
            if outcome.stale and self.failures == 1:
                return Retry(0.0)
            named = None
        else:
            named = retry_after(outcome.headers)
        jitter = uniform(0.0, min(CAP, BASE * 2.0 ** (self.failures - 1)))
        return Retry(jitter if named is None else named + 0.1 * jitter)


def _repeatable(effect: Effect, outcome: ResponseHead | TransportFailure) -> bool:
    if isinstance(outcome, TransportFailure):
        return not outcome.permanent and (not outcome.sent or effect is not Effect.ACT)
    if outcome.status == 429:
        return True  # certainly not executed
    return outcome.status in (500, 502, 503, 504) and effect is not Effect.ACT


def tells_reset(headers: Mapping[str, str]) -> bool:
    """Return whether the headers say that the quota is used up, and for how long."""
    limits = RateLimitHeaders.parse(headers)
    return limits.remaining == 0 and limits.seconds is not None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After`; a date is taken relative to the answer's own `Date`, not to our clock."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), 86_400.0)
    try:
        then, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return min(max(0.0, (then - now).total_seconds()), 86_400.0)
    except (ValueError, TypeError):
        return None
