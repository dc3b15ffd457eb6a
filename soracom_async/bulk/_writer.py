"""The thread that writes a journal, so that the event loop never waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import anyio
import anyio.lowlevel
from attrs import Factory, define

from .._clock import SystemClock
from ._schema import explained
from ._store import Request, Settled, Store
from .results import JournalError

REST = 0.005
"""Seconds between two transactions, so that what ends and begins meanwhile shares the second: each costs CPU time."""

LOOK = 5.0
"""Seconds between two looks at the disk and the event loop, at most."""


@define(eq=False)
class Batch:
    """What goes into one transaction."""

    settled: list[Settled] = Factory(list)
    requests: list[Request] = Factory(list)
    ended: anyio.Event = Factory(anyio.Event)
    """Set when the transaction is on disk, or failed."""
    error: JournalError | None = None
    """Why it failed."""


class Writer:
    """A thread with an open journal.

    It ends with `stop`, soon after its event loop, or with the process, which it does not keep alive.
    """

    def __init__(
        self,
        path: str,
        opening: Callable[[], Store],
        *,
        written: Callable[[Batch], None],
        rested: Callable[[], None],
        silent: Callable[[], None],
        patience: float,
    ) -> None:
        native: Any = anyio.lowlevel.current_token().native_token
        self._soon: Callable[..., object] = getattr(native, "call_soon_threadsafe", None) or native.run_sync_soon
        self._path = path
        self._opening = opening
        self._written = written
        """Called in the event loop behind each batch, in order."""
        self._rested = rested
        """Called in the event loop behind that, when the next batch may come."""
        self._silent = silent
        """Called in the event loop, again and again, while a transaction takes longer than `patience`."""
        self._patience = patience
        self._clock = SystemClock()
        self._busy_since: float | None = None
        """When the transaction that is being written began."""
        self._stopped = threading.Event()
        self._orphaned = False
        """Whether the event loop has ended: what keys ended since the last batch is not known."""
        self._queue: SimpleQueue[Batch | threading.Event | None] = SimpleQueue()
        self.opened = anyio.Event()
        self.ended = anyio.Event()
        self.error: JournalError | None = None
        """Why the journal could not be opened or closed."""
        for work, name in ((self._work, "writer"), (self._watch, "watch")):
            threading.Thread(target=work, name=f"{name} of {path}", daemon=True).start()

    def soon(self, function: Callable[[], object]) -> bool:
        """Call a function in the event loop, when those that wait now had their turn; False if the loop has ended."""
        try:
            self._soon(function)
        except RuntimeError:  # nobody waits any more
            return False
        return True

    def write(self, batch: Batch) -> None:
        """Write a batch behind those that were given before."""
        self._queue.put(batch)

    def flush(self, seconds: float) -> bool:
        """Wait until all batches are on disk; return whether they are, within so many seconds."""
        flushed = threading.Event()
        self._queue.put(flushed)
        return flushed.wait(seconds)

    def stop(self) -> None:
        """Close the journal behind the last batch; `ended` tells when that is done."""
        self._queue.put(None)

    def _work(self) -> None:
        try:
            self._serve(self._opening())
        except Exception as error:
            self.error = explained(self._path, error)
        self._stopped.set()
        self.soon(self.opened.set)
        self.soon(self.ended.set)

    def _watch(self) -> None:
        """Tell of a disk that does not answer, and free the journal if the event loop has ended.

        One thread does it for all claims, for which a time-out costs much.
        """
        while not self._stopped.wait(min(LOOK, self._patience / 4)):
            since = self._busy_since
            silent = since is not None and self._clock.now() - since > self._patience
            if not self.soon(self._silent if silent else _nothing):
                self._orphaned = True
                self.stop()
                return

    def _serve(self, store: Store) -> None:
        self.soon(self.opened.set)
        whole = True
        while (batch := self._queue.get()) is not None:
            if isinstance(batch, threading.Event):
                batch.set()
                continue
            changed, self._busy_since = False, self._clock.now()
            try:
                changed = store.write(batch.settled, batch.requests)
            except Exception as error:
                batch.error = explained(self._path, error)
            self._busy_since = None
            whole = batch.error is None
            self.soon(lambda batch=batch: self._written(batch))  # type: ignore[misc]
            if changed:
                threading.Event().wait(REST)
            self.soon(self._rested)
        store.close(clean=whole and not self._orphaned)


def _nothing() -> None:
    pass
