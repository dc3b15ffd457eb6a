"""IPv4 addresses and their ranges, as requests write them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ..protocol.errors import Refusal


def address_in(text: str | None, where: str) -> IPv4Address:
    """Return the address in a text; raises Refusal (400) if it is none."""
    try:
        return IPv4Address(_given(text, where))
    except ValueError:
        raise Refusal.invalid("{0} is not an IPv4 address", where) from None


def network_in(text: str | None, where: str) -> IPv4Network:
    """Return the range in a text; raises Refusal (400) if it is none."""
    try:
        return IPv4Network(_given(text, where))
    except ValueError:
        raise Refusal.invalid("{0} is not an IPv4 address range", where) from None


def _given(text: str | None, where: str) -> str:
    if not text:
        raise Refusal.invalid("{0} is missing", where)
    return text
