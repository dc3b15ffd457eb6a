"""JSON that fits a type of the API: the same for one seed, with identifiers that the operator really has."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from ..._codec.annotations import Annotation, Array, Object, OneOf, Time, Value, Values, annotation
from ..._codec.times import EPOCH as UNIX
from ..._codec.times import Unit, to_wire
from ..durations import DAY_MS
from ..service.validation import fields
from ..state.sims import (
    imsi,
    msisdn,
    number_of,
    sim_id,
)
from ..state.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..service.call import Call

DEEPEST = 5
"""How deeply optional fields are nested."""
YEAR_MS = 365 * DAY_MS
_PRESENT = ("create", "update", "lastModified", "modified", "order", "issue", "publish")
"""The beginnings of the names of times that a new item already has; other times are set later, or never."""


class Sampler:
    """Makes samples: the same for the same seed, operator and `name`."""

    def __init__(self, call: Call, name: str, *, made: int | None = None) -> None:
        operator = call.operator
        self._operator = operator
        self._random = Random(f"{call.world.seed} {operator.id} {name}")
        self._made = made
        # All identifiers in a sample belong to one SIM: the SIM of the path, or any SIM.
        fleet, named = operator.fleet, (number_of(value) for value in call.path.values())
        numbers = fleet.numbers or range(1)
        number = next(filter(None, named), numbers[self._random.randrange(len(numbers))])
        self._number = number if number in fleet else None

    def of(self, kind: Any, name: str = "", depth: int = 0) -> Any:
        """Return a sample of a type, for a field called `name`; None if there is nothing to show."""
        return self._of(annotation(kind), name, depth)

    def _of(self, tree: Annotation, name: str, depth: int) -> Any:
        match tree:
            case Time(unit):
                return self._time(unit, name)
            case OneOf((first, *_)):
                return self._of(first, name, depth)
            case Values((first, *_)):
                return first
            case Array(item):
                return self._list(item, name, depth)
            case Object(model):
                return self.model(model, depth)
            case Value(kind) if kind in _PLAIN:
                return _PLAIN[kind](self, name)
            case _:
                return {}

    def model(self, kind: Any, depth: int = 0) -> dict[str, Any]:
        """Return a sample of a model, without the optional fields that have nothing to show."""
        made = {}
        for name, (field_type, required) in fields(kind).items():
            value = self.of(field_type, name, depth + 1) if required or depth < DEEPEST else None
            if value is None and required:
                value = "" if field_type is str else self.of(field_type, "created", depth + 1)
            if value is not None:
                made[name] = value
        return made

    def identifier(self) -> str:
        """Return an identifier."""
        return f"{self._random.getrandbits(64):016x}"

    def _list(self, item: Annotation, name: str, depth: int) -> list[Any]:
        value = self._of(item, name.removesuffix("List").removesuffix("s"), depth + 1) if depth < DEEPEST else None
        return [] if value is None else [value]

    def _time(self, unit: Unit, name: str) -> Any:
        moment = self._moment(name)
        if moment is None:
            return None
        return to_wire(UNIX + timedelta(milliseconds=moment), unit)

    def _moment(self, name: str) -> int | None:
        """Return a time in the year before the emulator's epoch; the present time for an item that is made now."""
        if self._made is None:
            return EPOCH * 1000 - self._random.randrange(YEAR_MS)
        return self._made if name.startswith(_PRESENT) else None

    def _text(self, name: str) -> str | None:
        known = self._known()
        if name in known:
            return known[name]
        words = name.lower()
        make = next((make for ending, make in _TEXTS if words.endswith(ending)), None)
        return make(self) if make else f"{name or 'text'}-{self._random.randrange(1000)}"

    def _known(self) -> dict[str, str | None]:
        """Return the identifiers that the operator has, by the names of their fields."""
        operator, number = self._operator, self._number
        own = {"operatorId": operator.id, "rootOperatorId": operator.id, "email": operator.email}
        group = next(iter(operator.groups), None)
        sim = (None, None, None) if number is None else (sim_id(number), imsi(number), msisdn(number))
        return own | {
            "groupId": group,
            "simId": sim[0],
            "iccid": sim[0],
            "imsi": sim[1],
            "primaryImsi": sim[1],
            "msisdn": sim[2],
            "resourceId": sim[0],
        }

    def _integer(self, name: str) -> int:
        return self._random.randrange(1, 100)

    def _number_of(self, name: str) -> float:
        return round(self._random.uniform(0, 90), 2)

    def _flag(self, name: str) -> bool:
        return not name.startswith(("termination", "implicit"))

    def address(self) -> str:
        """Return an IP address."""
        return "10.{}.{}.{}".format(*(self._random.randrange(1, 255) for _ in range(3)))


_PLAIN: dict[Any, Callable[[Sampler, str], Any]] = {
    str: Sampler._text,
    int: Sampler._integer,
    float: Sampler._number_of,
    bool: Sampler._flag,
}
_TEXTS: tuple[tuple[str, Callable[[Sampler], str]], ...] = (
    ("url", lambda sampler: f"https://example.com/{sampler.identifier()}"),
    ("cidr", lambda sampler: f"{sampler.address()}/32"),
    ("cidrrange", lambda sampler: f"{sampler.address()}/32"),
    ("ipaddress", Sampler.address),
    ("ip", Sampler.address),
    ("id", Sampler.identifier),
    ("key", Sampler.identifier),
    ("code", Sampler.identifier),
    ("hash", Sampler.identifier),
    ("token", Sampler.identifier),
)
"""How to make a text, by the end of its field's name."""
