"""`--where status=active`: which items of a listing are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from attrs import frozen

from .._codec.fields import is_model
from .._iteration import SharedIterator
from ..tables import columns

T = TypeVar("T")


@frozen
class Condition:
    """A value that an item must have, or must not have."""

    path: tuple[str, ...]
    """The name of a field, and within it: `("tags", "site")`."""
    value: str
    negated: bool = False

    @classmethod
    def of(cls, name: str, value: str) -> Condition:
        """Return the condition of `NAME=VALUE`, or of `NAME!=VALUE`, whose name ends in `!`."""
        return cls(tuple(name.removesuffix("!").split(".")), value, name.endswith("!"))

    def holds(self, item: object) -> bool:
        """Tell whether an item fulfils it."""
        return self.negated is not (self.value in _texts(at(item, self.path)))


class Chosen(SharedIterator[T]):
    """The items of a listing that fulfil all conditions."""

    def __init__(self, items: AsyncIterable[T], conditions: Iterable[Condition], item_type: Any) -> None:
        super().__init__()
        self._source: AsyncIterator[T] = aiter(items)
        self._conditions = list(conditions)
        self.item_type: Any = item_type
        """What the items are declared as."""

    async def _refill(self) -> None:
        item = await anext(self._source)
        if all(condition.holds(item) for condition in self._conditions):
            self._items.append(item)


def conditions(given: Iterable[tuple[str, str]], item_type: Any) -> list[Condition]:
    """Return the conditions of `--where`; raises ConfigurationError for a name that no item of the listing has."""
    made = [Condition.of(name, value) for name, value in given]
    for condition in made if is_model(item_type) else ():
        columns(item_type, [".".join(condition.path)])
    return made


def at(item: object, path: tuple[str, ...]) -> Any:
    """Return what lies at a path of a model; None where there is nothing.

    The names of tags hold dots as well, so that what is left of a path may be one name.
    """
    for place, name in enumerate(path):
        if isinstance(item, Mapping):
            whole = ".".join(path[place:])
            if whole in item:
                return item[whole]
            item = item.get(name)
        else:
            item = getattr(item, name, None)
    return item


def _texts(value: object) -> list[str]:
    """Return a value as texts, of which one must be the wanted one; that of nothing is empty."""
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, datetime):
        return [value.isoformat()]
    return ["" if value is None else str(value)]
