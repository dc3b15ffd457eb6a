"""Where a listing goes on. Knows the headers of an answer; must not follow the address in them.

Guide: Handling Pagination.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from urllib.parse import unquote

from attrs import define, field

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^,;<>]+)*)")
_NEXT = re.compile(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:\s[^\";]*)?\"?\s*(?:;|$)", re.IGNORECASE)


def next_key(headers: Mapping[str, str], parameter: str = "last_evaluated_key") -> str | None:
    """Return the key of the next page from `x-soracom-next-key`, or else from `link`; None on the last page.

    `headers` have lower-case names. Of a link only the key is used, never the address: it may be another host's.
    """
    key = headers.get("x-soracom-next-key")
    if key:
        return unquote(key) if "%" in key else key
    for target, parameters in _LINK.findall(headers.get("link", "")):
        if _NEXT.search(parameters):
            for pair in target.partition("#")[0].partition("?")[2].split("&"):
                name, _, value = pair.partition("=")
                if value and unquote(name) == parameter:
                    return unquote(value)  # not as in a form: a key has no spaces, but may well have a plus
    return None


RECENT_KEYS = 1000
"""How many keys are remembered one by one, so that a listing that comes back to one of them is noticed at once."""


@define(slots=True)
class LoopGuard:
    """Notices a listing that runs in a circle, in bounded memory: a short one at once, any other after some rounds.

    The rounds are those of Brent's algorithm.
    """

    _seen: str | None = None
    _steps: int = 0
    _until: int = 1
    _recent: set[int] = field(factory=set)
    _order: deque[int] = field(factory=deque)

    def looped(self, key: str) -> bool:
        """Take in the next key; True if it came before."""
        mark = hash(key)  # keys may be long
        if key == self._seen or mark in self._recent:
            return True
        self._recent.add(mark)
        self._order.append(mark)
        if len(self._order) > RECENT_KEYS:
            self._recent.remove(self._order.popleft())
        self._steps += 1
        if self._steps == self._until:
            self._seen, self._steps, self._until = key, 0, self._until * 2
        return False


EMPTY_PAGES = 50
"""Empty pages in a row, after which a listing is read slowly."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds of the first pause between empty pages, and of those that it grows to."""


@define(slots=True)
class EmptyPages:
    """Counts the empty pages of a listing: a filter that few things match has many, a service that is broken no end."""

    pause: float = 0.0
    """Seconds to wait before the next page is asked for."""
    _in_a_row: int = 0
    _told: bool = False

    def too_many(self, items: int) -> bool:
        """Take in how many items a page has; True once, when there are too many empty pages in a row."""
        self._in_a_row = 0 if items else self._in_a_row + 1
        if self._in_a_row < EMPTY_PAGES:
            self.pause = 0.0
            return False
        self.pause = min(self.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        told, self._told = self._told, True
        return not told
