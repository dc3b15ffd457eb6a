"""The tables that SQL can analyse: an operator's SIMs, their sessions, traffic and charges, its data and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..durations import DAY_MS, SECOND_MS
from ..state.activity import SLOT_MS, SLOTS
from ..state.sessions import session_events
from ..state.sims import imsi, number_of, sim_id
from .charges import lines
from .filing import files_of
from .harvest import resources
from .ledger import ledger_of
from .money import money_of
from .usage import inserted, oldest, uses_inserted

if TYPE_CHECKING:
    from ..state.accounts import Operator

TYPES = {"TEXT": "string", "FIXED": "int64", "REAL": "float64", "TIMESTAMP_TZ": "Time", "BOOLEAN": "bool"}
"""The API's name of each type of the database."""
Row = tuple[Any, ...]


@frozen
class Period:
    """What a query is about, in milliseconds, both included."""

    start: int | None
    end: int | None
    now: int

    def __contains__(self, time: int) -> bool:
        return (self.start is None or time >= self.start) and (self.end is None or time <= self.end)

    def days(self) -> range:
        """Return the days that begin in it, counted since 1970."""
        start = max(oldest(self.now), self.start or 0)
        return range(-(-start // DAY_MS), min(self.now, self.now if self.end is None else self.end) // DAY_MS + 1)


@frozen
class Table:
    """A table: its columns with their types and what they mean, and its rows, which begin with a time in ms."""

    columns: dict[str, tuple[str, str]]
    rows: Callable[[Operator, Period], Iterator[Row]]
    """Those of a period, and possibly others."""
    of_sims: bool = False
    """Whether each SIM of the fleet is made for them, whatever the period is."""


def _snapshots(operator: Operator, period: Period) -> Iterator[Row]:
    # There is one snapshot only: what the SIMs are now. It is shown for a time that is over, too, so that the groups
    # and names of SIMs can be joined with what they did then.
    time = period.now if period.end is None else min(period.now, period.end)
    for number in operator.fleet.after(0):
        sim = operator.fleet.look(number)
        yield (
            time, sim.sim_id, sim.imsi, sim.operator_id, sim.status, sim.subscription, sim.speed_class, sim.group_id,
            sim.online, sim.imei, json.dumps(sim.tags), as_text(sim.created), as_text(sim.modified),
        )  # fmt: skip


def _session_events(operator: Operator, period: Period) -> Iterator[Row]:
    for number in operator.fleet.after(0):
        for event in session_events(operator.fleet.look(number), period.now, period.start, period.end):
            yield (
                event["time"], event["event"], event["simId"], event["imsi"], event["operatorId"], event["sessionId"],
                event["imei"], event["apn"], event["ueIpAddress"],
            )  # fmt: skip


def _traffic(operator: Operator, period: Period) -> Iterator[Row]:
    ledger, days, over = ledger_of(operator), period.days(), period.now // SLOT_MS
    for use in ledger.uses():
        if use.pieces:
            names = sim_id(use.number), imsi(use.number), operator.id
            for day in days[max(use.pieces[0].start // SLOTS - days.start, 0) :]:
                traffic = use.traffic(day * SLOTS, min((day + 1) * SLOTS, over))
                yield from ((day * DAY_MS, *names, name, *counts) for name, counts in traffic.items())
    for number in map(int, inserted(operator, "air")):
        for at, amounts in uses_inserted(operator, "air", number):
            if (day := at * SECOND_MS // DAY_MS) in days:
                names = sim_id(number), imsi(number), operator.id
                yield from ((day * DAY_MS, *names, name, *counts.values()) for name, counts in amounts.items())
    for day in days:
        for name, counts in ledger.all.rest(day, over).traffic.items():
            yield day * DAY_MS, None, None, operator.id, name, *counts


def _charges(operator: Operator, period: Period) -> Iterator[Row]:
    days, money = period.days(), money_of(operator)
    for line in lines(operator, days.start, days.stop - 1, period.now // SLOT_MS):
        number = number_of(line.imsi)
        names = (None, None) if number is None else (sim_id(number), line.imsi)
        price, amount = (float(money.exactly(nano)) for nano in (line.price, line.cost))
        yield line.day * DAY_MS, *names, operator.id, line.item, price, line.quantity, amount, money.code


def _data(operator: Operator, period: Period) -> Iterator[Row]:
    for name, entries in resources(operator):
        resource_type, resource_id = name.split("/", 1)
        for entry in entries:
            yield entry["time"], resource_type, resource_id, entry["contentType"], entry["content"]


def _files(operator: Operator, period: Period) -> Iterator[Row]:
    for entry in files_of(operator, period.now).values():
        if not entry["isDirectory"]:
            yield entry["lastModifiedTime"], entry["filePath"], entry["contentType"], entry["contentLength"]


@lru_cache(10_000)
def as_text(milliseconds: int) -> str:
    """Return a time as a result has it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


_SIM = {
    "SIM_ID": ("TEXT", "The SIM."),
    "IMSI": ("TEXT", "Its IMSI."),
    "OPERATOR_ID": ("TEXT", "The operator that has it."),
}
TABLES = {
    "SIM_SNAPSHOTS": Table(
        {
            "TIMESTAMP": ("TIMESTAMP_TZ", "When this was so: now, or at the end of the period, if that is earlier."),
            **_SIM,
            "STATUS": ("TEXT", "Its status."),
            "SUBSCRIPTION": ("TEXT", "Its subscription."),
            "SPEED_CLASS": ("TEXT", "Its speed class."),
            "GROUP_ID": ("TEXT", "Its group, if it is in one."),
            "ONLINE": ("BOOLEAN", "Whether it has a session."),
            "IMEI": ("TEXT", "The device that it is in, while it has a session."),
            "TAGS": ("TEXT", "Its tags, as JSON."),
            "CREATED_TIME": ("TIMESTAMP_TZ", "When it was made."),
            "LAST_MODIFIED_TIME": ("TIMESTAMP_TZ", "When it changed last."),
        },
        _snapshots,
        of_sims=True,
    ),
    "SIM_SESSION_EVENTS": Table(
        {
            "TIME": ("TIMESTAMP_TZ", "When it happened."),
            "EVENT": ("TEXT", "What happened: Created, Deleted."),
            **_SIM,
            "SESSION_ID": ("TEXT", "The session."),
            "IMEI": ("TEXT", "The device."),
            "APN": ("TEXT", "The access point name."),
            "UE_IP_ADDRESS": ("TEXT", "The address of the device."),
        },
        _session_events,
        of_sims=True,
    ),
    # The names of the next two tables and of their columns are guessed: no public document has any.
    "AIR_STATS": Table(
        {
            "TIME": ("TIMESTAMP_TZ", "When the day begins."),
            **_SIM,
            "SPEED_CLASS": ("TEXT", "The speed class that the SIM had."),
            "UPLOAD_BYTE_SIZE_TOTAL": ("FIXED", "How many bytes it sent."),
            "UPLOAD_PACKET_SIZE_TOTAL": ("FIXED", "How many packets it sent."),
            "DOWNLOAD_BYTE_SIZE_TOTAL": ("FIXED", "How many bytes it received."),
            "DOWNLOAD_PACKET_SIZE_TOTAL": ("FIXED", "How many packets it received."),
        },
        _traffic,
    ),
    "BILLING": Table(
        {
            "TIME": ("TIMESTAMP_TZ", "When the day begins."),
            **_SIM,
            "BILL_ITEM_NAME": ("TEXT", "What it is for: days, or traffic."),
            "UNIT_PRICE": ("REAL", "The price of a day, or of a byte."),
            "QUANTITY": ("FIXED", "How many days or bytes."),
            "AMOUNT": ("REAL", "The price of them."),
            "CURRENCY": ("TEXT", "The currency of both prices."),
        },
        _charges,
    ),
    "HARVEST_DATA": Table(
        {
            "TIME": ("TIMESTAMP_TZ", "When it was sent."),
            "RESOURCE_TYPE": ("TEXT", "What sent it: Sim, SoraCam and others."),
            "RESOURCE_ID": ("TEXT", "Who sent it."),
            "CONTENT_TYPE": ("TEXT", "Of what type it is."),
            "CONTENT": ("TEXT", "What was sent."),
        },
        _data,
    ),
    "HARVEST_FILES": Table(
        {
            "LAST_MODIFIED_TIME": ("TIMESTAMP_TZ", "When it was written."),
            "FILE_PATH": ("TEXT", "Where it is."),
            "CONTENT_TYPE": ("TEXT", "Of what type it is."),
            "CONTENT_LENGTH": ("FIXED", "How many bytes it has."),
        },
        _files,
    ),
}
