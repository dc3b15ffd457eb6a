"""Any other way: an httpx transport, of the caller's choice or through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import cast

import anyio
import httpx

from .exchange import Answer, Body, NoAnswer, Request, answer, no_answer


class Transport:
    """An httpx transport as the way."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        base = httpx.URL(request.endpoint)
        sent = httpx.Request(
            request.method,
            base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.target),
            headers=list(request.headers),
            content=request.content,
            extensions={"timeout": httpx.Timeout(timeout).as_dict()},
        )
        sent.stream = _Stream(request.content)
        outcome: Answer | NoAnswer | None = None
        with anyio.move_on_after(timeout):
            try:
                outcome = await self._exchange(sent)
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

    async def aclose(self) -> None:
        """Close the transport, as httpx's own client does."""
        await self._transport.aclose()


class _Stream(Body, httpx.AsyncByteStream):
    """A body as httpx has it."""
