"""Listings as streams: items, or pages of them. Guide: Handling Pagination."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from anyio.streams.memory import MemoryObjectSendStream
from attrs import field, frozen

from ._core.cursor import LoopGuard
from ._tasks import Producer
from .errors import ConfigurationError, DecodeError

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

T = TypeVar("T")


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


class Pages(Generic[T]):
    """A listing. `async for item in pages` gives its items, `pages.by_page()` its pages.

    Each loop starts at the first page.

    Nothing is fetched before the loop runs, and no more than one page is held. To resume, pass the `next_key` of a page
    as `last_evaluated_key` to the method that made this. The loops raise what the calls raise, and DecodeError for a
    listing that runs in a circle.
    """

    __slots__ = ("_fetch", "_key")

    def __init__(self, fetch: Fetch, key: str | None = None) -> None:
        self._fetch = fetch
        self._key = key

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.by_page())

    def by_page(self) -> AsyncIterator[Page[T]]:
        """Return an iterator over the pages."""
        return _ByPage(self._fetch, self._key)

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


class _ByPage(Generic[T]):
    """An iterator and no generator: leaving it early leaves nothing to be closed."""

    def __init__(self, fetch: Fetch, key: str | None) -> None:
        self._fetch = fetch
        self._key = key
        self._guard = LoopGuard()
        self._ended = False

    def __aiter__(self) -> AsyncIterator[Page[T]]:
        return self

    async def __anext__(self) -> Page[T]:
        if self._ended:
            raise StopAsyncIteration
        page: Page[T] = await self._fetch(self._key)
        if page.next_key is None:
            self._ended = True
        elif page.next_key == self._key or self._guard.looped(page.next_key):
            self._ended = True
            raise DecodeError(f"the listing runs in a circle: the key {page.next_key!r} came before")
        self._key = page.next_key
        return page


class _Items(Generic[T]):
    def __init__(self, pages: SupportsAnext[Page[T]]) -> None:
        self._pages = pages
        self._items: list[T] = []

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            self._items = (await anext(self._pages)).items[::-1]
        return self._items.pop()


class Ahead(Generic[T]):
    """The items of a listing, of which up to some pages are fetched ahead of the consumer."""

    def __init__(self, pages: AsyncIterator[Page[T]], count: int) -> None:
        self._reader = _Reader(pages, count)

    async def __aenter__(self) -> AsyncIterator[T]:
        await self._reader.__aenter__()
        return _Items(self._reader)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._reader.__aexit__(kind, error, traceback)


class _Reader(Producer[Page[T]]):
    """Fetches pages in a task of its own."""

    def __init__(self, pages: AsyncIterator[Page[T]], count: int) -> None:
        super().__init__(tasks=1, buffer=count - 1)
        self._pages = pages

    async def _produce(self, send: MemoryObjectSendStream[Page[T]]) -> None:
        try:
            async for page in self._pages:
                await send.send(page)
        except Exception as error:
            self._error = error
