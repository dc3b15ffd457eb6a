"""What all models share: declared fields, and everything else that the service sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_type_hints

import attrs

from ._cached import cached

C = TypeVar("C", bound="type[Model]")


class Model:
    """An object of the API. Every field is an attribute; what the API document does not declare is in `extra`.

    A field that the service did not send is None, and so is one that it sent as null; the model remembers which,
    so that `unstructure(structure(data, Model)) == data`.
    """

    __slots__ = ("_kept",)
    _wire_names: ClassVar[dict[str, str]] = {}
    """Wire names that are not the camelCase of the field."""
    _kept: dict[str, Any]
    """What came and the fields alone cannot say: undeclared fields, nulls, times written in an unusual way."""

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the service sent and the API document does not declare, by their names on the wire."""
        declared = {wire_name(type(self), name) for name in field_names(type(self))}
        return {name: value for name, value in kept(self).items() if name not in declared}

    def __repr__(self) -> str:
        values = [(name, getattr(self, name)) for name in field_names(type(self))]
        values += self.extra.items()
        said = (f"{name}={_shown(name, value)}" for name, value in values if value is not None)
        return f"{type(self).__name__}({', '.join(said)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        same = all(getattr(self, name) == getattr(other, name) for name in field_names(type(self)))
        return same and kept(self) == kept(other)

    __hash__ = None  # type: ignore[assignment]


_SECRET = re.compile(r"(token|api_?key|auth_?key|password|secret|otp_?code)s?$", re.IGNORECASE)


def _shown(name: str, value: object) -> str:
    return "'**********'" if _SECRET.search(name) else repr(value)


@cached
def field_names(cls: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a model."""
    return tuple(f.name for f in attrs.fields(cls))


@cached
def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the types of the fields of a model, worked out at first use."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: hints[name] for name in field_names(cls)}


def kept(model: Model) -> dict[str, Any]:
    """What `model` keeps beside its fields; empty for one that was not structured from an answer."""
    return getattr(model, "_kept", {})


@dataclass_transform(kw_only_default=True)
def model(**wire_names: str) -> Callable[[C], C]:
    """Make a class a model; the keywords name the wire names that are not the camelCase of their field."""

    def make(cls: C) -> C:
        made = attrs.define(
            cls, slots=True, kw_only=True, eq=False, repr=False, weakref_slot=False, getstate_setstate=False
        )
        made._wire_names = wire_names
        return made

    return make


def wire_name(cls: type[Model], name: str) -> str:
    """The JSON name of the field `name` of `cls`."""
    try:
        return cls._wire_names[name]
    except KeyError:
        head, *tail = name.rstrip("_").split("_")
        return head + "".join(word.capitalize() for word in tail)
