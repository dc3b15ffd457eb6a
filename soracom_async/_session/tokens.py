"""The keeper of the token: renews it before it runs out, once for all tasks, driven by those who need it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Awaitable, Callable

import anyio

from .._clock import Clock
from .._core.token import Lease, State

log = logging.getLogger("soracom_async")

Login = Callable[[Lease | None], Awaitable[Lease]]
"""Obtains a lease; is given the present one, unless the service refused it."""


class _Flight:
    """One renewal under way."""

    __slots__ = ("done", "error")

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.error: Exception | None = None


class Tokens:
    """Keeps one lease.

    While it is ageing one caller renews it and the others go on with the old one; only an expired one makes anybody
    wait. If the caller that renews is cancelled, the next takes over; if it fails, those who wait share its error.
    """

    def __init__(self, login: Login, clock: Clock) -> None:
        self._login = login
        self._clock = clock
        self._lease: Lease | None = None
        self._flight: _Flight | None = None
        self._cool_until = 0.0

    @property
    def current(self) -> Lease | None:
        """The present lease, whatever its age; None before the first login."""
        return self._lease

    def fresh(self) -> Lease | None:
        """Return the lease if nothing need be done about it; never waits."""
        lease = self._lease
        return lease if lease is not None and self._clock.now() < lease.ageing_at else None

    async def lease(self) -> Lease:
        """Return a lease that may be used now, renewing it if it is time.

        Raises AuthenticationFailed or TransportError if there is none to be had.
        """
        while True:
            lease, flight = self._lease, self._flight
            state = lease.state(self._clock.now()) if lease is not None else State.EXPIRED
            if lease is not None and state is State.FRESH:
                return lease
            if lease is not None and state is State.AGEING:
                if flight is not None or self._clock.now() < self._cool_until:
                    return lease
                return await self._renew_early(lease)
            if flight is None:
                return await self._renew(lease)
            await flight.done.wait()
            if flight.error is not None:
                raise copy.copy(flight.error)

    def abandon(self) -> None:
        """Forget a renewal that was under way: its event loop has ended. The lease stays."""
        self._flight = None

    def reject(self, lease: Lease) -> None:
        """Drop a lease that the service refuses; one that was replaced meanwhile changes nothing."""
        if self._lease is lease:
            self._lease = None

    async def _renew_early(self, lease: Lease) -> Lease:
        try:
            return await self._renew(lease)
        except Exception as error:
            # The lease in hand is still good: leave the service in peace for a while.
            now = self._clock.now()
            self._cool_until = now + lease.cool_down
            if self._lease is not lease or lease.state(now) is State.EXPIRED:
                raise
            log.warning("the token could not be renewed and stays in use while it lives: %s", error)
            return lease

    async def _renew(self, present: Lease | None) -> Lease:
        self._flight = flight = _Flight()
        try:
            self._lease = lease = await self._login(present)
        except Exception as error:
            flight.error = error
            raise
        else:
            life = "a time that nobody knows" if lease.ttl is None else f"{lease.ttl:g} s"
            log.info("%s; the token lives %s", "logged in" if present is None else "the token was renewed", life)
            return lease
        finally:
            if self._flight is flight:
                self._flight = None
            flight.done.set()
