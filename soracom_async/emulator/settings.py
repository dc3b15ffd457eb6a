"""Checks the settings of an emulator, and brings them into one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..errors import ConfigurationError
from .service.rate_limits import THROTTLINGS, Throttling
from .state.sims import NUMBERS
from .state.subscriptions import MIX, SPEED_CLASSES

MOST_WEIGHT = 1_000_000
"""The highest weight of a subscription."""


def check(
    sims: int,
    groups: int,
    rate_limit: int | Mapping[str, int] | None,
    window: float,
    throttling: Throttling,
    token_ttl: float | None,
    token_status: int,
    latency: float,
    search_delay: float,
) -> None:
    """Raise ConfigurationError for impossible settings."""
    limits = rate_limit.values() if isinstance(rate_limit, Mapping) else [1 if rate_limit is None else rate_limit]
    problems = {
        f"sims={sims!r} must be 0 to {NUMBERS:,}": not 0 <= sims <= NUMBERS,
        f"groups={groups!r} must be 0 or more": groups < 0,
        f"rate_limit={rate_limit!r} must be 1 or more requests": any(limit < 1 for limit in limits),
        f"window={window!r} must be more than 0 seconds": not window > 0,
        f"throttling={throttling!r} must be one of {', '.join(THROTTLINGS)}": throttling not in THROTTLINGS,
        f"token_ttl={token_ttl!r} must be more than 0 seconds": token_ttl is not None and not token_ttl > 0,
        f"token_status={token_status!r} must be 401 or 403": token_status not in (401, 403),
        f"latency={latency!r} must be 0 seconds or more": not latency >= 0,
        f"search_delay={search_delay!r} must be 0 seconds or more": not 0 <= search_delay < float("inf"),
    }
    for problem, found in problems.items():
        if found:
            raise ConfigurationError(problem)


def weights(subscriptions: str | Iterable[str] | Mapping[str, float] | None) -> Mapping[str, float]:
    """Return the subscriptions of a fleet with their weights; without any, a mix. Raises ConfigurationError."""
    if subscriptions is None:
        return MIX
    if isinstance(subscriptions, str):
        subscriptions = [subscriptions]
    weighted = subscriptions if isinstance(subscriptions, Mapping) else Counter(subscriptions)
    if not weighted:
        raise ConfigurationError("subscriptions must name at least one subscription")
    for name, weight in weighted.items():
        if name not in SPEED_CLASSES:
            raise ConfigurationError(f"subscriptions: {name!r} is none of {', '.join(SPEED_CLASSES)}")
        if not 0 < weight <= MOST_WEIGHT:
            problem = f"the weight {weight!r} of {name} must be more than 0, and {MOST_WEIGHT:,} at most"
            raise ConfigurationError(f"subscriptions: {problem}")
    return weighted
