"""The emulator on a socket: a Starlette application behind uvicorn, in a thread with its own event loop."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from .messages import Request

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from .service import Service


def application(service: Service) -> Starlette:
    """Return the service as an ASGI application."""
    return Starlette(routes=[Mount("/", app=_endpoint(service))])


def _endpoint(service: Service) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        client = scope.get("client")
        request = Request(
            scope["method"],
            # As on the wire: what was encoded must stay so until the segments are told apart.
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            client[0] if client else "",
        )
        response = await service.handle(request)
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers.items()]
        if response.status != 204:
            headers.append((b"content-length", str(len(response.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return answer


class Server:
    """A service on a socket from `start` to `stop`; the thread lets it run under any event loop of the caller."""

    def __init__(self, service: Service, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is said, or asyncio would leave Nagle's delay on: 40 ms for an answer in two pieces.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(1024)
        except OSError:
            self._socket.close()
            raise
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(service),
                lifespan="off",
                log_level="warning",
                access_log=False,
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="soracom-emulator", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    async def start(self) -> None:
        """Return when requests are answered."""
        self._thread.start()
        # uvicorn has no event to wait for, and its loop is not the caller's.
        while not self._server.started and self._thread.is_alive():  # noqa: ASYNC110
            await anyio.sleep(0.005)
        if not self._server.started:
            self._socket.close()
            raise RuntimeError("the emulator's server did not start; see its log")

    async def stop(self) -> None:
        """Return when the socket is closed and the thread is over."""
        self._server.should_exit = True
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._thread.join)
