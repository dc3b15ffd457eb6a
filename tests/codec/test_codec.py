"""Between JSON and models: `soracom_async._codec`."""

from __future__ import annotations

import copy
import json
import pickle
from collections import ChainMap, OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from importlib import import_module
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soracom_async import models, structure, unstructure
from soracom_async._codec.annotations import Time, annotation, without_none
from soracom_async._codec.codec import (
    CODEC,
    consume,
    decode,
    dumps,
)
from soracom_async._codec.converter import converter
from soracom_async._codec.model import (
    Model,
    field_types,
    is_model,
    wire_name,
)
from soracom_async._codec.structuring import LARGEST, SHAPES
from soracom_async._codec.times import (
    Day,
    EpochMilliseconds,
    EpochSeconds,
    ISODateTime,
    Unit,
    unit_of,
)
from soracom_async._core.operation import Effect, Operation, Parameter
from soracom_async._core.request import BadArgument, prepare
from soracom_async._registry import load
from soracom_async._secret import Secret
from soracom_async.api import sim
from soracom_async.api.operations import MODULES


class Thing(Model, mfa_otp_code="mfaOTPCode"):
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
    status: Status | None = None


class Part(Model):
    """Is part of a thing."""

    size: int | None = None
    whole: Thing | None = None


Status = Literal["on", "off"] | str


class Circle(Model):
    """Is told from the others by its names."""

    radius: float
    color: str | None = None


class Drawn(Model):
    """Has a field whose wire name is another."""

    side: int | None = None
    drawn_at: EpochSeconds | None = None


class Square(Model):
    """Has names that circles have."""

    side: float
    color: str | None = None
    kind: Literal["square"] | str | None = None


class Cube(Model):
    """Has the names of squares, and another kind."""

    side: float
    color: str | None = None
    kind: Literal["cube"] | str | None = None


class Drawing(Model):
    """Has every kind of union."""

    shape: Circle | Square | Cube | None = None
    shapes: list[Circle | Square] | None = None
    by_name: dict[str, Circle | Square] | None = None
    label: str | Part | list[Part] | EpochMilliseconds | None = None
    time_or_text: Status | EpochSeconds | None = None
    several: Part | dict[str, Part] | None = None
    raw: bytes | None = None


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXTS = [
    "2022-01-01T00:00:00:000Z",
    "2024-05-29T16:26:40Z",
    "2024-05-29T16:26:40+09:00",
    "20240529",
    "202405",
    "2024-05",
]
TIMES = st.integers(-(10**9), 2_000_000_000_000) | st.sampled_from(TEXTS)
CANONICAL = {
    Unit.MILLISECONDS: st.integers(-62_135_596_800_000, 253_402_300_799_999),
    Unit.SECONDS: st.integers(-62_135_596_800, 253_402_300_799),
    Unit.ISO: st.sampled_from(["2024-05-29T16:26:40.123Z", "0001-01-01T00:00:00.000Z", "2024-05-29T16:26:40.123456Z"]),
    Unit.MILLISECONDS_OR_SECONDS: st.integers(-62_135_596_800, 253_402_300_799_999),
    Unit.SECONDS_OR_MILLISECONDS: st.integers(-62_135_596_800, 253_402_300_799_999),
    Unit.DAY_OR_TIME: st.sampled_from(["20240529", "202405", "2024-05-29", "2024-05-29T16:26:40Z"]),
    Unit.FRACTIONAL_SECONDS: st.floats(-62_135_596_800, 253_402_300_799),
    Unit.MONTH: st.sampled_from(["202405", "099912"]),
    Unit.DAY: st.sampled_from(["20240529", "00010101"]),
    Unit.SECOND: st.sampled_from(["20240529162640"]),
}
MODELS = sorted(
    {
        cls
        for name in ("_shared", *MODULES.values())
        for cls in vars(import_module(f"soracom_async.api.{name}")).values()
        if is_model(cls) and cls is not Model
    },
    key=lambda cls: (cls.__module__, cls.__name__),
)


def names(cls):
    return [wire_name(cls, name) for name in field_types(cls)]


def same(one, other):
    """Tell whether two values are the same JSON, true apart from 1 and 1 from 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@cache
def fitting(type_):
    """Return the JSON that is of the declared type."""
    origin, arguments, unit = get_origin(type_), get_args(type_), unit_of(type_)
    if unit is not None:
        return CANONICAL[unit]
    if is_model(type_):
        types = {wire_name(type_, f.name): (f, field_types(type_)[f.name]) for f in attrs.fields(type_)}
        fields = {wire: (f, st.deferred(lambda t=t: fitting(t))) for wire, (f, t) in types.items()}
        return st.fixed_dictionaries(
            {wire: json for wire, (f, json) in fields.items() if f.default is attrs.NOTHING},
            optional={wire: json for wire, (f, json) in fields.items() if f.default is not attrs.NOTHING},
        )
    if origin in (Union, UnionType):
        return st.one_of([fitting(a) for a in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(fitting(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(st.text(max_size=4), fitting(arguments[1]), max_size=2)
    return {
        str: st.text(max_size=4),
        bytes: st.text(max_size=4),
        int: st.integers(),
        float: st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
        bool: st.booleans(),
        NoneType: st.none(),
        Any: JSON,
    }[type_]


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
    assert thing != structure({"name": None}, Thing)


def test_what_is_set_later_wins():
    """A field that is set after the answer was read is what is written."""
    thing = structure({"name": None, "iso": "2024-05-29T16:26:40Z"}, Thing)
    thing.name = "new"
    thing.iso = datetime(2025, 1, 1, tzinfo=UTC)
    thing.from_ = 1
    assert unstructure(thing) == {"name": "new", "iso": "2025-01-01T00:00:00.000Z", "from": 1}
    thing.iso = thing.from_ = None
    assert unstructure(thing) == {"name": "new", "iso": None}  # None where something came is null


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
@given(
    st.dictionaries(st.sampled_from([*names(Thing), "other"]), JSON | TIMES),
    st.dictionaries(st.sampled_from([*names(Drawing), "other"]), JSON | TIMES | st.deferred(lambda: fitting(Drawing))),
)
def test_property_any_json_survives(thing, drawing):
    """Whatever comes, the same JSON goes back."""
    assert same(unstructure(structure(thing, Thing)), thing)
    assert same(unstructure(structure(drawing, Drawing)), drawing)


@settings(deadline=None, max_examples=500, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_property_json_that_fits_survives_every_model(data):
    """For every model of the API, what the document promises becomes typed, and the same JSON again."""
    cls = data.draw(st.sampled_from([Thing, Drawing, *MODELS]))
    sent = data.draw(fitting(cls))
    read = structure(sent, cls)
    assert same(unstructure(read), sent)
    assert read.extra == {}
    assert read == structure(sent, cls)
    for name, type_ in field_types(cls).items():
        if isinstance(without_none(annotation(type_)), Time):
            assert isinstance(getattr(read, name), date | None)


@settings(deadline=None, max_examples=500, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_property_json_that_does_not_fit_survives_every_model(data):
    """For every model of the API: fields missing, extra, null, of another type, unknown words and bad dates."""
    cls = data.draw(st.sampled_from(MODELS))
    sent = data.draw(fitting(cls)) if data.draw(st.booleans()) else {}
    sent |= data.draw(st.dictionaries(st.sampled_from([*names(cls), "undeclared"]), JSON | TIMES, max_size=6))
    for name in data.draw(st.lists(st.sampled_from([*sent]), max_size=2)) if sent else ():
        sent.pop(name, None)
    assert same(unstructure(structure(sent, cls)), sent)


ODD = [None, True, 0, -1, 10**30, 1.5, "", "x", *TEXTS, [], [None, 1, "x", {}], {}, {"a": None, "b": {"c": []}}]


@pytest.mark.parametrize("module", sorted({cls.__module__ for cls in MODELS}))
def test_every_model_survives_every_kind_of_value(module):
    """Each value as each field, alone, in a list and in an object; and no field at all."""
    for cls in MODELS:
        if cls.__module__ == module:
            for odd in ODD:
                for value in (odd, [odd], {"x": odd}):
                    data = dict.fromkeys([*names(cls), "undeclared"], value)
                    assert same(unstructure(structure(data, cls)), data), cls
            assert unstructure(structure({}, cls)) == {}


def test_more_sets_of_names_than_have_functions_of_their_own():
    """Names that change from object to object are read all the same, however many there are."""
    for count in (*range(SHAPES + 5), LARGEST, 2 * LARGEST):
        data = {"name": "n", "iso": "2024-05-29T16:26:40Z", "part": {f"key{count}": None}} | {
            f"key{i}": None for i in range(count)
        }
        thing = structure(data, Thing)
        assert same(unstructure(thing), data)
        assert thing.iso == datetime(2024, 5, 29, 16, 26, 40, tzinfo=UTC)
        assert len(thing.extra) == count
        assert thing.words is None


def test_no_name_that_came_becomes_code():
    """The names of an answer are data, whatever they look like."""
    data = {"'": 1, '"""': 2, "\\": 3, "\n": 4, "{}": 5, "x = 1": 6, "": 7, "\ud800": 8}
    assert same(unstructure(structure(data, Thing)), data)
    assert structure(data, Thing).extra == data


@pytest.mark.parametrize(
    ("data", "cls"),
    [
        ({"radius": 1}, Circle),
        ({"side": 1}, Square),
        ({"color": "red"}, Circle),
        ({"side": 1, "kind": "cube"}, Cube),
        ({"side": 1, "kind": "square", "color": None}, Square),
        ({"kind": "cube"}, Cube),
        ({"side": 1, "kind": "sphere"}, Square),
        ({"radius": 1, "side": 1, "kind": "cube"}, Cube),
        ({}, Circle),
        ({"unknown": 1, "side": None}, Square),
    ],
)
def test_of_several_models_the_one_that_fits_best(data, cls):
    """Names decide, then literals, then what is required; the first of those that fit alike."""
    drawing = structure({"shape": data}, Drawing)
    assert type(drawing.shape) is cls
    assert unstructure(drawing) == {"shape": data}
    assert type(structure([data], list[Circle | Square | Cube])[0]) is cls


def test_unions_go_by_the_kind_of_json():
    """An object becomes a model, an array its items, a number a time; text stays."""
    data = {
        "shapes": [{"side": 1}, {"radius": 2}, "oops", None],
        "byName": {"a": {"radius": 1}, "b": None},
        "several": {"size": 1},
        "timeOrText": 0,
        "raw": "YWJj",
    }
    drawing = structure(data, Drawing)
    assert [type(shape) for shape in drawing.shapes] == [Square, Circle, str, NoneType]
    assert type(drawing.by_name["a"]) is Circle
    assert drawing.several.size == 1
    assert drawing.time_or_text == datetime(1970, 1, 1, tzinfo=UTC)
    assert drawing.raw == "YWJj"
    assert unstructure(drawing) == data
    for label, kind in (("x", str), ({"size": 1}, Part), ([{"size": 1}], list), (0, datetime), (None, NoneType)):
        drawing = structure({"label": label}, Drawing)
        assert type(drawing.label) is kind
        assert unstructure(drawing) == {"label": label}
    assert structure({"timeOrText": "on"}, Drawing).time_or_text == "on"
    assert isinstance(structure({"label": [{"size": 1}]}, Drawing).label[0], Part)
    assert unstructure(Drawing(time_or_text=datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC), label=Part(size=1))) == {
        "timeOrText": 5,
        "label": {"size": 1},
    }


def test_the_converter_is_the_registry():
    """cattrs reads and writes models as `structure` does; a hook that is registered before the first use is used."""

    class Own(Model):
        value: int | None = None

    class Holder(Model):
        own: Any = None

    Holder.__annotations__["own"] = Own
    converter().register_structure_hook(Own, lambda data, _: Own(value=data["value"] + 1))
    converter().register_unstructure_hook(Own, lambda own: {"value": own.value - 1})
    data = {"own": {"value": 1}}
    holder = structure(data, Holder)
    assert holder.own.value == 2
    assert unstructure(holder) == data
    assert converter().structure(data, Holder) == holder
    assert converter().structure([data, 5], list[Holder]) == [holder, 5]
    assert converter().structure("x", Holder) == "x"
    assert converter().unstructure(holder) == data


def test_structure_and_unstructure_containers():
    """Lists and mappings of models, and plain values, are converted through."""
    data = [{"name": "a"}, {"name": "b"}, "oops"]
    things = structure(data, list[Thing])
    assert [type(t) for t in things] == [Thing, Thing, str]
    assert unstructure(things) == data
    assert structure("text", Thing) == structure("text", str) == structure("text", list[str]) == "text"
    assert unstructure({"a": (Thing(name="x"),)}) == {"a": [{"name": "x"}]}
    assert unstructure(datetime(2024, 1, 1, tzinfo=UTC)) == "2024-01-01T00:00:00.000Z"
    assert unstructure(b"abc") == "YWJj"
    assert unstructure({"a": MappingProxyType({"b": Secret("s")}), "c": Unit}) == {"a": {"b": "s"}, "c": Unit}


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
    shown = repr(
        sim.SimDownlinkSshPublicKeyAuthentication(key="-----BEGIN PRIVATE KEY----- canary", passphrase="canary")
    )
    shown += repr(sim.ArcCredentialRenewResponse(arc_client_peer_private_key="canary", arc_client_peer_public_key="p"))
    shown += repr(models.ActionConfigProperty(execution_date_time_const="IMMEDIATELY", secret_access_key="canary"))
    shown += repr(models.CredentialsModel(credentials_id="1", credentials={"secretAccessKey": "canary"}))
    shown += repr(sim.SimDownlinkSshPublicKeyAuthentication(key="canary"))
    shown += repr(models.GroupConfigurationUpdateRequest(key="password", value="canary"))
    beam = {"SoracomBeam": {"mqtt": [{"password": "canary", "port": 5}]}}
    shown += repr(models.Group(group_id="1", operator_id="2", configuration=beam))
    shown += repr(models.FileExportResponse(url="https://host/a?X-Amz-Signature=canary&b=c"))
    shown += repr(structure({"extra": {"pwd": "canary"}, "list": ["-----BEGIN PRIVATE KEY----- canary"]}, Thing))
    assert "canary" not in shown
    assert "'p'" in shown
    assert "'port': 5" in shown
    assert "https://host/a?" in shown
    assert "value=5" in repr(models.GroupConfigurationUpdateRequest(key="port", value=5))
    assert "'https://host/a?b=c'" in repr(models.FileExportResponse(url="https://host/a?b=c"))
    assert "has_password=True" in repr(models.GetUserPasswordResponse(has_password=True))


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
    with pytest.raises(BadArgument, match="must be a Thing or a dict, not int"):
        CODEC.body(write, {"body": 5})


def test_dicts_in_the_place_of_models():
    """A dict has wire names, whole or within: its times are written as declared, what is not declared stays."""
    moment = datetime(1970, 1, 2, tzinfo=UTC)
    write = operation(Thing)
    whole = {"createdTime": moment, "iso": None, "other": moment, "part": {"whole": {"seenAt": moment}}}
    assert json.loads(CODEC.body(write, {"body": MappingProxyType(whole)})) == {
        "createdTime": 86_400_000,
        "iso": None,
        "other": "1970-01-02T00:00:00.000Z",
        "part": {"whole": {"seenAt": 86_400}},
    }
    parts = [{"whole": {"seenAt": moment}}, Part(size=1), {"size": 2, "whole": Thing(seen_at=moment)}]
    assert json.loads(CODEC.body(write, {"parts": parts, "by_name": {"a": {"size": 3}}})) == {
        "parts": [{"whole": {"seenAt": 86_400}}, {"size": 1}, {"size": 2, "whole": {"seenAt": 86_400}}],
        "byName": {"a": {"size": 3}},
    }
    with pytest.raises(BadArgument, match="a dict in the place of a Thing has wire names: 'seenAt', not 'seen_at'"):
        CODEC.body(write, {"parts": [{"whole": {"seen_at": moment}}]})


def test_every_mapping_is_written_like_a_dict():
    """A mapping within a body has wire names as well, whatever its class."""
    moment = datetime(1970, 1, 2, tzinfo=UTC)
    for kind in (OrderedDict, MappingProxyType, ChainMap):
        assert CODEC.wire([kind({"seenAt": moment})], list[Thing]) == [{"seenAt": 86_400}]
        with pytest.raises(BadArgument, match="'seenAt', not 'seen_at'"):
            CODEC.wire([kind({"seen_at": moment})], list[Thing])
        assert json.loads(CODEC.body(operation(Thing), {"body": kind({"seenAt": moment})})) == {"seenAt": 86_400}


def nested(depth):
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("body", "arguments", "problem"),
    [
        (Thing, {"anything": circle()}, "nested too deep, or holds itself"),
        (Thing, {"anything": nested(3000)}, "nested too deep"),
        (Thing, {"name": "\ud800"}, "it has a lone surrogate"),
        (Thing, {"seen_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))}, "date value out of range"),
        (Thing, {"body": Part(size=1)}, "the body must be a Thing or a dict, not Part"),
        (list[Part], {"body": "abc"}, "body must be a list, not str"),
        (list[Part], {"body": {"size": 1}}, "body must be a list, not dict"),
        (list[Part], {"body": 5}, "body must be a list, not int"),
        (dict[str, str], {"body": []}, "body must be a dict, not list"),
    ],
)
def test_bodies_that_cannot_be_sent(body, arguments, problem):
    """What JSON does not have, or the operation does not take, is refused; the error names the operation."""
    with pytest.raises(BadArgument, match=rf"op \(POST .*: .*{problem}"):
        prepare(operation(body), {"thing_id": "1"} | arguments, CODEC)


def test_a_text_where_the_http_body_is_meant():
    """An operation whose body has a field `body` says what that field is called."""
    with pytest.raises(BadArgument, match="the field 'body' of it is given as 'body_'"):
        prepare(load("sendDownlinkHttp"), {"sim_id": "1", "body": "text"}, CODEC)


def test_keywords_beside_a_whole_body_replace_its_values():
    """Also a keyword that is the very object that the body is."""
    same = {"name": "a"}
    write = operation(Thing)
    assert json.loads(CODEC.body(write, {"body": same, "labels": same})) == {"name": "a", "labels": {"name": "a"}}


def test_a_dict_in_the_place_of_one_of_several_models():
    """It is written as the model that fits it best."""
    assert CODEC.wire({"radius": 1.5, "color": "red"}, Circle | Square) == {"radius": 1.5, "color": "red"}
    for dictionary in ({"drawn_at": 1, "side": 2}, {"drawn_at": 1}):
        with pytest.raises(BadArgument, match="in the place of a Drawn"):
            CODEC.wire(dictionary, Circle | Drawn)


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
    """A boolean is written as JSON writes it."""
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


def test_json_that_nobody_else_holds_is_consumed():
    """A list is emptied on the way; all else is structured as always."""
    data = [{"name": "a"}, "oops", {"name": "b"}]
    assert consume(data, list[Thing]) == [Thing(name="a"), "oops", Thing(name="b")]
    assert data == []
    assert consume({"name": "a"}, Thing) == Thing(name="a")
    assert consume({"name": "a"}, list[Thing]) == {"name": "a"}
    assert consume([1], dict[str, int]) == [1]
