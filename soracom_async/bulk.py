"""The same operation over many keys: a bounded number at once, one result or error for each key.

For example:

    async with bulk.run(soracom.sims.activate, sim_ids, concurrency=32) as results:
        async for result in results:
            print(result.key, result, results.done, results.total)
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sized
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from attrs import frozen

from ._tasks import Producer
from .errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

K = TypeVar("K")
V = TypeVar("V")


@frozen(slots=True)
class Ok(Generic[K, V]):
    """The call for `key` succeeded and returned `value`."""

    key: K
    value: V


@frozen(slots=True)
class Failed(Generic[K]):
    """The call for `key` failed with `error`."""

    key: K
    error: Exception


Result: TypeAlias = Ok[K, V] | Failed[K]


def run(
    function: Callable[[K], Awaitable[V]],
    keys: Iterable[K] | AsyncIterable[K],
    *,
    concurrency: int = 32,
    total: int | None = None,
) -> Run[K, V]:
    """Return an `async with` that calls `function` for each of `keys` and gives the results in order of completion.

    `keys` may be any iterable, async ones too (a listing for example), and is read no faster than the calls go; at most
    `concurrency` calls are under way, and no more results than that wait to be consumed. `total` is the number of keys,
    for progress, if `keys` does not know it. An error of a call is the result of its key; an error of `keys` itself
    is raised by the loop, behind the results that came before it. Leaving the `async with` cancels what is under way.
    """
    if not callable(function):
        raise ConfigurationError(f"bulk.run needs a function to call for each key, not {type(function).__name__}")
    if not isinstance(keys, Iterable | AsyncIterable) or isinstance(keys, str | bytes):
        raise ConfigurationError(f"bulk.run needs an iterable of keys, not {type(keys).__name__}")
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigurationError(f"concurrency={concurrency!r} must be 1 or more")
    return Run(function, keys, concurrency, len(keys) if total is None and isinstance(keys, Sized) else total)


class Run(Producer[Result[K, V]], Generic[K, V]):
    """A run under way: an async iterator of results, with `done` and `total`."""

    def __init__(
        self,
        function: Callable[[K], Awaitable[V]],
        keys: Iterable[K] | AsyncIterable[K],
        concurrency: int,
        total: int | None,
    ) -> None:
        super().__init__(concurrency if total is None else min(concurrency, total), concurrency)
        self._function = function
        self._keys: SupportsAnext[K] = aiter(keys) if isinstance(keys, AsyncIterable) else _Async(keys)
        self._reading = anyio.Lock()
        self._read_all = False
        self.done: int = 0
        """How many results were consumed."""
        self.total: int | None = total
        """How many keys there are, if that is known."""

    async def __anext__(self) -> Result[K, V]:
        result = await super().__anext__()
        self.done += 1
        return result

    async def _produce(self, send: MemoryObjectSendStream[Result[K, V]]) -> None:
        while True:
            async with self._reading:
                if self._read_all:
                    return
                try:
                    key = await anext(self._keys)
                except Exception as error:
                    self._error = None if isinstance(error, StopAsyncIteration) else error
                    self._read_all = True
                    return
            try:
                result: Result[K, V] = Ok(key, await self._function(key))
            except Exception as error:
                result = Failed(key, error)
            await send.send(result)


class _Async(Generic[K]):
    """An iterator, as an async one."""

    def __init__(self, keys: Iterable[K]) -> None:
        self._keys = iter(keys)

    async def __anext__(self) -> K:
        try:
            return next(self._keys)
        except StopIteration:
            raise StopAsyncIteration from None
