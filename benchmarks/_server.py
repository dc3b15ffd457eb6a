"""A small, quick HTTP server in a process of its own: logins, SIMs, one quota window, and the other callers of it."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

PATIENCE = 0.1
"""Seconds after a turn within which another caller that was refused comes again."""
FIRST_SIM = 8981100000000000001
LOGIN = b'{"apiKey":"api-key","token":"e30.e30.e30","operatorId":"OP0000000001"}'
REFUSED = b'{"code":"COM0004","message":"Too many requests"}'
HEAD = (
    "HTTP/1.1 %s\r\ncontent-type: application/json\r\nx-soracom-ratelimit-limit: %d\r\n"
    "x-soracom-ratelimit-remaining: %d\r\nx-soracom-ratelimit-seconds-before-refresh: %d\r\ncontent-length: %d\r\n\r\n"
)


class Service:
    """What the server does with a request; `setup` starts a run, of which `stats` tells afterwards."""

    def __init__(self) -> None:
        self.setup()

    def setup(
        self,
        *,
        limit: int = 10**6,
        window: float = 3600.0,
        aligned: bool = True,
        phase: float = 0.0,
        rounding: str = "up",
        latency: float = 0.0,
        others: float = 0.0,
        bodies: dict[str, str] | None = None,
        fleet: int = 0,
        keep: bool = False,
        scale: float = 1.0,
        seed: int = 0,
    ) -> None:
        """Start again: `limit` requests in `window` seconds, the first reset after `phase` of a window if `aligned`.

        The headers count seconds of a clock that runs `scale` times as fast as the machine's. `fleet` is the number of
        SIMs of the listing. With `keep`, it is counted how often each path was served.
        `others` is the number of requests a window that other callers send at random times; those that are refused
        come again right after the turn, as most clients do.
        """
        self.limit, self.window, self.aligned, self.up = limit, window, aligned, rounding == "up"
        self.latency, self.scale, self.fleet = latency, scale, fleet
        self.served: Counter[str] | None = Counter() if keep else None
        self.bodies = {name: body.encode() for name, body in (bodies or {}).items()}
        self.origin = time.monotonic() + (phase - 1) * window
        self.end = -math.inf
        self.left = 0
        self.windows: list[dict[str, int]] = []
        self.connections = self.requests = self.refused = 0
        self.cpu = time.process_time()
        self.random = random.Random(seed)
        self.others: set[asyncio.Task[None]] = set()
        self.run = object()
        if others:
            self._spawn(self._crowd(window / others, self.run))

    def stats(self) -> dict[str, Any]:
        """Return what happened since the setup."""
        names = ("connections", "requests", "refused", "windows")
        return {name: getattr(self, name) for name in names} | {"cpu": time.process_time() - self.cpu}

    def take(self, *, ours: bool = True) -> tuple[bool, int]:
        """Count a request; return whether it is within the quota, and the whole seconds to the turn."""
        now = time.monotonic()
        if now >= self.end:
            start = self.origin + (now - self.origin) // self.window * self.window if self.aligned else now
            self.end, self.left = start + self.window, self.limit
            self.windows.append({"ours": 0, "others": 0, "refused": 0})
        granted = self.left > 0
        if granted:
            self.left -= 1
        if granted or ours:
            self.windows[-1]["refused" if not granted else "ours" if ours else "others"] += 1
        return granted, (math.ceil if self.up else math.floor)((self.end - now) * self.scale)

    def answer(self, path: str) -> bytes:
        """Answer a request of the client that is measured."""
        self.requests += 1
        if path.startswith("/v1/auth"):
            return (HEAD % ("200 OK", 60, 59, 60, len(LOGIN))).encode() + LOGIN
        granted, seconds = self.take()
        key = ""
        if not granted:
            self.refused += 1
            status, body = "429 Too Many Requests", REFUSED
        elif path.startswith("/v1/sims?"):
            status, (body, key) = "200 OK", self.page(path)
        else:
            status, body = "200 OK", self.bodies.get(path.rpartition("/")[2], b"{}")
            if self.served is not None:
                self.served[path] += 1
        head = HEAD % (status, self.limit, self.left, seconds, len(body))
        if key:
            head = f"{head[:-2]}x-soracom-next-key: {key}\r\n\r\n"
        return head.encode() + body

    def page(self, path: str) -> tuple[bytes, str]:
        """Return a page of the listing of SIMs, and the key of the next one."""
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        first, size = int(query.get("last_evaluated_key", 0)), int(query["limit"])
        end = min(first + size, self.fleet)
        sims = [{"simId": str(FIRST_SIM + number), "status": "active"} for number in range(first, end)]
        return json.dumps(sims).encode(), str(end) if end < self.fleet else ""

    def control(self, path: str, body: bytes) -> bytes:
        """Answer a request of the benchmark itself."""
        if path == "/_setup":
            self.setup(**json.loads(body))
        said = json.dumps(self.served if path == "/_served" else self.stats()).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said

    async def _crowd(self, gap: float, run: object) -> None:
        while run is self.run:
            await asyncio.sleep(self.random.expovariate(1 / gap))
            self._spawn(self._other(run))

    async def _other(self, run: object) -> None:
        while run is self.run:
            granted, _ = self.take(ours=False)
            if granted:
                return
            await asyncio.sleep(max(0.0, self.end - time.monotonic()) + self.random.random() * PATIENCE)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.others.add(task)  # the loop itself keeps no reference to a task
        task.add_done_callback(self.others.discard)


class Connection(asyncio.Protocol):
    """One connection; each request comes whole before the next is sent."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.buffer = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole."""
        self.buffer += data
        head, ended, body = self.buffer.partition(b"\r\n\r\n")
        if not ended:
            return
        if not head.startswith(b"GET"):
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            if len(body) < int(fields.get(b"content-length", 0)):
                return
        self.buffer = b""
        path = head[: head.index(b"\r\n")].split(b" ", 2)[1].decode()
        if path.startswith("/_"):
            self.transport.write(self.service.control(path, body))
            return
        if not self.counted:
            self.counted = True
            self.service.connections += 1
        answer = self.service.answer(path)
        if self.service.latency:
            asyncio.get_running_loop().call_later(self.service.latency, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def main() -> None:
    """Serve until the process is ended; the first line that is printed is the port."""
    service = Service()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
