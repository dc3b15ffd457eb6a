"""The public class of the emulator: one object that serves on loopback or in process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from .._clock import Clock, SystemClock
from .._registry import load
from ..api.operations import MODULES
from ..errors import ConfigurationError
from .admin.api import ROOT, Control
from .clock import JumpingClock
from .domain import signing
from .domain.passcodes import totp
from .domain.permissions import ADMINISTRATOR
from .fallback import resource
from .handlers import topics
from .protocol.cross_origin import CrossOrigin
from .service.faults import Fault, Faults
from .service.rate_limits import Quota, Throttling
from .service.service import Paging, Service, TokenStatus
from .serving.transport import Transport
from .settings import check, weights
from .state import persistence
from .state.world import END, EPOCH, World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from os import PathLike
    from types import TracebackType

    from ..credentials.kinds import AuthKey, RootUser, SamUser
    from .protocol.messages import Request, Response
    from .serving.server import Server
    from .state.accounts import Operator, User
    from .state.world import AuditEntry, Mail

SAM_USER = "sam"
"""The SAM user that the first operator begins with."""


class Emulator:
    """An emulator of the Soracom API: on loopback inside of `async with`, in process through `transport`.

    The fleet of `sims` SIMs in `groups` groups is the same for one `seed`. `subscriptions` are those that its SIMs
    have: one name, several, or weights by name. `rate_limit` is the requests of a group in a `window` of so many
    seconds, one number or by group, operationId or `all`; windows open at the first request, or follow the clock when
    `aligned`. `throttling` is what a 429 says of it: `quota`, `retry-after`, `both` or `bare` (nothing). `token_ttl`
    overrides the life that a login asks for; `token_status` tells refused tokens by 401 or, as the service does too,
    by 403. `paging` leaves out one of the two headers that announce a next page. Every answer takes `latency` seconds.
    A search finds a change of a SIM after `search_delay` seconds. `faults` are there from the beginning; see `fault`.
    `clock` is the source of time; `advance` moves it. `storage_port` is where files are downloaded; 0 is any port.
    `allow_origin` names the origins of pages that a browser lets call the API; `*` is any.
    Raises ConfigurationError for impossible settings.
    """

    def __init__(
        self,
        *,
        sims: int = 100,
        groups: int = 3,
        seed: int = 0,
        subscriptions: str | Iterable[str] | Mapping[str, float] | None = None,
        rate_limit: int | Mapping[str, int] | None = None,
        window: float = 60.0,
        aligned: bool = False,
        throttling: Throttling = "quota",
        token_ttl: float | None = None,
        token_status: TokenStatus = 401,
        paging: Paging = "both",
        latency: float = 0.0,
        search_delay: float = 1.0,
        faults: Iterable[Fault | str] = (),
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        storage_port: int = 0,
        allow_origin: str | Iterable[str] = (),
    ) -> None:
        check(sims, groups, rate_limit, window, throttling, token_ttl, token_status, latency, search_delay)
        self.clock: Clock = clock or SystemClock()
        """The source of time, for sessions that are to share it."""
        self._seed, self._sims, self._groups = seed, sims, groups
        self._subscriptions = weights(subscriptions)
        self._saved: persistence.Saved | None = None
        # With a clock that a test controls, even the dates are the same in every run.
        self._today: bool = clock is None
        self.quota: Quota = Quota(rate_limit, window, aligned=aligned)
        self.world: World
        self.operator: Operator
        """The operator that the emulator begins with."""
        self._begin()
        self.service: Service = Service(
            self.world,
            self.quota,
            map(load, MODULES),
            topics.load(),
            resource.answer,
            token_ttl=token_ttl,
            token_status=token_status,
            latency=latency,
            paging=paging,
            throttling=throttling,
            search_delay=search_delay,
        )
        for name in self.quota.limits:
            self.faults.check(name)
        for fault in faults:
            self.faults.add(Fault.parse(fault) if isinstance(fault, str) else fault)
        self.transport: Transport = Transport(self.answer, self.clock)
        """An httpx transport that needs no socket, for asyncio and trio."""
        self._control = Control(self)
        self._cross_origin = CrossOrigin(allow_origin)
        self._address = host, port, storage_port
        self._server: Server | None = None

    @classmethod
    def load(cls, path: str | PathLike[str], **settings: Any) -> Self:
        """Return an emulator with the state that `save` wrote; `settings` are those of the class.

        Raises ConfigurationError if `save` did not write the file, OSError if it cannot be read.
        """
        saved = persistence.load(path)
        settings |= {"sims": 0, "groups": 0}
        emulator = cls(**settings)
        emulator._saved = saved
        emulator.reset()
        return emulator

    def save(self, path: str | PathLike[str]) -> None:
        """Write the state to a file that only its owner may read, since it contains the emulator's secrets.

        The state does not contain quota, faults and counts. Raises OSError.
        """
        with self.service.lock:
            persistence.save(path, self.world, self.operator.id, self._key)

    def reset(self) -> None:
        """Go back to the state at creation or loading: tokens end, quota and counts start again, faults are removed."""
        with self.service.lock:
            self._begin()
            self.service.begin(self.world)

    def _begin(self) -> None:
        saved, today = self._saved, time.time() if self._today else None
        if saved is None:
            self.world = World(self.clock, seed=self._seed, start=EPOCH if today is None else today)
            self.operator = self.add_operator("root@example.com", sims=self._sims, groups=self._groups)
            key = self.world.add_key(self.operator.users[None])
            self._key = key.id, key.secret
            self.world.add_user(self.operator, SAM_USER, self.world.secret(16)).roles.append(ADMINISTRATOR)
        else:
            self.world, self.operator = saved.revive(self.clock, today)
            self._key = saved.auth_key_id, saved.auth_key

    def add_operator(self, email: str, *, sims: int = 0, groups: int = 0) -> Operator:
        """Add another operator; `credentials_of` returns its credentials."""
        password = self.world.secret(16)
        return self.world.add_operator(email, password, sims=sims, groups=groups, subscriptions=self._subscriptions)

    def credentials_of(self, operator: Operator) -> RootUser:
        """Return the credentials of an operator's root user."""
        from ..credentials.kinds import RootUser

        return RootUser(operator.email, operator.users[None].password or "")

    @property
    def operator_id(self) -> str:
        """The operator that the emulator begins with."""
        return self.operator.id

    @property
    def auth_key(self) -> AuthKey:
        """An AuthKey of the root user."""
        from ..credentials.kinds import AuthKey

        return AuthKey(*self._key)

    @property
    def root_user(self) -> RootUser:
        """The root user's email and password."""
        return self.credentials_of(self.operator)

    @property
    def sam_user(self) -> SamUser:
        """A SAM user's name and password.

        It has the managed role AdministratorAccess, so it may do whatever is not for the root user only. Detach the
        role, or add a user, to try permissions: without any, a SAM user may do nothing but log out.
        """
        from ..credentials.kinds import SamUser

        return SamUser(self.operator.id, SAM_USER, self.operator.users[SAM_USER].password or "")

    @property
    def token_keys(self) -> dict[str, Any]:
        """What verifies its tokens: a JWK set of one key, the same for each emulator, and the key as PEM (`pem`).

        Good for `verified_claims`. Without the package `cryptography`, tokens are signed with HS256 instead of RS256:
        the key is a shared secret then, and `pem` is None.
        """
        return signing.keys()

    def one_time_password(self, user: User | None = None) -> str:
        """Return the code that the user's (the root user's) authenticator shows now."""
        secret = (user or self.operator.users[None]).mfa_secret
        if secret is None:
            raise ValueError("the user has no second factor; call enableMFA first")
        return totp(secret, self.world.wall())

    @property
    def mails(self) -> list[Mail]:
        """The mails with tokens that are not used yet."""
        return self.world.mails

    @property
    def requests(self) -> int:
        """How many requests were received."""
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
        """How many requests were received for each operationId, whatever the answer was."""
        return self.service.counts

    def quota_used(self, group: str | None = None) -> float:
        """Return the used share of the quota in all closed windows (of one group)."""
        return self.quota.share(group)

    @property
    def faults(self) -> Faults:
        """The faults that were ordered: `faults.add(Fault(…))`, `faults.clear()`."""
        return self.service.faults

    def fault(self, kind: str, **settings: Any) -> Fault:
        """Add a fault: `emulator.fault("reset-after", operation="sendSmsToSim", count=1)`.

        It lasts until `remove()` of the returned fault is called, or until the end of a `with`. See `Fault`.
        """
        return self.faults.add(Fault(kind, **settings))

    def on_request(self, callback: Callable[[AuditEntry], object]) -> None:
        """Call `callback` with each request that is answered from now on: `.operation`, `.method`, `.path`, `.status`.

        `operation` is the operationId; None for a path that the API does not have. `user` and `faults` tell who sent it
        and which faults hit it. What the callback raises ends the request without an answer.
        """
        self.service.watchers.append(callback)

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward, to the year 2999 at most; a JumpingClock moves for all that share it."""
        if seconds < 0:
            raise ValueError("the emulator's time does not run backwards")
        if not seconds < END - self.world.wall():
            raise ValueError("the emulator's time ends with the year 2999")
        if isinstance(self.clock, JumpingClock):
            self.clock.advance(seconds)
        else:
            self.world.ahead += seconds

    def revoke_tokens(self) -> None:
        """End all tokens now, before their time."""
        self.world.close_sessions()

    @property
    def loaded(self) -> bool:
        """Whether it was loaded from a saved state."""
        return self._saved is not None

    @property
    def serves(self) -> bool:
        """Whether it serves on a socket now."""
        return self._server is not None

    @property
    def host(self) -> str:
        """The host that it serves on, as in the settings."""
        return self._address[0]

    @property
    def url(self) -> str:
        """The URL of the emulator, without `/v1`."""
        if self._server is None:
            raise RuntimeError("the emulator serves only within `async with`; in process, use its transport")
        host, port = self._server.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def leaks(self) -> int:
        """How many requests sent a token or a key to the storage host, which must never get one."""
        return self.world.storage.leaks

    async def answer(self, request: Request, *, storage: bool = False) -> Response:
        """Answer a request to the API, to the storage host, or to the control API."""
        if not storage and request.path.startswith(ROOT):
            return self._control.answer(request)
        response = self._cross_origin.preflight(request, storage=storage)
        if response is None:
            if storage:
                response = self.world.storage.answer(request, self.world.wall())
            else:
                response = await self.service.handle(request)
            self._cross_origin.add_headers(response, request, storage=storage)
        return response

    async def __aenter__(self) -> Self:
        try:
            from .serving.server import Server
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f'{error.name} is missing: pip install "soracom-async[emulator]"; the transport works without it'
            ) from None

        if self._server is not None:
            raise RuntimeError("the emulator serves already")
        self._server = Server(self.answer, self.clock, *self._address)
        await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
