"""An answer whose head has come and whose body is still on its way."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping

import anyio

from .._core.outcome import Response, TransportFailure
from .codecs import BadBody
from .decoding import Decoder
from .exchange import (
    UNASKED,
    Headers,
    Request,
    TransportErrors,
    exhaust,
    failure_of,
    folded,
    length_of,
    too_large,
)

Release = Callable[[bool], Awaitable[None]]
"""Gives the connection back; it is told whether the body was read to its end, so that it can be used again."""


CANCELLED = TransportFailure("a read of the body was cancelled: what came of it is lost", sent=True)


class StreamingResponse:
    """An answer that is read in chunks; whoever holds it must call `aclose`."""

    __slots__ = (
        "_chunks",
        "_decoder",
        "_end",
        "_errors",
        "_intact",
        "_over",
        "_pieces",
        "_release",
        "headers",
        "request",
        "status",
    )

    def __init__(
        self,
        request: Request,
        status: int,
        raw: Headers,
        chunks: AsyncIterable[bytes],
        release: Release,
        errors: TransportErrors,
        *,
        decoded: bool = False,
    ) -> None:
        self.request: Request = request
        self.status: int = status
        self.headers: Mapping[str, str] = folded(raw)
        self._decoder = None if decoded else Decoder.of(self.headers, stored=request.stored)
        self._chunks = aiter(chunks)
        self._pieces: Iterator[bytes] = iter(())
        """What is left of the chunk that came last."""
        self._over = False
        self._errors = errors
        self._intact = True
        """Whether the chunks can go on: none of them failed or was cancelled."""
        self._release: Release | None = release
        self._end: TransportFailure | None = None

    @property
    def length(self) -> int | None:
        """The bytes that the body will have; None if nobody knows."""
        return length_of(self.headers)

    async def checked(self) -> StreamingResponse | TransportFailure:
        """Return the response, or why it is none: a part that nobody asked for is not taken for the whole."""
        if self.status != 206 or self.request.partial:
            return self
        await self.aclose()
        return UNASKED

    async def receive(self, timeout: float) -> bytes | TransportFailure | None:
        """Return the next chunk of the body, None at its end; or why none came within `timeout` seconds.

        Those are for all that is read until then: what is compressed may go on for ever and become nothing.
        """
        deadline = anyio.current_time() + timeout
        while self._release is not None:
            try:
                for piece in self._pieces:
                    return piece
                if not self._over:
                    self._take(await self._next(deadline, timeout))
                    continue
            except BadBody as error:
                self._end = failure_of(error)
            await self.aclose()
        return self._end

    def _take(self, chunk: bytes | TransportFailure | None) -> None:
        """Take the next chunk of the wire, its end, or why there is none."""
        if isinstance(chunk, TransportFailure):
            self._end, self._over = chunk, True
        elif chunk is None:
            self._over = True
            self._pieces = iter(()) if self._decoder is None else self._decoder.end()
        else:
            self._pieces = iter((chunk,) if chunk else ()) if self._decoder is None else self._decoder.feed(chunk)

    async def _next(self, deadline: float, timeout: float) -> bytes | TransportFailure | None:
        if not self._intact:
            return CANCELLED
        self._intact = False
        with anyio.CancelScope(deadline=deadline):
            try:
                chunk = await anext(self._chunks, None)
            except Exception as error:
                outcome = self._errors.failure(error, sent=True)
                if outcome is None:
                    raise
                return outcome
            self._intact = True
            return chunk
        return TransportFailure(f"nothing more of the answer within {timeout:g} s", sent=True, timeout=True)

    async def whole(self, timeout: float, *, limit: float = math.inf) -> Response | TransportFailure:
        """Return the answer with its body, and give the connection back; `limit` is in seconds and for all of it."""
        parts: list[bytes] = []
        size = 0
        try:
            with anyio.move_on_after(limit):
                while isinstance(chunk := await self.receive(timeout), bytes):
                    parts.append(chunk)
                    size += len(chunk)
                    if size > self.request.limit:
                        return failure_of(too_large(self.request.limit))
                return chunk or Response(self.status, self.headers, b"".join(parts))
            return TransportFailure(f"no whole answer within {limit:g} s", sent=True, timeout=True)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back if all of the body has come already, else give it up."""
        release, self._release = self._release, None
        if release is not None:
            with anyio.CancelScope(shield=True):
                await release(self._intact and await exhaust(self._chunks))
