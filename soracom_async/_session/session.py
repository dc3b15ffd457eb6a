"""A session: what its calls share, and what each of them returns."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, TypeVar

from attrs import evolve

from .._background import in_background
from .._clock import Clock, utc_in
from .._codec.codec import CODEC
from .._codec.responses import page, raw_result, result
from .._core.operation import Operation
from .._core.outcome import Response
from .._core.request import BadArgument, Prepared, prepare
from .._core.signed_urls import SignedURL
from .._core.token import Hidden, Lease
from .._http.exchange import Headers
from .._http.pool import CLOSED, TransportPool
from .._http.streaming import StreamingResponse
from ..credentials.kinds import ApiToken, Credentials
from ..errors import ConfigurationError
from ..files.uploads import Upload
from ..options import Options
from ..pages import Page
from .binding import Binding
from .call import (
    Call,
    Receive,
    receive_all,
    receive_file,
    receive_head,
)
from .limiter import Limiter
from .login import Login
from .quota import UNLIMITED
from .redirects import (
    DOWNLOAD,
    Location,
    ResponseT,
    follow,
)
from .requests import Requests
from .resuming import Begin, ResumingResponse
from .sender import Sender
from .tokens import Tokens

R = TypeVar("R")

OPERATOR = "operator_id"
"""The path parameter that the session fills in."""


class Session:
    """Token, quota and connections, shared by all tasks of one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        ttl: int,
        transports: TransportPool,
        clock: Clock,
        max_connections: int,
        headers: Mapping[str, str],
        options: Options,
    ) -> None:
        self.clock = clock
        self.limiter = Limiter(clock)
        self.tokens = Tokens(Login(credentials, ttl, self._log_in, clock), clock)
        self.options = options
        self._sender = Sender(
            tokens=self.tokens,
            transports=transports,
            requests=Requests(headers),
            clock=clock,
            max_connections=max_connections,
            credentials=credentials,
        )
        self._transports = transports
        self._binding = Binding(self._sender.bind, transports.aclose, self._abandon)

    async def call(
        self, operation: Operation[R], arguments: Mapping[str, Any], options: Options, lease: Lease | None = None
    ) -> R:
        """Call an operation and return its result; `lease` is used instead of the session's own."""
        call = await self._prepare(operation, arguments, options, receive_all, lease)
        said = await self._sender.deliver(call, partial(_read, operation))
        if isinstance(said, Response):
            location = Location.of_redirect(said.headers, options.endpoint)
            return result(operation, await self._follow(location, operation, options, receive_file))
        return said

    async def page(
        self, operation: Operation[list[R]], arguments: Mapping[str, Any], key: str | None, options: Options
    ) -> Page[R]:
        """Return the page of a listing behind `key`, or the first."""
        paging = operation.paging
        assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
        call = await self._prepare(operation, {**arguments, paging.parameter: key}, options, receive_all)
        return await self._sender.deliver(call, partial(page, operation))

    async def stream(
        self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options
    ) -> ResumingResponse:
        """Call an operation and return its response as soon as the head is there; the caller closes it."""

        async def begin(extra: Headers) -> StreamingResponse:
            call = await self._prepare(operation, arguments, options, receive_head)
            response = await self._sender.deliver(call, _itself)
            if response.status < 300:
                return response
            await response.aclose()
            location = Location.of_redirect(response.headers, options.endpoint)
            return await self._follow(location, operation, options, receive_head, extra)

        return await self._resuming(begin, operation, options)

    async def download(self, location: Location | None, options: Options) -> ResumingResponse:
        """Return the response of another host as soon as the head is there; the caller closes it."""
        return await self._resuming(partial(self._follow, location, DOWNLOAD, options, receive_head), DOWNLOAD, options)

    async def _resuming(self, begin: Begin, operation: Operation[Any], options: Options) -> ResumingResponse:
        return ResumingResponse(await begin(()), begin, self._sender.repeats(operation, options))

    async def request(self, prepared: Prepared, quota: Operation[Any], options: Options) -> Any:
        """Send a request that no operation describes, on the quota of one that does."""
        self.enter()
        call = self._call(prepared, quota, options, receive_all)
        return await self._sender.deliver(call, partial(raw_result, prepared.operation))

    async def lease(self) -> Lease:
        """Return a lease that may be used now, logging in if there is none."""
        self.enter()
        return self.tokens.fresh() or await self.tokens.lease()

    async def operator_id(self) -> str:
        """Return the operator that the session is logged in as."""
        operator_id = (await self.lease()).operator_id
        if not operator_id:
            raise ConfigurationError("the token does not name its operator: pass operator_id")
        return operator_id

    async def api_token(self) -> ApiToken:
        """Return key and token with the life that is left to them, logging in if there are none."""
        lease = await self.lease()
        if lease.ttl is None:
            return ApiToken(lease.api_key.reveal(), lease.token.reveal())
        left = max(1, int(lease.born + lease.ttl - self.clock.now()))
        return ApiToken(lease.api_key.reveal(), lease.token.reveal(), ttl=left, expires_at=utc_in(left))

    def token(self) -> Hidden:
        """Return the present token; raises ConfigurationError before the first login."""
        if self.tokens.current is None:
            raise ConfigurationError("there is no token yet: call 'await soracom.login()' or any method first")
        return self.tokens.current.token

    async def logout(self, operation: Operation[None], options: Options) -> None:
        """Give the token up; the next call logs in again."""
        lease = self.tokens.current
        if lease is not None:
            await self.call(operation, {}, options, lease)
            self.tokens.reject(lease)

    async def aclose(self) -> None:
        """Close the connections; calls made afterwards raise ConfigurationError."""
        if not self._transports.closed:
            self._binding.check()
            self._transports.closed = True
            await self._binding.aclose()

    def _abandon(self) -> None:
        """Forget what an event loop that has ended left; what is known of token and quota stays."""
        self.limiter.abandon()
        self.tokens.abandon()
        self._transports.abandon()

    async def _log_in(self, operation: Operation[Any], arguments: dict[str, Any], lease: Lease | None) -> Any:
        with in_background(None):  # all calls wait for it, whoever makes it
            return await self.call(operation, arguments, self.options, lease)

    async def _prepare(
        self,
        operation: Operation[Any],
        arguments: Mapping[str, Any],
        options: Options,
        receive: Receive[ResponseT],
        lease: Lease | None = None,
    ) -> Call[ResponseT]:
        self.enter()
        if "{operator_id}" in operation.path and arguments.get(OPERATOR) is None:
            arguments = {**arguments, OPERATOR: await self.operator_id()}
        try:
            prepared = prepare(operation, arguments, CODEC)
        except BadArgument as error:
            raise ConfigurationError(str(error)) from None
        return self._call(prepared, operation, options, receive, lease)

    def _call(
        self,
        prepared: Prepared,
        quota: Operation[Any],
        options: Options,
        receive: Receive[ResponseT],
        lease: Lease | None = None,
    ) -> Call[ResponseT]:
        call = Call(prepared, self.limiter.bucket(options.endpoint, quota), options, receive, lease)
        if prepared.content is not None and type(prepared.content) is not bytes:
            call.upload = Upload(prepared.content)
            call.prepared = evolve(prepared, content=call.upload)
        return call

    async def _follow(
        self,
        location: Location | None,
        operation: Operation[Any],
        options: Options,
        receive: Receive[ResponseT],
        extra: Headers = (),
    ) -> ResponseT:
        self.enter()
        fetch = partial(self._fetch, options, receive, extra)
        encrypted = Location(options.endpoint, b"").encrypted
        return await follow(fetch, location, operation, encrypted=encrypted)

    def _fetch(
        self,
        options: Options,
        receive: Receive[ResponseT],
        extra: Headers,
        operation: Operation[Any],
        location: Location,
    ) -> Awaitable[ResponseT]:
        """Send a request to another host."""
        prepared = Prepared(operation, location.target)
        signed = SignedURL.of(location.target) if operation.id == DOWNLOAD.id else None
        elsewhere = location.request(options, extra)
        call = Call(prepared, UNLIMITED, options, receive, elsewhere=elsewhere, signed=signed)
        return self._sender.deliver(call, _itself)

    def check(self, endpoint: str) -> None:
        """Raise ConfigurationError for an endpoint to which no token may go."""
        self._transports.check(endpoint)

    def enter(self) -> None:
        """Bind the session here; raises ConfigurationError if it belongs elsewhere, and once it is closed."""
        if self._transports.closed:
            raise ConfigurationError(CLOSED)
        self._binding.enter()


def _read(operation: Operation[R], response: Response) -> R | Response:
    """Return the result of an operation, or the response itself, if it is a redirect to the result."""
    if response.status >= 300 and operation.result is bytes:
        return response
    return result(operation, response)


def _itself(response: ResponseT) -> ResponseT:
    return response
