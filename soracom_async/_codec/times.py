"""The ways the API writes a time, and their conversion to and from aware datetimes. All times are UTC."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unit(enum.Enum):
    """How a time is written on the wire."""

    MILLISECONDS = "epoch milliseconds"
    SECONDS = "epoch seconds"
    ISO = "ISO 8601"
    MONTH = "%Y%m"
    DAY = "%Y%m%d"
    SECOND = "%Y%m%d%H%M%S"

    @property
    def numeric(self) -> bool:
        """Whether it is a number; all others are text, of which there may be several for one time."""
        return self in (Unit.MILLISECONDS, Unit.SECONDS)


EpochMilliseconds = Annotated[datetime, Unit.MILLISECONDS]
EpochSeconds = Annotated[datetime, Unit.SECONDS]
ISODateTime = Annotated[datetime, Unit.ISO]
Month = Annotated[date, Unit.MONTH]
"""A month, written YYYYMM; the date is its first day."""
Day = Annotated[date, Unit.DAY]
"""A day, written YYYYMMDD."""
Second = Annotated[datetime, Unit.SECOND]
"""A second, written YYYYMMDDHHMMSS."""

Instant = datetime | date | int
"""What an argument takes if the wire has an epoch: a time, a date (its midnight, UTC), or the number itself."""
Text = datetime | date | str
"""What an argument takes if the wire has text: a time, a date, or the text itself."""

_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
EXACT_SECONDS = 4_000_000_000
"""Seconds up to which a float keeps every millisecond."""


def unit_of(type_: Any) -> Unit | None:
    """Return how the times of a type are written on the wire; None for all other types."""
    return next((a for a in getattr(type_, "__metadata__", ()) if isinstance(a, Unit)), None)


def from_milliseconds(value: object) -> object:
    """Return the time of epoch milliseconds; anything else unchanged."""
    if type(value) is not int:
        return value
    try:
        return EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        return value


def from_seconds(value: object) -> object:
    """Return the time of epoch seconds; anything else unchanged."""
    if type(value) is not int:
        return value
    try:
        return EPOCH + timedelta(seconds=value)
    except OverflowError:
        return value


def from_iso(value: object) -> object:
    """Return the time of ISO 8601 text, taken as UTC if it names no zone; anything else unchanged."""
    if type(value) is not str or len(value) < 16:
        return value
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return value


def from_text(value: object, unit: Unit) -> object:
    """Return the month, day or second of digits; anything else unchanged."""
    if type(value) is not str or not value.isascii() or not value.isdecimal():
        return value
    try:
        time = datetime.strptime(value, unit.value).replace(tzinfo=UTC)
    except ValueError:
        return value
    if to_wire(time, unit) != value:
        return value
    return time if unit is Unit.SECOND else time.date()


def to_wire(value: object, unit: Unit) -> object:
    """Return a time, or a date, which is its midnight in UTC, as the wire has it; anything else as it is.

    Raises ValueError for a time without a zone, which could be any of several.
    """
    if not isinstance(value, date):
        return value
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone: give an aware datetime, as in datetime.now(UTC)")
    value = value.astimezone(UTC)
    if unit is Unit.MILLISECONDS:
        return (value - EPOCH) // _MILLISECOND
    if unit is Unit.SECONDS:
        return (value - EPOCH) // _SECOND
    if unit is Unit.ISO:
        text = value.isoformat(timespec="microseconds" if value.microsecond % 1000 else "milliseconds")
        return text.replace("+00:00", "Z")
    return f"{value:{unit.value}}" if value.year >= 1000 else f"{value.year:04}" + f"{value:{unit.value[2:]}}"


def from_wire(value: object, unit: Unit) -> object:
    """Return what the wire has as a time or date; anything that is not written as `unit` says, unchanged."""
    if unit is Unit.MILLISECONDS:
        return from_milliseconds(value)
    if unit is Unit.SECONDS:
        return from_seconds(value)
    return from_iso(value) if unit is Unit.ISO else from_text(value, unit)


def exactly(value: object, unit: Unit) -> object:
    """Return the time that text names, if writing it gives the same text again; otherwise the text."""
    time = from_wire(value, unit)
    return time if time is value or to_wire(time, unit) == value else value
