"""The columns of a table: dotted names, and the kind of what is in their cells."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from types import NoneType
from typing import Any, ClassVar

from attrs import field, frozen

from .._codec.annotations import Annotation, Array, Map, Object, Time, Value, Values, annotation, choices, without_none
from .._codec.fields import field_types, is_model, wire_name
from .._codec.times import Unit
from .._core.values import plain
from ..errors import ConfigurationError

EXTRA = "_extra"
SOURCE = "_source"
_INTEGERS = range(-(2**63), 2**63)
_EXACT = range(-(2**53), 2**53 + 1)
"""The integers that a float holds."""


class Kind(enum.Enum):
    """What the cells of a column hold; one without a value is None."""

    TEXT = "text"
    INTEGER = "integer"
    """An int of up to 64 bits."""
    NUMBER = "number"
    """A float, or an int that a float holds exactly."""
    BOOLEAN = "boolean"
    DATE = "date"
    """A date; of a month, its first day."""
    TIME = "time"
    """An aware datetime, UTC as a rule; or a date, where the API writes the one or the other."""
    OBJECT = "object"
    """An object whose names are not known beforehand, as JSON text."""
    ARRAY = "array"
    """A list of objects or of lists, as JSON text."""
    ANY = "any"
    """A value of no declared type: text as it is, all else as JSON text."""


FITS: dict[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: lambda v: type(v) is str,
    Kind.INTEGER: lambda v: type(v) is int and v in _INTEGERS,
    Kind.NUMBER: lambda v: type(v) is float or (type(v) is int and v in _EXACT),
    Kind.BOOLEAN: lambda v: type(v) is bool,
    Kind.TIME: lambda v: (type(v) is datetime and v.tzinfo is not None) or type(v) is date,
    Kind.DATE: lambda v: type(v) is date,
    Kind.OBJECT: lambda v: isinstance(v, Mapping),
    Kind.ARRAY: lambda v: isinstance(v, list | tuple),
    Kind.ANY: lambda v: True,
}
"""Whether a value may stand in a column of a kind."""

_OF_TYPES = {str: Kind.TEXT, int: Kind.INTEGER, float: Kind.NUMBER, bool: Kind.BOOLEAN}
_OF_TYPES |= {datetime: Kind.TIME, date: Kind.DATE, dict: Kind.OBJECT, list: Kind.ARRAY, Any: Kind.ANY}


@frozen
class Step:
    """One step of the path to a value: a field of a model, or a name in an object."""

    name: str
    model: Any = None
    """The model whose field it is; None for a name in an object."""

    @property
    def wire(self) -> str:
        """The name that JSON has."""
        return self.name if self.model is None else wire_name(self.model, self.name)


@frozen
class Column:
    """A column: its dotted `name`, the `kind` of its cells, and whether a cell is a list of them (`many`)."""

    name: str
    kind: Kind
    many: bool = False
    steps: tuple[Step, ...] = field(default=(), repr=False)
    """The path to the value; empty for a column that is made of the whole item."""

    SOURCE: ClassVar[Column]
    """`_source`: of items that `merge` gives, the source that they come from."""
    EXTRA: ClassVar[Column]
    """`_extra`: JSON text of what the item has and no column holds, as the wire has it."""

    def fits(self, value: Any) -> bool:
        """Tell whether a value, which is not None, is of the column's kind."""
        fits = FITS[self.kind]
        if not self.many:
            return fits(value)
        return type(value) is list and all(each is None or fits(each) for each in value)


Column.SOURCE = Column(SOURCE, Kind.TEXT)
Column.EXTRA = Column(EXTRA, Kind.OBJECT)

Columns = Iterable[str] | Mapping[str, Any]
"""Which columns: dotted names, in order; as a mapping, each with its type, for what the API does not declare."""


def columns(model: Any, names: Columns | None = None) -> tuple[Column, ...]:
    """Return the columns of a model, in declared order, and at the end `_extra`; or those that are named.

    A field that is a model itself is a column for each of its fields: `session_status.online`. A name may lead to such
    a model, then it stands for all its columns, and into an object whose names are not known beforehand: `tags.name`.
    Raises ConfigurationError for a name that leads nowhere.
    """
    if not is_model(model):
        raise ConfigurationError(f"columns are those of a model, such as soracom_async.models.Sim, not of {model!r}")
    if names is None:
        return (*_all(model), Column.EXTRA)
    return chosen(names, lambda name: _named(model, name))


def chosen(names: Columns, find: Callable[[str], Iterable[Column]]) -> tuple[Column, ...]:
    """Return the columns that are named; `find` gives those of one name, if it is none that every table has.

    Raises ConfigurationError for a list that is none, is empty or has a name twice, and for a type that no column has.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise ConfigurationError(f'columns={names!r} must be a list of names: columns=["sim_id", "tags.name"]')
    types = names if isinstance(names, Mapping) else {}
    found: list[Column] = []
    for name in names:
        if not isinstance(name, str):
            raise ConfigurationError(f"columns: {name!r} is no name of a column: it must be text")
        given = {EXTRA: Column.EXTRA, SOURCE: Column.SOURCE}.get(name)
        if given:
            found.append(given)
        elif name in types:
            found += (_typed(column, types[name]) for column in find(name))
        else:
            found += find(name)
    all_names = [column.name for column in found]
    if doubled := {name for name in all_names if all_names.count(name) > 1}:
        raise ConfigurationError(f"columns: {', '.join(sorted(doubled))}: each column can be there only once")
    if not found:
        raise ConfigurationError("columns: name at least one, or leave columns= out for all")
    return tuple(found)


def _typed(column: Column, type_: Any) -> Column:
    """Return a column with the type that the caller says."""
    kind = _OF_TYPES.get(type_)
    if kind is None:
        known = ", ".join(getattr(each, "__name__", "Any") for each in _OF_TYPES)
        raise ConfigurationError(f"columns: {column.name!r} cannot be of the type {type_!r}; the types are {known}")
    return Column(column.name, kind, False, column.steps)


@cache
def _all(model: Any, above: tuple[Step, ...] = ()) -> tuple[Column, ...]:
    return tuple(
        column for name in field_types(model) for column in _below((*above, Step(name, model)), _tree(model, name))
    )


def _tree(model: Any, name: str) -> Annotation:
    return without_none(annotation(field_types(model)[name]))


def _below(path: tuple[Step, ...], tree: Annotation) -> Sequence[Column]:
    """Return the columns of what is at a path; a model that holds itself is not opened again."""
    if isinstance(tree, Object):
        model: Any = tree.model
        if model not in [step.model for step in path]:
            return _all(model, path)
        return [Column(_dotted(path), Kind.ANY, False, path)]
    kind, many = _kind(tree)
    return [Column(_dotted(path), kind, many, path)]


def _dotted(path: Iterable[Step]) -> str:
    return ".".join(step.name for step in path)


def _kind(tree: Annotation) -> tuple[Kind, bool]:
    """Return the kind of the values of a type, and whether they are lists of it."""
    match tree:
        case Array(item):
            kind, many = _kind(item)
            return (Kind.ARRAY, False) if many or kind in (Kind.OBJECT, Kind.ARRAY, Kind.ANY) else (kind, True)
        case Map() | Object():
            return Kind.OBJECT, False
        case Time(unit):
            return (Kind.DATE if unit in (Unit.MONTH, Unit.DAY) else Kind.TIME), False
        case Value(type_):
            return _OF_TYPES.get(type_, Kind.ANY), False
        case Values(values):
            return _OF_TYPES.get(type(values[0]), Kind.ANY), False
    kinds = {_kind(each) for each in choices(tree) if each != Value(NoneType)}
    return kinds.pop() if len(kinds) == 1 else (Kind.ANY, False)


def _named(model: Any, name: str) -> Sequence[Column]:
    """Return the columns that a dotted name stands for."""
    path: tuple[Step, ...] = ()
    tree: Annotation = Object(model)
    rest, more = name, "."
    while more:
        if isinstance(tree, Object):
            holder: Any = tree.model
            part, more, rest = rest.partition(".")
            if part not in field_types(holder):
                raise _unknown(model, name)
            path, tree = (*path, Step(part, holder)), _tree(holder, part)
        elif isinstance(tree, Map):
            tree = without_none(tree.item)
            part, more, rest = rest.partition(".") if isinstance(tree, Object | Map) else (rest, "", "")
            path = (*path, Step(part))
        else:
            raise _unknown(model, name)
    return _below(path, tree)


def _unknown(model: Any, name: str) -> ConfigurationError:
    known = [column.name for column in _all(model)]
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    near = difflib.get_close_matches(snake, known, 3) or difflib.get_close_matches(name.rpartition(".")[2], known, 3)
    hint = f"is {' or '.join(map(repr, near))} meant?" if near else f"it has {', '.join(known)}"
    return ConfigurationError(f"{model.__name__} has no column {name!r}: {hint}")


SAMPLE = 1000
"""The items whose names are the columns of a table of dicts."""


def columns_of_dicts(items: Iterable[Any]) -> Iterator[Column]:
    """Yield the columns of dicts: the names that are in them, in order; what is in objects alone has dotted names."""
    taken = {EXTRA, SOURCE}
    for column in _of_objects([item for item in items if isinstance(item, Mapping)], ()):
        if column.name not in taken:  # of a name that two have, the second is in `_extra`
            taken.add(column.name)
            yield column


def _of_objects(objects: list[Mapping[Any, Any]], above: tuple[Step, ...]) -> Iterator[Column]:
    for name in dict.fromkeys(name for each in objects for name in each if isinstance(name, str)):
        values = [plain(value) for each in objects if (value := each.get(name)) is not None]
        path = (*above, Step(name))
        if values and all(isinstance(value, Mapping) and value for value in values) and len(path) < _DEEPEST:
            yield from _of_objects(values, path)
        else:
            fitting = (kind for kind in Kind if all(map(FITS[kind], values)))
            yield Column(_dotted(path), next(fitting) if values else Kind.ANY, False, path)


_DEEPEST = 5
"""How deep objects in dicts are opened."""
