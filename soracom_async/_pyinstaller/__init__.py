"""What PyInstaller has to know to freeze a program that uses the library; it finds this by an entry point."""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """Return the directories of the hooks."""
    return [str(Path(__file__).parent)]
