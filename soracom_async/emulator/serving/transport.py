"""The emulator in process: an httpx transport that needs no socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpx
from anyio.lowlevel import checkpoint

from ..protocol.messages import Delivery, Request, Response
from ..state.storage import HOST

if TYPE_CHECKING:
    from ..._clock import Clock
    from ..protocol.messages import Responder

ADDRESS = "127.0.0.1"


class Transport(httpx.AsyncBaseTransport):
    """Passes each request of a client to an emulator, under asyncio and trio."""

    def __init__(self, answer: Responder, clock: Clock) -> None:
        self._answer = answer
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; if the response is to be lost, raise the error of a broken connection."""
        body = await request.aread()
        # As with a real connection, other tasks can run, and the call can be cancelled before it has an effect.
        await checkpoint()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        asked = Request(request.method, path, query, request.headers, body, ADDRESS, f"https://{HOST}", inside=True)
        response = await self._answer(asked, storage=request.url.host == HOST)
        delivery = response.delivery
        if delivery is None:
            return httpx.Response(response.status, headers=response.headers, content=response.body)
        if not delivery.head:
            raise httpx.ReadError("Connection reset by peer", request=request)
        length = {"content-length": str(len(response.body))}
        stream = _Stream(response, delivery, self._clock)
        return httpx.Response(response.status, headers=response.headers | length, stream=stream)


class _Stream(httpx.AsyncByteStream):
    """A body that arrives as its delivery says."""

    def __init__(self, response: Response, delivery: Delivery, clock: Clock) -> None:
        self._chunks = iter(delivery.chunks(response.body))
        self._delivery = delivery
        self._clock = clock

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is not None:
            if self._delivery.pause:
                await self._clock.sleep(self._delivery.pause)
            return chunk
        if self._delivery.upto is not None:
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        raise StopAsyncIteration
