"""How models become wire JSON: a function is generated for each model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import date
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from .._secret import Secret
from . import times
from .model import (
    Model,
    came,
    field_types,
    more,
    wire_name,
)
from .structuring import plain

Writer = Callable[[Any], Any]

_AS_JSON_HAS_IT = frozenset({str, int, float, bool, type(None)})


class Writers:
    """Generates functions that write values; `hook_of` returns how the registry writes a model."""

    def __init__(self, hook_of: Callable[[Any], Writer]) -> None:
        self._hook_of = hook_of
        self._models: dict[type, Writer] = {}
        self.scope: dict[str, Any] = {
            "any_": self.any,
            "came": came,
            "more": more,
            "to_wire": times.to_wire,
            "original_value": original_value,
            "date": date,
            "Mapping": Mapping,
            "sequence": (list, tuple),
            **{unit.name: unit for unit in times.Unit},
        }

    def any(self, value: Any) -> Any:
        """Turn a value into wire JSON by its own type."""
        kind = type(value)
        if kind in _AS_JSON_HAS_IT:
            return value
        if kind is dict:
            return {k: v if type(v) in _AS_JSON_HAS_IT else self.any(v) for k, v in value.items()}
        if kind is list:
            return [v if type(v) in _AS_JSON_HAS_IT else self.any(v) for v in value]
        if isinstance(value, Model):
            write = self._models.get(kind) or self._models.setdefault(kind, self._hook_of(kind))
            return write(value)
        if isinstance(value, Secret):
            return value.reveal()
        if isinstance(value, Mapping):
            return {k: self.any(v) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.any(v) for v in value]
        if isinstance(value, date):
            return times.to_wire(value, times.Unit.ISO)
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    def function(self, type_: Any) -> Writer:
        """Return how a value declared as `type_` is written; one of another type is written by its own."""
        code = self.expression(type_, "value")
        if code == "any_(value)":
            return self.any
        return eval(f"lambda value: {code}", self.scope)  # type: ignore[no-any-return]  # noqa: S307 - all names are ours

    def expression(self, type_: Any, value: str) -> str:
        """Return the Python expression that writes the variable `value`, declared as `type_`."""
        code = f"any_({value})"
        for kind in (type_, *get_args(type_)) if get_origin(type_) in (Union, UnionType) else (type_,):
            unit = times.unit_of(kind)
            origin, arguments = get_origin(kind), get_args(kind)
            if unit is not None:
                code = f"to_wire({value}, {unit.name}) if isinstance({value}, date) else {code}"
            elif kind in (str, int, float, bool) or origin is Literal:
                name = type(arguments[0]).__name__ if origin is Literal else kind.__name__
                code = f"{value} if type({value}) is {name} else {code}"
            elif origin is list or origin is dict:
                item = f"{value}_"
                inner = self.expression(arguments[-1], item)
                if _time_in(inner) and origin is list:
                    code = f"[{inner} for {item} in {value}] if isinstance({value}, sequence) else {code}"
                elif _time_in(inner):
                    pairs = f"for {value}k, {item} in {value}.items()"
                    code = f"{{{value}k: {inner} {pairs}}} if isinstance({value}, Mapping) else {code}"
        return code

    def model(self, cls: Any) -> Writer:
        """Generate the function that writes a `cls`: what was set, nulls that came, and what the model keeps beside."""
        lines = ["def write(self):", " names, data = came(self), {}"]
        for name, type_ in field_types(cls).items():
            wire, unit = wire_name(cls, name), times.unit_of(plain(type_))
            written = self.expression(type_, "v")
            if unit is not None and not unit.numeric:
                written = f"original_value(self, {wire!r}, v, {unit.name}) if isinstance(v, date) else any_(v)"
            lines.append(f" v = self.{name}")
            lines.append(f" if v is not None: data[{wire!r}] = {written}")
            lines.append(f" elif {wire!r} in names: data[{wire!r}] = None")
        lines.append(" for k, v in more(self).items():")
        lines.append("  if k not in declared: data[k] = v")
        lines.append(" return data")
        bound: dict[str, Any] = {}
        scope = self.scope | {"declared": {wire_name(cls, name) for name in field_types(cls)}}
        exec(compile("\n".join(lines), f"<writer of {cls.__name__}>", "exec"), scope, bound)  # noqa: S102 - names of ours
        return bound["write"]  # type: ignore[no-any-return]


def _time_in(code: str) -> bool:
    """Tell whether values are written by their declared type: times have several notations, all else has one."""
    return "to_wire" in code


def original_value(model: Model, wire: str, time: Any, unit: times.Unit) -> Any:
    """Return a time as text: the text that it came as, if it is still the same time."""
    text = more(model).get(wire)
    return text if text is not None and times.from_wire(text, unit) == time else times.to_wire(time, unit)
