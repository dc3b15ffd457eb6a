"""Statistics by the days and months of a time zone. The API counts by those of UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal

from attrs import frozen

from .._codec.converter import unstructure
from .._codec.fields import field_names, undeclared
from .._codec.model import Model
from ..errors import ConfigurationError
from .cells import zone_of

By = Literal["day", "month"]
Period = Literal["minutes", "day", "month"]

_LAST = timedelta(microseconds=1)
_MONTH_DIGITS = len("202601")


@frozen
class _Entry:
    """What was counted from a time on, over a period."""

    start: datetime
    period: Period
    model: Model

    def parts(self) -> Iterator[tuple[str | None, Model]]:
        """Give the counts of each kind of use: a speed class, a protocol; of an entry without kinds, its own."""
        maps = [getattr(self.model, name) for name in field_names(type(self.model)) if name.endswith("_map")]
        for kinds in maps:
            if not isinstance(kinds, dict | None):
                raise ConfigurationError(f"a statistic has {kinds!r} where its kinds belong")
            yield from (kinds or {}).items()
        if not maps:
            yield None, self.model

    def end(self) -> datetime:
        """Return the last moment of the entry."""
        if self.period == "day":
            return self.start + timedelta(days=1) - _LAST
        following = (self.start + timedelta(days=31)).replace(day=1)
        return following - _LAST


def local_days(
    stats: Iterable[Model], zone: str | tzinfo = "Asia/Tokyo", by: By = "day", *, period: Period | None = None
) -> list[dict[str, Any]]:
    """Return the sums of statistics for each day or month of a time zone, as rows in the order of time.

    `stats` are entries of one SIM or of several: of Air, Beam, Funk, Funnel or Harvest. A row has the `date` (of a
    month, its first day), the `kind` (a speed class such as `s1.fast`, or a kind of use; None if the entries have none)
    and the sums, in bytes or as counts; what an entry does not say counts as 0. A day without entries has no row.

    An entry of UTC's day or month cannot be divided. It is taken only if it lies within one day, or month, of the zone:
    a month of Tokyo is the days of UTC within it, and the minutes of the two days at its ends. Entries of minutes count
    where they begin. `period` is what was asked for, which is needed if the entries do not show it: those of Funk,
    Funnel and Harvest, and of groups, which all begin at midnight.

    Raises ConfigurationError for an entry that would have to be divided, for what is no statistics, and for a zone
    that is not known.
    """
    local = zone_of(zone)
    if by not in ("day", "month"):
        raise ConfigurationError(f"by={by!r} must be 'day' or 'month'")
    if period not in (None, "minutes", "day", "month"):
        raise ConfigurationError(f"period={period!r} must be 'minutes', 'day' or 'month', as it was asked for")

    def day_of(time: datetime) -> date:
        day = time.astimezone(local).date()
        return day if by == "day" else day.replace(day=1)

    sums: dict[tuple[date, str | None], dict[str, Any]] = {}
    for entry in _entries(stats, period):
        try:
            day = _whole(entry, day_of, zone, by)
        except OverflowError:
            raise ConfigurationError(f"{entry.start:%Y-%m-%d} of a statistic is at the end of all calendars") from None
        for kind, counted in entry.parts():
            _add(sums.setdefault((day, kind), {}), counted)
    ordered = sorted(sums.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return [{"date": day, "kind": kind, **counts} for (day, kind), counts in ordered]


def _whole(entry: _Entry, day_of: Callable[[datetime], date], zone: object, by: By) -> date:
    """Return the day or month that an entry belongs to."""
    day = day_of(entry.start)
    if entry.period != "minutes" and day_of(entry.end()) != day:
        raise ConfigurationError(
            f"the {entry.period} of UTC that begins at {entry.start:%Y-%m-%d} lies in two {by}s of {zone}, "
            "and cannot be divided: ask for the statistics with period='minutes'"
        )
    return day


def _entries(stats: Iterable[Model], period: Period | None) -> Iterator[_Entry]:
    """Give each entry with its period: the one that was asked for, or the one that it shows."""
    fine: set[type] = set()
    unsure: list[tuple[datetime, Model]] = []
    for model in stats:
        start = getattr(model, "unixtime", None)
        shown = getattr(model, "date", None)
        if not isinstance(start, datetime):
            start = shown
        if not isinstance(start, datetime):
            raise ConfigurationError(f"local_days sums statistics, which have a unixtime, not {type(model).__name__}")
        start = start.astimezone(UTC)
        if (start.hour, start.minute, start.second) != (0, 0, 0):
            fine.add(type(model))
            yield _Entry(start, "minutes", model)
        elif isinstance(shown, datetime):
            yield _Entry(start, "minutes", model)
        elif isinstance(shown, date):
            yield _Entry(start, "month" if len(str(unstructure(model)["date"])) <= _MONTH_DIGITS else "day", model)
        elif period is not None:
            yield _Entry(start, period, model)
        else:
            unsure.append((start, model))
    # A listing has entries of one period: those at midnight are of minutes if others of their class are.
    days = {type(model) for start, model in unsure if start.day > 1}
    for start, model in unsure:
        kind: Period = "minutes" if type(model) in fine else "day" if type(model) in days else "month"
        yield _Entry(start, kind, model)


def _add(sums: dict[str, Any], counted: Any) -> None:
    """Add the counts of a model, also those that the API document does not declare."""
    if not isinstance(counted, Model):
        raise ConfigurationError(f"a statistic has {counted!r} where counts belong")
    names = {name: getattr(counted, name) for name in field_names(type(counted))} | undeclared(counted)
    for name, value in names.items():
        if name == "unixtime":
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ConfigurationError(f"{name} of a statistic is {value!r}, which is no number")
        sums[name] = sums.get(name, 0) + (value or 0)
