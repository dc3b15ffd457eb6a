"""What a call takes a permit of: a bucket of the limiter, or nothing that is limited."""

from __future__ import annotations

import math
from typing import Protocol

from .._background import Background
from .._core.outcome import ResponseHead
from .._core.window import Permit


class Quota(Protocol):
    """What a call takes a permit of, and settles it with."""

    def try_acquire(self, background: Background | None = None) -> Permit | None:
        """Return a permit if one is free, for background work if that is named; never waits itself."""
        ...

    async def acquire(
        self,
        operation: str = "",
        *,
        wait: bool = True,
        max_wait: float = math.inf,
        again: bool = False,
        background: Background | None = None,
    ) -> Permit:
        """Wait for a permit."""
        ...

    def unsent(self, permit: Permit) -> None:
        """Take back a permit whose request never left."""
        ...

    def unanswered(self, permit: Permit) -> None:
        """Count a permit as spent: its request left, and there is no response."""
        ...

    def answered(self, permit: Permit, response: ResponseHead, sent: float) -> None:
        """Settle a permit by the response; `sent` is when its request left."""
        ...


class Unlimited:
    """The quota of other hosts: none, whatever their headers say."""

    def try_acquire(self, background: Background | None = None) -> Permit | None:
        """Return a permit."""
        return _FREE

    async def acquire(
        self,
        operation: str = "",
        *,
        wait: bool = True,
        max_wait: float = math.inf,
        again: bool = False,
        background: Background | None = None,
    ) -> Permit:
        """Return a permit."""
        return _FREE

    def unsent(self, permit: Permit) -> None:
        """Count nothing."""

    def unanswered(self, permit: Permit) -> None:
        """Count nothing."""

    def answered(self, permit: Permit, response: ResponseHead, sent: float) -> None:
        """Count nothing."""


_FREE = Permit(0)
UNLIMITED = Unlimited()
