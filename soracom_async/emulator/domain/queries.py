"""SQL over the tables of an operator. SQLite runs the queries, and sees only those tables."""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..protocol.errors import Refusal
from ..protocol.texts import Text
from . import sql_errors
from .tables import TABLES, Period, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.accounts import Operator
    from .tables import Row, Table

MOST_READ = 500_000
"""The most rows that are read from a table: enough for the days of a month of 10,000 SIMs.

How many the service reads is not known.
"""
MOST_SIMS = 200_000
"""The most SIMs of a fleet that can be asked for its SIMs and their sessions: these take two seconds.

What the service does with more is not known.
"""
MOST_FOUND = 400_000
"""The most rows of a result."""
MOST_STEPS = 20_000
"""A query is stopped after this many times 10,000 instructions."""


def query(
    operator: Operator, sql: str, now: int, start: int | None = None, end: int | None = None
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the columns of a result with their types, and its rows; times are in milliseconds.

    Raises Refusal (400): ANA0005 for a query that it does not understand, ANA0011 for one that it cannot run.
    """
    database = sqlite3.connect(":memory:")
    try:
        for name, table in TABLES.items():
            if name in sql.upper():
                _fill(database, name, table, _rows(operator, table, Period(start, end, now)))
        _confine(database)
        cursor = database.execute(sql)
        names = [each[0] for each in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(MOST_FOUND + 1)]
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        raise sql_errors.refusal(str(error)) from None
    finally:
        database.close()
    if len(rows) > MOST_FOUND:
        raise _too_many(MOST_FOUND)
    types = {name: _type_of(name, [row[name] for row in rows]) for name in names}
    for row in rows:
        row |= {name: bool(row[name]) for name, kind in types.items() if kind == "BOOLEAN" and row[name] is not None}
    return types, rows


def _rows(operator: Operator, table: Table, period: Period) -> Iterator[Row]:
    """Return the rows of a table within a period; raises Refusal (400) if too many have to be read for them."""
    if table.of_sims and len(operator.fleet) > MOST_SIMS:
        raise Refusal("ANA0011", Text("it needs more than {0} SIMs", MOST_SIMS))
    rows = table.rows(operator, period)
    for time, *rest in islice(rows, MOST_READ):
        if time in period:
            yield as_text(time), *rest
    if next(rows, None) is not None:
        raise _too_many(MOST_READ)


def _too_many(most: int) -> Refusal:
    return Refusal("ANA0011", Text("it needs more than {0} rows; choose a shorter period", most))


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
