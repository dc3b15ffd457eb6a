"""The emulator on a socket: an ASGI application behind uvicorn, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import uvicorn

from ..clock import serving
from ..protocol.messages import Request, Responder

if TYPE_CHECKING:
    from ..._clock import Clock
    from ..protocol.messages import Delivery, Response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def application(
    answer: Responder, clock: Clock, storage_port: int
) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Return an ASGI application; requests to `storage_port` are for the storage host."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await respond(scope, receive, send)
        except asyncio.CancelledError:  # the server stops
            _leave(receive).abort()

    async def respond(scope: Message, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        client = scope.get("client")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(
            scope["method"],
            # Still percent-encoded, since the router splits the path before it decodes the segments.
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            client[0] if client else "",
            _storage_url(headers.get("host", ""), storage_port),
        )
        response = await answer(request, storage=scope["server"][1] == storage_port)
        if response.delivery is not None:
            await _deliver(response, response.delivery, clock, receive, send)
        else:
            await send(_head(response))
            await send({"type": "http.response.body", "body": response.body})

    return serve


def _head(response: Response) -> Message:
    lines = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers.items()]
    if response.status != 204 and "content-length" not in response.headers:
        lines.append((b"content-length", str(len(response.body)).encode("ascii")))
    return {"type": "http.response.start", "status": response.status, "headers": lines}


async def _deliver(response: Response, delivery: Delivery, clock: Clock, receive: Receive, send: Send) -> None:
    """Send a response in chunks, or reset the connection."""
    if not delivery.head:
        connection = _leave(receive)
        # A close with a linger time of 0 is a reset.
        linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
        with suppress(OSError):  # the client has gone
            connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.abort()
        return
    await send(_head(response))
    for chunk in delivery.chunks(response.body):
        if delivery.pause:
            await clock.sleep(delivery.pause)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if delivery.upto is None:
        await send({"type": "http.response.body", "body": b""})
    else:
        _leave(receive).close()


def _leave(receive: Receive) -> Any:
    """Return the asyncio transport of the connection, to be closed before the response is complete.

    ASGI hides it, but uvicorn's `receive` has it. Unless uvicorn takes the client for gone, it logs an error.
    """
    cycle: Any = receive
    cycle.__self__.disconnected = True
    return cycle.__self__.transport


def _storage_url(host: str, port: int) -> str:
    """Return the URL of the storage host for a client that reaches the service as `host`."""
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return f"http://{name}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    # With an explicit protocol, asyncio turns Nagle's algorithm off, which delays a response in two chunks by 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except (OSError, OverflowError, TypeError) as error:  # not all are of the system: it gets no port 70000
        listening.close()
        number, text = (error.errno, error.strerror) if isinstance(error, OSError) else (None, None)
        raise OSError(number, text or str(error), f"{host}:{port}") from None
    return listening


class Server:
    """An emulator on a socket, from `start` to `stop`. It has its own thread and event loop."""

    def __init__(self, answer: Responder, clock: Clock, host: str, port: int, storage_port: int = 0) -> None:
        self._socket = _listening(host, port)
        try:
            self._storage = _listening(host, storage_port)
        except OSError:
            self._socket.close()
            raise
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        # uvicorn would configure logging for the whole process, and close the handlers of other loggers.
        config = uvicorn.Config(
            application(answer, clock, self._storage.getsockname()[1]),
            lifespan="off",
            loop="asyncio",  # uvloop raises errors of its own where a client has gone
            log_config=None,
            log_level=None,
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        config.access_log = False
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="soracom-emulator", daemon=True)

    def _run(self) -> None:
        serving.add(threading.get_ident())
        try:
            self._server.run(sockets=[self._socket, self._storage])
        finally:
            serving.remove(threading.get_ident())

    async def start(self) -> None:
        """Start, and return as soon as requests are answered."""
        self._thread.start()
        # uvicorn has no event to wait for, and runs in another event loop.
        while not self._server.started and self._thread.is_alive():  # noqa: ASYNC110
            await anyio.sleep(0.005)
        if not self._server.started:
            self._socket.close()
            self._storage.close()
            raise RuntimeError("the emulator's server did not start; see its log")

    async def stop(self) -> None:
        """Stop, and return as soon as the socket is closed and the thread has ended."""
        self._server.should_exit = True
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._thread.join)
