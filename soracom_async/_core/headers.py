"""What the headers of a response say of quota and waiting. Knows what such numbers can be; must not know who waits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from attrs import frozen

LONGEST_WINDOW = 3600.0
"""Seconds that a quota window can have at most: the API's has 60, and no service is known that counts in days.

A longer time is taken as not said, since a mistake of the service must not stop its callers.
"""


@frozen(slots=True)
class RateLimitHeaders:
    """What one response says of its window; None if it says nothing."""

    limit: int | None
    remaining: int | None
    seconds: int | None

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> RateLimitHeaders:
        """Read the `x-soracom-ratelimit-*` headers; what cannot be is taken as not said."""
        seconds = _seconds(headers.get("x-soracom-ratelimit-seconds-before-refresh"))
        return cls(
            whole(headers.get("x-soracom-ratelimit-limit")),
            whole(headers.get("x-soracom-ratelimit-remaining")),
            math.ceil(seconds) if seconds is not None and seconds <= LONGEST_WINDOW else None,
        )


NOTHING = RateLimitHeaders(None, None, None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After`; a date is taken relative to the answer's own `Date`, not to our clock."""
    value = headers.get("retry-after", "")
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    try:
        then, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def time_to_reset(headers: Mapping[str, str]) -> int | None:
    """Return for how many seconds the quota is used up, as the headers say; None if they do not."""
    limits = RateLimitHeaders.parse(headers)
    return limits.seconds if limits.remaining == 0 else None


def whole(text: str | None) -> int | None:
    """Return the whole number in `text`; None for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _seconds(text: str | None) -> float | None:
    """Return the seconds in `text`, which may have a fraction; None for anything else."""
    return float(text) if text is not None and _SECONDS.fullmatch(text) else None


_SECONDS = re.compile(r"\s*[0-9]{1,9}(\.[0-9]{0,9})?\s*", re.ASCII)
