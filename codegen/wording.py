"""What a docstring says of an argument: our own sentence of `prose/`, else facts of the document."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from .annotations import TIME_NAMES, Container, Enum, Name, Type, Union
from .operations import Argument
from .units import SPOKEN

PROSE = Path(__file__).with_name("prose") / "arguments.toml"
LONGEST = 8
"""The most values of an enum that are listed; the signature has them all."""


@cache
def sentences() -> dict[str, str]:
    """Return our own sentences, by the argument's name."""
    return tomllib.loads(PROSE.read_text(encoding="utf-8"))


def argument(each: Argument) -> str:
    """Say what an argument means, in what unit it is, and which values it takes; empty if its name says it all."""
    said = [sentence] if (sentence := sentences().get(each.name)) else []
    if isinstance(each.type, Name) and each.type.text in TIME_NAMES:
        said.append(f"A time; on the wire {SPOKEN[each.type.text]}.")
    values = _values(each.type)
    if values and len(values) <= LONGEST:
        said.append(f"One of {', '.join(f'`{value}`' for value in values)}.")
    return " ".join(said)


def _values(type_: Type) -> tuple[object, ...]:
    match type_:
        case Enum(values):
            return values
        case Container(_, item):
            return _values(item)
        case Union(items):
            return tuple(value for item in items for value in _values(item))
        case _:
            return ()
