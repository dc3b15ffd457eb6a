"""The use of many SIMs, added up by day: a day of ten thousand SIMs is calculated as quickly as a day of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..state.activity import FOREVER, SLOTS, Activity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .traffic import Use

Sums = Mapping[str, Sequence[int]]
"""By speed class: bytes and packets that were sent, and bytes and packets that were received."""


MOST_DAYS = 600
"""How many days are calculated one after the other. If time moves on by more, the days between are left out."""


class Day(NamedTuple):
    """What SIMs cost and sent on a day."""

    charge: int
    """The basic charges, in yen."""
    traffic: Sums


def total(parts: Iterable[Sums]) -> Sums:
    """Return the sum of some traffic, without speed classes of which there was none."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 4)
    for part in parts:
        for speed_class, counts in part.items():
            _add(sums[speed_class], counts, 1)
    return {speed_class: counts for speed_class, counts in sums.items() if any(counts)}


class Totals:
    """The sums of the uses that were added and not removed again.

    Nearly all SIMs send on whole days. So only what begins or ends is kept for each day, and the SIMs that send on a
    day are those of the day before, changed by that. Days that are over are calculated once.
    """

    def __init__(self) -> None:
        self._charges: defaultdict[int, int] = defaultdict(int)
        """By day, by how much its basic charges differ from those of the day before."""
        self._changes: defaultdict[int, list[tuple[str, Activity, int]]] = defaultdict(list)
        """By day, what sends from this day on (1), or from this day on no more (-1)."""
        self._edges: defaultdict[int, list[tuple[str, Activity, int, int, int]]] = defaultdict(list)
        """By day, what sends in a part of it only: from a slot to before another one."""
        self._done = _Done(FOREVER)

    def add(self, use: Use, sign: int = 1) -> None:
        """Add a use, or remove it with a `sign` of -1."""
        before = 0
        for day, rate in use.rates:
            self._charges[day] += sign * (rate - before)
            before = rate
        for start, stop, speed_class in use.pieces:
            first, last = -(-start // SLOTS), stop // SLOTS
            if first > last:  # it begins and ends within one day
                self._edges[last].append((speed_class, use.activity, start, stop, sign))
                continue
            if start < first * SLOTS:
                self._edges[first - 1].append((speed_class, use.activity, start, first * SLOTS, sign))
            if first < last:
                self._changes[first].append((speed_class, use.activity, sign))
                self._changes[last].append((speed_class, use.activity, -sign))
            if last * SLOTS < stop:
                self._edges[last].append((speed_class, use.activity, last * SLOTS, stop, sign))
        self._done = _Done(FOREVER)

    def day(self, day: int, until: int) -> Day:
        """Return the basic charges of a day, in yen, and its traffic before the slot `until`, which is now.

        So the days before are over, and that of `until` is the last one.
        """
        if not self._done.first <= day <= self._done.day + MOST_DAYS:
            self._done = _Done(day)
            for each in {*self._charges, *self._changes}:
                if each <= day:
                    self._begin(each)
        done = self._done
        while done.day < day:
            done.days[done.day] = Day(done.charge, self._traffic(done.day, (done.day + 1) * SLOTS))
            done.day += 1
            self._begin(done.day)
        if day < done.day:
            return done.days[day]
        return Day(done.charge, self._traffic(day, until))

    def _begin(self, day: int) -> None:
        self._done.charge += self._charges.get(day, 0)
        for speed_class, activity, sign in self._changes.get(day, ()):
            bursty = activity.kind == "bursty"
            self._done.by_day.change((activity.phase, 0) if bursty else (), speed_class, activity, sign)
            self._done.by_hour.change((activity.phase, activity.hour) if bursty else (), speed_class, activity, sign)

    def _traffic(self, day: int, until: int) -> Sums:
        """Return the traffic of the present day."""
        start, stop = day * SLOTS, (day + 1) * SLOTS
        if until <= start:
            return {}
        sums = (self._done.by_hour if until < stop else self._done.by_day).sums(start, min(until, stop))
        for speed_class, activity, begin, end, sign in self._edges.get(day, ()):
            if begin < until:
                weight = activity.weight(min(end, until)) - activity.weight(begin)
                _add(sums[speed_class], activity.amounts, sign * weight)
        return {speed_class: counts for speed_class, counts in sums.items() if any(counts)}


class _Done:
    """What was calculated: all days from the `first` one until some day."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.days: dict[int, Day] = {}
        """The days that are over."""
        self.day = first
        """The day after them, of which the other values are."""
        self.charge = 0
        self.by_day = _Sending()
        """What sends all day long, by the days of its bursts: enough for days that are over."""
        self.by_hour = _Sending()
        """The same, by the days and the hour of its bursts."""


class _Sending:
    """What sends at a time. Devices of one pattern send in the same slots, so what they send is one number."""

    def __init__(self) -> None:
        self._amounts: dict[str, dict[tuple[int, ...], list[int]]] = {}
        """By speed class and pattern, what is sent for a weight of 1."""
        self._examples: dict[tuple[int, ...], Activity] = {}
        """By pattern, one of its devices."""

    def change(self, pattern: tuple[int, ...], speed_class: str, activity: Activity, sign: int) -> None:
        self._examples.setdefault(pattern, activity)
        _add(self._amounts.setdefault(speed_class, {}).setdefault(pattern, [0] * 4), activity.amounts, sign)

    def sums(self, start: int, stop: int) -> defaultdict[str, list[int]]:
        sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * 4)
        weights = [(pattern, each.weight(stop) - each.weight(start)) for pattern, each in self._examples.items()]
        for speed_class, patterns in self._amounts.items():
            for pattern, weight in weights:
                if weight and pattern in patterns:
                    _add(sums[speed_class], patterns[pattern], weight)
        return sums


def _add(sums: list[int], counts: Iterable[int], times: int) -> None:
    for place, count in enumerate(counts):
        sums[place] += count * times
