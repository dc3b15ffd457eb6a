"""Listings of records with times: the part that a query means, newest first unless it says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...state.paging import first_page, no_such_key, number_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...service.call import Call
    from ...state.collections import Record


def timeline(
    call: Call,
    records: Iterable[Record],
    time: str,
    *,
    tie: str | None = None,
    most: int = 1000,
    shown: Callable[[Record], Any] | None = None,
) -> Page:
    """Return the page that the query's from, to, sort, limit and key mean; ten records if it has no limit."""
    start, end = period(call)
    within = [
        record
        for record in records
        if (start is None or record[time] >= start) and (end is None or record[time] <= end)
    ]
    found, key = part(call, within, time, tie, call.limit(10, most))
    return Page.of(found if shown is None else [shown(record) for record in found], key)


def period(call: Call) -> tuple[int | None, int | None]:
    """Return the query's from and to, in milliseconds; raises Refusal (400) if `from` is later."""
    start, end = call.query.get("from"), call.query.get("to")
    if start is not None and end is not None and start > end:
        raise Refusal.invalid("{0} is later than {1}", "from", "to")
    return start, end


def part(
    call: Call, records: Iterable[Record], time: str, tie: str | None, limit: int
) -> tuple[list[Record], str | None]:
    """Return up to `limit` records after the query's key, in the query's order, and the key of the next page.

    The key is the time of the last record and, if several records can have the same time, its field `tie`. So no record
    is missed or seen twice if records are added or removed between two pages. Clients also make keys that are only one
    of the two, as the API document has them.
    """
    order = call.query.get("sort", "desc")
    if order not in ("asc", "desc"):
        raise Refusal.invalid("{0} is not one of {1}", "sort", ("asc", "desc"))

    def place(record: Record) -> tuple[int, str]:
        return record[time], str(record[tie]) if tie else ""

    ordered = sorted(records, key=place, reverse=order == "desc")
    resumed = call.query.get("last_evaluated_key")
    if resumed:
        last = next((place(each) for each in ordered if tie and str(each[tie]) == resumed), None) or _parsed(resumed)
        if not any(last in (each, each[:1]) for each in map(place, ordered)) and not call.gave(resumed):
            raise no_such_key()
        ordered = [record for record in ordered if _beyond(place(record), last, order)]
    return first_page(ordered, limit, key=lambda record: "_".join(str(each) for each in place(record) if each != ""))


def _beyond(place: tuple[int, str], last: tuple[int, str] | tuple[int], order: str) -> bool:
    here = place[: len(last)]
    return here > last if order == "asc" else here < last


def _parsed(key: str) -> tuple[int, str] | tuple[int]:
    # All records of a time come before a key that is only a time.
    time, line, tie = key.partition("_")
    return (number_in(time), tie) if line else (number_in(time),)
