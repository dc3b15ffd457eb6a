"""Proxies: which one the environment names for an address."""

from __future__ import annotations

import ipaddress
import os
import sys
from urllib.parse import urlsplit


def proxy_of(endpoint: str) -> str | None:
    """Return the address of the proxy that the environment names for `endpoint`."""
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    url = urlsplit(endpoint)
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    host = url.hostname or ""
    if not proxy or host == "localhost" or _is_loopback(host) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
