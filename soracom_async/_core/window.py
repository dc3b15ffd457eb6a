"""One quota window of the service: headers in, permits out. Knows only what it is told; must not know who waits.

Theory. The service counts requests in windows of a fixed length. Each response says how many requests remain in the
window, and how many whole seconds are left of it. The client must never send one request too many, and should use all
of the quota. Three facts make that hard.

1. Responses arrive late and out of order. So within a window `remaining` only falls: it is the smallest number that was
   seen, less what was sent since and is not answered.
2. The seconds are rounded, so the moment of the reset is known to a second only (`reset.py`). The permits of the next
   window go out when the reset is certain to be over. One goes first, the scout: its response tells the new reset as
   exactly as possible. The others follow when the scout is answered, or when it takes too long.
3. A second of uncertainty in each window is quota that nobody uses. If the quota is short, the permits of one window
   are spread over a second: their responses show at which moment the seconds tick, and the reset is known well.

Before the first response nothing is known, so only a few requests, the probes, are under way.
"""

from __future__ import annotations

import enum
import math

from attrs import define, field, frozen

from .headers import RateLimitHeaders
from .reset import Rounding, WindowReset

PROBES = 4
"""Requests under way at most while nothing is known of a window."""
SCOUT_PATIENCE = 0.25
"""Seconds for which the first request into a window that was waited for goes alone; longer if answers are slow."""
TOLERANCE = 0.1
"""Seconds by which a reset may be known too late before permits are spread to learn it; more if answers are slow."""


@define(slots=True, eq=False)
class Permit:
    """The right to send one request; settled exactly once."""

    epoch: int
    scout: bool = False
    part: object = None
    """What it was counted with besides, if background work has it."""


@frozen
class RateLimit:
    """A quota window as it is known now: `limit` a window, `remaining`, and `refresh_in` seconds until it resets."""

    limit: int | None
    remaining: int | None
    refresh_in: float | None


class Scouting(enum.Enum):
    """What the first request of a window, the scout, is about."""

    OFF = "off"
    """No scout is needed, or its response is there."""
    DUE = "due"
    """The next permit is the scout's."""
    OUT = "out"
    """The scout is under way, and the others wait for a while."""


@define(slots=True, eq=False)
class Window:
    """The present window of one bucket.

    Invariant: permits given = settled + in flight; within one window `remaining` only falls.
    """

    reset: WindowReset = field(factory=WindowReset)
    limit: int | None = None
    remaining: int | None = None
    """The smallest value seen in this window, less what was sent since and never answered."""
    in_flight: int = 0
    epoch: int = 0
    first_epoch: int = 0
    """The epoch since which permits settle; those of before were abandoned."""
    unlimited: bool = False
    """Whether answers carry no quota at all."""
    closed: bool = False
    """Whether the service named a time without the quota headers until which nothing may be sent."""
    dry: bool = False
    """Whether a request had to wait for the reset of this window."""
    scarce: bool = False
    """Whether one had to wait for the reset of the window before."""
    scouting: Scouting = Scouting.OFF
    alone_until: float = 0.0
    """Until when the scout that is out goes alone."""
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
        return cls(WindowReset(rounding))

    def turn(self, now: float) -> None:
        """Begin the next window if this one is over."""
        if now >= self.reset.latest:
            self._roll_over(now)

    def reserve(self, now: float) -> Permit | None:
        """Return a permit, or None if the quota does not certainly allow one more."""
        self.turn(now)
        if self._available(now) <= 0:
            self.dry = self.dry or self.spent
            return None
        scout = self.scouting is Scouting.DUE
        if scout:
            self.scouting, self.alone_until = Scouting.OUT, now + max(SCOUT_PATIENCE, 2 * self.slowest)
        if self.gap:
            self.next_at = max(now, self.next_at) + self.gap
        self.in_flight += 1
        return Permit(self.epoch, scout)

    def opens_at(self, now: float) -> float:
        """Return when `reserve` may succeed without any answer; infinite if only an answer can help."""
        if self.scouting is Scouting.OUT and now < self.alone_until:
            return min(self.alone_until, self.reset.latest)
        if self.gap and now < self.next_at and not self.spent:
            return min(self.next_at, self.reset.latest)
        return self.reset.latest

    def unsent(self, permit: Permit) -> None:
        """Take back a permit whose request never left."""
        self._settle(permit)

    def unanswered(self, permit: Permit) -> None:
        """Count a permit as spent: its request left, and no answer came."""
        self._settle(permit)
        if permit.epoch == self.epoch:
            self._spend()

    def answered(self, permit: Permit, headers: RateLimitHeaders, *, sent: float, now: float) -> None:
        """Take in what an answer says; `sent` and `now` enclose the moment at which the service wrote it."""
        self._settle(permit)
        if headers.remaining is None or headers.seconds is None:
            self._unsaid(permit, headers, sent, now)
            return
        reset = self.reset
        earliest, latest = reset.bounds(headers.seconds, sent, now)
        self.unlimited = False
        self.slowest = max(self.slowest, now - sent)
        if permit.epoch < self.epoch and earliest <= reset.before:
            if latest > reset.earliest:
                self._spend()  # of the window before, or of this one: nobody knows
            return
        if earliest > reset.latest or self._rose(headers.remaining, sent):
            self._roll_over(now)
        self.limit = headers.limit if headers.limit is not None else max(self.limit or 0, headers.remaining)
        if reset.known and self.remaining is not None:
            self.remaining = min(self.remaining, headers.remaining)
        else:
            self.remaining, self.scouting = headers.remaining, Scouting.OFF
            self._spread(min(1.0, earliest - now), now)
        reset.narrow(headers.seconds, earliest, latest)
        if reset.ticked:
            self.gap = 0.0
        self._lower(headers.remaining, now)

    def exhausted(self, until: float) -> None:
        """Close the window until a time that the service named without the quota headers (`Retry-After`)."""
        self.remaining, self.scouting, self.unlimited, self.closed = 0, Scouting.OFF, False, True
        self.reset.latest = until

    def abandon(self) -> None:
        """Forget the requests in flight, whose event loop has ended: they count as spent, and settle nothing more."""
        self.remaining = None if self.remaining is None else max(0, self.remaining - self.in_flight)
        self.in_flight = 0
        self.epoch += 1
        self.first_epoch = self.epoch

    @property
    def spent(self) -> bool:
        """Whether all of the window's quota is used or under way, as far as is known."""
        return self.remaining is not None and self.remaining <= self.in_flight and self.scouting is Scouting.OFF

    def view(self, now: float) -> RateLimit:
        """Return the window as it is known at `now`."""
        if now >= self.reset.latest:
            return RateLimit(self.limit, self.limit, None)
        refresh = self.reset.latest - now if self.reset.latest < math.inf else None
        remaining = None if self.remaining is None else max(0, self.remaining - self.in_flight)
        return RateLimit(self.limit, remaining, refresh)

    def _available(self, now: float) -> float:
        if self.remaining is None:
            return math.inf if self.unlimited else PROBES - self.in_flight
        if self.scouting is Scouting.OUT and now < self.alone_until:
            return 0
        if self.gap and now < self.next_at:
            return 0
        return self.remaining - self.in_flight

    def _roll_over(self, now: float) -> None:
        self.epoch += 1
        self.closed = False
        self.reset.passed(now)
        self.remaining = self.limit or None  # a limit of 0 would never be tried again
        self.scarce, self.dry = self.dry, False
        self.scouting = Scouting.DUE if self.scarce and self.remaining is not None else Scouting.OFF
        self.gap = 0.0
        self.low, self.low_at, self.slowest = None, math.inf, self.slowest / 2

    def _spread(self, span: float, now: float) -> None:
        if self.scarce and self.remaining and span > 0 and self.reset.slack > max(TOLERANCE, 4 * self.slowest):
            self.gap, self.next_at = span / self.remaining, now

    def _settle(self, permit: Permit) -> None:
        if permit.epoch < self.first_epoch:
            return
        self.in_flight -= 1
        if permit.scout and permit.epoch == self.epoch and not self.reset.known and self.scouting is not Scouting.OFF:
            self.scouting = Scouting.DUE  # the next one scouts, unless the answer in hand tells enough

    def _unsaid(self, permit: Permit, headers: RateLimitHeaders, sent: float, now: float) -> None:
        """Take in an answer that does not name the reset."""
        if headers.remaining is not None and permit.epoch == self.epoch:
            # A count without a time. The reset is presumed, so that nobody waits for ever.
            if self._rose(headers.remaining, sent):
                self._roll_over(now)
            self.limit = headers.limit if headers.limit is not None else max(self.limit or 0, headers.remaining)
            first = self.remaining is None or (self.low is None and not self.reset.known)
            self.remaining = headers.remaining if first else min(self.remaining or 0, headers.remaining)
            self.scouting, self.unlimited = Scouting.OFF, False
            self.reset.presume(now)
            self._lower(headers.remaining, now)
        elif self.remaining is None:
            self.unlimited = True
        elif permit.epoch == self.epoch:
            self._spend()

    def _rose(self, remaining: int, sent: float) -> bool:
        """Return whether the count of a request sent at `sent` is more than an answer said before: a later window.

        Two times that are the same say nothing of what came first: some clocks tick 64 times a second only.
        """
        return self.low is not None and remaining > self.low and sent > self.low_at

    def _lower(self, remaining: int, now: float) -> None:
        if self.low is None or remaining < self.low:
            self.low, self.low_at = remaining, now

    def _spend(self) -> None:
        if self.remaining is not None:
            self.remaining = max(0, self.remaining - 1)
