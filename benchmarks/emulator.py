"""The emulator beside servers that have nothing to do but send the same bytes: start, memory, requests per second.

    python -m benchmarks.emulator

Each server is a process of its own with one event loop, so it has one core; it runs from before its process is started
to the first SIM that it answers, then 8 connections ask for one SIM, and then for a page of 100 SIMs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, Self
from urllib.request import Request, urlopen

import uvicorn
from attrs import define, field
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from soracom_async.emulator import Emulator
from soracom_async.emulator.state.sims import sim_id

from ._common import progress, show

CONNECTIONS = 8
OF_CONNECTION = "connection", "date"
"""Headers that a server makes by itself."""
EMPTY = "emulator, no SIMs"
PEER = "the same bytes, uvicorn alone"
SERVERS: dict[str, tuple[str, int]] = {
    EMPTY: ("emulator", 0),
    "emulator, 10,000 SIMs": ("emulator", 10_000),
    "emulator, 1,000,000 SIMs": ("emulator", 1_000_000),
    PEER: ("static", 0),
    "the same bytes, Starlette": ("starlette", 0),
}
"""What each server is, and how many SIMs it has."""


# The servers


async def serve_emulator(sims: int) -> None:
    """Serve a fleet until the process is ended; the one line that is printed is where, and with which AuthKey."""
    async with Emulator(sims=sims, rate_limit=10**9) as served:
        key = served.auth_key
        print(served.url, key.auth_key_id, key.auth_key.reveal(), flush=True)
        await asyncio.Event().wait()


def static(answers: dict[str, tuple[dict[str, str], bytes]], *, routed: bool) -> Any:
    """Return an application that only sends what is given, found by its path."""
    if routed:

        async def answer(request: StarletteRequest) -> Response:
            headers, body = answers[request.url.path]
            return Response(body, headers=headers)

        return Starlette(routes=[Route(path, answer) for path in answers])
    ready = {
        path: [(name.encode(), value.encode()) for name, value in headers.items()]
        for path, (headers, _) in answers.items()
    }

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": ready[path]})
        await send({"type": "http.response.body", "body": answers[path][1]})

    return bare


async def serve_static(*, routed: bool) -> None:
    """Serve what the emulator answered, which comes on standard input."""
    said = json.loads(sys.stdin.readline())
    answers = {path: (headers, body.encode()) for path, (headers, body) in said.items()}
    config = uvicorn.Config(static(answers, routed=routed), lifespan="off", log_level="error", server_header=False)
    # The protocol is said, or asyncio would leave Nagle's delay on; and who comes before the server is ready waits.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", "", "", flush=True)
    await uvicorn.Server(config).serve([listening])


class Process:
    """A server in its own process while this is entered."""

    def __init__(self, kind: str, sims: int, answers: dict[str, Any]) -> None:
        self._arguments = [sys.executable, "-m", "benchmarks.emulator", "--serve", kind, "--sims", str(sims)]
        self._answers = json.dumps(answers) + "\n"
        self.headers: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._answers)
        self._process.stdin.flush()
        self.url, key_id, key = self._process.stdout.readline().rstrip("\n").split(" ")
        if key_id:
            body = json.dumps({"authKeyId": key_id, "authKey": key}).encode()
            with urlopen(Request(f"{self.url}/v1/auth", body)) as answer:
                session = json.load(answer)
            self.headers = {"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]}
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def ask(self, path: str) -> tuple[dict[str, str], bytes]:
        """Return the headers and the body of an answer."""
        with urlopen(Request(self.url + path, headers=self.headers)) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return {name: value for name, value in headers.items() if name not in OF_CONNECTION}, answer.read()

    def memory(self) -> int:
        """Return the bytes that the process has in memory; 0 where the system does not say it."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) * 1024 if found else 0


# The client


class Connection(asyncio.Protocol):
    """Sends a request as soon as the answer to the last one is whole, as long as there are any."""

    def __init__(self, request: bytes, rest: list[int], done: asyncio.Future[None]) -> None:
        self._request, self._rest, self._done = request, rest, done
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if not self._rest[0]:
            self._done.set_result(None)
            self._transport.close()
            return
        self._rest[0] -= 1
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        if not self._missing:
            head, _, body = data.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self._missing, data = int(length), body
        self._missing -= len(data)
        if not self._missing:
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell if that was not the end."""
        if not self._done.done():
            self._done.set_exception(error or ConnectionError("the server closed the connection"))


async def rate(process: Process, path: str, requests: int) -> float:
    """Return how many requests are answered in a second."""
    host, port = process.url.removeprefix("http://").split(":")
    lines = [f"GET {path} HTTP/1.1", f"host: {host}", *(f"{name}: {value}" for name, value in process.headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    loop, rest = asyncio.get_running_loop(), [requests]
    over: list[asyncio.Future[None]] = [loop.create_future() for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for done in over:
        await loop.create_connection(lambda done=done: Connection(request, rest, done), host, int(port))  # type: ignore[misc]
    await asyncio.gather(*over)
    return requests / (time.perf_counter() - begun)


@define
class Measured:
    """What was measured of a server, once in each round."""

    start: list[float] = field(factory=list)
    memory: list[int] = field(factory=list)
    one: list[float] = field(factory=list)
    page: list[float] = field(factory=list)


def paths(sims: int) -> tuple[str, str]:
    """Return the path of a SIM in the middle of a fleet, and of the page behind it."""
    middle = sim_id(max(1, sims // 2))
    return f"/v1/sims/{middle}", f"/v1/sims?limit=100&last_evaluated_key={middle}"


def answers() -> dict[str, Any]:
    """Return what the emulator answers, for those that only send it again."""
    with Process("emulator", 10_000, {}) as process:
        said = {path.partition("?")[0]: process.ask(path) for path in paths(10_000)}
    return {path: (headers, body.decode()) for path, (headers, body) in said.items()}


def measure(name: str, measured: Measured, said: dict[str, Any], options: argparse.Namespace) -> None:
    """Measure a server in a fresh process."""
    kind, sims = SERVERS[name]
    one, page = paths(sims or 10_000)
    begun = time.perf_counter()
    with Process(kind, sims, said if kind != "emulator" else {}) as process:
        process.ask(one if name != EMPTY else "/v1/sims")
        measured.start.append(time.perf_counter() - begun)
        if name != EMPTY:
            measured.one.append(asyncio.run(rate(process, one, options.requests)))
            measured.page.append(asyncio.run(rate(process, page, options.requests // 5)))
        measured.memory.append(process.memory())


def main(options: argparse.Namespace) -> None:
    """Measure and print the table."""
    said = answers()
    measured = {name: Measured() for name in SERVERS}
    for turn in range(options.rounds):
        progress(f"round {turn + 1} of {options.rounds}")
        for name, each in measured.items():
            measure(name, each, said, options)
    peer, level = measured[PEER], median(measured[EMPTY].memory)
    rows = []
    for name, each in measured.items():
        sims = SERVERS[name][1]
        row = [name, f"{median(each.start):.2f}", f"{median(each.memory) / 1e6:.0f}"]
        row.append(f"{(median(each.memory) - level) / sims:.1f}" if sims else "")
        for rates, of_peer in ((each.one, peer.one), (each.page, peer.page)):
            row.append(f"{median(rates):,.0f} ({median(rates) / median(of_peer):.2f})" if rates else "")
        rows.append(row)
    columns = ["", "start s", "MB", "bytes a SIM", "one SIM, requests/s", "100 SIMs, pages/s"]
    note = (
        f"Medians of {options.rounds} rounds of fresh processes; {options.requests:,} requests for one SIM and a fifth "
        f"of that for pages, over {CONNECTIONS} connections; in brackets the ratio to uvicorn with the same bytes. "
        "Bytes a SIM: what the process has more than that of no SIMs, after the requests."
    )
    show("Emulator", columns, rows, note)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=5000, help="requests of a run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", choices=["emulator", "static", "starlette"], help=argparse.SUPPRESS)
    parser.add_argument("--sims", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    if given.serve is None:
        main(given)
    elif given.serve == "emulator":
        asyncio.run(serve_emulator(given.sims))
    else:
        asyncio.run(serve_static(routed=given.serve == "starlette"))
