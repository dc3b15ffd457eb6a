"""The ways the API writes a time, and their conversion to and from aware datetimes. All times are UTC.

Months and days that are arguments are dates of a calendar: of a bill, a delivery, a card. The API document does not say
in which zone they begin (those of statistics begin in UTC), so a datetime is taken by the date that it shows.
"""

from __future__ import annotations

import enum
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAGNITUDE = 10**11
"""An epoch of this and more is in milliseconds, below in seconds, where nothing says it."""


class Unit(enum.Enum):
    """How a time is written on the wire; one that comes in another form is read by that form."""

    MILLISECONDS = "epoch milliseconds"
    SECONDS = "epoch seconds"
    MILLISECONDS_OR_SECONDS = "epoch milliseconds or seconds"
    SECONDS_OR_MILLISECONDS = "epoch seconds or milliseconds"
    FRACTIONAL_SECONDS = "epoch seconds with a fraction"
    ISO = "ISO 8601"
    MONTH = "%Y%m"
    DAY = "%Y%m%d"
    SECOND = "%Y%m%d%H%M%S"
    DAY_OR_TIME = "YYYYMMDD or ISO 8601"

    @property
    def numeric(self) -> bool:
        """Whether it is a number; all others are text."""
        return self in _NUMERIC


EpochMilliseconds = Annotated[datetime, Unit.MILLISECONDS]
EpochSeconds = Annotated[datetime, Unit.SECONDS]
MillisecondsOrSeconds = Annotated[datetime, Unit.MILLISECONDS_OR_SECONDS]
"""An epoch whose unit is told by its magnitude; milliseconds, where it is written for the first time."""
SecondsOrMilliseconds = Annotated[datetime, Unit.SECONDS_OR_MILLISECONDS]
"""An epoch whose unit is told by its magnitude; seconds, where it is written for the first time."""
FractionalSeconds = Annotated[datetime, Unit.FRACTIONAL_SECONDS]
"""An epoch in seconds, with a fraction down to the microsecond."""
ISODateTime = Annotated[datetime, Unit.ISO]
Month = Annotated[date, Unit.MONTH]
"""A month, written YYYYMM; the date is its first day."""
Day = Annotated[date, Unit.DAY]
"""A day, written YYYYMMDD."""
Second = Annotated[datetime, Unit.SECOND]
"""A second, written YYYYMMDDHHMMSS."""
DayOrTime = Annotated[datetime | date, Unit.DAY_OR_TIME]
"""A day, or a time where the text says the time of day."""

Instant = datetime | date | int
"""What an argument takes if the wire has an epoch: a time, a date (its midnight, UTC), or the number itself."""
Text = datetime | date | str
"""What an argument takes if the wire has text: a time, a date, or the text itself."""
Digits = datetime | date | str | int
"""What an argument takes if the wire has YYYYMM or YYYYMMDD: a date, a time (its date in its own zone), or digits."""

_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_NUMERIC = (
    Unit.MILLISECONDS,
    Unit.MILLISECONDS_OR_SECONDS,
    Unit.SECONDS,
    Unit.SECONDS_OR_MILLISECONDS,
    Unit.FRACTIONAL_SECONDS,
)
DIGITS = (Unit.MONTH, Unit.DAY, Unit.SECOND, Unit.DAY_OR_TIME)
"""Units in which a number is meant as the digits of a date."""
_CALENDAR = (Unit.MONTH, Unit.DAY)
_DATES = (Unit.MONTH, Unit.DAY, Unit.DAY_OR_TIME)
_LENGTHS = {6: Unit.MONTH, 8: Unit.DAY, 14: Unit.SECOND}
_NUMBER = re.compile(r"-?[0-9]{9,18}(\.[0-9]+)?|0|-1")
"""An epoch as text. Fewer digits are no time that anyone means, but for what stands for "never"."""
_LAST_SECOND = 253_402_300_799


def unit_of(type_: Any) -> Unit | None:
    """Return how the times of a type are written on the wire; None for all other types."""
    return next((a for a in getattr(type_, "__metadata__", ()) if isinstance(a, Unit)), None)


def from_wire(value: Any, unit: Unit) -> Any:
    """Return what the wire has as a time, or as a date if `unit` has dates; anything that is none, unchanged."""
    form = _form(value, unit)
    if form is None:
        return value
    try:
        return _read(value, form, dates=unit in _DATES)
    except (ValueError, OverflowError):
        return value


def to_wire(value: Any, unit: Unit) -> Any:
    """Return a time, or a date, which is its midnight in UTC, as the wire has it; anything else as it is.

    Where the wire has a month or a day, a time is its date in its own zone: midnight in Tokyo is not the day before.
    Raises ValueError for a time without a zone, which could be any of several.
    """
    if not isinstance(value, date):
        return value
    time = _in_utc(value)
    if unit in _NUMERIC:
        return _number(time - EPOCH, unit)
    if unit is Unit.DAY_OR_TIME:
        unit = Unit.ISO if isinstance(value, datetime) else Unit.DAY
    if unit is Unit.ISO:
        text = time.isoformat(timespec="microseconds" if time.microsecond % 1000 else "milliseconds")
        return text.replace("+00:00", "Z")
    shown: date = value if unit in _CALENDAR else time
    return f"{shown:{unit.value}}" if shown.year >= 1000 else f"{shown.year:04}" + f"{shown:{unit.value[2:]}}"


def to_wire_like(original: Any, value: date, unit: Unit) -> Any:
    """Return a time in the form that `original`, which was a time, has; as `unit` says, if that form cannot hold it."""
    form = _form(original, unit) or unit
    if type(original) is float:
        return (_in_utc(value) - EPOCH) / (_SECOND if form is Unit.SECONDS_OR_MILLISECONDS else _MILLISECOND)
    if form is Unit.ISO and not isinstance(value, datetime):
        return value.isoformat()
    written = to_wire(value if unit in _CALENDAR or not isinstance(value, datetime) else _in_utc(value), form)
    if form in _DATES and from_wire(written, unit) != value:
        return to_wire(value, unit)
    return type(original)(written)


def exactly(value: Any, unit: Unit) -> Any:
    """Return the time that the wire has, if writing it gives the same again; otherwise the value unchanged."""
    time = from_wire(value, unit)
    return value if time is value or differs(to_wire(time, unit), value) else time


def differs(one: object, other: object) -> bool:
    """Tell whether two values are different JSON: 1 and 1.0 are, 0.0 and -0.0 too; a NaN and itself are not."""
    return one is not other and (type(one) is not type(other) or one != other or (one == 0 and str(one) != str(other)))


def _in_utc(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone: give an aware datetime, as in datetime.now(UTC)")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _form(value: Any, unit: Unit) -> Unit | None:
    """Return how a value is written: as `unit` says, by its own form, or None if it is neither number nor text."""
    kind = type(value)
    if kind is int:
        if unit is Unit.MILLISECONDS or (unit is Unit.SECONDS and abs(value) <= _LAST_SECOND):
            return unit
        if unit in DIGITS and abs(value) < 10**14:
            return _form(str(value), unit)
    if kind is str:
        digits = value.isdecimal() and value.isascii()
        if digits and len(value) in _LENGTHS:
            return _LENGTHS[len(value)]
        if not _NUMBER.fullmatch(value):
            return None if digits else Unit.ISO
        value = float(value)
    elif kind is not int and kind is not float:
        return None
    least = _LAST_SECOND + 1 if unit is Unit.FRACTIONAL_SECONDS else MAGNITUDE
    return Unit.MILLISECONDS_OR_SECONDS if abs(value) >= least else Unit.SECONDS_OR_MILLISECONDS


def _read(value: Any, form: Unit, *, dates: bool) -> datetime | date:
    """Return the time that a value in this form is; raises ValueError or OverflowError if it is none."""
    if form in _NUMERIC:
        number = (float if "." in value else int)(value) if type(value) is str else value
        milliseconds = form in (Unit.MILLISECONDS, Unit.MILLISECONDS_OR_SECONDS)
        return EPOCH + (timedelta(milliseconds=number) if milliseconds else timedelta(seconds=number))
    text = str(value)
    if form is Unit.ISO:
        return _from_iso(text, dates=dates)
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8] or 1)
    if form is Unit.SECOND:
        return datetime(year, month, day, int(text[8:10]), int(text[10:12]), int(text[12:]), tzinfo=UTC)
    return date(year, month, day) if dates else datetime(year, month, day, tzinfo=UTC)


def _from_iso(text: str, *, dates: bool) -> datetime | date:
    """Return the time of ISO 8601 text, taken as UTC if it names no zone; the date, if it says no time of day."""
    if text[19:20] == ":":
        text = f"{text[:19]}.{text[20:]}"  # the service also writes 2022-01-01T00:00:00:000Z
    elif len(text) == len("2022-01"):
        text += "-01"
    if dates:
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _number(since: timedelta, unit: Unit) -> float:
    """Return the epoch of a time; where the magnitude tells the unit, in the one that it tells."""
    if unit is Unit.MILLISECONDS:
        return since // _MILLISECOND
    if unit is Unit.FRACTIONAL_SECONDS:
        return since / _SECOND
    seconds = since // _SECOND
    if unit is Unit.SECONDS or (unit is Unit.SECONDS_OR_MILLISECONDS and abs(seconds) < MAGNITUDE):
        return seconds
    milliseconds = since // _MILLISECOND
    if abs(milliseconds) >= MAGNITUDE:
        return milliseconds
    return since / _SECOND if since % _SECOND else seconds
