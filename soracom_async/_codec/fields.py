"""What models are made of: their fields, the names of those on the wire, and what a model keeps beside them."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_type_hints

import attrs


@dataclass_transform(kw_only_default=True)
class ModelType(type):
    """Makes each subclass of `Model` an attrs class; its keywords name the fields whose wire name is not camelCase.

    A field may have several wire names: it is read from any of them, and written under the one that came, or the first.
    """

    def __new__(
        mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **wire_names: str | tuple[str, ...]
    ) -> Any:
        if "__slots__" in body:  # `Model` itself, and what attrs made
            return super().__new__(mcs, name, bases, body)
        # Without one of its own, attrs would give the class its `evolve` in Python 3.13.
        made: Any = super().__new__(mcs, name, bases, {"__replace__": bases[0].replace, **body})  # type: ignore[attr-defined]
        made._wire_names = {field: (said,) if isinstance(said, str) else said for field, said in wire_names.items()}
        return attrs.define(
            made, slots=True, kw_only=True, eq=False, repr=False, weakref_slot=False, getstate_setstate=False
        )

    def __init__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **wire_names: str | tuple[str, ...]
    ) -> None:
        super().__init__(name, bases, body)

    if not TYPE_CHECKING:  # type checkers would take it for the signature of every model

        def __call__(cls, *args: Any, **fields: Any) -> Any:
            """Make a model; raises TypeError for `attrs.evolve`, which knows of nothing but the fields."""
            if sys._getframe(1).f_code is attrs.evolve.__code__:
                raise TypeError(
                    f"attrs.evolve would lose what the service sent beside the fields of {cls.__name__}: "
                    "use its method, as in sim.replace(status='active'), or copy.replace"
                )
            return super().__call__(*args, **fields)


class Kept:
    """What a model keeps beside its fields. Not in `Model`: type checkers would take it for fields."""

    __slots__ = ("_came", "_more")
    _came: frozenset[str]
    """The names that came, which tell a null from absence; all models with the same names share them."""
    _more: dict[str, Any]
    """What came and is in no field: undeclared fields, and times written in an unusual way."""
    _wire_names: ClassVar[dict[str, tuple[str, ...]]]
    """The wire names of the fields of which they are not the camelCase."""


@cache
def field_names(cls: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a model."""
    return tuple(f.name for f in attrs.fields(cls))


@cache
def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the types of the fields of a model, worked out at first use."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: hints[name] for name in field_names(cls)}  # type: ignore[arg-type]  # mypy: a type is hashable


@cache
def required_fields(cls: type[Any]) -> frozenset[str]:
    """Return the names of the fields that a model must have."""
    return frozenset(f.name for f in attrs.fields(cls) if f.default is attrs.NOTHING)


def came(model: Kept) -> frozenset[str]:
    """Return the names that `model` was made of; none if it was not structured from an answer."""
    return getattr(model, "_came", frozenset())


def more(model: Kept) -> dict[str, Any]:
    """Return what `model` keeps beside its fields; empty if it was not structured from an answer."""
    return getattr(model, "_more", {})


def is_model(type_: Any) -> bool:
    """Tell whether a type is a model."""
    return isinstance(type_, ModelType)


def wire_name(cls: type[Kept], name: str) -> str:
    """The JSON name of the field `name` of `cls`; the first, if it has several."""
    return wire_names(cls, name)[0]


def wire_names(cls: type[Kept], name: str) -> tuple[str, ...]:
    """Return all JSON names of the field `name` of `cls`: the service sends some fields under another than declared."""
    try:
        return cls._wire_names[name]
    except KeyError:
        head, *tail = name.rstrip("_").split("_")
        return (head + "".join(word.capitalize() for word in tail),)


@cache
def aliases(cls: Any) -> dict[str, str]:
    """Return the first wire name of a field by each further one."""
    several = (wire_names(cls, name) for name in field_names(cls))
    return {other: first for first, *others in several for other in others}


def first_names(cls: Any, came: Collection[Any]) -> dict[Any, str]:
    """Return, by the further wire name under which a field came, the first name of the field.

    If a field came under several of its names, the first of them is the field, and the others are undeclared.
    """
    found: dict[Any, str] = {}
    for name, first in aliases(cls).items():
        if name in came and first not in came and first not in found.values():
            found[name] = first
    return found


def renamed(cls: Any, data: dict[Any, Any]) -> dict[Any, Any]:
    """Return an object with the first wire name of each field."""
    first = first_names(cls, data)
    return {first.get(name, name): value for name, value in data.items()}


def came_as(names: Collection[str], several: tuple[str, ...]) -> str:
    """Return the one of the wire names of a field under which it came; the first, if it did not come."""
    return next((name for name in several if name in names), several[0])


def undeclared(model: Kept) -> dict[str, Any]:
    """Return what came and the API document does not declare, by its names on the wire."""
    cls: Any = type(model)
    declared = {wire_name(cls, name) for name in field_names(cls)}
    return {name: value for name, value in more(model).items() if name not in declared}
