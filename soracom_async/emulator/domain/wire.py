"""Records as the API shows them: without private fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..state.collections import Record


def visible(record: Record) -> Record:
    """Return what a client sees of a record: fields that begin with an underscore are private."""
    return {name: value for name, value in record.items() if not name.startswith("_")}
