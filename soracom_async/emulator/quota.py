"""The quota as the service has it: fixed windows of so many requests, one for each bucket."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Hashable, Mapping

from attrs import define, frozen

DEFAULT_LIMIT = 1000


@define(slots=True)
class Window:
    """A window of a bucket: how much of its limit was used, how many requests it refused."""

    group: str
    limit: int
    start: float
    used: int = 0
    refused: int = 0


@frozen(slots=True)
class Grant:
    """What the headers of one answer say, and whether the request was within the quota."""

    granted: bool
    limit: int
    remaining: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The three headers."""
        return {
            "x-soracom-ratelimit-limit": str(self.limit),
            "x-soracom-ratelimit-remaining": str(self.remaining),
            "x-soracom-ratelimit-seconds-before-refresh": str(self.seconds),
        }


class Quota:
    """All windows of a service."""

    def __init__(self, limit: int | Mapping[str, int] | None, length: float, *, aligned: bool = False) -> None:
        if not length > 0:
            raise ValueError(f"a window lasts more than 0 seconds, not {length}")
        self.limits: dict[str, int] = dict(limit) if isinstance(limit, Mapping) else {}
        """By group or operationId."""
        self.default: int = limit if isinstance(limit, int) else DEFAULT_LIMIT
        self.length = length
        self.aligned = aligned
        self.closed: deque[Window] = deque(maxlen=10_000)
        """The windows that are over, oldest first."""
        self.refused: Counter[str] = Counter()
        self._open: dict[Hashable, Window] = {}

    def take(self, bucket: Hashable, group: str, operation_id: str, now: float) -> Grant:
        """Count a request of `bucket`."""
        window = self._open.get(bucket)
        if window is None or now - window.start >= self.length:
            if window is not None:
                self.closed.append(window)
            start = now // self.length * self.length if self.aligned else now
            limit = self.limits.get(operation_id, self.limits.get(group, self.default))
            window = self._open[bucket] = Window(group, limit, start)
        granted = window.used < window.limit
        if granted:
            window.used += 1
        else:
            window.refused += 1
            self.refused[group] += 1
        # Whole seconds, rounded up: a window is never announced as over while it is not.
        seconds = math.ceil(self.length - (now - window.start))
        return Grant(granted, window.limit, window.limit - window.used, seconds)

    def share(self, group: str | None = None) -> float:
        """Return which share of the quota was used in the windows that are over (0.0 where none is)."""
        windows = [window for window in self.closed if group in (None, window.group)]
        total = sum(window.limit for window in windows)
        return sum(window.used for window in windows) / total if total else 0.0
