"""Cells as text: JSON, times, and what no encoding of text has."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .._codec.converter import unstructure
from .._core.values import plain
from ..errors import ConfigurationError
from .columns import Column, Kind

JSON = (Kind.OBJECT, Kind.ARRAY, Kind.ANY)
"""The kinds whose cells are JSON text."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_text(value: Any) -> str:
    """Return wire JSON as text; raises ConfigurationError for what has none."""
    try:
        return _encode(unstructure(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"a value cannot be written as JSON: {error}") from None


def text_or_json(value: Any) -> str:
    """Return what is text on the wire as it is, and anything else as JSON text."""
    return plain(value) if isinstance(value, str) else json_text(value)


def in_text(column: Column, cells: list[Any]) -> list[Any]:
    """Return the cells of a column with JSON as text; all others as they are."""
    if column.kind not in JSON:
        return cells
    write: Callable[[Any], str] = text_or_json if column.kind is Kind.ANY else json_text
    return [None if cell is None else write(cell) for cell in cells]


def typed(column: Column, cells: list[Any]) -> list[Any]:
    """Return the cells of a column as typed tables have them: JSON as text, and each time a datetime in UTC.

    A date where the API writes either a date or a time is its midnight: the API counts days in UTC.
    """
    if column.kind is not Kind.TIME:
        return in_text(column, cells)
    return [cell if type(cell) is datetime and cell.tzinfo is UTC else _instant(cell) for cell in cells]


def _instant(cell: Any) -> Any:
    match cell:
        case list():
            return [_instant(each) for each in cell]
        case datetime():
            try:
                return cell.astimezone(UTC)
            except OverflowError:
                raise ConfigurationError(f"the time {cell.isoformat()} is in no year of UTC") from None
        case date():
            return datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    return cell


def with_times_as_text(column: Column, cells: list[Any], zone: tzinfo | None = None) -> list[Any]:
    """Return the cells of a column with times as ISO 8601, in lists too; all others as they are."""
    if column.kind not in (Kind.TIME, Kind.DATE):
        return cells
    if column.many:
        return [None if cell is None else [each and time_text(each, zone) for each in cell] for cell in cells]
    return [None if cell is None else time_text(cell, zone) for cell in cells]


def time_text(time: date, zone: tzinfo | None) -> str:
    """Return a time as ISO 8601 with its offset from UTC, in a zone; a date stays a date."""
    if isinstance(time, datetime) and zone is not None:
        with suppress(OverflowError):  # at the ends of the calendar it stays in its own
            time = time.astimezone(zone)
    return time.isoformat()


def zone_of(zone: str | tzinfo) -> tzinfo:
    """Return the zone of a name such as "Asia/Tokyo"; raises ConfigurationError for one that is not known."""
    if isinstance(zone, tzinfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ConfigurationError(
            f"zone={zone!r} is not known here: it must be a name such as 'Asia/Tokyo'. "
            'If the system has no time zones, as Windows, "pip install tzdata" brings them'
        ) from None


def writable(cell: Any) -> Any:
    """Return text, in a list too, with the escape of JSON in the place of each lone surrogate: no file can hold it."""
    if type(cell) is list:
        return [writable(each) for each in cell]
    if type(cell) is not str or cell.isascii():
        return cell
    return cell.encode("utf-8", "backslashreplace").decode()
