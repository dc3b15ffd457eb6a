"""Collections: an operator's records of one kind, as plain JSON that can be listed, saved and loaded."""

from __future__ import annotations

from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ..protocol.errors import Refusal
from ..protocol.messages import Page
from .paging import first_page

if TYPE_CHECKING:
    from collections.abc import Callable


Record = dict[str, Any]

_PLAIN = "!#$&'()*+,/:;<=>?@[]^`{|}"
"""The characters of a key that a header can have unencoded, beside letters and digits."""


class Collection(dict[str, Record]):
    """The records of one kind, by their identifiers, oldest first; all values are JSON."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        """The name of the kind in errors: `event handler`."""

    @classmethod
    def from_state(cls, state: dict[str, Record], kind: str) -> Collection:
        """Return the collection that a state file has."""
        collection = cls(kind)
        collection.update(state)
        return collection

    def to_state(self) -> dict[str, Record]:
        """Return what a state file has of this collection."""
        return dict(self)

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
        key = unquote(key or "") or None
        if key is not None and key not in self:
            raise Refusal.invalid("last_evaluated_key is not one of this listing")
        rest = self.items() if key is None else islice(dropwhile(lambda item: item[0] != key, self.items()), 1, None)
        found, next_key = first_page(
            (item for item in rest if wanted is None or wanted(item[1])),
            limit,
            key=lambda item: quote(item[0], safe=_PLAIN),
        )
        return Page.of([record if shown is None else shown(record) for _, record in found], next_key)
