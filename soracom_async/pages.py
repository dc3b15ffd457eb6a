"""Listings as streams: items, or pages of them. Guide: Handling Pagination."""

from __future__ import annotations

import logging
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from attrs import evolve, field, frozen

from ._clock import Clock, SystemClock
from ._core.cursor import EMPTY_PAGES, EmptyPages, LoopGuard
from ._iteration import AsyncOnly, Producer, SharedIterator
from ._merging import Arrivals, Source, cancel
from ._tasks import Tasks
from .errors import ConfigurationError, DecodeError

S = TypeVar("S")
T = TypeVar("T")
log: logging.Logger = logging.getLogger("soracom_async")


@frozen(slots=True)
class Page(Generic[T]):
    """One page: its `items`, and `next_key`, with which the listing goes on; None on the last page.

    A page may be short or empty and yet not be the last. `extra` is what else the service sent beside the items.
    """

    items: list[T]
    next_key: str | None
    extra: dict[str, Any] = field(factory=dict)


Fetch = Callable[[str | None], Awaitable[Page[Any]]]
"""Fetches the page behind a key, or the first."""


class Pages(AsyncOnly, Generic[T]):
    """A listing. `async for item in pages` gives its items, `pages.by_page()` its pages.

    Each loop starts at the first page.

    Nothing is fetched before the loop runs, and no more than one page is held. To resume, pass the `next_key` of a page
    as `last_evaluated_key` to the method that made this. The loops raise what the calls raise, and DecodeError for a
    listing that runs in a circle. After many empty pages in a row they go on slowly, and say so in the log.

    One iterator (`items = aiter(pages)`, `by_page()`, `ahead()`) may serve several tasks: each item goes to exactly one
    of them, in order of asking, and a task that is cancelled loses none. An error is raised in all tasks that wait for
    the page; whoever asks again has the same page fetched again.
    """

    __slots__ = ("_clock", "_fetch", "_key", "_name", "item_type")
    _usage = "'async for item in pages', or 'await pages.collect()' for a list"

    def __init__(
        self,
        fetch: Fetch,
        key: str | None = None,
        *,
        name: str = "the listing",
        clock: Clock | None = None,
        item_type: Any = Any,
    ) -> None:
        self.item_type: Any = item_type
        """What the items are declared as: a model, as a rule; known also of a listing without items."""
        self._fetch = fetch
        self._key = key
        self._name = name
        self._clock = clock or SystemClock()

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.by_page())

    def by_page(self) -> AsyncIterator[Page[T]]:
        """Return an iterator over the pages."""
        return _ByPage(self._fetch, self._key, self._name, self._clock)

    def ahead(self, pages: int = 1) -> Ahead[T]:
        """Return an `async with` that fetches up to `pages` pages ahead of the consumer and gives the items."""
        if pages < 1:
            raise ConfigurationError(f"ahead({pages}): at least one page must be read ahead")
        return Ahead(self.by_page(), pages)

    async def collect(self) -> list[T]:
        """Return all items as a list: for listings known to be short."""
        items: list[T] = []
        async for page in self.by_page():
            items += page.items
        return items

    def __repr__(self) -> str:
        return "Pages()" if self._key is None else f"Pages(last_evaluated_key={self._key!r})"


class _ByPage(SharedIterator[Page[T]]):
    """An iterator and no generator: leaving it early leaves nothing to be closed."""

    _usage = "'async for page in pages.by_page()'"

    def __init__(self, fetch: Fetch, key: str | None, name: str, clock: Clock) -> None:
        super().__init__()
        self._fetch = fetch
        self._key = key
        self._name = name
        self._clock = clock
        self._guard = LoopGuard()
        if key is not None:
            self._guard.looped(key)
        self._empty = EmptyPages()
        self._ended = False

    async def _refill(self) -> None:
        if self._ended:
            raise StopAsyncIteration
        if self._empty.pause:
            await self._clock.sleep(self._empty.pause)
        page: Page[T] = await self._fetch(self._key)
        if page.next_key is None:
            self._ended = True
        elif self._guard.looped(page.next_key):
            self._ended = True
            raise DecodeError(f"{self._name} runs in a circle: the key {page.next_key!r} came before")
        if self._empty.too_many(len(page.items)):
            log.warning("%s gave %d empty pages in a row: from now on it is read slowly", self._name, EMPTY_PAGES)
        self._key = page.next_key
        self._items.append(page)


class _Items(SharedIterator[T]):
    _usage = "'async for item in items'"

    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        super().__init__()
        self._pages = pages

    async def _refill(self) -> None:
        self._items += (await anext(self._pages)).items


class Ahead(AsyncOnly, Generic[T]):
    """The items of a listing, of which up to some pages are fetched ahead of the consumer."""

    _usage = "'async with pages.ahead() as items', and in it 'async for item in items'"

    if not TYPE_CHECKING:
        __aiter__ = AsyncOnly._misused

    def __init__(self, pages: AsyncIterator[Page[T]], count: int) -> None:
        self._reader = _Reader(pages, 1, count)

    async def __aenter__(self) -> AsyncIterator[T]:
        await self._reader.__aenter__()
        return _Items(self._reader)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._reader.__aexit__(kind, error, traceback)


class _Reader(Producer[Page[T], Page[T]]):
    """Fetches pages in a task of its own."""

    _usage = Ahead._usage

    async def _produce(self, item: Page[T], tasks: Tasks) -> Page[T]:
        return item


def merge(sources: Mapping[S, AsyncIterable[T]]) -> Merged[S, T]:
    """Return one stream of several sources: their items, each with the name of its source.

    For example `async for source, sim in merge({"g": world.sims.list(), "jp": japan.sims.list()})`. `sources` are
    listings, or other async iterables, by any names. All are read at once, each one page ahead of the loop, or one item
    ahead if it has no pages. The items come in the order in which their pages arrive. Raises ConfigurationError for
    what cannot be read so.
    """
    if not isinstance(sources, Mapping):
        raise ConfigurationError(f"merge needs a mapping of names to listings, not {type(sources).__name__}")
    for name, source in sources.items():
        if not isinstance(source, AsyncIterable):
            raise ConfigurationError(f"merge: the source {name!r} must be a listing, not {type(source).__name__}")
    return Merged(sources)


class Merged(SharedIterator[tuple[S, T]], Generic[S, T]):
    """Several sources as one stream; see `merge`. It is read once: another loop goes on behind the one before.

    An error of a source is raised behind what arrived before it, with a note that names the source. Another loop goes
    on: it reads the other sources, and asks the one that failed again.

    To resume later, keep `next_keys` and `finished`, and merge listings that begin at these keys:

        merge({name: listing(name, last_evaluated_key=key)
               for name, key in next_keys.items() if name not in finished})

    Nothing is lost so. A page counts as given when the loop asks for more than its last item, so its items come twice
    if the two are read before. In a loop over `by_page()` it counts when the loop has it, and nothing comes twice.

    A loop that is left leaves nothing running: the requests that are under way are cancelled as soon as this object is
    gone. `async with merge(…) as merged` cancels them at its end, and waits for that.
    """

    _usage = "'async for source, item in merge({…})'"

    def __init__(self, sources: Mapping[S, AsyncIterable[T]]) -> None:
        super().__init__()
        self._sources = [_source(name, each) for name, each in sources.items()]
        self._pages = Arrivals(self._sources)
        self._open: tuple[Source[S, Page[T]], Page[T]] | None = None
        """The page of which items are given, and its source."""
        weakref.finalize(self, cancel, self._sources).atexit = False

    @property
    def next_keys(self) -> dict[S, str | None]:
        """The key at which each source goes on; None for its beginning, for one without keys, and behind its end."""
        return {source.name: source.key for source in self._sources}

    @property
    def finished(self) -> frozenset[S]:
        """The sources of which everything was given."""
        return frozenset(source.name for source in self._sources if source.finished)

    def by_page(self) -> AsyncIterator[tuple[S, Page[T]]]:
        """Return an iterator over the pages, each with its source; first comes what is left of a page that is open."""
        return _MergedPages(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._pages.aclose()

    async def _refill(self) -> None:
        self._close()
        self._open = source, page = await anext(self._pages)
        self._items += [(source.name, item) for item in page.items]

    def _close(self) -> None:
        """Count the page that was open as given."""
        if self._open is not None:
            source, page = self._open
            source.gave(page)
            self._open = None

    def _rest(self) -> tuple[S, Page[T]] | None:
        """Return what is left of the page that is open, and count it as given."""
        rest = [item for _, item in self._items]
        opened = self._open
        self._items.clear()
        self._close()
        return (opened[0].name, evolve(opened[1], items=rest)) if opened is not None and rest else None


class _MergedPages(SharedIterator[tuple[S, Page[T]]]):
    _usage = "'async for source, page in merged.by_page()'"

    def __init__(self, merged: Merged[S, T]) -> None:
        super().__init__()
        self._merged = merged  # also to keep it alive

    async def _refill(self) -> None:
        rest = self._merged._rest()
        if rest is None:
            source, page = await anext(self._merged._pages)
            source.gave(page)
            rest = source.name, page
        self._items.append(rest)


class _Singly(AsyncIterator[Page[T]]):
    """The items of what has no pages, each as a page."""

    def __init__(self, items: AsyncIterable[T]) -> None:
        self._items = aiter(items)

    async def __anext__(self) -> Page[T]:
        return Page([await anext(self._items)], None)


def _source(name: S, items: AsyncIterable[T]) -> Source[S, Page[T]]:
    if isinstance(items, Pages):
        return Source(name, items.by_page(), items._key, resumable=True)
    return Source(name, _Singly(items), None, resumable=False)
