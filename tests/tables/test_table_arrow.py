"""Tables as Arrow tables, record batches and Parquet files: `soracom_async.tables`."""

import asyncio
import io
import json
import threading
from datetime import UTC, date, datetime, timedelta, timezone

import anyio
import pytest
from extras import needs
from hypothesis import given, settings
from hypothesis import strategies as st
from things import THINGS, Thing, bare, thing

from soracom_async import ConfigurationError, Soracom, models, structure, tables
from soracom_async.emulator import Emulator
from soracom_async.tables import arrow

pytestmark = [pytest.mark.anyio, needs("pyarrow")]

TYPES = {
    "thing_id": "string",
    "status": "string",
    "count": "int64",
    "share": "double",
    "ready": "bool",
    "created": "timestamp[us, tz=UTC]",
    "month": "date32[day]",
    "birthday": "date32[day]",
    "since": "timestamp[us, tz=UTC]",
    "part.online": "bool",
    "part.seen_at": "timestamp[us, tz=UTC]",
    "part.names": "list<item: string>",
    **dict.fromkeys(["parts", "by_name", "tags", "free", "mixed", "whole"], "string"),
    "times": "list<item: timestamp[us, tz=UTC]>",
    "odd": "string",
    "_extra": "string",
}


def types(schema):
    return {field.name: str(field.type) for field in schema}


async def test_the_schema_comes_from_the_model():
    """It is the same whether there are values, nulls alone, or no items."""
    for items in ([thing()], [bare()], []):
        assert types((await tables.to_arrow(items, model=Thing)).schema) == TYPES
    chosen = (await tables.to_arrow([], model=models.Sim, columns={"sim_id": str, "local_info.temp": float})).schema
    assert types(chosen) == {"sim_id": "string", "local_info.temp": "double"}


async def test_the_cells_are_those_of_rows():
    """A date where a time may stand is its midnight in UTC."""
    [row] = (await tables.to_arrow([thing()])).to_pylist()
    [expected] = tables.rows([thing()])
    assert row == expected | {"since": datetime(2024, 5, 3, tzinfo=UTC)}
    made = Thing(thing_id="x", times=[date(2024, 5, 3), None])
    assert (await tables.to_arrow([made])).to_pylist()[0]["times"] == [datetime(2024, 5, 3, tzinfo=UTC), None]


@settings(deadline=None, max_examples=50)
@given(wires=st.lists(THINGS, max_size=3))
def test_whatever_comes_has_the_declared_types(wires):
    """A value of another type is null, and in `_extra`; nothing fails."""
    items = [structure(wire, Thing) for wire in wires]
    made = anyio.run(lambda: tables.to_arrow(items, model=Thing))
    assert types(made.schema) == TYPES
    for row, expected in zip(made.to_pylist(), tables.rows(items), strict=True):
        assert json.loads(row["_extra"] or "null") == json.loads(expected["_extra"] or "null")
        assert {name: cell is None for name, cell in row.items()} == {
            name: each is None for name, each in expected.items()
        }


async def test_lone_surrogates():
    """No file can hold them: they are escapes, in lists and in JSON too."""
    [row] = (await tables.to_arrow([bare("a\ud800", part={"names": ["\udfff", None]}, more="\ud801")])).to_pylist()
    assert (row["thing_id"], row["part.names"]) == ("a\\ud800", ["\\udfff", None])
    assert json.loads(row["_extra"]) == {"more": "\ud801"}
    assert (await tables.to_arrow([{"\ud800": 1}])).to_pylist() == [{"\\ud800": 1}]


async def test_a_time_that_utc_does_not_have():
    """A zone may have the first hours of the calendar, and UTC not."""
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    with pytest.raises(ConfigurationError, match=r"the time 0001-01-01T00:00:00\+14:00 is in no year of UTC"):
        await tables.to_arrow([{"at": early}])


async def test_dicts():
    """Columns have the types of the first ones."""
    table = await tables.to_arrow(
        [{"a": 1, "b": {"c": 1.5}, "t": datetime(2024, 5, 1, tzinfo=UTC)}, {"a": None, "d": None}]
    )
    assert types(table.schema) == {"a": "int64", "b.c": "double", "t": "timestamp[us, tz=UTC]", "d": "string"}
    assert table.num_rows == 2
    assert (await tables.to_arrow([])).num_columns == 0


async def test_batches_come_as_the_items_do():
    """Of about the size that is asked for; their schema is known before."""
    emulator = Emulator(sims=250, rate_limit=10**6)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        batches = tables.batches(soracom.sims.list(limit=10), size=100)
        schema = await batches.schema()
        assert emulator.counts["listSims"] == 10
        first = await anext(batches)
        assert (first.num_rows, emulator.counts["listSims"]) == (100, 10)
        sizes = [batch.num_rows async for batch in batches]
    assert sizes == [100, 50]
    assert first.schema == schema
    assert types(schema)["sim_id"] == "string"


class Slow:
    """Items that come one by one; a cancellation takes none."""

    def __init__(self, count):
        self.left = [bare(str(i)) for i in range(count)]

    def __aiter__(self):
        return self

    async def __anext__(self):
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


async def test_what_is_cancelled_loses_nothing():
    """Whoever asks next gets it: of batches, and of rows."""
    for made in (tables.batches(Slow(30), size=10), tables.rows(Slow(30))):
        got = []

        async def take(scope, made=made, got=got):
            with scope:
                async for each in made:
                    got.extend([each["thing_id"]] if isinstance(each, dict) else each.column(0).to_pylist())

        for turns in (1, 2, 5, 11, 12, 13, 20, 1000):
            scope = anyio.CancelScope()
            async with anyio.create_task_group() as group:
                group.start_soon(take, scope)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
        async with anyio.create_task_group() as group:
            group.start_soon(take, anyio.CancelScope())
        assert got == [str(i) for i in range(30)]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_is_cancelled_while_a_batch_is_made(monkeypatch):
    """The batch is made anew for whoever asks next: `task.cancel()` of asyncio knows no shield."""
    begun, goes_on = threading.Event(), threading.Event()
    make = arrow.Recorder.batch

    def slowly(recorder, items):
        begun.set()
        goes_on.wait(30)
        return make(recorder, items)

    monkeypatch.setattr(arrow.Recorder, "batch", slowly)
    batches = tables.batches([bare("a"), bare("b")], size=1)
    task = asyncio.ensure_future(anext(batches))
    await anyio.to_thread.run_sync(begun.wait, 30)
    task.cancel()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [batch.column(0).to_pylist() async for batch in batches] == [["a"], ["b"]]


@pytest.mark.parametrize("size", [0, -1, True, "10"])
async def test_a_wrong_size(size):
    """It is refused."""
    with pytest.raises(ConfigurationError, match="must be 1 or more"):
        tables.batches([], size=size)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
async def test_parquet(compression, tmp_path):
    """What pyarrow reads back is what `to_arrow` gives; a row group has a bounded size."""
    from pyarrow import parquet

    items = [thing(), bare(), thing(count="x", more={"a": 1})]
    assert await tables.write_parquet(items, tmp_path / "a.parquet", compression=compression) == 3
    assert parquet.read_table(tmp_path / "a.parquet").equals(await tables.to_arrow(items))
    file = io.BytesIO()
    assert await tables.write_parquet(({"a": i} for i in range(70_000)), file, columns={"a": int}) == 70_000
    metadata = parquet.read_metadata(file)
    *sizes, rest = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sum(sizes) + rest == 70_000
    assert all(20_000 <= size <= 22_000 for size in sizes)
    assert len(sizes) == 3


@pytest.mark.parametrize("compression", ["zip", "", 5, None])
async def test_a_wrong_compression(compression, tmp_path):
    """The error names it."""
    with pytest.raises(ConfigurationError, match=f"compression={compression!r} is none that pyarrow has"):
        await tables.write_parquet([], tmp_path / "a", compression=compression)
    assert list(tmp_path.iterdir()) == []
