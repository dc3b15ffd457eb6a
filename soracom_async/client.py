"""The face of the library: one `Soracom`, its groups of methods, and the session behind it."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import cache, cached_property, partial
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, get_args

from anyio.to_thread import run_sync

from ._clock import Clock
from ._core.operation import Effect, Operation
from ._core.window import RateLimit
from ._http.pool import TransportChoice
from ._opening import Settings, addresses, changed, check_names, found_for, open_session
from ._session.session import Session
from .api._groups import Groups
from .credentials.kinds import ApiToken, Credentials
from .errors import ConfigurationError
from .options import MAX_RESPONSE_SIZE, Options

if TYPE_CHECKING:
    from .credentials.environment import SessionConfig
    from .files.content import Content
    from .files.downloads import Progress, Streaming
    from .jobs.jobs import Jobs
    from .pages import Page, Pages

R = TypeVar("R")
T = TypeVar("T")


class Soracom(Groups):
    """A session with the Soracom API, whose methods are grouped and named as in the official command line.

    `credentials` may be left out: then they come from the environment, or else from a profile of the command line.
    `coverage` is `g` or `jp`; `endpoint` is an address without `/v1`. The first of these counts: `endpoint`,
    $SORACOM_ENDPOINT, `coverage`, $SORACOM_COVERAGE_TYPE, the profile if one is read, `g`. An address of plain http is
    refused unless it is local or `insecure` is true. `token_ttl` is in seconds, 180 to 172,800; the token is renewed
    before it ends. `timeout` is in seconds and for one attempt. `max_wait` is in seconds: a call that is told to wait
    for longer fails at once. `max_response_size` bounds, in bytes, an answer that is read whole. `max_connections`
    bounds the requests under way. `transport` is any httpx transport, which the session then closes, or `"aiohttp"`.
    `clock` is for tests.

    Use it as `async with Soracom(…) as soracom:`, or call `aclose()` at the end. It belongs to the event loop that
    first uses it; all its tasks share token, quota and connections. When that loop has ended it goes on in the next,
    with the same token and quota. Raises ConfigurationError for what cannot work.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        coverage: str | None = None,
        endpoint: str | None = None,
        token_ttl: int | None = None,
        language: str = "en",
        timeout: float = 60.0,
        max_retries: int = 5,
        wait: bool = True,
        max_wait: float = 120.0,
        max_response_size: int = MAX_RESPONSE_SIZE,
        insecure: bool = False,
        max_connections: int = 100,
        transport: TransportChoice = None,
        clock: Clock | None = None,
    ) -> None:
        settings: Settings = {
            "coverage": coverage,
            "endpoint": endpoint,
            "token_ttl": token_ttl,
            "language": language,
            "timeout": timeout,
            "max_retries": max_retries,
            "wait": wait,
            "max_wait": max_wait,
            "max_response_size": max_response_size,
            "insecure": insecure,
            "max_connections": max_connections,
            "transport": transport,
            "clock": clock,
        }
        self._hold(open_session(credentials, found_for(credentials, settings), settings))

    @classmethod
    def from_env(cls, **settings: Unpack[Settings]) -> Soracom:
        """Open a session with the credentials in the environment; `settings` are those of the class.

        Raises ConfigurationError if there are none, or half of a pair, and TypeError for an unknown setting.
        """
        from .credentials.environment import from_env

        check_names("from_env", settings)
        return cls._from(from_env(), settings)

    @classmethod
    def from_profile(cls, name: str | None = None, **settings: Unpack[Settings]) -> Soracom:
        """Open a session with a profile of the official command line; without a name, $SORACOM_PROFILE or `default`.

        `settings` are those of the class. Raises ConfigurationError if the profile is missing, unreadable, readable by
        others, or incomplete, and TypeError for an unknown setting.
        """
        from .credentials.profiles import from_profile

        check_names("from_profile", settings)
        return cls._from(from_profile(name, coverage=settings.get("coverage")), settings)

    @classmethod
    def _from(cls, found: SessionConfig, settings: Settings) -> Soracom:
        soracom = cls.__new__(cls)
        soracom._hold(open_session(None, found, settings))
        return soracom

    def _hold(self, session: Session, options: Options | None = None) -> None:
        """Make calls on a session: one of its own, or, with other options, one that it shares."""
        self._session = session
        self._options = options or session.options
        self._owner = options is None

    async def __aenter__(self) -> Soracom:
        self._session.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. What `with_options` returned closes nothing: it shares them."""
        if self._owner:
            await self._session.aclose()

    def with_options(
        self,
        *,
        coverage: str | None = None,
        endpoint: str | None = None,
        language: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        wait: bool | None = None,
        max_wait: float | None = None,
        max_response_size: int | None = None,
        quota_share: float | None = None,
    ) -> Soracom:
        """Return a client with other options that shares session, token and quota.

        `wait=False` raises RateLimited instead of waiting for quota. $SORACOM_ENDPOINT goes before `coverage` here too.
        `quota_share`, of more than 0 and at most 1, makes the calls of the client background work: they go behind those
        of the foreground, and all background work together takes at most this share of each quota window. Raises
        ConfigurationError for what cannot work.
        """
        options = changed(
            self._options,
            self._session,
            coverage,
            endpoint,
            language=language,
            timeout=timeout,
            max_retries=max_retries,
            wait=wait,
            max_wait=max_wait,
            quota_share=quota_share,
            max_response_size=max_response_size,
        )
        other = Soracom.__new__(Soracom)
        other._hold(self._session, options)
        return other

    async def coverages(self) -> dict[str, Soracom]:
        """Return a client for each coverage type that the token names, logging in if need be: `{"jp": …, "g": …}`.

        They have the options of this client and share its session, token and quota; each has the address of its
        coverage, in the sandbox that of the sandbox. Coverage types that are not known are left out, and logged. An
        address that is not the service's own, as of an emulator or a proxy, serves one coverage: with a token that
        names several, each SIM would come twice or not at all, so that raises ConfigurationError. Raises what `login`
        does.
        """
        from .credentials.claims import coverage_types

        token = (await self._session.lease()).token.reveal()
        found = addresses(coverage_types(token), self._options.endpoint)
        return {coverage: self.with_options(endpoint=address) for coverage, address in found.items()}

    async def call(self, operation_id: str, /, **arguments: Any) -> Any:
        """Call any operation by its operationId; the arguments are those of its method, all by name.

        Of a listing this returns one page, as a list. Raises what the methods raise.
        """
        from ._registry import load

        return await self._call(load(operation_id), **arguments)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: Content | None = None,
        headers: Mapping[str, str] | None = None,
        group: str | None = None,
    ) -> Any:
        """Send a request that has no method here, as to an operation newer than this release, and return plain JSON.

        `path` is quoted already, without host and query; `params` make the query. `json` or `content` is the body.
        `group` names the quota; without it, that of the same or similar paths, else one named `other`. What may be
        repeated is decided by the method. The answer comes as JSON has it: None if it is empty, bytes if it is
        no JSON, for HEAD its headers. Raises what the methods raise.
        """
        from ._codec.codec import CODEC
        from ._core.request import BadArgument, raw
        from ._registry import find

        try:
            prepared = raw(method, path, params=params, json=json, content=content, headers=headers, encoder=CODEC)
        except BadArgument as error:
            raise ConfigurationError(str(error)) from None
        operation = prepared.operation
        similar = await run_sync(find, operation.method, operation.path) if group is None else None
        return await self._session.request(prepared, similar or quota_of(group or "other"), self._options)

    def stream(self, what: str, /, **arguments: Any) -> Streaming:
        """Read an answer in chunks: `async with soracom.stream("getFile", scope=…, path=…) as answer`.

        `what` is an operationId, with its arguments by name, or a URL that an answer contained, as of an exported file:
        nothing of the session's is sent there, and a file that is not there yet (403, 404) is waited for, up to 15
        seconds. See `files.Download` for what the answer can do: one of a URL that breaks off goes on. The time-out is
        for each chunk, not for the whole; neither `max_response_size` nor `max_connections` counts the answers that are
        open. Raises what the methods raise.
        """
        from ._registry import load
        from ._session.redirects import DOWNLOAD, Location
        from .files.downloads import Streaming

        session, options = self._session, self._options
        if not isinstance(what, str):
            raise ConfigurationError(f"name an operation or a URL: {type(what).__name__} is neither")
        if "/" in what:
            if arguments:
                raise ConfigurationError(f"a URL takes no arguments, and {', '.join(arguments)} was given")
            return Streaming(partial(session.download, Location.of(what), options), DOWNLOAD, options.timeout)
        operation = load(what)
        return Streaming(partial(session.stream, operation, arguments, options), operation, options.timeout)

    def download(
        self,
        what: str,
        /,
        *,
        to: str | PathLike[str],
        progress: Progress | None = None,
        **arguments: Any,
    ) -> Coroutine[Any, Any, int]:
        """Save what `stream` would give to the file `to`: `await soracom.download(url, to=…)`; return how many bytes.

        `progress(done, total)` is called for each chunk. The file has its name only once it is whole, and nothing of it
        stays if anything goes wrong. An operation that has itself an argument `to` or `progress` needs `stream`.
        Raises OSError if the file cannot be written, and what the methods raise.
        """
        return self.stream(what, **arguments).save(to, progress)

    @cached_property
    def jobs(self) -> Jobs:
        """What the service does in its own time, such as exports: `await soracom.jobs.run("exportBilling", …)`."""
        from .jobs.jobs import Jobs

        return Jobs(self, self._session.clock)

    async def login(self) -> None:
        """Log in now, if there is no good token: otherwise the first call does. Raises AuthenticationFailed."""
        await self._session.lease()

    async def api_token(self) -> ApiToken:
        """Return the API key and token of the session, which know how long they live, logging in if need be.

        A program that runs again and again, as from cron, keeps it and opens its next session with it, without a login:
        `Soracom(token)`. Raises AuthenticationFailed.
        """
        return await self._session.api_token()

    async def logout(self) -> None:
        """Give the token up: `POST /auth/logout`. The next call logs in again."""
        from .api.auth import LOGOUT

        await self._session.logout(LOGOUT, self._options)

    async def operator_id(self) -> str:
        """Return the operator that the session is logged in as, logging in if need be."""
        return await self._session.operator_id()

    @property
    def coverage_types(self) -> tuple[str, ...]:
        """The coverage types that the present token names: `("jp", "g")`. Guide: Checking Coverage Types.

        Raises ConfigurationError before the first login: call `login()` first.
        """
        from .credentials.claims import coverage_types

        return coverage_types(self._session.token().reveal())

    def unverified_claims(self) -> dict[str, Any]:
        """Return the claims of the present token without verifying its signature.

        Raises ConfigurationError before the first login.
        """
        from .credentials.claims import unverified_claims

        return unverified_claims(self._session.token().reveal())

    def verified_claims(self, key: Any, algorithms: list[str] | None = None) -> dict[str, Any]:
        """Return the claims of the present token, verified by a key or key set, as `claims.verified_claims` does.

        Raises ConfigurationError before the first login and for a key that is none, `jwt.InvalidTokenError` if the
        token does not verify, also because a key set lacks its key.
        """
        from .credentials.claims import verified_claims

        return verified_claims(self._session.token().reveal(), key, algorithms)

    def rate_limits(self) -> dict[str, RateLimit]:
        """Return what is known of each quota used so far: `.limit`, `.remaining`, `.refresh_in` seconds."""
        return self._session.limiter.view(self._options.endpoint)

    def _call(self, operation: Operation[R], /, **arguments: Any) -> Coroutine[Any, Any, R]:
        return self._session.call(operation, arguments, self._options)

    def _pages(self, operation: Operation[list[T]], /, **arguments: Any) -> Pages[T]:
        from .pages import Pages

        session, options = self._session, self._options
        paging = operation.paging
        assert paging is not None  # noqa: S101 - only listings have methods with pages

        async def fetch(key: str | None) -> Page[T]:
            return await session.page(operation, arguments, key, options)

        key = arguments.pop(paging.parameter, None)
        [item_type] = get_args(operation.result)
        return Pages(fetch, key, name=str(operation), clock=session.clock, item_type=item_type)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Say which groups there are; those never come here."""
            groups = ", ".join(each for each in vars(Groups) if not each.startswith("_"))
            raise AttributeError(f"Soracom has no group {name!r}; it has {groups}", name=name, obj=self)

    def __repr__(self) -> str:
        return f"Soracom(endpoint={self._options.endpoint!r})"


@cache
def quota_of(group: str) -> Operation[Any]:
    """Return an operation that stands for the quota of a group."""
    return Operation(group, "GET", "", group, Effect.READ)
