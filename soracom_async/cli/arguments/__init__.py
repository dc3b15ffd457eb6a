"""What may follow `soracom-async`; knows the words, not what they do."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ..._version import __version__
from . import bulk, demo, emulator, export, whoami
from .bulk import completed
from .emulator import MOST_SIMS as MOST_SIMS

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; ends the process if they cannot be understood.

    Besides the user's options there are `module`, which carries the command out, `needs`: modules by extra, and `line`:
    the arguments as they were given.
    """
    parser = argparse.ArgumentParser(prog="soracom-async", description="Tools of the soracom_async library.")
    parser.add_argument("--version", action="version", version=f"soracom-async {__version__}")
    parser.set_defaults(needs={}, check=None)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    for each in (bulk, export, whoami, demo, emulator):
        each.add(commands)
    line = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(completed(line), argparse.Namespace(line=line))
    if options.check is not None:
        options.check(options)
    return options
