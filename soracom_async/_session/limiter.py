"""The quota, shared by all tasks: those who wait for permits of a window, first come, first served."""

from __future__ import annotations

import contextlib
import logging
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel

from .._clock import TOLD_AFTER, Clock, clock_time, wait
from .._core.api_errors import refuses_token
from .._core.headers import (
    LONGEST_WINDOW,
    NOTHING,
    RateLimitHeaders,
    retry_after,
)
from .._core.operation import Operation
from .._core.outcome import ResponseHead
from .._core.reset import Rounding
from .._core.window import Permit, RateLimit, Window
from ..errors import RateLimited

log = logging.getLogger("soracom_async")

Key = Callable[[Operation[Any]], str]


def by_group(operation: Operation[Any]) -> str:
    """Return the bucket of an operation: its group, or itself if the caller's address is limited.

    Guide: Rate Limits. No header names the bucket, so this one function decides.
    """
    return operation.group if operation.secured else operation.id


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
        self._told_until = -math.inf
        """The reset whose wait was logged."""
        self._told_unknown = False
        """Whether it was logged that no answer has told the quota yet."""

    def try_acquire(self) -> Permit | None:
        """Return a permit if one is free and nobody waits for it; never waits itself."""
        return None if self._queue else self.window.reserve(self._clock.now())

    async def acquire(
        self, operation: str = "", *, wait: bool = True, max_wait: float = math.inf, again: bool = False
    ) -> Permit:
        """Wait for a permit; one that comes `again` after a 429 goes before the others.

        Raises RateLimited instead of waiting for the reset of the window if `wait` is false, and instead of waiting
        for more than `max_wait` seconds that a `Retry-After` named.
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
                if self.window.spent and not (wait and self._opens_within(max_wait)):
                    raise self._refusal(operation)
                await self._sleep(waiter)
        except BaseException:
            if waiter.permit is not None:
                self.window.unsent(waiter.permit)
            else:
                with contextlib.suppress(ValueError):  # the queue of an event loop that ended is empty
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
        if refuses_token(response):
            # A request whose token is refused is nobody's: what its answer says may be of another quota.
            self.unanswered(permit)
            return
        headers, now = response.headers, self._clock.now()
        limits = RateLimitHeaders.parse(headers) if "x-soracom-ratelimit-remaining" in headers else NOTHING
        self.window.answered(permit, limits, sent=sent, now=now)
        if response.status == 429 and limits.seconds is None and (seconds := retry_after(headers)) is not None:
            self.window.exhausted(now + min(seconds, LONGEST_WINDOW))
            for waiter in self._queue:
                waiter.event.set()  # each looks whether it waits so long
        self._grant()

    def abandon(self) -> None:
        """Forget who waits and what is under way: their event loop has ended."""
        self._queue = deque()
        self.window.abandon()

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

    def _opens_within(self, seconds: float) -> bool:
        """Return whether the window opens within `seconds`, if a `Retry-After` closed it, or any time if not."""
        now = self._clock.now()
        return not self.window.closed or self.window.opens_at(now) - now <= seconds

    async def _sleep(self, waiter: _Waiter) -> None:
        waiter.event = anyio.Event()
        if self._queue[0] is not waiter:
            await waiter.event.wait()
            return
        if self.window.spent and self._told_until < self.window.reset.latest:
            await anyio.lowlevel.checkpoint()  # all who come at once are counted
            if waiter.permit is not None:
                return
            self._tell()
        now = self._clock.now()
        opens_at = self.window.opens_at(now)
        if opens_at == math.inf:
            with anyio.move_on_after(math.inf if self._told_unknown else TOLD_AFTER):
                await waiter.event.wait()
                return
            self._told_unknown = True
            log.info("the quota of %s is not known yet: %s for the first answer", self.name, self._waiting())
            await waiter.event.wait()
        else:
            await wait(self._clock, waiter.event, max(0.0, opens_at - now))

    def _tell(self) -> None:
        """Log that the quota is waited for, once in each window."""
        self._told_until = self.window.reset.latest
        seconds = max(0.0, self._told_until - self._clock.now())
        log.info(
            "the quota of %s is used up: %s for %.1f s, until %s",
            self.name,
            self._waiting(),
            seconds,
            clock_time(seconds),
        )

    def _waiting(self) -> str:
        return f"{len(self._queue)} call{'s wait' if len(self._queue) > 1 else ' waits'}"

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

    def abandon(self) -> None:
        """Forget who waits and what is under way: their event loop has ended. What is known of the quota stays."""
        for bucket in self._buckets.values():
            bucket.abandon()

    def view(self, endpoint: str) -> dict[str, RateLimit]:
        """Return what is known of each bucket of `endpoint`."""
        return {name: bucket.view() for (host, name), bucket in self._buckets.items() if host == endpoint}
