"""A page of 100 full SIMs from the socket to typed objects, beside the same page as dicts: pages per second and CPU.

    python -m benchmarks.page

Every client asks one server for the same page, by turns in each round.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import anyio
import httpx
import orjson

from soracom_async import AuthKey, Soracom

from ._common import Call, Drive, Server, drive, progress, show, side_by_side
from .decode import page

TASKS = 1, 10, 50
PEER = "httpx with orjson, dicts"
HEADERS = {"x-soracom-api-key": "api-key", "x-soracom-token": "e30.e30.e30"}
Client = Callable[[str], AbstractAsyncContextManager[Call]]


@asynccontextmanager
async def with_httpx(url: str) -> AsyncIterator[Call]:
    """Use httpx, and orjson for what comes."""
    async with httpx.AsyncClient(headers=HEADERS) as client:

        async def get() -> object:
            return orjson.loads((await client.get(f"{url}/v1/sims")).content)

        yield get


@asynccontextmanager
async def with_aiohttp(url: str) -> AsyncIterator[Call]:
    """Use aiohttp, and orjson for what comes."""
    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def get() -> object:
            async with session.get(f"{url}/v1/sims") as answer:
                return orjson.loads(await answer.read())

        yield get


@asynccontextmanager
async def with_session(url: str) -> AsyncIterator[Call]:
    """Use this library: typed SIMs with datetimes."""
    async with Soracom(AuthKey("keyId-1", "secret-1"), endpoint=url) as soracom:
        await soracom.login()
        yield lambda: soracom.call("listSims")


CLIENTS: dict[str, Client] = {
    PEER: with_httpx,
    "aiohttp with orjson, dicts": with_aiohttp,
    "soracom_async, typed": with_session,
}


async def main(options: argparse.Namespace) -> None:
    """Measure and print the table."""
    content = (await page()).decode()
    drives: dict[tuple[str, int], list[Drive]] = defaultdict(list)
    pages: int = options.pages
    with Server() as server:
        for turn in range(options.rounds):
            progress(f"round {turn + 1} of {options.rounds}")
            for tasks in TASKS:
                for name, client in CLIENTS.items():
                    server.setup(bodies={"sims": content})
                    async with client(server.url) as call:
                        await drive(call, tasks, tasks)
                        took = await drive(call, pages, tasks)
                    assert not took.lost, f"{name}: {took.lost} pages were lost"
                    drives[name, tasks].append(took)
    columns, cells = side_by_side(drives, PEER, pages, "pages")
    note = (
        f"Medians of {options.rounds} interleaved rounds of {pages:,} pages of {len(content):,} bytes; "
        f"in brackets the ratio to {PEER}."
    )
    show("One page, from the socket", ["", *columns], [[name, *cells[name]] for name in CLIENTS], note)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=200, help="pages of a run")
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, arguments())
