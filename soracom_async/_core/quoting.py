"""How values stand in a request's line and headers. Knows quoting and what is refused; must not know operations.

Nothing that a caller gives may lead to another route, another host or another header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any
from urllib.parse import quote, unquote

from .values import plain

_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HEADER = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)+")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

OWN = frozenset(
    b"host connection keep-alive proxy-connection content-length transfer-encoding te trailer upgrade expect cookie "
    b"accept-encoding user-agent x-soracom-api-key x-soracom-token x-soracom-lang".split()
)
"""The headers that only the session itself sets."""


class BadArgument(ValueError):
    """An argument that cannot be sent; the message names it and says what to do."""


def segment(name: str, value: Any) -> str:
    """Return `value` as one segment of a path, quoted so that it can never be another route.

    Raises BadArgument for an empty value, a dot segment however quoted, and control characters.
    """
    text = value if type(value) is str else plain(value)
    if type(text) is int:
        return str(text)
    if not isinstance(text, str):
        raise BadArgument(f"{name} must be a string, not {type(value).__name__}")
    if _PLAIN.fullmatch(text):
        return text
    bare = _bare(text)
    if bare in ("", ".", ".."):
        raise BadArgument(f"{name}={text!r} is empty or a dot segment: give the real name")
    if _CONTROL.search(bare):
        raise BadArgument(f"{name} has a control character: {text!r}")
    return quote(text, safe="")


def segments(name: str, value: Any) -> str:
    """Return `value`, whose slashes lead down, as segments of a path; `/` alone, or nothing, is the root: none."""
    text = plain(value)
    if not isinstance(text, str):
        raise BadArgument(f"{name} must be a string, not {type(value).__name__}")
    return "/".join(segment(name, part) for part in text.split("/") if part)


def pairs(name: str, wire: str, value: Any) -> Iterator[str]:
    """Give `value` as parts of a query: a list as one part for each of its items."""
    try:
        key = quote(plain(wire), safe="")
    except (TypeError, UnicodeEncodeError):
        raise BadArgument(f"{wire!r} is no name of a parameter") from None
    for item in value if isinstance(value, list | tuple) else (value,):
        text = _text(item)
        if text is None:
            given = item if isinstance(item, float) else type(item).__name__
            raise BadArgument(f"{name} must be a string, a number or a boolean, not {given}")
        try:
            yield f"{key}={quote(text, safe='')}"
        except UnicodeEncodeError:
            raise BadArgument(f"{name} has a lone surrogate: {text!r}") from None


def header(name: str, wire: str, value: Any) -> tuple[bytes, bytes]:
    """Return a header; raises BadArgument for one that the session itself sets, and for what would break a request."""
    key = plain(wire).lower() if isinstance(wire, str) else ""
    if not _NAME.fullmatch(key):
        raise BadArgument(f"{wire!r} is no name of a header")
    if key.encode() in OWN:
        raise BadArgument(f"{name}: the session itself sets the header {key!r}")
    text = _text(value)
    if text is None or not _HEADER.fullmatch(text):
        # The value itself is not shown: a header may well be a secret.
        del value, text
        raise BadArgument(f"{name} must be ASCII text without control characters or spaces around it")
    return key.encode(), text.encode()


def route(path: Any) -> str:
    """Return a path that the caller has quoted, with `/v1`; raises BadArgument if it could lead elsewhere."""
    path = plain(path)
    if not isinstance(path, str) or not _PATH.fullmatch(path) or path.startswith("//") or _STRAY_PERCENT.search(path):
        raise BadArgument(
            "the path must be one such as '/sims/123', without host and query; "
            "quote each of its segments by urllib.parse.quote(text, safe='')"
        )
    for part in path.split("/"):
        bare = _bare(part)
        if bare in (".", "..") or _CONTROL.search(bare):
            raise BadArgument(f"the path has a dot segment or a control character: {path!r}")
    return path if path == "/v1" or path.startswith("/v1/") else f"/v1{path}"


def _text(value: Any) -> str | None:
    """Return a text, number or boolean as text; None for anything else, infinity and NaN among it."""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not isfinite(value):
        return None
    return str(value) if isinstance(value, str | int | float) else None


def _bare(text: str) -> str:
    """Return `text` with all of its quoting taken off, however often it was quoted."""
    while (unquoted := unquote(text)) != text:
        text = unquoted
    return text
