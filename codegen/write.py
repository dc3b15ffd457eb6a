"""Text -> files. What is no longer generated is removed."""

from __future__ import annotations

from pathlib import Path


def write(texts: dict[str, str], target: Path, mine: str) -> None:
    """Write files to a directory, where all that match the pattern `mine` are generated."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob(mine):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")
