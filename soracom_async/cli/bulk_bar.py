"""The bar of a bulk run; needs rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

if TYPE_CHECKING:
    from .bulk_view import Progress


class Bar:
    """A bar with the counts, the rate, the time left, and below it the quota; lines stand above it."""

    def __init__(self, progress: Progress, every: float) -> None:
        self._progress = progress
        self.every = every
        self._console = Console(file=sys.stderr, highlight=False)
        self._bar = RichProgress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[troubles]}", style="red"),
            TextColumn("{task.fields[quota]}", style="dim"),
            console=self._console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=None, rate="", troubles="", quota="")
        self._bar.start()

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._console.print(Text(text), soft_wrap=True)

    def look(self) -> None:
        """Draw the bar."""
        progress = self._progress
        summary = progress.summary
        self._bar.update(
            self._task,
            total=summary.total,
            completed=summary.done,
            rate=progress.rate(),
            troubles=progress.troubles(),
            quota=progress.quota(),
            refresh=True,
        )

    def close(self) -> None:
        """Draw it for the last time, and leave it there."""
        self.look()
        self._bar.stop()
