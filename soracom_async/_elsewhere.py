"""Other hosts, to which answers point: they are asked without anything of ours but the program's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import anyio
from attrs import frozen

from ._answers import failure
from ._clock import Clock
from ._core.operation import Effect, Operation
from ._core.retry import Answered, Attempts, Budget, Stop, Unanswered, retry_after
from ._http import HTTP, Incoming, NoAnswer, Request
from ._requests import USER_AGENT
from .errors import APIError, ConfigurationError, DecodeError, SoracomError
from .options import Options

MAX_HOPS = 5
REDIRECTS = (301, 302, 303, 307, 308)
_PRINTABLE = re.compile(r"[!-~]+")

DOWNLOAD: Operation[bytes] = Operation("download", "GET", "", "", Effect.READ, bytes)
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
            parts = urlsplit(urljoin(base.endpoint + base.target.decode(), url) if base else url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            return None
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        query = f"?{parts.query}" if parts.query else ""
        return Place(f"{parts.scheme}://{host}{port}", f"{parts.path or '/'}{query}".encode())

    @classmethod
    def behind(cls, headers: Mapping[str, str], endpoint: str) -> Place | None:
        """Return where the answer of an endpoint leads."""
        return cls.of(headers.get("location"), cls(endpoint, b"/"))


class Elsewhere:
    """Fetches from other hosts; no quota counts there."""

    def __init__(self, http: Callable[[str], HTTP], clock: Clock, budget: Budget) -> None:
        self._http = http
        self._clock = clock
        self._budget = budget

    async def fetch(
        self, place: Place | None, operation: Operation[Any], options: Options, gate: anyio.Semaphore
    ) -> Incoming:
        """Return what is at `place`, or where that leads, as soon as its head has come.

        Raises ConfigurationError for DOWNLOAD of, and DecodeError for an answer that leads to, what is no address of
        https (or of http, where the session uses that itself), TransportError and APIError.
        """
        error: type[SoracomError] = ConfigurationError if operation is DOWNLOAD else DecodeError
        for _ in range(MAX_HOPS):
            if place is None:
                raise error(f"{operation.id}: this leads to no address of http or https")
            if place.endpoint.startswith("http:") and not options.endpoint.startswith("http:"):
                raise error(f"{operation.id}: this leads to {place.endpoint}, which is not https")
            outcome = await self._get(place, operation, options, gate)
            if outcome.status not in REDIRECTS:
                return outcome
            await outcome.aclose()
            place, error = Place.of(outcome.headers.get("location"), place), DecodeError
        raise DecodeError(f"{operation.id}: this leads through more than {MAX_HOPS} addresses")

    async def _get(self, place: Place, operation: Operation[Any], options: Options, gate: anyio.Semaphore) -> Incoming:
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
                outcome = await self._http(place.endpoint).open(request, options.timeout)
            if isinstance(outcome, NoAnswer):
                event: Answered | Unanswered = Unanswered(outcome.sent, outcome.stale)
            elif 200 <= outcome.status < 300 or outcome.status in REDIRECTS:
                return outcome
            else:
                # What other hosts say in their errors is theirs: it may well quote the permission.
                await outcome.aclose()
                event = Answered(outcome.status, retry_after(outcome.headers))
            decision = attempts.decide(Effect.READ, event, options.max_retries, self._budget)
            if isinstance(decision, Stop):
                if isinstance(outcome, NoAnswer):
                    raise failure(operation, outcome, place.endpoint)
                message = f"{place.endpoint} refuses the download"
                raise APIError.of_status(outcome.status)(message, status=outcome.status, operation=operation.id)
            await self._clock.sleep(decision.after)
