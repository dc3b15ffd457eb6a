"""SQL over the operator's data: a query as a stream of typed rows. Guide: Soracom Query."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from weakref import finalize

import anyio
from anyio.to_thread import run_sync
from attrs import frozen

from .._codec.fields import is_model
from .._codec.times import Unit, from_wire
from .._iteration import AsyncOnly, SharedIterator
from ..errors import ConfigurationError, DecodeError
from .job import Job

Row = dict[str, Any]
"""The values of a row by the names of the columns."""

IN_MEMORY = 1_000_000
"""Bytes of a compressed result that are held in memory; a larger one lies in a temporary file."""
BATCH = 500
"""Rows that are read in one go."""


@frozen(slots=True)
class Column:
    """A column of a result."""

    name: str
    type: str
    """The type to read it as: `string`, `int64`, `float64`, `Time` or `bool`; empty if the service names none."""
    database_type: str
    """The type in the database, such as `TEXT`, `FIXED` or `TIMESTAMP_TZ`; empty if the service names none."""


class Analysis(AsyncOnly):
    """A query, and its rows: `async for row in analysis` gives each as a dict by column names, `collect()` all of them.

    The query is started by whatever asks first for its rows or its schema, and once only: another loop reads the same
    result again. Values have the type of their column: int, float, str, bool, or an aware datetime in UTC; what cannot
    be read as that stays as it came. The rows are read from a file as they are consumed, so memory stays flat, and a
    loop that is left early keeps no connection. The loops raise BadRequest for an SQL error (ANA0005 and others),
    JobFailed and JobTimeout as `Job.wait`, DecodeError for a result that cannot be read, and what calls raise.
    """

    _usage = "'async for row in analysis', or 'await analysis.collect()' for a list"

    def __init__(self, start: Callable[[], Awaitable[Job]], timeout: float | None) -> None:
        self._start = start
        self._timeout = timeout
        self._starting = anyio.Lock()
        self.job: Job | None = None
        """The job of the query; None before it is started."""

    def __aiter__(self) -> AsyncIterator[Row]:
        return _Rows(self)

    async def collect(self) -> list[Row]:
        """Return all rows as a list: for results known to be short."""
        return [row async for row in self]

    async def wait(self) -> Job:
        """Start the query, if nobody did, and return its job when it is complete; then `schema` is known."""
        async with self._starting:
            self.job = self.job or await self._start()
        return await self.job.wait(timeout=self._timeout)

    @property
    def schema(self) -> Sequence[Column]:
        """The columns, in order. Raises ConfigurationError before the first row, and before `wait` returned."""
        if self.job is None or not self.job.over:
            raise ConfigurationError("the columns are not known yet: 'await analysis.wait()' first, or read a row")
        return tuple(
            Column(column.name or "", column.type or "", column.database_type or "")
            for column in self.job.result.column_info or ()
            if is_model(type(column))  # nothing else names a column
        )

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, in order. Raises ConfigurationError as `schema` does."""
        return tuple(column.name for column in self.schema)

    def __repr__(self) -> str:
        return f"<Analysis {self.job!r}>"


class _Rows(SharedIterator[Row]):
    """Reads the rows of one loop."""

    _usage = Analysis._usage

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self._analysis = analysis
        self._file: _File | None = None
        self._ended = False

    async def _refill(self) -> None:
        if self._ended:
            raise StopAsyncIteration
        if self._file is None:
            job = await self._analysis.wait()
            self._file = await _fetched(job, self._analysis.schema)
        rows = await run_sync(self._file.read)
        if not rows:
            self._ended = True
            self._file.close()
            raise StopAsyncIteration
        self._items += rows


async def _fetched(job: Job, schema: Sequence[Column]) -> _File:
    """Return the whole result, still compressed."""
    file = _File(schema)
    try:
        async with job.stream() as answer:
            async for chunk in answer:
                await run_sync(file.write, chunk)
    except BaseException:
        file.close()
        raise
    return file


class _File:
    """A result that is read row by row: JSON lines, compressed by gzip or not."""

    def __init__(self, schema: Sequence[Column]) -> None:
        self._spool: IO[bytes] = cast("IO[bytes]", SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - see close
        self.close = finalize(self, self._spool.close)
        """Also called when nobody holds this any more: a loop that is left early says nothing."""
        self.write = self._spool.write
        self._readers = {column.name: _READERS[column.type] for column in schema if column.type in _READERS}
        self._lines: IO[bytes] | None = None

    def read(self) -> list[Row]:
        """Return the next rows; none at the end. Raises DecodeError for what is no such file."""
        try:
            if self._lines is None:
                self._spool.seek(0)
                packed = self._spool.read(2) == b"\x1f\x8b"
                self._spool.seek(0)
                self._lines = (
                    cast("IO[bytes]", gzip.GzipFile(fileobj=self._spool, mode="rb")) if packed else self._spool
                )
            return [self._row(line) for line in islice(self._lines, BATCH)]
        except (OSError, EOFError, ValueError) as error:
            raise DecodeError(f"the result of the query cannot be read: {type(error).__name__}") from None

    def _row(self, line: bytes) -> Row:
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError
        for name, read in self._readers.items():
            value = row.get(name)
            if value is not None:
                row[name] = read(value)
        return row


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,38}", value) else value


def _number(value: Any) -> Any:
    try:
        return value if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return value


def _truth(value: Any) -> Any:
    return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower(), value)


def _time(value: Any) -> Any:
    """Return a time as it is written in JSON, or as databases write it: `2026-01-02 03:04:05.678 Z`, `… +0900`."""
    if isinstance(value, str):
        value = re.sub(r"\s+(?=(Z|[+-][0-9:]+)$)", "", value.strip())
    return from_wire(value, Unit.ISO)


_READERS: Mapping[str, Callable[[Any], Any]] = {"int64": _whole, "float64": _number, "bool": _truth, "Time": _time}
