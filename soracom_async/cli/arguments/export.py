"""What may follow `soracom-async export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import command, session
from .values import named, names

if TYPE_CHECKING:
    from .command import Commands

CODES = "Exit codes: 0 written; 2 what was given cannot work; 3 the listing or the file failed; 130 interrupted."


def add(commands: Commands) -> None:
    """Add the command."""
    export = command(commands, "export", "Write a listing of the API as a table.", CODES)
    option = export.add_argument
    option("words", nargs="+", metavar="WORD", help="the listing, as in `soracom`: sims list, or sims for short")
    option("--to", required=True, metavar="FILE", help="a .csv, .jsonl, .xlsx or .parquet; - is standard output (CSV)")
    option("--format", choices=("csv", "jsonl", "xlsx", "parquet"), help="whatever the name of the file ends in")
    option("--columns", type=names, metavar="A,B", help="these columns, in this order, as sim_id,status,tags.site")
    option(
        "--where",
        type=named,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only items with this value, as status=active or tags.site=tokyo; may be repeated (all hold)",
    )
    option(
        "--set",
        type=named,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the listing, as limit=100; may be repeated",
    )
    session(export)
    export.set_defaults(module=".export")
