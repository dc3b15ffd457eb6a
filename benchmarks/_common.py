"""What the benchmarks share: the server's process, the loop that drives tasks, the table."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

import anyio
from attrs import frozen
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from types import TracebackType

Call = Callable[[], Awaitable[object]]
"""One call of a contender; raises where the call is lost."""

SIM_ID = "8981100000000000001"
SMALL = json.dumps({"simId": SIM_ID, "status": "active", "speedClass": "s1.fast"})


class Server:
    """The server of `_server.py`, in its own process while this is entered."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._server"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def setup(self, **settings: Any) -> None:
        """Begin a run; the settings are those of `Service.setup`."""
        with urlopen(Request(f"{self.url}/_setup", json.dumps(settings).encode())):
            pass

    def stats(self) -> Any:
        """Return what happened since the run began."""
        with urlopen(f"{self.url}/_stats") as answer:
            return json.load(answer)

    def served(self) -> dict[str, int]:
        """Return how often each path was served since the run began, if that is kept."""
        with urlopen(f"{self.url}/_served") as answer:
            served: dict[str, int] = json.load(answer)
            return served


@frozen
class Drive:
    """What a run took: wall seconds, CPU seconds of this process, and how many calls were lost."""

    seconds: float
    cpu: float
    lost: int


async def drive(call: Call, calls: int, tasks: int) -> Drive:
    """Make `calls` calls from `tasks` tasks, each of which makes its next call when the last one is done."""
    rest = iter(range(calls))
    lost = 0

    async def work() -> None:
        nonlocal lost
        for _ in rest:
            try:
                await call()
            except Exception:
                lost += 1

    wall, cpu = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(work)
    return Drive(time.perf_counter() - wall, time.process_time() - cpu, lost)


def side_by_side(
    drives: Mapping[tuple[str, int], Sequence[Drive]], peer: str, count: int, what: str
) -> tuple[list[str], dict[str, list[str]]]:
    """Return columns and each contender's cells: how many a second and the CPU of one, with the ratio to `peer`.

    `drives` has the runs of `count` calls by contender and number of tasks; `what` is what a call gives.
    """
    columns, cells = [], defaultdict[str, list[str]](list)
    for tasks in dict.fromkeys(tasks for _, tasks in drives):
        seconds, cpu = (
            {name: median(getattr(run, each) for run in runs) for (name, n), runs in drives.items() if n == tasks}
            for each in ("seconds", "cpu")
        )
        columns += [f"{tasks} task{'s' * (tasks > 1)}: {title}" for title in (f"{what}/s", "CPU us")]
        for name in seconds:
            cells[name] += [
                f"{count / seconds[name]:,.0f} ({seconds[peer] / seconds[name]:.2f})",
                f"{cpu[name] / count * 1e6:,.0f} ({cpu[name] / cpu[peer]:.2f})",
            ]
    return columns, cells


def show(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> None:
    """Print the one table of a benchmark."""
    table = Table(title=title, caption=note, box=box.SIMPLE_HEAD, caption_justify="left", title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=not index)
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console()
    console.width = max(console.width, 150) if not console.is_terminal else console.width
    console.print(table)


def progress(text: str) -> None:
    """Tell on standard error how far a long run is."""
    print(text, file=sys.stderr, flush=True)
