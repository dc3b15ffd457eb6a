"""One request and its outcome, in plain terms: what is sent, and what the raw parts of a response become."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import anyio
from attrs import frozen

from .._core.outcome import Response, TransportFailure
from .remedies import UNSUPPORTED, of_proxy, of_tls

Headers = Sequence[tuple[bytes, bytes]]


class Chunks(Protocol):
    """A body that is read as it is sent."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks of the body."""
        ...

    def govern(self, scope: anyio.CancelScope, timeout: float) -> None:
        """Move the deadline of `scope` by `timeout` seconds for each chunk that is sent."""
        ...


@frozen(slots=True, eq=False, repr=False)
class Request:
    """A request to `endpoint`; nothing of it is ever shown, since it carries tokens and passwords."""

    endpoint: str
    method: str
    target: bytes
    headers: Headers
    content: bytes | Chunks | None


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


def wrong_encoding(headers: Mapping[str, str]) -> TransportFailure:
    """Return what a body means that is not compressed as it should be."""
    return TransportFailure(
        f"the body is not in the encoding {headers['content-encoding']!r} that it claims", sent=True
    )


def read_response(status: int, raw: Headers, body: bytes) -> Response | TransportFailure:
    """Return the response that these raw parts are, with its body decoded."""
    headers = folded(raw)
    if body and is_encoded(headers):
        try:
            body = zlib.decompress(body, wbits=47)
        except zlib.error:
            return wrong_encoding(headers)
    return Response(status, headers, body)


_WIRE_BYTES = re.compile(r"\b(?:bytearray\()?b['\"]")
"""Where h11 begins to quote what was on the wire: it may be a token."""


@frozen(slots=True, kw_only=True)
class TransportErrors:
    """What the exceptions of an HTTP library say of the request; a class of several is that of the first list."""

    unsent: tuple[type[Exception], ...]
    """The request never left."""
    sent: tuple[type[Exception], ...]
    """It may have been executed."""
    either: tuple[type[Exception], ...]
    """Nobody knows from the exception alone."""
    timeout: type[Exception]
    proxy: type[Exception]
    """A proxy refuses."""
    unsupported: type[Exception]
    """The scheme of the address is not known."""

    def failure(self, error: Exception, *, sent: bool) -> TransportFailure | None:
        """Return what `error` means, None for an exception of something else; `sent` decides if `error` does not."""
        if isinstance(error, self.unsent):
            sent = False
        elif isinstance(error, self.sent):
            sent = True
        elif not isinstance(error, self.either):
            return None
        why = self._remedy(error)
        if why is None:
            return TransportFailure(reason(error), sent=sent, timeout=isinstance(error, self.timeout))
        return TransportFailure(f"{reason(error)}: {why}", sent=sent, permanent=True)

    def _remedy(self, error: Exception) -> str | None:
        """Return what to do about an error that no repetition mends; None for one that may pass."""
        if isinstance(error, self.proxy):
            return of_proxy(error) or of_tls(error)
        return UNSUPPORTED if isinstance(error, self.unsupported) else of_tls(error)


def reason(error: Exception) -> str:
    """Return what an exception says, without bytes that were on the wire."""
    why = _WIRE_BYTES.split(str(error), maxsplit=1)[0]
    return f"{type(error).__name__}: {why}" if why else type(error).__name__
