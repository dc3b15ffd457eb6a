"""What a SIM sends and receives while an operator has it, by slots of five minutes and by speed class."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from ..durations import DAY_MS, DAY_S
from ..state import life, sessions
from ..state.activity import FOREVER, SLOT_MS, Activity
from .prices import basic_charge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.collections import Record
    from ..state.sims import Sim

_BEAM = ("Http", "Mqtt", "Tcp", "Udp")
"""The protocols of the requests to Beam, of four SIMs among sixteen."""

Counts = tuple[int, int, int, int]
"""Bytes and packets that were sent, and bytes and packets that were received."""


class Piece(NamedTuple):
    """Slots, from `start` to before `stop`, in which a SIM sends with one speed class."""

    start: int
    stop: int
    speed_class: str


@frozen(slots=True)
class Use:
    """The use of a SIM by one operator."""

    number: int
    group_id: str | None
    activity: Activity
    beam: str | None
    """The protocol of its requests to Beam; None if it does not use Beam."""
    pieces: tuple[Piece, ...]
    """When it sends, in their order."""
    rates: tuple[tuple[int, int], ...]
    """Days since 1970, in their order, each with the basic charge of a day from then on, in yen."""

    def traffic(self, start: int, stop: int) -> dict[str, Counts]:
        """Return the traffic from the slot `start` to before the slot `stop`, by speed class, if there was any."""
        weights: dict[str, int] = {}
        weight = self.activity.weight
        for begin, end, speed_class in self.pieces:
            begin, end = max(begin, start), min(end, stop)
            if begin < end and (sent := weight(end) - weight(begin)):
                weights[speed_class] = weights.get(speed_class, 0) + sent
        up, packets_up, down, packets_down = self.activity.amounts
        return {
            speed_class: (sent * up, sent * packets_up, sent * down, sent * packets_down)
            for speed_class, sent in weights.items()
        }

    def size(self, start: int, stop: int) -> int:
        """Return the bytes of both directions from the slot `start` to before the slot `stop`."""
        return sum(up + down for up, _, down, _ in self.traffic(start, stop).values())

    def charges(self, first: int, last: int) -> list[int]:
        """Return the basic charges of the days from `first` to `last`, in yen."""
        found = [0] * (last + 1 - first)
        for day, rate in self.rates:
            start = max(day - first, 0)
            found[start:] = [rate] * (len(found) - start)
        return found

    def requests(self, start: int, stop: int) -> int:
        """Return how many requests it sent to Beam: one in each slot in which it sends."""
        if self.beam is None:
            return 0
        ranges = ((max(begin, start), min(end, stop)) for begin, end, _ in self.pieces)
        return sum(self.activity.used(begin, end) for begin, end in ranges if begin < end)


def use_of(sim: Sim) -> Use:
    """Return the use of a SIM by its present operator. It began when the SIM was registered, if it was, or made."""
    activity = sessions.activity(sim)
    return Use(
        number=sim.number,
        group_id=sim.group_id,
        activity=activity,
        beam=_beam(sim.bits or 0),
        pieces=tuple(_pieces(sim, activity)),
        rates=tuple(_rates(sim)),
    )


def mark_of(sim: Sim) -> object:
    """Return a value that changes whenever the use of a SIM changes."""
    return sim.group_id, sim.registered, len(sim.history), *sim.used, *sim.cuts


def record_of(sim: Sim, at: int) -> Record:
    """Return the use of a SIM before the time `at` (milliseconds) as a record."""
    use = use_of(sim)
    slot, day = at // SLOT_MS, at // DAY_MS
    return {
        "number": sim.number,
        "bits": sim.bits or 0,
        "activated": sim.used[0] if sim.used else 0,
        "pieces": [[start, min(stop, slot), name] for start, stop, name in use.pieces if start < slot],
        "rates": [[first, rate] for first, rate in use.rates if first < day] + [[day, 0]],
    }


def use_in(record: Record) -> Use:
    """Return the use that such a record has."""
    return Use(
        number=record["number"],
        group_id=None,
        activity=Activity.of(record["bits"], record["activated"]),
        beam=_beam(record["bits"]),
        pieces=tuple(Piece(*piece) for piece in record["pieces"]),
        rates=tuple((first, rate) for first, rate in record["rates"]),
    )


def _beam(bits: int) -> str | None:
    return _BEAM[bits >> 44 & 15] if bits >> 44 & 15 < len(_BEAM) else None


def _pieces(sim: Sim, activity: Activity) -> Iterator[Piece]:
    if activity.kind == "never":
        return
    first = max((sim.registered or 0) // SLOT_MS, activity.begin)
    changes = [(since // SLOT_MS, speed_class) for since, speed_class in sessions.speed_classes(sim)]
    ends = [start for start, _ in changes[1:]] + [FOREVER]
    for stretch in sessions.stretches(sim):
        for (since, speed_class), until in zip(changes, ends, strict=True):
            start, stop = max(stretch.start, since, first), min(stretch.stop, until, activity.end)
            if start < stop:
                yield Piece(start, stop, speed_class)


def _rates(sim: Sim) -> list[tuple[int, int]]:
    """Return the basic charges, each with its first day; on the day of a change, the highest one of the day holds."""
    steps, rate = [], 0
    for day, moments in groupby(life.history(sim), lambda moment: int(moment["applyDateTimeEpochSec"]) // DAY_S):
        rates = [rate, *(basic_charge(moment["status"], moment["subscription"]) for moment in moments)]
        rate = rates[-1]
        steps += [(day, max(rates)), (day + 1, rate)]
    if sim.registered is None:
        return steps
    # Another operator may have had the SIM before, and paid for it.
    taken = sim.registered // DAY_MS
    before = [rate for day, rate in steps if day <= taken]
    return [(taken, before[-1]), *(step for step in steps if step[0] > taken)]
