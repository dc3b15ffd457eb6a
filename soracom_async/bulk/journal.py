"""The journal of a run on disk: which keys began, and how they ended, through kills and power cuts.

Claims and ends of keys that come while the disk is busy go into its next transaction together: many keys share one wait
for the disk.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from functools import partial

import anyio
import anyio.lowlevel

from .._tasks import to_the_end
from .._version import __version__
from ._opening import open_store
from ._schema import resolved, storable
from ._store import Flight, Request, Settled
from ._writer import Batch, Writer
from .claims import Claim, Failure, Identity, State, error_text
from .results import JournalError
from .status import failures

PATIENCE = 60.0
"""Seconds after which a disk that does not answer is an error."""
OPENING_PATIENCE = 600.0
"""Seconds that the check of an old journal may take: it reads all of it."""


class Journal:
    """The claims of all runs of one operation over some keys, in a SQLite file that one run uses at a time.

    It belongs to the process and the event loop that opened it.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Identity, repeat_unknown: bool, library: str) -> None:
        self.path: str = resolved(path)
        self.identity: Identity = identity
        self._pid = os.getpid()
        self._latest: Batch | None = None
        """The batch that was begun last; those before it are written before it."""
        self._waits = False
        """Whether the latest batch takes more, and waits to be given to the writer."""
        self._given: deque[Batch] = deque()
        """The batches that the writer has."""
        self._flights: dict[str, Flight] = {}
        """What began and did not end, by the key's text."""
        self._unwritten: list[Settled] = []
        """How keys ended, as far as that could not be written."""
        self._error: JournalError | None = None
        """Why nothing can be written any more."""
        self._closed = False
        opening = partial(open_store, self.path, identity, repeat_unknown=repeat_unknown, library=library)
        self._writer = Writer(
            self.path,
            opening,
            written=self._written,
            rested=self._rested,
            silent=self._give_up,
            patience=PATIENCE,
        )

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str],
        identity: Identity,
        *,
        repeat_unknown: bool = False,
        library: str = __version__,
    ) -> Journal:
        """Open the journal at `path` for one run, or make it; `library` is the version that it notes.

        With `repeat_unknown`, keys of which nobody knows whether they were done begin again, although they act each
        time. Raises JournalError if the journal belongs to another operation, other arguments or another operator, if
        it is in use, damaged, of a newer format or no journal, and if it lost keys that may not be sent again.
        """
        journal = cls(path, identity, repeat_unknown, library)
        writer = journal._writer
        try:
            await to_the_end(partial(journal._wait, writer.opened, OPENING_PATIENCE))
            await anyio.lowlevel.checkpoint_if_cancelled()
        except BaseException:
            await journal.aclose()
            raise
        if writer.error is not None:
            journal._closed = True
            raise writer.error
        return journal

    async def claim(self, text: str, row: str | None = None) -> Claim:
        """Return whether a key may begin now; BEGIN only once that is on disk.

        A claim that is cancelled is as if it had never been made. Raises JournalError if it cannot be written.
        """
        self._check()
        if self._closed:
            raise JournalError(f"journal {self.path} is closed")
        if self._error is not None:
            raise self._failure(self._error)
        request = Request(storable(text), None if row is None else storable(row))
        batch = self._batch()
        batch.requests.append(request)
        try:
            await batch.ended.wait()  # the writer's watch bounds it
        except BaseException:
            self._abandon(request)
            raise
        if batch.error is not None or request.claim is None or request.abandoned:
            raise self._failure(batch.error or self._error)
        return request.claim

    def settle(self, text: str, state: State, error: BaseException | None = None) -> None:
        """Record how a key ended; this does not wait. Raises KeyError if it has not begun."""
        self._put(storable(text), state, None if error is None else storable(error_text(error)))

    def unclaim(self, text: str) -> None:
        """Take back a claim of which certainly nothing was sent; without a wait. Raises KeyError if there is none."""
        self._put(storable(text), None)

    def failures(self) -> Iterator[Failure]:
        """Return the keys that were not done, FAILED and UNKNOWN ones, with those of former runs.

        Before `aclose` this waits until all that was settled is on disk: call it in the thread of the event loop.
        Raises JournalError.
        """
        self._check()
        if not self._closed:
            self._hand_over()
            if not self._writer.flush(PATIENCE):
                raise self._silent()
        return failures(self.path)

    async def aclose(self) -> None:
        """Return once all that was settled is on disk, and the journal is free for others; also when cancelled.

        Raises JournalError if something could not be written, and says how much. In a forked child it does nothing.
        """
        if not self._closed and self._pid == os.getpid():
            self._closed = True
            await to_the_end(self._close)

    async def _close(self) -> None:
        try:
            await self._idle()
            if self._unwritten:  # there may be space by now
                self._batch().settled, self._unwritten = self._unwritten, []
                await self._idle()
        finally:
            self._writer.stop()
        await self._wait(self._writer.ended, PATIENCE)
        if self._unwritten:
            raise JournalError(
                f"{self._error}. How {len(self._unwritten)} keys ended could not be written: "
                "the next run takes them as under way"
            ) from self._error
        if self._writer.error is not None:
            raise self._writer.error

    async def _idle(self) -> None:
        """Return when all batches are written."""
        while self._latest is not None and not self._latest.ended.is_set():
            await self._wait(self._latest.ended, PATIENCE)

    async def _wait(self, event: anyio.Event, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await event.wait()
            return
        raise self._silent()

    def _batch(self) -> Batch:
        """Return the batch of the next transaction."""
        if self._latest is None or not self._waits:
            self._latest, self._waits = Batch(), True
            if not self._given:
                self._writer.soon(self._hand_over)  # until then, other tasks add to it
        return self._latest

    def _hand_over(self) -> None:
        """Give the latest batch to the writer."""
        if self._latest is not None and self._waits:
            self._waits = False
            self._given.append(self._latest)
            self._writer.write(self._latest)

    def _written(self, batch: Batch) -> None:
        """Tell those who wait for a batch."""
        if batch.error is not None:
            self._error = self._error or batch.error
            self._unwritten += batch.settled
        else:
            for request in batch.requests:
                if request.flight is not None:
                    self._flights[request.key] = request.flight
                    if request.abandoned:
                        self._put(request.key, None)
        batch.ended.set()

    def _rested(self) -> None:
        """Give the writer what came while it was busy."""
        self._given.popleft()
        if not self._given:
            self._hand_over()

    def _give_up(self) -> None:
        """End the claims that wait for a disk that does not answer; what it may still write of them is taken back."""
        self._error = self._error or self._silent()
        for batch in (*self._given, self._latest):
            if batch is not None and not batch.ended.is_set():
                for request in batch.requests:
                    self._abandon(request)
                batch.ended.set()

    def _put(self, key: str, state: State | None, error: str | None = None) -> None:
        settled = Settled(self._flights.pop(key), state, error)
        if self._error is None:
            self._batch().settled.append(settled)
        else:
            self._unwritten.append(settled)

    def _abandon(self, request: Request) -> None:
        """Take back a claim whose caller was cancelled: now, or when it is answered."""
        request.abandoned = True
        if request.flight is not None and request.key in self._flights:
            self._put(request.key, None)

    def _check(self) -> None:
        if self._pid != os.getpid():
            raise JournalError(f"journal {self.path} belongs to another process: open one in each process")

    def _failure(self, error: JournalError | None) -> JournalError:
        """Return a new error for each who gets it: an error keeps the frames that it went through."""
        failure = JournalError(str(error))
        failure.__cause__ = error
        return failure

    def _silent(self) -> JournalError:
        return JournalError(f"journal {self.path}: the disk does not answer: check it and run again")
