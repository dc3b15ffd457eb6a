"""The emulator's face: one object that serves on loopback or in process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from .._clock import Clock, SystemClock
from ..api.operations import MODULES, load
from ..errors import ConfigurationError
from .passcodes import totp
from .quota import Quota
from .service import Paging, Service
from .sims import NUMBERS
from .transport import Transport
from .world import EPOCH, World

if TYPE_CHECKING:
    from collections import Counter
    from types import TracebackType

    from ..credentials import AuthKey, RootUser, SamUser
    from .server import Server
    from .world import Mail, Operator, User


class Emulator:
    """The Soracom API on a laptop: on loopback while it is entered, in process through `transport`.

    The fleet of `sims` SIMs in `groups` groups is the same for one `seed`. `rate_limit` is the requests of a group in a
    `window` of so many seconds, one number or by group or operationId; windows open at the first request, or follow the
    clock when `aligned`. `token_ttl` overrides the life that a login asks for. `paging` leaves out one of the two
    headers that announce a next page. `clock` is the source of time; `advance` moves it on by hand.
    """

    def __init__(
        self,
        *,
        sims: int = 100,
        groups: int = 3,
        seed: int = 0,
        rate_limit: int | Mapping[str, int] | None = None,
        window: float = 60.0,
        aligned: bool = False,
        token_ttl: float | None = None,
        paging: Paging = "both",
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
    ) -> None:
        _check(sims, groups, rate_limit, window, token_ttl, latency)
        self.clock: Clock = clock or SystemClock()
        """The source of time, for sessions that are to share it."""
        # With a clock that somebody drives, even the dates are the same in every run.
        self.world: World = World(self.clock, seed=seed, start=time.time() if clock is None else EPOCH)
        self.quota: Quota = Quota(rate_limit, window, aligned=aligned)
        self.service: Service = Service(
            self.world, self.quota, map(load, MODULES), token_ttl=token_ttl, latency=latency, paging=paging
        )
        self.operator: Operator = self.add_operator("root@example.com", sims=sims, groups=groups)
        self._key = self.world.add_key(self.operator.users[None])
        self._sam = self.world.add_user(self.operator, "sam", self.world.secret(16))
        self.transport: Transport = Transport(self.service)
        """An httpx transport that needs no socket, for asyncio and trio."""
        self._address = host, port
        self._server: Server | None = None

    def add_operator(self, email: str, *, sims: int = 0, groups: int = 0) -> Operator:
        """Sign another operator up; see `credentials_of` for its way in."""
        return self.world.add_operator(email, self.world.secret(16), sims=sims, groups=groups)

    def credentials_of(self, operator: Operator) -> RootUser:
        """Return the credentials of an operator's root user."""
        from ..credentials import RootUser

        return RootUser(operator.email, operator.users[None].password or "")

    @property
    def operator_id(self) -> str:
        """The operator that the emulator begins with."""
        return self.operator.id

    @property
    def auth_key(self) -> AuthKey:
        """An AuthKey of the root user."""
        from ..credentials import AuthKey

        return AuthKey(self._key.id, self._key.secret)

    @property
    def root_user(self) -> RootUser:
        """The root user's email and password."""
        return self.credentials_of(self.operator)

    @property
    def sam_user(self) -> SamUser:
        """A SAM user's name and password."""
        from ..credentials import SamUser

        return SamUser(self.operator.id, self._sam.name or "", self._sam.password or "")

    def one_time_password(self, user: User | None = None) -> str:
        """Return the code that the user's (the root user's) authenticator shows now."""
        secret = (user or self.operator.users[None]).mfa_secret
        if secret is None:
            raise ValueError("the user has no second factor; call enableMFA first")
        return totp(secret, self.world.wall())

    @property
    def mails(self) -> list[Mail]:
        """What was sent by mail and not used yet."""
        return self.world.mails

    @property
    def requests(self) -> int:
        """How many requests came in."""
        return self.service.requests

    @property
    def logins(self) -> int:
        """How many logins succeeded; renewals by generateAuthToken are not among them."""
        return self.service.logins

    @property
    def throttled(self) -> int:
        """How many requests were answered with 429."""
        return self.service.throttled

    @property
    def counts(self) -> Counter[str]:
        """How many requests came in for each operationId, whatever their answer."""
        return self.service.counts

    def quota_used(self, group: str | None = None) -> float:
        """Return which share of the quota was used, over all windows that are over (of one group)."""
        return self.quota.share(group)

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock on."""
        if seconds < 0:
            raise ValueError("the emulator's time does not run backwards")
        self.world.ahead += seconds

    def revoke_tokens(self) -> None:
        """Let all tokens die now, before their time."""
        self.world.close_sessions()

    @property
    def url(self) -> str:
        """Where the emulator serves, without `/v1`."""
        if self._server is None:
            raise RuntimeError("the emulator serves only within `async with`; in process, use its transport")
        host, port = self._server.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        from .server import Server

        if self._server is not None:
            raise RuntimeError("the emulator serves already")
        self._server = Server(self.service, *self._address)
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()


def _check(
    sims: int,
    groups: int,
    rate_limit: int | Mapping[str, int] | None,
    window: float,
    token_ttl: float | None,
    latency: float,
) -> None:
    """Raise ConfigurationError for numbers with which no service could work."""
    limits = rate_limit.values() if isinstance(rate_limit, Mapping) else [1 if rate_limit is None else rate_limit]
    problems = {
        f"sims={sims!r} must be 0 to {NUMBERS:,}": not 0 <= sims <= NUMBERS,
        f"groups={groups!r} must be 0 or more": groups < 0,
        f"rate_limit={rate_limit!r} must be 1 or more requests": any(limit < 1 for limit in limits),
        f"window={window!r} must be more than 0 seconds": not window > 0,
        f"token_ttl={token_ttl!r} must be more than 0 seconds": token_ttl is not None and not token_ttl > 0,
        f"latency={latency!r} must be 0 seconds or more": not latency >= 0,
    }
    for problem, found in problems.items():
        if found:
            raise ConfigurationError(problem)
