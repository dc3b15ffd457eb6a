"""What the device of a SIM does: when it is in a session, and how much it sends. It follows from a seed alone.

Time is counted in slots of five minutes since 1970. What a device sends in a slot is its own amount times the weight of
the slot, all whole numbers, and the weights before any slot are known in one step. So days add up to months exactly,
and a month takes no longer to calculate than a slot.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from ..durations import DAY_MS, MINUTE_S, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Kind = Literal["steady", "bursty", "silent", "never"]
"""Steady: always in a session. Bursty: for an hour of every third day. Silent: steady until some day."""

SLOT_MS = 5 * MINUTE_S * SECOND_MS
SLOTS = DAY_MS // SLOT_MS
"""The slots of a day."""
FOREVER = 1 << 60
"""A time that no clock reaches."""
RECONNECT_MS = 1_200
"""How long a steady device has no session between two sessions."""
SILENT_WITHIN = 1_400 * SLOTS
"""How many slots after its activation a silent device has fallen silent at the latest."""

_COUNTS: dict[Kind, int] = {"steady": 18, "bursty": 8, "silent": 5, "never": 1}
KINDS: tuple[Kind, ...] = tuple(kind for kind, count in _COUNTS.items() for _ in range(count))
"""The kinds, as often as they occur among 32 devices."""

KIND_BIT = 43
"""Where the five bits begin that decide the kind."""

_OF_HOUR = (2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 9, 8, 9, 9, 8, 8, 7, 6, 6, 5, 4, 3, 2)
_BEFORE_SLOT = (0, *accumulate(_OF_HOUR[slot * 24 // SLOTS] for slot in range(SLOTS)))
"""By slot of a day: the weight of the day before it."""
_YEAR = 364
"""Whole weeks, so that days of the same number are the same day of the week."""
_OF_DAY = tuple(6 + day * 2_654_435_761 % 3 - (3 if day % 7 in (2, 3) else 0) for day in range(_YEAR))
"""The weights of the days; 1970-01-01 was a Thursday, so the days 2 and 3 are a weekend."""
_BEFORE_DAY = (0, *accumulate(_OF_DAY))

EVERY = 3
"""How many days after a burst the next one comes."""
_BURST = 12
"""The slots of a burst."""
_BURST_WEIGHT = 120


@frozen(slots=True)
class Stretch:
    """The slots from `start` to before `stop`, in which the SIM could be used without an interruption."""

    start: int
    stop: int
    cut: int
    """When a request ended it, in milliseconds: in the last slot."""


@frozen(slots=True)
class Session:
    """A session, with the milliseconds of its begin and of its end, which may lie in the future."""

    created: int
    deleted: int


@frozen(slots=True)
class Activity:
    """What the device of one SIM does, while the SIM can be used."""

    kind: Kind
    begin: int
    """The slot of its first session."""
    end: int
    """The slot in which it falls silent."""
    length: int
    """The slots of a session of a steady device."""
    phase: int
    hour: int
    """The day, of every third, and the hour of the bursts."""
    late: int
    """How many milliseconds after the begin of a slot its sessions begin."""
    amounts: tuple[int, int, int, int]
    """Bytes and packets that it sends, and bytes and packets that it receives, for a weight of 1."""

    @classmethod
    def of(cls, bits: int, activated: int) -> Activity:
        """Return the activity that 64 random `bits` mean, of a SIM that was activated at `activated` (milliseconds)."""
        kind = KINDS[bits >> KIND_BIT & 31]
        begin = activated // SLOT_MS + 1 + (bits >> 4 & 63)
        if kind == "bursty":
            begin += -begin % SLOTS  # so that no burst began before
        up, down = 16 + (bits >> 10 & 15) << (bits >> 14 & 7), 8 + (bits >> 17 & 7) << (bits >> 20 & 3)
        return cls(
            kind=kind,
            begin=begin,
            end=begin + 1 + (bits >> 16) % SILENT_WITHIN if kind == "silent" else FOREVER,
            length=SLOTS + (bits >> 22) % (7 * SLOTS),
            phase=(bits >> 36) % EVERY,
            hour=(bits >> 38) % 24,
            late=(bits >> 40) % SLOT_MS,
            amounts=(up, 1 + up // 256, down, 1 + down // 256),
        )

    def slot(self, at: int) -> int:
        """Return the slot of a time in milliseconds, by the device's own clock, which is `late`."""
        return (at - self.late) // SLOT_MS

    def weight(self, slot: int) -> int:
        """Return the sum of the weights of all slots before `slot`, as if it never began and never ended."""
        day, of_day = divmod(slot, SLOTS)
        if self.kind == "bursty":
            bursts, since = divmod(day - self.phase, EVERY)
            done = _BURST if since else min(max(of_day - _BURST * self.hour, 0), _BURST)
            return _BURST_WEIGHT * (_BURST * bursts + done)
        years, of_year = divmod(day, _YEAR)
        days = years * _BEFORE_DAY[-1] + _BEFORE_DAY[of_year]
        return days * _BEFORE_SLOT[-1] + _OF_DAY[of_year] * _BEFORE_SLOT[of_day]

    def sent(self, start: int, stop: int) -> int:
        """Return the weight of what it sends from the slot `start` to before the slot `stop`."""
        start, stop = max(start, self.begin), min(stop, self.end)
        return self.weight(stop) - self.weight(start) if start < stop and self.kind != "never" else 0

    def used(self, start: int, stop: int) -> int:
        """Return in how many slots from `start` to before `stop` it sends."""
        return (self.weight(stop) - self.weight(start)) // _BURST_WEIGHT if self.kind == "bursty" else stop - start

    def rhythm(self, slot: int) -> tuple[int, int] | None:
        """Return the slots of the session that contains `slot`, or of the last one before; None before the first one.

        The second of the two slots is not a part of the session.
        """
        if slot < self.begin or self.kind == "never":
            return None
        if self.kind == "bursty":
            day = slot // SLOTS
            start = (day - (day - self.phase) % EVERY) * SLOTS + _BURST * self.hour
            start -= EVERY * SLOTS if start > slot else 0
            return (start, start + _BURST) if start >= self.begin else None
        slot = min(slot, self.end - 1)
        start = slot - (slot - self.begin) % self.length
        return start, min(start + self.length, self.end)

    def stretches(self, used: Iterable[tuple[int, int]], cuts: Sequence[int] = ()) -> list[Stretch]:
        """Return the stretches of a SIM that could be used in these times, and whose session was ended at `cuts`.

        `used` are begins and ends in milliseconds, in their order; the end of the last one can be FOREVER. After an
        interruption the device connects again with the next slot.
        """
        made = []
        for begin, end in used:
            for cut in [*(each for each in cuts if begin < each < end), end]:
                start, stop = self.slot(begin) + 1, min(self.slot(cut - 1) + 1, FOREVER)
                if start < stop:
                    made.append(Stretch(start, stop, cut))
                begin = cut
        return made

    def sessions(self, stretches: Sequence[Stretch], until: int) -> Iterator[Session]:
        """Return the sessions that began at `until` (milliseconds) or before, the newest first."""
        now = self.slot(until)
        for stretch in reversed(stretches):
            last = min(stretch.stop - 1, now)
            while last >= stretch.start and (found := self.rhythm(last)) and found[1] > stretch.start:
                start = max(found[0], stretch.start)
                deleted = found[1] * SLOT_MS + self.late - RECONNECT_MS
                yield Session(start * SLOT_MS + self.late, min(deleted, stretch.cut))
                last = start - 1


def latest(bits: int, used: Sequence[int], now: int) -> tuple[bool, int | None, tuple[int, int] | None]:
    """Return whether a SIM is online, the begin of its session or the end of the last one, and the session before.

    These are the first two of `Activity.sessions` for a SIM that was active once, if at all: `used` is the begin of
    that, and maybe the end, in milliseconds. Listings need them for thousands of SIMs, so no object is made on the way.
    """
    if not used:
        return False, None, None
    activated, stopped = used[0], used[1] if len(used) > 1 else FOREVER
    kind = KINDS[bits >> KIND_BIT & 31]
    late = (bits >> 40) % SLOT_MS
    begin = activated // SLOT_MS + 1 + (bits >> 4 & 63)
    slot = ((now if now < stopped else stopped - 1) - late) // SLOT_MS
    if kind == "bursty":
        begin += -begin % SLOTS
        day = slot // SLOTS
        start = (day - (day - (bits >> 36) % EVERY) % EVERY) * SLOTS + _BURST * ((bits >> 38) % 24)
        start -= EVERY * SLOTS if start > slot else 0
        stop, before = start + _BURST, start - EVERY * SLOTS
    else:
        length = SLOTS + (bits >> 22) % (7 * SLOTS)
        end = begin + 1 + (bits >> 16) % SILENT_WITHIN if kind == "silent" else FOREVER
        slot = slot if slot < end else end - 1
        start = slot - (slot - begin) % length
        stop, before = min(start + length, end), start - length
    if start < begin or kind == "never":
        return False, None, None
    created, deleted = start * SLOT_MS + late, min(stop * SLOT_MS + late - RECONNECT_MS, stopped)
    if deleted <= now:
        return False, deleted, (created, deleted)
    if before < begin:
        return True, created, None
    ended = before + _BURST if kind == "bursty" else start
    return True, created, (before * SLOT_MS + late, ended * SLOT_MS + late - RECONNECT_MS)
