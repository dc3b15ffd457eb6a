"""Requests that the official document allows, and the arguments of the calls that lead to them."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import jwt
import pytest

from codegen.document import Document, read, spec_directory
from codegen.naming import snake
from soracom_async import ApiToken, Soracom

SPEC = spec_directory() / "soracom-api.json"
if not SPEC.exists():
    pytest.skip("the official document is not at hand (set SORACOM_SPEC)", allow_module_level=True)
DOCUMENT = Document(read(SPEC))
OPERATIONS = {data["operationId"]: (path, method, data) for path, method, data in DOCUMENT.operations()}
OPERATOR = "OP0012345678"
TOKEN = jwt.encode({"operator": {"operatorId": OPERATOR}}, "a secret of thirty-two characters")
KEYS = ("x-soracom-api-key", "x-soracom-token")
BYTES = b"\x00\xff bytes"
DEEPEST = 5


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
        return {
            name: sample({"type": "integer"} if name == "port" else each, last=last, deep=deep + 1)  # it says "number"
            for name, each in values
        }
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
    def sends(self) -> tuple[Any, ...]:
        """The body as a whole; empty if there is none."""
        if self.content is not None:
            return (self.content,)
        return () if self.json is None else (self.json,)

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
        (name,) = set(of_method) - {"self", "body"} - {snake(p["name"]) for p in self.data.get("parameters", ())}
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
