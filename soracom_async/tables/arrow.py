"""Tables as Arrow record batches, Arrow tables and Parquet files."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._iteration import SharedIterator
from ..errors import ConfigurationError
from .cells import typed, writable
from .columns import Column, Columns, Kind
from .source import Items, Layout, Table
from .writing import Output, To, extra, in_thread, write

if TYPE_CHECKING:
    import pyarrow  # type: ignore[import-untyped,unused-ignore]

ROWS = 8192
"""The rows of a record batch."""
GROUP = 20_000
"""The least rows of a row group of Parquet, which is in memory at once."""


def _pyarrow(user: str) -> Any:
    return extra("pyarrow", "soracom-async[arrow]", user)


def schema_of(columns: tuple[Column, ...]) -> Any:
    """Return the Arrow schema of columns: it is the same whatever the cells hold."""
    pa = _pyarrow("an Arrow schema")
    types = {
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.TIME: pa.timestamp("us", tz="UTC"),
        Kind.DATE: pa.date32(),
    }
    fields = []
    for column in columns:
        type_ = types.get(column.kind, pa.string())
        fields.append((writable(column.name), pa.list_(type_) if column.many else type_))
    return pa.schema(fields)


class Recorder:
    """Makes items into record batches."""

    def __init__(self, layout: Layout) -> None:
        self._pa = _pyarrow("an Arrow record batch")
        self._layout = layout
        self.schema: Any = schema_of(layout.columns)

    def batch(self, items: list[Any]) -> Any:
        """Return the record batch of items."""
        columns = zip(self._layout.columns, self.schema.types, self._layout.cells(items), strict=True)
        return self._pa.record_batch([self._array(*each) for each in columns], schema=self.schema)

    def table(self, batches: list[Any]) -> Any:
        """Return record batches as one table."""
        return self._pa.Table.from_batches(batches, self.schema)

    def _array(self, column: Column, type_: Any, cells: list[Any]) -> Any:
        cells = typed(column, cells)
        try:
            return self._pa.array(cells, type_)
        except UnicodeEncodeError:
            return self._pa.array([writable(cell) for cell in cells], type_)


async def to_arrow(items: Items, *, columns: Columns | None = None, model: type[Any] | None = None) -> pyarrow.Table:
    """Return items as an Arrow table, with the columns of `rows`; the extra `arrow` brings pyarrow.

    Its schema comes from the model, so that a column has its type also where all is null: times are timestamps in UTC
    with microseconds, dates date32, lists of plain values lists, all JSON text. A date where the API writes either a
    date or a time is its midnight in UTC. Raises ConfigurationError, also without pyarrow, and what the items raise.
    """
    made = batches(items, columns=columns, model=model)
    return (await made.recorder()).table([batch async for batch in made])


def batches(
    items: Items, *, columns: Columns | None = None, model: type[Any] | None = None, size: int = ROWS
) -> RecordBatches:
    """Return an async iterator over Arrow record batches of about `size` rows, made as the items come.

    They are what `to_arrow` puts together, and `await batches.schema()` is the schema of all. Raises what `to_arrow`
    raises.
    """
    _pyarrow("tables.batches")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ConfigurationError(f"size={size!r} must be 1 or more")
    return RecordBatches(Table(items, columns, model, size))


class RecordBatches(SharedIterator["pyarrow.RecordBatch"]):
    """Arrow record batches as they come: `async for batch in tables.batches(items)`."""

    _usage = "'async for batch in tables.batches(items)'"

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table
        self._recorder: Recorder | None = None
        self._under_way: list[Any] = []

    async def schema(self) -> pyarrow.Schema:
        """Return the schema, for which the first items are read."""
        return (await self.recorder()).schema

    async def recorder(self) -> Recorder:
        """Return what makes the batches."""
        if self._recorder is None:
            self._recorder = Recorder(await self._table.open())
        return self._recorder

    async def _refill(self) -> None:
        recorder = await self.recorder()
        if not self._under_way:
            self._under_way = await anext(self._table)
        batch = await in_thread(recorder.batch, self._under_way)
        self._items.append(batch)
        self._under_way = []


async def write_parquet(
    items: Items,
    to: To,
    *,
    columns: Columns | None = None,
    model: type[Any] | None = None,
    compression: str = "zstd",
) -> int:
    """Write items as a Parquet file, with the schema of `to_arrow`, and return how many rows it has.

    `compression` is one that pyarrow knows: zstd, snappy, gzip, none. The rest is as for `write_csv`.
    """
    pa = _pyarrow("tables.write_parquet")
    try:
        known = compression == "none" or pa.Codec.is_available(compression)
    except (ValueError, TypeError, AttributeError):
        known = False
    if not known:
        raise ConfigurationError(f"compression={compression!r} is none that pyarrow has here: try 'snappy' or 'zstd'")
    return await write(items, to, columns, model, lambda file, layout: nullcontext(_Parquet(file, layout, compression)))


class _Parquet:
    """Writes a Parquet file; what waits for its row group to be full is in memory as Arrow has it, which is compact."""

    def __init__(self, file: Output, layout: Layout, compression: str) -> None:
        parquet = import_module("pyarrow.parquet")
        self._recorder = Recorder(layout)
        self._writer = parquet.ParquetWriter(file, self._recorder.schema, compression=compression)
        self._waiting: list[Any] = []

    def write(self, items: list[Any]) -> None:
        self._waiting.append(self._recorder.batch(items))
        if sum(batch.num_rows for batch in self._waiting) >= GROUP:
            self._write_group()

    def _write_group(self) -> None:
        group, self._waiting = self._recorder.table(self._waiting), []
        self._writer.write_table(group, GROUP * 2)

    def finish(self) -> None:
        if self._waiting:
            self._write_group()
        self._writer.close()
