"""What of a request is refused before anything looks at it: parameters, numbers, times, depth."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from plain import refused

from soracom_async._codec.times import (
    Day,
    DayOrTime,
    EpochMilliseconds,
    EpochSeconds,
    ISODateTime,
    MillisecondsOrSeconds,
    Month,
    Second,
)
from soracom_async._core.operation import Effect, Operation, Parameter
from soracom_async._registry import load
from soracom_async.emulator.protocol.errors import Refusal
from soracom_async.emulator.protocol.messages import _decode, decode
from soracom_async.emulator.service.routing import Router
from soracom_async.emulator.service.validation import (
    DEEPEST,
    check_path,
    check_query,
    problem,
)

NUMBERS = "1_000", "\u0661", " 1", "1 ", "+1", "", "0x1", "1e3", "nan", "inf", "9" * 30
"""Texts that Python would take for numbers, and some that it would not."""


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (int, ("5", "-5", "0"), (*NUMBERS, "1.5", str(2**63))),
        (float, ("5", "-5", "0", "1.5"), (*NUMBERS, "1.", ".5")),
        (bool, ("true", "false"), ("True", "1", "")),
        (EpochMilliseconds, ("0", "1735689600000", "253402300799999"), (*NUMBERS, "-1", "253402300800000")),
        (EpochSeconds, ("0", "1735689600"), (*NUMBERS, "-1", "1735689600000")),
        (MillisecondsOrSeconds, ("0", "1735689600", "253402300799999"), (*NUMBERS, "-1", "253402300800000")),
        (DayOrTime, ("20240229", "202402", "2024-12-31T23:59:59Z"), ()),
        (Month, ("202412", "000101"), ("2024", "202413", "abc", "", "2024-12")),
        (Day, ("20240229",), ("20230229", "202402")),
        (Second, ("20241231235959",), ("20241231235960", "20241231")),
        (ISODateTime, ("2024-12-31T23:59:59Z", "2024"), ()),
        (str | int, ("5", "a", ""), ()),
        (Literal["a"] | str, ("a", "b"), ()),
        (Literal["a"], ("a",), ("b",)),
        (int | None, ("5",), ("a",)),
    ],
)
def test_parameters(kind, right, wrong):
    """A parameter of the query, or of the path, is what it is declared to be."""
    operation = Operation("x", "GET", "/x/{a}", "X", Effect.READ, query=(Parameter("a", kind),), path_types={"a": kind})
    for text in right:
        check_path(operation, {"a": text})
    for text in wrong:
        with pytest.raises(Refusal, match="COM9003.*a is "):
            check_path(operation, {"a": text})
    for text in wrong:
        if text.isascii() and text.strip():
            with pytest.raises(Refusal, match="COM9003.*a is "):
                check_query(operation, f"a={text.replace('+', '%2B').replace(' ', '+')}")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (Month, ["202412"], ["2024-12", 202412, None]),
        (Literal[1, 2] | int, [1, 3], [True, "1"]),
        (Literal[1, 2], [1], [True, 1.0, 3]),
        (dict[str, Any], [{}, {"a": [1]}], ["a", 1, [1]]),
        (dict[str, str], [{"a": "b"}], [[1], {"a": 1}]),
        (int, [2**63 - 1, -(2**63)], [2**63, -(2**63) - 1]),
        (EpochSeconds, [0], [-1, 1.5, 10**15, True]),
        (list[EpochSeconds], [[], [1]], [[1, -1]]),
    ],
)
def test_types(kind, right, wrong):
    """A value of a body is what it is declared to be."""
    assert [each for each in right if problem(kind, each)] == []
    assert [each for each in wrong if not problem(kind, each)] == []


@pytest.mark.anyio
async def test_depth(client):
    """A body that could not be written again is not read."""
    for depth, status in (DEEPEST - 4, 201), (DEEPEST, 400), (500, 400), (100_000, 400):
        value = "[" * depth + "]" * depth
        answer = await client.post("/groups", content=f'{{"configuration":{{"A":{{"b":{value}}}}}}}'.encode())
        assert answer.status_code == status
    wide = {f"a{number}": {"b": []} for number in range(DEEPEST)}
    assert (await client.post("/groups", json={"configuration": wide})).status_code == 201


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,-2.5,1e3,true,null,"\xc3\xa9","\\u00e9"]}', {"a": [1, -2.5, 1000.0, True, None, "é", "é"]}),
        (b'{"imsi":null}', {"imsi": None}),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (b"NaN", ValueError),
        (b"-Infinity", ValueError),
        (b"1e400", ValueError),
        (b'"\\ud800"', ValueError),
        (b'"\xff"', ValueError),
        (b"", ValueError),
        (b"{", ValueError),
    ],
)
def test_json(text, value):
    """JSON is what it is, with orjson and without it."""
    for each in decode, _decode:
        if value is ValueError:
            with pytest.raises(ValueError, match="."):
                each(text)
        else:
            assert each(text) == value == json.loads(text)


@pytest.mark.parametrize(
    ("method", "path", "id_", "parameters"),
    [
        ("GET", "/v1/sims/1", "getSim", {"sim_id": "1"}),
        ("GET", "/bills/latest", "getLatestBilling", {}),
        ("GET", "/bills/202412", "getBilling", {"yyyy_mm": "202412"}),
        ("GET", "/sims/a%2Fb", "getSim", {"sim_id": "a/b"}),
        ("GET", "/files/private/a/b", "getFile", {"scope": "private", "path": "a/b"}),
        ("GET", "/files/private//", "listFiles", {"scope": "private", "path": ""}),
        ("GET", "/sims/latest/nothing", "COM9001", None),
        ("GET", "/sims//tags", "COM9001", None),
        ("GET", "/", "COM9001", None),
        ("PATCH", "/sims/1", "COM9002", None),
    ],
)
def test_routes(method, path, id_, parameters):
    """A path leads to its operation: a word goes before a parameter, an encoded slash is none."""
    ids = "getSim", "putSimTags", "getLatestBilling", "getBilling", "getFile", "listFiles"
    router = Router(map(load, ids))
    if parameters is None:
        with pytest.raises(Refusal, match=id_):
            router.match(method, path)
    else:
        operation, found = router.match(method, path)
        assert (operation.id, found) == (id_, parameters)


def test_lists_of_parameters():
    """Several values of a parameter come one by one, or in one text."""
    operation = Operation("x", "GET", "/x", "X", Effect.READ, query=(Parameter("a", list[int]), Parameter("b")))
    assert check_query(operation, "a=1,2&b=9&a=3") == {"a": [1, 2, 3], "b": "9"}
    with pytest.raises(Refusal, match="COM9003.*a is "):
        check_query(operation, "a=1,x")


@pytest.mark.anyio
async def test_xml(client):
    """An object model may be XML; what is neither XML nor JSON is refused."""
    xml = "<LWM2M><Object><Name>x</Name><ObjectID>30000</ObjectID></Object></LWM2M>"
    assert (await client.post("/device_object_models", content=xml)).json()["objectId"] == "30000"
    assert refused(await client.post("/device_object_models", content="<"), 400, "COM9003")
    assert refused(await client.post("/groups", content=xml), 400, "COM9003")


@pytest.mark.anyio
async def test_unknown_parameters_are_ignored(client):
    """What an operation does not declare is nothing to it; what it does declare has to be right."""
    assert (await client.get("/sims?unknown=1&limit=1")).status_code == 200
    assert refused(await client.get("/sims?limit=some"), 400, "COM9003")
