"""How far things are: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from rich.console import Console


class Bar(Protocol):
    """The progress of one thing."""

    def advance(self, count: int = 1) -> None:
        """Count `count` more as done."""
        ...

    def note(self, text: str) -> None:
        """Say what it waits for; an empty text: it goes on."""
        ...


class Bars(Protocol):
    """The progress of several things."""

    def add(self, name: str, total: int) -> Bar:
        """Begin another one."""
        ...


def progress(console: Console) -> AbstractContextManager[Bars]:
    """Return a `with` that shows progress on `console`, in the way that suits it."""
    if console.is_terminal:
        return _Live(console)
    return nullcontext(_Lines(console))


class _Live:
    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:>6,.0f} of {task.total:,.0f}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def add(self, name: str, total: int) -> Bar:
        return _LiveBar(self._progress, self._progress.add_task(name, total=total, note=""))


class _LiveBar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int = 1) -> None:
        self._progress.advance(self._task, count)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=text)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console

    def add(self, name: str, total: int) -> Bar:
        return _LinesBar(self._console, name, total)


class _LinesBar:
    """A line at each quarter, and one at the beginning of each wait."""

    def __init__(self, console: Console, name: str, total: int) -> None:
        self._console = console
        self._name = name
        self._total = total
        self._done = 0
        self._noted = False

    def advance(self, count: int = 1) -> None:
        before = self._done * 4 // self._total
        self._done += count
        if self._done * 4 // self._total > before:
            self._connection_to()

    def note(self, text: str) -> None:
        if text and not self._noted:
            self._connection_to(f"; {text}")
        self._noted = bool(text)

    def _connection_to(self, more: str = "") -> None:
        self._console.print(f"{self._name}: {self._done:,} of {self._total:,}{more}", highlight=False, soft_wrap=True)
