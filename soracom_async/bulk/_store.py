"""The journal as a database: claims and states go into it in transactions. Its thread alone calls what is here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import NamedTuple

from attrs import define, field

from ._lock import ATTEMPTS, PAUSE, Lock, Mark
from ._schema import now_ms, term
from .claims import Claim, State
from .results import JournalError

BEGUN, DONE, UNKNOWN = State.BEGUN.value, State.DONE.value, State.UNKNOWN.value


class Before(NamedTuple):
    """A key as a former run left it."""

    state: str
    attempts: int
    begun: int


class Flight(NamedTuple):
    """A key that has begun and did not end."""

    id: int
    key: str
    attempts: int
    before: Before | None
    """None if this run was the first to name it."""


@define(eq=False)
class Request:
    """A claim that waits for its commit."""

    key: str
    row: str | None
    claim: Claim | None = None
    """The answer; None until there is one."""
    flight: Flight | None = None
    """The key that begins, if the answer is BEGIN."""
    abandoned: bool = False
    """Whether nobody waits for the answer any more."""


class Settled(NamedTuple):
    """How a key ended; a state of None takes its claim back."""

    flight: Flight
    state: State | None
    error: str | None = None


@define(eq=False)
class Store:
    """An open journal, which one run writes."""

    path: str
    file: os.stat_result
    """The file, as it was opened."""
    connection: sqlite3.Connection
    lock: Lock
    journal: str
    """The name of the journal."""
    sequence: int
    digest: int
    run: int
    repeat: bool
    """Whether keys of which nobody knows whether they were done begin again."""
    _seen: bytearray = field(factory=bytearray, init=False, repr=False)
    """By the id of a key: whether this run named it."""
    _changes: list[int] = field(factory=list, init=False, repr=False)
    """What the transaction adds to the digest, change by change."""

    def write(self, settled: list[Settled], requests: list[Request]) -> bool:
        """Record how keys ended and answer claims, in one transaction; all is on disk when this returns.

        Return whether there was anything to write.
        """
        now = now_ms()
        with self._transaction():
            self._settle(settled, now)
            for request in requests:
                self._answer(request, now)
            if self._changes:
                self._note(changed=now)
        settled.clear()  # they are written, whatever becomes of the mark
        if self._changes:
            self.mark()
        return bool(self._changes)

    def begin(self, library: str, *, repeatable: bool) -> None:
        """Record that a run has begun, and what is known of the keys that former ones left under way."""
        with self._transaction():
            self._changes.append(0)
            if not self.repeat:
                left = self.connection.execute("SELECT key, attempts FROM keys WHERE state = ?", [BEGUN])
                for key, attempts in left.fetchall():
                    self._changes.append(term(key, UNKNOWN, attempts) - term(key, BEGUN, attempts))
                self.connection.execute("UPDATE keys SET state = ? WHERE state = ?", (UNKNOWN, BEGUN))
            self._note(changed=now_ms(), runs=self.run, library=library, repeatable=repeatable, clean=False)
        self.mark()
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the file by itself says that it is in use

    def mark(self) -> None:
        """Mark the last commit outside of the database."""
        self.lock.write(Mark(self.journal, self.sequence))

    def close(self, *, clean: bool) -> None:
        """Free the journal: as one file that holds all, if it is `clean`: if all that is known of keys is in it."""
        try:
            if clean:
                self._finish()
        except BaseException:
            clean = False
            raise
        finally:
            self.connection.close()
            self.lock.release(remove=clean)

    def _finish(self) -> None:
        with self._transaction():
            self._changes.append(0)
            self._note(clean=True)
        self.mark()
        for _ in range(ATTEMPTS):
            with suppress(sqlite3.OperationalError):  # somebody reads it, for a moment
                self.connection.execute("PRAGMA journal_mode = DELETE")
                break
            Event().wait(PAUSE)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what is done inside, if anything."""
        self._changes.clear()
        self._check_place()
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # some errors have rolled it back already
                self.connection.execute("ROLLBACK")
            raise
        if self._changes:
            self.sequence += 1
            self.digest += sum(self._changes)

    def _check_place(self) -> None:
        """Raise JournalError if the file is not where it was: what is written then is lost with the run."""
        try:
            there = os.path.samestat(self.file, os.stat(self.path))
        except FileNotFoundError:
            there = False
        if not there:
            raise JournalError(
                f"journal {self.path}: it was moved or deleted while a run uses it: put it back and run again"
            )

    def _note(self, **columns: object) -> None:
        """Write what the journal says of itself behind the transaction."""
        columns |= {"sequence": self.sequence + 1, "digest": self.digest + sum(self._changes)}
        names = ", ".join(f"{name} = ?" for name in columns)
        self.connection.execute(f"UPDATE meta SET {names}", tuple(columns.values()))  # noqa: S608 (names of our own)

    def _answer(self, request: Request, now: int) -> None:
        key, run = request.key, self.run
        new = self.connection.execute(
            "INSERT OR IGNORE INTO keys (key, state, attempts, begun, run, row) VALUES (?, ?, 1, ?, ?, ?)",
            (key, BEGUN, now, run, request.row),
        )
        if new.rowcount:
            number: int = new.lastrowid or 0
            self._see(number)
            request.claim, request.flight = Claim.BEGIN, Flight(number, key, 1, None)
            self._changes.append(term(key, BEGUN, 1))
            return
        number, *rest = self.connection.execute(
            "SELECT id, state, attempts, begun FROM keys WHERE key = ?", [key]
        ).fetchone()
        before = Before(*rest)
        if not self._see(number):
            request.claim = Claim.DUPLICATE
        elif before.state == DONE:
            request.claim = Claim.DONE
        elif before.state == UNKNOWN and not self.repeat:
            request.claim = Claim.UNKNOWN
        else:
            attempts = before.attempts + 1
            self.connection.execute(
                "UPDATE keys SET state = ?, attempts = ?, begun = ?, run = ?, row = coalesce(?, row) WHERE id = ?",
                (BEGUN, attempts, now, run, request.row, number),
            )
            request.claim, request.flight = Claim.BEGIN, Flight(number, key, attempts, before)
            self._changes.append(term(key, BEGUN, attempts) - term(key, before.state, before.attempts))

    def _settle(self, settled: list[Settled], now: int) -> None:
        ended = []
        for (number, key, attempts, before), state, error in settled:
            if state is None:
                self._take_back(number, before)
                left = before
            else:
                left = Before(state.value, attempts, now)
                ended.append((left.state, now, error, number))
            self._changes.append(term(key, left.state, left.attempts) if left else 0)
            self._changes.append(-term(key, BEGUN, attempts))
        self.connection.executemany("UPDATE keys SET state = ?, ended = ?, error = ? WHERE id = ?", ended)

    def _take_back(self, number: int, before: Before | None) -> None:
        self._seen[number] = 0
        if before is None:
            self.connection.execute("DELETE FROM keys WHERE id = ?", [number])
        else:
            self.connection.execute(
                "UPDATE keys SET state = ?, attempts = ?, begun = ? WHERE id = ?", (*before, number)
            )

    def _see(self, number: int) -> bool:
        """Note that this run names a key; return whether it does so for the first time."""
        seen = self._seen
        if number >= len(seen):
            seen.extend(bytes(number - len(seen) + 1024))
        first = not seen[number]
        seen[number] = 1
        return first
