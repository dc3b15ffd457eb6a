"""A listing of the API by its words, as a stream of the items that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, get_args, get_origin

from .._iteration import SharedIterator
from .._resource import operation_of
from ..bulk.targets import Target
from ..errors import ConfigurationError
from .fixed import fixed
from .where import Chosen, conditions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ..client import Soracom
    from .words import Method

Given = list[tuple[str, str]]
"""Names with values, as an option that may be repeated has them."""


class Items(Protocol):
    """A stream of items that knows what they are declared as."""

    item_type: Any

    def __aiter__(self) -> AsyncIterator[Any]: ...


def listed(method: Method, soracom: Soracom, arguments: Given, where: Given) -> Items:
    """Return the items of a listing that fulfil the conditions; nothing is sent before they are iterated.

    Raises ConfigurationError for what is no listing, for an argument that is missing or unknown, and for a name in a
    condition that no item has.
    """
    plain = method.of(soracom)
    operation, paged = operation_of(plain)
    if not paged and get_origin(operation.result) is not list:
        raise ConfigurationError(f"{str(method)!r} is no listing: its answer is not a list of items")
    function = fixed(plain, arguments)
    missing = Target.of(function).required
    if missing:
        names = ", ".join(sorted(missing))
        raise ConfigurationError(f"{str(method)!r} needs {names}: give it by --set {min(missing)}=…")
    [item_type] = get_args(operation.result)
    items: Items = function() if paged else _Whole(function, item_type)
    chosen = conditions(where, item_type)
    return Chosen(items, chosen, item_type) if chosen else items


class _Whole(SharedIterator[Any]):
    """The items of a listing that comes in one answer."""

    def __init__(self, function: Callable[[], Awaitable[list[Any]]], item_type: Any) -> None:
        super().__init__()
        self._function = function
        self._asked = False
        self.item_type: Any = item_type
        """What the items are declared as."""

    async def _refill(self) -> None:
        if self._asked:
            raise StopAsyncIteration
        self._items += await self._function()
        self._asked = True
