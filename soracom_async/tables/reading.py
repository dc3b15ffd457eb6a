"""How items become rows of cells: a function is generated for each set of columns.

For the columns `sim_id`, `session_status.online` and `_extra` of Sim it is:

    def read(items):
     rows = []
     for m in items:
      c0 = c1 = extra = None
      if isinstance(m, k0):
       v0 = m.sim_id
       if type(v0) is str: c0 = v0
       elif v0 is not None: c0, extra = odd(0, v0, extra)
       v0 = m.session_status
       if isinstance(v0, k1):
        v1 = v0.online
        ...
        more = getattr(v0, "_more", None)
        if more: extra = beside(extra, w1, more, d1)
       elif v0 is not None: extra = put(extra, w1, v0)
       ...
      elif m is not None: extra = whole(m)
      rows.append((c0, c1, extra,))
     return rows

A value that is not of the kind of its column is None there and stands in `extra`, which has the form of the wire JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import define, field

from .._codec.fields import Kept, field_names, wire_name
from .._core.values import plain
from ..errors import ConfigurationError
from .columns import Column, Kind, Step

Row = tuple[Any, ...]
Extra = dict[str, Any] | None
Read = Callable[[list[Any]], list[Row]]

_QUICK = {
    Kind.TEXT: "type({0}) is str",
    Kind.INTEGER: "type({0}) is int and -0x8000000000000000 <= {0} < 0x8000000000000000",
    Kind.NUMBER: "type({0}) is float",
    Kind.BOOLEAN: "type({0}) is bool",
    Kind.TIME: "type({0}) is datetime and {0}.tzinfo is not None",
    Kind.OBJECT: "type({0}) is dict",
    Kind.ARRAY: "type({0}) is list",
}
"""The condition that most values of a kind fulfil; `Column.fits` looks at all others."""


@define
class _Node:
    """What is read at one place of an item."""

    cell: int | None = None
    """The column that the value itself is."""
    below: dict[Step, _Node] = field(factory=dict)


def reader(columns: Sequence[Column], every: Iterable[Column], model: Any, *, pairs: bool) -> Read:
    """Return what makes a list of items into rows: a cell for each of `columns`, and behind them what else there is.

    That is what no cell of `every` column holds, or None. If `every` is empty, it is only what is not of the kind of
    its column. Items are of `model`, or dicts if it is None; with `pairs`
    they are tuples of a source and an item. The function raises ConfigurationError for an item of another model, and
    for one without a source.
    """
    root, cells = _Node(), [*columns]
    for column in (*columns, *every):
        if column.steps:
            node = root
            for step in column.steps:
                node = node.below.setdefault(step, _Node())
            if node.cell is None:
                node.cell = cells.index(column) if column in cells else len(cells)
                if node.cell == len(cells):
                    cells.append(column)
    return _Generator(cells, model, complete=bool(every)).function(root, len(columns), pairs)


class _Generator:
    """Writes the function. Nothing that comes from outside is part of the code: names of objects are constants."""

    def __init__(self, cells: Sequence[Column], model: Any, *, complete: bool) -> None:
        self._model = model
        self._complete = complete
        self._cells = cells
        self._scope: dict[str, Any] = {
            "datetime": datetime,
            "Mapping": Mapping,
            "Kept": Kept,
            "put": put,
            "beside": beside,
            "odd": self._odd,
            "whole": self._whole,
            "split": split,
        }
        self._lines: list[str] = []

    def function(self, root: _Node, count: int, pairs: bool) -> Read:
        given = [
            "source" if column is Column.SOURCE else "None" if column is Column.EXTRA else f"c{i}"
            for i, column in enumerate(self._cells[:count])
        ]
        self._lines = ["def read(items):", " rows = []", " for m in items:"]
        if pairs:
            self._lines += ["  source, m = split(m)"]
        else:
            self._lines += ["  source = None"]
        self._lines += ["  " + "".join(f"c{i} = " for i in range(len(self._cells))) + "extra = None"]
        self._node(root, "m", (), 2, self._model)
        self._lines += [f"  rows.append(({', '.join([*given, 'extra'])},))", " return rows"]
        exec(compile("\n".join(self._lines), "<reader of rows>", "exec"), self._scope)  # noqa: S102 - names of ours
        made: Read = self._scope["read"]
        return made

    def _node(self, node: _Node, var: str, path: tuple[Step, ...], depth: int, model: Any) -> None:
        """Write how what lies below the variable `var` is read; `model` is that of its fields, None for an object."""
        indent = " " * depth
        kind = "isinstance({}, Mapping)" if model is None else f"isinstance({{}}, {self._constant(model)})"
        self._lines += [f"{indent}if {kind.format(var)}:", f"{indent} pass"]
        inner = f"v{depth}"
        for step, below in node.below.items():
            name = self._constant(step.name)
            value = f"{var}.get({name})" if model is None else f"{var}.{step.name}"
            self._lines.append(f"{indent} {inner} = {value}")
            if below.cell is not None:
                self._leaf(below.cell, inner, indent + " ")
            if below.below:
                self._node(below, inner, (*path, step), depth + 1, next(iter(below.below)).model)
        wires = self._constant(tuple(step.wire for step in path))
        if model is not None and self._complete:
            declared = self._constant(frozenset(wire_name(model, name) for name in field_names(model)))
            self._lines.append(f"{indent} more = getattr({var}, '_more', None)")
            self._lines.append(f"{indent} if more: extra = beside(extra, {wires}, more, {declared})")
        elif self._model is None and self._complete:
            known = self._constant(frozenset(step.name for step in node.below))
            self._lines.append(
                f"{indent} if not {var}.keys() <= {known}: extra = beside(extra, {wires}, {var}, {known})"
            )
        if not path:
            self._lines.append(f"{indent}else: extra = whole({var})")
        elif node.cell is None:
            self._lines.append(f"{indent}elif {var} is not None: extra = put(extra, {wires}, {var})")

    def _leaf(self, cell: int, var: str, indent: str) -> None:
        column = self._cells[cell]
        quick = "False" if column.many else _QUICK.get(column.kind, "False")
        self._lines.append(f"{indent}if {quick.format(var)}: c{cell} = {var}")
        self._lines.append(f"{indent}elif {var} is not None: c{cell}, extra = odd({cell}, {var}, extra)")

    def _constant(self, value: Any) -> str:
        """Return the name that a value has in the code."""
        name = f"k{len(self._scope)}"
        self._scope[name] = value
        return name

    def _odd(self, cell: int, value: Any, extra: Extra) -> tuple[Any, Extra]:
        """Return a value that is not of the usual class of its column's kind, and what else there is."""
        column, value = self._cells[cell], plain(value)
        if column.fits(value):
            return value, extra
        return None, put(extra, tuple(step.wire for step in column.steps), value)

    def _whole(self, item: Any) -> Any:
        """Return an item that is not of the model, as what no column holds."""
        if isinstance(item, Kept):
            columns = f"those of {self._model.__name__}" if self._model else "names of dicts"
            raise ConfigurationError(
                f"an item is a {type(item).__name__}, but the columns are {columns}: make a table of each kind of items"
            )
        return item


def put(extra: Extra, path: Sequence[str], value: Any) -> dict[str, Any]:
    """Add a value under its path to what no column holds."""
    extra = {} if extra is None else extra
    place = extra
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    return extra


def beside(extra: Extra, path: Sequence[str], values: Mapping[Any, Any], known: Collection[str]) -> Extra:
    """Add those values that no column is made for."""
    for name, value in values.items():
        if name not in known:
            extra = put(extra, (*path, name), value)
    return extra


def split(pair: Any) -> tuple[str, Any]:
    """Return the source, as text, and the item; raises ConfigurationError for what is no such pair."""
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ConfigurationError(f"an item is a {type(pair).__name__}, but the first one was a (source, item)")
    source = plain(pair[0])
    return (source if type(source) is str else str(source)), pair[1]
