"""What an answer means: the result of its operation, a page, or an error."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from .._core.cursor import next_key
from .._core.operation import Operation
from .._core.outcome import Outcome, Response, TransportFailure
from .._core.retry import retry_after
from .._core.window import RateLimitHeaders
from ..errors import (
    APIError,
    DecodeError,
    RequestTimeout,
    TransportError,
)
from ..pages import Page
from .annotations import Array, Map, Object, Value, annotation
from .codec import consume, decode

R = TypeVar("R")

SPENT = "the stream that was its body has been read, so the call is not repeated"


def result(operation: Operation[R], response: Response) -> R:
    """Return what an answer to `operation` says; raises DecodeError if it is not what the API promises."""
    type_ = operation.result
    if type_ is None or response.status in operation.empty:
        return cast("R", None)
    if operation.method == "HEAD":
        return cast("R", dict(response.headers))
    if type_ is bytes:
        return cast("R", response.content)
    if operation.paging is not None and operation.paging.items:
        return cast("R", page(operation, response).items)
    return cast("R", consume(_read(operation, response, _kind(type_)), type_))  # type: ignore[arg-type]  # mypy: a type is hashable


def page(operation: Operation[Any], response: Response) -> Page[Any]:
    """Return the page that an answer to a listing is; raises DecodeError if it is none."""
    paging = operation.paging
    assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
    key = next_key(response.headers, paging.parameter)
    if not paging.items:
        return Page(consume(_read(operation, response, list), operation.result), key)
    extra = _read(operation, response, dict)
    items: list[Any] = []
    for name, type_ in paging.items.items():
        part = extra.pop(name, None)
        if part is not None and not isinstance(part, list):
            problem = f"its {name} is a JSON {_KINDS.get(type(part), 'value')}"
            del part, items, extra  # no traceback shows what came
            raise _unreadable(operation, response, problem)
        items += consume(part or [], type_)
    return Page(items, key, extra)


def raw_result(operation: Operation[Any], response: Response) -> Any:
    """Return an answer to a request that no operation describes: JSON, bytes, or for HEAD the headers."""
    if operation.method == "HEAD":
        return dict(response.headers)
    if response.status == 204 or not response.content:
        return None
    if "json" in response.headers.get("content-type", "json"):
        return _read(operation, response, None)
    return response.content


def _read(operation: Operation[Any], response: Response, kind: type | None) -> Any:
    """Return the JSON of an answer, which must be of a kind."""
    problem = "it is not JSON"
    try:
        data = decode(response.content)
        if kind is None or type(data) is kind:
            return data
        problem = f"it is a JSON {_KINDS.get(type(data), 'value')}"
    except (ValueError, RecursionError):
        pass
    data = None  # no traceback shows what came
    raise _unreadable(operation, response, problem)


def _unreadable(operation: Operation[Any], response: Response, problem: str) -> DecodeError:
    return DecodeError(
        f"{operation}: {response.status} with a body of {len(response.content)} bytes that cannot be read: {problem}"
    )


@cache
def _kind(type_: Any) -> type | None:
    """Return what JSON of this type must be: an object, an array; None if it may be several things."""
    match annotation(type_):
        case Object() | Map() | Value(builtins.dict):
            return dict
        case Array() | Value(builtins.list):
            return list
        case Value(builtins.str):
            return str
    return None


def failure(operation: Operation[Any], outcome: Outcome, where: str, why: str = "") -> Exception:
    """Return the error that a final outcome means; `why` says more about it."""
    why = why and f"; {why}"
    if isinstance(outcome, TransportFailure):
        cls = RequestTimeout if outcome.timeout else TransportError
        return cls(f"{operation} at {where}: {outcome.reason}{why}", operation=operation.id, sent=outcome.sent)
    status, code, message = outcome.status, "", ""
    try:
        data = decode(outcome.content)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, Mapping):
        code, message = ("" if data.get(name) is None else str(data[name]) for name in ("code", "message"))
    if not message:
        kind = outcome.headers.get("content-type", "no content type")
        message = f"the answer has no error message ({kind}, {len(outcome.content)} bytes)"
    after = retry_after(outcome.headers)
    if status == 429 and after is None:
        seconds = RateLimitHeaders.parse(outcome.headers).seconds
        after = float(seconds) if seconds is not None else None
    return APIError.of_status(status)(
        f"{message}{why}", status=status, code=code, operation=operation.id, retry_after=after
    )


def refusal(operation: Operation[Any], outcome: Outcome, host: str) -> Exception:
    """Return the error that a final outcome of another host means.

    What other hosts say in their errors is not shown: it may well quote the permission that the URL is.
    """
    if isinstance(outcome, TransportFailure):
        return failure(operation, outcome, host)
    message = f"{host} refuses the download"
    return APIError.of_status(outcome.status)(message, status=outcome.status, operation=operation.id)


_KINDS = {list: "array", dict: "object", str: "string", int: "number", float: "number", bool: "boolean"}
