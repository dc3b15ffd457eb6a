"""The same operation over many keys: a bounded number at once, one result or error for each key.

For example:

    async with bulk.run(soracom.sims.activate, sim_ids, concurrency=32) as results:
        async for result in results:
            print(result.key, result, results.done, results.total)
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sized
from typing import TYPE_CHECKING, Generic, TypeVar

from .._iteration import Producer
from .._tasks import Tasks
from ..errors import ConfigurationError
from .results import Failed, Ok, Result

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

K = TypeVar("K")
V = TypeVar("V")


def run(
    function: Callable[[K], Awaitable[V]],
    keys: Iterable[K] | AsyncIterable[K],
    *,
    concurrency: int = 32,
    total: int | None = None,
) -> Run[K, V]:
    """Return an `async with` that calls `function` for each of `keys` and gives the results in order of completion.

    `keys` may be any iterable, async ones too (a listing for example), and is read no faster than the calls go; at most
    `concurrency` calls are under way, and none begins while as many results wait to be consumed. `total` is the number
    of keys, for progress, if `keys` does not know it. An error of a call is the result of its key; an error of `keys`
    itself is raised by the loop, behind the results that came before it, and a new loop reads on if `keys` can go on.
    Leaving the `async with` cancels what is under way. Several tasks may loop over the results: each goes to one.
    """
    if not callable(function):
        raise ConfigurationError(f"bulk.run needs a function to call for each key, not {type(function).__name__}")
    if not isinstance(keys, Iterable | AsyncIterable) or isinstance(keys, str | bytes):
        raise ConfigurationError(f"bulk.run needs an iterable of keys, not {type(keys).__name__}")
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigurationError(f"concurrency={concurrency!r} must be 1 or more")
    return Run(function, keys, concurrency, len(keys) if total is None and isinstance(keys, Sized) else total)


class Run(Producer[K, Result[K, V]], Generic[K, V]):
    """A run under way: an async iterator of results, with `done` and `total`."""

    _usage = "'async with bulk.run(…) as results', and in it 'async for result in results'"

    def __init__(
        self,
        function: Callable[[K], Awaitable[V]],
        keys: Iterable[K] | AsyncIterable[K],
        concurrency: int,
        total: int | None,
    ) -> None:
        source: SupportsAnext[K] = aiter(keys) if isinstance(keys, AsyncIterable) else _Async(keys)
        super().__init__(source, concurrency if total is None else max(1, min(concurrency, total)), concurrency)
        self._function = function
        self.done: int = 0
        """How many results were consumed."""
        self.total: int | None = total
        """How many keys there are, if that is known."""

    def _take(self) -> Result[K, V]:
        self.done += 1
        return super()._take()

    async def _produce(self, item: K, tasks: Tasks) -> Result[K, V]:
        try:
            return Ok(item, await self._function(item))
        except BaseException as error:
            if not tasks.brought_by_call(error):
                raise
            return Failed(item, error)


class _Async(Generic[K]):
    """An iterator, as an async one."""

    def __init__(self, keys: Iterable[K]) -> None:
        self._keys = iter(keys)

    async def __anext__(self) -> K:
        try:
            return next(self._keys)
        except StopIteration:
            raise StopAsyncIteration from None
