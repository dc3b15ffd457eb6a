"""The quota: fixed windows with a limit of requests, one for each bucket."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from attrs import define, evolve, frozen

DEFAULT_LIMIT = 1000

Bucket = tuple[str, str | None]
"""The owner of a window: an operator or an address, and a group or an operationId."""
Throttling = Literal["quota", "retry-after", "both", "bare"]
"""What the headers of a 429 say: the quota, Retry-After, both, or nothing at all."""
THROTTLINGS: tuple[Throttling, ...] = get_args(Throttling)


@define(slots=True)
class Window:
    """A window of a bucket: the used part of its limit, and the number of refused requests."""

    group: str
    limit: int
    start: float
    used: int = 0
    refused: int = 0


@frozen(slots=True)
class Grant:
    """Whether a request was within the quota, and the values for the headers of its response."""

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

    def refusal(self, says: Throttling) -> dict[str, str]:
        """Return the headers of a 429."""
        later = {"retry-after": str(self.seconds)} if says in ("retry-after", "both") else {}
        return later | (evolve(self, remaining=0).headers if says in ("quota", "both") else {})


class Quota:
    """All windows of a service."""

    def __init__(self, limit: int | Mapping[str, int] | None, length: float, *, aligned: bool = False) -> None:
        if not length > 0:
            raise ValueError(f"a window lasts more than 0 seconds, not {length}")
        self.limits: dict[str, int] = dict(limit) if isinstance(limit, Mapping) else {}
        """By group or operationId."""
        self.default: int = limit if isinstance(limit, int) else self.limits.pop("all", DEFAULT_LIMIT)
        self.length = length
        self.aligned = aligned
        self.closed: deque[Window] = deque(maxlen=10_000)
        """The closed windows, oldest first."""
        self.refused: Counter[str] = Counter()
        self._open: dict[Bucket, Window] = {}

    def take(self, bucket: Bucket, group: str, operation_id: str, now: float) -> Grant:
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
        # Whole seconds, rounded up, so that the window is really over at the announced time.
        return Grant(granted, window.limit, window.limit - window.used, math.ceil(self._left(window, now)))

    def windows(self, now: float) -> Iterator[tuple[Bucket, Window, float]]:
        """Return the open windows, each with its bucket and the seconds that are left."""
        for bucket, window in self._open.copy().items():
            if (left := self._left(window, now)) > 0:
                yield bucket, window, left

    def clear(self) -> None:
        """Remove all windows."""
        self.closed.clear()
        self.refused.clear()
        self._open.clear()

    def _left(self, window: Window, now: float) -> float:
        return self.length - (now - window.start)

    def share(self, group: str | None = None) -> float:
        """Return the used share of the quota in the closed windows; 0.0 if there are none."""
        windows = [window for window in self.closed if group in (None, window.group)]
        total = sum(window.limit for window in windows)
        return sum(window.used for window in windows) / total if total else 0.0
