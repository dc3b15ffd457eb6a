"""When a quota window resets. Knows only what responses say of it; must not know how many requests remain.

Theory. A response says "`n` seconds until the reset", a whole number. If the service rounds up, the reset lies between
`n - 1` and `n` seconds after the moment at which the response was written; if it rounds down, between `n` and `n + 1`.
That moment lies between the sending of the request and the arrival of the response. So one response gives an interval,
`earliest` to `latest`, of a second and the round trip. The intervals of all responses of one window contain the same
reset: it lies in their intersection. As soon as two responses differ in `n`, the intersection is small.

Windows follow each other at whole seconds. So what is known of one reset is known of the next, too (`slack`).
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
class WindowReset:
    """The end of the present window: after `earliest` it may come, at `latest` it has come."""

    rounding: Rounding = field(factory=Rounding)
    earliest: float = -math.inf
    latest: float = math.inf
    known: bool = False
    """Whether an answer of this very window was seen."""
    seconds: int = 0
    """What the first answer of this window said."""
    ticked: bool = False
    """Whether a later answer said less: then the tick lies between the two, and the reset is known well."""
    before: float = -math.inf
    """When the window before this one was over at the latest."""
    period: float = 0.0
    """The longest time to a reset that a response ever named."""
    slack: float = 1.0
    """By how much the reset before may have come sooner than was known."""

    def bounds(self, seconds: int, sent: float, now: float) -> tuple[float, float]:
        """Return between which times the reset lies by a response that the service wrote between `sent` and `now`."""
        if seconds == 0:
            self.rounding.down = True
        down = 1 if self.rounding.down else 0
        self.period = max(self.period, float(seconds))
        return sent + seconds - 1 + down, now + seconds + down

    def narrow(self, seconds: int, earliest: float, latest: float) -> None:
        """Take in the bounds of one more answer of this window."""
        if not self.known:
            self.known, self.seconds, self.earliest, self.latest = True, seconds, earliest, latest
        elif earliest <= self.latest and latest >= self.earliest:
            self.earliest, self.latest = max(self.earliest, earliest), min(self.latest, latest)
            self.ticked = self.ticked or seconds < self.seconds

    def presume(self, now: float) -> None:
        """Take the window to be over a period after `now`, if no answer ever said when it is."""
        if self.latest == math.inf:
            self.latest = now + (self.period or PERIOD)

    def passed(self, now: float) -> None:
        """Start the next window, of which no answer told anything yet."""
        self.slack = self._slack()
        self.before = min(self.latest, now)
        self.known, self.ticked = False, False
        self.earliest = self.before + max(0.0, self.period - 1)
        self.latest = now + (self.period or PERIOD)

    def _slack(self) -> float:
        # Windows that follow one another reset whole seconds apart, so only what is beyond them is new uncertainty.
        if not self.known:
            return 1.0
        drift = self.latest - self.before
        drift = drift - round(drift) if drift < math.inf else 0.0
        return min(self.latest - self.earliest, max(0.0, self.slack + drift))
