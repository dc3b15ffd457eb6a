"""The quota, shared by all tasks: those who wait for permits of a window, and who watches the clock for them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel

from .._background import Background
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
from .._core.turns import Spent, Turns
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
    __slots__ = ("background", "event", "permit")

    def __init__(self, background: Background | None) -> None:
        self.background = background
        self.event = anyio.Event()
        self.permit: Permit | None = None


class Bucket:
    """One quota window and the tasks that wait for it.

    Nobody owns a background task: the first of those who wait watches the clock for all of them.
    """

    def __init__(self, name: str, clock: Clock, rounding: Rounding) -> None:
        self.name = name
        self.window = Window.rounded(rounding)
        self._turns: Turns[_Waiter] = Turns(self.window)
        self._clock = clock
        self._told = {Spent.QUOTA: -math.inf, Spent.SHARE: -math.inf, Spent.PART: math.inf}
        """The reset whose wait was logged; never that of a part, which is a turn within the window."""
        self._told_unknown = False
        """Whether it was logged that no answer has told the quota yet."""

    def try_acquire(self, background: Background | None = None) -> Permit | None:
        """Return a permit if one is free and nobody waits whose turn is before; never waits itself."""
        return self._turns.take(background, self._clock.now())

    async def acquire(
        self,
        operation: str = "",
        *,
        wait: bool = True,
        max_wait: float = math.inf,
        again: bool = False,
        background: Background | None = None,
    ) -> Permit:
        """Wait for a permit; one that comes `again` after a 429 goes before the others of the same work.

        Raises RateLimited instead of waiting for the reset of the window if `wait` is false, and instead of waiting
        for more than `max_wait` seconds that a `Retry-After` named.
        """
        waiter = _Waiter(background)
        self._turns.add(waiter, background, self._clock.now(), again=again)
        try:
            while True:
                self._grant()
                if waiter.permit is not None:
                    return waiter.permit
                spent = self._spent(waiter)
                if spent is not None and not (wait and self._opens_within(max_wait)):
                    raise self._refusal(spent, waiter, operation)
                await self._sleep(waiter)
        except BaseException:
            if waiter.permit is not None:
                self.unsent(waiter.permit)
            else:
                self._turns.remove(waiter, background, self._clock.now())
            raise
        finally:
            self._grant()

    def unsent(self, permit: Permit) -> None:
        """Take back a permit whose request never left."""
        self.window.unsent(permit)
        self._turns.settled(permit, self._clock.now(), returned=True)
        self._grant()

    def unanswered(self, permit: Permit) -> None:
        """Count a permit as spent: its request left, and no answer came."""
        self.window.unanswered(permit)
        self._turns.settled(permit, self._clock.now())
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
        self._turns.settled(permit, now)
        if response.status == 429 and limits.seconds is None and (seconds := retry_after(headers)) is not None:
            self.window.exhausted(now + min(seconds, LONGEST_WINDOW))
            for waiter in self._turns:
                waiter.event.set()  # each looks whether it waits so long
        self._grant()

    def abandon(self) -> None:
        """Forget who waits and what is under way: their event loop has ended."""
        self.window.abandon()
        self._turns.abandon()

    def view(self) -> RateLimit:
        """Return the window as it is known now."""
        return self.window.view(self._clock.now())

    def _grant(self) -> None:
        turns = self._turns
        if not turns:
            return
        while (granted := turns.grant(self._clock.now())) is not None:
            granted[0].permit = granted[1]
            granted[0].event.set()
        if (first := turns.first) is not None:
            first.event.set()  # it watches the clock now

    def _spent(self, waiter: _Waiter) -> Spent | None:
        return self._turns.spent(waiter.background, self._clock.now())

    def _opens_within(self, seconds: float) -> bool:
        """Return whether the window opens within `seconds`, if a `Retry-After` closed it, or any time if not."""
        now = self._clock.now()
        return not self.window.closed or self.window.opens_at(now) - now <= seconds

    async def _sleep(self, waiter: _Waiter) -> None:
        waiter.event = anyio.Event()
        if self._turns.first is not waiter:
            await waiter.event.wait()
            return
        spent = self._spent(waiter)
        if spent is not None and self._told[spent] < self.window.reset.latest:
            await anyio.lowlevel.checkpoint()  # all who come at once are counted
            if waiter.permit is not None:
                return
            self._tell(spent)
        now = self._clock.now()
        opens_at = self._turns.opens_at(now)
        if opens_at == math.inf:
            with anyio.move_on_after(math.inf if self._told_unknown else TOLD_AFTER):
                await waiter.event.wait()
                return
            self._told_unknown = True
            log.info("the quota of %s is not known yet: %s for the first answer", self.name, self._waiting())
            await waiter.event.wait()
        else:
            await wait(self._clock, waiter.event, max(0.0, opens_at - now))

    def _tell(self, spent: Spent) -> None:
        """Log that the quota is waited for, once in each window."""
        self._told[spent] = self.window.reset.latest
        seconds = max(0.0, self.window.reset.latest - self._clock.now())
        log.info(
            "%s %s is used up: %s for %.1f s, until %s",
            spent.value,
            self.name,
            self._waiting(),
            seconds,
            clock_time(seconds),
        )

    def _waiting(self) -> str:
        return f"{len(self._turns)} call{'s wait' if len(self._turns) > 1 else ' waits'}"

    def _refusal(self, spent: Spent, waiter: _Waiter, operation: str) -> RateLimited:
        now = self._clock.now()
        opens_at = self._turns.opens_for(waiter.background, now)
        after = opens_at - now if opens_at < math.inf else None
        when = f"; it is renewed in {after:.1f} s" if after is not None else ""
        message = f"{spent.value} {self.name} is used up{when}"
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
