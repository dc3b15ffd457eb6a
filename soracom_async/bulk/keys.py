"""The keys of a run as a stream, read one at a time and no sooner than they may begin."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._codec.fields import is_model
from .._core.operation import Effect
from .._iteration import close_generator
from ..errors import ConfigurationError
from ..pages import Pages
from .limits import Limits
from .rows import Rows
from .targets import Method, Target

if TYPE_CHECKING:
    from _typeshed import SupportsAnext

K = TypeVar("K")


class Keys(Generic[K]):
    """An async iterator of keys, each given when it may begin."""

    def __init__(self, keys: Iterable[K] | AsyncIterable[K], limits: Limits) -> None:
        self._given: Any = keys
        self._source: SupportsAnext[K] = aiter(keys) if isinstance(keys, AsyncIterable) else _Async(keys)
        self._limits = limits

    async def __anext__(self) -> K:
        limits = self._limits
        await limits.wait()
        try:
            key = await anext(self._source)
        except StopAsyncIteration:
            limits.end()
            raise
        limits.check()
        limits.begin()
        return key

    async def aclose(self) -> None:
        """Close a generator of keys: it was handed over in the call, so nobody else holds it."""
        await close_generator(self._given)


class _Async(Generic[K]):
    """An iterator, as an async one."""

    def __init__(self, keys: Iterable[K]) -> None:
        self._keys = iter(keys)

    async def __anext__(self) -> K:
        try:
            return next(self._keys)
        except StopIteration:
            raise StopAsyncIteration from None


def checked_keys(keys: Any, target: Target, *, key: Callable[[Any], Any] | None) -> Any:
    """Return the keys of a run, rows by the names of the call's arguments.

    Raises ConfigurationError for what are no keys, if every key would fail (a column that is no argument, an argument
    that no key can give), and for rows that set the same thing to different states.
    """
    if not isinstance(keys, Iterable | AsyncIterable) or isinstance(keys, str | bytes):
        raise ConfigurationError(f"bulk.run needs an iterable of keys, not {type(keys).__name__}")
    if not isinstance(target, Method) or key is not None:
        return keys
    if isinstance(keys, Rows):
        keys = keys.renamed(target.wire_names)
        target.check_names(keys.columns, str(keys.path or "the rows"))
        in_path = [name for name in keys.columns if f"{{{name}}}" in target.operation.path]
        sets = target.effect is Effect.SET and is_model(target.operation.body)  # a list in the body may add to a state
        if sets and in_path and len(in_path) < len(keys.columns):
            keys.check_consistent(in_path)
        return keys
    if hasattr(keys, "columns"):
        raise ConfigurationError(
            f"a {type(keys).__name__} as keys would be the names of its columns: give its rows as mappings, "
            "as in frame.to_dict('records'), or one column"
        )
    if isinstance(keys, Mapping) and keys.keys() & target.parameters.keys():
        raise ConfigurationError("a mapping is one key: give a list of mappings")
    texts = isinstance(keys, Collection) and len(keys) > 0 and all(type(each) is str for each in keys)
    if texts or isinstance(keys, Pages):
        target.check_single("the keys", by_model=not texts)
    if isinstance(keys, Pages) and is_model(keys.item_type):
        target.check_model(keys.item_type, "the keys")
    return keys
