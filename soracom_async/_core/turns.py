"""Whose turn it is to send: the foreground's, then background work's. Knows only counts; must not know how one waits.

Theory. A permit goes to the foreground first. What is left goes to the pieces of background work in turns, under two
rules that look at the permits given to them in the present window.

1. Their share. Together they take at most the smallest share, of the window's limit, that any of them which drew on
   this window has. What they leave is there for a foreground call that comes later.
2. Equal parts. Turns alone are not fair while permits are plentiful: who has 200 calls at once would take the window
   before who has 4 comes back for more. So a piece that has its part of the window is held as long as another one is
   busy that has not. A part is the level to which the permits that are left lift those who had the least. From the
   middle of the window on, so that what a slow piece leaves is used, those who are held take it one by one, at a pace
   at which all is taken when three quarters of the window are over; then nobody is held.

A piece is busy while it has calls waiting or under way, and for a moment (`LULL`) behind the last of them.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from attrs import define, field

from .reset import PERIOD
from .window import Permit, Window


class Spent(enum.Enum):
    """What is used up of a window; the value says it in words."""

    QUOTA = "the quota of"
    SHARE = "the share of background work in the quota of"
    PART = "the part of this background work in the quota of"


LULL = 1.0
"""Seconds without a call after which a piece of background work is busy no more."""


class Piece(Protocol):
    """One piece of background work; it is told from others by its identity."""

    @property
    def share(self) -> float:
        """How much of each window's limit all background work may take together; at most 1."""
        ...


W = TypeVar("W")


@define(slots=True, eq=False)
class Part(Generic[W]):
    """The part of one piece of background work in a window."""

    share: float
    given: int = 0
    """Permits of the present window."""
    in_flight: int = 0
    idle_at: float = -math.inf
    """When it is busy no more, unless it has calls waiting or under way."""
    held_until: float = -math.inf
    """Until when it is held since it took the latest permit beyond its part."""
    waiting: deque[W] = field(factory=deque)

    @property
    def active(self) -> bool:
        """Whether it has calls waiting or under way."""
        return self.in_flight > 0 or bool(self.waiting)

    def busy(self, now: float) -> bool:
        """Whether others leave it its part."""
        return self.active or now < self.idle_at


@define(slots=True, eq=False)
class Turns(Generic[W]):
    """Those who wait for permits of one window, and what each piece of background work had of it.

    Invariant: permits given to a piece = settled + in flight.
    """

    window: Window
    share: float = 1.0
    """The smallest share of those that drew on the present window."""
    given: int = 0
    """Permits of the present window that went to background work."""
    _epoch: int = 0
    _foreground: deque[W] = field(factory=deque)
    _turns: deque[Part[W]] = field(factory=deque)
    """The pieces with calls that wait, in turns."""
    _parts: dict[Piece, Part[W]] = field(factory=dict)

    def __bool__(self) -> bool:
        return bool(self._foreground or self._turns)

    def __len__(self) -> int:
        return len(self._foreground) + sum(len(part.waiting) for part in self._turns)

    def __iter__(self) -> Iterator[W]:
        yield from self._foreground
        for part in self._turns:
            yield from part.waiting

    @property
    def first(self) -> W | None:
        """The one that watches the clock for all."""
        if self._foreground:
            return self._foreground[0]
        return self._turns[0].waiting[0] if self._turns else None

    def add(self, waiter: W, piece: Piece | None, now: float, *, again: bool) -> None:
        """Let one wait, behind the others of the same piece or, `again`, before them."""
        queue = self._queue(piece, now)
        if again:
            queue.appendleft(waiter)
        else:
            queue.append(waiter)
        if piece is not None and len(queue) == 1:
            self._turns.append(self._parts[piece])

    def remove(self, waiter: W, piece: Piece | None, now: float) -> None:
        """Forget one that waits no more, if it is still known."""
        queue = self._queue(piece, now)
        with suppress(ValueError):
            queue.remove(waiter)
            if piece is not None and not queue:
                self._turns.remove(self._parts[piece])

    def take(self, piece: Piece | None, now: float) -> Permit | None:
        """Return a permit for one that does not wait; None if none is free, or somebody waits whose turn is before."""
        if self._foreground or (self._turns and piece is not None):
            return None
        return self.window.reserve(now) if piece is None else self._reserve(self._part(piece, now), now)

    def grant(self, now: float) -> tuple[W, Permit] | None:
        """Take out the one whose turn it is, with its permit; None if nobody may go now."""
        if self._foreground:
            permit = self.window.reserve(now)
            return None if permit is None else (self._foreground.popleft(), permit)
        for part in self._turns:
            if (permit := self._reserve(part, now)) is not None:
                waiter = part.waiting.popleft()
                self._turns.remove(part)
                if part.waiting:
                    self._turns.append(part)
                return waiter, permit
        return None

    def opens_at(self, now: float) -> float:
        """Return when `grant` may succeed without any answer; infinite if only an answer can help."""
        if self._foreground:
            return self.window.opens_at(now)
        return min((self._opens(part, now) for part in self._turns), default=math.inf)

    def opens_for(self, piece: Piece | None, now: float) -> float:
        """Return when a call of `piece` may get a permit without any answer; infinite if only an answer can help."""
        return self.window.opens_at(now) if piece is None else self._opens(self._part(piece, now), now)

    def spent(self, piece: Piece | None, now: float) -> Spent | None:
        """Return what is used up for a call of `piece`, as far as is known."""
        if self.window.spent:
            return Spent.QUOTA
        if piece is None:
            return None
        part = self._part(piece, now)
        if self._share_is_spent:
            return Spent.SHARE
        return Spent.PART if self._held(part, now) else None

    def settled(self, permit: Permit, now: float, *, returned: bool = False) -> None:
        """Count a permit of background work as settled, or as never given."""
        part = permit.part
        if isinstance(part, Part):
            part.in_flight -= 1
            part.idle_at = now + LULL
            if returned and permit.epoch == self._epoch:
                part.given -= 1
                self.given -= 1

    def abandon(self) -> None:
        """Forget who waits and what is under way; what background work had of the present window stays counted."""
        self._foreground, self._turns, self._parts = deque(), deque(), {}
        self._epoch = self.window.epoch

    @property
    def _share_is_spent(self) -> bool:
        limit = self.window.limit
        return self.share < 1 and limit is not None and self.given >= allowance(limit, self.share)

    def _held(self, part: Part[W], now: float) -> bool:
        """Return whether a piece that had its part is held for those that had not."""
        if len(self._parts) == 1 or now >= self._released(part):
            return False
        busy = [each.given for each in self._parts.values() if each is part or each.busy(now)]
        free = self._free
        return len(busy) > 1 and free > 0 and part.given >= level(busy, free)

    @property
    def _free(self) -> int:
        """How many permits of the present window background work may still have; 0 if its quota is not known."""
        window, limit = self.window, self.window.limit
        if window.remaining is None:
            return 0
        free = window.remaining - window.in_flight
        return free if limit is None or self.share == 1 else min(free, allowance(limit, self.share) - self.given)

    def _released(self, part: Part[W]) -> float:
        """Return when a piece is held no more, or may take one more permit beyond its part."""
        return min(max(self._before_reset(1 / 2), part.held_until), self._before_reset(1 / 4))

    def _pace(self, part: Part[W], now: float) -> None:
        """Hold a piece, should it be beyond its part, for as long as one of the permits that are left may take."""
        if free := self._free:
            part.held_until = now + (self._before_reset(1 / 4) - now) / free

    def _before_reset(self, windows: float) -> float:
        """Return the time that is so many windows before the reset."""
        reset = self.window.reset
        return reset.latest - windows * (reset.period or PERIOD)

    def _opens(self, part: Part[W], now: float) -> float:
        self._follow(now)
        if self._share_is_spent:
            return self.window.reset.latest
        if not self._held(part, now):
            return self.window.opens_at(now)
        others = [each for each in self._parts.values() if each is not part]
        lulls = [each.idle_at for each in others if not each.active and each.busy(now)]
        return min([self._released(part), *lulls])

    def _reserve(self, part: Part[W], now: float) -> Permit | None:
        self._follow(now)
        if self._share_is_spent:
            self.window.dry = True  # it waits for the reset, as it would without any quota left
            return None
        if self._held(part, now) or (permit := self.window.reserve(now)) is None:
            return None
        self._pace(part, now)
        permit.part = part
        part.given += 1
        part.in_flight += 1
        self.given += 1
        return permit

    def _queue(self, piece: Piece | None, now: float) -> deque[W]:
        return self._foreground if piece is None else self._part(piece, now).waiting

    def _part(self, piece: Piece, now: float) -> Part[W]:
        """Return the part of a piece that draws on the present window."""
        self._follow(now)
        self.share = min(self.share, piece.share)
        part = self._parts.get(piece)
        if part is None:
            self._keep(now)
            part = self._parts[piece] = Part(piece.share)
        return part

    def _follow(self, now: float) -> None:
        """Count anew if another window has begun."""
        self.window.turn(now)
        if self._epoch != self.window.epoch:
            self._epoch, self.given = self.window.epoch, 0
            self._keep(now)
            for part in self._parts.values():
                part.given = 0
            self.share = min((part.share for part in self._parts.values() if part.active), default=1.0)

    def _keep(self, now: float) -> None:
        """Keep the parts of those that are busy."""
        self._parts = {piece: part for piece, part in self._parts.items() if part.busy(now)}


def allowance(limit: int, share: float) -> int:
    """Return how many permits `share` of a limit is: rounded down, and one at least."""
    return max(1, math.floor(share * limit + 1e-9))


def level(had: list[int], free: int) -> float:
    """Return to which level `free` permits lift those who had the least."""
    had = sorted(had)
    while free + sum(had) < len(had) * had[-1]:
        had.pop()  # that one has more
    return (free + sum(had)) / len(had)
