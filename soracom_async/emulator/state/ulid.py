"""ULIDs: identifiers that begin with a time, so that they sort by it."""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_LOW = 1023


def time_part(at: int) -> str:
    """Return the first ten characters, of a time in milliseconds."""
    return (
        _PAIRS[at >> 40 & _LOW]
        + _PAIRS[at >> 30 & _LOW]
        + _PAIRS[at >> 20 & _LOW]
        + _PAIRS[at >> 10 & _LOW]
        + _PAIRS[at & _LOW]
    )


def ulid(at: int, bits: int) -> str:
    """Return the ULID of a time in milliseconds and of 64 random bits: 26 characters.

    Its random part has room for 80 bits. The digits of base 16 are digits of base 32 too, and quicker to write.
    """
    return f"{time_part(at)}{bits:016X}"
