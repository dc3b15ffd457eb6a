"""The default way: HTTP/1.1 connections of httpcore in a free list.

The session's gate bounds how many are in use, so no pool has to; httpcore's own looks through all its connections and
requests at every step.
"""

from __future__ import annotations

import select
import ssl
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpcore
from anyio.streams.tls import TLSAttribute, TLSStream
from attrs import evolve

from .exchange import Answer, Body, Headers, NoAnswer, Request, answer, no_answer
from .tls import tls

IDLE_SECONDS = 20.0
"""How long an idle connection is kept: well below the time after which load balancers drop them."""


class Connections:
    """The default way: kept connections, the one used last first."""

    def __init__(self) -> None:
        self._lines: dict[str, list[_Line]] = {}
        self._closed = False

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        idle = self._lines.setdefault(request.endpoint, [])
        line = await self._line(request.endpoint, idle)
        used = line.used
        outcome: Answer | NoAnswer | None = None
        with anyio.move_on_after(timeout):
            try:
                outcome = answer(*await line.exchange(request))
            except Exception as error:
                outcome = no_answer(error, sent=line.sent)
                if outcome is None:
                    raise
                return evolve(outcome, stale=used and not line.received and not outcome.timeout)
        if outcome is None:
            return NoAnswer(f"no answer within {timeout:g} s", sent=line.sent, timeout=True)
        if line.sent and not line.received:
            await line.aclose()
            return NoAnswer("an answer stood there before the request was sent", sent=True)
        if self._closed:
            await line.aclose()
        elif line.is_idle():
            idle.append(line)
            if idle[0].has_expired():
                await idle.pop(0).aclose()
        return outcome

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True  # what is under way now is closed at its end
        lines = [line for idle in self._lines.values() for line in idle]
        self._lines.clear()
        for line in lines:
            await line.aclose()

    async def _line(self, endpoint: str, idle: list[_Line]) -> _Line:
        while idle:
            line = idle.pop()
            if not line.has_expired():
                return line
            await line.aclose()
        return _Line(endpoint)


class _Line:
    """One connection of httpcore, which remembers how far its present request got."""

    __slots__ = ("_connection", "_host", "_port", "_prefix", "_scheme", "_wire", "used")

    def __init__(self, endpoint: str) -> None:
        url = urlsplit(endpoint)
        self._scheme = url.scheme.encode()
        self._host = (url.hostname or "").encode("idna")
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._prefix = url.path.encode()
        self._wire = _Wire()
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

    async def exchange(self, request: Request) -> tuple[int, Headers, bytes]:
        self._wire.sent = self._wire.received = False
        try:
            response = await self._connection.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=self._scheme, host=self._host, port=self._port, target=self._prefix + request.target
                    ),
                    headers=request.headers,
                    content=Body(request.content),
                )
            )
            try:
                body = await response.aread()
            finally:
                await response.aclose()
        except BaseException:
            await self.aclose()  # cancelled between two steps of httpcore, the socket would stay open
            raise
        self.used = True
        return response.status, response.headers, body

    def is_idle(self) -> bool:
        return bool(self._connection.is_idle())

    def has_expired(self) -> bool:
        return bool(self._connection.has_expired())

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._connection.aclose()
            await self._wire.aclose()


class _Wire(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
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
    ) -> _Wire:
        try:
            self._stream = await anyio.connect_tcp(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return self

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Wire:
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
            data = await self._stream.receive(max_bytes)
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
