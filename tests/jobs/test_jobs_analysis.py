"""SQL queries as streams of typed rows."""

from __future__ import annotations

import gc
import gzip
import json
import tracemalloc
from datetime import UTC, datetime

import anyio
import httpx
import pytest

from soracom_async import (
    BadRequest,
    ConfigurationError,
    DecodeError,
    Soracom,
    TransportError,
)
from soracom_async.emulator import JumpingClock
from soracom_async.jobs import Column, JobFailed, JobTimeout

pytestmark = pytest.mark.anyio

SQL = "SELECT SIM_ID, ONLINE, CREATED_TIME FROM SIM_SNAPSHOTS ORDER BY SIM_ID"


async def test_rows_have_the_types_of_their_columns(soracom, emulator, hours_ago):
    """Texts, numbers, truths and times; the schema names them."""
    analysis = soracom.jobs.analysis(SQL, from_=hours_ago(24), to=hours_ago(0))
    assert emulator.requests == 0
    rows = [row async for row in analysis]
    sims = await soracom.sims.list().collect()
    assert [row["SIM_ID"] for row in rows] == [sim.sim_id for sim in sims]
    assert [row["CREATED_TIME"] for row in rows] == [sim.created_time for sim in sims]
    assert {type(row["ONLINE"]) for row in rows} == {bool}
    assert list(analysis.columns) == list(rows[0]) == ["SIM_ID", "ONLINE", "CREATED_TIME"]
    assert analysis.schema[1:] == (Column("ONLINE", "bool", "BOOLEAN"), Column("CREATED_TIME", "Time", "TIMESTAMP_TZ"))
    assert "COMPLETED" in repr(analysis)
    numbers = await soracom.jobs.analysis("SELECT 1 AS A, 1.5 AS B, 'x' AS C, NULL AS D").collect()
    assert numbers == [{"A": 1, "B": 1.5, "C": "x", "D": None}]


async def test_a_query_is_started_once(soracom, emulator):
    """Each loop reads the same result; another one begins with a new URL, if that is old."""
    analysis = soracom.jobs.analysis(SQL)
    with pytest.raises(ConfigurationError, match="'await analysis.wait\\(\\)' first, or read a row"):
        _ = analysis.schema
    job = await analysis.wait()
    assert len(analysis.schema) == 3
    assert analysis.job is job
    first = await analysis.collect()
    emulator.advance(7200)
    assert await analysis.collect() == first
    assert emulator.counts["startAnalysisQueries"] == 1


async def test_several_tasks_share_a_loop(soracom, emulator):
    """Each row goes to one of them; loops of their own have all rows, of one query."""
    rows = aiter(soracom.jobs.analysis(SQL))
    seen = []

    async def read():
        seen.extend([row["SIM_ID"] async for row in rows])

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(read)
    assert len(seen) == len(set(seen)) == 20
    analysis, counts = soracom.jobs.analysis(SQL), []

    async def collect():
        counts.append(len(await analysis.collect()))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(collect)
    assert counts == [20] * 3
    assert emulator.counts["startAnalysisQueries"] == 2


@pytest.mark.parametrize("in_memory", [1, 1_000_000])
async def test_a_loop_that_is_left_early(soracom, monkeypatch, in_memory):
    """It leaves nothing open, neither a connection nor a file, whether the result lay in memory or not."""
    monkeypatch.setattr("soracom_async.jobs.analysis.IN_MEMORY", in_memory)
    monkeypatch.setattr("soracom_async.jobs.analysis.BATCH", 3)
    analysis = soracom.jobs.analysis(SQL)
    async for row in analysis:
        assert row["SIM_ID"]
        break
    gc.collect()  # warnings are errors
    assert len(await analysis.collect()) == 20


async def test_an_sql_error(soracom):
    """It is raised by the loop, with the service's code."""
    with pytest.raises(BadRequest) as caught:
        async for _ in soracom.jobs.analysis("SELECT FROM"):
            pass
    assert caught.value.code == "ANA0005"
    with pytest.raises(ConfigurationError, match="has no time zone"):
        await soracom.jobs.analysis(SQL, from_=datetime(2025, 1, 1)).collect()


async def test_a_query_that_fails_or_takes_too_long(soracom, emulator):
    """As for any job."""
    with emulator.fault("job-state", state="RUNNING"):
        analysis = soracom.jobs.analysis(SQL, timeout=60)
        with pytest.raises(JobTimeout, match="is RUNNING after 60 s"):
            await analysis.collect()
    assert len(await analysis.collect()) == 20
    with emulator.fault("job-state", state="FAILED"), pytest.raises(JobFailed):
        await soracom.jobs.analysis(SQL).collect()


def test_it_is_not_for_a_plain_loop(emulator):
    """The error says how to write it."""
    soracom = Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock)
    with pytest.raises(TypeError, match="write 'async for row in analysis'"):
        list(soracom.jobs.analysis(SQL))


# Results that the emulator does not have


def serving(content, *columns):
    """Return a transport that answers a query with a file and its columns: a name and a type, or anything."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.test":
            return httpx.Response(200, content=content)
        if request.url.path.endswith("/auth"):
            return httpx.Response(200, json={"apiKey": "k", "token": "t", "operatorId": "OP1"})
        info = [dict(zip(("name", "type"), each, strict=True)) if isinstance(each, tuple) else each for each in columns]
        done = {"status": "COMPLETED", "url": "http://storage.test/rows", "columnInfo": info or None}
        return httpx.Response(200, json={"queryId": "q"} if request.method == "POST" else done)

    return httpx.MockTransport(answer)


async def test_a_file_that_does_not_come(soracom, emulator):
    """The error is that of the download; the loop can begin again."""
    analysis = soracom.jobs.analysis(SQL)
    await analysis.wait()

    async def broken(path):
        raise TransportError("cut off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("soracom_async.files.downloads.Download._refill", broken)
        with pytest.raises(TransportError, match="cut off"):
            await analysis.collect()
    gc.collect()
    assert len(await analysis.collect()) == 20


async def rows_of(content, *columns):
    transport = serving(content, *columns)
    from soracom_async import AuthKey

    clock = JumpingClock()
    settings = {"endpoint": "http://localhost", "transport": transport, "clock": clock}
    async with Soracom(AuthKey("keyId-1", "secret-1"), **settings) as soracom:
        return await soracom.jobs.analysis("SELECT 1").collect()


TIME = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("type_", "came", "read"),
    [
        ("int64", 5.0, 5),
        ("int64", "12345678901234567890", 12345678901234567890),
        ("int64", 5.5, 5.5),
        ("int64", "many", "many"),
        ("float64", 5, 5.0),
        ("float64", "1e3", 1000.0),
        ("float64", "none", "none"),
        ("float64", [1], [1]),
        ("float64", True, True),
        ("bool", 1, True),
        ("bool", 0, False),
        ("bool", "TRUE", True),
        ("bool", "perhaps", "perhaps"),
        ("Time", "2026-01-02T03:04:05.678Z", TIME),
        ("Time", "2026-01-02 03:04:05.678 Z", TIME),
        ("Time", "2026-01-02 12:04:05.678 +0900", TIME),
        ("Time", 1767323045678, TIME),
        ("Time", "yesterday", "yesterday"),
        ("string", 5, 5),
        ("Variant", {"a": [1]}, {"a": [1]}),
        ("int64", None, None),
    ],
)
async def test_values_of_each_type(type_, came, read):
    """What cannot be read as its type stays as it came."""
    (row,) = await rows_of(gzip.compress(json.dumps({"A": came}).encode() + b"\n"), ("A", type_))
    assert row == {"A": read}
    assert type(row["A"]) is type(read)


async def test_columns_that_are_none():
    """What the service says in the place of columns does not cost the rows."""
    columns = (None, "A", 5, {}, (None, "int64"), ("B", []), ("A", "int64"))
    assert await rows_of(b'{"A": "1", "B": "2"}', *columns) == [{"A": 1, "B": "2"}]


async def test_files_of_all_sorts():
    """Compressed in several members, not compressed, empty, without columns."""
    one, two = b'{"A": 1}\n', b'{"A": 2}'
    for content in (gzip.compress(one) + gzip.compress(two), one + two):
        assert await rows_of(content) == [{"A": 1}, {"A": 2}]
    for content in (b"", gzip.compress(b"")):
        assert await rows_of(content, ("A", "int64")) == []


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b'{"A": 1}\n' * 9, mtime=0)[:-9], b"\x1f\x8bnothing", b"[1]\n", b"<html>", b'{"A": "\xff"}'],
    ids=["cut", "no gzip", "no object", "no JSON", "no UTF-8"],
)
async def test_files_that_cannot_be_read(content):
    """The error says so; it shows nothing of the file."""
    with pytest.raises(DecodeError, match=r"the result of the query cannot be read: \w+$"):
        await rows_of(content)


async def test_memory_stays_flat():
    """However many rows there are, few are held."""
    line = json.dumps({"N": 1, "TEXT": "x" * 200}).encode() + b"\n"
    transport = serving(gzip.compress(line * 50_000), ("N", "int64"))
    from soracom_async import AuthKey

    settings = {"endpoint": "http://localhost", "transport": transport, "clock": JumpingClock()}
    async with Soracom(AuthKey("keyId-1", "secret-1"), **settings) as soracom:
        analysis = soracom.jobs.analysis("SELECT 1")
        await anext(aiter(analysis))
        tracemalloc.start()
        count = 0
        async for row in analysis:
            count += row["N"]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 5_000_000
