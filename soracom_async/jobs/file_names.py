"""Names of files: whether one fits what a job makes."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigurationError

TELLING = frozenset(
    f".{each}"
    for each in [
        "csv",
        "gz",
        "jpg",
        "json",
        "jsonl",
        "mov",
        "mp4",
        "parquet",
        "pcap",
        "pcapng",
        "png",
        "tsv",
        "xls",
        "xlsx",
        "zip",
    ]
)
"""Endings of names that say what is in a file."""
SAME = {".jpeg": ".jpg"}


def checked_path(path: str | os.PathLike[str], suffix: str, what: str) -> Path:
    """Return the path of a file that `what` makes, whose name ends with `suffix`, if that is known.

    Raises ConfigurationError if the name promises a file of another kind, FileNotFoundError if its directory is not
    there. A name that promises nothing is good.
    """
    target = Path(path)
    said = SAME.get(target.suffix.lower(), target.suffix.lower())
    if suffix and said in TELLING and said != suffix:
        hint = ", or start it with archive=False" if suffix == ".zip" else ""
        raise ConfigurationError(
            f"{target.name}: {what} makes a file of another kind; name it {target.stem}{suffix}{hint}"
        )
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{target.parent} is no directory, so {target.name} cannot be saved in it")
    return target
