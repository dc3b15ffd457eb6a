"""What fits into one short message: 160 characters of the GSM alphabet, or 70 of UCS-2."""

from __future__ import annotations

from ..protocol.errors import Refusal

GSM, UCS2 = 1, 2
"""The encodings, as a request names them."""
MOST = {GSM: 160, UCS2: 70}
"""The most characters of a message in each encoding."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"
"""Characters of the GSM alphabet (3GPP TS 23.038) that take two places."""


def check(text: str, encoding: int) -> None:
    """Refuse a text that is too long for one message, or has characters that its encoding lacks."""
    if encoding == UCS2:
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    else:
        if not set(text) <= {*_BASIC, *_EXTENDED}:
            raise Refusal.invalid("{0} has characters that an SMS of {1} lacks", "body.payload", "encodingType 1")
        length = len(text) + sum(character in _EXTENDED for character in text)
    if length > MOST[encoding]:
        raise Refusal.invalid("{0} is longer than {1} characters", "body.payload", MOST[encoding])
