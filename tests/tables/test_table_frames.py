"""Tables as data frames: `soracom_async.tables.to_pandas` and `to_polars`."""

from datetime import UTC, date, datetime

import pytest
from extras import needs
from things import Thing, bare, thing

from soracom_async import Soracom, tables
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

TIME = datetime(2024, 5, 1, 3, 0, 0, 123000, tzinfo=UTC)
TYPES = {
    "string": ["thing_id", "status", "parts", "by_name", "tags", "free", "mixed", "whole", "odd", "_extra"],
    "Int64": ["count"],
    "float64": ["share"],
    "boolean": ["ready", "part.online"],
    "datetime64[us, UTC]": ["created", "since", "part.seen_at"],
    "datetime64[us]": ["month", "birthday"],
    "object": ["part.names", "times"],
}


@needs("pandas")
@pytest.mark.parametrize("items", [[thing()], [bare(), bare()], []])
async def test_pandas(items):
    """Each column has its type, also where all is null."""
    frame = await tables.to_pandas(items, model=Thing)
    assert len(frame) == len(items)
    assert {name: str(type_) for name, type_ in frame.dtypes.items()} == {
        name: type_ for type_, names in TYPES.items() for name in names
    }
    if items == [thing()]:
        assert frame["created"][0].to_pydatetime() == TIME
        assert (frame["count"][0], frame["part.names"][0], frame["month"][0].date()) == (
            3,
            ["x", "y,z"],
            date(2024, 5, 1),
        )
    elif items:
        assert frame["count"].isna().all()
        assert list(frame.index) == [0, 1]


@needs("polars")
@pytest.mark.parametrize("items", [[thing()], [bare(), bare()], []])
async def test_polars(items):
    """Each column has its type, also where all is null."""
    import polars as pl

    frame = await tables.to_polars(items, model=Thing)
    assert frame.height == len(items)
    time = pl.Datetime("us", "UTC")
    types = {
        "string": pl.String,
        "Int64": pl.Int64,
        "float64": pl.Float64,
        "boolean": pl.Boolean,
        "datetime64[us, UTC]": time,
        "datetime64[us]": pl.Date,
    }
    assert frame.schema == pl.Schema(
        {
            column.name: {"part.names": pl.List(pl.String), "times": pl.List(time)}.get(column.name)
            or types[next(type_ for type_, names in TYPES.items() if column.name in names)]
            for column in tables.columns(Thing)
        }
    )
    if items == [thing()]:
        [row] = frame.to_dicts()
        [expected] = tables.rows(items)
        assert row == expected | {"since": datetime(2024, 5, 3, tzinfo=UTC)}


@pytest.mark.parametrize(
    "frame",
    [pytest.param(tables.to_pandas, marks=needs("pandas")), pytest.param(tables.to_polars, marks=needs("polars"))],
)
async def test_a_listing_as_a_frame(frame):
    """However many batches it takes; text that no frame can hold is escaped."""
    emulator = Emulator(sims=9000, rate_limit=10**6)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        made = await frame(soracom.sims.list(limit=1000), columns=["sim_id", "session_status.online"])
    assert made.shape == (9000, 2)
    assert len(set(made["sim_id"])) == 9000
    made = await frame([bare("\ud800", free="\udfff", tags={"a": "\ud801"})])
    assert [made[name][0] for name in ("thing_id", "free", "tags")] == ["\\ud800", "\\udfff", '{"a":"\\ud801"}']
    assert list((await frame([{"\ud800": 1}])).columns) == ["\\ud800"]
