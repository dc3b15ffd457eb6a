"""The generator: its rules on tiny documents, and its result where the official document is at hand."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main, plan
from codegen.annotations import TAKEN, Container, Enum, Name, Union, parts
from codegen.annotations import render as written
from codegen.deprecations import advice
from codegen.document import Document, read, spec_directory
from codegen.effects import effect
from codegen.enums import Enums
from codegen.naming import camel, class_name, constant, module, snake, spoken
from codegen.render import render
from codegen.render_reference import reference
from codegen.schemas import field_name, limits
from codegen.table import broken, row
from codegen.units import Units
from codegen.wording import Described, Prose
from codegen.write import write
from soracom_async._codec.model import Model, wire_name
from soracom_async.api.operations import MODULES

ROOT = Path(__file__).parents[2]
API = ROOT / "soracom_async" / "api"
SPEC = spec_directory()
at_hand = pytest.mark.skipif(
    not (SPEC / "soracom-api.json").exists(), reason="the official document is not at hand (set SORACOM_SPEC)"
)

KINDS = ("application/json", "application/octet-stream", "text/plain")


def operation(id_: str, cli: str, **more: Any) -> dict[str, Any]:
    """Make an operation of a tiny document."""
    data = {"operationId": id_, "tags": ["Sim"], "x-soracom-cli": cli.split("|"), "security": [{"api_key": []}]}
    return {**data, "responses": {"204": {"description": "."}}, **more}


def answer(schema: dict[str, Any], status: str = "200", kind: str = "application/json") -> dict[str, Any]:
    """Make the responses of an operation that answers something."""
    return {status: {"content": {kind: {"schema": schema}}}, "404": {}, "422": {}}


def body(*schemas: dict[str, Any], required: bool = True) -> dict[str, Any]:
    """Make a request body."""
    return {"required": required, "content": {f"application/{n}": {"schema": s} for n, s in enumerate(schemas)}}


def parameter(name: str, where: str = "query", **schema: Any) -> dict[str, Any]:
    """Make a parameter."""
    return {"in": where, "name": name, "required": where == "path", "schema": {"type": "string", **schema}}


def generated(
    paths: dict[str, Any], schemas: dict[str, Any] | None = None, units: list[Any] | None = None, tags: str = "Sim"
) -> dict[str, str]:
    """Generate from a tiny document."""
    return render(plan({"paths": paths, "components": {"schemas": schemas or {}}}, units or [], tags.split(",")))


def ref(name: str) -> dict[str, Any]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def compiles(texts: dict[str, str]) -> None:
    """Every module is Python."""
    for name, text in texts.items():
        compile(text, name, "exec")


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("simId", "sim_id"),
        ("mfaOTPCode", "mfa_otp_code"),
        ("arcAllowedIPs", "arc_allowed_ips"),
        ("yyyyMM", "yyyy_mm"),
        ("content-type", "content_type"),
        ("from", "from_"),
        ("atomEventV1", "atom_event_v1"),
    ],
)
def test_snake(wire: str, python: str) -> None:
    """Wire names become snake_case, and keywords get an underscore."""
    assert snake(wire) == python


def test_other_names() -> None:
    """Constants, modules, classes and prose follow from the names of the document."""
    assert constant("revokeMFA") == "REVOKE_MFA"
    assert module("API Sandbox: Order") == "sandbox"
    assert module("VirtualPrivateGateway") == "virtual_private_gateway"
    assert camel("auth-keys") == "AuthKeys"
    assert class_name("sandboxTagSet") == "SandboxTagSet"
    assert class_name("Parameter") == "ParameterModel"
    assert spoken("listSimStatusHistory") == "List SIM status history"
    assert spoken("listSims") == "List SIMs"


@pytest.mark.parametrize(
    ("id_", "method", "expected"),
    [
        ("getSim", "GET", "READ"),
        ("headFile", "HEAD", "READ"),
        ("putSimTags", "PUT", "SET"),
        ("deleteGroup", "DELETE", "SET"),
        ("activateSim", "POST", "SET"),
        ("setSimGroup", "POST", "SET"),
        ("auth", "POST", "SET"),
        ("sendSms", "POST", "ACT"),
        ("createSim", "POST", "ACT"),
        ("updateOperatorPassword", "POST", "ACT"),
        ("enableMFA", "POST", "ACT"),
        ("batchGetCellLocations", "POST", "READ"),
    ],
)
def test_effect(id_: str, method: str, expected: str) -> None:
    """The effect follows from method and verb, but for the exceptions."""
    assert effect(id_, method) == expected


def test_units() -> None:
    """A time has its stated unit, or the likely one; only a stated size or duration makes a remark."""
    records = [
        {"owner": "Sim", "name": "createdTime", "kind": "instant", "unit": "epoch milliseconds"},
        {"owner": "Sim", "name": "seenAt", "kind": "instant", "unit": "unstated", "type": "integer"},
        {"owner": "Sim", "name": "from", "kind": "instant", "unit": "unstated", "type": "integer"},
        {"owner": "Sim", "name": "to", "kind": "instant", "unit": "unstated", "type": "integer"}
        | {"unit_by_example": "epoch seconds"},
        {"owner": "Sim", "name": "text", "kind": "instant", "unit": "unstated", "type": "string"},
        {"owner": "Sim", "name": "texts", "kind": "instant", "unit": "varies", "type": "array"},
        {"owner": "Sim", "name": "month", "kind": "month", "unit": "unstated", "type": "string"},
        {"owner": "Sim", "name": "date", "kind": "date", "unit": "unstated", "type": "string", "unit_by_example": None},
        {"owner": "Sim", "name": "day", "kind": "date", "unit": "unstated", "type": "string"}
        | {"unit_by_example": "YYYYMMDD"},
        {"owner": "Sim", "name": "expireMonth", "kind": "month", "unit": "number", "type": "integer"},
        {"owner": "GET /sims (listSims)", "name": "from", "kind": "instant", "unit": "epoch seconds"},
        {"owner": "Sim", "name": "ttl", "kind": "duration", "unit": "seconds"},
        {"owner": "Sim", "name": "size", "kind": "data amount", "unit": "unstated"},
    ]
    units = Units.of(records)
    assert units.time("Sim", "createdTime") == "EpochMilliseconds"
    assert units.time("Sim", "seenAt") == "MillisecondsOrSeconds"
    assert units.time("Sim", "from") == units.time("Sim", "to") == "SecondsOrMilliseconds"
    assert units.time("Sim", "text") == units.time("Sim", "texts[]") == "ISODateTime"
    assert [units.time("Sim", name) for name in ("month", "date", "day")] == ["Month", "DayOrTime", "Day"]
    assert units.time("Sim", "other") is units.time("Sim", "ttl") is units.time("Sim", "expireMonth") is None
    assert units.time("listSims", "from") == "EpochSeconds"
    assert units.remark("Sim", "ttl") == "seconds"
    assert units.remark("Sim", "size") == units.remark("Sim", "createdTime") == ""


def test_annotations() -> None:
    """A type is written for a field, for an argument, and where a method shadows a builtin."""
    type_ = Container("list", Union((Container("dict", Name("EpochSeconds")), Enum((1, "a"), "int"), Name("Month"))))

    def text(enum: Enum) -> str:
        return enum.text

    assert written(type_, text) == 'list[dict[str, EpochSeconds] | Literal[1, "a"] | int | Month]'
    shown = written(type_, text, takes=TAKEN, shadowed=frozenset({"list", "str"}))
    assert shown == 'builtins.list[dict[builtins.str, Instant] | Literal[1, "a"] | int | Digits]'
    assert len(parts(type_)) == 6
    takes = {"Sim": "Sim | SimDict"}
    assert written(Container("list", Name("Sim")), text, takes=takes) == "Sequence[Sim | SimDict]"
    assert written(Container("dict", Name("Sim")), text, takes=takes) == "Mapping[str, Sim | SimDict]"


def test_enum_names() -> None:
    """A set of words has one name, from its usual property; a vague property lends its owner's."""
    enums = Enums()
    status, again = Enum(("a", "b"), "str"), Enum(("b", "a"), "str")
    assert enums.used(status, "Subscriber", "status") is enums.used(again, "Sim", "status")
    once, long, named = Enum(("x",), "str"), Enum(tuple("abcdefghijklmnop"), "str"), Enum((1,), "int", "Tier")
    for enum, name in ((once, "kind"), (long, "sort"), (named, "tier")):
        enums.used(enum, "Sim", name)
    enums.settle({"Sort"})
    assert enums.names == {status: "SimStatus", long: "SimSort", named: "Tier"}
    assert enums.text(once) == 'Literal["x"] | str'


def test_rows() -> None:
    """A row is filled to the width, and a union in brackets is broken at its bars."""
    assert row("f(", ["a", "b"], ")") == "f(a, b)\n"
    assert row("f(", [], ")") == "f()\n"
    filled = row("f(", ["x" * 50] * 4, ")")
    assert [len(line) for line in filled.splitlines()] == [105, 107]
    assert row("f(", ["y" * 130], ")").count("\n") == 1
    assert max(map(len, broken("x: (" + " | ".join(["Abcdefghij"] * 30) + ")", 8).splitlines())) <= 120
    assert broken("x" * 130, 8) == "x" * 130


def test_method_with_everything() -> None:
    """Path first, then what is required; a clash gets an underscore; times say their units; both command names work."""
    paths = {
        "/sims/{sim_id}/{time}": {
            "post": operation(
                "doIt",
                "sims do-it|sims parts it",
                deprecated=True,
                parameters=[
                    parameter("time", "path", type="integer"),
                    parameter("sim_id", "path"),
                    parameter("from", type="integer"),
                    {**parameter("to"), "required": True},
                    parameter("content-type", "header"),
                ],
                requestBody=body(ref("DoIt")),
                responses=answer(ref("Sim"), "201"),
            )
        }
    }
    schemas = {
        "DoIt": {
            "required": ["body", "ghost"],
            "properties": {"simId": {"type": "string"}, "body": {"type": "object"}, "ttl": {"type": "number"}},
        },
        "Sim": {"type": "object", "required": ["ttl"], "properties": {"simId": {"type": "string"}, "ttl": {}}},
    }
    schemas["Sim"]["properties"] |= {"seenAt": {"type": "integer"}, "day": {"type": "string"}}
    units = [
        {"owner": "POST /x (doIt)", "name": "time", "kind": "instant", "unit": "epoch milliseconds"},
        {"owner": "POST /x (doIt)", "name": "from", "kind": "instant", "unit": "epoch seconds"},
        {"owner": "DoIt", "name": "ttl", "kind": "duration", "unit": "days"},
        {"owner": "Sim", "name": "seenAt", "kind": "instant", "unit": "unstated", "type": "integer"},
        {"owner": "Sim", "name": "day", "kind": "date", "unit": "unstated", "type": "string"},
    ]
    texts = generated(paths, schemas, units)
    compiles(texts)
    sim = re.sub(r"\s+", " ", texts["sim.py"])
    assert 'path_types={"time": EpochMilliseconds}, query=(Parameter("from_", EpochSeconds, wire="from"), ' in sim
    assert 'headers=(Parameter("content_type", wire="content-type"),)' in sim
    assert 'Parameter("to", required=True)' in sim
    assert "status=201" in sim
    assert "deprecated=True" in sim
    assert "def do_it(self, sim_id: str, time: Instant, *, to: str, body_: dict[str, Any], from_: Instant" in sim
    assert "sim_id_: str | None = None, ttl: float | None = None) -> Sim: ..." in sim
    assert "def do_it(self, sim_id: str, time: Instant, *, body: DoIt | Mapping[str, Any], to: str, from_:" in sim
    assert "time: A datetime, a date or an int in epoch milliseconds." in sim
    assert "from_: A datetime, a date or an int in epoch seconds." in sim
    assert "Raises NotFound, APIError (422" in sim
    assert "Deprecated." in sim
    assert sim.count('@deprecated("doIt is deprecated") async def do_it(self') == 3
    assert "class SimsParts(Resource)" in sim
    assert 'ttl: float | None = None """In days."""' in sim
    assert "sim_id: str ttl: Any = None" in sim
    assert 'seen_at: MillisecondsOrSeconds | None = None """Milliseconds or seconds, by magnitude."""' in sim
    assert 'day: DayOrTime | None = None """A datetime if the text has a time of day, else a date."""' in sim


def test_operator_is_the_sessions_own() -> None:
    """`operator_id` may be left out: positional when it is alone, a keyword beside others."""
    both = [parameter("operator_id", "path"), parameter("name", "path")]
    paths = {
        "/operators/{operator_id}": {"get": operation("getOne", "sims get", parameters=both[:1])},
        "/operators/{operator_id}/{name}": {"get": operation("getTwo", "sims two", parameters=both)},
    }
    text = generated(paths)["sim.py"]
    assert "async def get(self, operator_id: str | None = None) -> None:" in text
    assert "async def two(self, name: str, *, operator_id: str | None = None) -> None:" in text
    assert "GET_TWO, name=name, operator_id=operator_id)" in text


def test_pages() -> None:
    """Arrays and objects are paged alike; the items of an object are all its lists."""
    both = {"a": {"type": "array", "items": ref("A")}, "b": {"type": "array", "items": ref("B")}, "n": {}}
    one = {"aTo": {"type": "array", "items": ref("A")}}
    models = {name: {"type": "object", "properties": {"x": {"type": "integer"}}} for name in "AB"}
    query = [parameter("limit", type="integer"), parameter("last_evaluated_key", type="integer")]

    def listing(id_: str, schema: dict[str, Any]) -> dict[str, Any]:
        more = {"x-soracom-cli-pagination": {}, "parameters": query}
        return {"get": operation(id_, f"sims {id_}", **more, responses=answer(schema))}

    texts = generated(
        {
            "/a": listing("list", {"type": "array", "items": ref("A")}),
            "/b": listing("two", ref("Two")),
            "/c": listing("one", ref("One")),
        },
        {**models, "Two": {"properties": both}, "One": {"properties": one}},
    )
    compiles(texts)
    text = texts["sim.py"]
    start = "def list(self, *, limit: int | None = None, last_evaluated_key: str | "
    assert f"{start}int | None = None) -> Pages[A]:" in text
    assert ") -> Pages[A | B]:" in text
    assert 'paging=Paging(items={"a": list[A], "b": list[B]})' in text
    assert 'paging=Paging(items={"aTo": list[A]})' in text
    assert 'LAST_EVALUATED_KEY_ANY = Parameter("last_evaluated_key", str | int)\n' in texts["_shared.py"]
    assert 'LIMIT = Parameter("limit", int)' in texts["_shared.py"]


@pytest.mark.parametrize(
    ("wire", "python"), [("replace", "replace_"), ("toDict", "to_dict_"), ("extra", "extra_"), ("simId", "sim_id")]
)
def test_fields_leave_the_methods_of_models_alone(wire: str, python: str) -> None:
    """A property that is called like one gets an underscore, and keeps its name on the wire."""
    assert field_name(wire) == python
    assert wire_name(Model, python) == wire


def test_schemas_of_all_kinds() -> None:
    """Maps, arrays and plain values are inlined; what has properties, even without a name, is a class."""
    colours = {"type": "string", "enum": ["red", "green", "(null value)"]}
    properties = {
        "tags": ref("TagSet"),
        "alias": ref("Alias"),
        "free": {"type": "object"},
        "closed": {"type": "object", "additionalProperties": False},
        "image": {"type": "string", "format": "binary"},
        "inner": {
            "type": "object",
            "properties": {"list": {"type": "boolean"}, "names": {"type": "array", "items": {}}},
        },
        "map": {"type": "object", "additionalProperties": {"properties": {"x": colours}}},
        "one": {"oneOf": [ref("A"), {"properties": {"b": {}}}]},
        "single": {"oneOf": [ref("A")]},
        "word": {"allOf": [ref("Word")]},
        "merged": {"allOf": [ref("A"), {"properties": {"c": {"type": "string"}}, "required": ["c"]}]},
        "colour": colours,
        "number": {"type": "integer", "enum": [0, 180]},
        "yes": {"type": "string", "enum": [True, False]},
        "self": ref("Big"),
        "URL": {"type": "string"},
    }
    schemas = {
        "Big": {"type": "object", "properties": properties},
        "TagSet": {"type": "object", "additionalProperties": {"type": "string"}},
        "Alias": ref("A"),
        "A": {"properties": {"a": {"type": "string"}}},
        "Word": {"type": "string", "enum": ["jp", "g"]},
    }
    texts = generated({"/a": {"get": operation("getBig", "sims get", responses=answer(ref("Big")))}}, schemas)
    compiles(texts)
    text = texts["sim.py"]
    for line in (
        "tags: dict[str, str] | None = None",
        "alias: A | None = None",
        "free: dict[str, Any] | None = None",
        "closed: dict[str, Any] | None = None",
        "image: bytes | None = None",
        "inner: BigInner | None = None",
        "names: builtins.list[Any] | None = None",
        "map: dict[str, BigMapValue] | None = None",
        "one: A | BigOne2 | None = None",
        "single: A | None = None",
        "word: Word | None = None",
        "merged: BigMerged | None = None",
        "c: str | None = None",
        "number: Literal[0, 180] | int | None = None",
        "yes: str | bool | None = None",
        "self: Big | None = None",
        'Word = Literal["jp", "g"] | str',
        'class Big(Model, url="URL"):',
    ):
        assert f"{line}\n" in text, line
    assert "(null value)" not in text


def test_bodies_of_all_kinds() -> None:
    """Arrays have a true name, bytes and text are one argument, and an empty object is sent as it is."""
    tag = {"type": "array", "items": ref("Tag")}
    empty = {"type": "object", "additionalProperties": False}
    paths = {
        "/a": {"put": operation("putSimTags", "sims put-tags", requestBody=body(tag))},
        "/b": {"put": operation("putFile", "sims list", requestBody=body({"type": "string", "format": "binary"}))},
        "/c": {"post": operation("createArc", "sims arc", requestBody=body(empty))},
        "/d": {
            "post": operation(
                "two", "sims two", requestBody=body({"type": "string"}, {"type": "integer"}, required=False)
            )
        },
        "/e": {"post": operation("optional", "sims optional", security=None, requestBody=body(ref("Tag")))},
    }
    texts = generated(paths, {"Tag": {"properties": {"name": {"type": "string"}}}})
    compiles(texts)
    text = re.sub(r"\s+", " ", texts["sim.py"])
    assert 'body=list[Tag], body_name="tags"' in text
    assert "async def put_tags(self, *, tags: Sequence[Tag | TagDict]) -> None: ..." in text
    assert "async def put_tags(self, *, body: Sequence[Tag | TagDict]) -> None: ..." in text
    assert 'body=bytes, body_name="content", sends="application/0"' in text
    assert "async def list(self, *, content: Content) -> None:" in text
    assert "async def arc(self, *, body: CreateArcRequest | Mapping[str, Any] | None = None) -> None:" in text
    assert 'class CreateArcRequest(Model): """No fields.""" ' in text
    assert "body: str | int | None = None) -> None:" in text
    assert "async def optional(self, *, name: str | None = None, body: Tag | TagDict | Mapping[str, Any]" in text
    assert "secured=False" in text


def test_answers_of_all_kinds() -> None:
    """The first success with content counts; what has no content is None."""
    paths = {
        "/a": {"get": operation("getA", "sims a", responses={"200": {}, **answer({"type": "string"}, "201")})},
        "/b": {"get": operation("getB", "sims b", responses=answer({"type": "string"}, "204"))},
        "/c": {"get": operation("getC", "sims c", responses=answer({"properties": {"x": {}}}))},
        "/d": {"get": operation("getD", "sims d", responses={"302": {}}, **{"x-soracom-sandbox": True})},
    }
    text = generated(paths)["sim.py"]
    assert "async def a(self) -> str:" in text
    assert "async def b(self) -> None:" in text
    assert "async def c(self) -> GetCResponse:" in text
    assert "Sandbox only." in text


def test_binaries() -> None:
    """A path may have slashes, a HEAD answers its headers, a redirect and an image bytes; a binary is sent as it is."""
    binary = {"type": "string", "format": "binary"}
    several = {kind: {"schema": binary if kind.endswith("stream") else {"type": "string"}} for kind in KINDS}
    image = answer(binary, kind="image/jpeg")
    paths = {
        "/files/{path}": {
            "get": operation("getFile", "sims get", parameters=[parameter("path", "path")], responses={"302": {}}),
            "head": operation("headFile", "sims head", parameters=[parameter("path", "path")], responses={"200": {}}),
        },
        "/b": {"post": operation("rtsp", "sims rtsp", responses=image)},
        "/c": {"post": operation("data", "sims data", requestBody={"required": True, "content": several})},
        "/d": {
            "post": operation("code", "sims code", requestBody={"content": {"application/json": {"schema": binary}}})
        },
    }
    texts = generated(paths)
    compiles(texts)
    text = re.sub(r"\s+", " ", texts["sim.py"])
    assert 'path_types={"path": FilePath}, receives="*/*", status=302' in text
    assert "async def get(self, path: str) -> bytes:" in text
    assert "async def head(self, path: str) -> dict[str, str]:" in text
    assert 'receives="image/jpeg"' in text
    assert 'body=bytes, sends="*/*"' in text
    assert "async def data(self, *, body: Content | dict[str, Any] | list[Any]) -> None:" in text
    assert "async def code(self, *, body: Content | None = None) -> None:" in text
    assert 'Operation("code", "POST", "/d", "Sim", ACT, cli=("sims code",), body=bytes, status=204)' in text
    assert "from ..files.content import Content, FilePath" in text


def test_what_a_request_requires() -> None:
    """A model of request and answer has optional fields; what its request must have, the operation says."""
    schemas = {
        "Both": {"required": ["yourName"], "properties": {"x": {"type": "string"}, "yourName": {"type": "string"}}},
        "Optional": {"properties": {"simId": {"type": "string"}}},
    }
    paths = {
        f"/{name}": {"put": operation(name, f"sims {name}", requestBody=body(ref(name)), responses=answer(ref(name)))}
        for name in schemas
    }
    text = re.sub(r"\s+", " ", generated(paths, schemas)["sim.py"])
    assert 'body=Both, required=("your_name",))' in text
    assert "body=Optional)" in text
    assert "your_name: str | None = None" in text
    assert "async def both(self, *, your_name: str, x: str | None = None) -> Both: ..." in text


def test_where_a_model_occurs() -> None:
    """A model says where it occurs only where the names do not, on two lines if need be."""
    thing = {"properties": {"x": {"type": "string"}}}

    def change(id_: str, model: str) -> dict[str, Any]:
        return {"put": operation(id_, f"sims {id_}", requestBody=body(ref(model)), responses=answer(ref(model)))}

    paths = {
        "/a": change("putThings", "ThingRequest"),
        "/b": change("putShort", "Other"),
        "/c": change("put" + "Long" * 12, "Another"),
    }
    text = generated(paths, dict.fromkeys(("ThingRequest", "Other", "Another"), thing))["sim.py"]
    assert "class ThingRequest(Model):\n    x: " in text
    assert '    """Body of `putShort`; answer of `putShort`."""\n' in text
    assert re.search(r'    """Body of `put(Long)+`;\n    answer of `put(Long)+`."""\n', text)


def test_deprecations() -> None:
    """The warning says what to use instead, where that is known."""
    assert advice("searchSubscribers") == "searchSubscribers is deprecated: use query.sims"
    assert advice("other") == "other is deprecated"


def test_reference() -> None:
    """The page has a table for each group, with the marks of what is unusual."""
    enum = {"enum": ["a", "b"], "type": "string"}
    more = {"x-soracom-cli-pagination": {}}
    listing = {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}
    things = {"properties": {"listOfThings": {"type": "array", "items": enum}}}
    paths = {
        "/a": {"get": operation("a", "sims list-all|sims", **more, responses=answer(listing))},
        "/b": {"get": operation("b", "sims old", deprecated=True)},
        "/c": {"get": operation("c", "sims deep c", **more, **{"x-soracom-sandbox": True}, responses=answer(things))},
        "/d": {"put": operation("d", "sims deep d", responses={**answer({"type": "string"}), "304": {}})},
    }
    page = reference(plan({"paths": paths, "components": {"schemas": {}}}, []))

    def of(method: str, path: str) -> str:
        return f"[`{method} /{path}`](https://developers.soracom.io/en/api/#!/Sim/{path})"

    for line in (
        "# Reference: 5 methods for 4 operations",
        "[sims](#sims) · [sims.deep](#simsdeep)",
        f"| `list_all` | `sims list-all` | {of('GET', 'a')} | Sim | `list[str \\| int]` | array |",
        f"| the group itself | `sims` | {of('GET', 'a')} | Sim | `list[str \\| int]` | array |",
        f"| `old` (deprecated) | `sims old` | {of('GET', 'b')} | Sim |  |  |",
        f"| `c` (sandbox) | `sims deep c` | {of('GET', 'c')} | Sim | `list[str]` | `listOfThings` |",
        f"| `d` | `sims deep d` | {of('PUT', 'd')} | Sim | `str \\| None` |  |",
    ):
        assert line in page


def test_command_that_is_a_group() -> None:
    """`query subscribers` is a command and a group: the group is callable."""
    paths = {
        "/a": {"get": operation("one", "query subscribers")},
        "/b": {"get": operation("two", "query subscribers rank")},
        "/c": {"get": operation("three", "groups get", tags=["Group"])},
    }
    texts = generated(paths, tags="Sim,Group")
    compiles(texts)
    assert "async def __call__(self) -> None:" in texts["sim.py"]
    assert "    subscribers: Inner[QuerySubscribers] = Inner(QuerySubscribers)\n" in texts["sim.py"]
    assert "from .group import Groups as Groups_" in texts["_groups.py"]
    assert '    query: Group[Query] = Group("sim", "Query")\n' in texts["_groups.py"]


def test_models_of_two_tags_are_shared() -> None:
    """A model goes where it is needed: to its tag, or to `_shared`; what no chosen tag needs is left out."""
    schemas = {name: {"properties": {"x": {"type": "string"}}} for name in ("Both", "Mine", "Other")}
    paths = {
        "/a": {"get": operation("a", "sims a", responses=answer(ref("Both")))},
        "/b": {"get": operation("b", "sims b", responses=answer(ref("Mine")))},
        "/c": {"get": operation("c", "groups c", tags=["Group"], responses=answer(ref("Both")))},
        "/d": {"get": operation("d", "users d", tags=["User"], responses=answer(ref("Other")))},
    }
    texts = generated(paths, schemas, tags="Sim,Group")
    assert "class Both(" in texts["_shared.py"]
    assert "class Mine(" in texts["sim.py"]
    assert "from ._shared import Both, READ" in texts["group.py"]
    assert "Other" not in "".join(texts.values())


def test_a_docstring_teaches_what_the_call_needs() -> None:
    """It says what and where, each argument with unit and values, the errors, and the official reference."""
    parameters = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 1000, "default": 5}},
        {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["x", "y"], "default": "x"}},
        {"name": "vat_number", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}},
        {"name": "mode", "in": "query", "schema": {"oneOf": [{"type": "string", "enum": ["d"]}, {"type": "integer"}]}},
        {"name": "kinds", "in": "query", "schema": {"type": "array", "items": {"type": "string", "enum": ["c"]}}},
    ]
    errors: dict[str, Any] = {"200": {}, "404": {}}
    document = {"paths": {"/a": {"get": operation("getOne", "sims one", responses=errors, parameters=parameters)}}}
    prose = Prose(
        {"limit": "The most items of one page.", "sort": "`x` (the default) or `y`."},
        {"getOne": Described("Get one.", "It is alone.", "one(b'\\0')\n")},
    )
    text = render(plan(document, [], prose=prose))["sim.py"]
    for said in (
        'r"""Get one.\n\n        It is alone.\n\n',
        "\n\n        Example:\n            one(b'\\0')",
        "`GET /a`, quota group Sim. Raises NotFound.",
        "limit: The most items of one page. At most 1,000. Default: `5`.",
        "sort: `x` (the default) or `y`.\n",
        "vat_number: One of `a`, `b`.",
        "kinds: Only `c`.",
        "mode: Only `d`.",
        "https://developers.soracom.io/en/api/#!/Sim/getOne",
    ):
        assert said in text


ONE_SIM = {"paths": {"/sims": {"get": operation("listSims", "sims list", responses=answer(ref("Sim")))}}}
ONE_SIM["components"] = {"schemas": {"Sim": {"properties": {"simId": {"type": "string", "default": "a"}}}}}


def test_our_own_descriptions(tmp_path: Path) -> None:
    """They are read from files, for models and their fields, for operations and their arguments."""
    (tmp_path / "arguments.toml").write_text("", encoding="utf-8")
    described = '[models.Sim]\nsummary = "A card."\nfields = {sim_id = "What is on it."}\n'
    (tmp_path / "sim.toml").write_text(described + '[operations.listSims]\nsummary = "Walk."', encoding="utf-8")
    text = render(plan(ONE_SIM, [], prose=Prose.read(tmp_path)))["sim.py"]
    assert '"""A card."""\n    sim_id: str\n    """What is on it."""\n' in text
    assert '"""Walk.' in text


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        ("[operations.a]\n[models.B]", "have: B, a"),
        ('[operations.listSims.arguments]\nb = ""\n[models.Sim.fields]\nc = ""', "have: Sim.c, listSims.b"),
        ("[fields.a]", "one.toml: fields: there are only operations and models"),
        ("[models.Sim]\nnote = 1", "one.toml: Sim: note is not part of a description"),
        ("[models.Other]", "two.toml: Other is described twice"),
    ],
)
def test_a_description_of_nothing_is_refused(tmp_path: Path, described: str, problem: str) -> None:
    """What no longer exists, or never did, is named."""
    (tmp_path / "one.toml").write_text(described, encoding="utf-8")
    if "Other" in described:
        (tmp_path / "two.toml").write_text(described, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        plan(ONE_SIM, [], prose=Prose.read(tmp_path))


def test_limits() -> None:
    """Numbers, lengths and defaults of the document are said; a default that says nothing is not."""
    assert limits({"minimum": 1, "maximum": 1000, "default": 10}) == ("1 to 1,000.", "Default: `10`.")
    assert limits({"minimum": 1}) == ("At least 1.",)
    assert limits({"maximum": 5, "maxLength": 8, "default": "null"}) == ("At most 5.", "At most 8 characters.")
    assert limits({"default": False}) == ()


def test_a_missing_document_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One line says what is missing and what to do."""
    with pytest.raises(SystemExit):
        main([str(tmp_path / "missing.json")])
    assert "missing.json: give the path of a copy" in capsys.readouterr().err


def test_name_clash_is_refused() -> None:
    """Two things of one name stop the generator."""
    schemas: dict[str, Any] = {"Sims": {"properties": {"x": {}}}}
    with pytest.raises(ValueError, match="the name Sims is taken"):
        generated({"/a": {"get": operation("a", "sims a", responses=answer(ref("Sims")))}}, schemas)


def test_always_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field of an answer is never None only where the service always sends it; a request keeps what it requires."""
    monkeypatch.setattr("codegen.schemas.ALWAYS", {"Sim": frozenset({"simId"})})
    schemas = {
        "Sim": {"required": ["x"], "properties": {"x": {"type": "string"}, "simId": {"type": "string"}}},
        "New": {"required": ["y"], "properties": {"x": {"type": "string"}, "y": {"type": "string"}}},
    }
    paths = {"/a": {"post": operation("a", "sims a", requestBody=body(ref("New")), responses=answer(ref("Sim")))}}
    text = generated(paths, schemas)["sim.py"]
    assert "    sim_id: str\n    x: str | None = None\n" in text
    assert "    y: str\n    x: str | None = None\n" in text


def test_main_reads_json_and_yaml_and_removes_old_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The document is accepted by path, as JSON or YAML, and modules of yesterday go."""
    limit = parameter("limit", type="integer")
    document = {"paths": {"/sims": {"get": operation("listSims", "sims list", parameters=[limit])}}}
    (tmp_path / "document.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "time-units.json").write_text("[]", encoding="utf-8")
    evidence = '[listSims]\nlimit = {type = "int", seen = "2024", instead_of = "str"}'
    (tmp_path / "evidence.toml").write_text(evidence, encoding="utf-8")
    target = tmp_path / "api"
    write({"old.py": "", "sim.py": ""}, target, "*.py")
    monkeypatch.setenv("SORACOM_SPEC", str(tmp_path))
    arguments = [str(tmp_path / "document.json"), str(tmp_path / "time-units.json")]
    arguments += ["--target", str(target), "--docs", str(tmp_path), "--prose", str(target)]
    arguments += ["--evidence", str(tmp_path / "evidence.toml")]
    monkeypatch.setattr("sys.argv", ["codegen", *arguments])
    monkeypatch.delitem(sys.modules, "codegen.__main__")
    runpy.run_module("codegen", run_name="__main__")
    assert sorted(path.name for path in target.iterdir()) == [
        *("__init__.py", "_groups.py", "_models.py", "_shared.py", "operations.py", "sim.py"),
    ]
    assert "# Reference: 1 methods for 1 operations" in (tmp_path / "reference.md").read_text(encoding="utf-8")
    assert "READ, cli=" in (target / "sim.py").read_text(encoding="utf-8")
    needless = "evidence.toml: listSims.limit is no longer needed: the document says int itself\n"
    assert capsys.readouterr().out == needless
    if importlib.util.find_spec("yaml"):
        (tmp_path / "document.yaml").write_text(json.dumps(document), encoding="utf-8")
        assert read(tmp_path / "document.yaml") == document
        main([str(tmp_path / "document.yaml"), *arguments[1:]])


def test_yaml_is_read_by_its_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML is left to the yaml package, imported when it is needed."""

    class Yaml:
        safe_load = staticmethod(lambda text: [text])

    monkeypatch.setitem(sys.modules, "yaml", Yaml)
    (tmp_path / "a.yml").write_text("x", encoding="utf-8")
    assert read(tmp_path / "a.yml") == ["x"]


@at_hand
def test_generated_modules_are_current(tmp_path: Path) -> None:
    """Generating again gives the same bytes as those in the project."""
    paths = [str(SPEC / name) for name in ("soracom-api.json", "time-units.json")]
    main([*paths, "--target", str(tmp_path), "--docs", str(tmp_path)])
    new = {path.name: path.read_bytes() for path in tmp_path.glob("*.py")}
    assert new == {path.name: path.read_bytes() for path in API.glob("*.py")}
    assert (tmp_path / "reference.md").read_bytes() == (ROOT / "docs" / "reference.md").read_bytes()


@at_hand
def test_all_tags_generate() -> None:
    """The whole document went through: every module is Python, every line fits, every operation is there."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in API.glob("*.py")}
    compiles(texts)
    assert max(len(line) for text in texts.values() for line in text.splitlines()) <= 120
    assert len(MODULES) == len(list(Document(read(SPEC / "soracom-api.json")).operations())) == 490


@at_hand
def test_no_sentence_of_the_document() -> None:
    """No run of six words of a description is in the generated text."""
    texts: list[str] = []

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            texts.extend(v for k, v in value.items() if k in ("description", "summary") and isinstance(v, str))
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                gather(each)

    gather(read(SPEC / "soracom-api.json"))
    generated_files = [*API.glob("*.py"), ROOT / "docs" / "reference.md"]
    ours = " ".join(" ".join(re.findall(r"\w+", path.read_text(encoding="utf-8"))) for path in generated_files)
    found = set()
    for text in texts:
        for sentence in re.split(r"[.!?\n。]", text):
            words = re.findall(r"\w+", sentence)
            if len(words) >= 6 and " ".join(words).lower() in ours.lower():
                found.add(sentence)
    assert not found
