"""A type as a small tree. Its text depends on where it is written: as a field, or as an argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from .units import ARGUMENTS

SLASHES = "FilePath"
"""A path parameter that may have slashes, as the library knows it; a string as an argument."""
TAKEN = {**ARGUMENTS, SLASHES: "str", "bytes": "Content"}
"""What an argument of a type takes, where it is more than that type."""

_IN_PLACE = {"Instant": "int", "Text": "str", "Digits": "str | int"}
TIMES_TAKEN = {**{name: f"datetime | date | {_IN_PLACE[taken]}" for name, taken in ARGUMENTS.items()}, SLASHES: "str"}
"""The same for a reader who does not know the names of these types."""


def dictionary(model: str) -> str:
    """Return the name of the TypedDict that can be given in the place of a model."""
    return f"{model}Dict"


@frozen
class Name:
    """A class by its name: `str`, `Any`, a time, a model."""

    text: str


@frozen
class Container:
    """`list[item]`, or `dict[str, item]`."""

    kind: str
    item: Type


@frozen
class Union:
    """One of several."""

    items: tuple[Type, ...]


@frozen
class Enum:
    """One of some words, or another that came later: `Literal[...] | str`."""

    values: tuple[object, ...]
    base: str
    name: str = field(default="", eq=False)
    """What the schema calls it, where it has a name of its own."""

    @property
    def single(self) -> bool:
        """Whether there is only one word."""
        return len(self.values) == 1

    @property
    def text(self) -> str:
        """The type without an alias."""
        return f"Literal[{', '.join(map(literal, self.values))}] | {self.base}"


Type = Name | Container | Union | Enum
Alias = Callable[[Enum], str]
"""Gives the text of an enum: its alias, or itself."""


def render(
    type_: Type, alias: Alias, *, takes: Mapping[str, str] | None = None, shadowed: frozenset[str] = frozenset()
) -> str:
    """Write a type; builtins that the surrounding class shadows with a method are written in full.

    `takes` is for the type of an argument: what it takes in the place of some types.
    """
    takes = takes or {}

    def name(text: str) -> str:
        text = takes.get(text, text)
        return f"builtins.{text}" if text in shadowed else text

    def wide(item: Type) -> bool:
        # A list of models is no list of models or dictionaries, but a sequence of them.
        return any(isinstance(part, Name) and dictionary(part.text) in takes.get(part.text, "") for part in parts(item))

    def write(part: Type) -> str:
        match part:
            case Name(text):
                return name(text)
            case Container("list", item) if wide(item):
                return f"Sequence[{write(item)}]"
            case Container("list", item):
                return f"{name('list')}[{write(item)}]"
            case Container(_, item) if wide(item):
                return f"Mapping[{name('str')}, {write(item)}]"
            case Container(_, item):
                return f"{name('dict')}[{name('str')}, {write(item)}]"
            case Union(items):
                return " | ".join(map(write, items))
            case _:
                return alias(part)

    return write(type_)


def parts(type_: Type) -> list[Type]:
    """List a type and all types inside it."""
    match type_:
        case Container(_, item):
            return [type_, *parts(item)]
        case Union(items):
            return [type_, *(p for item in items for p in parts(item))]
        case _:
            return [type_]


def literal(value: object) -> str:
    """Write a word of an enum."""
    return '"' + value + '"' if isinstance(value, str) else repr(value)
