"""What a journal has recorded of a run's keys, before that run begins. The journal is not changed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from typing import Self

from . import _schema
from ._opening import compare
from ._schema import explained, resolved, storable
from .claims import Identity, State


class Recorded:
    """The states of keys in the journal at `path`, as they are now; a journal that is not there yet knows nothing.

    Raises JournalError if it belongs to another run than `identity`, is no journal, or cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Identity) -> None:
        self._path = resolved(path)
        self._connection: sqlite3.Connection | None = None
        self._open = ExitStack()
        try:
            if _schema.size_of(self._path):
                self._connection = self._open.enter_context(_schema.reading(self._path))
                self._connection.execute("BEGIN")  # one state of it, also while a run uses it
                compare(self._path, _schema.read_meta(self._connection).identity, identity)
        except BaseException as error:
            self._open.close()
            if isinstance(error, sqlite3.Error | OSError | ValueError):
                raise explained(self._path, error) from error
            raise

    def state(self, text: str) -> State | None:
        """Return the state of a key by its text; None if it never began."""
        if self._connection is None:
            return None
        try:
            query = "SELECT state FROM keys WHERE key = ?"
            row = self._connection.execute(query, [storable(text)]).fetchone()
            return None if row is None else State(row[0])
        except (sqlite3.Error, ValueError) as error:
            raise explained(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._open.close()
