"""One fixed window, many tasks: how near to the best possible time, and at the price of how many 429s.

    python -m benchmarks.quota [--window aligned|first] [--round up|down] [--shared]

The best possible time of `calls` calls is what the server's windows themselves need: the turns that must be waited for,
and the time in which an unlimited server answers the calls of the last window.
"""

from __future__ import annotations

import argparse
import math
from itertools import cycle, islice
from statistics import median
from typing import Any

import anyio
from attrs import frozen

from ._common import SIM_ID, SMALL, Drive, Server, drive, progress, show
from ._contenders import CONTENDERS, ours

PHASES = 0.37, 0.87, 0.12, 0.62, 0.99
"""How much of a window aligned to the clock is left when a run begins: the first run, the second and so on."""


@frozen
class Variant:
    """How the server's window behaves."""

    aligned: bool
    rounding: str

    def __str__(self) -> str:
        return f"{'aligned' if self.aligned else 'at first call'}, rounded {self.rounding}"


@frozen
class Run:
    """One run of one contender."""

    took: Drive
    best: float
    """The seconds that the windows themselves need."""
    stats: dict[str, Any]


def best(options: argparse.Namespace, first: float, burst: float) -> float:
    """Return the seconds that the windows need; `first` is the share of the first one that is still to come."""
    turns = math.ceil(options.calls / options.limit) - 1
    if not turns:
        return burst
    seconds: float = (first + turns - 1) * options.seconds + burst
    return seconds


async def run(
    server: Server, name: str, options: argparse.Namespace, variant: Variant, phase: float, burst: float
) -> Run:
    """Let one contender make all its calls against a window that nobody has used yet."""
    async with CONTENDERS[name](server.url, options.limit, options.seconds) as call:
        server.setup(
            limit=options.limit,
            window=options.seconds,
            aligned=variant.aligned,
            phase=phase,
            rounding=variant.rounding,
            latency=options.latency / 1000,
            others=options.others if options.shared else 0,
            bodies={SIM_ID: SMALL},
        )
        took = await drive(call, options.calls, options.tasks)
        return Run(took, best(options, phase if variant.aligned else 1.0, burst), server.stats())


async def last_burst(server: Server, options: argparse.Namespace) -> float:
    """Return the seconds in which the calls of the last window are answered where there is no limit."""
    calls = options.calls - (math.ceil(options.calls / options.limit) - 1) * options.limit
    server.setup(latency=options.latency / 1000, bodies={SIM_ID: SMALL})
    async with ours(server.url, options.limit, options.seconds) as call:
        return median([(await drive(call, calls, options.tasks)).seconds for _ in range(6)][1:])


def alone(name: str, variant: Variant, runs: list[Run]) -> list[str]:
    """Return the row of a contender that has the quota for itself."""
    seconds = median(r.took.seconds for r in runs)
    return [
        name,
        str(variant),
        f"{seconds:.2f}",
        f"{median(r.took.seconds / r.best for r in runs):.3f}",
        f"{median(r.stats['refused'] for r in runs):,.0f}",
        f"{median(r.took.lost for r in runs):,.0f}",
    ]


def shared(name: str, variant: Variant, runs: list[Run], limit: int) -> list[str]:
    """Return the row of a contender beside other callers; the first and the last window are not whole."""
    windows = [window for r in runs for window in r.stats["windows"][1:-1]]
    used = [(window["ours"] + window["others"]) / limit for window in windows] or [math.nan]
    refused = [window["refused"] for window in windows] or [0]
    return [
        name,
        str(variant),
        f"{median(r.took.seconds for r in runs):.2f}",
        f"{median(refused):,.0f}",
        f"{max(refused):,}",
        f"{median(used):.1%}",
        f"{min(used):.1%}",
        f"{median(window['others'] for window in windows):.0f}" if windows else "-",
        f"{median(r.took.lost for r in runs):,.0f}",
    ]


async def main(options: argparse.Namespace) -> None:
    """Measure and print the table."""
    roundings = [options.round] if options.round else ["up", "down"]
    aligned = [options.window == "aligned"] if options.window else [True, False]
    variants = [Variant(a, r) for a in aligned for r in roundings]
    names = [name for name in CONTENDERS if not options.only or any(part in name for part in options.only)]
    rows = []
    with Server() as server:
        burst = await last_burst(server, options)
        for variant in variants:
            for name in names:
                runs = []
                for phase in islice(cycle(PHASES), options.runs):
                    runs.append(one := await run(server, name, options, variant, phase, burst))
                    progress(
                        f"{name}, {variant}: {one.took.seconds:.2f} s, best {one.best:.2f} s, "
                        f"{one.stats['refused']} 429s, {one.took.lost} lost"
                    )
                row = shared(name, variant, runs, options.limit) if options.shared else alone(name, variant, runs)
                rows.append(row)
    title = f"{options.calls:,} calls, {options.limit} in {options.seconds} s, {options.tasks} tasks"
    if options.shared:
        title += f", others send {options.others} a window"
        columns = ["", "window", "seconds", "429s a window", "at most", "window used", "at least", "by others", "lost"]
        note = "429s are those of the contender; windows without the first and the last."
    else:
        columns = ["", "window", "seconds", "of best", "429s", "lost"]
        note = f"Best possible: the turns to be waited for, and {burst * 1000:.0f} ms for the calls of the last window."
    show(title, columns, rows, note)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--limit", type=int, default=100, help="calls a window")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of a window")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds that the server takes")
    parser.add_argument("--window", choices=["aligned", "first"], help="aligned to the clock, or opening at a call")
    parser.add_argument("--round", choices=["up", "down"], help="how the header rounds its seconds")
    parser.add_argument("--shared", action="store_true", help="other callers draw from the same window")
    parser.add_argument("--others", type=float, default=30.0, help="how many calls a window they want")
    parser.add_argument("--runs", type=int, default=1, help="runs of each, of which the table has the medians")
    parser.add_argument("--only", action="append", help="only contenders whose name has this in it")
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, arguments())
