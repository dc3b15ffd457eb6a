"""Whether an answer is what its operation declares, to the unit of each time and without a field too many."""

from __future__ import annotations

import re
import typing
from types import UnionType
from typing import Annotated, Any, Literal, Union

from soracom_async._codec.fields import renamed
from soracom_async._codec.model import is_model
from soracom_async._codec.times import (
    Unit,
    exactly,
    from_wire,
    unit_of,
)
from soracom_async.emulator.service.validation import fields

LOOSE = {"ResourceInstance.value"}
"""Fields that have any JSON: what a device says of a resource is a number or text more often than an object."""
UNDECLARED = {"Device.deviceKeyId", "Device.deviceSecret", "OrderedSubscriber.registrationSecret"}
"""What the service says beyond its document, once, since nobody could know it otherwise."""
A_SECOND: dict[Unit | None, tuple[int, ...]] = {
    Unit.MILLISECONDS: (1000,),
    Unit.SECONDS: (1,),
    Unit.FRACTIONAL_SECONDS: (1,),
}
DIGITS = (Unit.MONTH, Unit.DAY, Unit.SECOND)
ISO = re.compile(r"(Z|[+-]\d\d:\d\d|^\d{13})$")
"""With a zone; of insights, milliseconds as text."""
FIRST, LAST = 946_684_800, 4_102_444_800
"""The years 2000 and 2100: a time in the wrong unit is not between them."""


def problems(kind: Any, data: Any, where: str = "it") -> list[str]:
    """Return all that is wrong with an answer."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any or where in LOOSE:
        return []
    if origin in (Union, UnionType):
        found = [problems(each, data, where) for each in arguments]
        return [] if [] in found else min(found, key=len)
    if origin is Literal:
        return [] if data in arguments else [f"{where}: {data!r} is none of {arguments}"]
    if origin is Annotated:
        return [] if _is_time(unit_of(kind), data) else [f"{where}: {data!r} is no time in {unit_of(kind)}"]
    if origin is list and isinstance(data, list):
        return [each for item in data for each in problems(arguments[0], item, where)]
    if origin is dict and isinstance(data, dict):
        return [each for item in data.values() for each in problems(arguments[1], item, where)]
    if is_model(kind) and isinstance(data, dict):
        return _problems_of_model(kind, data)
    plain = kind if origin is None and not is_model(kind) else origin or dict
    right = isinstance(data, (int, float) if plain is float else plain) and not (plain is not bool and data is True)
    return [] if right else [f"{where}: {data!r} is no {getattr(kind, '__name__', kind)}"]


def _problems_of_model(kind: Any, data: dict[str, Any]) -> list[str]:
    known, name = fields(kind), kind.__name__
    data = renamed(kind, data)
    undeclared = {f"{name}.{each}" for each in data if each not in known} - UNDECLARED
    found = [f"{each} is not declared" for each in undeclared]
    found += [f"{name}.{each} is missing" for each, (_, needed) in known.items() if needed and data.get(each) is None]
    for each, value in data.items():
        if each in known and value is not None:
            found += problems(known[each][0], value, f"{name}.{each}")
    return found


def _is_time(unit: Unit | None, data: Any) -> bool:
    if unit is None:
        return isinstance(data, str)
    if unit.numeric:
        seconds = (data / each for each in A_SECOND.get(unit, (1, 1000)))
        never = data == 0 and unit not in A_SECOND
        right = type(data) is (float if unit is Unit.FRACTIONAL_SECONDS else int)
        return right and (never or any(FIRST <= each < LAST for each in seconds))
    if unit is Unit.ISO:
        return isinstance(data, str) and bool(ISO.search(data)) and from_wire(data, unit) is not data
    return isinstance(data, str) and (exactly(data, unit) if unit in DIGITS else from_wire(data, unit)) is not data
