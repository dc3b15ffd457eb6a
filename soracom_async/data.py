"""The content of Harvest Data, by its content type."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from ._codec.codec import decode
from .errors import DecodeError

if TYPE_CHECKING:
    from .models import DataEntry

BYTES = ("application/octet-stream", "image/", "audio/", "video/")
"""The beginnings of content types that are no text; Harvest Data keeps them as base64."""
WRAPPED = "payload"
"""The only name of the object in which Harvest Data keeps bytes that came without a content type."""


def decoded(entry: DataEntry, *, wrapped: bool = True) -> Any:
    """Return what a device sent: JSON as what it says, text as str, anything else as bytes; None if there is nothing.

    What came by TCP or UDP and is no JSON is kept as `{"payload": "…"}` with base64, and is returned as bytes. If your
    devices send such objects themselves, say `wrapped=False`. Content of an unknown type is text. `entry.content`
    always has what came, and `entry.time` is when, as an aware datetime.

    Raises DecodeError, which names the entry, for content that is not what its type says.
    """
    content: Any = entry.content
    if not isinstance(content, str):
        return content
    kind = str(entry.content_type or "").partition(";")[0].strip().lower()
    try:
        if kind.endswith(("/json", "+json")):
            found = decode(content.encode("utf-8", "surrogatepass"))
            return _unwrapped(found) if wrapped else found
        return base64.b64decode(content, validate=True) if kind.startswith(BYTES) else content
    except ValueError as error:
        source = f"{entry.resource_type or 'resource'} {entry.resource_id or '(no ID)'} at {entry.time}"
        raise DecodeError(
            f"the content of the entry of {source} is not {kind}: {error}; entry.content has it as it came"
        ) from None


def _unwrapped(found: Any) -> Any:
    """Return the bytes that an object of one `payload` stands for; anything else unchanged."""
    if isinstance(found, dict) and len(found) == 1 and isinstance(text := found.get(WRAPPED), str) and text:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            return found
    return found
