"""Import, opening and first use in fresh processes, without what the bare interpreter takes, beside `import httpx`.

    python -m benchmarks.startup

The last column names the modules of the generated code that were loaded: none, before they are used.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from statistics import median

from ._common import show

PEER = "import httpx"
OPEN = """
import {module}, anyio
async def main():
    async with {opened} as it:
        pass
anyio.run(main)
"""
OURS = "soracom_async.Soracom(soracom_async.AuthKey('keyId-1', 'secret-1'), coverage='g')"
PROGRAMS = {
    "bare interpreter": "pass",
    PEER: "import httpx",
    "import soracom_async": "import soracom_async",
    "httpx.AsyncClient opened": OPEN.format(module="httpx", opened="httpx.AsyncClient()"),
    "soracom_async session opened": OPEN.format(module="soracom_async", opened=OURS),
    "and one group used": OPEN.format(module="soracom_async", opened=OURS).replace("pass", "it.vpg.open_gate"),
    "and all groups used": OPEN.format(module="soracom_async", opened=OURS).replace(
        "pass",
        "from soracom_async.api._groups import Groups; [getattr(it, name) for name in vars(Groups) if name[0] != '_']",
    ),
    "import anyio, an empty anyio.run": "import anyio\nasync def main(): pass\nanyio.run(main)",
}
MODULES = "\nimport sys; print(len(sys.modules), *(n for n in sys.modules if n.startswith('soracom_async.api')))"


def seconds(program: str) -> float:
    """Return how long a fresh process runs."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun


def modules(program: str) -> tuple[str, str]:
    """Return how many modules a program loads, and those of the generated code."""
    said = subprocess.run([sys.executable, "-c", program + MODULES], check=True, capture_output=True, text=True)
    count, *api = said.stdout.split()
    names = [name.removeprefix("soracom_async.api.") for name in api if not name.endswith(".api")]
    return count, (", ".join(names) if len(names) < 6 else f"all {len(names)}") or "none"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    loaded = {name: modules(program) for name, program in PROGRAMS.items()}  # leaves the bytecode compiled, too
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            taken[name].append(seconds(program))
    bare = median(taken["bare interpreter"])
    own = {name: median(each) - bare for name, each in taken.items()}
    rows = [
        [name, *(f"{n * 1000:.1f}" for n in (median(each), own[name])), f"{own[name] / own[PEER]:.2f}", *loaded[name]]
        for name, each in taken.items()
    ]
    columns = ["", "process ms", "own ms", f"of {PEER}", "modules", "soracom_async.api modules"]
    note = f"Medians of {rounds} interleaved fresh processes; own = without the bare interpreter."
    show("Startup", columns, rows, note)


if __name__ == "__main__":
    main()
