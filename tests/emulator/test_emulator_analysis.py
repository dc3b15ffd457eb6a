from __future__ import annotations

import gzip
import json
import re

import pytest
from plain import refused

from soracom_async import BadRequest, NotFound
from soracom_async.emulator.domain import queries
from soracom_async.emulator.domain.harvest import add_entry
from soracom_async.emulator.state.sims import sim_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def ask(emulator, soracom):
    """Run a query to its end; return what is said of it, and its rows."""

    async def ask(sql, **period):
        query = await soracom.analysis.queries.start(sql=sql, **period)
        emulator.advance(6)
        done = await soracom.analysis.queries.get(query.query_id)
        async with soracom.stream(done.url) as answer:
            content = await answer.read()
        lines = gzip.decompress(content)
        assert (done.file_size, done.uncompressed_file_size) == (len(content), len(lines))
        rows = [json.loads(line) for line in lines.splitlines()]
        assert done.row_count == len(rows)
        return done, rows

    return ask


async def test_schemas(soracom):
    """The tables are described with types for the database and for programs."""
    found = {
        table.name: {column.name: column for column in table.column_info} for table in await soracom.analysis.schemas()
    }
    assert list(found) == [
        *("SIM_SNAPSHOTS", "SIM_SESSION_EVENTS", "AIR_STATS", "BILLING", "HARVEST_DATA", "HARVEST_FILES")
    ]
    online = found["SIM_SNAPSHOTS"]["ONLINE"]
    assert (online.database_type, online.type) == ("BOOLEAN", "bool")
    assert online.description
    assert found["SIM_SESSION_EVENTS"]["APN"].type == "string"


async def test_a_query_takes_its_time(emulator, soracom):
    """It starts, runs, exports and is completed; only then there is a result."""
    query = await soracom.analysis.queries.start(sql="select count(*) n from SIM_SNAPSHOTS")
    seen = []
    for _ in range(7):
        found = await soracom.analysis.queries.get(query.query_id)
        seen.append(found.status)
        assert (found.url is None) is (found.status != "COMPLETED")
        assert found.used_exec_count == 1
        emulator.advance(1)
    assert seen == ["STARTING", "RUNNING", "RUNNING", "RUNNING", "EXPORTING", "EXPORTING", "COMPLETED"]
    assert (found.sql_exec_time, found.sql_export_time) == (3, 2)
    with pytest.raises(NotFound):
        await soracom.analysis.queries.get("none")


async def test_the_result(emulator, soracom, ask):
    """The rows are what the operator's SIMs are, with the types of the columns."""
    await soracom.sims.put_tags(sim_id(3), tags=[{"tagName": "name", "tagValue": "ä"}])
    done, rows = await ask("select sim_id, online, tags from sim_snapshots order by sim_id limit 3")
    sims = [await soracom.sims.get(sim_id(number)) for number in (1, 2, 3)]
    assert rows == [
        {"SIM_ID": sim.sim_id, "ONLINE": sim.session_status.online, "TAGS": json.dumps(sim.tags)} for sim in sims
    ]
    assert [(each.name, each.database_type, each.type) for each in done.column_info] == [
        ("SIM_ID", "TEXT", "string"),
        ("ONLINE", "BOOLEAN", "bool"),
        ("TAGS", "TEXT", "string"),
    ]
    done, rows = await ask("select 1 as a, 1.5 as b, 'x' as c, null as online, x'00ff' as e")
    assert rows == [{"a": 1, "b": 1.5, "c": "x", "online": None, "e": "00ff"}]
    assert [each.type for each in done.column_info] == ["int64", "float64", "string", "string", "string"]
    done, rows = await ask("select null as ONLINE")
    assert ([each.type for each in done.column_info], rows) == (["bool"], [{"ONLINE": None}])
    done, rows = await ask("select SIM_ID from SIM_SNAPSHOTS where 0")
    assert ([each.name for each in done.column_info], rows) == (["SIM_ID"], [])


async def test_sessions_data_and_files(emulator, soracom, ask):
    """Tables can be joined: who is online, what was sent, which files there are."""
    _, rows = await ask(
        "select e.event, e.apn, e.sim_id from sim_session_events e join sim_snapshots s using (sim_id) where s.online"
    )
    online = {sim.sim_id async for sim in soracom.sims.list() if sim.session_status and sim.session_status.online}
    assert {row["SIM_ID"] for row in rows} == online
    assert {(row["EVENT"], row["APN"]) for row in rows} == {("Created", "soracom.io"), ("Deleted", "soracom.io")}
    add_entry(emulator.operator, "SoraCam", "c", {"people": 2}, emulator.world.milliseconds())
    _, rows = await ask("select resource_type, count(*) n from harvest_data group by resource_type order by n desc")
    assert rows == [{"RESOURCE_TYPE": "Sim", "n": 30 * 48}, {"RESOURCE_TYPE": "SoraCam", "n": 1}]
    _, rows = await ask(
        "select json_extract(content, '$.people') as people from harvest_data where resource_type = 'SoraCam'"
    )
    assert rows == [{"people": 2}]
    await soracom.files.put("private", "a/b", content=b"123", content_type="text/plain")
    _, rows = await ask("select file_path, content_length from harvest_files")
    assert rows == [{"FILE_PATH": "/a/b", "CONTENT_LENGTH": 3}]


async def test_the_period(emulator, soracom, ask):
    """A query sees only what is of its period."""
    entries = await soracom.sims.get_data(sim_id(1)).collect()
    sql = f"select time from harvest_data where resource_id = '{sim_id(1)}'"
    for period, count in (
        ({}, 48),
        ({"from_": entries[2].time}, 3),
        ({"to": entries[2].time}, 45),
        ({"from_": entries[2].time, "to": entries[1].time}, 1),
    ):
        assert len((await ask(sql, **period))[1]) == count
    _, ((row), *_) = await ask(sql)
    assert row["TIME"].endswith("+00:00")


@pytest.mark.parametrize(
    ("sql", "code", "problem"),
    [
        (None, "ANA9003", "body.sql is missing"),
        (" ", "ANA9003", "body.sql is empty"),
        ("select", "ANA0005", "cannot be understood"),
        ("selekt 1", "ANA0005", "cannot be understood"),
        ("select 'a", "ANA0005", "cannot be understood"),
        ("select \0", "ANA0005", "cannot be understood"),
        ("select x from nowhere", "ANA0011", "the table nowhere does not exist"),
        ("select * from sqlite_master", "ANA0011", "the table sqlite_master does not exist"),
        ("select weight from sim_snapshots", "ANA0011", "the column weight does not exist"),
        ("select s.weight from sim_snapshots s", "ANA0011", "the column s.weight does not exist"),
        ("select sim_id from sim_snapshots a, sim_snapshots b", "ANA0011", "the column name sim_id is ambiguous"),
        ("select guess(1)", "ANA0011", "the function guess does not exist"),
        ("select sqlite_version()", "ANA0011", "the function sqlite_version does not exist"),
        ("select 1; select 2", "ANA0011", "only one statement is possible"),
        ("drop table SIM_SNAPSHOTS", "ANA0011", "only statements that read are possible"),
        ("attach 'x' as y", "ANA0011", "only statements that read are possible"),
        ("select load_extension('x')", "ANA0011", "only statements that read are possible"),
        ("select zeroblob(100000000)", "ANA0011", "a value is too large"),
        ("select count(count(1))", "ANA0011", "it does not fit the tables or their data"),
    ],
)
async def test_what_is_no_query(client, sql, code, problem):
    """What cannot be asked is refused at once, in words of the API; the name that is wrong is told."""
    answer = await client.post("/analysis/queries", json={"sql": sql})
    assert refused(answer, 400, code)
    assert problem in answer.json()["message"]
    answer = await client.post("/analysis/queries", json={"sql": sql}, headers={"X-Soracom-Lang": "ja"})
    assert refused(answer, 400, code)
    assert re.search("です|ません|ます", answer.json()["message"])


async def test_a_query_without_end(soracom, monkeypatch):
    """A query that would run for ever is given up."""
    monkeypatch.setattr(queries, "MOST_STEPS", 3)
    with pytest.raises(BadRequest, match="it takes too long"):
        await soracom.analysis.queries.start(
            sql="with recursive n(i) as (select 1 union all select i + 1 from n) select * from n where i < 0"
        )


async def test_how_many_this_month(emulator, soracom, client, ask):
    """The queries of a month are counted; a period that ends before it begins is refused."""
    await ask("select 1")
    done, _ = await ask("select 1")
    assert done.used_exec_count == 2
    emulator.advance(31 * 86_400)
    done, _ = await ask("select 1")
    assert done.used_exec_count == 1
    with pytest.raises(BadRequest):
        await soracom.analysis.queries.start(sql="select 1", from_=2, to=1)


async def test_nobody_sees_the_query_of_another(soracom, other):
    """A query, and what it sees, is the operator's own."""
    query = await soracom.analysis.queries.start(sql="select 1")
    assert refused(await other.get(f"/analysis/queries/{query.query_id}"), 404, "ANA9007")
