"""The units of times, durations and sizes: the document hardly says them, `time-units.json` does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import frozen

TIMES = {
    "epoch milliseconds": "EpochMilliseconds",
    "epoch seconds": "EpochSeconds",
    "epoch seconds with a fraction": "FractionalSeconds",
    "ISO 8601": "ISODateTime",
    "YYYYMM": "Month",
    "YYYYMMDD": "Day",
    "YYYYMMDDHHMMSS": "Second",
}
"""Stated units and their types in `soracom_async._codec.times`."""
BY_MAGNITUDE = {"epoch milliseconds": "MillisecondsOrSeconds", "epoch seconds": "SecondsOrMilliseconds"}
"""The types of epochs whose unit is not stated, by the unit that is likely."""
BY_FORM = {"instant": "ISODateTime", "date": "DayOrTime", "month": "Month"}
"""The types of texts whose form is not stated, by their kind."""
NO_DATE = "number"
"""The unit of the month of a year that stands elsewhere: from 1 to 12."""

_DIGITS = ("Month", "Day", "Second")
_CALENDAR = ("Month", "Day")
_NUMBERS = (*(name for unit, name in TIMES.items() if unit.startswith("epoch")), *BY_MAGNITUDE.values())
_WRITTEN = {name: unit for unit, name in TIMES.items()} | {
    "MillisecondsOrSeconds": "epoch milliseconds, or in seconds: the magnitude tells",
    "SecondsOrMilliseconds": "epoch seconds, or in milliseconds: the magnitude tells",
    "DayOrTime": "YYYYMMDD or ISO 8601",
}
TIME_NAMES = frozenset(_WRITTEN)

ARGUMENTS = {name: "Instant" if name in _NUMBERS else "Digits" if name in _DIGITS else "Text" for name in _WRITTEN}
"""What an argument of such a type takes."""

PLAIN_TIMES = {
    name: f"{'an int in' if name in _NUMBERS else 'digits as' if name in _DIGITS else 'text as'} {written}"
    + "; of a datetime, the date in its own zone counts" * (name in _CALENDAR)
    for name, written in _WRITTEN.items()
}
"""What can be given in the place of a datetime or a date, in the words of a docstring."""

READ = dict.fromkeys(BY_MAGNITUDE.values(), "Milliseconds or seconds, by magnitude.") | {
    "DayOrTime": "A datetime if the text has a time of day, else a date."
}
"""How fields are read whose unit or form is not stated."""


@frozen
class Units:
    """Looks up the unit of a property of a schema, or of a parameter of an operation."""

    known: dict[tuple[str, str], dict[str, Any]]
    usual: dict[str, set[str]]
    """By names: the units that are stated of fields of the name."""

    @classmethod
    def of(cls, records: Iterable[dict[str, Any]]) -> Units:
        """Index the records of `time-units.json`; the owner of a parameter ends in `(operationId)`."""
        made = cls({(re.sub(r".*\((\w+)\)$", r"\1", r["owner"]), r["name"]): r for r in records}, {})
        for record in made.known.values():
            made.usual.setdefault(record["name"], set()).add(record["unit"])
        return made

    def time(self, owner: str, name: str) -> str | None:
        """Return the name of the time type of a field, or of the items of a list; None for what is no time."""
        record = self.known.get((owner, name.removesuffix("[]")), {})
        kind, unit = record.get("kind"), record.get("unit", "")
        if kind not in BY_FORM or unit == NO_DATE:
            return None
        example = record.get("unit_by_example") or ""
        if unit in TIMES:
            return TIMES[unit]
        if record["type"] == "integer":
            return BY_MAGNITUDE[example or self._usual(name)]
        return TIMES.get(example, BY_FORM[kind])

    def remark(self, owner: str, name: str) -> str:
        """Return the unit of a duration or of an amount of data, where it is stated."""
        record = self.known.get((owner, name), {})
        stated = record.get("kind") in ("duration", "data amount") and record.get("unit") != "unstated"
        return str(record["unit"]) if stated else ""

    def _usual(self, name: str) -> str:
        """Return the unit of epochs of a name: seconds if all that is stated of the name is seconds."""
        stated = self.usual[name] & BY_MAGNITUDE.keys()
        return "epoch seconds" if stated == {"epoch seconds"} else "epoch milliseconds"
