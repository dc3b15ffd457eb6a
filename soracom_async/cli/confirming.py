"""What cannot be undone is asked for once more."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from .._core.operation import Effect
from ..errors import ConfigurationError
from .wording import counted

if TYPE_CHECKING:
    from .._core.operation import Operation

ENDING = "terminate"
"""How the operationIds begin that end a thing for good without the method DELETE."""


def final(operation: Operation[object]) -> bool:
    """Tell whether nothing takes back what an operation does: it deletes, terminates, or acts each time it is sent."""
    return operation.method == "DELETE" or operation.effect is Effect.ACT or operation.id.startswith(ENDING)


def confirm(operation: Operation[object], count: int | None, operator: str) -> bool:
    """Ask whether to go on; return whether the answer is yes.

    Raises ConfigurationError if there is nobody to ask: standard input or standard error is no terminal.
    """
    what = f"{operation.id} cannot be undone"
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError(f"{what}, and there is no terminal to ask at: --yes says that it is meant")
    keys = "all keys of the listing" if count is None else counted(count, "key")
    print(f"{what}: {keys}, operator {operator}. Go on? [yes/no] ", end="", file=sys.stderr, flush=True)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # an event loop would wait for the answer
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    finally:
        signal.signal(signal.SIGINT, before)
