"""Paging: how a listing is cut into pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

MOST_DIGITS = 19
"""How many digits the number in a key can have; Unix milliseconds have 13."""


def no_such_key() -> Refusal:
    """Return the 400 for a `last_evaluated_key` that is none of the listing's.

    Every listing refuses alike. A key that an earlier page ended with is never refused, also if its record was removed:
    collections remember the places of removed records, and operators the keys that were given. What the service does is
    not known in public.
    """
    return Refusal.invalid("last_evaluated_key is not a key of this listing")


def number_in(key: str) -> int:
    """Return the number that a key is; raises Refusal (400) if it is none."""
    if not (key.isascii() and key.isdigit() and len(key) <= MOST_DIGITS):
        raise no_such_key()
    return int(key)


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
