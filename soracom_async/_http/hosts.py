"""Hosts by their names alone: which are addresses, which are on this machine, which in a network of one's own."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final, TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOCAL: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Private and link-local addresses. `is_private` has more: addresses that no network of anybody's own uses."""


def address_of(host: str) -> Address | None:
    """Return the address that `host` is, in any form that a resolver takes: `127.1` and `0x7f000001` too."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine."""
    address = address_of(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def is_local(host: str) -> bool:
    """Return whether `host` is this machine, a container's name (one without a dot), or a private address."""
    address = address_of(host)
    if address is None:
        return "." not in host or is_loopback(host)
    return is_loopback(host) or any(address in network for network in _LOCAL)
