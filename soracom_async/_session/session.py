"""The one path of every request: prepare, permit, gate, lease, send, settle, decide."""

from __future__ import annotations

import logging
import os
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar, cast

import anyio
import anyio.lowlevel
from attrs import define, evolve

from .._clock import Clock
from .._codec.codec import CODEC
from .._codec.responses import (
    SPENT,
    failure,
    page,
    raw_result,
    result,
)
from .._core.operation import Operation
from .._core.request import BadArgument, Prepared, prepare
from .._core.retry import (
    STOP,
    Answered,
    Attempts,
    Budget,
    Retry,
    Stop,
    Unanswered,
    retry_after,
)
from .._core.token import Hidden, Lease
from .._core.window import NOTHING, Permit, Told
from .._http.pool import (
    HTTP,
    Answer,
    Incoming,
    NoAnswer,
    Ways,
)
from ..credentials.kinds import Credentials
from ..errors import ConfigurationError
from ..files.uploads import Upload
from ..options import Options
from ..pages import Page
from .limiter import Bucket, Limits
from .login import Login
from .redirects import (
    DOWNLOAD,
    Elsewhere,
    Get,
    Got,
    Place,
    head,
    whole,
)
from .requests import Requests
from .tokens import Tokens

R = TypeVar("R")
log = logging.getLogger("soracom_async")

MAX_REPLAYS = 3
"""Renewals that one call may cause; a second only where the token that was refused had worked before."""


@define(slots=True, eq=False, repr=False)
class _Call:
    """One call on its way."""

    prepared: Prepared
    bucket: Bucket
    options: Options
    lease: Lease | None = None
    """What is used instead of the session's own."""
    streaming: bool = False
    """Whether the answer is returned as soon as its head has come."""

    @property
    def upload(self) -> Upload | None:
        """The body, where it is read while it is sent."""
        content = self.prepared.content
        return content if isinstance(content, Upload) else None


class Session:
    """Token, quota and connections, shared by all tasks of one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        ttl: int,
        ways: Ways,
        clock: Clock,
        max_connections: int,
        headers: Mapping[str, str],
        options: Options,
    ) -> None:
        self.clock = clock
        self.limits = Limits(clock)
        self.tokens = Tokens(Login(credentials, ttl, self._for_login, clock), clock)
        self._options = options
        self._ways = ways
        self._http: HTTP | None = None
        self._budget = Budget()
        self._elsewhere = Elsewhere(ways.to, clock, self._budget)
        self._max_connections = max_connections
        self._requests = Requests(headers)
        self._gate: anyio.Semaphore | None = None
        self._home: tuple[int, object] | None = None
        self._closed = False

    async def call(self, operation: Operation[R], arguments: Mapping[str, Any], options: Options) -> R:
        """Call an operation and return its result."""
        answer = await self.send(operation, arguments, options)
        if answer.status >= 300 and operation.result is bytes:
            answer = await self._fetch(whole, Place.behind(answer.headers, options.endpoint), operation, options)
        return result(operation, answer)

    async def page(
        self, operation: Operation[list[R]], arguments: Mapping[str, Any], key: str | None, options: Options
    ) -> Page[R]:
        """Return the page of a listing behind `key`, or the first."""
        paging = operation.paging
        assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
        return page(operation, await self.send(operation, {**arguments, paging.parameter: key}, options))

    async def stream(self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options) -> Incoming:
        """Call an operation and return its answer as soon as its head has come; the caller closes it."""
        incoming = cast("Incoming", await self._send(operation, arguments, options, streaming=True))
        if incoming.status < 300:
            return incoming
        await incoming.aclose()
        return await self._fetch(head, Place.behind(incoming.headers, options.endpoint), operation, options)

    def download(self, place: Place | None, options: Options) -> Coroutine[Any, Any, Incoming]:
        """Return what is at another host as soon as its head has come; the caller closes it."""
        return self._fetch(head, place, DOWNLOAD, options)

    async def request(self, prepared: Prepared, quota: Operation[Any], options: Options) -> Any:
        """Send a request that no operation describes, on the quota of one that does."""
        self.enter()
        answer = await self._deliver(_Call(prepared, self.limits.bucket(options.endpoint, quota), options))
        return raw_result(prepared.operation, cast("Answer", answer))

    async def lease(self) -> Lease:
        """Return a lease that may be used now, logging in where there is none."""
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
        """Give the token up; the next call logs in anew."""
        lease = self.tokens.current
        if lease is not None:
            await self.send(operation, {}, options, lease)
            self.tokens.reject(lease)

    def send(
        self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options, lease: Lease | None = None
    ) -> Coroutine[Any, Any, Answer]:
        """Send a request until it succeeds or must not be repeated; `lease` is used instead of the session's own."""
        return cast("Coroutine[Any, Any, Answer]", self._send(operation, arguments, options, lease))

    async def _send(
        self,
        operation: Operation[Any],
        arguments: Mapping[str, Any],
        options: Options,
        lease: Lease | None = None,
        *,
        streaming: bool = False,
    ) -> Answer | Incoming:
        self.enter()
        if "{operator_id}" in operation.path and arguments.get("operator_id") is None:
            arguments = {**arguments, "operator_id": await self.operator_id()}
        try:
            prepared = prepare(operation, arguments, CODEC)
        except BadArgument as error:
            raise ConfigurationError(str(error)) from None
        return await self._deliver(
            _Call(prepared, self.limits.bucket(options.endpoint, operation), options, lease, streaming)
        )

    async def _deliver(self, call: _Call) -> Answer | Incoming:
        prepared = call.prepared
        if prepared.content is None or type(prepared.content) is bytes:
            return await self._repeat(call)
        async with Upload(prepared.content) as upload:
            call.prepared = evolve(prepared, content=upload)
            return await self._repeat(call)

    async def _repeat(self, call: _Call) -> Answer | Incoming:
        operation, bucket, options, upload = call.prepared.operation, call.bucket, call.options, call.upload
        attempts = Attempts()
        refused: list[Lease] = []
        while True:
            permit = bucket.try_acquire() or await bucket.acquire(
                operation.id, wait=options.wait, again=attempts.throttled > 0
            )
            outcome, used = await self._attempt(call, permit)
            if not isinstance(outcome, NoAnswer):
                status = outcome.status
                if 200 <= status < 300 or status in (operation.status, *operation.empty):
                    self._budget.earn()
                    return outcome
                if isinstance(outcome, Incoming):
                    outcome = await outcome.whole(options.timeout, limit=options.timeout)
            elif upload is not None and upload.error is not None:
                raise upload.error
            again = self._renews(call, outcome, used, refused)
            decision = Retry(0.0) if again else self._decide(call, outcome, attempts)
            if isinstance(decision, Stop):
                raise failure(operation, outcome, options.endpoint)
            if upload is not None and upload.spent:
                raise failure(operation, outcome, options.endpoint, SPENT)
            log.debug("%s: %s, again in %.2f s", operation.id, _brief(outcome), decision.after)
            if decision.after:
                await self.clock.sleep(decision.after)

    async def aclose(self) -> None:
        """Close the connections; calls made afterwards raise ConfigurationError."""
        if not self._closed:
            self._closed = True
            await self._ways.aclose()

    async def _fetch(self, get: Get[Got], place: Place | None, operation: Operation[Any], options: Options) -> Got:
        self.enter()
        assert self._gate is not None  # noqa: S101 - `enter` made it
        return await self._elsewhere.fetch(get, place, operation, options, self._gate)

    async def _attempt(self, call: _Call, permit: Permit) -> tuple[Answer | Incoming | NoAnswer, Lease | None]:
        """Send once. The permit is settled here, however this ends; nothing is awaited between answer and settling."""
        prepared, bucket, options, lease = call.prepared, call.bucket, call.options, call.lease
        operation = prepared.operation
        # A login passes no gate: those who wait for it may hold all of it.
        gate = self._gate if operation.secured and lease is None else None
        outcome: Answer | Incoming | NoAnswer = NoAnswer("cancelled", sent=True)
        begun: float | None = None
        if gate is not None:
            try:
                await gate.acquire()
            except BaseException:
                bucket.unsent(permit)
                raise
        try:
            if operation.secured and lease is None:
                lease = self.tokens.fresh() or await self.tokens.lease()
            if self._http is None:
                # Only now: opening a session imports no HTTP library.
                self._http = self._ways.to(self._options.endpoint)
            if isinstance(prepared.content, Upload):
                prepared.content.begin()
            request = self._requests.make(prepared, options, lease)
            begun = self.clock.now()
            send = self._http.open if call.streaming else self._http.send
            outcome = await send(request, options.timeout)
        finally:
            if gate is not None:
                gate.release()
            if begun is None:
                bucket.unsent(permit)
            elif not isinstance(outcome, NoAnswer):
                self._settle(bucket, permit, outcome, begun)
            elif outcome.sent:
                bucket.unanswered(permit)
            else:
                bucket.unsent(permit)
        if lease is not None and not isinstance(outcome, NoAnswer) and outcome.status != 401:
            lease.worked = True
        return outcome, lease

    def _settle(self, bucket: Bucket, permit: Permit, answer: Answer | Incoming, begun: float) -> None:
        told = Told.from_headers(answer.headers) if "x-soracom-ratelimit-limit" in answer.headers else NOTHING
        bucket.answered(permit, told, begun)
        if answer.status == 429 and told.seconds is None and (named := retry_after(answer.headers)) is not None:
            bucket.exhausted(named)

    def _renews(self, call: _Call, outcome: Answer | NoAnswer, used: Lease | None, refused: list[Lease]) -> bool:
        """Drop a token that is refused; return whether the call is repeated with a new one."""
        if isinstance(outcome, NoAnswer) or outcome.status != 401 or used is None or call.lease is not None:
            return False
        self.tokens.reject(used)
        refused.append(used)
        return len(refused) == 1 or (used.worked and len(refused) <= MAX_REPLAYS)

    def _decide(self, call: _Call, outcome: Answer | NoAnswer, attempts: Attempts) -> Retry | Stop:
        if isinstance(outcome, NoAnswer):
            event: Answered | Unanswered = Unanswered(outcome.sent, outcome.stale)
        else:
            told = Told.from_headers(outcome.headers)
            window = told.remaining == 0 and told.seconds is not None
            if outcome.status == 429 and not call.options.wait:
                return STOP
            event = Answered(outcome.status, retry_after(outcome.headers), window)
        return attempts.decide(call.prepared.operation.effect, event, call.options.max_retries, self._budget)

    async def _for_login(self, operation: Operation[Any], arguments: dict[str, Any], lease: Lease | None) -> Any:
        return result(operation, await self.send(operation, arguments, self._options, lease))

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


def _brief(outcome: Answer | NoAnswer) -> str:
    return outcome.reason if isinstance(outcome, NoAnswer) else str(outcome.status)
