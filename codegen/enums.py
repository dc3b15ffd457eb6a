"""Which sets of words get a name: those used twice, and long ones. The same set has one name everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import Factory, define

from .annotations import Enum
from .naming import RESERVED, camel

VAGUE = frozenset({"Type", "Status", "State", "Name", "Value", "Level", "Mode", "Order", "Service", "Target", "Method"})
"""Property names that say nothing without their owner."""
INLINE = 48
"""The longest text that is written where it is used."""


@define
class Enums:
    """All uses of enums in the document, and the names that follow from them."""

    uses: dict[Enum, list[tuple[str, str]]] = Factory(dict)
    """Owner and property, or operation and parameter."""
    names: dict[Enum, str] = Factory(dict)
    _sets: dict[tuple[frozenset[object], str], Enum] = Factory(dict)

    def used(self, enum: Enum, owner: str, name: str) -> Enum:
        """Note a use, and return the enum as it was written where it first occurred: the order says nothing."""
        enum = self._sets.setdefault((frozenset(enum.values), enum.base), enum)
        self.uses.setdefault(enum, []).append((camel(owner), camel(name)))
        return enum

    def settle(self, taken: set[str]) -> None:
        """Choose the names, once all uses are known; `taken` has the names of the models."""
        taken = taken | RESERVED
        for enum in sorted(self.uses, key=lambda each: (not each.name, -len(self.uses[each]))):
            uses = self.uses[enum]
            if not enum.name and 1 in (len(uses), len(enum.values)) and len(enum.text) <= INLINE:
                continue
            self.names[enum] = next(name for name in _candidates(enum, uses) if name not in taken)
            taken.add(self.names[enum])

    def text(self, enum: Enum) -> str:
        """Return the alias of an enum, or the enum itself written out."""
        return self.names.get(enum, enum.text)


def _candidates(enum: Enum, uses: list[tuple[str, str]]) -> Iterator[str]:
    """Propose names: its own, then that of the property which has it most often, then with the shortest owner."""
    usual = Counter(name for _, name in uses).most_common(1)[0][0]
    if enum.name:
        yield enum.name
    elif usual not in VAGUE:
        yield usual
    yield from sorted({owner + name for owner, name in uses if name == usual}, key=lambda name: (len(name), name))
