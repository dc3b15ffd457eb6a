"""Any other way: an httpx transport, of the caller's choice or through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar, cast

import anyio
import httpx

from .exchange import (
    Answer,
    Body,
    NoAnswer,
    Pieces,
    Request,
    answer,
    no_answer,
)
from .streaming import Incoming

T = TypeVar("T")


class Transport:
    """An httpx transport as the way."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        return await self._within(timeout, request, self._exchange)

    async def open(self, request: Request, timeout: float) -> Incoming | NoAnswer:
        """Send one request and wait for the head of its answer, within `timeout` seconds."""
        return await self._within(timeout, request, partial(self._begin, request.endpoint))

    async def aclose(self) -> None:
        """Close the transport, as httpx's own client does."""
        await self._transport.aclose()

    async def _within(
        self, timeout: float, request: Request, exchange: Callable[[httpx.Request], Awaitable[T | NoAnswer]]
    ) -> T | NoAnswer:
        outcome: T | NoAnswer | None = None
        with anyio.move_on_after(timeout) as scope:
            if request.content is not None and not isinstance(request.content, bytes):
                request.content.govern(scope, timeout)
            try:
                outcome = await exchange(_of_httpx(request, timeout))
            except Exception as error:
                outcome = no_answer(error, sent=True)
                if outcome is None:
                    raise
        return outcome or NoAnswer(f"no answer within {timeout:g} s", sent=True, timeout=True)

    async def _exchange(self, request: httpx.Request) -> Answer | NoAnswer:
        response = await self._transport.handle_async_request(request)
        try:
            if response.is_stream_consumed:  # by the transport, which decoded it then
                return Answer(response.status_code, dict(response.headers.items()), response.content)
            stream = cast("AsyncIterable[bytes]", response.stream)
            return answer(response.status_code, response.headers.raw, b"".join([part async for part in stream]))
        finally:
            await response.aclose()

    async def _begin(self, endpoint: str, request: httpx.Request) -> Incoming:
        response = await self._transport.handle_async_request(request)

        async def release(whole: bool) -> None:
            await response.aclose()

        decoded = response.is_stream_consumed
        pieces = Body(response.content) if decoded else cast("AsyncIterable[bytes]", response.stream)
        return Incoming(endpoint, response.status_code, response.headers.raw, pieces, release, decoded=decoded)


def _of_httpx(request: Request, timeout: float) -> httpx.Request:
    base, content = httpx.URL(request.endpoint), request.content
    url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.target)
    headers, extensions = list(request.headers), {"timeout": httpx.Timeout(timeout).as_dict()}
    if content is not None and not isinstance(content, bytes):
        return httpx.Request(request.method, url, headers=headers, stream=_Pieces(content), extensions=extensions)
    sent = httpx.Request(request.method, url, headers=headers, content=content, extensions=extensions)
    sent.stream = _Stream(content)
    return sent


class _Stream(Body, httpx.AsyncByteStream):
    """A body as httpx has it."""


class _Pieces(httpx.AsyncByteStream):
    """A body that is read as it is sent."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._pieces)
