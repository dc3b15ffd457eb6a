"""The lock file beside a journal: which process uses the journal, and the mark of its last commit.

The operating system ends the lock with the process, so a killed run is no obstacle. The mark is the number of the last
commit. It is written behind each commit, outside of the database, so that commits that a power cut took are noticed.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from threading import Event
from weakref import WeakSet

from attrs import frozen

if sys.platform == "win32":  # pragma: no cover  (the tests of coverage run on Linux)
    import msvcrt

    _FAR = 1 << 20
    """A locked byte cannot be read by others: it is none of the text."""

    def _locked(descriptor: int, *, shared: bool) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _locked(descriptor: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


ATTEMPTS = 20
PAUSE = 0.01
"""Seconds between two attempts: one who only looks holds the lock for a moment."""

_TEXT = re.compile(rb"process +(\d+)\njournal ([0-9a-f-]{16})\ncommit +(\d+)\n")
_NOBODY = "-" * 16


@frozen
class Mark:
    """The last commit of a journal, as its lock file has it."""

    journal: str
    """The name that the journal has in its own `meta` table."""
    commit: int


class InUse(Exception):
    """Another run holds the lock, in the process `pid` if that is known."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid


class Lock:
    """A lock that this process holds, until `release`."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        _, self.mark = _read(descriptor)
        """What the last run marked; None if there is none, or none that can be read."""
        if self.mark is not None:
            self.write(self.mark)
        else:
            self._put(_NOBODY, 0)
        _HELD.add(self)

    @classmethod
    def acquire(cls, journal: str) -> Lock:
        """Lock the journal at a path; raises InUse, and OSError if there can be no lock file."""
        path = lock_path(journal)
        pid: int | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                Event().wait(PAUSE)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                if _locked(descriptor, shared=False) and _is_at(descriptor, path):
                    return cls(path, descriptor)
                pid, _ = _read(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
        raise InUse(pid)

    def write(self, mark: Mark) -> None:
        """Mark a commit."""
        self._put(mark.journal, mark.commit)

    def sync(self) -> None:
        """Return once the mark is on disk; later ones overwrite it in place, and need no such call."""
        os.fsync(self._descriptor)
        sync_directory(self._path)

    def release(self, *, remove: bool) -> None:
        """Free the journal; `remove` the file too if its mark is not needed any more."""
        descriptor, self._descriptor = self._descriptor, -1
        _HELD.discard(self)
        if remove:
            with suppress(OSError):  # of Windows, where no open file can be removed: its mark does no harm
                os.unlink(self._path)  # while it is locked: who waits for it notices that it is gone
        os.close(descriptor)

    def _put(self, journal: str, commit: int) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, b"process %10d\njournal %s\ncommit %20d\n" % (os.getpid(), journal.encode(), commit))

    def _leave(self) -> None:
        """Close the copy of a forked child: it would hold the lock behind the end of its parent."""
        os.close(self._descriptor)


_HELD: WeakSet[Lock] = WeakSet()


def _leave_all() -> None:
    for lock in list(_HELD):
        lock._leave()
    _HELD.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch  (not on Windows)
    os.register_at_fork(after_in_child=_leave_all)


def lock_path(journal: str) -> str:
    """Return the path of a journal's lock file."""
    return f"{journal}-lock"


def holder(journal: str) -> int | None:
    """Return the process that uses a journal now; None if nobody does. Raises OSError."""
    try:
        descriptor = os.open(lock_path(journal), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if _locked(descriptor, shared=True):
            return None
        pid, _ = _read(descriptor)
        return pid or 0
    finally:
        os.close(descriptor)


def sync_directory(path: str) -> None:
    """Return once the name of a file is on disk, where that can be asked for."""
    with suppress(OSError):  # Windows opens no directory, and some file systems sync none
        descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(descriptor: int) -> tuple[int | None, Mark | None]:
    """Return the process and the mark of a lock file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    found = _TEXT.match(os.read(descriptor, 200))
    if found is None:
        return None, None
    pid, journal, commit = found.groups()
    name = journal.decode()
    return int(pid), None if name == _NOBODY else Mark(name, int(commit))


def _is_at(descriptor: int, path: str) -> bool:
    """Return whether the open file is still the one at `path`: its last owner may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
