"""The storage host: files on an address of its own. The URL of a file is the permission to fetch it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from attrs import frozen

from ..durations import HOUR_S
from ..protocol.messages import Response

if TYPE_CHECKING:
    from ..protocol.messages import Request

HOST = "storage.emulator.test"
"""The host name in process; on a socket, the storage host is a second port."""
URL_LIFE_S = HOUR_S
"""How long a URL is valid."""


@frozen(slots=True)
class Offer:
    """A file that can be fetched."""

    content: bytes
    content_type: str
    until: float
    """The Unix time at which its URL ends."""


class Storage:
    """The files on the storage host, by the path and query of their URLs."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self.leaks: int = 0
        """How many requests had Soracom's headers; their clients send a token to any host of a redirect."""

    @classmethod
    def from_state(cls, state: dict[str, Offer]) -> Storage:
        """Return the storage that a state file has."""
        storage = cls()
        storage._offers = state
        return storage

    def to_state(self) -> dict[str, Offer]:
        """Return what a state file has of this storage: the files, by path and query of their URLs."""
        return self._offers

    def offer(self, content: bytes, content_type: str, now: float) -> str:
        """Return path and query of a URL for `content`; `now` is the Unix time."""
        while self._offers and next(iter(self._offers.values())).until <= now:
            del self._offers[next(iter(self._offers))]
        digest = sha256(f"{now} {content_type} ".encode() + content).hexdigest()
        path = f"/{digest[:16]}?signature={digest[16:]}"
        self._offers[path] = Offer(content, content_type, now + URL_LIFE_S)
        return path

    def answer(self, request: Request, now: float) -> Response:
        """Answer a request; without a valid URL, the answer shows nothing."""
        self.leaks += any(name.startswith("x-soracom-") for name in request.headers)
        offer = self._offers.get(f"{request.path}?{request.query}")
        if offer is None or offer.until <= now:
            return _refusal(403, "AccessDenied")
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, "MethodNotAllowed")
        return Response(200, {"content-type": offer.content_type}, offer.content)


def _refusal(status: int, code: str) -> Response:
    """Return an error in the form of storage services, which differs from the API's."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return Response(status, {"content-type": "application/xml"}, text.encode())
