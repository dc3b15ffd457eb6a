"""Usage, summed by month, day or five minutes; knows no operator and no clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..durations import DAY_S, MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

Amounts = dict[str, dict[str, int]]
"""The counts of each kind of use: a speed class, a protocol."""

PERIODS = {"month": "%Y%m", "day": "%Y%m%d", "minutes": "%Y%m%dT%H%M%S"}
"""The format of the beginning of each period."""


def begin(period: str, at: int) -> int:
    """Return the beginning of the period in which the second `at` lies."""
    if period == "minutes":
        return at - at % (5 * MINUTE_S)
    day = at - at % DAY_S
    return day if period == "day" else day - (datetime.fromtimestamp(day, UTC).day - 1) * DAY_S


def written(period: str, at: int) -> str:
    """Return the beginning of a period as text."""
    return datetime.fromtimestamp(at, UTC).strftime(PERIODS[period])


def add(total: Amounts, amounts: Amounts) -> None:
    """Add `amounts` to `total`."""
    for kind, counts in amounts.items():
        sums = total.setdefault(kind, {})
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count


def summed(uses: Iterable[tuple[int, Amounts]], period: str, first: int, last: int) -> dict[int, Amounts]:
    """Return the sums by the beginning of each period, from the period of `first` to that of `last`."""
    first, last = begin(period, first), begin(period, last)
    totals: dict[int, Amounts] = {}
    for at, amounts in uses:
        start = begin(period, at)
        if first <= start <= last:
            add(totals.setdefault(start, {}), amounts)
    return dict(sorted(totals.items()))
