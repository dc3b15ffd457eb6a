"""The SIMs of one operator: made from a seed when they are read, stored only if they changed."""

from __future__ import annotations

from bisect import bisect_right, insort
from heapq import merge
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..protocol.messages import encode
from .census import count
from .index import Index, Indexed
from .life import settle
from .listing import SimList
from .seeding import Seed
from .sims import (
    SHAPES,
    Side,
    Sim,
    imsi,
    msisdn,
    sim_id,
)
from .subscriptions import MIX

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping


@frozen(slots=True)
class FleetState:
    """A fleet as a state file has it."""

    numbers: tuple[int, int]
    """The first seeded number, and the last one plus 1."""
    key: int
    epoch: int
    groups: tuple[str, ...]
    """The groups that seeded SIMs are in."""
    changed: list[Sim]
    added: list[int]
    gone: list[int]
    subscriptions: dict[str, float] = field(factory=lambda: {"plan01s": 1.0})
    """The subscriptions of seeded SIMs, with their weights; a file of an earlier version has none."""


class Fleet(SimList):
    """The SIMs of one operator, in the order of their numbers. A seeded SIM takes no memory until it changes."""

    def __init__(
        self,
        operator_id: str,
        numbers: range,
        *,
        key: int,
        epoch: int,
        time: Callable[[], int],
        groups: tuple[str, ...] = (),
        subscriptions: Mapping[str, float] = MIX,
        live_groups: Container[str] | None = None,
    ) -> None:
        self.operator_id = operator_id
        self.numbers = numbers
        self._seed = Seed(key, operator_id, epoch, groups, subscriptions)
        self._time = time
        self._live_groups = groups if live_groups is None else live_groups
        self._index = Index()
        self._changed: dict[int, Sim] = {}
        self._added: list[int] = []
        self._gone: set[int] = set()

    @classmethod
    def from_state(
        cls, state: FleetState, operator_id: str, *, time: Callable[[], int], live_groups: Container[str]
    ) -> Fleet:
        """Return the fleet that a state file has."""
        fleet = cls(
            operator_id,
            range(*state.numbers),
            key=state.key,
            epoch=state.epoch,
            time=time,
            groups=state.groups,
            subscriptions=state.subscriptions,
            live_groups=live_groups,
        )
        fleet._changed = {sim.number: sim for sim in state.changed}
        for sim in state.changed:
            if sim.online and sim.bits is None and not sim.opened and sim.session_time is not None:
                sim.opened = [sim.session_time]  # an earlier version saved only this of a session
        fleet._added = state.added
        fleet._gone = set(state.gone)
        return fleet

    def to_state(self) -> FleetState:
        """Return what a state file has of this fleet; SIMs that never changed come from the seed again."""
        return FleetState(
            numbers=(self.numbers.start, self.numbers.stop),
            key=self._seed.key,
            epoch=self._seed.epoch,
            groups=self._seed.groups,
            changed=list(self._changed.values()),
            added=self._added,
            gone=sorted(self._gone),
            subscriptions=self._seed.weights,
        )

    def __len__(self) -> int:
        return len(self.numbers) - len(self._gone) + len(self._added)

    def __contains__(self, number: int) -> bool:
        return number in self._changed or (number in self.numbers and number not in self._gone)

    def add(self, sim: Sim) -> None:
        """Add a SIM that is not one of the seeded SIMs, or that left."""
        self._index.note(self._time(), sim.number, None)
        self._changed[sim.number] = sim
        if sim.number in self._gone:
            self._gone.remove(sim.number)
        else:
            insort(self._added, sim.number)

    def remove(self, number: int) -> Sim:
        """Remove a SIM, and return it."""
        sim = self.change(number)
        del self._changed[number]
        if number in self.numbers:
            self._gone.add(number)
        else:
            self._added.remove(number)
        return sim

    def look(self, number: int) -> Sim:
        """Return a SIM to be read; changes of it may be lost."""
        sim = self._changed.get(number)
        return self.original(number) if sim is None else self.settled(sim)

    def original(self, number: int) -> Sim:
        """Return a seeded SIM as if no request had changed it."""
        return Sim(**self._seed.fields(number, self._time(), self._live_groups))

    def change(self, number: int) -> Sim:
        """Return a SIM to be changed."""
        sim = self._changed.setdefault(number, self.look(number))
        self._index.note(self._time(), number, sim)
        return sim

    def texts(self, numbers: Iterable[int], side: Side) -> list[bytes]:
        """Return the JSON of each of these SIMs."""
        made, changed, live, now = self._seed.json, self._changed, self._live_groups, self._time()
        return [
            encode(SHAPES[side](self.settled(changed[number])))
            if number in changed
            else made(number, now, live, side).encode()
            for number in numbers
        ]

    def after(self, number: int) -> Iterator[int]:
        """Return the numbers of all SIMs after `number`."""
        start = min(max(number + 1, self.numbers.start), self.numbers.stop)
        rest: Iterator[int] = iter(range(start, self.numbers.stop))
        if self._gone:
            rest = (each for each in rest if each not in self._gone)
        if self._added:
            rest = merge(rest, self._added[bisect_right(self._added, number) :])
        return rest

    def indexed(self, at: int) -> Indexed:
        """Return the SIMs as an index has them that knows the changes until `at` (milliseconds)."""
        return Indexed(self, self._index.as_of(at))

    def blank(self, number: int, at: int, **fields: Any) -> Sim:
        """Return a new SIM of this operator that was never used."""
        given: dict[str, Any] = {
            "number": number,
            "sim_id": sim_id(number),
            "imsi": imsi(number),
            "msisdn": msisdn(number),
            "operator_id": self.operator_id,
            "status": "ready",
            "speed_class": "s1.standard",
            "group_id": None,
            "module_type": "nano",
            "serial_number": f"AB{number:010d}",
            "created": at,
            "modified": at,
        }
        return Sim(**given | fields)

    def statuses(self) -> Counter[str]:
        """Return how many SIMs have each status."""
        counts = count(self._seed.key, self.numbers, self._seed.statuses).copy()
        for number in self.touched():
            if number in self.numbers:
                counts[self._seed.status(number)] -= 1
            if number in self:
                counts[self.look(number).status] += 1
        return +counts

    def touched(self) -> list[int]:
        """Return the numbers of the SIMs that changed, were added, or left."""
        return [*self._changed, *self._gone]

    def settled(self, sim: Sim) -> Sim:
        """Apply the due changes to a SIM: those that come with time, and the end of its group. There is no timer."""
        settle(sim, self._time())
        if sim.group_id is not None and sim.group_id not in self._live_groups:
            sim.group_id = None
        return sim
