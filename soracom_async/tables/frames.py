"""Tables as data frames of pandas and polars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .cells import typed, writable
from .columns import Column, Columns, Kind
from .source import Items, Layout, Table
from .writing import extra, in_thread

if TYPE_CHECKING:
    import pandas
    import polars

ROWS = 8192
"""The rows that are made into a part of a frame at once."""


async def to_pandas(
    items: Items, *, columns: Columns | None = None, model: type[Any] | None = None
) -> pandas.DataFrame:
    """Return items as a data frame of pandas, with the columns of `rows`; pandas has to be installed.

    Each column has the type of its kind, also where all is null: "string", "Int64", "float64", "boolean", times
    "datetime64[us, UTC]", dates "datetime64[us]", lists "object". Raises ConfigurationError, also without pandas, and
    what the items raise.
    """
    pd = extra("pandas", "pandas", "tables.to_pandas")
    types = {
        Kind.INTEGER: "Int64",
        Kind.NUMBER: "float64",
        Kind.BOOLEAN: "boolean",
        Kind.TIME: "datetime64[us, UTC]",
        Kind.DATE: "datetime64[us]",
    }

    def frame(layout: Layout, items: list[Any]) -> Any:
        return pd.DataFrame(
            {
                name: pd.Series(cells, dtype="object" if column.many else types.get(column.kind, "string"))
                for name, column, cells in _cells(layout, items)
            }
        )

    made: pandas.DataFrame
    made = await _joined(items, columns, model, frame, lambda frames: pd.concat(frames, ignore_index=True))
    return made


async def to_polars(
    items: Items, *, columns: Columns | None = None, model: type[Any] | None = None
) -> polars.DataFrame:
    """Return items as a data frame of polars, with the columns of `rows`; polars has to be installed.

    Each column has the type of its kind, also where all is null: times are "Datetime" in UTC with microseconds, lists
    of plain values "List". Raises ConfigurationError, also without polars, and what the items raise.
    """
    pl = extra("polars", "polars", "tables.to_polars")
    types = {
        Kind.INTEGER: pl.Int64,
        Kind.NUMBER: pl.Float64,
        Kind.BOOLEAN: pl.Boolean,
        Kind.TIME: pl.Datetime("us", "UTC"),
        Kind.DATE: pl.Date,
    }

    def type_of(column: Column) -> Any:
        type_ = types.get(column.kind, pl.String)
        return pl.List(type_) if column.many else type_

    def frame(layout: Layout, items: list[Any]) -> Any:
        series = [pl.Series(name, cells, type_of(column)) for name, column, cells in _cells(layout, items)]
        return pl.DataFrame(series)

    made: polars.DataFrame = await _joined(items, columns, model, frame, pl.concat)
    return made


def _cells(layout: Layout, items: list[Any]) -> Iterator[tuple[str, Column, list[Any]]]:
    """Yield the name of each column, the column and its cells; a frame holds no lone surrogates."""
    cells = layout.cells(items) if items else [[] for _ in layout.columns]
    for column, each in zip(layout.columns, cells, strict=True):
        texts = typed(column, each)
        if texts is not each or column.kind is Kind.TEXT:
            texts = [writable(cell) for cell in texts]
        yield writable(column.name), column, texts


async def _joined(
    items: Items,
    columns: Columns | None,
    model: Any,
    frame: Callable[[Layout, list[Any]], Any],
    join: Callable[[list[Any]], Any],
) -> Any:
    """Return the frames of all items as one; that of no items, if there are none."""
    table = Table(items, columns, model, ROWS)
    try:
        layout = await table.open()
        frames = [await in_thread(frame, layout, batch) async for batch in table]
        return await in_thread(join, frames) if frames else frame(layout, [])
    finally:
        await table.aclose()
