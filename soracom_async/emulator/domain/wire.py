"""How records go out: a page at a time, times as text, without what is the service's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..state.collections import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..handlers import Call
    from ..protocol.messages import Page
    from ..state.collections import Record


def iso(milliseconds: float) -> str:
    """Return a Unix time as text."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def visible(record: Record) -> Record:
    """Return what a client sees of a record: names that begin with an underscore are the service's own."""
    return {name: value for name, value in record.items() if not name.startswith("_")}


def listing(call: Call, records: Iterable[Record], key: str, wanted: Callable[[Record], bool] | None = None) -> Page:
    """Return the page of records that the query means; each is known by its field `key`."""
    shelf = Shelf(key)
    shelf.update((str(record[key]), record) for record in records)
    return shelf.page(call, wanted, visible)
