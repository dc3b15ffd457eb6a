"""Proxies: which one the environment names for an address."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from urllib.parse import urlsplit

from .hosts import address_of, is_loopback

_PORTS = {"http": 80, "https": 443}


def proxy_of(endpoint: str) -> str | None:
    """Return the address of the proxy that the environment names for `endpoint`."""
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, getproxies_environment, proxy_bypass

    url = urlsplit(endpoint)
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    host = url.hostname or ""
    if not proxy or is_loopback(host):
        return None
    if proxies == getproxies_environment():
        excepted = is_excepted(host, url.port or _PORTS[url.scheme], proxies.get("no", ""))
    else:
        excepted = bool(proxy_bypass(host))  # the settings of Windows or macOS
    return None if excepted else proxy if "://" in proxy else f"http://{proxy}"


def is_address(proxy: str) -> bool:
    """Return whether the address of a proxy has a host, and a port that can be, if any."""
    try:
        url = urlsplit(proxy)
        return bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def is_excepted(host: str, port: int, names: str) -> bool:
    """Return whether `names`, the value of NO_PROXY, excepts a host; it is read as curl and Go read it.

    Its entries, with commas or spaces between them, are: `*`; a domain, which stands for what is below it too; `*.`
    and a domain, which stands for that alone; an address; a network, as `10.0.0.0/8`. A port may follow.
    """
    entries = re.split(r"[\s,]+", names.lower())
    return "*" in entries or any(_excepts(entry, host.lower(), port) for entry in entries)


def _excepts(entry: str, host: str, port: int) -> bool:
    name, only = entry, ""
    if entry.startswith("["):  # an IPv6 address
        name, _, rest = entry[1:].partition("]")
        size, _, only = rest.partition(":")
        name += size
    elif entry.count(":") == 1:
        name, _, only = entry.partition(":")
    if only not in ("", str(port)):
        return False
    address = address_of(host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(name, strict=False)
        except ValueError:
            return False
    domain = name.removeprefix("*").strip(".")
    return host.endswith(f".{domain}") or (host == domain and not name.startswith("*"))
