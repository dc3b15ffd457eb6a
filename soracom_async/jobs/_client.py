"""What the jobs need of the client: the room does not know `Soracom` itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .._resource import Caller

if TYPE_CHECKING:
    from ..files.downloads import Streaming


class Client(Caller, Protocol):
    """A client that calls operations, and reads what URLs lead to."""

    def stream(self, what: str, /, **arguments: Any) -> Streaming:
        """Return an answer, or the file of a URL, to be read in chunks."""
        ...
