"""Redirects to other hosts, which are asked without anything of ours but the program's name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping
from functools import cache
from typing import Any, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from attrs import evolve, frozen

from .._core.operation import Effect, Operation
from .._core.outcome import Response
from .._http.exchange import Headers, Request
from .._http.streaming import StreamingResponse
from ..errors import ConfigurationError, DecodeError, SoracomError
from ..options import Options, checked_endpoint
from .requests import USER_AGENT

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
_PRINTABLE = re.compile(r"[!-~]+")

DOWNLOAD: Operation[bytes] = Operation("download", "GET", "URL", "", Effect.READ, bytes, empty=REDIRECTS, secured=False)
"""Stands for a URL that a response contained."""

ResponseT = TypeVar("ResponseT", Response, StreamingResponse)
ResponseT_co = TypeVar("ResponseT_co", Response, StreamingResponse, covariant=True)


@frozen(slots=True, repr=False)
class Location:
    """The address that a URL names; never shown, since the query of such URLs is a permission."""

    endpoint: str
    """Scheme, host and port."""
    target: bytes

    @staticmethod
    def of(url: Any, base: Location | None = None) -> Location | None:
        """Return the address of `url`, relative to `base`; None if it is no address of http or https."""
        if not isinstance(url, str) or not _PRINTABLE.fullmatch(url):
            return None
        try:
            parts = urlsplit(url)
            if base is not None and not parts.scheme:
                parts = urlsplit(urljoin(base.endpoint + base.target.decode(), url))
            port = f":{parts.port}" if parts.port else ""
            if not parts.hostname or parts.username is not None:
                return None
            host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
            endpoint = checked_endpoint(f"{parts.scheme}://{host}{port}")
        except (ValueError, ConfigurationError):
            return None
        query = f"?{parts.query}" if parts.query else ""
        return Location(endpoint, f"{parts.path or '/'}{query}".encode())

    @classmethod
    def of_redirect(cls, headers: Mapping[str, str], endpoint: str) -> Location | None:
        """Return the address that a redirect of an endpoint names."""
        return cls.of(headers.get("location"), cls(endpoint, b"/"))

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read what is fetched."""
        return self.endpoint.startswith("https:")

    def request(self, options: Options, extra: Headers = ()) -> Request:
        """Return the request that goes out to this address; with `extra` headers it is for a part."""
        headers = [
            (b"host", self.endpoint.partition("://")[2].encode()),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", USER_AGENT),
            *extra,
        ]
        limit = options.max_response_size
        return Request(self.endpoint, "GET", self.target, headers, None, limit, stored=True, partial=bool(extra))


class Fetch(Protocol[ResponseT_co]):
    """Sends a request to a location, on behalf of an operation."""

    def __call__(self, operation: Operation[Any], location: Location, /) -> Awaitable[ResponseT_co]:
        """Return the response, which may be a redirect again."""
        ...


async def follow(
    fetch: Fetch[ResponseT], location: Location | None, operation: Operation[Any], *, encrypted: bool
) -> ResponseT:
    """Return the response at `location`, or at the end of the redirects that begin there.

    With `encrypted` only addresses of https are asked. Raises ConfigurationError if DOWNLOAD begins at, and DecodeError
    if a redirect names, an address that cannot be asked; else what `fetch` raises.
    """
    error: type[SoracomError] = ConfigurationError if operation is DOWNLOAD else DecodeError
    stand_in = redirected(operation)
    for _ in range(MAX_REDIRECTS):
        if location is None:
            raise error(f"{operation.id}: this leads to no address of http or https")
        if encrypted and not location.encrypted:
            raise error(f"{operation.id}: this leads to {location.endpoint}, which is not https")
        response = await fetch(stand_in, location)
        if response.status not in REDIRECTS:
            return response
        if isinstance(response, StreamingResponse):
            await response.aclose()
        encrypted = location.encrypted
        location, error = Location.of(response.headers.get("location"), location), DecodeError
    raise DecodeError(f"{operation.id}: this leads through more than {MAX_REDIRECTS} addresses")


@cache
def redirected(operation: Operation[Any]) -> Operation[Any]:
    """Return what an operation is once it was redirected: a download that needs no token, and may be repeated."""
    return evolve(operation, effect=Effect.READ, status=200, empty=REDIRECTS, secured=False)
