"""An answer whose head has come and whose body is still on its way."""

from __future__ import annotations

import contextlib
import math
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from typing import Any, cast

import anyio

from .exchange import (
    Answer,
    Headers,
    NoAnswer,
    folded,
    is_encoded,
    no_answer,
    wrong_encoding,
)

Release = Callable[[bool], Awaitable[None]]
"""Gives the connection back; it is told whether the body was read to its end, so that it can be used again."""

IN_HAND = 1 << 20
"""More bytes of a body than any event loop and library hold before they read from the network again."""


class Incoming:
    """An answer that is read piece by piece; whoever holds it must call `aclose`."""

    __slots__ = ("_begun", "_end", "_inflate", "_intact", "_pieces", "_release", "endpoint", "headers", "status")

    def __init__(
        self,
        endpoint: str,
        status: int,
        raw: Headers,
        pieces: AsyncIterable[bytes],
        release: Release,
        *,
        decoded: bool = False,
    ) -> None:
        self.endpoint: str = endpoint
        self.status: int = status
        self.headers: Mapping[str, str] = folded(raw)
        self._pieces = aiter(pieces)
        self._inflate: Any = zlib.decompressobj(wbits=47) if is_encoded(self.headers) and not decoded else None
        self._begun = False
        self._intact = True
        """Whether the pieces can go on: none of them failed or was cancelled."""
        self._release: Release | None = release
        self._end: NoAnswer | None = None

    @property
    def length(self) -> int | None:
        """The bytes that the body will have; None where nobody knows."""
        told = self.headers.get("content-length", "")
        return int(told) if told.isascii() and told.isdecimal() and not is_encoded(self.headers) else None

    async def receive(self, timeout: float) -> bytes | NoAnswer | None:
        """Return the next piece of the body, None at its end; or why none came within `timeout` seconds."""
        while self._release is not None:
            piece = await self._next(timeout)
            if self._inflate is not None and not isinstance(piece, NoAnswer):
                piece = self._inflated(piece)
            if piece is None or isinstance(piece, NoAnswer):
                self._end = piece
                await self.aclose()
            elif piece:
                return piece
        return self._end

    def _inflated(self, piece: bytes | None) -> bytes | NoAnswer | None:
        if piece is None:
            return None if self._inflate.eof or not self._begun else wrong_encoding(self.headers)
        self._begun = True
        try:
            return cast("bytes", self._inflate.decompress(piece))
        except zlib.error:
            return wrong_encoding(self.headers)

    async def _next(self, timeout: float) -> bytes | NoAnswer | None:
        self._intact = False
        with anyio.move_on_after(timeout):
            try:
                piece = await anext(self._pieces, None)
            except Exception as error:
                outcome = no_answer(error, sent=True)
                if outcome is None:
                    raise
                return outcome
            self._intact = True
            return piece
        return NoAnswer(f"nothing more of the answer within {timeout:g} s", sent=True, timeout=True)

    async def whole(self, timeout: float, *, limit: float = math.inf) -> Answer | NoAnswer:
        """Return the answer with its body, and give the connection back; `limit` is in seconds and for all of it."""
        pieces = []
        try:
            with anyio.move_on_after(limit):
                while isinstance(piece := await self.receive(timeout), bytes):
                    pieces.append(piece)
                return piece or Answer(self.status, self.headers, b"".join(pieces))
            return NoAnswer(f"no whole answer within {limit:g} s", sent=True, timeout=True)
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back where all of the body has come already, else give it up."""
        release, self._release = self._release, None
        if release is not None:
            with anyio.CancelScope(shield=True):
                await release(self._intact and await self._exhaust())

    async def _exhaust(self) -> bool:
        """Take what has come of the body and end it there; return whether that was all.

        The pieces are made by generators within generators. Closing the outermost would leave the others unfinished,
        of which trio warns. So they go on until the next read from the network, which is cancelled and ends them all.
        """
        with anyio.CancelScope() as scope, contextlib.suppress(Exception):
            scope.cancel()
            return await self._go_on()
        return False

    async def _go_on(self) -> bool:
        left = IN_HAND
        while left > 0:
            piece = await anext(self._pieces, None)
            if piece is None:
                return True
            left -= len(piece) + 1
        if isinstance(self._pieces, AsyncGenerator):
            await self._pieces.aclose()  # it never waits, so there is no network below
        return False
