"""Usage, summed by month, day or five minutes: what a device sent, and what was inserted; knows no clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..durations import DAY_S, MINUTE_S, SECOND_MS
from ..state.activity import SLOT_MS
from .dates import beginning, later, month_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..state.accounts import Operator
    from ..state.collections import Collection
    from .traffic import Use

Amounts = dict[str, dict[str, int]]
"""The counts of each kind of use: a speed class, a protocol."""

COUNTED: dict[str, tuple[str, ...]] = {
    "air": ("uploadByteSizeTotal", "uploadPacketSizeTotal", "downloadByteSizeTotal", "downloadPacketSizeTotal"),
    "beam": ("count",),
}
"""The counts of the services whose usage can be inserted."""
PERIODS = {"month": "%Y%m", "day": "%Y%m%d", "minutes": "%Y%m%dT%H%M%S"}
"""The format of the beginning of each period."""
MONTHS = 18
"""How many months back usage by months and days goes; so says the API document of 2026 of that of a SIM.

Of groups and operators it says that days should be of the last week, and months of the last three. What the service
answers to those who ask for more is not known; here it is the same as of a SIM.
"""
MINUTES_S = 32 * DAY_S
"""How far back usage by minutes goes: the document says that it must be of the last 32 days."""
_OUTSIDE = {"Http": "outHttps", "Mqtt": "outMqtts", "Tcp": "outTcps", "Udp": "outHttps"}
"""By the protocol of a device, how Beam sends its requests on."""


def begin(period: str, at: int) -> int:
    """Return the beginning of the period in which the second `at` lies."""
    if period == "minutes":
        return at - at % (5 * MINUTE_S)
    day = at - at % DAY_S
    return day if period == "day" else day - (datetime.fromtimestamp(day, UTC).day - 1) * DAY_S


def written(period: str, at: int) -> str:
    """Return the beginning of a period as text."""
    return datetime.fromtimestamp(at, UTC).strftime(PERIODS[period])


def oldest(now: int) -> int:
    """Return the oldest time of which there are months and days, in milliseconds: months are kept as a whole."""
    return beginning(later(month_of(now), -MONTHS))


def periods(period: str, first: int, last: int, now: int) -> Iterator[tuple[int, int, int]]:
    """Return the beginning of each period until now, with its slots: the first one, and the one behind the last.

    It begins with the period of the second `first`, or as far back as usage is kept, and ends with that of `last`, or
    of `now`, of which only the slots that are over count.
    """
    kept = now - MINUTES_S if period == "minutes" else oldest(now * SECOND_MS) // SECOND_MS
    at, last = begin(period, max(first, kept)), min(last, now)
    over = now * SECOND_MS // SLOT_MS
    while at <= last:
        following = at + {"minutes": 5 * MINUTE_S, "day": DAY_S, "month": 31 * DAY_S}[period]
        following = begin(period, following)
        yield at, at * SECOND_MS // SLOT_MS, min(following * SECOND_MS // SLOT_MS, over)
        at = following


def inserted(operator: Operator, service: str) -> Collection:
    """Return the inserted usage: by the SIM's number, then by the second."""
    return operator.collection(f"{service} stats")


def uses_inserted(operator: Operator, service: str, number: int) -> Iterator[tuple[int, Amounts]]:
    """Return each inserted use of a service by a SIM, with its time in seconds."""
    return ((int(at), amounts) for at, amounts in inserted(operator, service).get(str(number), {}).items())


def sent(use: Use, service: str, start: int, stop: int) -> Amounts:
    """Return what a SIM used of Air or Beam from the slot `start` to before the slot `stop`."""
    if service == "air":
        return counted(use.traffic(start, stop))
    count = use.requests(start, stop)
    return {name: {"count": count} for name in (f"in{use.beam}", _OUTSIDE[use.beam or ""])} if count else {}


def counted(traffic: Mapping[str, Sequence[int]]) -> Amounts:
    """Return traffic by speed class with the names of its counts."""
    return {name: dict(zip(COUNTED["air"], counts, strict=True)) for name, counts in traffic.items()}


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
