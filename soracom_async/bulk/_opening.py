"""How a journal is opened: locked, checked without a change to it, compared with the run, or made anew."""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from typing import Any

from . import _schema
from ._lock import InUse, Lock, Mark, sync_directory
from ._schema import Meta, damaged, explained, now_ms, wire
from ._store import Store
from .claims import Identity
from .results import JournalError

log = logging.getLogger("soracom_async")

SHOWN = 200
"""Characters of arguments that a message shows."""


def open_store(path: str, identity: Identity, *, repeat_unknown: bool, library: str) -> Store:
    """Open the journal at a path for one run, or make it; raises JournalError, and leaves what it refuses as it was."""
    path = os.path.realpath(path)
    try:
        _schema.size_of(path)
        lock = _locked(path)
        known = lock.mark is not None
        try:
            return _opened(path, lock, identity, repeat_unknown=repeat_unknown, library=library)
        except BaseException:
            lock.release(remove=not known)
            raise
    except (sqlite3.Error, OSError, ValueError) as error:
        raise explained(path, error) from error


def _locked(path: str) -> Lock:
    try:
        return Lock.acquire(path)
    except InUse as error:
        process = "another process" if error.pid is None else f"process {error.pid}"
        mine = ", this one" if error.pid == os.getpid() else ""
        raise JournalError(
            f"journal {path} is in use by {process}{mine}: wait for the end of that run, or name another journal"
        ) from None


def _opened(path: str, lock: Lock, identity: Identity, *, repeat_unknown: bool, library: str) -> Store:
    repeat = identity.repeatable or repeat_unknown
    if not _schema.size_of(path):
        _check_absent(path, lock.mark, repeat=repeat)
        now = now_ms()
        name = secrets.token_hex(8)
        meta = Meta(name, identity, library, now, now, runs=0, sequence=0, digest=0, clean=True)
        _schema.create(path, meta)
        sync_directory(path)
    else:
        meta = _checked(path)
        compare(path, meta.identity, identity)
        _check_mark(path, meta, lock.mark, repeat=repeat)
    lock.write(Mark(meta.journal, meta.sequence))
    lock.sync()
    connection = _schema.connect(path, "rw")
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: a commit is on the disk, not only on its way there
        runs = meta.runs + 1
        store = Store(path, os.stat(path), connection, lock, meta.journal, meta.sequence, meta.digest, runs, repeat)
        store.begin(library, repeatable=identity.repeatable)
    except BaseException:
        connection.close()
        raise
    return store


def _checked(path: str) -> Meta:
    """Read what a journal says of itself; raises JournalError if it is none, or not as its last commit left it."""
    with _schema.reading(path) as connection:
        findings = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]  # with the index of keys
        if findings != ["ok"]:
            raise damaged(path, str(findings[0]))
        meta = _schema.read_meta(connection)
        if _schema.count_digest(connection) != meta.digest:
            raise damaged(path, "parts of it are older than others, or another program changed it")
    return meta


def compare(path: str, former: Identity, identity: Identity) -> None:
    """Raise JournalError if a journal belongs to another run."""
    sides: list[tuple[str, Any, Any]] = [
        ("operation", former.operation, identity.operation),
        ("fixed arguments", wire(former.arguments), wire(identity.arguments)),
        ("operator", former.operator, identity.operator),
    ]
    for what, theirs, ours in sides:
        if theirs != _schema.storable(ours):
            raise JournalError(
                f"journal {path} belongs to the {what} {_shown(theirs)}, and this run has {_shown(ours)}: "
                "name another journal, or make the same call again"
            )


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _check_absent(path: str, mark: Mark | None, *, repeat: bool) -> None:
    """Raise JournalError if a journal that should be at `path` is gone, and with it acts that may have been sent."""
    if mark is not None or any(_schema.size_of(f"{path}{suffix}") for suffix in ("-wal", "-journal")):
        _lost(path, "the file is gone, and those that the last run left beside it are still there", repeat=repeat)


def _check_mark(path: str, meta: Meta, mark: Mark | None, *, repeat: bool) -> None:
    """Raise JournalError if commits are lost, and with them acts that may have been sent."""
    if mark is None:
        if not meta.clean:
            _lost(path, "it was not closed, and the file that marks its last commit is missing", repeat=repeat)
    elif mark.journal != meta.journal:
        _lost(path, "it is not the journal that was last used here", repeat=repeat)
    elif mark.commit > meta.sequence:
        _lost(path, f"the last {mark.commit - meta.sequence} of its commits are lost", repeat=repeat)


def _lost(path: str, reason: str, *, repeat: bool) -> None:
    if not repeat:
        raise JournalError(
            f"journal {path}: {reason}: some keys may have been sent that it does not know. Restore it, "
            "or pass repeat_unknown=True, which may send those a second time"
        )
    log.warning("journal %s: %s; the run goes on, and may send some keys a second time", path, reason)
