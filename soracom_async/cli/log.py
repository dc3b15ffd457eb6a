"""The requests as they are answered, a line each."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..emulator.admin.status import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..emulator.state.world import AuditEntry


class Log:
    """Prints what it is called with; in colour on a terminal, if rich is there."""

    def __init__(self) -> None:
        self._print: Callable[[str, str], object] = _plain
        if sys.stdout.isatty() and find_spec("rich") is not None:
            self._print = _coloured()

    def __call__(self, served: AuditEntry) -> None:
        """Print a request."""
        shown = request(served)
        time = datetime.fromtimestamp(served.time / 1000, UTC).strftime("%H:%M:%S")
        what = f"{served.method} {shown['path']}  {served.operation or 'no route'}  {shown['milliseconds']:,.1f} ms"
        faults = f"  ({served.faults})" if served.faults else ""
        with contextlib.suppress(OSError, ValueError):  # a reader that has gone is no reason not to answer
            self._print(f"{time} {served.status or '---'}", what + faults)


def _plain(status: str, text: str) -> None:
    print(status, text, flush=True)


def _coloured() -> Callable[[str, str], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)

    def show(status: str, text: str) -> None:
        style = "green" if status.split()[1] < "4" and not status.endswith("---") else "red"
        console.print(Text.assemble((status, style), " ", text), soft_wrap=True)

    return show
