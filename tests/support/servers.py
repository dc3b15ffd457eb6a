"""Small HTTP servers on loopback that do exactly what a test tells them, and in-process transports that do the same."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import httpx
import pytest
from anyio.streams.tls import TLSListener

from soracom_async import AuthKey, Soracom

LOGIN = {"apiKey": "api-key", "token": "token", "operatorId": "OP0000000001"}
SIM = {"simId": "1", "status": "active"}
GZIP_NONSENSE = b"this is no gzip"


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None, *, reason: str = "X") -> bytes:
    """Return a whole answer: bytes as they are, anything else as JSON, None as nothing."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        lines.append(f"content-length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


class Received:
    """A request as it came over the wire."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
        self.body = body


class Connection:
    """The server's end of one connection."""

    def __init__(self, stream: anyio.abc.ByteStream, number: int) -> None:
        self.stream = stream
        self.number = number
        self.closed = False

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def end(self) -> None:
        """Close properly."""
        self.closed = True
        await self.stream.aclose()

    async def reset(self) -> None:
        """Close with a reset, as a crash or a firewall does."""
        raw = self.stream.extra(anyio.abc.SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.end()


Handler = Callable[[Received, Connection], Awaitable[None]]


class Server:
    """Hands every request to `handle`, which answers, or does not."""

    def __init__(self, handle: Handler, accept: Callable[[Connection], Awaitable[None]] | None) -> None:
        self.accepted = 0
        """How many connections were ever opened."""
        self.open = 0
        self.most_open = 0
        self.requests: list[Received] = []
        self.host = ""
        self.port = 0
        self.scheme = "http"
        self._handle = handle
        self._accept = accept

    @property
    def url(self) -> str:
        """The address to be used as an endpoint."""
        return f"{self.scheme}://{self.host}:{self.port}"

    async def serve(self, stream: anyio.abc.ByteStream) -> None:
        self.accepted += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        connection = Connection(stream, self.accepted)
        broken = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError)
        try:
            with contextlib.suppress(*broken):
                if self._accept is not None:
                    await self._accept(connection)
                buffer = b""
                while not connection.closed:
                    while b"\r\n\r\n" not in buffer:
                        buffer += await stream.receive()
                    head, _, buffer = buffer.partition(b"\r\n\r\n")
                    request = Received(head, b"")
                    length = int(request.headers.get("content-length", "0"))
                    while len(buffer) < length:
                        buffer += await stream.receive()
                    request.body, buffer = buffer[:length], buffer[length:]
                    self.requests.append(request)
                    await self._handle(request, connection)
        finally:
            self.open -= 1
            with anyio.CancelScope(shield=True), contextlib.suppress(*broken):
                await stream.aclose()


@contextlib.asynccontextmanager
async def serving(
    handle: Handler,
    *,
    accept: Callable[[Connection], Awaitable[None]] | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Server]:
    """Serve on loopback while the test runs; a login is answered unless `handle` is wrapped otherwise."""
    server = Server(handle, accept)
    listener: Any = await anyio.create_tcp_listener(local_host=host)
    server.host, server.port = host, listener.extra(anyio.abc.SocketAttribute.local_port)
    if tls is not None:
        server.scheme = "https"
        listener = TLSListener(listener, tls, standard_compatible=False)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.serve)
        yield server
        tasks.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def serving_app(app: Any) -> AsyncIterator[str]:
    """Serve an ASGI application by uvicorn while the test runs, in a thread of its own, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        uvicorn = pytest.importorskip("uvicorn")
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(thread.join)


def logged_in(handle: Handler) -> Handler:
    """Answer logins properly, and leave the rest to `handle`."""

    async def wrapped(request: Received, connection: Connection) -> None:
        if request.target == "/v1/auth":
            await connection.send(reply(LOGIN))
        else:
            await handle(request, connection)

    return wrapped


def answering(*answers: bytes) -> Handler:
    """Answer with each of `answers` in turn, with the last one for ever; logins are answered properly."""
    left = list(answers)

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return logged_in(handle)


class Script(httpx.AsyncBaseTransport):
    """A transport that gives (or raises) each of `steps` in turn, the last one for ever, and remembers the requests."""

    def __init__(self, *steps: Any, login: Any = None) -> None:
        self.steps = list(steps)
        self.login = login
        self.requests: list[httpx.Request] = []
        self.logins: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        if request.url.path == "/v1/auth":
            self.logins.append(request)
            return response_of(self.login if self.login is not None else LOGIN, request)
        self.requests.append(request)
        return response_of(self.steps.pop(0) if len(self.steps) > 1 else self.steps[0], request)

    async def aclose(self) -> None:
        self.closed = True


def response_of(step: Any, request: httpx.Request) -> httpx.Response:
    """Return the answer that a step means: an answer, a function, an error to raise, a status, or JSON."""
    if callable(step) and not isinstance(step, type):
        step = step(request)
    if isinstance(step, BaseException) or (isinstance(step, type) and issubclass(step, BaseException)):
        raise step
    if isinstance(step, httpx.Response):
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)
    if isinstance(step, int):
        return httpx.Response(step, json={"code": "TST0001", "message": "as told"})
    return httpx.Response(200, json=step)


def opened(at: str | httpx.AsyncBaseTransport, **settings: Any) -> Soracom:
    """Return a session at an address, or through a transport."""
    if isinstance(at, str):
        return Soracom(AuthKey("keyId-1", "secret-1"), endpoint=at, **settings)
    return Soracom(AuthKey("keyId-1", "secret-1"), endpoint="http://soracom.test", transport=at, **settings)
