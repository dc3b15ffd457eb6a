"""Whether the request of a call may have left: what its caller has to know if the call is cut off."""

from __future__ import annotations

from contextvars import ContextVar


class Sending:
    """What became of the request of the present call; the session notes it."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False
        """Whether it may have reached the service and been executed."""


SENDING: ContextVar[Sending | None] = ContextVar("soracom_async_sending", default=None)
"""Who wants to know it of the calls of the present task."""


def note(*, left: bool) -> None:
    """Note that a request leaves, or that the one that left was not executed and the call goes on."""
    sending = SENDING.get()
    if sending is not None:
        sending.left = left
