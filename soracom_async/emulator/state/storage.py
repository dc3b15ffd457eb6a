"""The storage host: files on an address of its own. The URL of a file is the permission to fetch it."""

from __future__ import annotations

import re
from hashlib import sha256
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from ..durations import HOUR_S
from ..protocol.messages import Response

if TYPE_CHECKING:
    from ..protocol.messages import Request

HOST = "storage.emulator.test"
"""The host name in process; on a socket, the storage host is a second port."""
URL_LIFE_S: float = HOUR_S
"""How long a URL is valid, unless its operation says otherwise."""
_URL = re.compile(r"/[0-9a-f]{16}\?signature=[0-9a-f]{48}")
_CODES = {403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed"}


@frozen(slots=True)
class Offer:
    """A file that can be fetched."""

    content: bytes
    content_type: str
    until: float
    """The Unix time at which its URL ends."""
    since: float = 0.0
    """The Unix time from which on the file can be fetched."""
    early: int = 403
    """The status of the answers before that time."""


class Storage:
    """The files on the storage host, by the path and query of their URLs."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self._ends: list[tuple[float, str]] = []
        """When each URL ends; a heap."""
        self.leaks: int = 0
        """How many requests had Soracom's headers; their clients send a token to any host of a redirect."""

    @classmethod
    def from_state(cls, state: dict[str, Offer]) -> Storage:
        """Return the storage that a state file has."""
        storage = cls()
        storage._offers = state
        storage._ends = [(offer.until, path) for path, offer in state.items()]
        heapify(storage._ends)
        return storage

    def to_state(self) -> dict[str, Offer]:
        """Return what a state file has of this storage: the files, by path and query of their URLs."""
        return self._offers

    def offer(self, content: bytes, content_type: str, now: float, life: float = URL_LIFE_S) -> str:
        """Return path and query of a URL for `content` that is valid for `life` seconds; `now` is the Unix time."""
        while self._ends and self._ends[0][0] <= now:
            del self._offers[heappop(self._ends)[1]]
        digest = sha256(f"{now} {life} {content_type} ".encode() + content).hexdigest()
        path = f"/{digest[:16]}?signature={digest[16:]}"
        if path not in self._offers:
            self._offers[path] = Offer(content, content_type, now + life)
            heappush(self._ends, (now + life, path))
        return path

    def delay(self, text: str, since: float, status: int) -> None:
        """Let the files whose URLs are in a text not be there before a time; until then the answer is `status`."""
        for path in _URL.findall(text):
            if path in self._offers:
                self._offers[path] = evolve(self._offers[path], since=since, early=status)

    def answer(self, request: Request, now: float) -> Response:
        """Answer a request; without a valid URL, the answer shows nothing."""
        self.leaks += any(name.startswith("x-soracom-") for name in request.headers)
        offer = self._offers.get(f"{request.path}?{request.query}")
        if offer is None or offer.until <= now:
            return _refusal(403)
        if request.method not in ("GET", "HEAD"):
            return _refusal(405)
        if now < offer.since:
            return _refusal(offer.early)
        return Response(200, {"content-type": offer.content_type}, offer.content)


def _refusal(status: int) -> Response:
    """Return an error in the form of storage services, which differs from the API's."""
    code = _CODES.get(status, "InternalError")
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Response(status, {"content-type": "application/xml"}, text.encode())
