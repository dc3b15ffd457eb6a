"""How each declared type is read and written: hooks of one cattrs converter, with a function made for each model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date
from types import UnionType
from typing import Any, Union, get_args, get_origin

from cattrs import Converter

from . import _time
from ._cached import cached
from ._model import Model, field_types, kept, wire_name
from ._secret import Secret

Reader = Callable[[Any], Any]


@cached
def converter() -> Converter:
    """Return the converter, made at first use."""
    made = Converter()
    made.register_structure_hook_factory(lambda _: True, lambda type_: lambda value, _: structurer(type_)(value))
    made.register_unstructure_hook_factory(is_model, _writer)
    return made


def is_model(type_: Any) -> bool:
    """Tell whether a type is a model."""
    return isinstance(type_, type) and issubclass(type_, Model)


def unit_of(type_: Any) -> _time.Unit | None:
    """Return how the times of a type are written on the wire; None for all other types."""
    return next((a for a in getattr(type_, "__metadata__", ()) if isinstance(a, _time.Unit)), None)


def as_it_came(value: Any) -> Any:
    """Read a value of a type that JSON has itself."""
    return value


@cached
def structurer(type_: Any) -> Reader:
    """Return how a value declared as `type_` is read; what is not of that type stays as it came."""
    unit = unit_of(type_)
    if unit is not None:
        return _READERS.get(unit) or (lambda value: _exactly(value, unit))
    if is_model(type_):
        return _reader(type_)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType):
        readers = [r for r in map(structurer, arguments) if r is not as_it_came]
        return readers[0] if readers else as_it_came
    if origin is list:
        item = structurer(arguments[0])
        if item is as_it_came:
            return as_it_came
        return lambda value: [item(v) for v in value] if type(value) is list else value
    if origin is dict:
        item = structurer(arguments[1])
        if item is as_it_came:
            return as_it_came
        return lambda value: {k: item(v) for k, v in value.items()} if type(value) is dict else value
    return as_it_came


_READERS: dict[_time.Unit, Reader] = {
    _time.Unit.MILLISECONDS: _time.from_milliseconds,
    _time.Unit.SECONDS: _time.from_seconds,
}
"""The notations in which a time is written in one way only."""


def _exactly(value: Any, unit: _time.Unit) -> Any:
    """Return the time that text names, if writing it gives the same text again; otherwise the text."""
    time = _time.from_wire(value, unit)
    return time if time is value or _time.to_wire(time, unit) == value else value


def unstructure(value: Any) -> Any:
    """Turn a model, or a container of models, into wire JSON: `unstructure(structure(data, Model)) == data`."""
    if isinstance(value, Model):
        return converter().unstructure(value)
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: unstructure(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [unstructure(item) for item in value]
    if isinstance(value, date):
        return _time.to_wire(value, _time.Unit.ISO)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


@cached
def unstructurer(type_: Any) -> Callable[[Any], Any]:
    """Return how a value declared as `type_` is written; one of another type is written by its own."""
    unit = unit_of(type_)
    if unit is not None:
        return lambda value: _time.to_wire(value, unit)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, UnionType):
        return next((w for w in map(unstructurer, arguments) if w is not unstructure), unstructure)
    if origin in (list, dict):
        item = unstructurer(arguments[-1])
        if item is unstructure:
            return unstructure
        if origin is list:
            return lambda value: [item(v) for v in value] if isinstance(value, list | tuple) else unstructure(value)
        return lambda value: (
            {k: item(v) for k, v in value.items()} if isinstance(value, Mapping) else unstructure(value)
        )
    return unstructure


def _reader(cls: type[Any]) -> Reader:
    """Generate the function that reads an object as `cls`."""
    scope: dict[str, Any] = {"new": cls.__new__, "cls": cls, "to_wire": _time.to_wire, "from_wire": _time.from_wire}
    lines = ["def read(data):", " if type(data) is not dict: return data", " self = new(cls)", " get = data.get"]
    rewritten, known = [], []
    for i, (name, type_) in enumerate(field_types(cls).items()):
        wire = wire_name(cls, name)
        known.append(wire)
        # A model may hold itself: its reader is then looked up when it is needed.
        recursive = is_model(_inner(type_)) or get_origin(_inner(type_)) in (list, dict)
        reader = None if recursive else structurer(type_)
        if reader is as_it_came:
            lines.append(f" self.{name} = get({wire!r})")
            continue
        lines.append(f" value = get({wire!r})")
        unit = unit_of(_inner(type_))
        if unit is None or unit in _READERS:
            scope[f"read{i}"] = reader or _later(type_)
            lines.append(f" self.{name} = None if value is None else read{i}(value)")
        else:
            scope[f"unit{i}"] = unit
            lines.append(f" self.{name} = from_wire(value, unit{i})")
            rewritten.append(f"{wire!r}: value for value in (get({wire!r}),) if to_wire(self.{name}, unit{i}) != value")
    scope["known"] = frozenset(known)
    lines.append(" if None in data.values() or not data.keys() <= known:")
    lines.append("  self._kept = {k: v for k, v in data.items() if v is None or k not in known}")
    for line in rewritten:
        lines.append(f" unusual = {{{line}}}")
        lines.append(" if unusual: self._kept = {**getattr(self, '_kept', {}), **unusual}")
    lines.append(" return self")
    exec(compile("\n".join(lines), f"<reader of {cls.__name__}>", "exec"), scope)  # noqa: S102 - made of names of our own
    return scope["read"]  # type: ignore[no-any-return]


def _later(type_: Any) -> Reader:
    return lambda value: structurer(type_)(value)


def _inner(type_: Any) -> Any:
    """Return the type in `type_ | None`."""
    if get_origin(type_) in (Union, UnionType):
        return next((a for a in get_args(type_) if a is not type(None)), type_)
    return type_


def _writer(cls: type[Any]) -> Callable[[Any], Any]:
    """Return the function that writes a `cls` as wire JSON."""
    fields = [
        (name, wire_name(cls, name), unit_of(_inner(type_)), unstructurer(type_))
        for name, type_ in field_types(cls).items()
    ]
    declared = {wire for _, wire, _, _ in fields}

    def write(model: Any) -> dict[str, Any]:
        data: dict[str, Any] = {}
        keeps = kept(model)
        for name, wire, unit, writer in fields:
            value = getattr(model, name)
            if value is not None:
                came = keeps.get(wire)
                unusual = came is not None and unit is not None and _time.from_wire(came, unit) == value
                data[wire] = came if unusual else writer(value)
            elif wire in keeps and keeps[wire] is None:
                data[wire] = None
        data.update((k, v) for k, v in keeps.items() if k not in declared)
        return data

    return write
