"""The one path of every call: prepare, permit, gate, lease, send, settle, decide."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
from attrs import evolve

from .._clock import Clock
from .._codec.codec import CODEC
from .._codec.responses import (
    SPENT,
    failure,
    page,
    raw_result,
    refusal,
    result,
)
from .._core.operation import Operation
from .._core.outcome import Outcome, Response, TransportFailure
from .._core.request import BadArgument, Prepared, prepare
from .._core.retry import (
    STOP,
    Attempts,
    Budget,
    Retry,
    Stop,
)
from .._core.token import Hidden, Lease
from .._core.window import Permit
from .._http.exchange import Headers
from .._http.pool import TransportPool
from .._http.streaming import StreamingResponse
from ..credentials.kinds import Credentials
from ..errors import ConfigurationError
from ..files.uploads import Upload
from ..options import Options
from ..pages import Page
from .call import (
    Call,
    Receive,
    receive_all,
    receive_file,
    receive_head,
)
from .limiter import UNLIMITED, Limiter
from .login import Login
from .redirects import (
    DOWNLOAD,
    Location,
    ResponseT,
    follow,
)
from .requests import Requests
from .resuming import Begin, ResumingResponse
from .tokens import Tokens

R = TypeVar("R")
log = logging.getLogger("soracom_async")

MAX_REPLAYS = 3
"""Renewals that one call may cause; a second only if the token that was refused had worked before."""
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
        self._options = options
        self._transports = transports
        self._budget = Budget()
        self._max_connections = max_connections
        self._requests = Requests(headers)
        self._gate: anyio.Semaphore | None = None
        self._home: tuple[int, object] | None = None
        self._closed = False

    async def call(self, operation: Operation[R], arguments: Mapping[str, Any], options: Options) -> R:
        """Call an operation and return its result."""
        response = await self._deliver(await self._prepare(operation, arguments, options, receive_all))
        if response.status >= 300 and operation.result is bytes:
            location = Location.of_redirect(response.headers, options.endpoint)
            response = await self._follow(location, operation, options, receive_file)
        return result(operation, response)

    async def send(
        self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options, lease: Lease | None = None
    ) -> Response:
        """Call an operation and return its response; `lease` is used instead of the session's own."""
        return await self._deliver(await self._prepare(operation, arguments, options, receive_all, lease))

    async def page(
        self, operation: Operation[list[R]], arguments: Mapping[str, Any], key: str | None, options: Options
    ) -> Page[R]:
        """Return the page of a listing behind `key`, or the first."""
        paging = operation.paging
        assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
        arguments = {**arguments, paging.parameter: key}
        return page(operation, await self.send(operation, arguments, options))

    async def stream(
        self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options
    ) -> ResumingResponse:
        """Call an operation and return its response as soon as the head is there; the caller closes it."""

        async def begin(extra: Headers) -> StreamingResponse:
            response = await self._deliver(await self._prepare(operation, arguments, options, receive_head))
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
        attempts = Attempts()

        async def repeats(failure: TransportFailure) -> bool:
            decision = attempts.decide(operation.effect, failure, options.max_retries, self._budget)
            if isinstance(decision, Stop):
                return False
            log.debug("%s: %s, goes on in %.2f s", operation.id, failure.reason, decision.after)
            await self.clock.sleep(decision.after)
            return True

        return ResumingResponse(await begin(()), begin, repeats)

    async def request(self, prepared: Prepared, quota: Operation[Any], options: Options) -> Any:
        """Send a request that no operation describes, on the quota of one that does."""
        self.enter()
        call = self._call(prepared, quota, options, receive_all)
        return raw_result(prepared.operation, await self._deliver(call))

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

    def token(self) -> Hidden:
        """Return the present token; raises ConfigurationError before the first login."""
        if self.tokens.current is None:
            raise ConfigurationError("there is no token yet: call 'await soracom.login()' or any method first")
        return self.tokens.current.token

    async def logout(self, operation: Operation[None], options: Options) -> None:
        """Give the token up; the next call logs in again."""
        lease = self.tokens.current
        if lease is not None:
            await self.send(operation, {}, options, lease)
            self.tokens.reject(lease)

    async def aclose(self) -> None:
        """Close the connections; calls made afterwards raise ConfigurationError."""
        if not self._closed:
            self._closed = True
            await self._transports.aclose()

    async def _log_in(self, operation: Operation[Any], arguments: dict[str, Any], lease: Lease | None) -> Any:
        return result(operation, await self.send(operation, arguments, self._options, lease))

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

    async def _deliver(self, call: Call[ResponseT]) -> ResponseT:
        """Send a request until it succeeds or must not be repeated."""
        operation: Operation[Any] = call.prepared.operation
        quota, options, upload = call.quota, call.options, call.upload
        attempts = Attempts()
        refused: list[Lease] = []
        async with upload if upload is not None else nullcontext():
            while True:
                permit = quota.try_acquire() or await quota.acquire(
                    operation.id, wait=options.wait, again=attempts.throttled > 0
                )
                outcome, lease = await self._attempt(call, permit)
                if isinstance(outcome, TransportFailure):
                    if upload is not None and upload.error is not None:
                        raise upload.error
                elif 200 <= outcome.status < 300 or outcome.status in (operation.status, *operation.empty):
                    self._budget.earn()
                    return outcome
                failed = await _read(outcome, options.timeout)
                if self._drops_token(call, failed, lease, refused):
                    decision: Retry | Stop = Retry(0.0)
                elif _throttled(failed) and not options.wait:
                    decision = STOP
                else:
                    decision = attempts.decide(operation.effect, failed, options.max_retries, self._budget)
                if isinstance(decision, Stop):
                    raise _error(call, failed)
                if upload is not None and upload.spent:
                    raise _error(call, failed, SPENT)
                log.debug("%s: %s, again in %.2f s", operation.id, _brief(failed), decision.after)
                if decision.after:
                    await self.clock.sleep(decision.after)

    async def _attempt(
        self, call: Call[ResponseT], permit: Permit
    ) -> tuple[ResponseT | TransportFailure, Lease | None]:
        """Send once. The permit is settled here, however this ends: nothing is awaited after the response."""
        prepared, quota, options, lease = call.prepared, call.quota, call.options, call.lease
        outcome: ResponseT | TransportFailure = _CANCELLED
        begun: float | None = None
        gate = self._gate if call.waits_for_connection else None
        if gate is not None:
            try:
                await gate.acquire()
            except BaseException:
                quota.unsent(permit)
                raise
        try:
            if call.needs_lease:
                lease = self.tokens.fresh() or await self.tokens.lease()
            http = self._transports.to(options.endpoint if call.elsewhere is None else call.elsewhere.endpoint)
            if call.upload is not None:
                call.upload.begin()
            request = call.elsewhere or self._requests.make(prepared, options, lease)
            begun = self.clock.now()
            outcome = await call.receive(http, request, options.timeout)
        finally:
            if gate is not None:
                gate.release()
            if begun is None or (isinstance(outcome, TransportFailure) and not outcome.sent):
                quota.unsent(permit)
            elif isinstance(outcome, TransportFailure):
                quota.unanswered(permit)
            else:
                quota.answered(permit, outcome, begun)
        if lease is not None and not isinstance(outcome, TransportFailure) and outcome.status != 401:
            lease.worked = True
        return outcome, lease

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
        return self._deliver(Call(prepared, UNLIMITED, options, receive, elsewhere=location.request(options, extra)))

    def _drops_token(self, call: Call[Any], failed: Outcome, used: Lease | None, refused: list[Lease]) -> bool:
        """Drop a token that is refused; return whether the call is repeated with a new one."""
        if isinstance(failed, TransportFailure) or failed.status != 401 or used is None or call.lease is not None:
            return False
        self.tokens.reject(used)
        refused.append(used)
        return len(refused) == 1 or (used.worked and len(refused) <= MAX_REPLAYS)

    def enter(self) -> None:
        """Bind the session to this process and event loop; raises ConfigurationError in another, and once closed."""
        if self._closed:
            raise ConfigurationError("the session is closed: open a new one with 'async with Soracom(…)'")
        here = (os.getpid(), anyio.lowlevel.current_token())
        if self._home is None:
            self._home = here
            self._gate = anyio.Semaphore(self._max_connections, fast_acquire=True)
        elif self._home != here:
            what = "process" if self._home[0] != here[0] else "event loop"
            raise ConfigurationError(f"this session belongs to another {what}: open one in each {what}")


_CANCELLED = TransportFailure("cancelled", sent=True)


async def _read(outcome: Response | StreamingResponse | TransportFailure, timeout: float) -> Outcome:
    """Return the whole of an outcome; the time-out is for all of it."""
    return await outcome.whole(timeout, limit=timeout) if isinstance(outcome, StreamingResponse) else outcome


def _throttled(failed: Outcome) -> bool:
    return not isinstance(failed, TransportFailure) and failed.status == 429


def _error(call: Call[Any], failed: Outcome, why: str = "") -> Exception:
    if call.elsewhere is None:
        return failure(call.prepared.operation, failed, call.options.endpoint, why)
    return refusal(call.prepared.operation, failed, call.elsewhere.endpoint)


def _brief(failed: Outcome) -> str:
    return failed.reason if isinstance(failed, TransportFailure) else str(failed.status)
