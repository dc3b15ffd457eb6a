"""When a quota window turns. Knows only what answers say of it; must not know how many requests remain.

The service names the *whole* seconds until the turn. One answer therefore leaves the turn uncertain by a second, and by
the time the answer travelled; all answers of a window together do not: what they say is intersected.
"""

from __future__ import annotations

import math

from attrs import define, field

PERIOD = 60.0
"""Seconds of a window, as long as no answer said anything else. Guide: Rate Limits."""


@define(slots=True)
class Rounding:
    """Whether the service rounds the seconds up, as is believed until it says 0, or down. Shared by all its windows."""

    down: bool = False


@define(slots=True, eq=False)
class Turn:
    """The end of the present window: after `earliest` it may come, at `latest` it has come."""

    rounding: Rounding = field(factory=Rounding)
    earliest: float = -math.inf
    latest: float = math.inf
    told: bool = False
    """Whether an answer of this very window was seen."""
    seconds: int = 0
    """What the first answer of this window said."""
    ticked: bool = False
    """Whether a later answer said less: then the tick lies between the two, and the turn is known well."""
    before: float = -math.inf
    """When the window before this one had turned at the latest."""
    period: float = 0.0
    """The longest time to a turn that was ever told."""
    slack: float = 1.0
    """By how much the turn before may have come sooner than was known."""

    def bounds(self, seconds: int, sent: float, now: float) -> tuple[float, float]:
        """Return between which times the turn lies by an answer that the service wrote between `sent` and `now`."""
        if seconds == 0:
            self.rounding.down = True
        down = 1 if self.rounding.down else 0
        self.period = max(self.period, float(seconds))
        return sent + seconds - 1 + down, now + seconds + down

    def narrow(self, seconds: int, earliest: float, latest: float) -> None:
        """Take in the bounds of one more answer of this window."""
        if not self.told:
            self.told, self.seconds, self.earliest, self.latest = True, seconds, earliest, latest
        elif earliest <= self.latest and latest >= self.earliest:
            self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)
            self.ticked = self.ticked or seconds < self.seconds

    def passed(self, now: float) -> None:
        """Start the next window, of which no answer told anything yet."""
        self.slack = self._slack()
        self.before = min(self.latest, now)
        self.told, self.ticked = False, False
        self.earliest = self.before + max(0.0, self.period - 1)
        self.latest = now + (self.period or PERIOD)

    def _slack(self) -> float:
        # Windows that follow one another turn whole seconds apart, so only what is beyond them is new uncertainty.
        if not self.told:
            return 1.0
        drift = self.latest - self.before
        drift = drift - round(drift) if drift < math.inf else 0.0
        return min(self.latest - self.earliest, max(0.0, self.slack + drift))
