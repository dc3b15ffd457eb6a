"""How a command ends: its exit code, and one line for what went wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import APIError, ConfigurationError, SoracomError

if TYPE_CHECKING:
    from collections.abc import Callable

DONE, INCOMPLETE, UNUSABLE, STOPPED, INTERRUPTED = 0, 1, 2, 3, 130
"""All done; some keys failed or are unknown; what was given cannot work; stopped before the end; Ctrl-C."""

OF_THE_PATH = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)
"""What a path that cannot work raises."""


def ended(work: Callable[[], int]) -> int:
    """Do it; return its exit code, or that of its error, which is told in a line."""
    try:
        return work()
    except (SoracomError, OSError) as error:
        return _failed(error)


def _failed(error: SoracomError | OSError) -> int:
    if isinstance(error, SoracomError):
        return told(explained(error), UNUSABLE if isinstance(error, ConfigurationError) else STOPPED)
    what = f"{error.filename}: " if error.filename is not None else ""
    return told(f"{what}{error.strerror or error}", UNUSABLE if isinstance(error, OF_THE_PATH) else STOPPED)


def explained(error: BaseException) -> str:
    """Return an error as one line, with what helps against it."""
    line = str(error) if isinstance(error, SoracomError) else f"{type(error).__name__}: {error}"
    if isinstance(error, APIError) and error.hint:
        line = f"{line.rstrip().removesuffix('.')}; {error.hint}"
    return " ".join(line.split())


def told(message: str, code: int) -> int:
    """Print a message as the command's; return the exit code."""
    print(f"soracom-async: {message}", file=sys.stderr)
    return code
