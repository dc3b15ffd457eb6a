"""Parts of a body: which part an answer is, and what proves two answers to be of the same body.

Knows headers, by lower-case names; must not know who sent them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from attrs import frozen

DATE_PROVES_AFTER = 60.0
"""Seconds before an answer that a change must lie: a later one may have been followed by another (RFC 7232, 2.2.2)."""

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/(?:\*|([0-9]{1,19}))", re.IGNORECASE)


@frozen(slots=True)
class Part:
    """The bytes from `first` to `last`, of `total` if anybody knows."""

    first: int
    last: int
    total: int | None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Part | None:
        """Return the part that `Content-Range` names; None if it names none."""
        told = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if told is None:
            return None
        part = cls(int(told[1]), int(told[2]), int(told[3]) if told[3] else None)
        return part if part.first <= part.last and (part.total is None or part.last < part.total) else None


def proof_of(headers: Mapping[str, str]) -> str | None:
    """Return what `If-Range` takes: a strong ETag, or else a date of change that is old enough; None if neither is."""
    tag = headers.get("etag", "").strip()
    if len(tag) > 1 and tag.startswith('"') and tag.endswith('"'):
        return tag
    changed = headers.get("last-modified", "")
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(changed)
        return changed if not tag and age.total_seconds() >= DATE_PROVES_AFTER else None
    except (ValueError, TypeError, OverflowError):
        return None
