"""The items of a table, in batches, with the columns that the first of them decide."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

from attrs import define

from .._codec.fields import Kept, is_model
from .._iteration import close_generator
from ..errors import ConfigurationError
from ..pages import Pages
from .columns import SAMPLE, Column, Columns, Kind, Step, chosen, columns, columns_of_dicts
from .reading import Read, reader

Items: TypeAlias = Iterable[Any] | AsyncIterable[Any]
"""Models of one class, dicts, or tuples `(source, item)` of these, as `merge` gives them."""

log: logging.Logger = logging.getLogger("soracom_async")


@define
class Layout:
    """The columns of a table, and how items become its rows."""

    columns: tuple[Column, ...]
    _rows: Read
    _told: bool = False

    def cells(self, items: list[Any]) -> list[list[Any]]:
        """Return the cells of each column: of JSON, the objects themselves.

        Raises ConfigurationError for an item of another model, and if there is no column. The log has a warning, once,
        if a value is in no column because it is of another type than declared.
        """
        if not self.columns:
            raise ConfigurationError("the items have no names, which would be the columns: say columns=[…]")
        *cells, extra = map(list, zip(*self._rows(items), strict=True))
        if Column.EXTRA in self.columns:
            cells[self.columns.index(Column.EXTRA)] = extra
        elif not self._told and (lost := next((each for each in extra if each is not None), None)) is not None:
            self._told = True
            named = ", ".join(map(str, lost)) if isinstance(lost, dict) else "a whole item"
            log.warning("a value is of another type than declared and in no column (%s): add '_extra' to them", named)
        return cells


def layout(items: list[Any], names: Columns | None, model: Any) -> Layout:
    """Return the layout for items that begin with these; all of them, if they are no more than `SAMPLE`.

    `model` is what the items are declared as; a model, or anything else if that is not known. Raises
    ConfigurationError for names that lead nowhere, and for items that have no fields.
    """
    sample = items[:SAMPLE]
    pairs = bool(sample) and isinstance(sample[0], tuple) and len(sample[0]) == 2
    first = [_unpaired(item) for item in sample] if pairs else sample
    if not is_model(model):
        model = next((type(item) for item in first if isinstance(item, Kept)), None)
    if model is None and first and not any(isinstance(item, Mapping) for item in first):
        raise ConfigurationError(f"a table needs models or dicts as items, not {type(first[0]).__name__}")
    # In all of the dicts there is nothing else than in the first ones, if these are all.
    every = columns(model) if model else (*columns_of_dicts(first), *([Column.EXTRA] if items[SAMPLE:] else ()))
    if names is None:
        taken = (Column.SOURCE, *every) if pairs else every
    elif model:
        taken = columns(model, names)
    else:
        taken = chosen(names, lambda name: [_of_dicts(every, name)])
    return Layout(taken, reader(taken, every if Column.EXTRA in taken else (), model, pairs=pairs))


def _of_dicts(every: Iterable[Column], name: str) -> Column:
    """Return the column of dicts that is named; one that the first items do not have may come later."""
    named = (column for column in every if column.name == name)
    return next(named, Column(name, Kind.ANY, False, tuple(map(Step, name.split(".")))))


def declared(items: Items, model: Any) -> Any:
    """Return what the items are declared as, by `model` or by the listing itself; raises ConfigurationError."""
    if model is not None and not is_model(model):
        raise ConfigurationError(f"model={model!r} must be a model, such as soracom_async.models.Sim")
    if isinstance(items, str | bytes | Mapping | Kept) or not isinstance(items, Iterable | AsyncIterable):
        raise ConfigurationError(f"a table needs an iterable of models or dicts, not {type(items).__name__}")
    return model or getattr(items, "item_type", None)


def checked(names: Columns | None, model: Any) -> Columns | None:
    """Return the names of columns, which may come from a generator; raises ConfigurationError for what is none.

    Where the model is known, that is before anything is read.
    """
    found: Columns | None = names
    if isinstance(names, Iterable) and not isinstance(names, str | Mapping):
        found = tuple(names)
    if found is not None and is_model(model):
        columns(model, found)
    return found


class Table(AsyncIterator[list[Any]]):
    """The items of a table, in lists of about `size`; `open` says the columns. What is cancelled loses no item."""

    def __init__(self, items: Items, names: Columns | None, model: Any, size: int) -> None:
        self._given = items
        self._model = declared(items, model)
        self._names = checked(names, self._model)
        self._size = size
        self._iterator: Iterator[Any] = iter(() if isinstance(items, AsyncIterable) else items)
        self._pieces: AsyncIterator[Any] | None = None
        if isinstance(items, AsyncIterable):
            self._pieces = items.by_page() if isinstance(items, Pages) else aiter(items)
        self._read: list[Any] = []
        self._layout: Layout | None = None

    async def open(self) -> Layout:
        """Read the first items and return the layout; raises ConfigurationError, and what the items raise."""
        if self._layout is None:
            await self._fill(self._size)
            if not is_model(self._model) and self._read and isinstance(_unpaired(self._read[0]), Mapping):
                await self._fill(SAMPLE + 1)
            self._layout = layout(self._read, self._names, self._model)
        return self._layout

    async def __anext__(self) -> list[Any]:
        await self._fill(self._size)
        if not self._read:
            raise StopAsyncIteration
        items, self._read = self._read, []
        return items

    async def _fill(self, size: int) -> None:
        """Read until `size` items are there, or all."""
        if self._pieces is None:
            self._read += islice(self._iterator, max(0, size - len(self._read)))
            return
        while len(self._read) < size:
            try:
                piece = await anext(self._pieces)
            except StopAsyncIteration:
                return
            if isinstance(self._given, Pages):
                self._read += piece.items
            else:
                self._read.append(piece)

    async def aclose(self) -> None:
        """Close a generator of items: it was handed over in the call, so nobody else holds it."""
        await close_generator(self._given)


def _unpaired(item: Any) -> Any:
    """Return the item of a (source, item)."""
    return item[1] if isinstance(item, tuple) and len(item) == 2 else item
