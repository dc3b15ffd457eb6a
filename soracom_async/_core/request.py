"""An operation and its arguments become a request. Knows where arguments go; must not know JSON, files or hosts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Any, Protocol

from attrs import evolve, field, frozen

from .operation import Effect, Operation, Parameter
from .quoting import (
    BadArgument,
    header,
    pairs,
    route,
    segment,
    segments,
)
from .values import plain

__all__ = ["BadArgument", "Encoder", "Prepared", "plan", "prepare", "raw", "sendable"]

_BRACES = re.compile(r"\{(\w+)\}")
JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
OCTETS = b"application/octet-stream"
ANY_KIND = b"*/*"
BODY = "body"
"""The argument that takes a body whole, in every operation."""
CONTENT_TYPE = b"content-type"
ANYTHING = ((b"accept", ANY_KIND), (b"accept-encoding", b"identity"))
"""The headers of a request whose answer is no JSON; its length is then the true one."""


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
    content: Any = field(default=None, repr=False)
    """The body: bytes, or a file or stream still to be read; never shown, since a login's has the password."""
    content_type: bytes = JSON
    headers: Sequence[tuple[bytes, bytes]] = field(default=(), repr=False)
    """Headers of this request alone, by lower-case names; none that only the session sets."""


@frozen(slots=True, eq=False)
class Plan:
    """What is worked out once for an operation."""

    literals: tuple[str, ...]
    """The literal parts of the path: one more than there are parameters."""
    path: tuple[Parameter, ...]
    query: Mapping[str, Parameter]
    headers: Mapping[str, Parameter]
    body: Mapping[str, bool]
    required: tuple[str, ...]
    always: tuple[tuple[bytes, bytes], ...]
    """The headers that go with every request."""

    @property
    def names(self) -> list[str]:
        """All arguments."""
        return sorted({*(p.name for p in self.path), *self.query, *self.headers, *self.body})


_plans: dict[Operation[Any], Plan] = {}


def plan(operation: Operation[Any], encoder: Encoder) -> Plan:
    """Return how the arguments of `operation` are placed; worked out once."""
    if operation not in _plans:
        _plans[operation] = _plan(operation, encoder)
    return _plans[operation]


def _plan(operation: Operation[Any], encoder: Encoder) -> Plan:
    parts = _BRACES.split(f"/v1{operation.path}")  # a literal, a name, a literal, ...
    path = tuple(Parameter(name, operation.path_types.get(name, str), required=True) for name in parts[1::2])
    query = {parameter.name: parameter for parameter in operation.query}
    headers = {parameter.name: parameter for parameter in operation.headers}
    body = encoder.fields(operation)
    if operation.required is not None:
        body = {name: name in operation.required or name.removesuffix("_") in operation.required for name in body}
    required = [p.name for p in (*path, *operation.query, *operation.headers) if p.required]
    return Plan(
        literals=tuple(parts[0::2]),
        path=path,
        query=query,
        headers=headers,
        body=body,
        required=(*required, *(name for name, needed in body.items() if needed)),
        always=ANYTHING if operation.method == "HEAD" or operation.receives.encode() != JSON else (),
    )


def prepare(operation: Operation[Any], arguments: Mapping[str, Any], encoder: Encoder) -> Prepared:
    """Return the request for `operation` with `arguments`, by their Python names; None is an argument not given.

    Raises BadArgument for arguments that are unknown, missing, or would lead to another route.
    """
    it = plan(operation, encoder)
    given = {name: value for name, value in arguments.items() if value is not None}
    whole = None if operation.body is None else _whole_body(operation, given)
    for name in it.required:
        if name not in given and (whole is None or name not in it.body):
            raise _missing(operation, it, name, given)
    headers, query, body = dict(it.always), "", {}
    try:
        target = it.literals[0]
        for parameter, literal in zip(it.path, it.literals[1:], strict=True):
            target += _in_path(operation, parameter, given.pop(parameter.name), encoder) + literal
        for name, value in given.items():
            if name in it.query:
                parameter = it.query[name]
                query += "".join(f"&{pair}" for pair in pairs(name, parameter.wire, _wire(parameter, value, encoder)))
            elif name in it.headers:
                parameter = it.headers[name]
                headers |= [header(name, parameter.wire, _wire(parameter, value, encoder))]
            elif name in it.body or (operation.body is not None and name == operation.body_name):
                body[name] = value
            else:
                raise _unknown(it, name)
        content, kind = _content(operation, body, encoder)
    except BadArgument as error:
        raise BadArgument(f"{operation}: {error}") from None
    if query:
        target += "?" + query[1:]
    return Prepared(operation, target.encode("ascii"), content, headers.pop(CONTENT_TYPE, kind), tuple(headers.items()))


def _whole_body(operation: Operation[Any], given: dict[str, Any]) -> Any:
    """Return the body if it was given whole; `body=` does that in every operation, beside a name of its own."""
    if operation.body_name != BODY and BODY in given:
        if operation.body_name in given:
            raise BadArgument(f"{operation}: {BODY!r} and {operation.body_name!r} are the same; give one of them")
        given[operation.body_name] = given.pop(BODY)
    return given.get(operation.body_name)


def _missing(operation: Operation[Any], it: Plan, name: str, given: Mapping[str, Any]) -> BadArgument:
    """Return the error of a missing argument; if another is unknown, it is probably the missing one misspelled."""
    wrong = [each for each in given if each not in it.names and each != operation.body_name]
    if wrong:
        return BadArgument(f"{operation}: {_unknown(it, wrong[0])}")
    return BadArgument(f"{operation} needs the argument {name!r}")


def _unknown(it: Plan, name: str) -> BadArgument:
    import difflib  # only for an error

    near = difflib.get_close_matches(name, it.names, n=1)
    hint = f"did you mean {near[0]!r}? It" if near else "it"
    return BadArgument(f"it has no argument {name!r}; {hint} takes {', '.join(it.names) or 'none'}")


def _wire(parameter: Parameter, value: Any, encoder: Encoder) -> Any:
    try:
        return value if isinstance(value, bytes) else encoder.wire(value, parameter.type)
    except BadArgument as error:
        raise BadArgument(f"{parameter.name}: {error}") from None


def _in_path(operation: Operation[Any], parameter: Parameter, value: Any, encoder: Encoder) -> str:
    if "path" not in getattr(parameter.type, "__metadata__", ()):
        if parameter.type is int and isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON numbers are not always written as integers
        return segment(parameter.name, _wire(parameter, value, encoder))
    text = segments(parameter.name, value)
    # The root has no segment. It can be listed; what names it ends in a slash, and what deletes it must mean it.
    listing = operation.path.endswith(f"{{{parameter.name}}}/")
    if not text and not (listing and (value or operation.effect is Effect.READ)):
        hint = "give '/' to mean the root" if listing else "give the path of a file"
        raise BadArgument(f"{parameter.name}={value!r} is empty: {hint}")
    return text


def _content(operation: Operation[Any], body: Mapping[str, Any], encoder: Encoder) -> tuple[Any, bytes]:
    """Return the body, None if there is none, and its content type."""
    if operation.body is None:
        return None, JSON
    kind = operation.sends.encode()
    if operation.sends_json:
        return encoder.body(operation, body), JSON
    value = body.get(operation.body_name)
    if kind == ANY_KIND:
        if not _is_raw(value):
            return encoder.body(evolve(operation, body=Any), body), JSON
        kind = TEXT if isinstance(value, str) else OCTETS
    return sendable(operation.body_name, value), kind


def _is_raw(value: Any) -> bool:
    """Return whether nobody would take `value` for JSON."""
    if isinstance(value, str | bytes | bytearray | memoryview | AsyncIterable):
        return True
    return hasattr(type(value), "__fspath__") or hasattr(value, "read")


def sendable(name: str, value: Any) -> Any:
    """Return a body that is sent as it is: bytes, the path of a file, a stream; text becomes bytes.

    Raises BadArgument for anything else, open files among it: their reading would hold up the event loop.
    """
    if isinstance(value, str):
        try:
            return plain(value).encode()
        except UnicodeEncodeError:
            raise BadArgument(f"{name} has a lone surrogate") from None
    if isinstance(value, bytes | bytearray | memoryview):
        return memoryview(value).tobytes()
    if hasattr(type(value), "__fspath__") or isinstance(value, AsyncIterable):
        return value
    raise BadArgument(
        f"{name} must be bytes, text, the pathlib.Path of a file or an asynchronous iterable of bytes, "
        f"not {type(value).__name__}"
    )


EFFECTS = {
    "GET": Effect.READ,
    "HEAD": Effect.READ,
    "PUT": Effect.SET,
    "DELETE": Effect.SET,
    "POST": Effect.ACT,
    "PATCH": Effect.ACT,
}
"""What the repetition of a request does of which only the method is known."""


def raw(
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None,
    json: Any,
    content: Any,
    headers: Mapping[str, str] | None,
    encoder: Encoder,
) -> Prepared:
    """Return a request that no operation describes; raises BadArgument for what cannot be sent or leads elsewhere."""
    name = plain(method).upper() if isinstance(method, str) else ""
    if name not in EFFECTS:
        raise BadArgument(f"method={method!r} is not known: use one of {', '.join(EFFECTS)}")
    if json is not None and content is not None:
        raise BadArgument("a request has one body: give json or content, not both")
    target = route(path)
    query = [
        pair
        for key, value in (params or {}).items()
        if value is not None
        for pair in pairs(f"params[{key!r}]", key, value)
    ]
    extra = dict(ANYTHING if name == "HEAD" else ())
    extra |= [header(f"headers[{key!r}]", key, value) for key, value in (headers or {}).items()]
    body = json if content is None else content
    operation: Operation[Any] = Operation(
        "request",
        name,
        target.removeprefix("/v1"),
        "",
        EFFECTS[name],
        body=None if body is None else Any,
        sends=(JSON if content is None else OCTETS).decode(),
    )
    try:
        whole, kind = _content(operation, {BODY: body}, encoder)
    except BadArgument as error:
        raise BadArgument(f"{operation}: {error}") from None
    if query:
        target += "?" + "&".join(query)
    return Prepared(operation, target.encode("ascii"), whole, extra.pop(CONTENT_TYPE, kind), tuple(extra.items()))
