"""The columns of a model: `soracom_async.tables.columns`."""

import pytest
from things import Part, Thing

from soracom_async import ConfigurationError, models, tables
from soracom_async._codec.fields import is_model
from soracom_async.tables import Column, Kind


def names(model, chosen=None):
    return [column.name for column in tables.columns(model, chosen)]


def test_a_nested_model_is_a_column_for_each_of_its_fields():
    """In declared order, by Python's names, and behind them what no column holds."""
    assert names(Part) == ["online", "seen_at", "names", "_extra"]
    assert names(Thing) == [
        *("thing_id", "status", "count", "share", "ready", "created", "month", "birthday", "since"),
        *("part.online", "part.seen_at", "part.names"),
        *("parts", "by_name", "tags", "free", "mixed", "whole", "times", "odd", "_extra"),
    ]


def test_each_column_has_the_kind_of_its_declared_type():
    """Lists of plain values are lists of a kind; a model that holds itself is not opened again."""
    kinds = {column.name: (column.kind, column.many) for column in tables.columns(Thing)}
    assert kinds["thing_id"] == kinds["status"] == kinds["odd"] == (Kind.TEXT, False)
    assert (kinds["count"], kinds["share"]) == ((Kind.INTEGER, False), (Kind.NUMBER, False))
    assert kinds["ready"] == kinds["part.online"] == (Kind.BOOLEAN, False)
    assert kinds["created"] == kinds["since"] == (Kind.TIME, False)
    assert kinds["month"] == kinds["birthday"] == (Kind.DATE, False)
    assert (kinds["part.names"], kinds["times"]) == ((Kind.TEXT, True), (Kind.TIME, True))
    assert kinds["tags"] == kinds["by_name"] == kinds["_extra"] == (Kind.OBJECT, False)
    assert kinds["parts"] == (Kind.ARRAY, False)
    assert kinds["free"] == kinds["mixed"] == kinds["whole"] == (Kind.ANY, False)


def test_columns_are_named_by_dotted_paths():
    """Also into objects with any names; a nested model stands for all its columns."""
    found = tables.columns(
        Thing, ["tags.name", "part", "tags.a.b", "by_name.k.seen_at", "_source", "thing_id", "tags", "_extra"]
    )
    assert [(column.name, column.kind) for column in found] == [
        ("tags.name", Kind.TEXT),
        ("part.online", Kind.BOOLEAN),
        ("part.seen_at", Kind.TIME),
        ("part.names", Kind.TEXT),
        ("tags.a.b", Kind.TEXT),
        ("by_name.k.seen_at", Kind.TIME),
        ("_source", Kind.TEXT),
        ("thing_id", Kind.TEXT),
        ("tags", Kind.OBJECT),
        ("_extra", Kind.OBJECT),
    ]
    assert names(Thing, ["by_name.k"]) == ["by_name.k.online", "by_name.k.seen_at", "by_name.k.names"]
    assert names(models.Sim, ["sim_id", "session_status.online"]) == ["sim_id", "session_status.online"]
    assert names(models.Sim, ["profiles.x.subscribers.y.status"]) == ["profiles.x.subscribers.y.status"]


def test_a_column_may_be_given_its_type():
    """For values that the API document says nothing of."""
    [column] = tables.columns(models.Sim, {"local_info.temp": float})
    assert (column.name, column.kind) == ("local_info.temp", Kind.NUMBER)
    assert [column.kind for column in tables.columns(Part, {"online": bool, "_extra": str})] == [
        Kind.BOOLEAN,
        Kind.OBJECT,
    ]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (["statsu"], r"Thing has no column 'statsu': is 'status'.* meant\?"),
        (["thingId"], r"is 'thing_id'"),
        (["part.seenAt"], r"is 'part.seen_at'"),
        (["xxxxxxxxx"], r"it has thing_id, status"),
        (["count.x"], r"Thing has no column 'count.x'"),
        (["part."], r"Thing has no column 'part.'"),
        ([""], r"Thing has no column ''"),
        (["_more"], r"Thing has no column '_more'"),
        ([1], r"1 is no name of a column"),
        ("status", r"columns='status' must be a list of names"),
        (5, r"columns=5 must be a list of names"),
        ([], r"name at least one"),
        (["status", "count", "status"], r"columns: status: each column can be there only once"),
        (["part", "part.online"], r"part\.online: each"),
        ({"count": complex}, r"'count' cannot be of the type <class 'complex'>; the types are str, int"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(chosen, said):
    """The error names it, and what may be meant."""
    with pytest.raises(ConfigurationError, match=said):
        tables.columns(Thing, chosen)


@pytest.mark.parametrize("model", [dict, Thing(thing_id="a"), None])
def test_only_models_have_columns(model):
    """What is none is named."""
    with pytest.raises(ConfigurationError, match="columns are those of a model"):
        tables.columns(model)


def test_every_model_of_the_api_has_columns_with_names_of_their_own():
    """No two columns of a model have the same name, whatever it is made of."""
    for name in dir(models):
        model = getattr(models, name)
        if is_model(model):
            found = names(model)
            assert len(set(found)) == len(found), name
            assert found[-1] == Column.EXTRA.name
