"""The messages of the emulated service, without any HTTP library: requests, responses, pages, JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


DEEPEST = 1024
"""How deep arrays and objects may lie in each other: about as deep as orjson reads them."""


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _decode(content: bytes | str) -> Any:
    """Return JSON, as orjson reads it; raises ValueError for invalid JSON, also if Python accepts it."""
    text = content if isinstance(content, str) else content.decode()
    try:
        data = json.loads(text, parse_constant=_no_number, parse_float=_float, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_depth(data)  # how deep Python itself reads differs between its versions
    if "\\u" in text or not text.isascii():
        json.dumps(data, ensure_ascii=False).encode()  # raises UnicodeEncodeError for a lone surrogate
    return data


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for each in level
            if isinstance(each, list | dict)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def _float(text: str) -> float:
    return number if math.isfinite(number := float(text)) else _no_number(text)


def _integer(text: str) -> float:
    return number if -(2**63) <= (number := int(text)) < 2**64 else _float(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


try:
    import orjson
except ImportError:  # pragma: no cover  (the tests run with orjson; without it the answers are only slower)
    encode: Callable[[Any], bytes] = _encode
    decode: Callable[[bytes | str], Any] = _decode
else:
    encode, decode = orjson.dumps, orjson.loads


@define(slots=True)
class Request:
    """A request, as it was received."""

    method: str
    path: str
    """The path as on the wire: percent-encoded, without the query."""
    query: str = ""
    """The query as on the wire."""
    headers: Mapping[str, str] = field(factory=dict)
    """By lower-case name."""
    body: bytes = b""
    address: str = "127.0.0.1"
    storage: str = ""
    """The URL of the storage host, as the client reaches it."""
    inside: bool = False
    """Whether it came in process, and so from no browser."""

    @property
    def language(self) -> str:
        """The language of the sentences in the response, in lower case: `en`, `ja`."""
        return self.headers.get("x-soracom-lang", "en").lower()


@frozen(slots=True)
class Delivery:
    """How a response is delivered that a fault disturbs."""

    head: bool = True
    """Whether status and headers arrive; if not, the connection is reset."""
    upto: int | None = None
    """After how many bytes of the body the connection ends; None: all of it arrives."""
    chunk: int = 0
    """How many bytes arrive at a time; 0: all at once."""
    pause: float = 0.0
    """Seconds between two chunks, by the emulator's clock."""

    def chunks(self, body: bytes) -> list[bytes]:
        """Return the part of a body that arrives, in chunks."""
        arriving = body[: self.upto]
        size = self.chunk or len(arriving) or 1
        return [arriving[at : at + size] for at in range(0, len(arriving), size)]


@define(slots=True)
class Response:
    """A response."""

    status: int
    headers: dict[str, str] = field(factory=dict)
    """By lower-case name."""
    body: bytes = b""
    next_key: str | None = None
    """The key of the next page, if this is a page and another one follows."""
    delivery: Delivery | None = None
    """None: the response is delivered undisturbed."""


@frozen(slots=True)
class Page:
    """One page of a listing, already a JSON array, and the key of the next one, if there is one."""

    body: bytes
    next_key: str | None = None

    @classmethod
    def of(cls, items: list[Any], next_key: str | None = None) -> Page:
        """Make a page of items that are not yet JSON."""
        return cls(encode(items), next_key)


class Responder(Protocol):
    """A function that answers requests to the API or to the storage host."""

    async def __call__(self, request: Request, /, *, storage: bool = False) -> Response:
        """Answer a request."""
        raise NotImplementedError
