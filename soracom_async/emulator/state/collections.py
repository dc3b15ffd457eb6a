"""Collections: an operator's records of one kind, as plain JSON that can be listed, saved and loaded."""

from __future__ import annotations

from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ..protocol.errors import Refusal
from ..protocol.messages import Page
from .paging import first_page, no_such_key

if TYPE_CHECKING:
    from collections.abc import Callable


Record = dict[str, Any]

_PLAIN = "!#$&'()*+,/:;<=>?@[]^`{|}"
"""The characters of a key that a header can have unencoded, beside letters and digits."""


REMEMBERED = 10_000
"""How many removed records of a collection keep their place."""


def visible(record: Record) -> Record:
    """Return what a client sees of a record: fields that begin with an underscore are private."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


class Collection(dict[str, Record]):
    """The records of one kind, by their identifiers, oldest first; all values are JSON.

    A removed record keeps its place for a while: a listing goes on from there, and a record of the same identifier
    that is added again is listed there.
    """

    def __init__(self, kind: str, order: dict[str, None] | None = None) -> None:
        super().__init__()
        self.kind = kind
        """The name of the kind in errors: `event handler`."""
        self._order: dict[str, None] = {} if order is None else order

    def __delitem__(self, identifier: str) -> None:
        self._settle()
        super().__delitem__(identifier)

    @classmethod
    def from_state(cls, state: dict[str, Record | None], kind: str) -> Collection:
        """Return the collection that a state file has."""
        collection = cls(kind, dict.fromkeys(state))
        collection.update((identifier, record) for identifier, record in state.items() if record is not None)
        return collection

    def to_state(self) -> dict[str, Record | None]:
        """Return what a state file has of this collection: None for a removed record."""
        self._settle()
        return {identifier: self.get(identifier) for identifier in self._order}

    def find(self, identifier: str) -> Record:
        """Return a record; raises Refusal (404) if there is none of that identifier."""
        try:
            return self[identifier]
        except KeyError:
            raise Refusal.not_found(self.kind, identifier) from None

    def put(self, identifier: str, record: Record) -> Record:
        """Add a new record, and return it; raises Refusal (409) if the identifier is taken."""
        if identifier in self:
            raise Refusal.exists(self.kind, identifier)
        self[identifier] = record
        return record

    def take(self, identifier: str) -> Record:
        """Remove a record, and return it; raises Refusal (404) if there is none."""
        record = self.find(identifier)
        del self[identifier]
        return record

    def page(
        self,
        limit: int,
        key: str | None = None,
        wanted: Callable[[Record], bool] | None = None,
        shown: Callable[[Record], Any] | None = None,
    ) -> Page:
        """Return up to `limit` records after `key`, which is the last identifier of the page before."""
        self._settle()
        key = unquote(key or "") or None
        if key is not None and key not in self._order:
            raise no_such_key()
        rest = self._order if key is None else islice(dropwhile(lambda each: each != key, self._order), 1, None)
        found, next_key = first_page(
            (each for each in rest if each in self and (wanted is None or wanted(self[each]))),
            limit,
            key=lambda identifier: quote(identifier, safe=_PLAIN),
        )
        return Page.of([self[each] if shown is None else shown(self[each]) for each in found], next_key)

    def _settle(self) -> None:
        """Give the new records their places: behind all others. Forget those of the oldest removed ones."""
        self._order.update(dict.fromkeys(self))
        if len(self._order) > len(self) + 2 * REMEMBERED:
            removed = [identifier for identifier in self._order if identifier not in self]
            for identifier in removed[:-REMEMBERED]:
                del self._order[identifier]
