"""The emulator in process: an httpx transport that needs no socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from anyio.lowlevel import checkpoint

from .messages import Request

if TYPE_CHECKING:
    from .service import Service

ADDRESS = "127.0.0.1"


class Transport(httpx.AsyncBaseTransport):
    """Hands each request of a client to a service; under asyncio and under trio."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        body = await request.aread()
        # A real answer lets other tasks run, and can be cancelled before anything has happened; so does this one.
        await checkpoint()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        response = await self._service.handle(
            Request(request.method, path, query, request.headers, body, ADDRESS),
        )
        return httpx.Response(response.status, headers=response.headers, content=response.body)
