"""`soracom-async export sims --to fleet.csv`: a listing of the API as a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import anyio

from .. import tables
from .._codec.fields import is_model
from ..errors import ConfigurationError
from ..files.replacing import named
from .ending import DONE, ended
from .listing import listed
from .opening import opened
from .wording import counted, lasting
from .words import found

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

WRITERS: dict[str, Callable[..., Awaitable[int]]] = {
    "csv": tables.write_csv,
    "jsonl": tables.write_jsonl,
    "xlsx": tables.write_excel,
    "parquet": tables.write_parquet,
}
"""What writes a format."""
OTHERS = {"ndjson": "jsonl"}
"""Other names of formats, by which files end too."""
STDOUT = "-"


def run(options: argparse.Namespace) -> int:
    """Write the table; return the exit code."""
    return ended(lambda: anyio.run(_run, options))


async def _run(options: argparse.Namespace) -> int:
    write = WRITERS[_format(options)]
    async with opened(options) as soracom:
        items = listed(found(options.words, listing=True), soracom, options.set, options.where)
        if options.columns is not None and is_model(items.item_type):
            tables.columns(items.item_type, options.columns)  # what is wrong is told before anything is sent
        begun = anyio.current_time()
        out = options.to == STDOUT
        with named("standard output" if out else options.to):
            count = await write(items, _stdout() if out else options.to, columns=options.columns)
        took = lasting(anyio.current_time() - begun)
    if options.to != STDOUT:
        print(f"{options.to}: {counted(count, 'row')} in {took}", file=sys.stderr)
    return DONE


def _format(options: argparse.Namespace) -> str:
    """Return the format that is asked for, or that the name of the file says."""
    if options.format is not None:
        return str(options.format)
    ending = "csv" if options.to == STDOUT else Path(options.to).suffix.lower().removeprefix(".")
    ending = OTHERS.get(ending, ending)
    if ending not in WRITERS:
        raise ConfigurationError(
            f"--to {options.to}: name a file that ends in .{', .'.join(WRITERS)}, or give --format"
        )
    return ending


def _stdout() -> BinaryIO:
    try:
        file: BinaryIO = sys.stdout.buffer
    except AttributeError:
        raise ConfigurationError("--to -: there is no standard output") from None
    return file
