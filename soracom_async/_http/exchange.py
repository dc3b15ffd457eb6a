"""One request and its outcome, in plain terms: what is sent, and what the raw parts of a response become."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Protocol

import anyio
from attrs import frozen

from .._core.outcome import Response, TransportFailure
from ..options import MAX_RESPONSE_SIZE
from .codecs import BadBody
from .decoding import Decoder, codings
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
    limit: int = MAX_RESPONSE_SIZE
    """Bytes that the body of an answer may have that is read whole."""
    stored: bool = False
    """Whether a storage host answers: what it says of encodings is what it was once told, true or not."""
    partial: bool = False
    """Whether a part of the body is asked for."""


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


def length_of(headers: Mapping[str, str]) -> int | None:
    """Return the bytes that a body will have once it is decoded; None if nobody knows."""
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 20 and not codings(headers) else None


UNASKED = TransportFailure("the host answers with a part (206) that nobody asked for", sent=True)


async def read_response(
    request: Request, status: int, raw: Headers, chunks: AsyncIterable[bytes], *, decoded: bool = False
) -> Response | TransportFailure:
    """Return the response to `request` whose body, in `chunks`, is still to be read; it is decoded unless it is."""
    headers, stream = folded(raw), aiter(chunks)
    decoder = None if decoded else Decoder.of(headers, stored=request.stored)
    limit, taken, size = request.limit, 0, 0
    parts: list[bytes] = []
    try:
        async for chunk in stream:
            taken += len(chunk)
            for part in (chunk,) if decoder is None else decoder.feed(chunk):
                size += len(part)
                parts.append(part)
                if size > limit:
                    raise too_large(limit)
            if taken > 2 * limit + 1024:  # what is compressed and becomes nothing must end too
                raise too_large(limit)
        if decoder is not None:
            parts += decoder.end()
    except BadBody as error:
        await exhaust(stream)
        return failure_of(error)
    if status == 206 and not request.partial:
        return UNASKED
    return Response(status, headers, parts[0] if len(parts) == 1 else b"".join(parts))


def too_large(limit: int) -> BadBody:
    """Return the error that says that a body is."""
    return BadBody(
        f"the body is larger than max_response_size={limit} bytes: raise that, "
        "or read it in chunks by 'stream' or 'download'",
        permanent=True,
    )


def failure_of(error: BadBody) -> TransportFailure:
    """Return what it means that the body of an answer cannot be given."""
    return TransportFailure(str(error), sent=True, permanent=error.permanent)


IN_HAND = 1 << 20
"""More bytes of a body than any event loop and library hold before they read from the network again."""


async def exhaust(chunks: AsyncIterator[bytes]) -> bool:
    """Take what has come of a body and end it there; return whether that was all.

    The chunks are made by generators within generators. Closing the outermost would leave the others unfinished,
    of which trio warns. So they go on until the next read from the network, which is cancelled and ends them all.
    """
    with anyio.CancelScope() as scope, contextlib.suppress(Exception):
        scope.cancel()
        left = IN_HAND
        while left > 0:
            chunk = await anext(chunks, None)
            if chunk is None:
                return True
            left -= len(chunk) + 1
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()  # it never waits, so there is no network below
    return False


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
