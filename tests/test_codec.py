"""Between JSON and models: `soracom_async._codec`, `_converter` and `_model`."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soracom_async import structure, unstructure
from soracom_async._codec import CODEC, decode, dumps
from soracom_async._core.operation import Effect, Operation, Parameter
from soracom_async._core.request import BadArgument, prepare
from soracom_async._model import Model, field_types, model
from soracom_async._secret import Secret
from soracom_async._time import Day, EpochMilliseconds, EpochSeconds, ISODateTime
from soracom_async.api import group, operator, sim, subscriber


@model(mfa_otp_code="mfaOTPCode")
class Thing(Model):
    """Has every kind of field."""

    name: str | None = None
    mfa_otp_code: str | None = None
    from_: int | None = None
    created_time: EpochMilliseconds | None = None
    seen_at: EpochSeconds | None = None
    iso: ISODateTime | None = None
    day: Day | None = None
    times: list[EpochMilliseconds] | None = None
    isos: list[ISODateTime] | None = None
    part: Part | None = None
    time_by_name: dict[str, EpochSeconds] | None = None
    parts: list[Part] | None = None
    by_name: dict[str, Part] | None = None
    nested: dict[str, list[Thing]] | None = None
    anything: Any = None
    words: list[str] | None = None
    labels: dict[str, str] | None = None


@model()
class Part(Model):
    """Is part of a thing."""

    size: int | None = None
    whole: Thing | None = None


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.one_of(
    st.integers(0, 2_000_000_000_000),
    st.sampled_from(
        ["2022-01-01T00:00:00:000Z", "2024-05-29T16:26:40Z", "2024-05-29T16:26:40+09:00", "20240529", "2024-05"]
    ),
)
MODELS = [
    cls
    for module in (sim, subscriber, group, operator)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, Model) and cls is not Model
]


def names(cls):
    from soracom_async._model import wire_name

    return [wire_name(cls, name) for name in field_types(cls)]


def test_camel_case_becomes_snake_case_and_types():
    """Names and times are those of Python, nested models too."""
    thing = structure(
        {
            "name": "n",
            "mfaOTPCode": "1",
            "from": 3,
            "createdTime": 1_717_000_000_123,
            "seenAt": 1_717_000_000,
            "iso": "2024-05-29T16:26:40.123Z",
            "day": "20240529",
            "times": [1_717_000_000_123],
            "timeByName": {"a": 1_717_000_000},
            "part": {"size": 1},
            "parts": [{"size": 2}],
            "byName": {"a": {"size": 3}},
            "nested": {"b": [{"name": "inner"}]},
        },
        Thing,
    )
    assert (thing.name, thing.mfa_otp_code, thing.from_) == ("n", "1", 3)
    assert thing.created_time == datetime(2024, 5, 29, 16, 26, 40, 123000, UTC) == thing.times[0]
    assert thing.time_by_name == {"a": thing.seen_at}
    assert thing.seen_at == datetime(2024, 5, 29, 16, 26, 40, 0, UTC)
    assert (thing.iso.microsecond, thing.day) == (123000, date(2024, 5, 29))
    assert (thing.part.size, thing.parts[0].size, thing.by_name["a"].size) == (1, 2, 3)
    assert thing.nested["b"][0].name == "inner"
    assert thing.words is None


def test_unknown_fields_are_kept_and_reachable():
    """What the document does not declare is in `extra`, and goes back."""
    thing = structure({"name": "n", "fooBar": {"x": 1}}, Thing)
    assert thing.extra == {"fooBar": {"x": 1}}
    assert unstructure(thing) == {"name": "n", "fooBar": {"x": 1}}
    assert "fooBar={'x': 1}" in repr(thing)


def test_null_is_kept_apart_from_absence():
    """A null reads as None, and goes back as null; an absent field stays absent."""
    thing = structure({"name": None, "part": None, "createdTime": None}, Thing)
    assert (thing.name, thing.part, thing.created_time, thing.words) == (None, None, None, None)
    assert unstructure(thing) == {"name": None, "part": None, "createdTime": None}
    assert thing.extra == {}


def test_what_is_set_later_wins():
    """A field that is set after the answer was read is what is written."""
    thing = structure({"name": None, "iso": "2024-05-29T16:26:40Z"}, Thing)
    thing.name = "new"
    thing.iso = datetime(2025, 1, 1, tzinfo=UTC)
    assert unstructure(thing) == {"name": "new", "iso": "2025-01-01T00:00:00.000Z"}


def test_unusual_notation_comes_back_as_it_was():
    """A time in a notation of its own is a time all the same, and the same text again."""
    data = {"iso": "2024-05-29T16:26:40+09:00"}
    thing = structure(data, Thing)
    assert thing.iso == datetime(2024, 5, 29, 7, 26, 40, tzinfo=UTC)
    assert unstructure(thing) == data


@pytest.mark.parametrize("value", ["x", 5, True, [], ["x"], {"a": 1}, 1.5])
def test_values_of_another_type_stay_as_they_came(value):
    """The service may contradict its document; nothing is lost or changed."""
    data = dict.fromkeys(names(Thing), value)
    assert unstructure(structure(data, Thing)) == data


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*names(Thing), "other"]), JSON | TIMES))
def test_property_any_json_survives(data):
    """Whatever comes, the same JSON goes back."""
    assert unstructure(structure(data, Thing)) == data


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_property_any_json_survives_every_model(data):
    """For every model of the API, data that fits the document and data that does not survive the round trip."""
    cls = data.draw(st.sampled_from(MODELS))
    sent = data.draw(st.dictionaries(st.sampled_from([*names(cls), "undeclared"]), JSON | TIMES, max_size=6))
    assert unstructure(structure(sent, cls)) == sent


def test_structure_and_unstructure_containers():
    """Lists and mappings of models, and plain values, are converted through."""
    data = [{"name": "a"}, {"name": "b"}, "oops"]
    things = structure(data, list[Thing])
    assert [type(t) for t in things] == [Thing, Thing, str]
    assert unstructure(things) == data
    assert structure("text", Thing) == "text"
    assert unstructure({"a": (Thing(name="x"),)}) == {"a": [{"name": "x"}]}
    assert unstructure(datetime(2024, 1, 1, tzinfo=UTC)) == "2024-01-01T00:00:00.000Z"
    assert unstructure(b"abc") == "YWJj"


def test_times_in_containers_go_back_to_their_digits():
    """A list or mapping of times is written in the notation of its declaration."""
    data = {"times": [0, "x"], "timeByName": {"a": 0, "b": None}, "isos": ["2024-05-29T16:26:40.123Z", "2024-05-29"]}
    assert unstructure(structure(data, Thing)) == data
    assert unstructure(Thing(times=5, time_by_name="x")) == {"times": 5, "timeByName": "x"}


def test_models_compare_and_show_what_they_hold():
    """Two models are equal if their fields and extras are; the repr leaves out what is None."""
    assert Thing(name="a") == Thing(name="a") != Thing(name="b")
    assert Thing() != Part()
    assert structure({"x": 1}, Thing) != Thing()
    assert repr(Thing(name="a", from_=1)) == "Thing(name='a', from_=1)"


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_models_can_be_copied_and_pickled(how):
    """A copy holds the extras and nulls too."""
    data = {"simId": "1", "groupId": None, "undeclared": 1}
    it = structure(data, sim.Sim)
    assert how(it) == it
    assert unstructure(how(it)) == data


def test_secrets_in_models_are_not_shown():
    """Fields that hold tokens, keys and passwords are masked in the repr."""
    from soracom_async.api.auth import AuthResponse

    shown = repr(AuthResponse(api_key="canary", token="canary", operator_id="OP1"))
    assert "canary" not in shown
    assert "OP1" in shown


def operation(body=None, **settings):
    return Operation("op", "POST", "/things/{thing_id}", "Thing", Effect.ACT, body=body, **settings)


def test_bodies_are_made_of_fields_or_of_a_model():
    """The fields of a body are arguments by their Python names; a model or a mapping is taken whole, fields win."""
    write = operation(Thing)
    assert json.loads(CODEC.body(write, {"mfa_otp_code": "1", "created_time": date(1970, 1, 2)})) == {
        "mfaOTPCode": "1",
        "createdTime": 86_400_000,
    }
    assert json.loads(CODEC.body(write, {"body": Thing(name="a", from_=1), "name": "b"})) == {"name": "b", "from": 1}
    assert json.loads(CODEC.body(write, {"body": {"raw": 1}})) == {"raw": 1}
    assert json.loads(CODEC.body(write, {})) == {}
    with pytest.raises(BadArgument, match="must be a Thing, not int"):
        CODEC.body(write, {"body": 5})


def test_a_body_that_is_no_object_is_one_argument():
    """An array is the argument that the operation names; its models and times are converted."""
    write = operation(list[Part], body_name="parts")
    assert CODEC.fields(write) == {"parts": True}
    assert json.loads(CODEC.body(write, {"parts": [Part(size=1), {"size": 2}]})) == [{"size": 1}, {"size": 2}]


def test_a_field_whose_name_is_taken_gets_an_underscore():
    """Where path and body share a name, the path has it, and the field is `name_`."""
    write = Operation("op", "POST", "/things/{name}", "Thing", Effect.ACT, body=Thing, query=(Parameter("part"),))
    assert {"name_", "part_", "words"} <= set(CODEC.fields(write))
    assert json.loads(CODEC.body(write, {"name_": "x"})) == {"name": "x"}


def test_values_on_the_wire():
    """Arguments become what their declared type has on the wire."""
    assert CODEC.wire(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), EpochMilliseconds) == 1000
    assert CODEC.wire(5, EpochMilliseconds) == 5
    assert CODEC.wire([date(1970, 1, 2)], list[EpochSeconds]) == [86_400]
    assert CODEC.wire(Secret("s"), str) == "s"
    with pytest.raises(BadArgument, match="no time zone"):
        CODEC.wire(datetime(2024, 1, 1), EpochMilliseconds)


def test_truth_values_in_a_query():
    """A truth value is written as JSON writes it."""
    read = Operation("op", "GET", "/things", "Thing", Effect.READ, query=(Parameter("all_", bool, wire="all"),))
    assert prepare(read, {"all_": True}, CODEC).target == b"/v1/things?all=true"
    assert prepare(read, {"all_": False}, CODEC).target == b"/v1/things?all=false"


def test_json_in_and_out():
    """Text beyond ASCII goes out as it is; what is no number of JSON is refused."""
    assert dumps({"a": "空"}) == '{"a":"空"}'.encode()
    assert decode(b'{"a": 1}') == {"a": 1}
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
        decode(b"<html>")
    with pytest.raises(BadArgument, match="not a number that JSON has"):
        CODEC.body(operation(Thing), {"anything": float("nan")})
    with pytest.raises(BadArgument, match="object is not JSON serializable|type object"):
        CODEC.body(operation(Thing), {"anything": object()})
