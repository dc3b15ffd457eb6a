"""Paging: how a listing is cut into pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def first_page(
    items: Iterable[T],
    limit: int,
    key: Callable[[T], str],
    *,
    wanted: Callable[[T], bool] | None = None,
    scan: int | None = None,
) -> tuple[list[T], str | None]:
    """Return the first `limit` items that are wanted, and the key of the next page if more items follow.

    That is the key of the last item that was looked at. At most `scan` items are looked at, so that a page of a large
    listing with a rare match ends soon. Such a page can be short, or empty, without being the last one.
    """
    found: list[T] = []
    last: T | None = None
    for looked_at, item in enumerate(items):
        if last is not None and (len(found) == limit or looked_at == scan):
            return found, key(last)
        if wanted is None or wanted(item):
            found.append(item)
        last = item
    return found, None
