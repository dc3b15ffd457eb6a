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
import jwt
import pytest

from codegen.document import Document, read, spec_directory
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

SPEC = spec_directory() / "soracom-api.json"
if not SPEC.exists():
    pytest.skip("the official document is not at hand (set SORACOM_SPEC)", allow_module_level=True)
DOCUMENT = Document(read(SPEC))
OPERATIONS = {data["operationId"]: (path, method, data) for path, method, data in DOCUMENT.operations()}
OPERATOR = "OP0012345678"
TOKEN = jwt.encode({"operator": {"operatorId": OPERATOR}}, "a secret of thirty-two characters")
KEYS = ("x-soracom-api-key", "x-soracom-token")
BYTES = b"\x00\xff bytes"
STORAGE = "https://storage.example.com/file?signature=1"
OF_THE_CLIENT = {("auth",), ("logout",)}
"""Commands that are no methods: the client itself logs in and out."""
DEEPEST = 5

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


# Values that the document allows


def sample(schema: dict[str, Any], *, last: bool = False, deep: int = 0) -> Any:
    """Return JSON that fits a schema, with all of its properties; `last` chooses the last of several."""
    schema = DOCUMENT.resolve(schema)
    chosen = -1 if last else 0
    if "oneOf" in schema:
        return sample(schema["oneOf"][chosen], last=last, deep=deep + 1)
    if "allOf" in schema:
        parts = [sample(part, last=last, deep=deep + 1) for part in schema["allOf"]]
        return {k: v for part in parts for k, v in part.items()} if isinstance(parts[0], dict) else parts[0]
    if "properties" in schema:
        values = schema["properties"].items() if deep < DEEPEST else ()
        return {name: sample(each, last=last, deep=deep + 1) for name, each in values}
    kind = schema.get("type")
    if kind == "object":
        values = schema.get("additionalProperties")
        if values is False:
            return {}
        return {"any-Key": sample(values, last=last, deep=deep + 1) if isinstance(values, dict) else [1, None, "x"]}
    if kind == "array":
        return [sample(schema["items"], last=last, deep=deep + 1)] * (2 if deep < 2 else 1)
    words = [word for word in schema.get("enum", ()) if isinstance(word, str) == (kind == "string")]
    if words:
        return words[chosen]
    return {"integer": 1_700_000_000, "number": 1.5, "boolean": True, "string": "ä &/x y"}.get(kind or "", {"a": 1})


class Request:
    """The arguments of a call, by their names in Python, and the request that they must lead to."""

    def __init__(self, id_: str, *, full: bool = True, last: bool = False) -> None:
        path, self.method, self.data = OPERATIONS[id_]
        self.id = id_
        self.positional: dict[str, Any] = {}
        self.keywords: dict[str, Any] = {}
        self.query: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.json: Any = None
        self.content: bytes | None = None
        self.body: dict[str, Any] = {}
        """The properties of the body as arguments."""
        self.whole = ""
        """The argument that takes a body without properties."""
        for name in re.findall(r"{(.+?)}", path):
            parameter = next(p for p in self.data["parameters"] if (p["in"], p["name"]) == ("path", name))
            value = sample(parameter["schema"], last=last)
            value = "logs/a b" if name == "path" else value
            path = path.replace(f"{{{name}}}", quote(str(value), safe="/" if name == "path" else ""))
            self.positional[snake(name)] = value
        self.target = f"/v1{path}"
        for each in self.data.get("parameters", ()):
            if each["in"] != "path" and (full or each.get("required")):
                self._add(each, last)
        if "requestBody" in self.data:
            self._body(full, last)

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments by name."""
        return self.positional | self.keywords | self.body

    @property
    def required(self) -> set[str]:
        """The arguments without which there is no call."""
        needed = {snake(p["name"]) for p in self.data.get("parameters", ()) if p.get("required")}
        said = DOCUMENT.resolve(self.data.get("requestBody", {}))
        if self.whole:
            needed |= {self.whole} if said.get("required") else set()
        return (needed | {self._name(n) for n in self._object().get("required", ())}) - {"operator_id"}

    def _add(self, parameter: dict[str, Any], last: bool) -> None:
        value = "text/x-test" if parameter["in"] == "header" else sample(parameter["schema"], last=last)
        self.keywords[snake(parameter["name"])] = value
        if parameter["in"] == "header":
            self.headers[parameter["name"]] = value
            return
        for item in value if isinstance(value, list) else [value]:
            self.query.append((parameter["name"], str(item).lower() if isinstance(item, bool) else str(item)))

    def _body(self, full: bool, last: bool) -> None:
        content = DOCUMENT.resolve(self.data["requestBody"])["content"]
        schemas = [DOCUMENT.resolve(media["schema"]) for media in content.values()]
        if any(schema.get("format") == "binary" for schema in schemas):
            self.whole = self._name_of_whole()
            self.content = self.keywords[self.whole] = BYTES
            return
        self.json = sample(schemas[0], last=last)
        if "properties" not in schemas[0] and self.json:
            self.whole = self._name_of_whole()
            self.keywords[self.whole] = self.json
            return
        if not full:
            needed = schemas[0].get("required", ())
            self.json = {name: value for name, value in self.json.items() if name in needed}
        self.body = {self._name(name): value for name, value in self.json.items()}

    def _name_of_whole(self) -> str:
        """Return the argument that takes a body without properties: the one that is no parameter."""
        of_method = inspect.signature(method_of(None, self.data["x-soracom-cli"][0])).parameters
        (name,) = set(of_method) - {"self"} - {snake(p["name"]) for p in self.data.get("parameters", ())}
        return name

    def _object(self) -> dict[str, Any]:
        """Return the schema of a body with properties."""
        content = DOCUMENT.resolve(self.data.get("requestBody", {})).get("content", {"": {"schema": {}}})
        schema = DOCUMENT.resolve(next(iter(content.values()))["schema"])
        return schema if "properties" in schema else {}

    def _name(self, wire: str) -> str:
        """Return the argument of a property: with a `_` where a parameter, or the body as a whole, has its name."""
        name = snake(wire)
        taken = {"body", *(snake(p["name"]) for p in self.data.get("parameters", ()))}
        return f"{name}_" if name in taken else name

    def check(self, request: httpx.Request) -> None:
        """Compare what was sent."""
        path, _, query = request.url.raw_path.decode().partition("?")
        assert (request.method, path) == (self.method, self.target)
        assert sorted(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))) == sorted(self.query)
        for name in KEYS:
            assert (name in request.headers) == bool(self.data.get("security"))
        for name, value in self.headers.items():
            assert request.headers.get_list(name) == [value]
        if self.content is not None:
            assert request.content == self.content
            assert "content-type" in request.headers
        elif self.json is not None:
            assert json.loads(request.content) == self.json
            assert request.headers["content-type"] == "application/json"
        else:
            assert request.content == b""
            assert "content-type" not in request.headers


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


def method_of(soracom: Soracom | None, command: str) -> Any:
    """Return the method of a command, bound to a client or to none."""
    found: Any = soracom
    if soracom is None:
        found = Soracom(ApiToken("api-key", TOKEN))
    for word in command.split():
        found = getattr(found, word.replace("-", "_"))
    if not inspect.ismethod(found):
        found = found.__call__
    return found if soracom is not None else found.__func__


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
        if request.body:
            arguments = request.positional | request.keywords | {"body": request.json}
        async with opened(*answer.responses()) as (soracom, transport):
            result = await soracom.call(id_, **arguments)
        found = load(id_)
        answer.check(result, NoneType if found.result is None else found.result)
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
