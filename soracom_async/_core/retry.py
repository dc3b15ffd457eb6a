"""Whether a call is repeated, and when. Knows effects and outcomes; must not know what was called, nor wait itself."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from attrs import define, field, frozen

from .headers import retry_after, time_to_reset
from .operation import Effect
from .outcome import ResponseHead, TransportFailure
from .signed_urls import LONGEST_PAUSE, PATIENCE, SignedURL

BASE, CAP = 0.5, 20.0
"""Seconds of the exponential back-off: the first and the last ceiling of its full jitter."""
HEALING_SECONDS = 600.0
"""Seconds in which an empty budget of repetitions is full again, whatever happens."""


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
    """What repetitions a session can still afford: each costs one, each success earns a tenth, and time heals it."""

    capacity: float = 100.0
    left: float = field(default=100.0)
    healed_at: float = 0.0
    """Until when the healing by time is counted."""

    def earn(self) -> None:
        """Count a success."""
        if self.left < self.capacity:
            self.left = min(self.capacity, self.left + 0.1)

    def spend(self, now: float) -> bool:
        """Pay for a repetition at `now`; False if nothing is left, as in a storm."""
        healed = max(0.0, now - self.healed_at) / HEALING_SECONDS * self.capacity
        self.left, self.healed_at = min(self.capacity, self.left + healed), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@define(slots=True)
class Attempts:
    """The repetitions of one call."""

    max_retries: int
    """How many there may be."""
    max_wait: float = math.inf
    """The seconds that one answer may name to wait."""
    begun: float = 0.0
    """When the call began."""
    made: int = 0
    """How many requests were answered, or failed, so far."""
    failures: int = 0
    signed: SignedURL | None = None
    """The URL that is asked for, if an answer contained it."""
    waited: float = 0.0
    """Seconds that went by until its file was there."""
    throttled: int = 0
    """429s that said when the window resets: each counts a quarter, since waiting for the reset is no failure."""

    def decide(
        self,
        effect: Effect,
        outcome: ResponseHead | TransportFailure,
        budget: Budget,
        now: float,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> Retry | Stop:
        """Return what to do after `outcome`, which is an error; `budget` limits the repetitions of all calls."""
        if self.signed is not None and not isinstance(outcome, TransportFailure) and self.signed.may_come(outcome):
            return self._until_there(retry_after(outcome.headers) or 0.0)
        if not _repeatable(effect, outcome):
            return STOP
        named = reset = None
        if not isinstance(outcome, TransportFailure):
            named = retry_after(outcome.headers)
            reset = time_to_reset(outcome.headers) if outcome.status == 429 else None
        if max(named or 0.0, reset or 0.0) > self.max_wait:
            return STOP
        if reset is not None:
            self.throttled += 1  # the limiter knows when to go on
            return Retry(0.0) if self.throttled <= 4 * self.max_retries else STOP
        self.failures += 1
        if self.failures > self.max_retries:
            return STOP
        if isinstance(outcome, TransportFailure) and outcome.stale and self.failures == 1:
            return Retry(0.0)  # the service did not fail, so this costs nothing
        if not budget.spend(now):
            return STOP
        jitter = uniform(0.0, min(CAP, BASE * 2.0 ** (self.failures - 1)))
        return Retry(jitter if named is None else named + 0.1 * jitter)

    def _until_there(self, named: float) -> Retry | Stop:
        """Return when a file that is not there yet is asked for again; `named` is what its host asks to wait.

        That is no failure of the host, so the budget does not pay for it. Nor is there a jitter: nothing is overloaded.
        """
        self.failures += 1
        pause = max(named, min(LONGEST_PAUSE, BASE * 2.0 ** min(self.failures - 1, 10)))
        if self.failures > self.max_retries or pause > self.max_wait or self.waited + pause > PATIENCE:
            return STOP
        self.waited += pause
        return Retry(pause)


PASSING = frozenset((408, 425, 500, 502, 503, 504, *range(520, 525)))
"""The statuses of faults that pass: the service's, and those of the gateways before it."""


def _repeatable(effect: Effect, outcome: ResponseHead | TransportFailure) -> bool:
    if isinstance(outcome, TransportFailure):
        return not outcome.permanent and (not outcome.sent or effect is not Effect.ACT)
    if outcome.status == 429:
        return True  # certainly not executed
    return outcome.status in PASSING and effect is not Effect.ACT
