"""Whether a call is repeated, and when. Knows effects and outcomes; must not know what was called, nor wait itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from attrs import define, field, frozen

from .operation import Effect

BASE, CAP = 0.5, 20.0
"""Seconds of the exponential back-off: the first and the last ceiling of its full jitter."""


@frozen(slots=True)
class Answered:
    """An answer came, and it is an error."""

    status: int
    retry_after: float | None = None
    """Seconds, as the service named them in `Retry-After`."""
    window: bool = False
    """Whether the answer told its quota window, so that the limiter knows when to go on."""


@frozen(slots=True)
class Unanswered:
    """No answer came."""

    sent: bool
    """Whether the request may have been executed."""
    stale: bool = False
    """Whether an idle connection turned out to be closed: waiting would not help."""


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
        """Pay for a repetition; False where nothing is left, as in a storm."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


@define(slots=True)
class Attempts:
    """The repetitions of one call."""

    failures: int = 0
    throttled: int = 0
    """429s that told their window: each counts a quarter, since waiting for the turn is no failure."""

    def decide(
        self,
        effect: Effect,
        outcome: Answered | Unanswered,
        max_retries: int,
        budget: Budget,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> Retry | Stop:
        """Return what to do after `outcome`; `max_retries` limits the repetitions, `budget` those of all calls."""
        if not self._repeatable(effect, outcome):
            return STOP
        if isinstance(outcome, Answered) and outcome.status == 429 and outcome.window:
            self.throttled += 1
            return Retry(0.0) if self.throttled <= 4 * max_retries else STOP
        self.failures += 1
        if self.failures > max_retries or not budget.spend():
            return STOP
        if isinstance(outcome, Unanswered) and outcome.stale and self.failures == 1:
            return Retry(0.0)
        jitter = uniform(0.0, min(CAP, BASE * 2.0 ** (self.failures - 1)))
        named = outcome.retry_after if isinstance(outcome, Answered) else None
        return Retry(jitter if named is None else named + 0.1 * jitter)

    @staticmethod
    def _repeatable(effect: Effect, outcome: Answered | Unanswered) -> bool:
        if isinstance(outcome, Unanswered):
            return not outcome.sent or effect is not Effect.ACT
        if outcome.status == 429:
            return True  # surely not executed
        return outcome.status in (500, 502, 503, 504) and effect is not Effect.ACT


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
