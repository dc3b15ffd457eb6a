"""The quota, shared by all tasks: those who wait for permits of a window, first come, first served."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import anyio

from .._clock import Clock, wait
from .._core.operation import Operation
from .._core.outcome import ResponseHead
from .._core.reset import Rounding
from .._core.retry import retry_after
from .._core.window import (
    NOTHING,
    Permit,
    RateLimit,
    RateLimitHeaders,
    Window,
)
from ..errors import RateLimited

Key = Callable[[Operation[Any]], str]


def by_group(operation: Operation[Any]) -> str:
    """Return the bucket of an operation: its group, or itself if the caller's address is limited.

    Guide: Rate Limits. No header names the bucket, so this one function decides.
    """
    return operation.group if operation.secured else operation.id


class Quota(Protocol):
    """What a call takes a permit of, and settles it with."""

    def try_acquire(self) -> Permit | None:
        """Return a permit if one is free; never waits itself."""
        ...

    async def acquire(self, operation: str = "", *, wait: bool = True, again: bool = False) -> Permit:
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

    def try_acquire(self) -> Permit | None:
        """Return a permit."""
        return _FREE

    async def acquire(self, operation: str = "", *, wait: bool = True, again: bool = False) -> Permit:
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


class _Waiter:
    __slots__ = ("event", "permit")

    def __init__(self) -> None:
        self.event = anyio.Event()
        self.permit: Permit | None = None


class Bucket:
    """One quota window and the tasks that wait for it.

    Nobody owns a background task: the first in the queue watches the clock for all of them.
    """

    def __init__(self, name: str, clock: Clock, rounding: Rounding) -> None:
        self.name = name
        self.window = Window.rounded(rounding)
        self._clock = clock
        self._queue: deque[_Waiter] = deque()

    def try_acquire(self) -> Permit | None:
        """Return a permit if one is free and nobody waits for it; never waits itself."""
        return None if self._queue else self.window.reserve(self._clock.now())

    async def acquire(self, operation: str = "", *, wait: bool = True, again: bool = False) -> Permit:
        """Wait for a permit; one that comes `again` after a 429 goes before the others.

        Raises RateLimited instead of waiting for the reset of the window if `wait` is false.
        """
        waiter = _Waiter()
        if again:
            self._queue.appendleft(waiter)
        else:
            self._queue.append(waiter)
        try:
            while True:
                self._grant()
                if waiter.permit is not None:
                    return waiter.permit
                if not wait and self.window.spent:
                    raise self._refusal(operation)
                await self._sleep(waiter)
        except BaseException:
            if waiter.permit is not None:
                self.window.unsent(waiter.permit)
            else:
                self._queue.remove(waiter)
            raise
        finally:
            self._grant()

    def unsent(self, permit: Permit) -> None:
        """Take back a permit whose request never left."""
        self.window.unsent(permit)
        self._grant()

    def unanswered(self, permit: Permit) -> None:
        """Count a permit as spent: its request left, and no answer came."""
        self.window.unanswered(permit)
        self._grant()

    def answered(self, permit: Permit, response: ResponseHead, sent: float) -> None:
        """Settle a permit by the response; `sent` is when its request left."""
        headers, now = response.headers, self._clock.now()
        limits = RateLimitHeaders.parse(headers) if "x-soracom-ratelimit-limit" in headers else NOTHING
        self.window.answered(permit, limits, sent=sent, now=now)
        self._grant()
        if response.status == 429 and limits.seconds is None and (seconds := retry_after(headers)) is not None:
            self.window.exhausted(now + seconds)

    def view(self) -> RateLimit:
        """Return the window as it is known now."""
        return self.window.view(self._clock.now())

    def _grant(self) -> None:
        queue = self._queue
        while queue and (permit := self.window.reserve(self._clock.now())) is not None:
            waiter = queue.popleft()
            waiter.permit = permit
            waiter.event.set()
        if queue:
            queue[0].event.set()  # it is the first now, and watches the clock

    async def _sleep(self, waiter: _Waiter) -> None:
        if self._queue[0] is not waiter:
            await waiter.event.wait()
            return
        waiter.event = anyio.Event()
        now = self._clock.now()
        opens_at = self.window.opens_at(now)
        if opens_at == math.inf:
            await waiter.event.wait()
        else:
            await wait(self._clock, waiter.event, max(0.0, opens_at - now))

    def _refusal(self, operation: str) -> RateLimited:
        now = self._clock.now()
        opens_at = self.window.opens_at(now)
        after = opens_at - now if opens_at < math.inf else None
        when = f"; it is renewed in {after:.1f} s" if after is not None else ""
        message = f"the quota of {self.name} is used up{when}"
        return RateLimited(message, status=429, operation=operation, retry_after=after)


class Limiter:
    """The buckets of a session, by endpoint and name."""

    def __init__(self, clock: Clock, key: Key = by_group) -> None:
        self._clock = clock
        self._key = key
        self._rounding = Rounding()
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._of: dict[tuple[str, Operation[Any]], Bucket] = {}

    def bucket(self, endpoint: str, operation: Operation[Any]) -> Bucket:
        """Return the bucket on which `operation` draws at `endpoint`."""
        try:
            return self._of[endpoint, operation]
        except KeyError:
            name = self._key(operation)
            bucket = self._buckets.get((endpoint, name))
            if bucket is None:
                bucket = self._buckets[endpoint, name] = Bucket(name, self._clock, self._rounding)
            self._of[endpoint, operation] = bucket
            return bucket

    def view(self, endpoint: str) -> dict[str, RateLimit]:
        """Return what is known of each bucket of `endpoint`."""
        return {name: bucket.view() for (host, name), bucket in self._buckets.items() if host == endpoint}
