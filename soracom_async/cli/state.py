"""The file of `--state`: checked before anything is served, so that nothing is lost at the end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..emulator import Emulator


def check(file: str) -> bool:
    """Tell whether there is a state to begin with; raises ConfigurationError if none can be saved in `file`."""
    path = Path(file)
    directory = path.parent
    try:
        if path.is_dir():
            raise ConfigurationError(f"--state {file} is a directory; name a file in it")
        if not directory.is_dir():
            raise ConfigurationError(f"--state {file} cannot be saved: there is no directory {directory}")
        exists = path.exists()
        if exists and not path.is_file():
            raise ConfigurationError(f"--state {file} is neither a file nor new")
        with tempfile.TemporaryFile(dir=directory):  # saving begins with a new file there, too
            return exists
    except OSError as error:
        raise ConfigurationError(f"--state {file} cannot be saved: {error.strerror or error}") from None


def save(emulator: Emulator, file: str) -> str | None:
    """Save the state; if that fails, save it elsewhere, and return what to tell."""
    try:
        emulator.save(file)
    except OSError as error:
        problem = f"cannot save the state in {file}: {error.strerror or error}"
        try:
            with tempfile.NamedTemporaryFile(prefix="soracom-emulator-", suffix=".json", delete=False) as rescued:
                pass
            emulator.save(rescued.name)
        except OSError as another:
            return f"{problem}; nor in the directory for temporary files: {another.strerror or another}"
        return f"{problem}; it is in {rescued.name} instead"
    return None
