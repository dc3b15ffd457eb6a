"""Streaming a large fleet from the emulator: items per second, and by how much the process grows.

    python -m benchmarks.stream

Each way runs in a fresh process, with the emulator in the same one. Growth is the largest resident size seen at the end
of a page less that when the emulator and the session are ready and the first pages were read.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import anyio
import httpx

from soracom_async import Soracom
from soracom_async.emulator import Emulator

from ._common import progress, show

WARM = 3
"""Pages before the level is taken."""
Variant = Callable[[Emulator, int], AsyncIterator[int]]
"""Yields the number of items since the last time, about once a page."""


async def by_item(emulator: Emulator, limit: int) -> AsyncIterator[int]:
    """Stream the items."""
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        count = 0
        async for _ in soracom.sims.list(limit=limit):
            count += 1
            if count == limit:
                yield count
                count = 0
        yield count


async def by_page(emulator: Emulator, limit: int) -> AsyncIterator[int]:
    """Stream the pages."""
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        async for page in soracom.sims.list(limit=limit).by_page():
            yield len(page.items)


async def ahead(emulator: Emulator, limit: int) -> AsyncIterator[int]:
    """Stream the items, with two pages read ahead."""
    async with (
        Soracom(emulator.auth_key, transport=emulator.transport) as soracom,
        soracom.sims.list(limit=limit).ahead(2) as sims,
    ):
        count = 0
        async for _ in sims:
            count += 1
            if count == limit:
                yield count
                count = 0
        yield count


async def with_httpx(emulator: Emulator, limit: int) -> AsyncIterator[int]:
    """Follow the keys by hand with httpx; the items are dicts."""
    key = emulator.auth_key
    async with httpx.AsyncClient(base_url="http://emulator", transport=emulator.transport) as client:
        login = {"authKeyId": key.auth_key_id, "authKey": key.auth_key.reveal()}
        session = (await client.post("/v1/auth", json=login)).json()
        client.headers.update({"x-soracom-api-key": session["apiKey"], "x-soracom-token": session["token"]})
        query: dict[str, str] = {"limit": str(limit)}
        while True:
            answer = await client.get("/v1/sims", params=query)
            yield len(answer.raise_for_status().json())
            if "x-soracom-next-key" not in answer.headers:
                return
            query["last_evaluated_key"] = answer.headers["x-soracom-next-key"]


WAYS: dict[str, Variant] = {
    "httpx by hand, dicts": with_httpx,
    "soracom_async, items": by_item,
    "soracom_async, pages": by_page,
    "soracom_async, two pages ahead": ahead,
}


def resident() -> int:
    """Return the resident size of this process in bytes (Linux)."""
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def measured(name: str, sims: int, limit: int) -> tuple[int, float, int, int]:
    """Return the items read, the seconds for them, the level and the growth in bytes."""
    emulator = Emulator(sims=sims, rate_limit=10**9)
    items, pages, level, most = 0, 0, 0, 0
    begun = time.perf_counter()
    async for count in WAYS[name](emulator, limit):
        items += count
        pages += 1
        if pages == WARM:
            gc.collect()
            level = most = resident()
        most = max(most, resident())
    return items, time.perf_counter() - begun, level, most - level


def in_process(name: str, sims: int, limit: int) -> tuple[int, float, int, int]:
    """Measure one way; called in a process of its own."""
    return anyio.run(measured, name, sims, limit)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sims", type=int, default=1_000_000)
    parser.add_argument("--limit", type=int, default=1000, help="items of a page")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    runs: dict[str, list[tuple[int, float, int, int]]] = {name: [] for name in WAYS}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for turn in range(options.rounds):
            for name, each in runs.items():
                progress(f"round {turn + 1}: {name}")
                each.append(pool.submit(in_process, name, options.sims, options.limit).result())
    rates = {name: median(items / seconds for items, seconds, _, _ in each) for name, each in runs.items()}
    peer = rates["httpx by hand, dicts"]
    rows = [
        [
            name,
            f"{each[0][0]:,}",
            f"{rates[name]:,.0f}",
            f"{rates[name] / peer:.2f}",
            f"{median(level for _, _, level, _ in each) / 1e6:.1f}",
            f"{median(growth for _, _, _, growth in each) / 1e6:.1f}",
        ]
        for name, each in runs.items()
    ]
    columns = ["", "SIMs", "SIMs/s", "of httpx", "level MB", "growth MB"]
    note = f"Pages of {options.limit:,}; medians of {options.rounds}; the emulator's own work is part of the time."
    show("A fleet as a stream", columns, rows, note)


if __name__ == "__main__":
    main()
