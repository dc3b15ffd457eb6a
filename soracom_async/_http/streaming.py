"""An answer whose head has come and whose body is still on its way."""

from __future__ import annotations

import contextlib
import math
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, cast

import anyio

from .._core.outcome import Response, TransportFailure
from .exchange import (
    Headers,
    TransportErrors,
    folded,
    is_encoded,
    wrong_encoding,
)

Release = Callable[[bool], Awaitable[None]]
"""Gives the connection back; it is told whether the body was read to its end, so that it can be used again."""

IN_HAND = 1 << 20
"""More bytes of a body than any event loop and library hold before they read from the network again."""


class StreamingResponse:
    """An answer that is read in chunks; whoever holds it must call `aclose`."""

    __slots__ = (
        "_begun",
        "_chunks",
        "_end",
        "_errors",
        "_inflate",
        "_intact",
        "_release",
        "endpoint",
        "headers",
        "status",
    )

    def __init__(
        self,
        endpoint: str,
        status: int,
        raw: Headers,
        chunks: AsyncIterable[bytes],
        release: Release,
        errors: TransportErrors,
        *,
        decoded: bool = False,
    ) -> None:
        self.endpoint: str = endpoint
        self.status: int = status
        self.headers: Mapping[str, str] = folded(raw)
        self._chunks = aiter(chunks)
        self._inflate: Any = zlib.decompressobj(wbits=47) if is_encoded(self.headers) and not decoded else None
        self._errors = errors
        self._begun = False
        self._intact = True
        """Whether the chunks can go on: none of them failed or was cancelled."""
        self._release: Release | None = release
        self._end: TransportFailure | None = None

    @property
    def length(self) -> int | None:
        """The bytes that the body will have; None if nobody knows."""
        told = self.headers.get("content-length", "")
        return int(told) if told.isascii() and told.isdecimal() and not is_encoded(self.headers) else None

    async def receive(self, timeout: float) -> bytes | TransportFailure | None:
        """Return the next chunk of the body, None at its end; or why none came within `timeout` seconds."""
        while self._release is not None:
            chunk = await self._next(timeout)
            if self._inflate is not None and not isinstance(chunk, TransportFailure):
                chunk = self._inflated(chunk)
            if chunk is None or isinstance(chunk, TransportFailure):
                self._end = chunk
                await self.aclose()
            elif chunk:
                return chunk
        return self._end

    def _inflated(self, chunk: bytes | None) -> bytes | TransportFailure | None:
        if chunk is None:
            return None if self._inflate.eof or not self._begun else wrong_encoding(self.headers)
        self._begun = True
        try:
            return cast("bytes", self._inflate.decompress(chunk))
        except zlib.error:
            return wrong_encoding(self.headers)

    async def _next(self, timeout: float) -> bytes | TransportFailure | None:
        self._intact = False
        with anyio.move_on_after(timeout):
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
        chunks = []
        try:
            with anyio.move_on_after(limit):
                while isinstance(chunk := await self.receive(timeout), bytes):
                    chunks.append(chunk)
                return chunk or Response(self.status, self.headers, b"".join(chunks))
            return TransportFailure(f"no whole answer within {limit:g} s", sent=True, timeout=True)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back if all of the body has come already, else give it up."""
        release, self._release = self._release, None
        if release is not None:
            with anyio.CancelScope(shield=True):
                await release(self._intact and await self._exhaust())

    async def _exhaust(self) -> bool:
        """Take what has come of the body and end it there; return whether that was all.

        The chunks are made by generators within generators. Closing the outermost would leave the others unfinished,
        of which trio warns. So they go on until the next read from the network, which is cancelled and ends them all.
        """
        with anyio.CancelScope() as scope, contextlib.suppress(Exception):
            scope.cancel()
            return await self._go_on()
        return False

    async def _go_on(self) -> bool:
        left = IN_HAND
        while left > 0:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                return True
            left -= len(chunk) + 1
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()  # it never waits, so there is no network below
        return False
