"""The index that searches use: it follows the changes of SIMs some time later."""

from __future__ import annotations

from collections import deque
from heapq import merge
from typing import TYPE_CHECKING

from ..protocol.messages import encode
from .listing import SimList
from .sims import SHAPES, Side, Sim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .fleet import Fleet

KEPT = 10_000
"""How many of the latest changes of a fleet the index can be behind."""


class Index:
    """What the SIMs of a fleet were before the latest changes; SIMs that did not change take no memory."""

    def __init__(self) -> None:
        self._changes: deque[tuple[int, int, Sim | None]] = deque(maxlen=KEPT)

    def note(self, at: int, number: int, before: Sim | None) -> None:
        """Remember a SIM as it was before a change at `at` (milliseconds); None if it was not there."""
        self._changes.append((at, number, before and before.copy()))

    def as_of(self, at: int) -> dict[int, Sim | None]:
        """Return the SIMs that changed after `at` (milliseconds), as they were then, by their numbers."""
        found: dict[int, Sim | None] = {}
        for changed, number, before in reversed(self._changes):
            if changed <= at:
                break
            found[number] = before  # an earlier change replaces a later one
        return found


class Indexed(SimList):
    """The SIMs of a fleet as searches find them.

    `earlier` has those that requests have changed since. What comes with time alone, such as a session, is not delayed.
    """

    def __init__(self, fleet: Fleet, earlier: Mapping[int, Sim | None]) -> None:
        self._fleet = fleet
        self._earlier = earlier

    def __contains__(self, number: int) -> bool:
        return self._earlier[number] is not None if number in self._earlier else number in self._fleet

    def after(self, number: int) -> Iterator[int]:
        """Return the numbers of all SIMs after `number`."""
        removed = sorted(each for each in self._earlier if each > number and each not in self._fleet)
        return (each for each in merge(self._fleet.after(number), removed) if each in self)

    def look(self, number: int) -> Sim:
        """Return a SIM to be read; changes of it may be lost."""
        sim = self._earlier.get(number)
        return self._fleet.look(number) if sim is None else self._fleet.settled(sim)

    def texts(self, numbers: Iterable[int], side: Side) -> list[bytes]:
        """Return the JSON of each of these SIMs."""
        return [
            encode(SHAPES[side](self.look(number))) if number in self._earlier else self._fleet.json(number, side)
            for number in numbers
        ]
