"""Items as flat rows: `soracom_async.tables.rows`."""

import enum
import json
import logging
from datetime import UTC, date, datetime, timedelta, timezone

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from things import JSON, THINGS, Part, Thing, bare, slowly, thing

from soracom_async import ConfigurationError, Soracom, models, structure, tables, unstructure
from soracom_async._codec.fields import wire_name
from soracom_async.emulator import Emulator
from soracom_async.tables import Column, Kind
from soracom_async.tables.columns import SAMPLE

TIME = datetime(2024, 5, 1, 3, 0, 0, 123000, tzinfo=UTC)


def one(item, **options):
    [row] = tables.rows([item], **options)
    return row


def test_a_row_has_a_cell_for_each_column():
    """Times as times, lists of plain values as lists, all other objects and lists as JSON text."""
    assert one(thing()) == {
        "thing_id": "a",
        "status": "active",
        "count": 3,
        "share": 0.5,
        "ready": True,
        "created": TIME,
        "month": date(2024, 5, 1),
        "birthday": date(2024, 5, 2),
        "since": date(2024, 5, 3),
        "part.online": False,
        "part.seen_at": datetime(1970, 1, 1, tzinfo=UTC),
        "part.names": ["x", "y,z"],
        "parts": '[{"online":true}]',
        "by_name": '{"k.1":{"online":true,"seenAt":5}}',
        "tags": '{"name":"東京","a.b":"c"}',
        "free": '[1,{"b":null}]',
        "mixed": "true",
        "whole": '{"thingId":"b"}',
        "times": [datetime(2024, 5, 1, tzinfo=UTC)],
        "odd": "=1+1",
        "_extra": None,
    }


def test_all_rows_have_the_same_columns():
    """Whatever an item lacks is None."""
    first, second = tables.rows([thing(), bare()])
    assert list(first) == list(second) == [column.name for column in tables.columns(Thing)]
    assert {name: cell for name, cell in second.items() if cell is not None} == {"thing_id": "n"}


def test_what_no_column_holds_is_in_a_column_of_its_own():
    """Undeclared fields, and values of another type than declared, in the form of the wire JSON."""
    row = one(
        thing(
            count="many",
            share=2**60,
            ready=1,
            part={"online": "no", "color": "red", "seenAt": 1},
            whole=None,
            size={"x": 1},
            status=7,
            times=["soon"],
            parts={},
            created="long ago",
            ODD=5,
        )
    )
    assert json.loads(row["_extra"]) == {
        "count": "many",
        "share": 2**60,
        "ready": 1,
        "part": {"online": "no", "color": "red"},
        "size": {"x": 1},
        "status": 7,
        "times": ["soon"],
        "parts": {},
        "created": "long ago",
        "ODD": 5,
    }
    assert [row[name] for name in ("count", "share", "ready", "part.online", "status", "times", "parts")] == [None] * 7
    assert row["part.seen_at"] == datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)


@pytest.mark.parametrize("value", ["off", 3, [1], True])
def test_a_nested_model_that_is_none(value):
    """It is kept whole."""
    row = one(thing(part=value))
    assert json.loads(row["_extra"]) == {"part": value}
    assert row["part.online"] is None


@pytest.mark.parametrize(
    ("value", "stays"), [(2**63 - 1, True), (-(2**63), True), (2**63, False), (-(2**63) - 1, False)]
)
def test_integers_have_64_bits(value, stays):
    """A longer one would fit into no table of typed columns."""
    row = one(bare(count=value))
    assert row["count"] == (value if stays else None)
    assert row["_extra"] == (None if stays else f'{{"count":{value}}}')


def test_a_time_in_an_unusual_notation_is_a_time():
    """Only the notation is not kept."""
    row = one(bare(created="2024-05-01T03:00:00:123Z", since="2024-05-03T00:00:00Z"))
    assert (row["created"], row["since"]) == (TIME, datetime(2024, 5, 3, tzinfo=UTC))
    assert row["_extra"] is None


class Status(enum.StrEnum):
    READY = "ready"


def test_values_of_the_caller():
    """Members of enums are their values, times may be in any zone, and a date may stand for a time."""
    tokyo = timezone(timedelta(hours=9))
    made = Thing(
        thing_id="x", status=Status.READY, created=TIME.astimezone(tokyo), share=1, tags={"a": Status.READY}, ready=None
    )
    row = one(made)
    assert type(row["status"]) is str
    assert (row["status"], row["created"], row["share"], row["tags"]) == ("ready", TIME, 1, '{"a":"ready"}')
    assert one(Thing(thing_id="x", created=date(2024, 5, 1)))["created"] == date(2024, 5, 1)
    with pytest.raises(ConfigurationError, match="has no time zone"):
        one(Thing(thing_id="x", created=datetime(2024, 5, 1)))
    with pytest.raises(ConfigurationError, match="cannot be written as JSON"):
        one(Thing(thing_id="x", free=object()))


def test_named_columns():
    """In the order that is asked for, also within objects; without `_extra` unless it is named."""
    row = one(thing(more=1), columns=["tags.name", "part", "tags.a.b", "by_name.k.online", "tags.none", "thing_id"])
    assert list(row.items()) == [
        ("tags.name", "東京"),
        ("part.online", False),
        ("part.seen_at", datetime(1970, 1, 1, tzinfo=UTC)),
        ("part.names", ["x", "y,z"]),
        ("tags.a.b", "c"),
        ("by_name.k.online", None),
        ("tags.none", None),
        ("thing_id", "a"),
    ]
    row = one(thing(byName={"k": {"online": True}}), columns=["by_name.k", "tags", "tags.name"])
    assert (row["by_name.k.online"], row["tags"][:7], row["tags.name"]) == (True, '{"name"', "東京")
    assert one(thing(more=1, count="x"), columns=["thing_id", "_extra"]) == {
        "thing_id": "a",
        "_extra": '{"count":"x","more":1}',
    }
    assert one(bare(free={"temp": 21, "unit": "C"}), columns={"thing_id": str, "free": dict}) == {
        "thing_id": "n",
        "free": '{"temp":21,"unit":"C"}',
    }


def test_a_value_that_no_named_column_holds_is_told(caplog):
    """Once for a table, with its name; nothing is told of what was not asked for."""
    with caplog.at_level(logging.WARNING, "soracom_async"):
        assert len(list(tables.rows([thing(count="x", tags="none", other=1)] * 3, columns=["thing_id", "status"]))) == 3
        assert caplog.messages == []
        rows = list(tables.rows([thing(count="x", tags="none")] * 3, columns=["count", "tags.name"]))
        assert rows == [{"count": None, "tags.name": None}] * 3
        [message] = caplog.messages
        assert "count" in message
        assert "tags" in message
        assert "add '_extra'" in message
        list(tables.rows([thing(), None, "odd"], columns=["count"]))
        assert "a whole item" in caplog.messages[1]


def test_items_that_are_no_models_among_models():
    """The service sent something else in a listing: it is kept whole."""
    rows = list(tables.rows([None, thing(), 5, {"a": 1}]))
    assert [row["_extra"] for row in rows] == [None, None, "5", '{"a":1}']
    assert [row["thing_id"] for row in rows] == [None, "a", None, None]


@pytest.mark.parametrize("items", [[Part(), Thing(thing_id="a")], [{"a": 1}] * 2000 + [Part()]])
def test_items_of_several_models_are_refused(items):
    """They would have no common columns."""
    with pytest.raises(ConfigurationError, match="make a table of each kind"):
        list(tables.rows(items))


@pytest.mark.parametrize("items", [5, "text", b"bytes", {"a": 1}, thing(), None])
def test_what_is_no_collection_of_items_is_refused(items):
    """Text and a single item among it."""
    with pytest.raises(ConfigurationError, match="needs an iterable of models or dicts"):
        tables.rows(items)


@pytest.mark.parametrize("items", [[{}, {}], [{1: 2}]])
def test_dicts_without_names_are_refused(items):
    with pytest.raises(ConfigurationError, match=r"the items have no names.*say columns=\[…\]"):
        list(tables.rows(items))
    assert list(tables.rows(items, columns=["a"])) == [{"a": None}] * len(items)


def test_items_without_fields_are_refused():
    """There would be no columns."""
    with pytest.raises(ConfigurationError, match="models or dicts as items, not int"):
        list(tables.rows([1, 2]))
    with pytest.raises(ConfigurationError, match="model=5 must be a model"):
        tables.rows([], model=5)


# Sources


def test_a_source_is_a_column():
    """As `merge` gives items: in front of all others."""
    rows = list(tables.rows([("g", bare("a")), ("jp", bare("b")), (3, bare("c"))]))
    assert [(next(iter(row.items())), row["thing_id"]) for row in rows] == [
        (("_source", "g"), "a"),
        (("_source", "jp"), "b"),
        (("_source", "3"), "c"),
    ]
    assert list(tables.rows([("g", {"a": 1})])) == [{"_source": "g", "a": 1}]
    assert list(tables.rows([("g", bare())], columns=["thing_id", "_source"])) == [{"thing_id": "n", "_source": "g"}]
    assert list(tables.rows([bare()], columns=["thing_id", "_source"])) == [{"thing_id": "n", "_source": None}]
    with pytest.raises(ConfigurationError, match=r"the first one was a \(source, item\)"):
        list(tables.rows([("g", bare()), bare()]))


# Dicts


def test_the_columns_of_dicts_are_their_names():
    """Of objects alone, dotted ones; each column has one type."""
    rows = list(
        tables.rows(
            [
                {"time": TIME, "temp": 21, "place": {"lat": 1.5, "at": {"x": None}}, "tags": {}, "list": [1]},
                {"temp": 21.5, "place": None, "note": Status.READY, "tags": {"a": 1}, "list": None},
            ]
        )
    )
    assert rows == [
        {
            "time": TIME,
            "temp": 21,
            "place.lat": 1.5,
            "place.at.x": None,
            "tags": "{}",
            "list": "[1]",
            "note": None,
        },
        {
            "time": None,
            "temp": 21.5,
            "place.lat": None,
            "place.at.x": None,
            "tags": '{"a":1}',
            "list": None,
            "note": "ready",
        },
    ]


def test_values_of_no_single_type():
    """Text stays text; bytes are Base64; all else is JSON text."""
    assert [row["a"] for row in tables.rows([{"a": "x"}, {"a": 1}, {"a": True}, {"a": b"\x01"}, {"a": None}])] == [
        *("x", "1", "true", '"AQ=="', None)
    ]


def test_names_of_dicts_that_are_taken():
    """The second of two columns with one name, names of ours and names that are no text are kept beside."""
    items = [{"a": {"b": 1}, "a.b": 2, "_extra": 3, "_source": 4, 5: 6}]
    assert list(tables.rows(items)) == [{"a.b": 1}]
    assert list(tables.rows(items, columns=["a.b", "_extra"])) == [
        {"a.b": 1, "_extra": '{"a.b":2,"_extra":3,"_source":4,"5":6}'}
    ]


def test_dicts_that_go_on_have_what_comes_later():
    """The first ones say the columns; of all others nothing is lost."""
    items = [{"a": 1}] * SAMPLE
    assert {tuple(row) for row in tables.rows(items)} == {("a",)}
    rows = list(tables.rows([*items, {"a": "x", "b": {"c": 1}}, [1], {"a": 2}]))
    assert rows[0] == {"a": 1, "_extra": None}
    assert rows[-3:] == [
        {"a": None, "_extra": '{"a":"x","b":{"c":1}}'},
        {"a": None, "_extra": "[1]"},
        {"a": 2, "_extra": None},
    ]


def test_named_columns_of_dicts():
    """Also such as the first ones do not have, with a type if it is given."""
    items = [{"a": 1, "b": {"c": "x"}, "d.e": 1}]
    assert list(tables.rows(items, columns=["b.c", "d.e", "z.y"])) == [{"b.c": "x", "d.e": 1, "z.y": None}]
    assert list(tables.rows(items, columns={"a": float, "b": dict})) == [{"a": 1, "b": '{"c":"x"}'}]
    assert list(tables.rows([], columns=["a"])) == []


def test_objects_in_dicts_are_opened_so_far():
    """What is nested deeper is JSON text."""
    item = deep = {}
    for _ in range(50):
        deep["a"] = {"b": 1}
        deep = deep["a"]
    [(name, cell)] = [(name, cell) for name, cell in one(item).items() if name.endswith("a")]
    assert name.count(".") == 4
    assert cell.startswith('{"b":1')


# Sources that are read asynchronously


@pytest.mark.anyio
async def test_rows_of_a_listing():
    """As they come; its model is known, so that the first item decides nothing."""
    emulator = Emulator(sims=25, rate_limit=10**6)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        listing = soracom.sims.list(limit=10)
        assert listing.item_type is models.Sim
        rows = [row async for row in tables.rows(listing, columns=["sim_id", "status"])]
        assert rows == [{"sim_id": sim.sim_id, "status": sim.status} async for sim in listing]
        assert len(rows) == 25
        everything = [row async for row in tables.rows(listing)]
        assert list(everything[0]) == [column.name for column in tables.columns(models.Sim)]
        assert {row["_extra"] for row in everything} == {None}


@pytest.mark.anyio
async def test_rows_of_any_async_iterable():
    """Models one by one; the columns of dicts are those of the first thousand here, too."""
    assert [row["thing_id"] async for row in tables.rows(slowly([bare("a"), bare("b")]))] == ["a", "b"]
    assert [row async for row in tables.rows(slowly([{"a": 1}, {"b": 2}]))] == [
        {"a": 1, "b": None},
        {"a": None, "b": 2},
    ]
    many = [row async for row in tables.rows(slowly([{"a": 1}] * SAMPLE + [{"b": 1}]))]
    assert many[-1] == {"a": None, "_extra": '{"b":1}'}
    assert [row async for row in tables.rows(slowly([]))] == []
    pairs = [row async for row in tables.rows(slowly([("g", {"a": 1}), ("jp", {"a": 2})]))]
    assert pairs == [{"_source": "g", "a": 1}, {"_source": "jp", "a": 2}]


@pytest.mark.anyio
async def test_one_iterator_for_several_tasks():
    """Each row goes to one of them."""
    rows = tables.rows(slowly([bare(str(i)) for i in range(50)]))
    got = []

    async def take():
        got.extend([row["thing_id"] async for row in rows])

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(take)
    assert sorted(got, key=int) == [str(i) for i in range(50)]
    with pytest.raises(TypeError, match="async for row in tables.rows"):
        iter(rows)


# That nothing is lost, whatever comes

PARTS = st.none() | st.dictionaries(st.sampled_from(["online", "seenAt", "names", "x"]), JSON) | JSON


def wire_of(row):
    """Put a thing together again from the cells of its row."""
    data = json.loads(row["_extra"]) if row["_extra"] else {}
    for column in tables.columns(Thing)[:-1]:
        cell = row[column.name]
        if cell is None:
            continue
        if column.kind in (Kind.OBJECT, Kind.ARRAY) or (column.kind is Kind.ANY and not isinstance(cell, str)):
            cell = json.loads(cell)
        place = data
        for step in column.steps[:-1]:
            place = place.setdefault(step.wire, {})
        place[column.steps[-1].wire] = cell
    return data


@settings(deadline=None)
@given(wire=THINGS, part=PARTS)
def test_nothing_is_lost(wire, part):
    """Whatever the service sends in whatever field: it is in a cell, or in `_extra`."""
    item = structure(wire | {"part": part}, Thing)
    row = one(item)
    again = wire_of(row)
    for column in tables.columns(Thing)[:-1]:
        if column.kind is Kind.ANY:
            continue  # JSON text beside text
        place, value = again, item
        for step in column.steps:
            place = place.get(step.wire) if isinstance(place, dict) else None
            value = getattr(value, step.name, None)
        assert same(place, value), column.name
    for name in ("free", "mixed"):
        value = getattr(item, name)
        assert row[name] == (
            value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        )
    if "other" in wire and wire["other"] is not None:
        assert again["other"] == wire["other"]
    if isinstance(part, dict) and "x" in part:
        assert again["part"]["x"] == part["x"]
    if part is not None and not isinstance(part, dict):
        assert same(again["part"], part)


def same(cell, value):
    """Tell whether what a table has is the value of the model, as it is or in JSON."""
    return cell == value or json.dumps(cell, default=str) == json.dumps(unstructure(value), default=str)


def test_columns_are_told_by_name_and_kind():
    """A repr is short; the wire names are those of the model."""
    column = tables.columns(Thing)[-2]
    assert repr(column) == "Column(name='odd', kind=<Kind.TEXT: 'text'>, many=False)"
    assert column.steps[0].wire == wire_name(Thing, "odd") == "ODD"
    assert Column.SOURCE.name == "_source"
