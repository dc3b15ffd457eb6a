"""The emulated API as an OpenAPI 3.1 document, made from the operations table and the models alone."""

from __future__ import annotations

import re
from http import HTTPStatus
from types import NoneType
from typing import TYPE_CHECKING, Any

from ..._codec.annotations import Annotation, Array, Map, Object, OneOf, Time, Values, annotation
from ..._codec.model import is_model, wire_name
from ..._codec.times import Unit
from ..._version import __version__
from ..service.validation import fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core.operation import Operation, Parameter

Json = dict[str, Any]

_SCHEMES = {"apiKey": "X-Soracom-API-Key", "token": "X-Soracom-Token"}
_LIMITS = {
    "x-soracom-ratelimit-limit": "How many requests there are in a window.",
    "x-soracom-ratelimit-remaining": "How many of them are left.",
    "x-soracom-ratelimit-seconds-before-refresh": "Seconds until the next window.",
}
_NEXT = "x-soracom-next-key"
_ERROR: Json = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}
_MILLISECONDS: Json = {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253_402_300_799_999}
_TIMES: dict[Unit, Json] = {
    **dict.fromkeys((Unit.MILLISECONDS, Unit.MILLISECONDS_OR_SECONDS, Unit.SECONDS_OR_MILLISECONDS), _MILLISECONDS),
    Unit.SECONDS: {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253_402_300_799},
    Unit.FRACTIONAL_SECONDS: {"type": "number", "minimum": 0, "maximum": 253_402_300_799},
    Unit.ISO: {"type": "string", "format": "date-time"},
    Unit.DAY_OR_TIME: {"type": "string"},
    Unit.MONTH: {"type": "string", "pattern": r"^[1-9]\d{3}(0[1-9]|1[0-2])$"},
    Unit.DAY: {"type": "string", "pattern": r"^[1-9]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"},
    Unit.SECOND: {
        "type": "string",
        "pattern": r"^[1-9]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d){2}$",
    },
}
_PLAIN: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    dict: {"type": "object"},
    list: {"type": "array"},
    NoneType: {"type": "null"},
}
_ALSO = {"putFile": HTTPStatus.CREATED, "assignSoraCamDeviceAtomCamLicense": HTTPStatus.NOT_MODIFIED}
"""Further success statuses; the table has only one for each operation."""
_LOOSE = {
    ("BatchTaskApiRequest", "body"),
    ("BatchTaskApiResponse", "body"),
    ("ExecuteSoraletRequest", "source"),
    ("ResourceInstance", "value"),
}
"""Fields that allow more than their type: a call may send an array, a resource of a device has numbers and text."""


def document(operations: Iterable[Operation[Any]]) -> Json:
    """Return the document of these operations."""
    schemas: dict[str, Json] = {"Error": _ERROR}
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _Writer(schemas).operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The Soracom API, as it is emulated", "version": __version__},
        "servers": [{"url": "/v1"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {"Error": {"description": "An error.", "headers": _limits(), "content": _json(_ref("Error"))}},
            "headers": {
                name: {"description": text, "required": True, "schema": {"type": "integer", "minimum": 0}}
                for name, text in _LIMITS.items()
            }
            | {_NEXT: {"description": "The key of the next page, if there is one.", "schema": {"type": "string"}}},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": header} for name, header in _SCHEMES.items()
            },
        },
    }


class _Writer:
    """Writes operations, and collects the schemas of the models that they name."""

    def __init__(self, schemas: dict[str, Json]) -> None:
        self._schemas = schemas

    def operation(self, operation: Operation[Any]) -> Json:
        """Return an operation."""
        made: Json = {
            "operationId": operation.id,
            "summary": "; ".join(operation.cli) or operation.id,
            "tags": [operation.group],
            "parameters": self._parameters(operation),
            "responses": self._answers(operation),
            "security": [{name: [] for name in _SCHEMES}] if operation.secured else [],
        }
        if operation.body is not None:
            made["requestBody"] = self._body(operation)
        if operation.deprecated:
            made["deprecated"] = True
        return made

    def _parameters(self, operation: Operation[Any]) -> list[Json]:
        names = re.findall(r"{(\w+)}", operation.path)
        of_path = [
            {"name": name, "in": "path", "required": True, "schema": self.schema(operation.path_types.get(name, str))}
            for name in names
        ]
        return [
            *of_path,
            *(self._parameter(each, "query") for each in operation.query),
            *(self._parameter(each, "header") for each in operation.headers if each.wire != "content-type"),
        ]

    def _parameter(self, parameter: Parameter, where: str) -> Json:
        made = {"name": parameter.wire, "in": where, "schema": self.schema(parameter.type)}
        return made | ({"required": True} if parameter.required else {})

    def _body(self, operation: Operation[Any]) -> Json:
        if operation.body is bytes:
            return {"content": {"application/octet-stream": {}}}
        schema = self.schema(operation.body)
        names = [wire_name(operation.body, name) for name in operation.required or ()]
        if names:
            schema = {
                "allOf": [
                    schema,
                    {"required": names, "properties": {name: {"not": {"type": "null"}} for name in names}},
                ]
            }
        needed = (
            not is_model(operation.body) or names or any(required for _, required in fields(operation.body).values())
        )
        return {"content": _json(schema), "required": bool(needed)}

    def _answers(self, operation: Operation[Any]) -> Json:
        answers = {str(operation.status): self._answer(operation)}
        if operation.id in _ALSO:
            status = _ALSO[operation.id]
            answers[str(int(status))] = {"description": status.phrase, "headers": _limits()}
        return answers | {"4XX": {"$ref": "#/components/responses/Error"}}

    def _answer(self, operation: Operation[Any]) -> Json:
        made: Json = {"description": HTTPStatus(operation.status).phrase, "headers": _limits()}
        if operation.paging is not None:
            made["headers"] |= {_NEXT: {"$ref": f"#/components/headers/{_NEXT}"}}
        if operation.status == HTTPStatus.FOUND:
            made["headers"] |= {"location": {"required": True, "schema": {"type": "string", "format": "uri"}}}
        elif operation.method != "HEAD" and operation.result is not None:
            made["content"] = self._content(operation)
        return made

    def _content(self, operation: Operation[Any]) -> Json:
        if operation.result is bytes:
            return {operation.receives: {}}
        schema = self.schema(operation.result)
        if operation.paging is not None and operation.paging.items:
            schema = {"type": "object", "properties": dict.fromkeys(operation.paging.items, schema)}
        return _json(schema)

    def schema(self, kind: Any) -> Json:
        """Return the schema of a type."""
        return self._schema(annotation(kind))

    def _schema(self, tree: Annotation) -> Json:
        match tree:
            case Time(unit):
                return _TIMES[unit]
            case OneOf(choices):
                return {"anyOf": [self._schema(each) for each in choices]}
            case Values(values):
                return {"enum": list(values)}
            case Array(item):
                return {"type": "array", "items": self._schema(item)}
            case Map(item):
                return {"type": "object", "additionalProperties": self._schema(item)}
            case Object(model):
                return self._model(model)
        return _PLAIN.get(tree.type, {})

    def _model(self, kind: Any) -> Json:
        name = kind.__name__
        if name not in self._schemas:
            schema: Json = {"type": "object"}
            self._schemas[name] = schema  # before its fields: a model may contain itself
            schema["properties"] = {
                wire: {} if (name, wire) in _LOOSE else self.schema(each) for wire, (each, _) in fields(kind).items()
            }
            needed = [wire for wire, (_, required) in fields(kind).items() if required]
            schema |= {"required": needed} if needed else {}
        return _ref(name)


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _limits() -> Json:
    """Return the headers that every answer has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
