"""Every operation of the official document through its method and through `call`, against a transport that notes it.

What is expected comes from the document alone: method, path, query, headers and body for a value of each declared type,
and an answer that the document allows. Only names (snake_case, the argument of a body without properties) are ours.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import typing
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from documented import BYTES, DOCUMENT, OPERATIONS, OPERATOR, TOKEN, Request, method_of, sample

from codegen.naming import snake
from soracom_async import (
    ApiToken,
    ConfigurationError,
    Pages,
    Soracom,
    unstructure,
)
from soracom_async._codec.model import Model, field_types
from soracom_async._registry import load
from soracom_async.api.operations import MODULES

STORAGE = "https://storage.example.com/file?signature=1"
OF_THE_CLIENT = {("auth",), ("logout",)}
"""Commands that are no methods: the client itself logs in and out."""

every_operation = pytest.mark.parametrize("id_", OPERATIONS)


class Transport(httpx.AsyncBaseTransport):
    """Notes the requests, and answers them with what is in `answers`."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self.answers.pop(0)


@asynccontextmanager
async def opened(*answers: httpx.Response) -> AsyncIterator[tuple[Soracom, Transport]]:
    """Open a client whose requests are noted."""
    transport = Transport(*answers)
    async with Soracom(ApiToken("api-key", TOKEN), endpoint="https://api.test", transport=transport) as soracom:
        yield soracom, transport


class Response:
    """An answer that the document allows, and the result that it must become."""

    def __init__(self, id_: str, *, last: bool = False) -> None:
        _, method, data = OPERATIONS[id_]
        good = sorted(code for code in data["responses"] if code < "4")
        code = next((c for c in good if data["responses"][c].get("content")), good[0])
        self.status = int(code)
        self.paged = "x-soracom-cli-pagination" in data
        self.json: Any = None
        self.result: Any = None
        content = data["responses"][code].get("content", {})
        self.headers = {"content-type": next(iter(content), "text/html"), "etag": '"1"'}
        if method == "HEAD" or not content or self.status in (204, 304):
            return
        schema = DOCUMENT.resolve(next(iter(content.values()))["schema"])
        if schema.get("format") != "binary":
            self.json = self.result = sample(schema, last=last)
        if self.paged and isinstance(self.json, dict):
            self.result = [item for items in self.json.values() if isinstance(items, list) for item in items]

    def responses(self) -> list[httpx.Response]:
        """Return what the service sends: a file is behind an address."""
        if self.status == 302:
            return [httpx.Response(302, headers={"location": STORAGE}), httpx.Response(200, content=BYTES)]
        content = b"" if self.status in (204, 304) else BYTES
        if self.json is not None:
            content = json.dumps(self.json).encode()
        return [httpx.Response(self.status, headers=self.headers, content=content)]

    def check(self, result: Any, declared: Any) -> None:
        """Compare a result with what was sent, and with its declared type."""
        if self.json is not None:
            assert unstructure(result) == self.result
        elif declared is bytes:
            assert result == BYTES
        elif declared is not NoneType:
            assert result["etag"] == '"1"'
        assert fits(result, declared), f"{result!r} is no {declared}"


def fits(value: Any, declared: Any) -> bool:
    """Tell whether a value is of a declared type, with all that is in it."""
    origin, arguments = get_origin(declared), get_args(declared)
    if declared is Any or (origin is Literal and value in arguments):
        return True
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in arguments)
    if origin is Annotated:  # a time, or text that is none
        return isinstance(value, date | str)
    if origin is list:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
    if isinstance(declared, type) and issubclass(declared, Model):
        return type(value) is declared and all(
            getattr(value, name) is None or fits(getattr(value, name), type_)
            for name, type_ in field_types(declared).items()
        )
    return origin is None and isinstance(value, int | float if declared is float else declared)


def declared_result(method: Any) -> Any:
    """Return the declared result of a method: the list of its items where it is a listing."""
    function = inspect.unwrap(method.__func__)
    hint = get_type_hints(function, {**vars(typing), **inspect.getmodule(function).__dict__}, include_extras=True)[
        "return"
    ]
    return list[get_args(hint)[0]] if get_origin(hint) is Pages else hint


async def call_method(soracom: Soracom, command: str, request: Request) -> tuple[Any, Any]:
    """Call the method of a command, and return its result and the declared type."""
    method = method_of(soracom, command)
    positional, keywords = dict(request.positional), request.keywords | request.body
    if len(positional) > 1 and "operator_id" in positional:
        keywords["operator_id"] = positional.pop("operator_id")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = method(*positional.values(), **keywords)
    assert [each.category for each in caught] == [DeprecationWarning] * request.data.get("deprecated", False)
    result = await (result.collect() if isinstance(result, Pages) else result)
    return result, declared_result(method)


def test_the_table_is_the_document() -> None:
    """All 482 operations and the 8 of the sandbox are there, and no other, with the facts of the document."""
    assert set(MODULES) == set(OPERATIONS)
    assert len(OPERATIONS) == 490
    for id_, (path, method, data) in OPERATIONS.items():
        found = load(id_)
        assert (found.id, found.method, found.group) == (id_, method, data["tags"][0])
        assert found.path == re.sub(r"{(.+?)}", lambda match: f"{{{snake(match[1])}}}", path)
        assert found.cli == tuple(data["x-soracom-cli"])
        assert found.secured == bool(data.get("security"))
        assert found.deprecated == data.get("deprecated", False)
        assert (found.paging is not None) == ("x-soracom-cli-pagination" in data)
        assert str(found.status) in data["responses"]


@every_operation
def test_method(id_: str) -> None:
    """The method of each command name sends all arguments to where they belong, and gives the declared result."""

    async def run() -> None:
        request, answer = Request(id_), Response(id_)
        for command in request.data["x-soracom-cli"]:
            if tuple(command.split()) in OF_THE_CLIENT:
                continue
            async with opened(*answer.responses()) as (soracom, transport):
                result, declared = await call_method(soracom, command, request)
            answer.check(result, declared)
            request.check(transport.requests[0])
            for further in transport.requests[1:]:
                assert (str(further.url), further.method) == (STORAGE, "GET")
                assert not any(name.startswith("x-soracom") for name in further.headers)

    asyncio.run(run())


@every_operation
def test_call(id_: str) -> None:
    """`call` does the same by the operationId, here with other values and with the body as a whole."""

    async def run() -> None:
        request, answer = Request(id_, last=True), Response(id_, last=True)
        arguments = request.arguments
        if request.sends:
            arguments = request.positional | request.keywords | {"body": request.sends[0]}
            arguments.pop(request.whole, None)
        async with opened(*answer.responses()) as (soracom, transport):
            result = await soracom.call(id_, **arguments)
        found = load(id_)
        answer.check(result, NoneType if found.result is None else found.result)
        request.check(transport.requests[0])

    asyncio.run(run())


@every_operation
def test_body_as_a_whole(id_: str) -> None:
    """Every method with a body takes it whole as `body`, as JSON has it or as bytes; its signature is complete."""

    async def run() -> None:
        request, answer = Request(id_), Response(id_)
        for command in request.data["x-soracom-cli"]:
            if tuple(command.split()) in OF_THE_CLIENT:
                continue
            parameters = inspect.signature(method_of(None, command)).parameters
            assert inspect.Parameter.VAR_KEYWORD not in {each.kind for each in parameters.values()}
            assert ("body" in parameters) == bool(request.sends)
            if not request.sends:
                continue
            whole = Request(id_)
            whole.keywords.pop(whole.whole, None)
            whole.body = {"body": request.sends[0]}
            async with opened(*answer.responses()) as (soracom, transport):
                await call_method(soracom, command, whole)
            request.check(transport.requests[0])

    asyncio.run(run())


@every_operation
def test_required_arguments(id_: str) -> None:
    """What the document requires is enough, and each part of it is needed; the operator is the session's own."""

    async def run() -> None:
        request = Request(id_, full=False)
        if "operator_id" in request.positional:
            request.target = request.target.replace(quote(request.positional.pop("operator_id"), safe=""), OPERATOR, 1)
        async with opened(*Response(id_).responses()) as (soracom, transport):
            await soracom.call(id_, **request.arguments)
            request.check(transport.requests[0])
            for name in request.required:
                fewer = {key: value for key, value in request.arguments.items() if key != name}
                with pytest.raises(ConfigurationError, match=rf"needs the argument '{name}'"):
                    await soracom.call(id_, **fewer)

    asyncio.run(run())


def test_times_as_arguments() -> None:
    """A moment becomes the number or the text that the parameter wants."""

    async def run() -> None:
        moment = "2024-05-06T07:08:09+00:00"
        async with opened(*(httpx.Response(200, json=[]) for _ in range(2))) as (soracom, transport):
            when = datetime.fromisoformat(moment)
            await soracom.stats.air.get("001", from_=when, to=when, period="day")
            await soracom.sims.session_events("89", from_=when).collect()
        queries = [dict(parse_qsl(request.url.query.decode())) for request in transport.requests]
        assert queries == [{"from": "1714979289", "to": "1714979289", "period": "day"}, {"from": "1714979289000"}]

    asyncio.run(run())


@pytest.mark.parametrize("id_", [id_ for id_, (_, _, data) in OPERATIONS.items() if "x-soracom-cli-pagination" in data])
def test_pages(id_: str) -> None:
    """Each of the 53 listings goes on with the key of the answer; the key is sent as it came."""

    async def run() -> None:
        request, answer = Request(id_, full=False), Response(id_)
        (first,), (second,) = answer.responses(), answer.responses()
        first.headers["x-soracom-next-key"] = "1700000000001"
        async with opened(first, second) as (soracom, transport):
            result, _ = await call_method(soracom, request.data["x-soracom-cli"][0], request)
        assert unstructure(result) == [*answer.result, *answer.result]
        request.check(transport.requests[0])
        request.query.append(("last_evaluated_key", "1700000000001"))
        request.check(transport.requests[1])

    asyncio.run(run())


def test_a_group_within_a_group() -> None:
    """It is made when it is asked for; its class shows which it is."""
    from soracom_async.api.operator import Operator, OperatorAuthKeys

    soracom = Soracom(ApiToken("api-key", TOKEN))
    assert isinstance(soracom.operator.auth_keys, OperatorAuthKeys)
    assert Operator.auth_keys is OperatorAuthKeys


def test_an_operation_knows_its_place_in_the_official_reference():
    """The address has the tag and the operationId."""
    assert load("getSim").reference == "https://developers.soracom.io/en/api/#!/Sim/getSim"
