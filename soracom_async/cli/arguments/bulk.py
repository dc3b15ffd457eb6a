"""What may follow `soracom-async bulk`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .command import command, machine_readable, session
from .values import count_or_share, named, number, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .command import Commands

CODES = (
    "Exit codes: 0 all done; 1 some keys failed, or nobody knows whether they were done; 2 what was given cannot work, "
    "nothing was sent; 3 stopped before the end; 130 interrupted."
)
OTHERS = ("status", "failures", "-h", "--help")
RUN = "GROUP METHOD"
"""What the parser calls the command that has no name; its help shows it so."""


def completed(line: Sequence[str]) -> list[str]:
    """Return a command line in which `bulk sims suspend` has the name of its command, which the parser needs."""
    if line[:1] == ["bulk"] and line[1:] and line[1] not in OTHERS:
        return ["bulk", RUN, *line[1:]]
    return list(line)


def add(commands: Commands) -> None:
    """Add the command, with those that read a journal."""
    text = "Call one operation for each key of a fleet; show the journal of such a run."
    bulk = command(commands, "bulk", text, CODES)
    kinds = bulk.add_subparsers(title="commands", required=True, metavar="command", prog="soracom-async bulk")
    _run(kinds)
    status = command(kinds, "status", "Show how far the run of a journal is.")
    failures = command(kinds, "failures", "Write the keys that failed as rows, which are valid input for --from.")
    for each in (status, failures):
        each.add_argument("journal", metavar="JOURNAL", help="the file that --journal named")
        each.set_defaults(module=".journals", what=each.prog.split()[-1])
    machine_readable(status, "print JSON")
    failures.add_argument("--to", required=True, metavar="FILE", help="a .csv or .jsonl file")
    failures.add_argument("--unknown", action="store_true", help="also those that may have been done")


def _run(kinds: Commands) -> None:
    text = "Call one operation for each key of a fleet."
    run = command(kinds, RUN, text, CODES)
    run.prog = "soracom-async bulk"
    run.add_argument("words", nargs="+", metavar="WORD", help="the operation, as in `soracom`: sims suspend")
    keys = run.add_argument_group("for which keys").add_argument
    keys("--from", dest="source", metavar="FILE", help="rows of a .csv or .jsonl file; - is standard input")
    keys("--all", action="store_true", help="all that the listing of the group has: `sims list`")
    keys(
        "--where",
        type=named,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="those of the listing with this value, as status=active or tags.site=tokyo; may be repeated (all hold)",
    )
    keys("--key", metavar="COLUMN", help="the column, or the field of the listing, that is the key")
    keys(
        "--set",
        type=named,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument that is the same for all keys, as speed_class=s1.fast; may be repeated",
    )
    safe = run.add_argument_group("safely").add_argument
    safe("--journal", metavar="FILE", help="keeps what is done: the same line goes on where a run ended")
    safe("--dry-run", action="store_true", help="send no change; show what there is to do, and how long it takes")
    safe("--canary", type=whole(0), default=0, metavar="N", help="N first, and the others only if none of them failed")
    safe("--max-failures", type=count_or_share, metavar="N|P%", help="stop when more than that many have failed")
    safe("--repeat-unknown", action="store_true", help="repeat what may have been done already when a run ended")
    safe("--yes", action="store_true", help="do not ask before what cannot be undone")
    pace = run.add_argument_group("how fast").add_argument
    pace("--concurrency", type=whole(1), default=32, metavar="N", help="calls under way at once (32)")
    pace("--pace", metavar="N/s", help="not faster than that, as 10/s, 600/min or 5000/h")
    pace("--quota-share", type=number(0.0, 1.0), default=1.0, metavar="X", help="leave the rest of the quota (1.0)")
    machine_readable(run, "print a line of JSON for each key, and one for the summary")
    session(run)

    def check(options: argparse.Namespace) -> None:
        listed = options.all or bool(options.where)
        if listed == (options.source is not None):
            run.error("name the keys by --from FILE, or by --all or --where of the listing")

    run.set_defaults(module=".bulk_run", check=check)
