"""The life of one token. Knows when it was asked for and for how long; must not know how one is obtained.

The time to live that was asked for is the truth: the claim `exp` is not relied on. Ages count from before the login was
sent, so they err on the safe side.
"""

from __future__ import annotations

import enum
import math
from typing import Protocol

from attrs import define, field

UNKNOWN_AGEING = 60.0
"""Seconds after which a token of unknown life is exchanged for one whose life is known: sooner than any ends."""


class Hidden(Protocol):
    """A value that no repr shows."""

    def reveal(self) -> str:
        """Return the value itself."""
        ...


class State(enum.Enum):
    """What may be done with a token."""

    FRESH = "fresh"
    """Use it."""
    AGEING = "ageing"
    """Use it; somebody should renew it meanwhile (advisory margin)."""
    EXPIRED = "expired"
    """Do not use it: a request could arrive after its end (mandatory margin)."""


@define(slots=True, eq=False, repr=False)
class Lease:
    """A key and token, and the time for which they may be used."""

    api_key: Hidden
    token: Hidden
    operator_id: str
    user_name: str | None
    born: float
    """The moment, in the session's monotonic seconds, before the login was sent."""
    ttl: float | None
    """Seconds to live, as asked for; None if nobody knows."""
    headers: tuple[tuple[bytes, bytes], ...] = field(init=False)
    """The headers that carry both."""
    ageing_at: float = field(init=False)
    expired_at: float = field(init=False)
    worked: bool = field(default=False, init=False)
    """Whether the service ever accepted it."""

    def __attrs_post_init__(self) -> None:
        if self.ttl is None:
            ageing, expired = UNKNOWN_AGEING, math.inf
        else:
            ageing, expired = self.ttl - min(0.2 * self.ttl, 900.0), self.ttl - min(0.05 * self.ttl, 60.0)
        self.ageing_at, self.expired_at = self.born + ageing, self.born + expired
        self.headers = (
            (b"x-soracom-api-key", self.api_key.reveal().encode()),
            (b"x-soracom-token", self.token.reveal().encode()),
        )

    def __repr__(self) -> str:
        return f"Lease(operator_id={self.operator_id!r}, user_name={self.user_name!r}, ttl={self.ttl!r})"

    def state(self, now: float) -> State:
        """Return what may be done with the token at `now`."""
        if now < self.ageing_at:
            return State.FRESH
        return State.AGEING if now < self.expired_at else State.EXPIRED

    @property
    def cool_down(self) -> float:
        """Seconds to leave between a failed renewal and the next attempt while the token is still good."""
        return 60.0 if self.ttl is None else min(60.0, max(1.0, 0.05 * self.ttl))
