"""Listings as streams: items, or pages of them. Guide: Handling Pagination."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import field, frozen

from ._clock import Clock, SystemClock
from ._core.cursor import EMPTY_PAGES, EmptyPages, LoopGuard
from ._iteration import AsyncOnly, Producer, SharedIterator
from ._tasks import Tasks
from .errors import ConfigurationError, DecodeError

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
