"""How one request ended: with a response, or with none. Knows status, headers and body; must not know who sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from attrs import field, frozen


class ResponseHead(Protocol):
    """What is known of a response before its body is read; the headers have lower-case names."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by lower-case names."""
        ...


@frozen(slots=True)
class Response:
    """A whole response; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@frozen(slots=True)
class TransportFailure:
    """There is no response; `sent` tells whether the request may have reached the service and been executed."""

    reason: str
    sent: bool
    timeout: bool = False
    stale: bool = False
    """Whether a kept connection turned out to be closed by the other side: waiting would not help."""
    permanent: bool = False
    """Whether a repetition would fail in the same way, as with a certificate that nobody vouches for."""


Outcome: TypeAlias = Response | TransportFailure
