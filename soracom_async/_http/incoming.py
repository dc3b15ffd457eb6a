"""An answer whose head has come and whose body is still on its way."""

from __future__ import annotations

import contextlib
import math
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, cast

import anyio

from .exchange import Answer, Headers, NoAnswer, folded, is_encoded, no_answer, wrong_encoding

Release = Callable[[bool], Awaitable[None]]
"""Gives the connection back; it is told whether the body was read to its end, so that it can be used again."""


class Incoming:
    """An answer that is read piece by piece; whoever holds it must call `aclose`."""

    __slots__ = ("_begun", "_chunks", "_end", "_inflate", "_iterator", "_release", "headers", "status")

    def __init__(
        self, status: int, raw: Headers, chunks: AsyncIterable[bytes], release: Release, *, decoded: bool = False
    ) -> None:
        self.status = status
        self.headers = folded(raw)
        self._chunks = chunks
        self._iterator: AsyncIterator[bytes] | None = None
        self._inflate: Any = zlib.decompressobj(wbits=47) if is_encoded(self.headers) and not decoded else None
        self._begun = False
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
            if isinstance(piece, NoAnswer):
                self._end = piece
                await self.aclose()
            elif piece is None:
                await self._give_back(whole=True)
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
        if self._iterator is None:
            self._iterator = aiter(self._chunks)
        with anyio.move_on_after(timeout):
            try:
                return await anext(self._iterator, None)
            except Exception as error:
                outcome = no_answer(error, sent=True)
                if outcome is None:
                    raise
                return outcome
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
        """Give the connection up, unless the body was read to its end."""
        if self._release is not None and self._iterator is not None:
            await _abandon(self._iterator)
        await self._give_back(whole=False)

    async def _give_back(self, *, whole: bool) -> None:
        release, self._release = self._release, None
        if release is not None:
            with anyio.CancelScope(shield=True):
                await release(whole)


async def _abandon(iterator: AsyncIterator[bytes]) -> None:
    """End a body that is left early, and with it all the generators it is made of, which would be left unfinished.

    Below, each read waits for the network, and is cancelled there; what was received already comes before that.
    """
    with anyio.CancelScope(shield=True) as scope, contextlib.suppress(Exception):
        scope.cancel()
        for _ in range(10_000):
            await anext(iterator)
