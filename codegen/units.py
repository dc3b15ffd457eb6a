"""The units of times, durations and sizes: the document hardly says them, `time-units.json` does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import frozen

TIMES = {
    "epoch milliseconds": "EpochMilliseconds",
    "epoch seconds": "EpochSeconds",
    "ISO 8601": "ISODateTime",
    "YYYYMM": "Month",
    "YYYYMMDD": "Day",
    "YYYYMMDDHHMMSS": "Second",
}
"""Stated units and their types in `soracom_async._codec.times`."""

ARGUMENTS = {name: "Instant" if name.startswith("Epoch") else "Text" for name in TIMES.values()}
"""What an argument of such a type takes."""

PLAIN_TIMES = {name: f"{'an int in' if name.startswith('Epoch') else 'text as'} {unit}" for unit, name in TIMES.items()}
"""What can be given in the place of a datetime or a date, in the words of a docstring."""


@frozen
class Units:
    """Looks up the unit of a property of a schema, or of a parameter of an operation."""

    known: dict[tuple[str, str], dict[str, Any]]

    @classmethod
    def of(cls, records: Iterable[dict[str, Any]]) -> Units:
        """Index the records of `time-units.json`; the owner of a parameter ends in `(operationId)`."""
        return cls({(re.sub(r".*\((\w+)\)$", r"\1", r["owner"]), r["name"]): r for r in records})

    def time(self, owner: str, name: str) -> str | None:
        """Return the name of the time type, where the unit is stated."""
        record = self.known.get((owner, name), {})
        return TIMES.get(record.get("unit", "")) if record.get("kind") in ("instant", "month", "date") else None

    def remark(self, owner: str, name: str) -> str:
        """Return the unit of a duration or of an amount of data, where it is stated."""
        record = self.known.get((owner, name), {})
        stated = record.get("kind") in ("duration", "data amount") and record.get("unit") != "unstated"
        return str(record["unit"]) if stated else ""
