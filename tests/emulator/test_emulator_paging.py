"""How a listing is cut into pages."""

from __future__ import annotations

import pytest

from soracom_async.emulator.state.paging import first_page


@pytest.mark.parametrize(
    ("limit", "page", "key"),
    [(1, [1], "1"), (2, [1, 2], "2"), (3, [1, 2, 3], None), (4, [1, 2, 3], None)],
)
def test_a_page_has_a_key_if_items_follow(limit, page, key):
    """It is the key of the last item of the page."""
    assert first_page([1, 2, 3], limit, key=str) == (page, key)


def test_an_empty_listing_has_one_page():
    """It is empty, and has no key."""
    assert first_page([], 1, key=str) == ([], None)


def test_the_key_is_that_of_the_last_item_looked_at():
    """Items that are not wanted are skipped; the next page starts after them, even if it is empty then."""
    assert first_page(range(1, 6), 2, key=str, wanted=lambda item: item % 2 == 1) == ([1, 3], "3")
    assert first_page([1, 2], 1, key=str, wanted=lambda item: item == 1) == ([1], "1")


def test_a_page_ends_after_so_many_items_looked_at():
    """It is short or empty then, and another page follows."""
    assert first_page(range(1, 10), 2, key=str, wanted=lambda item: item == 2, scan=4) == ([2], "4")
    assert first_page(range(1, 10), 2, key=str, wanted=lambda item: item == 9, scan=4) == ([], "4")
    assert first_page(range(1, 5), 2, key=str, wanted=lambda item: item == 9, scan=4) == ([], None)


def test_no_more_items_are_read_than_are_needed():
    """One item after the page shows that another page follows."""
    items = iter(range(10))
    assert first_page(items, 3, key=str) == ([0, 1, 2], "2")
    assert next(items) == 4
