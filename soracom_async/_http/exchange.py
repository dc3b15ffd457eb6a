"""One request and its outcome, in plain terms: an answer, or none, and then whether the request was sent."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import anyio
from attrs import field, frozen

Headers = Sequence[tuple[bytes, bytes]]


class Pieces(Protocol):
    """A body that is read as it is sent."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the pieces of the body."""
        ...

    def govern(self, scope: anyio.CancelScope, timeout: float) -> None:
        """Move the deadline of `scope` by `timeout` seconds for each piece that is sent."""
        ...


@frozen(slots=True, eq=False, repr=False)
class Request:
    """A request to `endpoint`; nothing of it is ever shown, since it carries tokens and passwords."""

    endpoint: str
    method: str
    target: bytes
    headers: Headers
    content: bytes | Pieces | None


@frozen(slots=True)
class Answer:
    """A whole answer; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@frozen(slots=True)
class NoAnswer:
    """There is no answer; `sent` tells whether the request may have reached the service."""

    reason: str
    sent: bool
    timeout: bool = False
    stale: bool = False
    """Whether a kept connection turned out to be closed by the other side."""


class Body:
    """The body of a request: an iterator, since a generator would be left unfinished by a cancellation."""

    def __init__(self, content: bytes | None) -> None:
        self._content = content

    def __aiter__(self) -> Body:
        return Body(self._content)

    async def __anext__(self) -> bytes:
        content, self._content = self._content, None
        if not content:
            raise StopAsyncIteration
        return content


def folded(raw: Headers) -> dict[str, str]:
    """Return headers by their lower-case names; of those that come twice, the values behind one another."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Return whether the body is compressed."""
    return headers.get("content-encoding", "identity") not in ("identity", "")


def wrong_encoding(headers: Mapping[str, str]) -> NoAnswer:
    """Return what a body means that is not compressed as it should be."""
    return NoAnswer(f"the body is not in the encoding {headers['content-encoding']!r} that it claims", sent=True)


def answer(status: int, raw: Headers, body: bytes) -> Answer | NoAnswer:
    """Return the answer of these raw parts, its body decoded."""
    headers = folded(raw)
    if body and is_encoded(headers):
        try:
            body = zlib.decompress(body, wbits=47)
        except zlib.error:
            return wrong_encoding(headers)
    return Answer(status, headers, body)


_UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "LocalProtocolError"}
_SENT = {"ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError", "DecodingError"}
_EITHER = {"TimeoutException", "NetworkError", "ProtocolError", "TransportError"}


_WIRE_BYTES = re.compile(r"\b(?:bytearray\()?b['\"]")
"""Where h11 begins to quote what was on the wire: it may be a token."""


def no_answer(error: Exception, *, sent: bool) -> NoAnswer | None:
    """Return what an error of httpx or httpcore, or of aiohttp below them, means; None for any other error.

    Both name their errors alike, and an error of either may come: tests replace parts of httpcore by parts of httpx.
    """
    if "ClientError" in _names(error, "aiohttp"):  # one that httpx-aiohttp lets through; its text would show the URL
        return NoAnswer(type(error).__name__, sent=True)
    names = _names(error, "httpx", "httpcore")
    timeout = "TimeoutException" in names
    why = _WIRE_BYTES.split(str(error), maxsplit=1)[0]
    reason = f"{names[0]}: {why}" if names and why else (names or [""])[0]
    if names and _lost_by_aiohttp(error.__cause__):
        return NoAnswer(reason, sent=True)
    if any(name in _UNSENT for name in names):
        return NoAnswer(reason, sent=False, timeout=timeout)
    if any(name in _SENT for name in names):
        return NoAnswer(reason, sent=True, timeout=timeout)
    return NoAnswer(reason, sent=sent, timeout=timeout) if any(name in _EITHER for name in names) else None


def _lost_by_aiohttp(cause: BaseException | None) -> bool:
    """Return whether aiohttp lost a connection that it had: httpx-aiohttp calls that, too, a time-out of connecting."""
    names = _names(cause, "aiohttp")
    return "ClientConnectionError" in names and not set(names) & {"ClientConnectorError", "ServerTimeoutError"}


def _names(error: BaseException | None, *libraries: str) -> list[str]:
    """Return the names of an error's classes that are of these libraries, its own first."""
    return [cls.__name__ for cls in type(error).__mro__ if cls.__module__.partition(".")[0] in libraries]
