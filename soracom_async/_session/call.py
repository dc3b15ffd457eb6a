"""One call under way: what is sent, on which quota, and how much of the response is waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeAlias

from attrs import define

from .._background import CURRENT, Background
from .._core.outcome import Response, TransportFailure
from .._core.request import Prepared
from .._core.signed_urls import SignedURL
from .._core.token import Lease
from .._http.exchange import Request
from .._http.pool import HTTP
from .._http.streaming import StreamingResponse
from ..files.uploads import Upload
from ..options import Options
from .quota import Quota
from .redirects import ResponseT

Receive: TypeAlias = Callable[[HTTP, Request, float], Awaitable[ResponseT | TransportFailure]]
"""Sends a request and waits for as much of the response as is wanted; the number is the time-out in seconds."""


def receive_head(http: HTTP, request: Request, timeout: float) -> Awaitable[StreamingResponse | TransportFailure]:
    """Wait for the head; the time-out is for that."""
    return http.open(request, timeout)


def receive_all(http: HTTP, request: Request, timeout: float) -> Awaitable[Response | TransportFailure]:
    """Wait for the head and the body; the time-out is for both together."""
    return http.send(request, timeout)


async def receive_file(http: HTTP, request: Request, timeout: float) -> Response | TransportFailure:
    """Wait for the head and the body, which may be long: the time-out is for the head and for each chunk."""
    response = await http.open(request, timeout)
    return response if isinstance(response, TransportFailure) else await response.whole(timeout)


@define(slots=True, eq=False, repr=False)
class Call(Generic[ResponseT]):
    """One call under way."""

    prepared: Prepared
    quota: Quota
    options: Options
    receive: Receive[ResponseT]
    lease: Lease | None = None
    """The lease of a login; None for the session's own."""
    elsewhere: Request | None = None
    """The request itself, if it goes to another host than the API's."""
    upload: Upload | None = None
    """The body, if it is read while it is sent."""
    signed: SignedURL | None = None
    """What is known of the URL, if an answer contained it."""

    @property
    def background(self) -> Background | None:
        """The background work that the call is a part of; None in the foreground."""
        return self.options.background or CURRENT.get()

    @property
    def waits_for_connection(self) -> bool:
        """Whether the call passes the gate of connections; a login does not, since its waiters may hold the gate."""
        return self.elsewhere is not None or self.needs_lease

    @property
    def needs_lease(self) -> bool:
        """Whether the call goes out with the session's own lease."""
        return self.prepared.operation.secured and self.lease is None
