"""What an answer means: the result of its operation, a page, or an error."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar, cast

from .._core.api_errors import code_and_message, json_of
from .._core.cursor import next_key
from .._core.headers import RateLimitHeaders, retry_after
from .._core.operation import Operation
from .._core.outcome import Outcome, Response, TransportFailure
from .._core.signed_urls import SignedURL
from ..errors import (
    APIError,
    DecodeError,
    RequestTimeout,
    SoracomError,
    TransportError,
)
from ..pages import Page
from .annotations import Array, Map, Object, Value, annotation
from .codec import consume, decode
from .redaction import Redaction

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
    problem, garbled = "it is not JSON", True
    try:
        data = decode(response.content)
        if kind is None or type(data) is kind:
            return data
        problem, garbled = f"it is a JSON {_KINDS.get(type(data), 'value')}", False
    except (ValueError, RecursionError):
        pass
    data = None  # no traceback shows what came
    raise _unreadable(operation, response, problem, garbled=garbled)


def _unreadable(operation: Operation[Any], response: Response, problem: str, *, garbled: bool = False) -> DecodeError:
    return DecodeError(
        f"{operation}: {response.status} with a body of {len(response.content)} bytes that cannot be read: {problem}",
        garbled=garbled,
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


def failure(
    operation: Operation[Any], outcome: Outcome, where: str, why: str = "", secrets: Iterable[str] = ()
) -> SoracomError:
    """Return the error that a final outcome means; `why` says more about it, `secrets` are shown nowhere in it."""
    why = why and f"; {why}"
    if isinstance(outcome, TransportFailure):
        cls = RequestTimeout if outcome.timeout else TransportError
        return cls(f"{operation} at {where}: {outcome.reason}{why}", operation=operation.id, sent=outcome.sent)
    redaction = Redaction(secrets)
    try:
        body = redaction.data(json_of(outcome))
    except (ValueError, RecursionError):
        body = _text(outcome.content, redaction)
    code, message = code_and_message(body)
    return APIError.of_status(outcome.status)(
        f"{message or _no_message(outcome, redaction)}{why}",
        status=outcome.status,
        code=code,
        operation=operation.id,
        retry_after=_retry_after(outcome),
        body=body,
        headers=_headers(outcome, redaction),
    )


def refusal(operation: Operation[Any], outcome: Outcome, host: str, signed: SignedURL | None) -> SoracomError:
    """Return the error that a final outcome of another host means; `signed` is known of the URL, if one was given.

    What other hosts say in their errors is not shown: it may well quote the permission that the URL is.
    """
    if isinstance(outcome, TransportFailure):
        return failure(operation, outcome, host)
    reason = signed.reason(outcome) if signed is not None else ""
    return APIError.of_status(outcome.status)(
        f"{host} refuses the download{reason and f': {reason}'}",
        status=outcome.status,
        operation=operation.id,
        retry_after=_retry_after(outcome),
        headers=_headers(outcome, Redaction(())),
    )


def _retry_after(response: Response) -> float | None:
    """Return the seconds until a repetition makes sense; None if the answer does not say."""
    after = retry_after(response.headers)
    if after is None and response.status == 429:
        seconds = RateLimitHeaders.parse(response.headers).seconds
        return float(seconds) if seconds is not None else None
    return after


def _no_message(response: Response, redaction: Redaction) -> str:
    """Return what is to be said of an error answer that has no message, as a gateway's page."""
    kind = response.headers.get("content-type", "no content type")
    said = f"the answer has no error message ({kind}, {len(response.content)} bytes)"
    text = _text(response.content, redaction)
    shown = "".join(each if each.isprintable() else " " for each in " ".join(text.split()))[:SHOWN_OF_PAGE]
    return f"{said}: {shown}" if shown else said


def _text(content: bytes, redaction: Redaction) -> str:
    """Return an answer of unknown form as text without secrets; of a long one, the beginning.

    In UTF-16 a zero stands between any two letters, and would hide a secret.
    """
    text = redaction.page(content[:READ_OF_PAGE].decode(errors="replace").replace("\0", ""))
    return text if len(content) <= READ_OF_PAGE else text[:-LONGEST_SECRET]


READ_OF_PAGE = 1 << 18
"""Bytes of an error answer of unknown form that are read: to look for secrets takes time."""
LONGEST_SECRET = 1 << 13
"""Characters that are left out before a cut: they may be the beginning of a secret."""
SHOWN_OF_PAGE = 200
"""Characters of it that an error shows."""

_KEPT_BACK = frozenset(("set-cookie", "location", "authorization", "x-soracom-api-key", "x-soracom-token"))
"""Headers whose values are permissions."""


def _headers(response: Response, redaction: Redaction) -> dict[str, str]:
    return {name: redaction.text(value) for name, value in response.headers.items() if name not in _KEPT_BACK}


_KINDS = {list: "array", dict: "object", str: "string", int: "number", float: "number", bool: "boolean"}
