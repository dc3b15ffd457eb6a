"""The emulator's own OpenAPI document: what it says, and, by Schemathesis, that every answer is as it says.

Schemathesis makes a few requests of each operation, right and wrong ones by the schemas, the same in every run; most of
them are about things that are there. For more of them: `EXAMPLES=100 pytest tests/emulator/test_emulator_openapi.py`.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any, Literal

import httpx
import pytest
from clock import FakeClock
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plain import log_in, open_client
from planner import Planner

from soracom_async._codec.times import (
    DayOrTime,
    EpochMilliseconds,
    EpochSeconds,
    ISODateTime,
    MillisecondsOrSeconds,
    Month,
)
from soracom_async._core.operation import Effect, Operation, Parameter
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator import Emulator
from soracom_async.emulator.admin.openapi import document

EXAMPLES = int(os.environ.get("EXAMPLES", "2"))
DOCUMENT = document(map(load, MODULES))


def said_of(id_):
    """Return what the document says of an operation."""
    operation = load(id_)
    return DOCUMENT["paths"][operation.path][operation.method.lower()]


def test_all_operations():
    """All are there, each with the answers that it has, and what it takes to ask."""
    for id_ in MODULES:
        operation, said = load(id_), said_of(id_)
        assert said["operationId"] == id_
        assert said["tags"] == [operation.group]
        assert {str(operation.status), "4XX"} <= said["responses"].keys()
        assert said["security"] == ([{"apiKey": [], "token": []}] if operation.secured else [])
        assert {each["name"] for each in said["parameters"] if each["in"] == "query"} == {
            parameter.wire for parameter in operation.query
        }
        assert said.get("deprecated", False) == operation.deprecated
        assert ("requestBody" in said) == (operation.body is not None)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (Literal["a", "b"] | str, {"anyOf": [{"enum": ["a", "b"]}, {"type": "string"}]}),
        (list[float], {"type": "array", "items": {"type": "number"}}),
        (dict[str, str], {"type": "object", "additionalProperties": {"type": "string"}}),
        (EpochMilliseconds, {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253_402_300_799_999}),
        (
            MillisecondsOrSeconds,
            {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253_402_300_799_999},
        ),
        (DayOrTime, {"type": "string"}),
        (EpochSeconds, {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253_402_300_799}),
        (ISODateTime, {"type": "string", "format": "date-time"}),
        (Month, {"type": "string", "pattern": r"^[1-9]\d{3}(0[1-9]|1[0-2])$"}),
        (Annotated[str, "path"], {"type": "string"}),
    ],
)
def test_schemas(kind, schema):
    """Each type has its schema; words beyond those of an enum are welcome."""
    operation = Operation("x", "GET", "/x", "X", Effect.READ, query=(Parameter("a", kind),))
    (parameter,) = document([operation])["paths"]["/x"]["get"]["parameters"]
    assert parameter == {"name": "a", "in": "query", "schema": schema}


def test_parameters():
    """Those of the path are needed, and of the others those that are; a header is one, unless the body has it."""
    operation = Operation(
        "x",
        "GET",
        "/x/{name}",
        "X",
        Effect.READ,
        query=(Parameter("a", required=True),),
        headers=(Parameter("b", wire="x-b"), Parameter("content_type", wire="content-type")),
    )
    said = document([operation])["paths"]["/x/{name}"]["get"]["parameters"]
    assert [(each["in"], each["name"], each.get("required", False)) for each in said] == [
        ("path", "name", True),
        ("query", "a", True),
        ("header", "x-b", False),
    ]


def test_bodies():
    """A body that has to have fields says so, also where its model could do without them."""
    assert said_of("putFile")["requestBody"] == {"content": {"application/octet-stream": {}}}
    assert said_of("createGroup")["requestBody"]["required"] is False
    assert said_of("putSimTags")["requestBody"]["required"] is True
    (_, more) = said_of("createShippingAddress")["requestBody"]["content"]["application/json"]["schema"]["allOf"]
    assert more["required"] == ["addressLine1", "city", "state", "zipCode"]


def test_answers():
    """An answer has its type, or none; one that is a file leads to it."""
    limits = {f"x-soracom-ratelimit-{name}" for name in ("limit", "remaining", "seconds-before-refresh")}
    listed = said_of("listSims")["responses"]["200"]
    assert listed["headers"].keys() == limits | {"x-soracom-next-key"}
    assert listed["content"]["application/json"]["schema"]["items"] == {"$ref": "#/components/schemas/Sim"}
    ordered = said_of("listOrderedSubscribers")["responses"]["200"]["content"]["application/json"]["schema"]
    assert ordered["properties"].keys() == {"orderedSubscriberList"}
    assert said_of("sendDownlinkRtsp")["responses"]["200"]["content"] == {"image/jpeg": {}}
    assert said_of("getFile")["responses"]["302"]["headers"].keys() == limits | {"location"}
    for id_, status in ("getFileMetadata", 200), ("deleteSimTag", 204), ("putFile", 201):
        assert "content" not in said_of(id_)["responses"][str(status)]
    assert DOCUMENT["components"]["schemas"]["Error"]["required"] == ["code", "message"]
    assert DOCUMENT["components"]["schemas"]["ResourceInstance"]["properties"]["value"] == {}


def test_it_is_valid():
    """The document is one of OpenAPI 3.1."""
    pytest.importorskip("openapi_spec_validator").validate(DOCUMENT)


# What Schemathesis finds


@pytest.fixture(scope="module")
def schemathesis():
    return pytest.importorskip("schemathesis")


@pytest.fixture(scope="module")
def schema(schemathesis):
    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as runner:
        yield runner


async def ask(case, id_, real):
    """Make a request of a fresh emulator over ASGI; where it is `real`, it is about things that are there."""
    from soracom_async.emulator.serving.server import application  # needs an extra, as Schemathesis does

    emulator = Emulator(sims=30, groups=3, clock=FakeClock())
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        keys = {name: value for name, value in client.headers.items() if name.startswith("x-soracom")}
        if real:
            case.path_parameters = (await Planner(emulator, client).plan(id_)).parameters
    request = case.as_transport_kwargs(base_url="http://emulator/v1")
    content = request.get("data")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(emulator.answer, emulator.clock, 1))
    ) as client:
        return await client.request(
            request["method"],
            request["url"],
            params=request["params"],
            headers=dict(request["headers"]) | keys,
            **({"json": request["json"]} if "json" in request else {"content": content}),
        )


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("id_", MODULES)
def test_answers_are_as_documented(schemathesis, schema, runner, id_, mode):
    """No request makes the emulator fail; each answer has a status, headers and a body that the document has."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    operation = load(id_)
    cases = schema[operation.path][operation.method].as_strategy(
        generation_mode=schemathesis.GenerationMode(mode),
    )

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, real=st.sampled_from([True, True, False]))
    def check(case, real):
        answer = runner.run(ask(case, id_, real))
        case.validate_response(
            answer,
            checks=[
                not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_headers_conformance,
                checks.response_schema_conformance,
            ],
        )

    check()
