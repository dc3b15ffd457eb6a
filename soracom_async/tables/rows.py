"""Items as flat rows: dicts with dotted names."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import chain, islice
from typing import Any, overload

from .._iteration import SharedIterator
from .cells import in_text
from .columns import SAMPLE, Columns
from .source import Items, Layout, Table, checked, declared, layout

BATCH = 100
"""The items that are made into rows at once, behind the first."""


@overload
def rows(
    items: AsyncIterable[Any], *, columns: Columns | None = None, model: type[Any] | None = None
) -> AsyncIterator[dict[str, Any]]: ...
@overload
def rows(
    items: Iterable[Any], *, columns: Columns | None = None, model: type[Any] | None = None
) -> Iterator[dict[str, Any]]: ...
def rows(
    items: Items, *, columns: Columns | None = None, model: type[Any] | None = None
) -> Iterator[dict[str, Any]] | AsyncIterator[dict[str, Any]]:
    """Return an iterator over flat rows, for `async for` if the items are for `async for`.

    Items are models, such as those of a listing, dicts, or tuples `(source, item)` as `merge` gives them, whose source
    is the column `_source`. Each row has all columns, those of `tables.columns(Sim)`: a nested model is a column for
    each of its fields (`session_status.online`). A cell is text, a number, true or false, an aware datetime, a date, a
    list of these, or None. Lists of objects, and objects with any names (`tags`), are JSON text.

    Nothing is lost: what the API document does not declare, and a value of another type than declared, is in the last
    column, `_extra`, as JSON text of the part of the wire JSON that no other column holds.

    `columns` names those that are wanted, in order, also ones within objects: `["sim_id", "tags.name"]`. The columns of
    dicts are the names that the first 1,000 have, each of the type that its values have there; if there are more dicts,
    `_extra` too. `{"temp": float}` says the type. `model` is the model of the items, where a table without items must
    have its columns too and `items` is no listing. Raises ConfigurationError for a column that is not there, and for
    items of several models.
    """
    if isinstance(items, AsyncIterable):
        return _Rows(Table(items, columns, model, 1))
    known = declared(items, model)
    return _rows(items, checked(columns, known), known)


def _rows(items: Iterable[Any], columns: Columns | None, model: Any) -> Iterator[dict[str, Any]]:
    iterator = iter(items)
    sample = list(islice(iterator, SAMPLE + 1))
    made = layout(sample, columns, model)
    batches = iter(lambda: list(islice(iterator, BATCH)), [])
    for batch in chain([sample] if sample else [], batches):
        yield from _dicts(made, batch)


def _dicts(made: Layout, items: list[Any]) -> Iterator[dict[str, Any]]:
    names = [column.name for column in made.columns]
    cells = [in_text(*each) for each in zip(made.columns, made.cells(items), strict=True)]
    return (dict(zip(names, line, strict=True)) for line in zip(*cells, strict=True))


class _Rows(SharedIterator[dict[str, Any]]):
    """The rows of items that come asynchronously."""

    _usage = "'async for row in tables.rows(items)'"

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    async def _refill(self) -> None:
        made = await self._table.open()
        self._items += _dicts(made, await anext(self._table))
