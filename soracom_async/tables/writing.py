"""The one way in which a table becomes a file: batch by batch, in threads, whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, BinaryIO, Protocol, TypeVar

from anyio.to_thread import run_sync

from .._tasks import to_the_end
from ..errors import ConfigurationError
from ..files.replacing import named, replacing, write_all
from .columns import SAMPLE, Columns
from .source import Items, Layout, Table

T = TypeVar("T")
Path = str | os.PathLike[str]
To = Path | BinaryIO
"""Where to write: a path, or a file that is open for bytes."""

_NO_BYTES: tuple[type[Any], ...] = (io.TextIOBase,)


class Sink(Protocol):
    """What writes items in its format; `write` and `finish` are called in threads, one at a time."""

    def write(self, items: list[Any]) -> None:
        """Write some items."""
        ...

    def finish(self) -> None:
        """Write what stands behind the items."""
        ...


class Output:
    """The file that a sink writes to. Behind an error it takes nothing more, and says nothing of it.

    Some formats write their end also when what writes them is collected.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.closed = False
        self._place = 0
        """The place in what nobody gets, behind an error."""

    def write(self, data: bytes) -> int:
        """Write all of some bytes."""
        if self.closed:
            self._place += len(data)
        else:
            write_all(self._file, data)
        return len(data)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._place if self.closed else self._file.tell()

    def seek(self, offset: int) -> int:
        """Go to a place in the file."""
        if self.closed:
            self._place = offset
            return offset
        return self._file.seek(offset)

    def flush(self) -> None:
        """Hand on what waits."""
        if not self.closed:
            self._file.flush()


async def write(
    items: Items,
    to: To,
    columns: Columns | None,
    model: Any,
    sink: Callable[[Output, Layout], AbstractContextManager[Sink]],
    size: int = SAMPLE,
) -> int:
    """Write a table and return how many rows it has; whatever goes wrong, no file of that name is there.

    Raises ConfigurationError, OSError, and what the items raise.
    """
    table = Table(items, columns, model, size)
    count = 0
    try:
        with _opened(to) as file:
            layout = await table.open()
            with _named(to):
                opened = sink(file, layout)
            with opened as writer:
                async for batch in table:
                    with _named(to):
                        await in_thread(writer.write, batch)
                    count += len(batch)
                with _named(to):
                    await in_thread(writer.finish)
                    await in_thread(file.flush)
    finally:
        await table.aclose()
    return count


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread and return what it returns; a cancellation waits for its end."""
    results: list[T] = []

    async def run() -> None:
        results.append(await run_sync(function, *arguments))

    await to_the_end(run)
    return results[0]


@contextmanager
def _opened(to: To) -> Iterator[Output]:
    """Give the file to write to."""
    if isinstance(to, _NO_BYTES) or not (isinstance(to, str | os.PathLike) or hasattr(to, "write")):
        raise ConfigurationError(
            f"a table is written to a path or to a file opened for bytes, not to {type(to).__name__}: "
            "open the file with 'wb', or give sys.stdout.buffer"
        )
    with _file(to) as file:
        output = Output(file)
        try:
            yield output
        except BaseException:
            output.closed = True
            raise


def _file(to: To) -> AbstractContextManager[BinaryIO]:
    return replacing(os.fspath(to)) if isinstance(to, str | os.PathLike) else nullcontext(to)


def _named(to: To) -> AbstractContextManager[None]:
    return named(os.fspath(to)) if isinstance(to, str | os.PathLike) else nullcontext()


def extra(module: str, name: str, user: str) -> Any:
    """Return a library that an extra brings; raises ConfigurationError that says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise ConfigurationError(f"{user} needs {module.partition('.')[0]}: pip install {name!r}") from None
