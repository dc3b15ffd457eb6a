"""How models become wire JSON: a function is generated for each model."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from .._core.values import plain
from .._secret import Secret
from . import times
from .annotations import (
    Annotation,
    Array,
    Map,
    Object,
    Time,
    Value,
    Values,
    annotation,
    choices,
    without_none,
)
from .fields import (
    Kept,
    came,
    came_as,
    field_types,
    more,
    wire_name,
    wire_names,
)
from .unions import MatchScore

Writer = Callable[[Any], Any]

_AS_JSON_HAS_IT = frozenset({str, int, float, bool, type(None)})
_NO_ARRAYS = (str, bytes, bytearray, memoryview, Mapping, Enum, type)
"""What has items, and is not written as an array of them."""


class Writers:
    """Generates functions that write values; `hook_of` returns how the registry writes a model.

    Bytes that stand where none are declared are written by `other_bytes`.
    """

    def __init__(self, hook_of: Callable[[Any], Writer], other_bytes: Callable[[bytes], Any]) -> None:
        self._hook_of = hook_of
        self._other_bytes = other_bytes
        self._models: dict[type, Writer] = {}
        self._mappings: dict[tuple[Any, ...], str] = {}
        self.generated: set[Writer] = set()
        """The functions that write models."""
        self.scope: dict[str, Any] = {
            "any_": self.any,
            "came": came,
            "came_as": came_as,
            "more": more,
            "to_wire": times.to_wire,
            "original_value": original_value,
            "plain": plain,
            "original_values": original_values,
            "is_array": is_array,
            "as_base64": as_base64,
            "date": date,
            "datetime": datetime,
            "Mapping": Mapping,
            "Kept": Kept,
            **{unit.name: unit for unit in times.Unit},
        }

    def any(self, value: Any) -> Any:
        """Turn a value into wire JSON by its own type."""
        kind = type(value)
        if kind in _AS_JSON_HAS_IT:
            return value
        if kind is dict:
            return {
                k if type(k) is str else plain(k): v if type(v) in _AS_JSON_HAS_IT else self.any(v)
                for k, v in value.items()
            }
        if kind is list:
            return [v if type(v) in _AS_JSON_HAS_IT else self.any(v) for v in value]
        if isinstance(value, Kept):
            write = self._models.get(kind) or self._models.setdefault(kind, self._hook_of(kind))
            return write(value)
        if isinstance(value, Secret):
            return value.reveal()
        if isinstance(value, Mapping):
            return {plain(k): self.any(v) for k, v in value.items()}
        if is_array(value):
            return [self.any(v) for v in value]
        value = plain(value)
        if isinstance(value, date):
            return times.to_wire(value, times.Unit.ISO)
        return self._other_bytes(value) if isinstance(value, bytes) else value

    def function(self, type_: Any) -> Writer:
        """Return how a value declared as `type_` is written; one of another type is written by its own."""
        tree = annotation(type_)
        code = self.expression(tree, "value")
        if code == "any_(value)":
            return self.any
        if any(isinstance(each, Time) and each.unit in times.DIGITS for each in choices(tree)):
            code = f"str(value) if type(value) is int else {code}"  # 202405 is the month of that name
        return eval(f"lambda value: {code}", self.scope)  # type: ignore[no-any-return]  # noqa: S307 - all names are ours

    def expression(self, tree: Annotation, value: str) -> str:
        """Return the Python expression that writes the variable `value`, declared as `tree`."""
        code, item = f"any_({value})", f"{value}_"
        models = tuple(each.model for each in choices(tree) if isinstance(each, Object))
        if models:
            mapping = f"type({value}) is dict or not isinstance({value}, Kept) and isinstance({value}, Mapping)"
            code = f"{self._mapping(models)}({value}) if {mapping} else {code}"
        for each in choices(tree):
            match each:
                case Time(unit):
                    plainly = f"{value} if type({value}) is datetime else plain({value})"
                    code = f"to_wire({plainly}, {unit.name}) if isinstance({value}, date) else {code}"
                case Value(kind) if kind is bytes:
                    code = f"as_base64({value}) if isinstance({value}, bytes) else {code}"
                case Value(kind) if kind in (str, int, float, bool):
                    code = f"{value} if type({value}) is {kind.__name__} else {code}"
                case Values(values):
                    code = f"{value} if type({value}) is {type(values[0]).__name__} else {code}"
                case Array(inner) if _by_type(written := self.expression(inner, item)):
                    code = f"[{written} for {item} in {value}] if is_array({value}) else {code}"
                case Map(inner) if _by_type(written := self.expression(inner, item)):
                    pairs = f"for {value}k, {item} in {value}.items()"
                    key = f"{value}k if type({value}k) is str else plain({value}k)"
                    code = f"{{{key}: {written} {pairs}}} if isinstance({value}, Mapping) else {code}"
        return code

    def _mapping(self, models: tuple[Any, ...]) -> str:
        """Return the name of the function that writes a dict given in the place of one of `models`."""
        name = self._mappings.get(models)
        if name is None:
            name = self._mappings[models] = f"mapping{len(self._mappings)}"
            self.scope[name] = MappingWriter(models[0], self) if len(models) == 1 else self._choice(models)
        return name

    def _choice(self, models: tuple[Any, ...]) -> Writer:
        """Return what writes a dict as the one of several models that fits best."""
        candidates = [(MatchScore(cls), MappingWriter(cls, self)) for cls in models]
        known = {name for _, writer in candidates for name in writer.wire_names}

        def write(mapping: Any) -> dict[str, Any]:
            for _, writer in candidates:
                writer.check(mapping, known)
            return max(candidates, key=lambda each: each[0](dict(mapping)))[1](mapping)

        return write

    def model(self, cls: Any) -> Writer:
        """Generate the function that writes a `cls`: what was set, nulls that came, and what the model keeps beside."""
        lines = ["def write(self):", " names, kept, data = came(self), more(self), {}"]
        for name, type_ in field_types(cls).items():
            wire, tree = wire_name(cls, name), annotation(type_)
            several = wire_names(cls, name)
            key = f"came_as(names, {several})" if several[1:] else repr(wire)
            written = self.expression(tree, "v")
            match without_none(tree):
                case Time(unit):
                    changed = f"original_value(kept[{wire!r}], v, {unit.name})"
                    written = f"{changed} if {wire!r} in kept and isinstance(v, date) else {written}"
                case Array(Time(unit)):
                    changed = f"original_values(kept[{wire!r}], v, {unit.name}, any_)"
                    written = f"{changed} if {wire!r} in kept and type(v) is list else {written}"
            lines.append(f" v = self.{name}")
            lines.append(f" if v is not None: data[{key}] = {written}")
            lines.append(f" elif {key} in names: data[{key}] = None")
        lines.append(" for k, v in kept.items():")
        lines.append("  if k not in declared: data[k] = v")
        lines.append(" return data")
        bound: dict[str, Any] = {}
        scope = self.scope | {"declared": {wire_name(cls, name) for name in field_types(cls)}}
        exec(compile("\n".join(lines), f"<writer of {cls.__name__}>", "exec"), scope, bound)  # noqa: S102 - names of ours
        self.generated.add(bound["write"])
        return bound["write"]  # type: ignore[no-any-return]


def as_base64(value: bytes) -> str:
    """Return bytes as JSON has them."""
    return base64.b64encode(value).decode()


def refused(value: bytes) -> Any:
    """Refuse bytes where the API has text: nobody knows whether they are text, or in what form the service wants them.

    Raises ValueError, which does not show them.
    """
    raise ValueError("text is needed, not bytes: decode them, or encode them, as by base64.b64encode(data).decode()")


class MappingWriter:
    """Writes a dict that was given in the place of a model, such as a TypedDict: its keys are wire names."""

    def __init__(self, cls: Any, writers: Writers) -> None:
        self._cls = cls
        self._types = {wire_name(cls, name): type_ for name, type_ in field_types(cls).items()}
        self._writers = writers
        self._written: dict[str, Writer] = {}

    @property
    def wire_names(self) -> Iterable[str]:
        """The names that the fields have on the wire."""
        return self._types.keys()

    def __call__(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """Return the wire JSON; raises ValueError for the Python name of a field, which the service does not know."""
        self.check(mapping, self.wire_names)
        return {plain(key): None if value is None else self._writer(key)(value) for key, value in mapping.items()}

    def check(self, mapping: Mapping[str, Any], known: Iterable[str]) -> None:
        """Raise ValueError for a key that is the Python name of a field, and none of the `known` wire names."""
        for key in mapping.keys() - known:
            if key in field_types(self._cls):
                wire = wire_name(self._cls, key)
                raise ValueError(f"a dict in the place of a {self._cls.__name__} has wire names: {wire!r}, not {key!r}")

    def _writer(self, key: str) -> Writer:
        if key in self._written:
            return self._written[key]
        if key in self._types:
            writer = self._written[key] = self._writers.function(self._types[key])
            return writer
        return self._writers.any


def _by_type(code: str) -> bool:
    """Tell whether values are written by their declared type: times, which have several notations, and dicts."""
    return "to_wire" in code or "mapping" in code


def is_array(value: Any) -> bool:
    """Tell whether a value is written as an array: a list, a set, a generator, or what else gives its items."""
    return isinstance(value, Collection | Iterator) and not isinstance(value, _NO_ARRAYS)


def original_value(original: Any, time: Any, unit: times.Unit) -> Any:
    """Return a time as the wire has it: as it came, if it is still the same time, or else in the form that it had."""
    return original if times.from_wire(original, unit) == time else times.to_wire_like(original, plain(time), unit)


def original_values(originals: list[Any], values: list[Any], unit: times.Unit, other: Writer) -> list[Any]:
    """Return the times of a list as the wire has them: each as it came, a new one in the form that the first had."""
    read = [times.from_wire(original, unit) for original in originals]
    if read == values:
        return originals
    came = {time: original for time, original in zip(read, originals, strict=True) if isinstance(time, date)}
    first = next(iter(came.values()))

    def write(value: Any) -> Any:
        if not isinstance(value, date):
            return other(value)
        return came[value] if value in came else times.to_wire_like(first, plain(value), unit)

    return [write(value) for value in values]
