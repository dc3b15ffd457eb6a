"""What goes in and out of the emulated service, free of any HTTP library: requests, answers, pages, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


try:
    import orjson
except ImportError:  # pragma: no cover  (the tests run with orjson; without it the answers are only slower)
    encode: Callable[[Any], bytes] = _encode
    decode: Callable[[bytes], Any] = json.loads
else:
    encode, decode = orjson.dumps, orjson.loads


@define(slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    """The path as on the wire: percent-encoded, without the query."""
    query: str = ""
    """The query as on the wire."""
    headers: Mapping[str, str] = field(factory=dict)
    """By lower-case name."""
    body: bytes = b""
    address: str = "127.0.0.1"


@define(slots=True)
class Response:
    """An answer."""

    status: int
    headers: dict[str, str] = field(factory=dict)
    """By lower-case name."""
    body: bytes = b""


@frozen(slots=True)
class Page:
    """One page of a listing, already a JSON array, and the key of the next one, if there is one."""

    body: bytes
    next_key: str | None = None

    @classmethod
    def of(cls, items: list[Any], next_key: str | None = None) -> Page:
        """Make a page of items that are not yet JSON."""
        return cls(encode(items), next_key)
