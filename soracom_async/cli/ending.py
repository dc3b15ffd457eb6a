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
    except ConfigurationError as error:
        return told(str(error), UNUSABLE)
    except SoracomError as error:
        return told(explained(error), STOPPED)
    except OSError as error:
        return told(of_system(error), UNUSABLE if isinstance(error, OF_THE_PATH) else STOPPED)


def explained(error: BaseException) -> str:
    """Return an error as one line, with what helps against it."""
    hint = f"; {error.hint}" if isinstance(error, APIError) and error.hint else ""
    kind = "" if isinstance(error, SoracomError) else f"{type(error).__name__}: "
    return " ".join(f"{kind}{error}{hint}".split())


def of_system(error: OSError) -> str:
    """Return what the system refused as one line, with the name of the file."""
    what = f"{error.filename}: " if error.filename is not None else ""
    return f"{what}{error.strerror or error}"


def told(message: str, code: int) -> int:
    """Print a message as the command's; return the exit code."""
    print(f"soracom-async: {message}", file=sys.stderr)
    return code
