"""Other hosts, to which answers point: they are asked without anything of ours but the program's name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import anyio
from attrs import frozen

from .._clock import Clock
from .._codec.responses import failure
from .._core.operation import Effect, Operation
from .._core.retry import (
    Answered,
    Attempts,
    Budget,
    Stop,
    Unanswered,
    retry_after,
)
from .._http.pool import (
    HTTP,
    Answer,
    Incoming,
    NoAnswer,
    Request,
)
from ..errors import (
    APIError,
    ConfigurationError,
    DecodeError,
    SoracomError,
)
from ..options import Options, checked_endpoint
from .requests import USER_AGENT

MAX_HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
_PRINTABLE = re.compile(r"[!-~]+")

DOWNLOAD: Operation[bytes] = Operation("download", "GET", "URL", "", Effect.READ, bytes)
"""Stands for a URL that an answer contained."""


@frozen(slots=True, repr=False)
class Place:
    """Where a URL leads; never shown, since the query of such URLs is a permission."""

    endpoint: str
    """Scheme, host and port."""
    target: bytes

    @staticmethod
    def of(url: Any, base: Place | None = None) -> Place | None:
        """Return where `url` leads, seen from `base`; None where it is no address of http or https."""
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
        return Place(endpoint, f"{parts.path or '/'}{query}".encode())

    @classmethod
    def behind(cls, headers: Mapping[str, str], endpoint: str) -> Place | None:
        """Return where the answer of an endpoint leads."""
        return cls.of(headers.get("location"), cls(endpoint, b"/"))

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read what is fetched."""
        return self.endpoint.startswith("https:")


Got = TypeVar("Got", Answer, Incoming)
Get = Callable[[HTTP, Request, float], Awaitable[Got | NoAnswer]]
"""How much of an answer is waited for; the seconds are the time-out."""


async def head(http: HTTP, request: Request, timeout: float) -> Incoming | NoAnswer:
    """Wait for the head; the time-out is for that."""
    return await http.open(request, timeout)


async def whole(http: HTTP, request: Request, timeout: float) -> Answer | NoAnswer:
    """Wait for the head and for the body; the time-out is for the head and for each piece."""
    incoming = await http.open(request, timeout)
    return incoming if isinstance(incoming, NoAnswer) else await incoming.whole(timeout)


class Elsewhere:
    """Fetches from other hosts; no quota counts there."""

    def __init__(self, http: Callable[[str], HTTP], clock: Clock, budget: Budget) -> None:
        self._http = http
        self._clock = clock
        self._budget = budget

    async def fetch(
        self, get: Get[Got], place: Place | None, operation: Operation[Any], options: Options, gate: anyio.Semaphore
    ) -> Got:
        """Return what is at `place`, or where that leads.

        Raises ConfigurationError for DOWNLOAD of, and DecodeError for an answer that leads to, what is no address of
        https (or of http, where the session uses that itself), TransportError and APIError.
        """
        error: type[SoracomError] = ConfigurationError if operation is DOWNLOAD else DecodeError
        encrypted = Place(options.endpoint, b"").encrypted
        for _ in range(MAX_HOPS):
            if place is None:
                raise error(f"{operation.id}: this leads to no address of http or https")
            if encrypted and not place.encrypted:
                raise error(f"{operation.id}: this leads to {place.endpoint}, which is not https")
            outcome = await self._get(get, place, operation, options, gate)
            if outcome.status not in REDIRECTS:
                return outcome
            await _leave(outcome)
            encrypted = place.encrypted
            place, error = Place.of(outcome.headers.get("location"), place), DecodeError
        raise DecodeError(f"{operation.id}: this leads through more than {MAX_HOPS} addresses")

    async def _get(
        self, get: Get[Got], place: Place, operation: Operation[Any], options: Options, gate: anyio.Semaphore
    ) -> Got:
        host = place.endpoint.partition("://")[2].encode()
        headers = [
            (b"host", host),
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", USER_AGENT),
        ]
        request = Request(place.endpoint, "GET", place.target, headers, None)
        attempts = Attempts()
        while True:
            async with gate:
                outcome = await get(self._http(place.endpoint), request, options.timeout)
            if isinstance(outcome, NoAnswer):
                event: Answered | Unanswered = Unanswered(outcome.sent, outcome.stale)
            elif 200 <= outcome.status < 300 or outcome.status in REDIRECTS:
                self._budget.earn()
                return outcome
            else:
                await _leave(outcome)
                event = Answered(outcome.status, retry_after(outcome.headers))
            decision = attempts.decide(Effect.READ, event, options.max_retries, self._budget)
            if isinstance(decision, Stop):
                if isinstance(outcome, NoAnswer):
                    raise failure(operation, outcome, place.endpoint)
                # What other hosts say in their errors is not shown: it may well quote the permission.
                message = f"{place.endpoint} refuses the download"
                raise APIError.of_status(outcome.status)(message, status=outcome.status, operation=operation.id)
            await self._clock.sleep(decision.after)


async def _leave(outcome: Answer | Incoming) -> None:
    if isinstance(outcome, Incoming):
        await outcome.aclose()
