"""How wire JSON becomes models: a function is generated for each model and each set of names that comes.

For a model with the fields `tag_name: str`, `created_at: EpochMilliseconds` and `note: str`, and for an object with the
names `tagName`, `createdAt` and `color`, it is:

    def read(data):
     if len(data) != 3: return other(data)
     self = new(cls)
     try:
      self.tag_name = data[n0]
      v1 = data[n1]
      v2 = data[n2]
      self._came = came
     except KeyError: return other(data)
     self._more = {n2: v2}
     self.note = None
     self.created_at = (None if v1 is None
                        else (fromtimestamp(v1 / 1000, UTC) if 0 <= v1 < 4000000000000 else keep_original(...))
                        if type(v1) is int else keep_original(...))
     return self

`other` finds or generates the function for other names. A value of another type than the declared one stays unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from . import times
from .annotations import Annotation, Array, Map, Object, OneOf, Time, annotation, without_none
from .fields import (
    Kept,
    aliases,
    field_types,
    first_names,
    renamed,
    wire_name,
)
from .times import Unit
from .unions import MatchScore

Reader = Callable[[Any], Any]

SHAPES = 16
"""Sets of names for which a model has a function of its own; its general function reads all others."""
LARGEST = 256
"""The most names of such a set: one that is larger holds data in its names."""


def unchanged(value: Any) -> Any:
    """Read a value of a type that JSON has itself."""
    return value


class Readers:
    """Generates functions that read values, all in one scope, so that they call each other without a detour.

    `hook_of` is asked once for each model: the registry may have another way to read it.
    """

    def __init__(self, hook_of: Callable[[Any], Callable[[Any, Any], Any]]) -> None:
        self.scope: dict[str, Any] = {
            "UTC": UTC,
            "fromtimestamp": datetime.fromtimestamp,
            "exactly": times.exactly,
            "keep_original": keep_original,
            "renamed": renamed,
            "keep_originals": keep_originals,
            **{unit.name: unit for unit in Unit},
        }
        self._hook_of = hook_of
        self._names: dict[Any, str] = {}

    def function(self, type_: Any) -> Reader:
        """Return how a value declared as `type_` is read; what is not of that type stays unchanged."""
        code = self.expression(annotation(type_), "value")
        if code == "value":
            return unchanged
        return eval(f"lambda value: {code}", self.scope)  # type: ignore[no-any-return]  # noqa: S307 - all names are ours

    def expression(self, tree: Annotation, value: str) -> str:
        """Return the Python expression that reads the variable `value` as `tree`: one case for each kind of JSON."""
        code, seen = value, set[str]()
        for kind, case in list(self._cases(tree, value)):
            if kind not in seen:
                code = f"{case} if type({value}) is {kind} else {code}"
                seen.add(kind)
        return code

    def _cases(self, tree: Annotation, value: str) -> Iterator[tuple[str, str]]:
        """Yield the JSON kinds that are read as something else, each with the expression that does it."""
        item = f"{value}_"
        match tree:
            case Time(unit):
                other = f"exactly({value}, {unit.name})"
                if unit in _QUICK:
                    yield "int", _quickly(unit, value, other)
                else:
                    yield "float" if unit.numeric else "str", other
            case Object(model):
                yield "dict", f"{self._model(model)}({value})"
            case OneOf(choices):
                models = tuple(each.model for each in choices if isinstance(each, Object))
                if len(models) > 1:
                    yield "dict", f"{self._choice(models)}({value})"
                for each in choices:
                    yield from self._cases(each, value)
            case Array(inner) if (code := self.expression(inner, item)) != item:
                yield "list", f"[{code} for {item} in {value}]"
            case Map(inner) if (code := self.expression(inner, item)) != item:
                yield "dict", f"{{{value}k: {code} for {value}k, {item} in {value}.items()}}"

    def _model(self, cls: Any) -> str:
        """Return the name of the function that reads an object as `cls`."""
        if cls not in self._names:
            name = self._names[cls] = f"read{len(self._names)}"
            hook = self._hook_of(cls)
            self.scope[name] = hook.read if isinstance(hook, ModelHook) else lambda data: hook(data, cls)
        return self._names[cls]

    def _choice(self, models: tuple[Any, ...]) -> str:
        """Return the name of the function that reads an object as the one of several models that fits best."""
        if models not in self._names:
            self._names[models] = f"choose{len(self._names)}"
            candidates = [(MatchScore(cls), self._model(cls)) for cls in models]

            def choose(data: Any) -> Any:
                name = max(candidates, key=lambda candidate: candidate[0](data))[1]
                return self.scope[name](data)

            self.scope[self._names[models]] = choose
        return self._names[models]

    def specialise(self, cls: Any, reader: Reader) -> None:
        """Let others that hold a `cls` call `reader` from now on."""
        self.scope[self._model(cls)] = reader


class ModelHook:
    """Reads one model: by a function made for the names that came first, else by one made for those that came."""

    def __init__(self, cls: Any, readers: Readers) -> None:
        self._cls = cls
        self._readers = readers
        self._shapes: dict[tuple[Any, ...], Reader] = {}
        self._general: Reader | None = None

    def __call__(self, value: Any, _: Any = None) -> Any:
        """Read a value; what is no object stays unchanged."""
        return self.read(value) if type(value) is dict else value

    def read(self, data: Any) -> Any:
        """Read an object by the function for its names."""
        names = tuple(data)
        reader = self._shapes.get(names)
        if reader is None:
            if len(self._shapes) == SHAPES or len(names) > LARGEST:
                reader = self._general = self._general or self._generate(None)
            else:
                reader = self._shapes[names] = self._generate(names)
                if len(self._shapes) == 1:
                    self._readers.specialise(self._cls, reader)
        return reader(data)

    def _generate(self, names: tuple[Any, ...] | None) -> Reader:
        """Generate the function for objects that have exactly these names, or for all objects.

        Nothing that came from outside, names included, is ever part of the code.
        """
        cls = self._cls
        fields = {wire_name(cls, name): (name, type_) for name, type_ in field_types(cls).items()}
        first = first_names(cls, names or ())
        targets, lines, undeclared = [], [], []
        for i, came in enumerate(fields if names is None else names):
            wire = first.get(came, came)
            name, type_ = fields.get(wire, ("", Any))
            read = self._field(wire, type_, f"v{i}") if name else f"v{i}"
            targets.append(f"self.{name}" if name and read == f"v{i}" else f"v{i}")
            if not name:
                undeclared.append(f"n{i}: v{i}")
            elif read != f"v{i}":
                lines.append(f"self.{name} = {read}")
        if names is None:
            start = [
                "self = new(cls)",
                "self._came = frozenset(data)",
                *(["data = renamed(cls, data)"] if aliases(cls) else ()),
                "if not data.keys() <= fields.keys():",
                " self._more = {k: v for k, v in data.items() if k not in fields}",
                f"[{', '.join(targets)}] = map(data.get, fields)",
            ]
        else:
            start = [
                f"if len(data) != {len(names)}: return other(data)",
                "self = new(cls)",
                "try:",
                *(f" {target} = data[n{i}]" for i, target in enumerate(targets)),
                " self._came = came",
                "except KeyError: return other(data)",
                *([f"self._more = {{{', '.join(undeclared)}}}"] if undeclared else ()),
                *(f"self.{name} = None" for wire, (name, _) in fields.items() if wire not in {*names, *first.values()}),
            ]
        bound: dict[str, Any] = {"new": cls.__new__, "cls": cls, "fields": fields, "other": self.read}
        # The names are those that came, the very objects: parsers make each only once, and that one is found sooner.
        bound |= {"came": frozenset(names or ())} | {f"n{i}": name for i, name in enumerate(names or ())}
        code = "\n  ".join([f"def bind({', '.join(bound)}):\n def read(data):", *start, *lines, "return self"])
        made: dict[str, Any] = {}
        exec(compile(f"{code}\n return read", f"<reader of {cls.__name__}>", "exec"), self._readers.scope, made)  # noqa: S102 - names of ours
        return made["bind"](**bound)  # type: ignore[no-any-return]

    def _field(self, wire: str, type_: Any, value: str) -> str:
        tree = annotation(type_)
        match without_none(tree):
            case Time(unit):
                other = f"keep_original(self, {wire!r}, {value}, {unit.name})"
                quick = f"{_quickly(unit, value, other)} if type({value}) is int else " if unit in _QUICK else ""
                return f"None if {value} is None else {quick}{other}"
            case Array(Time(unit)):
                return f"keep_originals(self, {wire!r}, {value}, {unit.name}) if type({value}) is list else {value}"
        return self._readers.expression(tree, value)


_EXACT = range(4_000_000_000)
"""Seconds of which a float keeps every millisecond."""
_EXACT_MILLISECONDS = range(_EXACT.stop * 1000)
_QUICK = {
    Unit.MILLISECONDS: (_EXACT_MILLISECONDS, 1000),
    Unit.SECONDS: (_EXACT, 1),
    Unit.MILLISECONDS_OR_SECONDS: (_EXACT_MILLISECONDS[times.MAGNITUDE :], 1000),
    Unit.SECONDS_OR_MILLISECONDS: (_EXACT, 1),
}
"""The numbers that are read without a detour, and how many of them are a second."""


def _quickly(unit: Unit, value: str, other: str) -> str:
    """Return the expression that reads an int; one that is unusual is read by the expression `other`."""
    numbers, second = _QUICK[unit]
    return f"(fromtimestamp({value} / {second}, UTC) if {numbers.start} <= {value} < {numbers.stop} else {other})"


def keep_original(model: Kept, wire: str, value: Any, unit: Unit) -> Any:
    """Return the time that the wire has; if it is written in an unusual way, the model keeps that beside it."""
    time = times.from_wire(value, unit)
    if time is not value and times.differs(times.to_wire(time, unit), value):
        model._more = {**getattr(model, "_more", {}), wire: value}
    return time


def keep_originals(model: Kept, wire: str, values: list[Any], unit: Unit) -> list[Any]:
    """Return the times of a list; if one is written in an unusual way, the model keeps the list beside them."""
    read = [times.from_wire(value, unit) for value in values]
    if any(times.differs(times.to_wire(time, unit), value) for time, value in zip(read, values, strict=True)):
        model._more = {**getattr(model, "_more", {}), wire: values}
    return read
