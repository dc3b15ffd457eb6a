"""The pages of several sources, in the order in which they arrive; of each source one is read ahead.

A page is read in a task of its own, which ends with it. So a loop that is left leaves no task behind but those that
have a request under way, and `cancel` ends these too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from typing import Generic, Protocol, TypeVar

import anyio

from ._iteration import SharedIterator
from ._tasks import Tasks
from .errors import ConfigurationError

S = TypeVar("S")


class AnyPage(Protocol):
    """A page, of which the key of the next one counts here."""

    @property
    def next_key(self) -> str | None:
        """The key of the next page; None behind the last."""
        ...


P = TypeVar("P", bound=AnyPage)


class Source(Generic[S, P]):
    """One source: the iterator over its pages, and from where to resume."""

    def __init__(self, name: S, pages: AsyncIterator[P], key: str | None, *, resumable: bool) -> None:
        self.name = name
        self.key = key
        """The key of the first page that was not given to its end."""
        self.finished = False
        """Whether everything was given."""
        self.resumable = resumable
        """Whether its pages have keys; then the last one has none."""
        self.pages = pages
        self.read = False
        """Whether its end was read."""
        self.tasks: Tasks | None = None
        """Who reads the next page, from the beginning of that until it is taken."""

    def gave(self, page: P) -> None:
        """Note that all items of a page were given."""
        self.key = page.next_key
        self.finished = self.resumable and page.next_key is None


class Arrivals(SharedIterator[tuple[Source[S, P], P]]):
    """The pages of all sources, each with its source."""

    def __init__(self, sources: list[Source[S, P]]) -> None:
        super().__init__()
        self.sources = sources
        self._arrived: deque[tuple[Source[S, P], P | BaseException | None]] = deque()
        """A page, an error or, at the end, None."""
        self._arrival = anyio.Event()
        self._closed = False

    async def aclose(self) -> None:
        """Cancel what is under way, and wait for its end."""
        self._closed = True
        async with AsyncExitStack() as stack:
            for source in self.sources:
                if source.tasks is not None:
                    stack.push_async_callback(source.tasks.aclose)

    def _take(self) -> tuple[Source[S, P], P]:
        source, page = super()._take()
        self._begin(source)
        return source, page

    async def _refill(self) -> None:
        for source in self.sources:
            self._begin(source)
        while not self._items:
            if self._closed:
                raise ConfigurationError("the 'async with' was left: begin anew with 'async with merge(…) as merged'")
            if self._arrived:
                self._sort_in(*self._arrived.popleft())
            elif all(source.read for source in self.sources):
                raise StopAsyncIteration
            else:
                self._arrival = anyio.Event()
                await self._arrival.wait()

    def _sort_in(self, source: Source[S, P], what: P | BaseException | None) -> None:
        """Take in what came of a source; raise it if it is an error."""
        tasks, source.tasks = source.tasks, None
        assert tasks is not None  # noqa: S101 - they brought it
        tasks.check()
        if isinstance(what, BaseException):
            raise what
        if what is None:
            source.key, source.read, source.finished = None, True, True
        else:
            self._items.append((source, what))

    def _begin(self, source: Source[S, P]) -> None:
        """Begin to read the next page of a source, unless somebody does or has."""
        if source.tasks is not None or source.read or self._closed:
            return

        what: P | BaseException | None = RuntimeError(f"somebody else cancelled the reading of {source.name!r}")

        async def read(tasks: Tasks) -> None:
            nonlocal what
            try:
                what = await anext(source.pages)
            except StopAsyncIteration:
                what = None
            except BaseException as error:
                if not tasks.brought_by_call(error):
                    raise
                error.add_note(f"while reading the source {source.name!r}")
                what = error
                await tasks.absorb()

        def ended() -> None:
            nonlocal what
            self._arrived.append((source, what))
            self._arrival.set()
            what = None  # an error holds the frames that it went through

        source.tasks = Tasks(read, 1, ended)


def cancel(sources: Iterable[Source[S, P]]) -> None:
    """Cancel what is under way, from wherever this is called."""
    for source in sources:
        if source.tasks is not None:
            source.tasks.cancel_soon()
