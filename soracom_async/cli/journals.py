"""`soracom-async bulk status` and `bulk failures`: what a journal knows of its run; nothing is sent."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from attrs import asdict

from .. import bulk
from ..bulk.results import write_failures
from .ending import DONE, ended
from .wording import counted

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Show the run, or write its failures; return the exit code."""
    return ended(lambda: _status(options) if options.what == "status" else _failures(options))


def _status(options: argparse.Namespace) -> int:
    status = bulk.status(options.journal)
    print(json.dumps(asdict(status), default=str) if options.json else status)
    return DONE


def _failures(options: argparse.Namespace) -> int:
    count = write_failures(lambda: bulk.failures(options.journal), options.to, unknown=options.unknown)
    print(f"{options.to}: {counted(count, 'row')}", file=sys.stderr)
    return DONE
