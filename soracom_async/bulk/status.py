"""What a journal tells, also while a run uses it: how far it is, and which keys failed. Nothing here changes it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from attrs import frozen

from . import _schema
from ._lock import holder
from ._schema import explained, resolved
from .claims import Failure, Identity, State
from .results import JournalError

PAGE = 1000
"""Keys that are read at once: between two pages the run can shorten its log."""


@frozen
class Status:
    """How far the runs of a journal are."""

    path: str
    identity: Identity
    counts: Mapping[State, int]
    """How many keys are in each state; those BEGUN are under way, or were when the last run was killed."""
    created: datetime
    changed: datetime
    """When a key began or ended last."""
    runs: int
    """How often a run was begun or resumed."""
    process: int | None
    """The ID of the process that uses it now; None if none does, 0 if that cannot be read."""
    closed: bool
    """Whether the last run closed it: else that is running, or was killed."""
    library: str
    """The version of the library that used it last."""

    @property
    def running(self) -> bool:
        """Whether a run uses the journal now."""
        return self.process is not None

    @property
    def total(self) -> int:
        """How many keys it knows."""
        return sum(self.counts.values())


def status(path: str | os.PathLike[str]) -> Status:
    """Return how far the runs of a journal are; raises JournalError if it is none, or cannot be read."""
    name = _existing(path)
    try:
        process = holder(name)
        with _schema.reading(name) as connection:
            connection.execute("BEGIN")
            meta = _schema.read_meta(connection)
            found = dict(connection.execute("SELECT state, count(*) FROM keys GROUP BY state").fetchall())
            created, changed = _time(meta.created), _time(meta.changed)
    except (sqlite3.Error, OSError, ValueError, OverflowError) as error:
        raise explained(name, error) from error
    return Status(
        path=name,
        identity=meta.identity,
        counts={state: found.get(state.value, 0) for state in State},
        created=created,
        changed=changed,
        runs=meta.runs,
        process=process,
        closed=meta.clean,
        library=meta.library,
    )


def failures(path: str | os.PathLike[str]) -> Iterator[Failure]:
    """Return the keys of a journal that were not done, FAILED and UNKNOWN ones, in the order in which they came.

    If no run uses the journal, keys that the last one left under way are UNKNOWN too, unless they may be sent again.
    Raises JournalError, at once or while they are read.
    """
    name = _existing(path)
    try:
        running = holder(name) is not None
    except OSError as error:
        raise explained(name, error) from error
    return _failures(name, running=running)


def _failures(path: str, *, running: bool) -> Iterator[Failure]:
    try:
        with _schema.reading(path) as connection:
            identity = _schema.read_meta(connection).identity
            states = [State.FAILED, State.UNKNOWN]
            if not running and not identity.repeatable:
                states.append(State.BEGUN)
            marks = ", ".join("?" * len(states))
            query = (
                "SELECT id, key, state, error, attempts, row FROM keys"  # noqa: S608 (question marks)
                f" WHERE id > ? AND state IN ({marks}) ORDER BY id LIMIT {PAGE}"
            )
            last = 0
            while rows := connection.execute(query, (last, *(state.value for state in states))).fetchall():
                last = rows[-1][0]
                for _, key, state, error, attempts, row in rows:
                    if type(key) is not str:
                        raise ValueError("a key is no text")
                    known = State.FAILED if state == State.FAILED.value else State.UNKNOWN
                    yield Failure(key, identity.arguments_of(key), known, error or "", attempts, row)
    except (sqlite3.Error, OSError, ValueError) as error:
        raise explained(path, error) from error


def _existing(path: str | os.PathLike[str]) -> str:
    name = resolved(path)
    try:
        size = _schema.size_of(name)
    except OSError as error:
        raise explained(name, error) from error
    if not size:
        raise JournalError(f"journal {name}: there is none")
    return name


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
