"""How far a bulk run is: a bar on a terminal, a line now and then anywhere else. Both on standard error."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import anyio

from .wording import counted, lasting, window

if TYPE_CHECKING:
    from ..bulk import Run, Summary
    from ..client import Soracom

EVERY, LIVE = 30.0, 0.2
"""Seconds between two plain lines, and between two looks of the bar."""


class View(Protocol):
    """Shows a run."""

    every: float
    """Seconds between two looks at the run."""

    def say(self, text: str) -> None:
        """Print a line."""
        ...

    def look(self) -> None:
        """Show how far the run is."""
        ...

    def close(self) -> None:
        """Show it for the last time; lines may follow."""
        ...


async def watch(view: View, ended: anyio.Event) -> None:
    """Show again and again how far a run is, until it has ended."""
    while True:
        with anyio.move_on_after(view.every) as pause:
            await ended.wait()
        if not pause.cancelled_caught:
            return
        view.look()


class Progress:
    """How far a run is, in words."""

    def __init__(self, run: Run[object, object], soracom: Soracom, group: str | None) -> None:
        self._run = run
        self._soracom = soracom
        self._group = group

    @property
    def summary(self) -> Summary:
        """The counts as they are now."""
        return self._run.summary()

    def rate(self) -> str:
        """Return calls a second, and the time that is left: `16.4/s, 12 min left`."""
        summary = self.summary
        called = summary.done - summary.skipped
        if not called or not summary.seconds:
            return ""
        rate = called / summary.seconds
        left = "" if summary.total is None else f", {lasting((summary.total - summary.done) / rate)} left"
        return f"{rate:,.1f}/s{left}"

    def troubles(self) -> str:
        """Return how many keys failed, and of how many nobody knows: `3 failed, 1 unknown`."""
        summary = self.summary
        counts = {"failed": summary.failed, "unknown": summary.unknown}
        return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)

    def quota(self) -> str:
        """Return the window of the quota that the run draws on."""
        limit = self._soracom.rate_limits().get(self._group or "")
        return "" if limit is None else f"quota {window(limit.limit, limit.remaining, limit.refresh_in)}"

    def line(self) -> str:
        """Return all of it as one line."""
        summary = self.summary
        of = "" if summary.total is None else f" of {summary.total:,}"
        head = f"{summary.done:,}{of} keys" if of else counted(summary.done, "key")
        return "; ".join(filter(None, (head, self.troubles(), self.rate(), self.quota())))


def view(progress: Progress) -> View:
    """Return what suits standard error: a bar takes a terminal, and rich."""
    if sys.stderr.isatty() and find_spec("rich") is not None:
        from .bulk_bar import Bar

        return Bar(progress, LIVE)
    return Lines(progress, EVERY)


class Lines:
    """Plain lines."""

    def __init__(self, progress: Progress, every: float) -> None:
        self._progress = progress
        self.every = every

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)

    def look(self) -> None:
        """Print a line."""
        self.say(self._progress.line())

    def close(self) -> None:
        """Do nothing: lines stay."""
