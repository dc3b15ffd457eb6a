"""What an error answer says. Knows the form of the API's errors, and which refuse a token; must not know who asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .codes import REFUSED_TOKEN
from .outcome import Response, ResponseHead

LONGEST = 1 << 16
"""Bytes that an answer which refuses a token has at most: a longer one does not come from the API."""

_CHARSET = re.compile(r";\s*charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_CODECS = dict.fromkeys(("shift_jis", "sjis", "x-sjis", "windows-31j", "cp932"), "cp932") | {
    name: name for name in ("euc-jp", "iso-2022-jp", "iso-8859-1", "windows-1252")
}
"""The encodings other than Unicode that are believed; Python has some that are slow, or no encodings of text."""


def json_of(response: Response) -> Any:
    """Return the JSON of an answer, whatever content type it names; raises ValueError if it is none.

    A gateway of the service sends the API's errors as text/plain (seen in 2016).
    """
    try:
        try:
            return json.loads(response.content)
        except ValueError:
            named = _CHARSET.search(response.headers.get("content-type", ""))
            codec = _CODECS.get(named[1].lower()) if named is not None else None
            if codec is None:
                raise
            return json.loads(response.content.decode(codec))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def code_and_message(body: Any) -> tuple[str, str]:
    """Return what the JSON of an error says; what it does not say is empty."""
    if not isinstance(body, Mapping):
        return "", ""
    code, message = ("" if body.get(name) is None else str(body[name]) for name in ("code", "message"))
    return code, message


def refuses_token(response: ResponseHead) -> bool:
    """Tell whether an answer says that the token is bad or has run out: 401, or 403 with a code that says so.

    Of an answer whose body is not read, the status decides. A 403 of another code, or without one, as the page of a
    firewall, is about something else: a new token would not help.
    """
    if response.status != 403:
        return response.status == 401
    if not isinstance(response, Response) or len(response.content) > LONGEST:
        return False
    try:
        return code_and_message(json_of(response))[0] in REFUSED_TOKEN
    except ValueError:
        return False
