"""Records as the API shows them: times as text, without private fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..state.collections import Record


def iso(milliseconds: float) -> str:
    """Return a Unix time as text."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def visible(record: Record) -> Record:
    """Return what a client sees of a record: fields that begin with an underscore are private."""
    return {name: value for name, value in record.items() if not name.startswith("_")}
