"""Where a listing goes on. Knows the headers of an answer; must not follow the address in them.

Guide: Handling Pagination.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from attrs import define

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


@define(slots=True)
class LoopGuard:
    """Notices a listing that runs in a circle, of whatever length, in constant memory (Brent's algorithm)."""

    _seen: str | None = None
    _steps: int = 0
    _until: int = 1

    def looped(self, key: str) -> bool:
        """Take in the next key; True if the listing certainly runs in a circle."""
        if key == self._seen:
            return True
        self._steps += 1
        if self._steps == self._until:
            self._seen, self._steps, self._until = key, 0, self._until * 2
        return False
