"""`soracom-async bulk status` and `bulk failures`: what a journal knows of its run; nothing is sent."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from .. import bulk
from ..bulk import State
from ..bulk.results import write_failures
from .console import put
from .ending import DONE, ended
from .wording import counted, table

if TYPE_CHECKING:
    import argparse

    from ..bulk import Status

WORDS = {State.DONE: "done", State.FAILED: "failed", State.UNKNOWN: "unknown", State.BEGUN: "under way"}


def run(options: argparse.Namespace) -> int:
    """Show the run, or write its failures; return the exit code."""
    return ended(lambda: _status(options) if options.what == "status" else _failures(options))


def _status(options: argparse.Namespace) -> int:
    found = bulk.status(options.journal)
    put(json.dumps(_object(found)) if options.json else _text(found))
    return DONE


def _failures(options: argparse.Namespace) -> int:
    count = write_failures(lambda: bulk.failures(options.journal), options.to, unknown=options.unknown)
    print(f"{options.to}: {counted(count, 'row')}", file=sys.stderr)
    return DONE


def _object(found: Status) -> dict[str, object]:
    return {
        "path": found.path,
        "operation": found.identity.operation,
        "arguments": dict(found.identity.arguments),
        "operator_id": found.identity.operator,
        "total": found.total,
        **{state.value: found.counts[state] for state in State},
        "runs": found.runs,
        "running": found.running,
        "process": found.process,
        "closed": found.closed,
        "created": found.created.isoformat(),
        "changed": found.changed.isoformat(),
        "library": found.library,
    }


def _text(found: Status) -> str:
    identity = found.identity
    counts = [f"{found.counts[state]:,} {word}" for state, word in WORDS.items() if found.counts[state]]
    if found.running:
        state = f"used by process {found.process or 'unknown'}"
    else:
        state = "closed" if found.closed else "the last run was killed; the same call goes on"
    return table(
        [
            ("operation", identity.operation),
            *((f"  {name}", json.dumps(value, ensure_ascii=False)) for name, value in identity.arguments.items()),
            ("operator", identity.operator or "-"),
            ("keys", f"{found.total:,}: {', '.join(counts)}" if counts else "none"),
            ("runs", f"{found.runs:,}; {state}"),
            ("began", found.created.isoformat(" ", "seconds")),
            ("changed", found.changed.isoformat(" ", "seconds")),
        ]
    )
