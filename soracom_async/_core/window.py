"""One quota window of the service: headers in, permits out. Knows only what it is told; must not know who waits.

Permits of the next window go out when the turn lies surely in the past: one first, so that its answer tells the new
turn as exactly as can be, then the others. Where the turn before is known only to a second, and the quota is short, the
permits of one window are spread over a second: their answers show at which moment the seconds tick.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from attrs import define, field, frozen

from .turn import Rounding, Turn

PROBES = 4
"""Requests under way at most while nothing is known of a window."""
SCOUT_PATIENCE = 0.25
"""Seconds for which the first request into a window that was waited for goes alone; longer where answers are slow."""
TOLERANCE = 0.1
"""Seconds by which a turn may be known too late before permits are spread to learn it; more where answers are slow."""


@frozen(slots=True)
class Told:
    """What one answer says of its window; None where it says nothing."""

    limit: int | None
    remaining: int | None
    seconds: int | None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Told:
        """Read the `x-soracom-ratelimit-*` headers; what is not a whole number is taken as not said."""
        return cls(
            whole(headers.get("x-soracom-ratelimit-limit")),
            whole(headers.get("x-soracom-ratelimit-remaining")),
            whole(headers.get("x-soracom-ratelimit-seconds-before-refresh")),
        )


def whole(text: str | None) -> int | None:
    """Return the whole number in `text`; None for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None


NOTHING = Told(None, None, None)


@define(slots=True, eq=False)
class Permit:
    """The right to send one request; settled exactly once."""

    epoch: int
    scout: bool = False


@frozen
class RateLimit:
    """A quota window as it is known now: `limit` a window, `remaining`, and `refresh_in` seconds until it turns."""

    limit: int | None
    remaining: int | None
    refresh_in: float | None


@define(slots=True, eq=False)
class Window:
    """The present window of one bucket.

    Invariant: permits given = settled + in flight; within one window `remaining` only falls.
    """

    turn: Turn = field(factory=Turn)
    limit: int | None = None
    remaining: int | None = None
    """The smallest value seen in this window, less what was sent since and never answered."""
    in_flight: int = 0
    epoch: int = 0
    unlimited: bool = False
    """Whether answers carry no quota at all."""
    dry: bool = False
    """Whether a request had to wait for the turn of this window."""
    scarce: bool = False
    """Whether one had to wait for the turn of the window before."""
    alone_until: float | None = None
    """Until when the scout of this window goes alone; infinite while none is under way."""
    gap: float = 0.0
    """Seconds between permits while they are spread."""
    next_at: float = -math.inf
    """When the next permit may go out while they are spread."""
    slowest: float = 0.0
    """The longest that an answer took lately."""
    low: int | None = None
    """The smallest value that an answer of this window said."""
    low_at: float = math.inf
    """When that answer was in; a request sent later that is told more is of a later window."""

    @classmethod
    def rounded(cls, rounding: Rounding) -> Window:
        """Return a window that shares what is known of the service's rounding."""
        return cls(Turn(rounding))

    def reserve(self, now: float) -> Permit | None:
        """Return a permit, or None where the quota does not surely allow one more."""
        if now >= self.turn.latest:
            self._turned(now)
        if self._available(now) <= 0:
            self.dry = self.dry or self.spent
            return None
        scout = self.alone_until == math.inf
        if scout:
            self.alone_until = now + max(SCOUT_PATIENCE, 2 * self.slowest)
        if self.gap:
            self.next_at = max(now, self.next_at) + self.gap
        self.in_flight += 1
        return Permit(self.epoch, scout)

    def opens_at(self, now: float) -> float:
        """Return when `reserve` may succeed without any answer; infinite where only an answer can help."""
        if self.alone_until is not None and now < self.alone_until < math.inf:
            return min(self.alone_until, self.turn.latest)
        if self.gap and now < self.next_at and not self.spent:
            return min(self.next_at, self.turn.latest)
        return self.turn.latest

    def unsent(self, permit: Permit) -> None:
        """Take back a permit whose request never left."""
        self._settle(permit)

    def unanswered(self, permit: Permit) -> None:
        """Count a permit as spent: its request left, and no answer came."""
        self._settle(permit)
        if permit.epoch == self.epoch:
            self._spend()

    def answered(self, permit: Permit, told: Told, *, sent: float, now: float) -> None:
        """Take in what an answer says; `sent` and `now` enclose the moment at which the service wrote it."""
        self._settle(permit)
        if told.remaining is None or told.seconds is None:
            self._unsaid(permit, told)
            return
        turn = self.turn
        earliest, latest = turn.bounds(told.seconds, sent, now)
        self.unlimited = False
        self.slowest = max(self.slowest, now - sent)
        if permit.epoch < self.epoch and earliest <= turn.before:
            if latest > turn.earliest:
                self._spend()  # of the window before, or of this one: nobody knows
            return
        if earliest > turn.latest or (self.low is not None and told.remaining > self.low and sent >= self.low_at):
            self._turned(now)
        self.limit = told.limit if told.limit is not None else max(self.limit or 0, told.remaining)
        if turn.told and self.remaining is not None:
            self.remaining = min(self.remaining, told.remaining)
        else:
            self.remaining, self.alone_until = told.remaining, None
            self._spread(min(1.0, earliest - now), now)
        turn.narrow(told.seconds, earliest, latest)
        if turn.ticked:
            self.gap = 0.0
        if self.low is None or told.remaining < self.low:
            self.low, self.low_at = told.remaining, now

    def exhausted(self, until: float) -> None:
        """Close the window until a time that the service named without the quota headers (`Retry-After`)."""
        self.remaining, self.alone_until, self.unlimited = 0, None, False
        self.turn.latest = until

    @property
    def spent(self) -> bool:
        """Whether all of the window's quota is used or under way, as far as is known."""
        return self.remaining is not None and self.remaining <= self.in_flight and self.alone_until is None

    def view(self, now: float) -> RateLimit:
        """Return the window as it is known at `now`."""
        if now >= self.turn.latest:
            return RateLimit(self.limit, self.limit, None)
        refresh = self.turn.latest - now if self.turn.latest < math.inf else None
        remaining = None if self.remaining is None else max(0, self.remaining - self.in_flight)
        return RateLimit(self.limit, remaining, refresh)

    def _available(self, now: float) -> float:
        if self.remaining is None:
            return math.inf if self.unlimited else PROBES - self.in_flight
        if self.alone_until is not None and now < self.alone_until < math.inf:
            return 0
        if self.gap and now < self.next_at:
            return 0
        return self.remaining - self.in_flight

    def _turned(self, now: float) -> None:
        self.epoch += 1
        self.turn.passed(now)
        self.remaining = self.limit
        self.scarce, self.dry = self.dry, False
        self.alone_until = math.inf if self.scarce and self.limit is not None else None
        self.gap = 0.0
        self.low, self.low_at, self.slowest = None, math.inf, self.slowest / 2

    def _spread(self, span: float, now: float) -> None:
        if self.scarce and self.remaining and span > 0 and self.turn.slack > max(TOLERANCE, 4 * self.slowest):
            self.gap, self.next_at = span / self.remaining, now

    def _settle(self, permit: Permit) -> None:
        self.in_flight -= 1
        if permit.scout and permit.epoch == self.epoch and not self.turn.told and self.alone_until is not None:
            self.alone_until = math.inf  # the next one scouts, unless the answer in hand tells enough

    def _unsaid(self, permit: Permit, told: Told) -> None:
        if told.remaining is not None and permit.epoch == self.epoch:
            # A count without a time: it lowers what is left and says nothing of the turn.
            self.remaining = told.remaining if self.remaining is None else min(self.remaining, told.remaining)
        elif self.remaining is None:
            self.unlimited = True
        elif permit.epoch == self.epoch:
            self._spend()

    def _spend(self) -> None:
        if self.remaining is not None:
            self.remaining = max(0, self.remaining - 1)
