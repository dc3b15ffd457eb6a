"""Transports of httpx: of the caller's choice, or through a proxy."""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar, cast

import anyio
import httpx
from attrs import evolve

from .._core.outcome import Response, TransportFailure
from .exchange import (
    Body,
    Chunks,
    Request,
    TransportErrors,
    read_response,
    reason,
)
from .remedies import PROXY_LOGIN
from .streaming import StreamingResponse

T = TypeVar("T")


class _Errors(TransportErrors):
    """What the exceptions of httpx say of a request, and those of aiohttp below it."""

    def failure(self, error: Exception, *, sent: bool) -> TransportFailure | None:
        """Return what `error` means, None for an exception of something else; `sent` decides if `error` does not."""
        if _is_of_aiohttp(error, "ClientError"):  # one that httpx-aiohttp lets through; its text would show the URL
            return TransportFailure(type(error).__name__, sent=True)
        failure = super().failure(error, sent=sent)
        if failure is not None and _lost_by_aiohttp(error.__cause__):
            return evolve(failure, sent=True, timeout=False)
        if failure is not None and _is_of_aiohttp(error.__cause__, "ClientConnectorError"):
            return evolve(failure, timeout=False)  # httpx-aiohttp calls a refused connection a time-out
        return failure


def _lost_by_aiohttp(cause: BaseException | None) -> bool:
    """Return whether aiohttp lost a connection that it had: httpx-aiohttp calls that, too, a time-out of connecting."""
    return _is_of_aiohttp(cause, "ClientConnectionError") and not (
        _is_of_aiohttp(cause, "ClientConnectorError") or _is_of_aiohttp(cause, "ServerTimeoutError")
    )


def _is_of_aiohttp(error: BaseException | None, name: str) -> bool:
    aiohttp = sys.modules.get("aiohttp")  # not imported for that: if it is not there, no error is its own
    return aiohttp is not None and isinstance(error, getattr(aiohttp, name))


ERRORS = _Errors(
    unsent=(
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.UnsupportedProtocol,
        httpx.ProxyError,
        httpx.LocalProtocolError,
    ),
    sent=(
        httpx.ReadTimeout,
        httpx.ReadError,
        httpx.WriteTimeout,
        httpx.WriteError,
        httpx.RemoteProtocolError,
        httpx.DecodingError,
    ),
    either=(httpx.TransportError, ssl.SSLError),  # httpcore lets through what TLS says while it reads
    timeout=httpx.TimeoutException,
    proxy=httpx.ProxyError,
    unsupported=httpx.UnsupportedProtocol,
)


_UNAUTHORIZED = TransportFailure(f"407: {PROXY_LOGIN}", sent=False, permanent=True)
"""What it means that a proxy answers in place of the host."""


class HTTPXTransport:
    """Sends by a transport of httpx; one that is `abandoned` has connections of an event loop that has ended."""

    def __init__(self, transport: httpx.AsyncBaseTransport, *, abandoned: bool = False) -> None:
        self._transport = transport
        self._abandoned = abandoned

    async def send(self, request: Request, timeout: float) -> Response | TransportFailure:
        """Send one request and read the whole answer, within `timeout` seconds."""
        return await self._within(timeout, request, partial(self._exchange, request))

    async def open(self, request: Request, timeout: float) -> StreamingResponse | TransportFailure:
        """Send one request and wait for the head of its answer, within `timeout` seconds."""
        return await self._within(timeout, request, partial(self._begin, request))

    async def aclose(self) -> None:
        """Close the transport, as httpx's own client does."""
        await self._transport.aclose()

    async def _within(
        self, timeout: float, request: Request, exchange: Callable[[httpx.Request], Awaitable[T | TransportFailure]]
    ) -> T | TransportFailure:
        if self._abandoned:
            self._abandoned = False
            with suppress(Exception):  # it forgets its connections, but cannot close them any more
                await self._transport.aclose()
        try:
            sent = _of_httpx(request, timeout)
        except httpx.InvalidURL as error:  # it is longer than httpx takes
            return TransportFailure(reason(error), sent=False, permanent=True)
        outcome: T | TransportFailure | None = None
        with anyio.move_on_after(timeout) as scope:
            if request.content is not None and not isinstance(request.content, bytes):
                request.content.govern(scope, timeout)
            try:
                outcome = await exchange(sent)
            except Exception as error:
                outcome = ERRORS.failure(error, sent=True)
                if outcome is None:
                    raise
        return outcome or TransportFailure(f"no answer within {timeout:g} s", sent=True, timeout=True)

    async def _exchange(self, request: Request, sent: httpx.Request) -> Response | TransportFailure:
        response = await self._transport.handle_async_request(sent)
        try:
            if response.status_code == 407:
                return _UNAUTHORIZED
            chunks, decoded = _body(response)
            return await read_response(request, response.status_code, response.headers.raw, chunks, decoded=decoded)
        finally:
            await response.aclose()

    async def _begin(self, request: Request, sent: httpx.Request) -> StreamingResponse | TransportFailure:
        response = await self._transport.handle_async_request(sent)
        if response.status_code == 407:
            await response.aclose()
            return _UNAUTHORIZED

        async def release(whole: bool) -> None:
            await response.aclose()

        chunks, decoded = _body(response)
        return await StreamingResponse(
            request, response.status_code, response.headers.raw, chunks, release, ERRORS, decoded=decoded
        ).checked()


def _body(response: httpx.Response) -> tuple[AsyncIterable[bytes], bool]:
    """Return the body of a response, and whether it is decoded: a transport that read it has left that alone."""
    if response.is_stream_consumed and not isinstance(response.stream, httpx.ByteStream):
        return Body(response.content), True
    return cast("AsyncIterable[bytes]", response.stream), False


def _of_httpx(request: Request, timeout: float) -> httpx.Request:
    base, content = httpx.URL(request.endpoint), request.content
    url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.target)
    headers, extensions = list(request.headers), {"timeout": httpx.Timeout(timeout).as_dict()}
    if content is not None and not isinstance(content, bytes):
        return httpx.Request(request.method, url, headers=headers, stream=_Chunks(content), extensions=extensions)
    sent = httpx.Request(request.method, url, headers=headers, content=content, extensions=extensions)
    sent.stream = _Stream(content)
    return sent


class _Stream(Body, httpx.AsyncByteStream):
    """A body as httpx has it."""


class _Chunks(httpx.AsyncByteStream):
    """A body that is read as it is sent."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._chunks)
