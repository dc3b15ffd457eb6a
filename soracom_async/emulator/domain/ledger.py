"""What an operator's SIMs used: each of them, and all by day. What happens to a SIM changes no slot that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import frozen

from ..state.activity import SLOTS
from .totals import (
    Day,
    Sums,
    Totals,
    total,
)
from .traffic import (
    Use,
    mark_of,
    record_of,
    use_in,
    use_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..state.accounts import Operator

LOOKED_AT = 10_000
"""How many seeded SIMs of a fleet are looked at. What all SIMs of a larger fleet use is estimated from these."""
LEFT = "SIM that left"
"""The kind of the records of what SIMs used before another operator took them over."""


@frozen(slots=True)
class Estimate:
    """What some SIMs used, as far as they are looked at, and what others used, which are estimated from them."""

    seen: Sequence[Totals]
    """Those for which the others are taken to be alike, if there are others."""
    exact: Totals
    missing: int
    """How many SIMs are estimated."""
    looked_at: int
    """How many SIMs they are estimated from."""

    def day(self, day: int, until: int) -> Day:
        """Return the basic charges and the traffic of a day, before the slot `until`."""
        return _sum([*(part.day(day, until) for part in self.seen), self.rest(day, until), self.exact.day(day, until)])

    def rest(self, day: int, until: int) -> Day:
        """Return the part of the same that is estimated: nothing, unless the fleet is large."""
        if not self.missing:
            return Day(0, {})
        charge, traffic = _sum(part.day(day, until) for part in self.seen)
        return Day(
            charge * self.missing // self.looked_at,
            {name: [count * self.missing // self.looked_at for count in counts] for name, counts in traffic.items()},
        )

    def traffic(self, start: int, stop: int) -> Sums:
        """Return the traffic from the slot `start`, with which a day begins, to before the slot `stop`."""
        return total(self.day(day, stop).traffic for day in _days(start, stop))

    def rest_of_traffic(self, start: int, stop: int) -> Sums:
        """Return the part of the same that is estimated."""
        return total(self.rest(day, stop).traffic for day in _days(start, stop))


class Ledger:
    """The uses of an operator's SIMs. What never changes is read once, the rest when it has changed."""

    def __init__(self, operator: Operator) -> None:
        fleet = operator.fleet
        self._seeded = {number: use_of(fleet.original(number)) for number in fleet.numbers[:LOOKED_AT]}
        """The seeded SIMs, as if no request had changed them."""
        self._changed: dict[int | str, tuple[object, Use | None]] = {}
        """What is different now, each with its mark: by numbers of SIMs, and by the identifiers of `LEFT`."""
        base, self._changes, self._others = Totals(), Totals(), Totals()
        for use in self._seeded.values():
            base.add(use)
        looked_at = len(self._seeded)
        self.all: Estimate = Estimate([base, self._changes], self._others, len(fleet.numbers) - looked_at, looked_at)
        """What all SIMs used."""

    def refresh(self, operator: Operator) -> Ledger:
        """Read what has changed since the last time."""
        fleet = operator.fleet
        # Those that were added and left again are not among the touched ones.
        known = (name for name in self._changed if isinstance(name, int))
        for number in dict.fromkeys([*fleet.touched(), *known]):
            if number not in self._seeded and number in fleet.numbers:
                continue  # it is one of those that are estimated
            sim = fleet.look(number) if number in fleet else None
            mark = None if sim is None else mark_of(sim)
            if number not in self._changed or self._changed[number][0] != mark:
                self._change(number, number, mark, None if sim is None else use_of(sim))
        for identifier, record in operator.collection(LEFT).items():
            if identifier not in self._changed:
                self._change(identifier, record["number"], None, use_in(record))
        return self

    def uses(self) -> Iterator[Use]:
        """Return the uses of all SIMs that are looked at, and of those that left."""
        yield from (use for number, use in self._seeded.items() if number not in self._changed)
        yield from (use for _, use in self._changed.values() if use is not None)

    def of_group(self, group_id: str) -> Estimate:
        """Return what the SIMs used that are in a group now."""
        seen, others = Totals(), Totals()
        for use in self.uses():
            if use.group_id == group_id:
                (seen if use.number in self._seeded else others).add(use)
        return Estimate([seen], others, self.all.missing, self.all.looked_at)

    def _change(self, name: int | str, number: int, mark: object, use: Use | None) -> None:
        looked_at = number in self._seeded
        totals = self._changes if looked_at else self._others
        _, before = self._changed.get(name, (None, self._seeded.get(name) if isinstance(name, int) else None))
        if before is not None:
            totals.add(before, -1)
        if use is not None:
            totals.add(use)
        self._changed[name] = mark, use


_ledgers: WeakKeyDictionary[Operator, Ledger] = WeakKeyDictionary()


def ledger_of(operator: Operator) -> Ledger:
    """Return what the SIMs of an operator used until now."""
    if operator not in _ledgers:
        _ledgers[operator] = Ledger(operator)
    return _ledgers[operator].refresh(operator)


def uses_of(operator: Operator, number: int) -> list[Use]:
    """Return the uses of one SIM: that of now, and those of before it left and came back."""
    left = (record for record in operator.collection(LEFT).values() if record["number"] == number)
    return [*map(use_in, left), use_of(operator.fleet.look(number))]


def leave(operator: Operator, number: int, at: int) -> None:
    """Keep what a SIM used until now (`at`, in milliseconds), when another operator takes it over."""
    operator.collection(LEFT).put(f"{number}-{at}", record_of(operator.fleet.look(number), at))


def _days(start: int, stop: int) -> range:
    return range(start // SLOTS, -(-stop // SLOTS))


def _sum(days: Iterable[Day]) -> Day:
    days = list(days)
    return Day(sum(day.charge for day in days), total(day.traffic for day in days))
