"""What all models share: declared fields, and everything else that the service sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, dataclass_transform, get_type_hints

import attrs


@dataclass_transform(kw_only_default=True)
class ModelType(type):
    """Makes each subclass of `Model` an attrs class; its keywords name the fields whose wire name is not camelCase."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], **wire_names: str) -> Any:
        made: Any = super().__new__(mcs, name, bases, body)
        if "__slots__" in body:  # `Model` itself, and what attrs made
            return made
        made._wire_names = wire_names
        return attrs.define(
            made, slots=True, kw_only=True, eq=False, repr=False, weakref_slot=False, getstate_setstate=False
        )

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **wire_names: str) -> None:
        super().__init__(name, bases, body)


class _Kept:
    """What a model keeps beside its fields. Not in `Model`: type checkers would take it for fields."""

    __slots__ = ("_came", "_more")
    _came: frozenset[str]
    """The names that came, which tell a null from absence; all models with the same names share them."""
    _more: dict[str, Any]
    """What came and is in no field: undeclared fields, and times written in an unusual way."""


class Model(_Kept, metaclass=ModelType):
    """An object of the API. Every field is an attribute; what the API document does not declare is in `extra`.

    A field that the service did not send is None, and so is one that it sent as null; the model remembers which,
    so that `unstructure(structure(data, Model)) == data`.
    """

    __slots__ = ()
    _wire_names: ClassVar[dict[str, str]] = {}
    """Wire names that are not the camelCase of the field."""

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the service sent and the API document does not declare, by their names on the wire."""
        declared = {wire_name(type(self), name) for name in field_names(type(self))}
        return {name: value for name, value in more(self).items() if name not in declared}

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in field_names(type(self))} | self.extra
        said = (f"{name}={value!r}" for name, value in hidden(values).items() if value is not None)
        return f"{type(self).__name__}({', '.join(said)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        same = all(getattr(self, name) == getattr(other, name) for name in field_names(type(self)))
        return same and more(self) == more(other) and _nulls(self) == _nulls(other)


HIDDEN = "**********"
_SECRET = re.compile(
    r"(token|(api|auth|access|private|shared)_?key|pass(word|wd|phrase|code)|pwd|psk|secret|credential|authorization"
    r"|bearer|(otp|activation|backup)_?code|totp_?uri|password_?hash)s?$",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"\A(https?://[^?]*\?).*(signature|x-amz|token|sig=).*", re.IGNORECASE | re.DOTALL)


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object for a repr: without secrets, by their names or by their looks, however deep they are."""
    # A private key is called just that; of a setting, `key` is the name and `value` the secret.
    names = {"key"} if "passphrase" in values else set()
    names |= {"value"} if _SECRET.search(str(values.get("key"))) else set()
    return {
        name: _shown(value, secret=name in names or bool(_SECRET.search(str(name)))) for name, value in values.items()
    }


def _shown(value: Any, *, secret: bool = False) -> Any:
    if secret and value is not None and not isinstance(value, bool):
        return HIDDEN
    if isinstance(value, str):
        return HIDDEN if "PRIVATE KEY" in value else _SIGNED.sub(rf"\1{HIDDEN}", value)
    if isinstance(value, Mapping):
        return hidden(value)
    return [_shown(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def field_names(cls: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields of a model."""
    return tuple(f.name for f in attrs.fields(cls))


@cache
def field_types(cls: type[Any]) -> dict[str, Any]:
    """Return the types of the fields of a model, worked out at first use."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: hints[name] for name in field_names(cls)}  # type: ignore[arg-type]  # mypy: a type is hashable


def came(model: Model) -> frozenset[str]:
    """Return the names that `model` was made of; none if it was not structured from an answer."""
    return getattr(model, "_came", frozenset())


def more(model: Model) -> dict[str, Any]:
    """Return what `model` keeps beside its fields; empty if it was not structured from an answer."""
    return getattr(model, "_more", {})


def _nulls(model: Model) -> set[str]:
    cls, names = type(model), came(model)
    return {name for name in field_names(cls) if getattr(model, name) is None and wire_name(cls, name) in names}


def is_model(type_: Any) -> bool:
    """Tell whether a type is a model."""
    return isinstance(type_, type) and issubclass(type_, Model)


def wire_name(cls: type[Model], name: str) -> str:
    """The JSON name of the field `name` of `cls`."""
    try:
        return cls._wire_names[name]
    except KeyError:
        head, *tail = name.rstrip("_").split("_")
        return head + "".join(word.capitalize() for word in tail)
