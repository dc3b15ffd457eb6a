"""What an answer means: the result of its operation, a page, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast, get_origin

from .._cached import cached
from .._core.cursor import next_key
from .._core.operation import Operation
from .._core.retry import retry_after
from .._core.window import Told
from .._http.pool import Answer, NoAnswer
from ..errors import (
    APIError,
    DecodeError,
    RequestTimeout,
    TransportError,
)
from ..pages import Page
from .codec import consume, decode
from .model import Model

R = TypeVar("R")

SPENT = "the stream that was its body has been read, so the call is not repeated"


def result(operation: Operation[R], answer: Answer) -> R:
    """Return what an answer to `operation` says; raises DecodeError where it is not what the API promises."""
    type_ = operation.result
    if type_ is None or answer.status in operation.empty:
        return cast("R", None)
    if operation.method == "HEAD":
        return cast("R", dict(answer.headers))
    if type_ is bytes:
        return cast("R", answer.content)
    if operation.paging is not None and operation.paging.items:
        return cast("R", page(operation, answer).items)
    return cast("R", consume(_read(operation, answer, _kind(type_)), type_))


def page(operation: Operation[Any], answer: Answer) -> Page[Any]:
    """Return the page that an answer to a listing is; raises DecodeError where it is none."""
    paging = operation.paging
    assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
    key = next_key(answer.headers, paging.parameter)
    if not paging.items:
        return Page(consume(_read(operation, answer, list), operation.result), key)
    extra = _read(operation, answer, dict)
    items: list[Any] = []
    for name, type_ in paging.items.items():
        part = extra.pop(name, None)
        if part is not None and not isinstance(part, list):
            problem = f"its {name} is a JSON {_KINDS.get(type(part), 'value')}"
            del part, items, extra  # no traceback shows what came
            raise _unreadable(operation, answer, problem)
        items += consume(part or [], type_)
    return Page(items, key, extra)


def raw_result(operation: Operation[Any], answer: Answer) -> Any:
    """Return an answer to a request that no operation describes: JSON, bytes, or for HEAD the headers."""
    if operation.method == "HEAD":
        return dict(answer.headers)
    if answer.status == 204 or not answer.content:
        return None
    return _read(operation, answer, None) if "json" in answer.headers.get("content-type", "json") else answer.content


def _read(operation: Operation[Any], answer: Answer, kind: type | None) -> Any:
    """Return the JSON of an answer, which must be of a kind."""
    problem = "it is not JSON"
    try:
        data = decode(answer.content)
        if kind is None or type(data) is kind:
            return data
        problem = f"it is a JSON {_KINDS.get(type(data), 'value')}"
    except (ValueError, RecursionError):
        pass
    data = None  # no traceback shows what came
    raise _unreadable(operation, answer, problem)


def _unreadable(operation: Operation[Any], answer: Answer, problem: str) -> DecodeError:
    return DecodeError(
        f"{operation}: {answer.status} with a body of {len(answer.content)} bytes that cannot be read: {problem}"
    )


@cached
def _kind(type_: Any) -> type | None:
    """Return what JSON of this type surely is: an object, an array; None where it may be several things."""
    origin = get_origin(type_) or type_
    if isinstance(origin, type) and issubclass(origin, Model):
        return dict
    return origin if origin in (dict, list, str) else None


def failure(operation: Operation[Any], outcome: Answer | NoAnswer, where: str, why: str = "") -> Exception:
    """Return the error that a final outcome means; `why` says more about it."""
    why = why and f"; {why}"
    if isinstance(outcome, NoAnswer):
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
        seconds = Told.from_headers(outcome.headers).seconds
        after = float(seconds) if seconds is not None else None
    return APIError.of_status(status)(
        f"{message}{why}", status=status, code=code, operation=operation.id, retry_after=after
    )


_KINDS = {list: "array", dict: "object", str: "string", int: "number", float: "number", bool: "truth value"}
