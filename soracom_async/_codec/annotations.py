"""The type annotations of fields, arguments and results as small trees: all that reads annotations reads these.

`list[Sim] | None` is `OneOf((Array(Object(Sim)), Value(NoneType)))`. A model within a tree is not opened: it may hold
itself.
"""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attrs import frozen

from .fields import Kept, is_model
from .times import Unit, unit_of


@frozen
class Value:
    """A type that JSON has itself, such as `str`; or any other, such as `Any`, that is not looked into."""

    type: Any


@frozen
class Time:
    """A time, as it is written on the wire."""

    unit: Unit


@frozen
class Object:
    """A model."""

    model: type[Kept]


@frozen
class Array:
    """A list."""

    item: Annotation


@frozen
class Map:
    """An object whose names are not known beforehand: `dict[str, item]`."""

    item: Annotation


@frozen
class Values:
    """Some values by themselves: `Literal["asc", "desc"]`."""

    values: tuple[Any, ...]


@frozen
class OneOf:
    """Any of several types."""

    choices: tuple[Annotation, ...]


Annotation = Value | Time | Object | Array | Map | Values | OneOf


@cache
def annotation(type_: Any) -> Annotation:
    """Return the tree of a type."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        unit = unit_of(type_)
        return annotation(arguments[0]) if unit is None else Time(unit)
    if origin in (Union, UnionType):
        return OneOf(tuple(map(annotation, arguments)))
    if origin is Literal:
        return Values(arguments)
    if origin is list:
        return Array(annotation(arguments[0]))
    if origin is dict:
        return Map(annotation(arguments[1]))
    return Object(type_) if is_model(type_) else Value(type_)


def choices(tree: Annotation) -> tuple[Annotation, ...]:
    """Return what a type may be: its choices, or itself."""
    return tree.choices if isinstance(tree, OneOf) else (tree,)


def without_none(tree: Annotation) -> Annotation:
    """Return a type without the None that stands for "not there"."""
    others = tuple(each for each in choices(tree) if each != Value(NoneType))
    return others[0] if len(others) == 1 else tree
