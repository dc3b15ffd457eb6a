"""Helpers for tests of uploads and downloads: sessions over each transport, and a storage host."""

from __future__ import annotations

import httpx
import pytest
from servers import Connection, Received, reply

from soracom_async import (
    ApiToken,
    Soracom,
)

PIECE = 65_536
"""Bytes that are read from a file at once."""


ROUTES = [(loop, way) for way in ("own", "httpx") for loop in ("asyncio", "trio")] + [("asyncio", "aiohttp")]


every_way = pytest.mark.parametrize(("anyio_backend", "way"), ROUTES)
"""Every way to send, under each event loop that it runs under."""


def over(way: str, url: str, **settings) -> Soracom:
    """Open a session whose requests go by one of the ways."""
    transport = {None: None, "own": None, "httpx": httpx.AsyncHTTPTransport(), "aiohttp": "aiohttp"}[way]
    return Soracom(ApiToken("api-key", "token"), endpoint=url, transport=transport, **settings)


def in_process(transport: httpx.AsyncBaseTransport, endpoint: str = "http://soracom.test", **settings) -> Soracom:
    """Open a session through a transport that needs no socket and no login."""
    return Soracom(ApiToken("api-key", "token"), endpoint=endpoint, transport=transport, **settings)


def in_flight(soracom: Soracom) -> int:
    return sum(bucket.window.in_flight for bucket in soracom._session.limiter._buckets.values())


class Custom(Exception):
    """An error of the caller's."""


async def gone(connection: Connection) -> None:
    """Wait until the client is."""
    while True:
        await connection.stream.receive()


def storage(*answers: bytes, seen: list[Received] | None = None):
    """Return what serves `answers` in turn, the last one for ever."""
    left = list(answers)

    async def handle(request: Received, connection: Connection) -> None:
        if seen is not None:
            seen.append(request)
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return handle


def leading_to(url: str) -> bytes:
    """Return an answer that leads elsewhere."""
    return reply(None, 302, {"location": url})


CONTENT = bytes(range(256)) * 1000


def chunked(content: bytes, size: int = 1000) -> bytes:
    chunks = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


WHOLE = reply(CONTENT)


async def answer_of(soracom: Soracom, url: str) -> bytes:
    async with soracom.stream(url) as answer:
        return await answer.read()


def leads(url: str | None, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers=[] if url is None else [(b"location", url.encode())])
