"""HTTP itself: requests out, answers in, and the errors of httpx and httpcore turned into plain outcomes.

The default way holds HTTP/1.1 connections of httpcore in a free list: the session's gate bounds how many are in use, so
no pool has to. Any other way (a `transport=` of the caller's, a proxy of the environment) is an httpx transport.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
import zlib
from collections.abc import AsyncIterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

import anyio
from attrs import field, frozen

from .errors import ConfigurationError

if TYPE_CHECKING:
    import httpx

Headers = Sequence[tuple[bytes, bytes]]

IDLE_SECONDS = 20.0
"""How long an idle connection is kept: well below the time after which load balancers drop them."""


@frozen(slots=True, eq=False, repr=False)
class Request:
    """A request to `endpoint`; nothing of it is ever shown, since it carries tokens and passwords."""

    endpoint: str
    method: str
    target: bytes
    headers: Headers
    content: bytes | None


@frozen(slots=True)
class Answer:
    """A whole answer; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@frozen(slots=True)
class NoAnswer:
    """There is no answer; `sent` tells whether the request may have reached the service."""

    reason: str
    sent: bool
    timeout: bool = False
    stale: bool = False
    """Whether a kept connection turned out to be closed by the other side."""


class HTTP(Protocol):
    """A way to send requests."""

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


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
        failure: NoAnswer | None = None
        with anyio.move_on_after(timeout) as scope:
            try:
                status, raw, body = await line.exchange(request)
            except Exception as error:
                failure = no_answer(error, sent=line.sent)
                if failure is None:
                    raise
        if scope.cancelled_caught:
            return NoAnswer(f"no answer within {timeout:g} s", sent=line.sent, timeout=True)
        if failure is not None:
            stale = used and not line.received and not failure.timeout
            return NoAnswer(failure.reason, failure.sent, failure.timeout, stale)
        if line.sent and not line.received:
            await line.aclose()
            return NoAnswer("an answer stood there before the request was sent", sent=True)
        if self._closed:
            await line.aclose()
        elif line.is_idle():
            idle.append(line)
            if idle[0].has_expired():
                await idle.pop(0).aclose()
        return _answer(status, raw, body)

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
        import httpcore

        url = urlsplit(endpoint)
        self._scheme = url.scheme.encode()
        self._host = (url.hostname or "").encode("idna")
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._prefix = url.path.encode()
        self._wire = _wire_class()()
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
        import httpcore

        self._wire.sent = self._wire.received = False
        try:
            response = await self._connection.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=self._scheme, host=self._host, port=self._port, target=self._prefix + request.target
                    ),
                    headers=request.headers,
                    content=_Body(request.content),
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


@cache
def _wire_class() -> type[Any]:
    """Return the network of one connection; made at first use, since httpcore is imported only then."""
    import httpcore

    class Wire(httpcore.AsyncNetworkBackend, httpcore.AsyncNetworkStream):
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
        ) -> Wire:
            try:
                self._stream = await anyio.connect_tcp(host, port)
            except OSError as error:
                raise httpcore.ConnectError(str(error)) from error
            return self

        async def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> Wire:
            from anyio.streams.tls import TLSStream

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
                return _is_readable(self._stream.extra(anyio.abc.SocketAttribute.raw_socket, None))
            if info == "ssl_object":
                from anyio.streams.tls import TLSAttribute

                return self._stream.extra(TLSAttribute.ssl_object, None)
            return None

    return Wire


def _is_readable(sock: Any) -> bool:
    """Return whether an idle connection has something to read, which can only be its end."""
    import select

    if sock is None or sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


class _Body:
    """The body of a request: an iterator, since a generator would be left unfinished by a cancellation."""

    def __init__(self, content: bytes | None) -> None:
        self._content = content

    def __aiter__(self) -> _Body:
        return _Body(self._content)

    async def __anext__(self) -> bytes:
        content, self._content = self._content, None
        if not content:
            raise StopAsyncIteration
        return content


@cache
def _stream_class() -> type[Any]:
    """Return the same as a stream of httpx."""
    import httpx

    return type("Stream", (_Body, httpx.AsyncByteStream), {})


class Transport:
    """An httpx transport as the way."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        import httpx

        base = httpx.URL(request.endpoint)
        sent = httpx.Request(
            request.method,
            base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.target),
            headers=list(request.headers),
            content=request.content,
            extensions={"timeout": httpx.Timeout(timeout).as_dict()},
        )
        sent.stream = _stream_class()(request.content)
        failure: NoAnswer | None = None
        with anyio.move_on_after(timeout) as scope:
            try:
                response = await self._transport.handle_async_request(sent)
                try:
                    read = response.is_stream_consumed  # by the transport, which decoded it then
                    stream = cast("AsyncIterable[bytes]", response.stream)
                    body = response.content if read else b"".join([part async for part in stream])
                finally:
                    await response.aclose()
            except Exception as error:
                failure = no_answer(error, sent=True)
                if failure is None:
                    raise
        if scope.cancelled_caught:
            return NoAnswer(f"no answer within {timeout:g} s", sent=True, timeout=True)
        if failure is not None:
            return failure
        if read:
            return Answer(response.status_code, dict(response.headers.items()), body)
        return _answer(response.status_code, response.headers.raw, body)

    async def aclose(self) -> None:
        """Close the transport, as httpx's own client does."""
        await self._transport.aclose()


def http_for(endpoint: str, transport: httpx.AsyncBaseTransport | None, max_connections: int) -> HTTP:
    """Return the way to send requests: the caller's transport, the environment's proxy, or our own connections."""
    if transport is not None:
        return Transport(transport)
    proxy = proxy_of(endpoint)
    if proxy is None:
        return Connections()
    import httpx

    # The pool itself is unbounded: the session's gate bounds it, and a cancelled wait for the pool would lose a slot.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=max_connections)
    try:
        return Transport(httpx.AsyncHTTPTransport(proxy=proxy, verify=tls(), limits=limits))
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"the proxy that the environment names cannot be used: {error}") from None


def proxy_of(endpoint: str) -> str | None:
    """Return the address of the proxy that the environment names for `endpoint`."""
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    url = urlsplit(endpoint)
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(url.hostname or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls() -> ssl.SSLContext:
    """Return the TLS context that all sessions of the process share: making one takes tens of milliseconds."""
    return _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _tls(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    if cafile is None and capath is None:
        import certifi

        cafile = certifi.where()
    try:
        return ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as error:
        raise ConfigurationError(f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}") from None


_UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "LocalProtocolError"}
_SENT = {"ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError", "DecodingError"}
_EITHER = {"TimeoutException", "NetworkError", "ProtocolError", "TransportError"}


_WIRE_BYTES = re.compile(r"\b(?:bytearray\()?b['\"]")
"""Where h11 begins to quote what was on the wire: it may be a token."""


def no_answer(error: Exception, *, sent: bool) -> NoAnswer | None:
    """Return what an error of httpx or httpcore means; None for any other error.

    Both name their errors alike, and an error of either may come: tests replace parts of httpcore by parts of httpx.
    """
    names = [cls.__name__ for cls in type(error).__mro__ if cls.__module__.partition(".")[0] in ("httpx", "httpcore")]
    timeout = "TimeoutException" in names
    why = _WIRE_BYTES.split(str(error), maxsplit=1)[0]
    reason = f"{names[0]}: {why}" if names and why else (names or [""])[0]
    if names and _lost_by_aiohttp(error.__cause__):
        return NoAnswer(reason, sent=True)
    if any(name in _UNSENT for name in names):
        return NoAnswer(reason, sent=False, timeout=timeout)
    if any(name in _SENT for name in names):
        return NoAnswer(reason, sent=True, timeout=timeout)
    return NoAnswer(reason, sent=sent, timeout=timeout) if any(name in _EITHER for name in names) else None


def _lost_by_aiohttp(cause: BaseException | None) -> bool:
    """Return whether aiohttp lost a connection that it had: httpx-aiohttp calls that, too, a time-out of connecting."""
    names = {cls.__name__ for cls in type(cause).__mro__ if cls.__module__.startswith("aiohttp.")}
    return "ClientConnectionError" in names and not names & {"ClientConnectorError", "ServerTimeoutError"}


def _answer(status: int, raw: Headers, body: bytes) -> Answer | NoAnswer:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if body and headers.get("content-encoding", "identity") not in ("identity", ""):
        try:
            body = zlib.decompress(body, wbits=47)
        except zlib.error:
            return NoAnswer(
                f"the body is not in the encoding {headers['content-encoding']!r} that it claims", sent=True
            )
    return Answer(status, headers, body)
