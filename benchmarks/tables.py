"""A large fleet as a file: rows a second, and by how much the process grows, beside a data frame of dicts.

    python -m benchmarks.tables

Each way runs in a fresh process. `decoded` SIMs are there already, and the same ones come again and again; a `listing`
comes from the emulator in the same process, whose work is part of the time. For pandas they become dicts of JSON, all
at once, and a frame with a column for each of their names. Growth is the largest resident size, less that when the
writing begins.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import anyio
from attrs import frozen

from soracom_async import Pages, Soracom, tables
from soracom_async.emulator import Emulator
from soracom_async.models import Sim

from ._common import progress, show

FEW = ["sim_id", "status", "tags.name", "session_status.online", "created_time"]
KNOWN = 1000
"""The SIMs that are decoded once."""
Items = Iterator[Sim] | Pages[Sim]


async def with_pandas(items: Items, path: Path) -> None:
    """Hold all as dicts, then as a frame."""
    import pandas as pd

    if isinstance(items, Pages):
        frame = pd.DataFrame([sim.to_dict() async for sim in items])
    else:
        frame = pd.DataFrame([sim.to_dict() for sim in items])
    frame.to_csv(path, index=False)


async def csv(items: Items, path: Path) -> None:
    """Write all columns as CSV."""
    await tables.write_csv(items, path)


async def csv_of_few(items: Items, path: Path) -> None:
    """Write five columns as CSV."""
    await tables.write_csv(items, path, columns=FEW)


async def json_lines(items: Items, path: Path) -> None:
    """Write the wire JSON."""
    await tables.write_jsonl(items, path)


async def parquet(items: Items, path: Path) -> None:
    """Write all columns as Parquet."""
    await tables.write_parquet(items, path)


WAYS: dict[str, Callable[[Items, Path], Awaitable[None]]] = {
    "pandas.DataFrame([…]).to_csv": with_pandas,
    "soracom_async, CSV": csv,
    "soracom_async, CSV of 5 columns": csv_of_few,
    "soracom_async, JSON lines": json_lines,
    "soracom_async, Parquet": parquet,
}
SOURCES = ("decoded", "listing")


@frozen
class Run:
    """What a run took: seconds, bytes by which the process grew, bytes of the file."""

    seconds: float
    growth: int
    size: int


def begin_peak() -> None:
    """Let the largest resident size begin anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def status(name: str) -> int:
    """Return a size of this process in bytes (Linux)."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


async def measured(way: str, source: str, sims: int) -> Run:
    """Write a fleet once."""
    emulator = Emulator(sims=KNOWN if source == "decoded" else sims, rate_limit=10**9)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        known = [sim async for sim in first(soracom, KNOWN)]
        with tempfile.TemporaryDirectory() as directory:
            await WAYS[way](iter(known[:10]), Path(directory, "warm"))  # what is imported at first use
            items: Items = soracom.sims.list(limit=1000) if source == "listing" else islice(cycle(known), sims)
            gc.collect()
            begin_peak()
            level, begun = status("VmRSS"), time.perf_counter()
            await WAYS[way](items, Path(directory, "fleet"))
            seconds = time.perf_counter() - begun
            return Run(seconds, status("VmHWM") - level, os.stat(os.path.join(directory, "fleet")).st_size)


async def first(soracom: Soracom, count: int) -> AsyncIterator[Sim]:
    """Give the first SIMs."""
    async for page in soracom.sims.list(limit=count).by_page():
        for sim in page.items:
            yield sim
        return


def in_process(way: str, source: str, sims: int) -> Run:
    """Measure one way; called in a process of its own."""
    return anyio.run(measured, way, source, sims)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sims", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--source", choices=SOURCES, action="append", help="only this; may be repeated")
    parser.add_argument("--only", default="", help="only the ways with this in their names")
    options = parser.parse_args()
    ways = [way for way in WAYS if options.only in way]
    if not ways:
        parser.error(f"--only {options.only}: the ways are {', '.join(WAYS)}")
    sources = options.source or SOURCES
    runs: dict[tuple[str, str], list[Run]] = {(source, way): [] for source in sources for way in ways}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for turn in range(options.rounds):
            for (source, way), each in runs.items():
                progress(f"round {turn + 1}: {source}, {way}")
                each.append(pool.submit(in_process, way, source, options.sims).result())
    rows = [row(options.sims, source, way, each, runs[source, ways[0]]) for (source, way), each in runs.items()]
    columns = ["", "SIMs", "SIMs/s", f"of {ways[0].split('.')[0]}", "growth MB", "file MB"]
    show("A fleet as a file", columns, rows, f"{options.sims:,} SIMs; medians of {options.rounds}.")


def row(sims: int, source: str, way: str, runs: list[Run], peer: list[Run]) -> list[Any]:
    """Return the cells of a way."""
    seconds, peers = (median(run.seconds for run in each) for each in (runs, peer))
    return [
        way,
        source,
        f"{sims / seconds:,.0f}",
        f"{peers / seconds:.2f}",
        f"{median(run.growth for run in runs) / 1e6:,.1f}",
        f"{median(run.size for run in runs) / 1e6:,.1f}",
    ]


if __name__ == "__main__":
    main()
