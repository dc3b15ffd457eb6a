"""Months, days and seconds as bills and orders write them: digits, in UTC."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from typing import cast

from ..._codec.times import Unit, exactly, to_wire


def day_of(milliseconds: int) -> date:
    """Return the day of a time."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).date()


def beginning(day: date) -> int:
    """Return the time at which a day begins."""
    return cast("int", to_wire(day, Unit.MILLISECONDS))


def month_of(milliseconds: int) -> date:
    """Return the first day of the month of a time."""
    return day_of(milliseconds).replace(day=1)


def later(day: date, months: int) -> date:
    """Return the same day of a later month, or its last day if it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_text(day: date) -> str:
    """Return YYYYMM."""
    return cast("str", to_wire(day, Unit.MONTH))


def day_text(day: date) -> str:
    """Return YYYYMMDD."""
    return cast("str", to_wire(day, Unit.DAY))


def second_text(milliseconds: int) -> str:
    """Return YYYYMMDDHHMMSS."""
    return cast("str", to_wire(datetime.fromtimestamp(milliseconds // 1000, UTC), Unit.SECOND))


def day_in(text: str) -> date | None:
    """Return the day that YYYYMMDD names; None if the text names none."""
    day = exactly(text, Unit.DAY)
    return day if isinstance(day, date) else None
