"""URLs that are permissions for a time. Knows what one and its host's answers say of that; must not know the time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from attrs import frozen

from .outcome import ResponseHead

PATIENCE = 15.0
"""Seconds, in all, for which a URL that its host refuses is asked for again."""
LONGEST_PAUSE = 5.0
"""Seconds between two of these requests at most."""


@frozen(slots=True)
class SignedURL:
    """A URL that an answer of the API contained; it is not kept here, since it is a permission.

    The host may refuse it at first with 403 or 404, until the file is there, and refuses it in the same way once it has
    run out. A camera's export is good for 10 minutes. Source: the API document, and recorded answers of 2024.
    """

    ends: datetime | None
    """When it runs out, as its query says; None if that does not say so."""

    @classmethod
    def of(cls, target: bytes) -> SignedURL:
        """Return what path and query say: those of S3 (version 4 and 2) and CloudFront name the end."""
        query = dict(parse_qsl(target.partition(b"?")[2].decode("latin-1")))
        try:
            if "X-Amz-Date" in query:
                begun = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return cls(begun + timedelta(seconds=_whole(query.get("X-Amz-Expires", ""))))
            return cls(datetime.fromtimestamp(_whole(query.get("Expires", "")), UTC))
        except (ValueError, OverflowError, OSError):
            return cls(None)

    def may_come(self, response: ResponseHead) -> bool:
        """Tell whether the host refuses the file, and may give it later."""
        return response.status in (403, 404) and not self.ended(response.headers)

    def ended(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the URL had run out when the host answered, by the host's own clock."""
        try:
            return self.ends is not None and parsedate_to_datetime(headers.get("date", "")) >= self.ends
        except (ValueError, TypeError, OverflowError):
            return False

    def reason(self, response: ResponseHead) -> str:
        """Return why the host refuses the file, as far as that is known, and what helps; empty if it is not known."""
        if response.status not in (403, 404):
            return ""
        if self.ended(response.headers):
            return f"its URL ran out at {self.ends:%Y-%m-%d %H:%M:%S} UTC: {_AGAIN}"
        if self.ends is None:
            return f"its URL has run out (a camera's lives 10 minutes), or the file is not there: {_AGAIN}"
        return f"the file is not there yet, or no more: {_AGAIN}"


_AGAIN = "ask for a new URL, or start the export again, and download it at once"


def _whole(text: str) -> int:
    if not re.fullmatch("[0-9]{1,12}", text):
        raise ValueError
    return int(text)
