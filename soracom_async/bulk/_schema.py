"""The file of a journal: its header and tables, how it is read, and what its errors mean."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from attrs import frozen

from .._clock import utc_in
from .claims import Identity
from .results import JournalError

APPLICATION = 0x536F7261
"""The application ID in the header: it tells a journal from other databases."""
FORMAT = 1
"""The user version in the header."""
BUSY_SECONDS = 10.0
"""How long another program may lock the database before that is an error."""

TABLES = """
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    journal TEXT NOT NULL, operation TEXT NOT NULL, arguments TEXT NOT NULL, operator TEXT NOT NULL,
    repeatable INTEGER NOT NULL, parameter TEXT NOT NULL, library TEXT NOT NULL,
    created INTEGER NOT NULL, changed INTEGER NOT NULL, runs INTEGER NOT NULL,
    sequence INTEGER NOT NULL, digest INTEGER NOT NULL, clean INTEGER NOT NULL
);
CREATE TABLE keys (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, attempts INTEGER NOT NULL,
    begun INTEGER NOT NULL, ended INTEGER, run INTEGER NOT NULL, row TEXT, error TEXT
);
"""
"""Times are milliseconds since 1970, in UTC. A key keeps its `id`, which is small: the order of first claims."""


@frozen
class Meta:
    """What a journal says of itself."""

    journal: str
    """Its name, which its lock file has too."""
    identity: Identity
    library: str
    """The version of the library that wrote it last."""
    created: int
    changed: int
    runs: int
    sequence: int
    """The number of the last commit."""
    digest: int
    """The sum of `term` over all keys."""
    clean: bool
    """Whether the last run closed it."""


def now_ms() -> int:
    """Return the time of the wall clock, as the tables have it."""
    return int(utc_in(0).timestamp() * 1000)


def term(key: str, state: str, attempts: int) -> int:
    """Return what a key adds to the digest: pages of different commits that were mixed have another sum."""
    return crc32(f"{state} {attempts} {key}".encode())


def storable(text: str) -> str:
    """Return a text as UTF-8 can have it: a lone surrogate is written as an escape."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def wire(arguments: Mapping[str, Any]) -> str:
    """Return arguments as canonical JSON."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"))


def create(path: str, meta: Meta) -> None:
    """Make a journal without keys, which is there as a whole or not at all."""
    new = f"{path}-new"
    for leftover in (new, f"{new}-journal"):
        Path(leftover).unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(connect(new, "rw")) as connection:
            identity = meta.identity
            texts = (meta.journal, identity.operation, wire(identity.arguments), identity.operator)
            connection.executescript(
                f"BEGIN; PRAGMA application_id={APPLICATION}; PRAGMA user_version={FORMAT}; {TABLES}"
            )
            connection.execute(
                "INSERT INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *map(storable, texts),
                    identity.repeatable,
                    storable(identity.parameter),
                    meta.library,
                    meta.created,
                    meta.changed,
                    meta.runs,
                    meta.sequence,
                    meta.digest,
                    meta.clean,
                ),
            )
            connection.execute("COMMIT")
        for suffix in SUFFIXES:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.replace(new, path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


SUFFIXES = ("-wal", "-shm", "-journal")
"""The files that SQLite has beside a database."""


def connect(path: str, mode: str) -> sqlite3.Connection:
    """Open a database; `ro` never writes to it, and leaves its write-ahead log as it is."""
    uri = f"{Path(path).absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


@contextmanager
def reading(path: str) -> Iterator[sqlite3.Connection]:
    """Open a journal to read it; raises JournalError if it is none, or one of a newer format.

    Only SQLite opens the file. If this process closed it otherwise, POSIX would end the locks that SQLite has on it for
    a run in the same process.
    """
    mode = "rw" if os.path.exists(f"{path}-journal") else "ro"  # a transaction that was cut off is rolled back
    with closing(connect(path, mode)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION:
            raise JournalError(f"journal {path}: it is a database of another program: name a new file")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > FORMAT:
            raise JournalError(
                f"journal {path}: its format is {version}, and this version of soracom_async knows {FORMAT}: "
                "upgrade soracom_async"
            )
        yield connection


_META = (str, str, str, int, str, str, str, *[int] * 6)
"""The types of what `read_meta` reads: SQLite itself holds a column to none."""


def read_meta(connection: sqlite3.Connection) -> Meta:
    """Read what a journal says of itself; raises ValueError if that cannot be read."""
    row = connection.execute(
        "SELECT operation, arguments, operator, repeatable, parameter,"
        " journal, library, created, changed, runs, sequence, digest, clean FROM meta"
    ).fetchone()
    if row is None:
        raise ValueError("it says nothing of itself")
    if tuple(map(type, row)) != _META or type(arguments := json.loads(row[1])) is not dict:
        raise ValueError("it says of itself what it cannot be")
    operation, _, operator, repeatable, parameter, *rest, clean = row
    identity = Identity(operation, arguments, operator, bool(repeatable), parameter)
    journal, library, created, changed, runs, sequence, digest = rest
    return Meta(journal, identity, library, created, changed, runs, sequence, digest, bool(clean))


def count_digest(connection: sqlite3.Connection) -> int:
    """Return the digest of the keys that are there."""
    return sum(term(*row) for row in connection.execute("SELECT key, state, attempts FROM keys"))


def resolved(path: str | os.PathLike[str]) -> str:
    """Return the path of a journal without symbolic links; raises JournalError if no file can have it."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError) as error:
        raise JournalError(f"journal {os.fspath(path)!r}: {error}: name a file") from None


def size_of(path: str) -> int | None:
    """Return the size of the file, None if there is none; raises JournalError if there can be no journal there."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(path)):
            raise JournalError(f"journal {path}: its directory does not exist: create it") from None
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise JournalError(f"journal {path}: it is {kind}: name a file")
    return status.st_size


def damaged(path: str, reason: str) -> JournalError:
    """Return the error of a journal that cannot be trusted."""
    line = " ".join(reason.split())
    return JournalError(
        f"journal {path} is damaged ({line}): restore a copy of it, or move it away and begin a new one, "
        "which sends all keys again"
    )


_REASONS = {
    "SQLITE_NOTADB": "it is no journal, or its beginning is damaged: name a new file, or restore a copy of it",
    "SQLITE_FULL": "the disk is full: free space and run again",
    "SQLITE_BUSY": "another program locks it: close that and run again",
    "SQLITE_READONLY": "it is read-only: allow writing and run again",
    "SQLITE_CANTOPEN": "it cannot be opened: check the permissions of the file and its directory",
    "SQLITE_IOERR": "the disk failed: check it and run again",
}


def explained(path: str, error: Exception) -> JournalError:
    """Return the JournalError of what SQLite or the operating system said of a journal."""
    if isinstance(error, JournalError):
        return error
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return JournalError(f"journal {path}: {_REASONS['SQLITE_FULL']}")
        return JournalError(f"journal {path}: {error.strerror or error} ({error.filename or path})")
    name = getattr(error, "sqlite_errorname", "")
    for known, reason in _REASONS.items():
        if name.startswith(known):
            return JournalError(f"journal {path}: {reason} ({error})")
    if isinstance(error, ValueError) or name.startswith(("SQLITE_CORRUPT", "SQLITE_ERROR")):
        return damaged(path, str(error))
    return JournalError(f"journal {path} cannot be used: {error!r}")
