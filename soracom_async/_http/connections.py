"""The default transport: HTTP/1.1 connections of httpcore in a free list.

The session's gate bounds how many are in use, so no pool has to; httpcore's own looks through all its connections and
requests at every step.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import anyio
import httpcore
from anyio.streams.tls import TLSAttribute, TLSStream
from attrs import evolve

from .._core.outcome import Response, TransportFailure
from .exchange import (
    Body,
    Request,
    TransportErrors,
    read_response,
)
from .streaming import StreamingResponse
from .tls import tls

T = TypeVar("T")

IDLE_SECONDS = 20.0
"""How long an idle connection is kept: well below the time after which load balancers drop them."""


class _Errors(TransportErrors):
    """What the exceptions of httpcore say of a request, and those of httpx that respx raises in its place."""

    def failure(self, error: Exception, *, sent: bool) -> TransportFailure | None:
        """Return what `error` means, None for an exception of something else; `sent` decides if `error` does not."""
        failure = super().failure(error, sent=sent)
        if failure is None and type(error).__module__.partition(".")[0] == "httpx":
            from .httpx_transport import ERRORS

            return ERRORS.failure(error, sent=sent)
        return failure


ERRORS = _Errors(
    unsent=(
        httpcore.ConnectError,
        httpcore.ConnectTimeout,
        httpcore.PoolTimeout,
        httpcore.UnsupportedProtocol,
        httpcore.ProxyError,
        httpcore.LocalProtocolError,
    ),
    sent=(
        httpcore.ReadTimeout,
        httpcore.ReadError,
        httpcore.WriteTimeout,
        httpcore.WriteError,
        httpcore.RemoteProtocolError,
    ),
    either=(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
    timeout=httpcore.TimeoutException,
    proxy=httpcore.ProxyError,
    unsupported=httpcore.UnsupportedProtocol,
)
"""What the exceptions of httpcore say of a request."""

AT_ONCE = 1 << 18
"""Bytes read at once: as many as asyncio reads; anyio would cut what is more than was asked for."""


class ConnectionPool:
    """The default transport: kept connections, the one used last first."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Connection]] = {}
        self._closed = False

    async def send(self, request: Request, timeout: float) -> Response | TransportFailure:
        """Send one request and read the whole answer, within `timeout` seconds."""
        line = await self._connection_to(request.endpoint)
        outcome = await line.within(timeout, request, line.exchange)
        await self._keep(line)
        return outcome

    async def open(self, request: Request, timeout: float) -> StreamingResponse | TransportFailure:
        """Send one request and wait for the head of its answer, within `timeout` seconds."""
        line = await self._connection_to(request.endpoint)
        response = await line.within(timeout, request, line.begin)
        if isinstance(response, TransportFailure):
            return response

        async def release(whole: bool) -> None:
            if whole:
                await response.aclose()
                await self._keep(line)
            else:
                await line.aclose()

        chunks = cast("AsyncIterable[bytes]", response.stream)
        return await StreamingResponse(request, response.status, response.headers, chunks, release, ERRORS).checked()

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True  # what is under way now is closed at its end
        lines = [line for idle in self._idle.values() for line in idle]
        self._idle.clear()
        for line in lines:
            await line.aclose()

    async def _connection_to(self, endpoint: str) -> Connection:
        idle = self._idle.setdefault(endpoint, [])
        while idle:
            line = idle.pop()
            if not line.has_expired():
                return line
            await line.aclose()
        await self._sweep()
        return Connection(endpoint)

    async def _sweep(self) -> None:
        """Close what has expired, also of hosts that nobody asks any more."""
        expired = [(idle, line) for idle in self._idle.values() for line in idle if line.has_expired()]
        for idle, line in expired:
            idle.remove(line)
        for _, line in expired:
            await line.aclose()

    async def _keep(self, line: Connection) -> None:
        """Put a connection back, if it can be used again."""
        if self._closed:
            await line.aclose()
        elif line.is_idle():
            idle = self._idle.setdefault(line.endpoint, [])
            idle.append(line)
            if idle[0].has_expired():
                await idle.pop(0).aclose()


class Connection:
    """One connection of httpcore, which remembers how far its present request got."""

    __slots__ = ("_connection", "_host", "_port", "_prefix", "_scheme", "_wire", "endpoint", "used")

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        url = urlsplit(endpoint)
        self._scheme = url.scheme.encode()
        self._host = (url.hostname or "").encode("idna")
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._prefix = url.path.encode()
        self._wire = NetworkStream()
        self.used = False
        self._connection = httpcore.AsyncHTTPConnection(
            httpcore.Origin(self._scheme, self._host, self._port),
            ssl_context=tls() if url.scheme == "https" else None,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self._wire,
        )

    @property
    def sent(self) -> bool:
        return self._wire.sent

    @property
    def received(self) -> bool:
        return self._wire.received

    async def within(
        self, timeout: float, request: Request, exchange: Callable[[Request], Awaitable[T | TransportFailure]]
    ) -> T | TransportFailure:
        """Return what `exchange` returns within `timeout` seconds, or why there is nothing."""
        used, outcome = self.used, None
        with anyio.move_on_after(timeout) as scope:
            if request.content is not None and not isinstance(request.content, bytes):
                request.content.govern(scope, timeout)
            try:
                outcome = await exchange(request)
            except Exception as error:
                reason = ERRORS.failure(error, sent=self.sent)
                if reason is None:
                    raise
                return evolve(reason, stale=used and not self.received and not reason.timeout)
        if outcome is None:
            return TransportFailure(f"no answer within {timeout:g} s", sent=self.sent, timeout=True)
        if self.sent and not self.received:
            await self.aclose()
            return TransportFailure("an answer stood there before the request was sent", sent=True)
        return outcome

    async def exchange(self, request: Request) -> Response | TransportFailure:
        """Send a request and read the whole answer."""
        try:
            response = await self.begin(request)
            try:
                chunks = cast("AsyncIterable[bytes]", response.stream)
                return await read_response(request, response.status, response.headers, chunks)
            finally:
                await response.aclose()
        except BaseException:
            await self.aclose()  # cancelled between two steps of httpcore, the socket would stay open
            raise

    async def begin(self, request: Request) -> httpcore.Response:
        """Send a request and wait for the head of the answer."""
        self._wire.sent = self._wire.received = False
        try:
            response = await self._connection.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=self._scheme, host=self._host, port=self._port, target=self._prefix + request.target
                    ),
                    headers=request.headers,
                    content=Body(request.content) if isinstance(request.content, bytes | None) else request.content,
                )
            )
        except BaseException:
            await self.aclose()
            raise
        self.used = True
        return response

    def is_idle(self) -> bool:
        return bool(self._connection.is_idle())

    def has_expired(self) -> bool:
        return bool(self._connection.has_expired())

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._connection.aclose()
            await self._wire.aclose()


class NetworkStream(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
    """An anyio stream without time-outs of its own: the deadline of the whole exchange stands around it."""

    def __init__(self) -> None:
        self._stream: anyio.abc.ByteStream
        self.sent = self.received = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> NetworkStream:
        try:
            self._stream = await anyio.connect_tcp(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        try:
            self._stream = await TLSStream.wrap(
                self._stream, hostname=server_hostname, ssl_context=ssl_context, standard_compatible=False
            )
        except (OSError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
            await self._stream.aclose()
            raise httpcore.ConnectError(str(error) or "the TLS handshake failed") from error
        return self

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self._stream.receive(max(max_bytes, AT_ONCE))
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.ReadError(str(error)) from error
        self.received = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self.sent = True
            try:
                await self._stream.send(buffer)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
                raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        if hasattr(self, "_stream"):
            await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return is_readable(self._stream.extra(anyio.abc.SocketAttribute.raw_socket, None))
        return self._stream.extra(TLSAttribute.ssl_object, None) if info == "ssl_object" else None


def is_readable(sock: Any) -> bool:
    """Return whether an idle connection has something to read, which can only be its end."""
    if sock is None or sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
