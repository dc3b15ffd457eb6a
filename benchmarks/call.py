"""One call through the whole session beside the same call by other clients: calls per second, CPU, connections.

    python -m benchmarks.call

Every client asks one server for one SIM, by turns in each round; the last column counts the connections that were
opened for 1,000 calls of 50 tasks when the server takes 20 ms.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, cast

import aiohttp
import anyio
import httpx
import httpx_aiohttp
from attrs import evolve

from soracom_async import AuthKey, Soracom
from soracom_async._core.operation import Operation
from soracom_async.api.sim import GET_SIM
from soracom_async.emulator import Emulator

from ._common import SMALL, Call, Drive, Server, drive, progress, show, side_by_side

RAW = evolve(cast("Operation[Any]", GET_SIM), result=bytes)
"""The same call, whose answer is not decoded."""

TASKS = 1, 10, 50
PEER = "httpx.AsyncClient.get"
HEADERS = {"x-soracom-api-key": "api-key", "x-soracom-token": "e30.e30.e30"}
Client = Callable[[str], AbstractAsyncContextManager[Call]]


def with_httpx(*, decoded: bool = False, kept: int | None = None, over_aiohttp: bool = False) -> Client:
    """Return httpx as it comes, or with the body as a dict, more connections kept, or aiohttp below it."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Call]:
        client = httpx.AsyncClient(
            headers=HEADERS,
            limits=httpx.Limits(max_connections=kept or 100, max_keepalive_connections=kept or 20),
            transport=httpx_aiohttp.AiohttpTransport() if over_aiohttp else None,
        )

        async def get() -> object:
            answer = await client.get(f"{url}/v1/sims/{'full' if decoded else 'small'}")
            return answer.json() if decoded else answer.content

        async with client:
            yield get

    return opened


@asynccontextmanager
async def with_aiohttp(url: str) -> AsyncIterator[Call]:
    """Use aiohttp itself."""
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def get() -> bytes:
            async with session.get(f"{url}/v1/sims/small") as answer:
                return await answer.read()

        yield get


def with_session(sim: str | None, *, over_aiohttp: bool = False) -> Client:
    """Return this library: the method that returns a typed SIM, or for no `sim` the session's part of it alone."""

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Call]:
        transport = httpx_aiohttp.AiohttpTransport() if over_aiohttp else None
        async with Soracom(AuthKey("keyId-1", "secret-1"), endpoint=url, transport=transport) as soracom:
            await soracom.login()
            if sim is None:
                # Token, quota, retry and the whole answer, but nothing decoded; there is no public name for that.
                yield lambda: soracom._session.call(RAW, {"sim_id": "small"}, soracom._options)
            else:
                yield lambda: soracom.sims.get(sim)

    return opened


CLIENTS: dict[str, Client] = {
    PEER: with_httpx(),
    "httpx, 50 connections kept": with_httpx(kept=50),
    "httpx, .json() of a full SIM": with_httpx(decoded=True),
    "httpx over aiohttp": with_httpx(over_aiohttp=True),
    "aiohttp": with_aiohttp,
    "soracom_async, not decoded": with_session(None),
    "soracom_async, small SIM typed": with_session("small"),
    "soracom_async, full SIM typed": with_session("full"),
    "soracom_async[aiohttp], small SIM typed": with_session("small", over_aiohttp=True),
}


async def full_sim() -> str:
    """Return the JSON of a SIM with all that the service tells of one."""
    emulator = Emulator(sims=1)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        content = await soracom._session.call(RAW, {"sim_id": await first_sim(soracom)}, soracom._options)
        return str(content, "utf-8")


async def first_sim(soracom: Soracom) -> str:
    """Return the name of the fleet's first SIM."""
    async for sim in soracom.sims.list():
        assert sim.sim_id is not None
        return sim.sim_id
    raise LookupError("the fleet is empty")


async def main(options: argparse.Namespace) -> None:
    """Measure and print the table."""
    bodies = {"small": SMALL, "full": await full_sim()}
    drives: dict[tuple[str, int], list[Drive]] = defaultdict(list)
    connections: dict[str, int] = {}
    calls: int = options.calls
    busy = 0.0
    with Server() as server:
        for turn in range(options.rounds):
            progress(f"round {turn + 1} of {options.rounds}")
            for tasks in TASKS:
                for name, client in CLIENTS.items():
                    async with client(server.url) as call:
                        await drive(call, tasks, tasks)
                        server.setup(bodies=bodies)
                        took = await drive(call, calls, tasks)
                        busy = max(busy, server.stats()["cpu"] / took.seconds)
                    assert not took.lost, f"{name}: {took.lost} calls failed"
                    drives[name, tasks].append(took)
        for name, client in CLIENTS.items():
            server.setup(bodies=bodies, latency=0.02)
            async with client(server.url) as call:
                await drive(call, 1000, 50)
                connections[name] = server.stats()["connections"]

    columns, cells = side_by_side(drives, PEER, calls, "calls")
    rows = [[name, *cells[name], str(connections[name])] for name in CLIENTS]
    note = (
        f"Medians of {options.rounds} interleaved rounds of {calls:,} calls; in brackets the ratio to {PEER}. "
        f"A full SIM has {len(bodies['full']):,} bytes. The server used at most {busy:.0%} of a core."
    )
    show("One call", ["", *columns, "opened"], rows, note)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=500, help="calls of a run")
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, arguments())
