"""The transports of a session, each made when it is first used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union
from urllib.parse import urlsplit

from .._core.outcome import Response, TransportFailure
from ..errors import ConfigurationError
from .exchange import Request
from .hosts import is_local
from .proxies import proxy_of
from .streaming import StreamingResponse

if TYPE_CHECKING:
    import httpx


class HTTP(Protocol):
    """A transport: it sends requests."""

    async def send(self, request: Request, timeout: float) -> Response | TransportFailure:
        """Send one request and read the whole answer, within `timeout` seconds."""
        ...

    async def open(self, request: Request, timeout: float) -> StreamingResponse | TransportFailure:
        """Send one request and wait for the head of its answer, within `timeout` seconds."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


TransportChoice = Union["httpx.AsyncBaseTransport", Literal["aiohttp"], None]
"""How to send: a transport of the caller's, aiohttp's connections, or our own."""


CLOSED = "the session is closed: open a new one with 'async with Soracom(…)'"


class TransportPool:
    """The transports of a session: one to the API, the same to other hosts unless the environment has another proxy."""

    def __init__(self, choice: TransportChoice, max_connections: int, *, insecure: bool = False) -> None:
        self._choice: TransportChoice = choice
        self._max_connections = max_connections
        self._insecure = insecure
        self._open: dict[str | None, HTTP] = {}
        self._to: dict[str, HTTP] = {}
        self._abandoned = False
        """Whether an event loop that has ended left connections, which a transport of the caller's still holds."""
        self.closed = False
        """Whether the session is closed for good: what was under way then opens no connection any more."""

    def check(self, endpoint: str) -> None:
        """Raise ConfigurationError for an endpoint of plain http that is not local, unless that is asked for.

        A transport of the caller's own may encrypt by itself, or send nothing at all: it is not questioned.
        """
        url = urlsplit(endpoint)
        own = self._choice is None or self._choice == "aiohttp"
        if own and not self._insecure and url.scheme != "https" and not is_local(url.hostname or ""):
            raise ConfigurationError(
                f"{endpoint} is plain http: everybody on the way could read keys and tokens. Use https, "
                "or pass insecure=True if the whole way is your own"
            )

    def to(self, endpoint: str) -> HTTP:
        """Return what sends requests to `endpoint`.

        Raises ConfigurationError as `check` and `http_for` do, and once it is closed.
        """
        http = self._to.get(endpoint)
        if http is None:
            if self.closed:
                raise ConfigurationError(CLOSED)
            self.check(endpoint)
            choice = self._choice
            proxy = proxy_of(endpoint) if choice is None or choice == "aiohttp" else None
            http = self._open.get(proxy) or http_for(endpoint, choice, self._max_connections, abandoned=self._abandoned)
            self._open[proxy] = self._to[endpoint] = http
        return http

    async def aclose(self) -> None:
        """Close all connections; later ones are opened anew."""
        transports = list(self._open.values())
        self._open.clear()
        self._to.clear()
        for http in transports:
            await http.aclose()

    def abandon(self) -> None:
        """Forget the connections: their event loop has ended, so that nothing can close them."""
        self._abandoned = bool(self._open)
        self._open.clear()
        self._to.clear()


def http_for(endpoint: str, choice: TransportChoice, max_connections: int, *, abandoned: bool = False) -> HTTP:
    """Return what sends requests; raises ConfigurationError if aiohttp or the environment's proxy cannot be used."""
    if choice is not None and choice != "aiohttp":
        from .httpx_transport import HTTPXTransport

        return HTTPXTransport(choice, abandoned=abandoned)
    proxy = proxy_of(endpoint)
    if choice is None and proxy is None:
        from .connections import ConnectionPool

        return ConnectionPool()
    return _pooled(choice, proxy, max_connections)


def _pooled(choice: TransportChoice, proxy: str | None, max_connections: int) -> HTTP:
    import httpx

    from .httpx_transport import HTTPXTransport
    from .tls import tls

    # The pool itself is unbounded: the session's gate bounds it, and a cancelled wait for the pool would lose a slot.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=max_connections)
    make = _aiohttp() if choice == "aiohttp" else httpx.AsyncHTTPTransport
    try:
        return HTTPXTransport(make(proxy=proxy and _proxy(proxy, choice), verify=tls(), limits=limits))
    except (ValueError, ImportError) as error:
        raise ConfigurationError(f"the proxy that the environment names cannot be used: {error}") from None


def _proxy(address: str, choice: TransportChoice) -> httpx.Proxy:
    """Return a proxy; raises ValueError for one that can never be reached, which httpx alone finds out at each call."""
    import httpx

    problem = "its address is not of the form http://USER:PASSWORD@HOST:PORT, with signs such as '/' percent-encoded"
    try:
        proxy = httpx.Proxy(address)
    except httpx.InvalidURL:  # its text may show a part of the password
        raise ValueError(problem) from None
    host, port = proxy.url.raw_host, proxy.url.port
    if not host or b"%" in host or (port is not None and port not in range(1, 65536)):
        raise ValueError(problem)
    if choice == "aiohttp" and proxy.url.scheme.startswith("socks"):
        raise ValueError("aiohttp speaks to proxies of http and https only: leave transport='aiohttp' out")
    return proxy


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
