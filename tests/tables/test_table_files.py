"""Tables as CSV and JSON lines, and that any file is whole or not there: `soracom_async.tables`."""

import csv
import errno
import gc
import io
import json
import os
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import anyio
import pytest
from extras import needs
from hypothesis import given, settings
from hypothesis import strategies as st
from things import THINGS, Part, Thing, bare, thing

from soracom_async import ConfigurationError, ServerError, Soracom, models, structure, tables, unstructure
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

WRITERS = [
    tables.write_csv,
    tables.write_jsonl,
    pytest.param(tables.write_excel, marks=needs("xlsxwriter")),
    pytest.param(tables.write_parquet, marks=needs("pyarrow")),
]
every_writer = pytest.mark.parametrize("write", WRITERS)


async def written(write, items, **options):
    """Return the bytes that are written."""
    file = io.BytesIO()
    await write(items, file, **options)
    return file.getvalue()


async def csv_of(items, *, encoding="utf-8", **options):
    return (await written(tables.write_csv, items, encoding=encoding, **options)).decode(encoding)


# CSV


async def test_csv():
    """As RFC 4180 has it: lines end in CRLF, quotes where they are needed."""
    text = await csv_of([thing(tags={"a": 'x"y'}), bare("n\nm")])
    header, first, *second = text.split("\r\n")
    assert header.split(",")[:3] == ["thing_id", "status", "count"]
    assert first == (
        "a,active,3,0.5,true,2024-05-01T03:00:00.123000+00:00,2024-05-01,2024-05-02,2024-05-03,false,"
        '1970-01-01T00:00:00+00:00,"[""x"",""y,z""]","[{""online"":true}]",'
        '"{""k.1"":{""online"":true,""seenAt"":5}}","{""a"":""x\\""y""}","[1,{""b"":null}]",true,'
        '"{""thingId"":""b""}","[""2024-05-01T00:00:00+00:00""]",=1+1,'
    )
    assert second == ['"n\nm"' + "," * 20, ""]


async def test_times_of_csv_in_a_zone():
    """With its offset; dates are those of the calendar."""
    for zone in ("Asia/Tokyo", timezone(timedelta(hours=9))):
        text = await csv_of([thing()], columns=["created", "month", "times"], zone=zone)
        assert text.splitlines()[1] == '2024-05-01T12:00:00.123000+09:00,2024-05-01,"[""2024-05-01T09:00:00+09:00""]"'
    for zone in ("Asia/Edo", "", "../x", 9):
        with pytest.raises(ConfigurationError, match="is not known here"):
            await csv_of([thing()], zone=zone)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "euc-jp"])
async def test_encodings_of_csv(encoding):
    """One byte order mark at most, however many batches there are."""
    items = [bare(f"東京{i}") for i in range(2500)]
    content = await written(tables.write_csv, items, columns=["thing_id"], encoding=encoding)
    assert content.decode(encoding).split("\r\n") == ["thing_id", *(item.thing_id for item in items), ""]
    assert content.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")


async def test_a_character_that_the_encoding_lacks(tmp_path):
    """The error says which, and where; no file is there."""
    items = [bare(str(i)) for i in range(1500)] + [bare("x", tags={"name": "東😀"})]
    with pytest.raises(ConfigurationError, match=r"cp932 has no '😀' \(row 1501, column tags.name\).*utf-8-sig"):
        await tables.write_csv(items, tmp_path / "a.csv", encoding="cp932", columns=["thing_id", "tags.name"])
    with pytest.raises(ConfigurationError, match=r"has no 'é' \(row 0, column é\)"):
        await tables.write_csv([{"é": 1}], tmp_path / "a.csv", encoding="ascii")
    for encoding in ("utf-9", "base64", 5):
        with pytest.raises(ConfigurationError, match="is no encoding of text"):
            await tables.write_csv(items, tmp_path / "a.csv", encoding=encoding)
    assert list(tmp_path.iterdir()) == []


async def test_what_a_spreadsheet_takes_for_a_formula():
    """Text is written as it is, or, if asked for, behind an apostrophe; numbers are numbers."""
    items = [
        {"a": each, "n": -1, "m": 1 if each == "=1" else each} for each in ("=1", "+81", "-x", "@y", "\t", "a=", None)
    ]
    safe = list(csv.reader(io.StringIO(await csv_of(items, safe=True), newline="")))
    assert [row[0] for row in safe[1:]] == ["'=1", "'+81", "'-x", "'@y", "'\t", "a=", ""]
    assert {row[1] for row in safe[1:]} == {"-1"}
    assert [row[2] for row in safe[1:3]] == ["1", "'+81"]
    plain = list(csv.reader(io.StringIO(await csv_of(items), newline="")))
    assert [row[0] for row in plain[1:]] == [item["a"] or "" for item in items]


@settings(deadline=None, max_examples=30)
@given(wires=st.lists(THINGS, max_size=3))
def test_csv_of_anything_is_read_back(wires):
    """By the reader of Python: the cells are those of the rows, as text."""
    items = [structure(wire, Thing) for wire in wires]
    text = anyio.run(lambda: csv_of(items, model=Thing))
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    for row, item in zip(read, tables.rows(items), strict=True):
        for name in ("thing_id", "tags", "free", "odd", "_extra"):
            assert row[name] == (item[name] or "")


async def test_lone_surrogates():
    """What no file can hold is written as JSON writes it."""
    item = bare("a\ud800b", tags={"\udfff": "x"}, more="\ud800")
    row = next(csv.DictReader(io.StringIO(await csv_of([item]), newline="")))
    assert row["thing_id"] == "a\\ud800b"
    assert (json.loads(row["tags"]), json.loads(row["_extra"])) == ({"\udfff": "x"}, {"more": "\ud800"})
    assert json.loads(await written(tables.write_jsonl, [item])) == unstructure(item)


# JSON lines


async def test_a_time_that_json_cannot_have(tmp_path):
    """The API's JSON is in UTC, which has no such year."""
    early = {"at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        await tables.write_jsonl([early], tmp_path / "a.jsonl")


async def test_json_lines_lose_nothing():
    """Each is the wire JSON of an item: unusual times, nulls, unknown fields and values of other types among it."""
    wires = [
        {"thingId": "a", "created": "2024-05-01T03:00:00:123Z", "count": None, "status": [1], "x": {"y": 1}},
        {"thingId": "b", "part": {}, "ODD": "\u2028"},
    ]
    content = await written(tables.write_jsonl, [structure(wire, Thing) for wire in wires])
    assert [json.loads(line) for line in content.decode().split("\n")[:-1]] == wires


async def test_json_lines_of_other_items():
    """Dicts as they are, items of a source with it, and chosen columns with their values."""
    assert await written(tables.write_jsonl, [{"a": [1, {"b": None}], "t": datetime(2024, 5, 1, tzinfo=UTC)}]) == (
        b'{"a":[1,{"b":null}],"t":"2024-05-01T00:00:00.000Z"}\n'
    )
    assert await written(tables.write_jsonl, [("g", bare())]) == b'{"source":"g","item":{"thingId":"n"}}\n'
    chosen = ["created", "month", "tags", "times", "part.names", "free", "count"]
    assert json.loads(await written(tables.write_jsonl, [thing()], columns=chosen)) == {
        "created": "2024-05-01T03:00:00.123000+00:00",
        "month": "2024-05-01",
        "tags": {"name": "東京", "a.b": "c"},
        "times": ["2024-05-01T00:00:00+00:00"],
        "part.names": ["x", "y,z"],
        "free": [1, {"b": None}],
        "count": 3,
    }
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        await written(tables.write_jsonl, [{"a": object()}])


# Any file


@every_writer
async def test_a_listing_becomes_a_file(write, tmp_path):
    """It has its name once it is whole, and what stood there is replaced; the number of rows is returned."""
    emulator = Emulator(sims=1100, rate_limit=10**6)
    (tmp_path / "fleet").write_bytes(b"old")
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        assert await write(soracom.sims.list(limit=100), tmp_path / "fleet") == 1100
    assert [each.name for each in tmp_path.iterdir()] == ["fleet"]
    assert (tmp_path / "fleet").stat().st_size > 10_000


@every_writer
async def test_no_items(write, tmp_path):
    """A listing says its model, and `model` of anything else: the columns are there."""
    emulator = Emulator(sims=0, groups=0, rate_limit=10**6)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        assert await write(soracom.sims.list(), str(tmp_path / "a")) == 0
    assert await write([], tmp_path / "b", model=models.Sim) == 0
    assert await write([], tmp_path / "c") == 0
    if write is tables.write_csv:
        header = ",".join(column.name for column in tables.columns(models.Sim)) + "\r\n"
        assert (tmp_path / "a").read_bytes().decode() == (tmp_path / "b").read_bytes().decode() == header
        assert (tmp_path / "c").read_bytes() == b""


async def fails(error, count=1500):
    for i in range(count):
        yield bare(str(i))
    raise error


@every_writer
@pytest.mark.parametrize("error", [ServerError("no", status=500), ZeroDivisionError(), OSError("of the source")])
async def test_an_error_of_the_source_leaves_no_file(write, error, tmp_path):
    """It is raised as it is, whether it comes first or later."""
    for count in (0, 1500):
        with pytest.raises(type(error)) as raised:
            await write(fails(error, count), tmp_path / "a")
        assert raised.value is error
    assert not isinstance(error, OSError) or error.filename is None
    assert list(tmp_path.iterdir()) == []


@every_writer
async def test_a_cancellation_leaves_no_file(write, tmp_path):
    """Whatever is under way ends first; the source is closed."""
    closed = []

    async def endless():
        try:
            while True:
                yield bare()
                if scope.cancel_called:
                    await anyio.lowlevel.checkpoint()
                seen.append(1)
                if len(seen) == 2500:
                    scope.cancel()
        finally:
            closed.append(1)

    seen = []
    with anyio.CancelScope() as scope:
        await write(endless(), tmp_path / "a")
    assert scope.cancelled_caught
    assert closed == [1]
    assert list(tmp_path.iterdir()) == []


@every_writer
@pytest.mark.parametrize("count", [1, 5000])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
async def test_a_full_disk(write, count, tmp_path):
    """The error names the file, and the device stays what it is."""
    for path in ("/dev/full", tmp_path / "link"):
        if path != "/dev/full":
            path.symlink_to("/dev/full")
        with pytest.raises(OSError, match=f"No space left on device: '{path}'") as raised:
            await write((bare(str(i), tags={"a": os.urandom(100).hex()}) for i in range(count)), path)
        assert raised.value.errno == errno.ENOSPC
    assert not os.path.isfile("/dev/full")  # noqa: ASYNC240


class SmallDisk(io.BytesIO):
    """A file on a disk that is full after some bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def write(self, data):
        if self.tell() + len(data) > self.size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@every_writer
@pytest.mark.parametrize("size", [0, 50_000])
async def test_a_disk_that_becomes_full(write, size):
    """The error is all that is heard of it: what writes the end of a format says nothing when it is collected."""
    sims = (bare(str(i), tags={"a": os.urandom(100).hex()}) for i in range(5000))
    with pytest.raises(OSError, match="No space left"):
        await write(sims, SmallDisk(size))
    gc.collect()


@every_writer
async def test_a_broken_pipe(write):
    """Whoever read from it is gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as file, pytest.raises(BrokenPipeError):
        await write([thing()] * 100, file)


@every_writer
async def test_a_pipe(write):
    """What cannot be sought in takes every format."""
    reading, writing = os.pipe()
    content = []

    def read():
        with open(reading, "rb") as file:
            content.append(file.read())

    thread = threading.Thread(target=read)
    thread.start()
    with os.fdopen(writing, "wb") as file:
        assert await write([thing()] * 3, file) == 3
    thread.join()
    assert len(content[0]) > 100


@every_writer
async def test_where_no_file_can_be(write, tmp_path):
    """A missing directory, a directory, a file for text: a clear error before anything is read."""
    read = []

    def items():
        read.append(1)
        yield thing()

    with pytest.raises(FileNotFoundError, match="none"):
        await write(items(), tmp_path / "none" / "a")
    with pytest.raises(IsADirectoryError, match="is a directory: name a file in it"):
        await write(items(), tmp_path)
    for file in (io.StringIO(), 5, None):
        with pytest.raises(ConfigurationError, match="a file opened for bytes"):
            await write(items(), file)
    assert read == []


@every_writer
async def test_wrong_arguments(write, tmp_path):
    """What is no table, no column, no model: nothing is left."""
    with pytest.raises(ConfigurationError, match="no column 'nam'"):
        await write([thing()], tmp_path / "a", columns=["nam"])
    with pytest.raises(ConfigurationError, match="needs an iterable"):
        await write(thing(), tmp_path / "a")
    with pytest.raises(ConfigurationError, match="must be a model"):
        await write([], tmp_path / "a", model=dict)
    with pytest.raises(ConfigurationError, match="models or dicts as items, not int"):
        await write([1], tmp_path / "a")
    if write is not tables.write_jsonl:
        with pytest.raises(ConfigurationError, match="make a table of each kind"):
            await write([thing()] * 1500 + [Part()], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@every_writer
async def test_the_event_loop_goes_on(write, tmp_path):
    """While a table is written, others have their turn."""
    turns = []

    async def others():
        while True:
            turns.append(1)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(others)
        await write([thing()] * 2100, tmp_path / "a")
        group.cancel_scope.cancel()
    assert len(turns) >= 3


@every_writer
async def test_wrong_columns_of_a_listing_are_told_before_it_is_read(write, tmp_path):
    """Nothing is sent; names may come from a generator."""
    emulator = Emulator(sims=5, rate_limit=10**6)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        for columns in (["simId"], "sim_id", [], 5):
            with pytest.raises(ConfigurationError, match="column"):
                await write(soracom.sims.list(), tmp_path / "a", columns=columns)
        assert emulator.counts["listSims"] == 0
        assert await write(soracom.sims.list(), tmp_path / "a", columns=(name for name in ["sim_id", "tags.name"])) == 5
    assert list(tables.rows([bare()], columns=iter(["thing_id"]))) == [{"thing_id": "n"}]


@pytest.mark.parametrize(
    ("call", "package", "extra"),
    [
        (lambda path: tables.write_excel([], path), "xlsxwriter", r"soracom-async\[excel\]"),
        (lambda path: tables.write_parquet([], path), "pyarrow", r"soracom-async\[arrow\]"),
        (lambda _: tables.to_arrow([]), "pyarrow", r"soracom-async\[arrow\]"),
        (lambda _: tables.to_pandas([]), "pandas", "pandas"),
        (lambda _: tables.to_polars([]), "polars", "polars"),
    ],
)
async def test_a_library_that_is_missing(call, package, extra, tmp_path, monkeypatch):
    """The error says how to install it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=rf"needs {package}: pip install '{extra}'"):
        await call(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_batches_need_their_library(monkeypatch):
    """Before anything is read."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"tables.batches needs pyarrow"):
        tables.batches([])
