"""What may follow `soracom-async demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import command
from .emulator import MOST_SIMS, SERVER
from .values import whole

if TYPE_CHECKING:
    import argparse

    from .command import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    text = "List and change a fleet of SIMs against the emulator, within its quota, while tokens run out."
    demo = command(commands, "demo", text)
    option = demo.add_argument
    option("--sims", type=whole(1, MOST_SIMS), default=10_000, metavar="N", help="SIMs of the fleet (10000)")
    option("--changes", type=whole(1), metavar="N", help="how many of them to change (2000)")
    option("--tasks", type=whole(1), default=50, metavar="N", help="changes under way at once (50)")
    option("--backend", choices=("asyncio", "trio"), default="asyncio", help="the event loop (asyncio)")

    def check(options: argparse.Namespace) -> None:
        if options.changes is None:
            options.changes = min(2000, options.sims)
        elif options.changes > options.sims:
            demo.error(f"--changes {options.changes} is more than there are SIMs: --sims {options.sims}")
        if options.backend == "trio":
            options.needs = {**options.needs, "trio": ("trio",)}

    demo.set_defaults(module=".demo", needs={"cli": ("rich", *SERVER)}, check=check)
