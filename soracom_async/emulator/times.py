"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(milliseconds: float) -> str:
    """Return a Unix time as text."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
