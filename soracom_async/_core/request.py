"""An operation and its arguments become a request. Knows names and quoting; must not know JSON or hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, unquote

from attrs import field, frozen

from .operation import Operation, Parameter

_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_BRACES = re.compile(r"\{(\w+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadArgument(ValueError):
    """An argument that cannot be sent; the message names it and says what to do."""


class Encoder(Protocol):
    """How values become what stands on the wire; the codec is one."""

    def wire(self, value: Any, type_: Any) -> Any:
        """Return `value`, declared as `type_`, as JSON has it."""
        ...

    def body(self, operation: Operation[Any], fields: Mapping[str, Any]) -> bytes:
        """Return the JSON of the body whose fields, or whole, are the arguments `fields`."""
        ...

    def fields(self, operation: Operation[Any]) -> Mapping[str, bool]:
        """Return the arguments that make up the body, and whether each is required."""
        ...


@frozen(slots=True, eq=False)
class Prepared:
    """A request ready to be sent, to whatever host, by whatever token."""

    operation: Operation[Any]
    target: bytes
    """Path and query, with `/v1`."""
    content: bytes | None = field(default=None, repr=False)
    """The body; never shown, since a login's has the password."""


@frozen(slots=True, eq=False)
class Plan:
    """What is worked out once for an operation."""

    pieces: tuple[str, ...]
    """The literal pieces of the path: one more than there are parameters."""
    path: tuple[Parameter, ...]
    query: Mapping[str, Parameter]
    body: Mapping[str, bool]
    required: tuple[str, ...]


_plans: dict[Operation[Any], Plan] = {}


def plan(operation: Operation[Any], encoder: Encoder) -> Plan:
    """Return how the arguments of `operation` are placed; worked out once."""
    if operation not in _plans:
        _plans[operation] = _plan(operation, encoder)
    return _plans[operation]


def _plan(operation: Operation[Any], encoder: Encoder) -> Plan:
    pieces = _BRACES.split(f"/v1{operation.path}")
    path = tuple(Parameter(name, operation.path_types.get(name, str), required=True) for name in pieces[1::2])
    body = encoder.fields(operation)
    query = {parameter.name: parameter for parameter in operation.query}
    required = [p.name for p in (*path, *operation.query) if p.required]
    return Plan(tuple(pieces[0::2]), path, query, body, (*required, *(n for n, needed in body.items() if needed)))


def prepare(operation: Operation[Any], arguments: Mapping[str, Any], encoder: Encoder) -> Prepared:
    """Return the request for `operation` with `arguments`, by their Python names; None is an argument not given.

    Raises BadArgument for arguments that are unknown, missing, or would lead to another route.
    """
    it = plan(operation, encoder)
    given = {name: value for name, value in arguments.items() if value is not None}
    whole = given.get(operation.body_name) if operation.body is not None else None
    for name in it.required:
        if name not in given and (whole is None or name not in it.body):
            raise BadArgument(f"{operation} needs the argument {name!r}")
    target = it.pieces[0]
    for parameter, piece in zip(it.path, it.pieces[1:], strict=True):
        target += segment(operation, parameter, given.pop(parameter.name), encoder) + piece
    query, body = "", {}
    for name, value in given.items():
        if name in it.query:
            query += _query(operation, it.query[name], value, encoder)
        elif name in it.body or (operation.body is not None and name == operation.body_name):
            body[name] = value
        else:
            known = sorted({*(p.name for p in it.path), *it.query, *it.body})
            raise BadArgument(f"{operation} has no argument {name!r}; it takes {', '.join(known) if known else 'none'}")
    if query:
        target += "?" + query[1:]
    content = encoder.body(operation, body) if operation.body is not None else None
    return Prepared(operation, target.encode("ascii"), content)


def segment(operation: Operation[Any], parameter: Parameter, value: Any, encoder: Encoder) -> str:
    """Return `value` as one segment of a path, quoted so that it can never be another route.

    Raises BadArgument for an empty value, a dot segment however quoted, and control characters.
    """
    text = value if isinstance(value, bytes) else encoder.wire(value, parameter.type)
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str):
        raise BadArgument(f"{operation}: {parameter.name} must be a string, not {type(value).__name__}")
    if _PLAIN.fullmatch(text):
        return text
    bare = text
    while (unquoted := unquote(bare)) != bare:
        bare = unquoted
    if bare in ("", ".", ".."):
        raise BadArgument(f"{operation}: {parameter.name}={text!r} is empty or a dot segment: give the real name")
    if _CONTROL.search(bare):
        raise BadArgument(f"{operation}: {parameter.name} has a control character: {text!r}")
    return quote(text, safe="")


def _query(operation: Operation[Any], parameter: Parameter, value: Any, encoder: Encoder) -> str:
    wire = value if isinstance(value, bytes) else encoder.wire(value, parameter.type)
    text = ""
    for item in wire if isinstance(wire, list | tuple) else (wire,):
        if item is True or item is False:
            item = "true" if item else "false"
        if not isinstance(item, str | int | float):
            raise BadArgument(
                f"{operation}: {parameter.name} must be a string, a number or a truth value, not {type(item).__name__}"
            )
        try:
            text += f"&{quote(parameter.wire, safe='')}={quote(str(item), safe='')}"
        except UnicodeEncodeError:
            raise BadArgument(f"{operation}: {parameter.name} has half a character: {item!r}") from None
    return text
