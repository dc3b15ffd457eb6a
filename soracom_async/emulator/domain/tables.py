"""The tables that SQL can analyse: an operator's SIMs, sessions, data and files. SQLite runs the queries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..state import life
from . import sql_errors
from .filing import files_of
from .harvest import resources

if TYPE_CHECKING:
    from ..state.world import Operator

MOST_ROWS = 50_000
"""The most rows that are read from a table, and the most rows of a result."""
MOST_STEPS = 2_000
"""A query is stopped after this many times 10,000 instructions."""

TYPES = {"TEXT": "string", "FIXED": "int64", "REAL": "float64", "TIMESTAMP_TZ": "Time", "BOOLEAN": "bool"}
"""The API's name of each type of the database."""

Row = tuple[Any, ...]


@frozen
class Table:
    """A table: its columns with their types and what they mean, and its rows, which begin with a time in ms."""

    columns: dict[str, tuple[str, str]]
    rows: Callable[[Operator, int], Iterator[Row]]


def _snapshots(operator: Operator, now: int) -> Iterator[Row]:
    for number in operator.fleet.after(0):
        sim = operator.fleet.look(number)
        yield (
            now, sim.sim_id, sim.imsi, sim.operator_id, sim.status, sim.subscription, sim.speed_class, sim.group_id,
            sim.online, sim.imei, json.dumps(sim.tags), _time(sim.created), _time(sim.modified),
        )  # fmt: skip


def _session_events(operator: Operator, now: int) -> Iterator[Row]:
    for number in operator.fleet.after(0):
        for event in life.session_events(operator.fleet.look(number)):
            yield (
                event["time"], event["event"], event["simId"], event["imsi"], event["operatorId"], event["sessionId"],
                event["imei"], event["apn"], event["ueIpAddress"],
            )  # fmt: skip


def _data(operator: Operator, now: int) -> Iterator[Row]:
    for name, entries in resources(operator):
        resource_type, resource_id = name.split("/", 1)
        for entry in entries:
            yield entry["time"], resource_type, resource_id, entry["contentType"], entry["content"]


def _files(operator: Operator, now: int) -> Iterator[Row]:
    for entry in files_of(operator, now).values():
        if not entry["isDirectory"]:
            yield entry["lastModifiedTime"], entry["filePath"], entry["contentType"], entry["contentLength"]


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


_SIM = {
    "SIM_ID": ("TEXT", "The SIM."),
    "IMSI": ("TEXT", "Its IMSI."),
    "OPERATOR_ID": ("TEXT", "The operator that has it."),
}
TABLES = {
    "SIM_SNAPSHOTS": Table(
        {
            "TIMESTAMP": ("TIMESTAMP_TZ", "When this was so: now."),
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


def query(
    operator: Operator, sql: str, now: int, start: int | None = None, end: int | None = None
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the columns of a result with their types, and its rows; times are in milliseconds.

    SQLite replaces the service's database, and sees only the tables above. Raises Refusal (400): ANA0005
    for a query that it does not understand, ANA0011 for one that it cannot run.
    """
    database = sqlite3.connect(":memory:")
    try:
        for name, table in TABLES.items():
            if name in sql.upper():
                _fill(database, name, table, _within(table.rows(operator, now), start, end))
        _confine(database)
        cursor = database.execute(sql)
        names = [each[0] for each in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(MOST_ROWS)]
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        raise sql_errors.refusal(str(error)) from None
    finally:
        database.close()
    types = {name: _type_of(name, [row[name] for row in rows]) for name in names}
    for row in rows:
        row |= {name: bool(row[name]) for name, kind in types.items() if kind == "BOOLEAN" and row[name] is not None}
    return types, rows


def _within(rows: Iterator[Row], start: int | None, end: int | None) -> Iterator[Row]:
    for time, *rest in islice(rows, MOST_ROWS):
        if (start is None or time >= start) and (end is None or time <= end):
            yield _time(time), *rest


def _fill(database: sqlite3.Connection, name: str, table: Table, rows: Iterator[Row]) -> None:
    affinity = {"FIXED": "INTEGER", "BOOLEAN": "INTEGER", "REAL": "REAL"}
    columns = ", ".join(f'"{column}" {affinity.get(kind, "TEXT")}' for column, (kind, _) in table.columns.items())
    database.execute(f'CREATE TABLE "{name}" ({columns})')
    marks = ", ".join("?" * len(table.columns))
    database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)  # noqa: S608 - both are of the above
    database.commit()


def _confine(database: sqlite3.Connection) -> None:
    """Let later queries only read the tables, with a limit of time and memory."""
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
    steps = iter(range(MOST_STEPS))
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000_000)
    database.set_progress_handler(lambda: next(steps, None) is None, 10_000)

    def permit(action: int, *names: str | None) -> int:
        own = any(name is not None and name.lower().startswith("sqlite_") for name in names)  # its tables and functions
        return sqlite3.SQLITE_OK if action in allowed and not own else sqlite3.SQLITE_DENY

    database.set_authorizer(permit)


def _type_of(name: str, values: list[Any]) -> str:
    """Return the type of a result's column: that of the table's column of this name, or else that of the values."""
    for table in TABLES.values():
        if name in table.columns:
            return table.columns[name][0]
    known = {type(value) for value in values if value is not None}
    return "REAL" if float in known else "FIXED" if int in known else "TEXT"
