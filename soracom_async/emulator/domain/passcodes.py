"""One-time passwords (RFC 6238: SHA-1, six digits, half a minute)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct

STEP_S = 30


def totp(secret: str, at: float) -> str:
    """Return the one-time password of a base32 `secret` at the Unix time `at`."""
    key = base64.b32decode(secret, casefold=True)
    digest = hmac.new(key, struct.pack(">Q", int(at // STEP_S)), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def accepts(secret: str, code: str, at: float) -> bool:
    """Tell whether `code` is the password of the present half minute or of the one before."""
    return code in (totp(secret, at), totp(secret, at - STEP_S))
