"""HTTP itself: requests out, answers in. The only importer of httpx and httpcore, each only when it is used."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import sys
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union
from urllib.parse import urlsplit

from ..errors import ConfigurationError
from .exchange import Answer, NoAnswer, Request
from .streaming import Incoming

if TYPE_CHECKING:
    import httpx

__all__ = ["HTTP", "Answer", "Incoming", "NoAnswer", "Request", "Way", "Ways", "http_for", "proxy_of"]


class HTTP(Protocol):
    """A way to send requests."""

    async def send(self, request: Request, timeout: float) -> Answer | NoAnswer:
        """Send one request and read the whole answer, within `timeout` seconds."""
        ...

    async def open(self, request: Request, timeout: float) -> Incoming | NoAnswer:
        """Send one request and wait for the head of its answer, within `timeout` seconds."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


Way = Union["httpx.AsyncBaseTransport", Literal["aiohttp"], None]
"""How to send: a transport of the caller's, aiohttp's connections, or our own."""


class Ways:
    """The ways of a session: one to the API, and the same to other hosts unless the environment has another proxy."""

    def __init__(self, way: Way, max_connections: int) -> None:
        self._way: Way = way
        self._max_connections = max_connections
        self._open: dict[str | None, HTTP] = {}

    def to(self, endpoint: str) -> HTTP:
        """Return what sends requests to `endpoint`; raises ConfigurationError as `http_for` does."""
        way = self._way
        proxy = proxy_of(endpoint) if way is None or way == "aiohttp" else None
        if proxy not in self._open:
            self._open[proxy] = http_for(endpoint, way, self._max_connections)
        return self._open[proxy]

    async def aclose(self) -> None:
        """Close all connections."""
        for http in self._open.values():
            await http.aclose()


def http_for(endpoint: str, way: Way, max_connections: int) -> HTTP:
    """Return what sends requests; raises ConfigurationError where aiohttp or the environment's proxy cannot be used."""
    if way is not None and way != "aiohttp":
        from .httpx_transport import Transport

        return Transport(way)
    proxy = proxy_of(endpoint)
    if way is None and proxy is None:
        from .connections import Connections

        return Connections()
    return _pooled(way, proxy, max_connections)


def _pooled(way: Way, proxy: str | None, max_connections: int) -> HTTP:
    import httpx

    from .httpx_transport import Transport
    from .tls import tls

    # The pool itself is unbounded: the session's gate bounds it, and a cancelled wait for the pool would lose a slot.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=max_connections)
    make = _aiohttp() if way == "aiohttp" else httpx.AsyncHTTPTransport
    try:
        return Transport(make(proxy=proxy and httpx.Proxy(proxy), verify=tls(), limits=limits))
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"the proxy that the environment names cannot be used: {error}") from None


def _aiohttp() -> Any:
    try:
        from httpx_aiohttp import AiohttpTransport
    except ImportError:
        raise ConfigurationError('transport="aiohttp" needs: pip install "soracom-async[aiohttp]"') from None
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError('transport="aiohttp" runs under asyncio only: leave it out under trio') from None
    return AiohttpTransport


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
