"""An SMS to each SIM: use of the quota, 429s, and what is known after `kill -9` in the middle and a second start.

    python -m benchmarks.bulk
    python -m benchmarks.bulk --listing         # 100,000 keys from a listing: memory, CPU of the journal

Each way runs in a process of its own against the server of `_server.py`, with a minute of quota in a few seconds: the
clocks of all of them run `--scale` times as fast as the machine's. The official command line is used if it is on the
PATH and `--scale 1` is given; otherwise a stand-in does what it does, without the start of its process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from math import nan
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from ._bulk_peers import PEERS, official
from ._common import Server, progress, show
from ._server import FIRST_SIM

LOOP = "command line in a loop"
JOURNAL, BARE = "bulk.run, journal", "bulk.run"
FREE = 10**6
"""A limit that nobody reaches."""
PATIENCE = 600
"""Seconds after which a program is ended."""


@frozen
class Crash:
    """What a second start found, and left."""

    before: int
    """Keys served before the program was killed."""
    known: int
    """Keys that the second start knew to be done."""
    twice: int
    """Keys served twice."""
    unknown: int
    """Keys of which the second start said that it does not know."""
    lost: int
    """Keys that were never served, and of which nothing was said."""


def start(name: str, server: Server, options: argparse.Namespace, keys: int, directory: str) -> subprocess.Popen[str]:
    """Start the program of one way."""
    job = {"url": server.url, "keys": keys, "directory": directory, "scale": options.scale, "listing": options.listing}
    command = [sys.executable, "-m", "benchmarks._bulk_peers", name, json.dumps(job)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(program: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a program and return what it says."""
    try:
        said, _ = program.communicate(timeout=PATIENCE)
    finally:
        program.kill()
    if program.returncode:
        raise SystemExit("a program of the benchmark failed")
    report: dict[str, Any] = json.loads(said)
    return report


def undisturbed(name: str, server: Server, options: argparse.Namespace, keys: int) -> dict[str, Any]:
    """Let a program do its work; return what it says, and the use of each whole window."""
    window = 60 / options.scale
    server.setup(
        limit=options.limit,
        window=window,
        aligned=False,
        latency=options.latency / 1000 / options.scale,
        scale=options.scale,
        fleet=keys,
    )
    with TemporaryDirectory() as directory:
        begun = time.perf_counter()
        said = finished(start(name, server, options, keys, directory))
        seconds = time.perf_counter() - begun
    stats = server.stats()
    used = mean([each["ours"] for each in stats["windows"][:-1]] or [nan]) / options.limit
    progress(f"{name}: {keys:,} keys in {seconds:.1f} s, quota used {used:.1%}, {stats['refused']} 429s")
    return said | {"used": used, "refused": stats["refused"], "cpu": said["cpu"] / keys * 1e6}


def crash(name: str, server: Server, options: argparse.Namespace, keys: int) -> Crash:
    """Kill a program in the middle, start it again, and count."""
    server.setup(latency=options.latency / 1000 / options.scale, scale=options.scale, limit=FREE, keep=True)
    with TemporaryDirectory() as directory:
        program = start(name, server, options, keys, directory)
        while len(server.served()) < keys // 2:
            if program.poll() is not None:
                raise SystemExit("a program of the benchmark failed")
            time.sleep(0.005)
        os.kill(program.pid, signal.SIGKILL)
        program.communicate()
        before = len(server.served())
        said = finished(start(name, server, options, keys, directory))
    served = {path.split("/")[3]: count for path, count in server.served().items()}
    sent = served.keys() | set(said["unknown"])
    lost = sum(str(FIRST_SIM + number) not in sent for number in range(keys))
    twice = sum(count > 1 for count in served.values())
    progress(f"{name}: killed after {before:,} keys, {twice:,} sent twice, {lost:,} lost")
    return Crash(before, said["known"], twice, len(said["unknown"]), lost)


def both(server: Server, options: argparse.Namespace) -> None:
    """Print the table of all ways."""
    runs, crashes = defaultdict[str, list[dict[str, Any]]](list), defaultdict[str, list[Crash]](list)
    for _ in range(options.rounds):
        for name in PEERS:
            part = options.loop if name == LOOP else 1
            runs[name].append(undisturbed(name, server, options, options.keys // part))
            crashes[name].append(crash(name, server, options, options.crash_keys // part))
    rows = [
        [
            name if name != LOOP or official(options.scale) else f"{name} (stand-in)",
            f"{median(run['used'] for run in runs[name]):.1%}",
            f"{median(run['refused'] for run in runs[name]):,.0f}",
            "-" if name == LOOP else f"{median(run['cpu'] for run in runs[name]):,.0f}",
            *(
                f"{median(getattr(each, what) for each in crashes[name]):,.0f}"
                for what in ("before", "known", "twice", "unknown", "lost")
            ),
        ]
        for name in PEERS
    ]
    columns = ["", "quota used", "429s", "CPU us a key"]
    columns += ["sent before kill -9", "known at the restart", "sent twice", "reported as unknown", "lost"]
    note = (
        f"Windows of {options.limit:,} in 60 s, all but the last; a request takes {options.latency:g} ms; both on a "
        f"clock {options.scale:g} times as fast. Medians of {options.rounds}. The loop has 1/{options.loop} of them."
    )
    show(f"An SMS to each of {options.keys:,} SIMs; killed, {options.crash_keys:,} SIMs", columns, rows, note)


def listing(server: Server, options: argparse.Namespace) -> None:
    """Print the table of a long run whose keys come from a listing."""
    names = [JOURNAL, BARE, "asyncio.gather, semaphore"]
    runs = defaultdict[str, list[dict[str, Any]]](list)
    for _ in range(options.rounds):
        for name in names:
            runs[name].append(undisturbed(name, server, options, options.keys))
    cpu = {name: median(run["cpu"] for run in runs[name]) for name in names}
    shares = {JOURNAL: f"{1 - cpu[BARE] / cpu[JOURNAL]:.1%}"}
    rows = [
        [
            name,
            f"{median(run['growth'] for run in runs[name]) / 1e6:.1f}",
            f"{median(run['used'] for run in runs[name]):.1%}",
            f"{median(run['refused'] for run in runs[name]):,.0f}",
            f"{cpu[name]:,.0f}",
            shares.get(name, "-"),
        ]
        for name in names
    ]
    columns = ["", "growth MB", "quota used", "429s", "CPU us a key", "of it for the journal"]
    note = (
        f"Windows of {options.limit:,} in 60 s, all but the last, on a clock {options.scale:g} times as fast. Growth "
        f"is the peak of the process less its size before the run. Medians of {options.rounds}."
    )
    show(f"An SMS to each of {options.keys:,} SIMs of a listing", columns, rows, note)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listing", action="store_true", help="a long run whose keys come from a listing")
    parser.add_argument("--keys", type=int, help="default: 3,200, or 100,000 with --listing")
    parser.add_argument("--crash-keys", type=int, default=1000, help="keys of the runs that are killed")
    parser.add_argument("--limit", type=int, default=1000, help="requests a minute")
    parser.add_argument("--latency", type=float, default=100.0, help="milliseconds that the server takes")
    parser.add_argument("--scale", type=float, help="speed of the clocks; default: 10, or 30 with --listing")
    parser.add_argument("--loop", type=int, default=5, help="the part of the keys that the loop does: 1 of so many")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, of which the table has the medians")
    options = parser.parse_args()
    options.keys = options.keys or (100_000 if options.listing else 3200)
    options.scale = options.scale or (30.0 if options.listing else 10.0)
    return options


def main() -> None:
    """Measure and print the table."""
    options = arguments()
    with Server() as server:
        (listing if options.listing else both)(server, options)


if __name__ == "__main__":
    main()
