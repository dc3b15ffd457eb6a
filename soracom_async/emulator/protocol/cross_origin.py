"""What a browser needs before it lets the pages of another origin call the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import ConfigurationError
from .messages import Response

if TYPE_CHECKING:
    from .messages import Request

ANY = "*"
METHODS = "DELETE, GET, HEAD, POST, PUT"
HEADERS = "content-type, x-soracom-api-key, x-soracom-lang, x-soracom-token"
"""What a preflight request is told that names no headers."""
EXPOSED = ", ".join(
    (
        "content-disposition", "content-length", "etag", "last-modified", "link", "location", "retry-after",
        "x-soracom-next-key", "x-soracom-ratelimit-limit", "x-soracom-ratelimit-remaining",
        "x-soracom-ratelimit-seconds-before-refresh",
    )
)  # fmt: skip
"""The response headers that a page may read."""
MAX_AGE_S = 600
"""How long a browser may remember the answer to a preflight request."""


class CrossOrigin:
    """Answers preflight requests, and adds the headers for pages of the allowed origins; `*` allows any."""

    def __init__(self, origins: str | Iterable[str]) -> None:
        """Raises ConfigurationError for what is no origin."""
        given = [origins] if isinstance(origins, str) else origins
        self._origins = frozenset(map(_checked, given))

    def preflight(self, request: Request, *, storage: bool) -> Response | None:
        """Return the answer to an allowed preflight request; None: it is another request."""
        asked = request.headers
        allowed = self._allowed(asked.get("origin"), storage=storage)
        if request.method != "OPTIONS" or "access-control-request-method" not in asked or allowed is None:
            return None
        headers = {
            "access-control-allow-origin": allowed,
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": asked.get("access-control-request-headers") or HEADERS,
            "access-control-max-age": str(MAX_AGE_S),
            "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        }
        if "access-control-request-private-network" in asked:
            headers["access-control-allow-private-network"] = "true"
        return Response(204, headers)

    def add_headers(self, response: Response, request: Request, *, storage: bool) -> None:
        """Add the headers by which a browser shows a response to the page that asked for it."""
        if not self._origins:
            return
        response.headers["vary"] = "Origin"
        allowed = self._allowed(request.headers.get("origin"), storage=storage)
        if allowed is not None:
            response.headers |= {"access-control-allow-origin": allowed, "access-control-expose-headers": EXPOSED}

    def _allowed(self, origin: str | None, *, storage: bool) -> str | None:
        """Return what allows an origin, or None.

        After a redirect, a browser gives the storage host no origin. The URL of a file is the permission to fetch it.
        """
        if not self._origins or origin is None:
            return None
        if storage or ANY in self._origins:
            return ANY
        return origin if origin in self._origins else None


def _checked(origin: str) -> str:
    """Return an origin as browsers write it."""
    if origin in (ANY, "null"):
        return origin
    plain = origin.lower().removesuffix("/")
    scheme, _, netloc = plain.partition("://")
    try:
        parts = urlsplit(plain)
        host = parts.hostname or ""
        known = host != "" and parts.port != 0 and (parts.scheme, parts.netloc) == (scheme, netloc)
        plain = plain.replace(host, host.encode("idna").decode())  # an ASCII name stays as it is
    except ValueError:
        known = False
    if not known or not {"@", " "}.isdisjoint(plain):
        raise ConfigurationError(f"{origin!r} is no origin, as https://app.example.com:8443 is; * is any")
    return plain.removesuffix({"http": ":80", "https": ":443"}.get(scheme, " "))
