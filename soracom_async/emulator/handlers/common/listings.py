"""Listings of records that are in no collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...state.collections import Collection, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ...protocol.messages import Page
    from ...service.call import Call
    from ...state.collections import Record


def listing(call: Call, records: Iterable[Record], key: str, wanted: Callable[[Record], bool] | None = None) -> Page:
    """Return the page of records that the query means; the field `key` identifies each record."""
    places = call.operator.places.setdefault("/".join([call.operation.id, *call.path.values()]), {})
    collection = Collection(key, places)
    collection.update((str(record[key]), record) for record in records)
    return call.page(collection, wanted, visible)
