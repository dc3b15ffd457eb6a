"""The one path of every request: prepare, permit, gate, lease, send, settle, decide."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, get_origin
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel

from ._clock import Clock
from ._codec import CODEC, decode, structure
from ._core.cursor import next_key
from ._core.operation import Operation
from ._core.request import BadArgument, Prepared, prepare
from ._core.retry import STOP, Answered, Attempts, Budget, Retry, Stop, Unanswered, retry_after
from ._core.token import Hidden, Lease
from ._core.window import NOTHING, Permit, Told
from ._http import HTTP, Answer, NoAnswer, Request
from ._limits import Bucket, Limits
from ._login import Login
from ._tokens import Tokens
from ._version import __version__
from .credentials import Credentials
from .errors import APIError, ConfigurationError, DecodeError, RequestTimeout, TransportError
from .options import Options
from .pages import Page

R = TypeVar("R")
log = logging.getLogger("soracom_async")

USER_AGENT = b"soracom-async/" + __version__.encode()
MAX_REPLAYS = 3
"""Renewals that one call may cause; a second only where the token that was refused had worked before."""


class Session:
    """Token, quota and connections, shared by all tasks of one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        ttl: int,
        http: Callable[[], HTTP],
        clock: Clock,
        max_connections: int,
        headers: Mapping[str, str],
        options: Options,
    ) -> None:
        self.clock = clock
        self.limits = Limits(clock)
        self.tokens = Tokens(Login(credentials, ttl, self._for_login, clock), clock)
        self._options = options
        self._open_http = http
        self._http: HTTP | None = None
        self._budget = Budget()
        self._max_connections = max_connections
        self._extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._headers: dict[Options, list[tuple[bytes, bytes]]] = {}
        self._gate: anyio.Semaphore | None = None
        self._home: tuple[int, object] | None = None
        self._closed = False

    async def call(self, operation: Operation[R], arguments: Mapping[str, Any], options: Options) -> R:
        """Call an operation and return its result."""
        return result(operation, await self.send(operation, arguments, options))

    async def page(
        self, operation: Operation[list[R]], arguments: Mapping[str, Any], key: str | None, options: Options
    ) -> Page[R]:
        """Return the page of a listing behind `key`, or the first."""
        paging = operation.paging
        assert paging is not None  # noqa: S101 - the generator makes methods with pages of none but these
        answer = await self.send(operation, {**arguments, paging.parameter: key}, options)
        return Page(result(operation, answer), next_key(answer.headers, paging.parameter))

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

    async def send(
        self, operation: Operation[Any], arguments: Mapping[str, Any], options: Options, lease: Lease | None = None
    ) -> Answer:
        """Send a request until it succeeds or must not be repeated; `lease` is used instead of the session's own."""
        self.enter()
        if "operator_id" in arguments and arguments["operator_id"] is None and "{operator_id}" in operation.path:
            arguments = {**arguments, "operator_id": await self.operator_id()}
        try:
            prepared = prepare(operation, arguments, CODEC)
        except BadArgument as error:
            raise ConfigurationError(str(error)) from None
        bucket = self.limits.bucket(options.endpoint, operation)
        attempts = Attempts()
        refused: list[Lease] = []
        while True:
            permit = bucket.try_acquire() or await bucket.acquire(
                operation.id, wait=options.wait, again=attempts.throttled > 0
            )
            outcome, used = await self._attempt(prepared, bucket, permit, options, lease)
            if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
                self._budget.earn()
                return outcome
            if isinstance(outcome, Answer) and outcome.status == 401 and used is not None and lease is None:
                self.tokens.reject(used)
                refused.append(used)
                if len(refused) == 1 or (used.worked and len(refused) <= MAX_REPLAYS):
                    log.debug("%s: 401, renewing the token", operation.id)
                    continue
            decision = self._decide(prepared, outcome, attempts, options)
            if isinstance(decision, Stop):
                raise failure(operation, outcome, options)
            log.debug("%s: %s, again in %.2f s", operation.id, _brief(outcome), decision.after)
            if decision.after:
                await self.clock.sleep(decision.after)

    async def aclose(self) -> None:
        """Close the connections; calls made afterwards raise ConfigurationError."""
        if not self._closed:
            self._closed = True
            if self._http is not None:
                await self._http.aclose()

    async def _attempt(
        self, prepared: Prepared, bucket: Bucket, permit: Permit, options: Options, lease: Lease | None
    ) -> tuple[Answer | NoAnswer, Lease | None]:
        """Send once. The permit is settled here, however this ends; nothing is awaited between answer and settling."""
        operation = prepared.operation
        # A login passes no gate: those who wait for it may hold all of it.
        gate = self._gate if operation.secured and lease is None else None
        outcome: Answer | NoAnswer = NoAnswer("cancelled", sent=True)
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
                self._http = self._open_http()  # only now: opening a session imports no HTTP library
            request = self._request(prepared, options, lease)
            begun = self.clock.now()
            outcome = await self._http.send(request, options.timeout)
        finally:
            if gate is not None:
                gate.release()
            if begun is None:
                bucket.unsent(permit)
            elif isinstance(outcome, Answer):
                self._settle(bucket, permit, outcome, begun)
            elif outcome.sent:
                bucket.unanswered(permit)
            else:
                bucket.unsent(permit)
        if lease is not None and isinstance(outcome, Answer) and outcome.status != 401:
            lease.worked = True
        return outcome, lease

    def _settle(self, bucket: Bucket, permit: Permit, answer: Answer, begun: float) -> None:
        told = Told.from_headers(answer.headers) if "x-soracom-ratelimit-limit" in answer.headers else NOTHING
        bucket.answered(permit, told, begun)
        if answer.status == 429 and told.seconds is None and (named := retry_after(answer.headers)) is not None:
            bucket.exhausted(named)

    def _decide(
        self, prepared: Prepared, outcome: Answer | NoAnswer, attempts: Attempts, options: Options
    ) -> Retry | Stop:
        if isinstance(outcome, NoAnswer):
            event: Answered | Unanswered = Unanswered(outcome.sent, outcome.stale)
        else:
            told = Told.from_headers(outcome.headers)
            window = told.remaining == 0 and told.seconds is not None
            if outcome.status == 429 and not options.wait:
                return STOP
            event = Answered(outcome.status, retry_after(outcome.headers), window)
        return attempts.decide(prepared.operation.effect, event, options.max_retries, self._budget)

    async def _for_login(self, operation: Operation[Any], arguments: dict[str, Any], lease: Lease | None) -> Any:
        return result(operation, await self.send(operation, arguments, self._options, lease))

    def _request(self, prepared: Prepared, options: Options, lease: Lease | None) -> Request:
        method, content = prepared.operation.method, prepared.content
        headers = [*(self._headers.get(options) or self._headers_for(options)), *(lease.headers if lease else ())]
        if content is not None:
            headers += (b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))
        elif method in ("POST", "PUT"):
            headers.append((b"content-length", b"0"))
        return Request(options.endpoint, method, prepared.target, headers, content)

    def _headers_for(self, options: Options) -> list[tuple[bytes, bytes]]:
        own = [
            (b"host", urlsplit(options.endpoint).netloc.encode("idna")),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip"),
            (b"user-agent", USER_AGENT),
            (b"x-soracom-lang", options.language.encode()),
        ]
        ours = {name for name, _ in own} | {
            b"x-soracom-api-key",
            b"x-soracom-token",
            b"content-length",
            b"content-type",
        }
        self._headers[options] = own + [(name, value) for name, value in self._extra if name not in ours]
        return self._headers[options]

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


def result(operation: Operation[R], answer: Answer) -> R:
    """Return what an answer to `operation` says; raises DecodeError where it is not what the API promises."""
    if operation.result is None:
        return cast("R", None)
    if operation.result is bytes:
        return cast("R", answer.content)
    problem = "it is not JSON"
    try:
        data = decode(answer.content)
        if type(data) is (get_origin(operation.result) or dict):
            return structure(data, operation.result)
        problem = f"it is a JSON {_KINDS.get(type(data), 'value')}"
    except (ValueError, RecursionError):
        pass
    data = None  # no traceback shows what came
    raise DecodeError(
        f"{operation}: {answer.status} with a body of {len(answer.content)} bytes that cannot be read: {problem}"
    )


def failure(operation: Operation[Any], outcome: Answer | NoAnswer, options: Options) -> Exception:
    """Return the error that a final outcome means."""
    if isinstance(outcome, NoAnswer):
        cls = RequestTimeout if outcome.timeout else TransportError
        return cls(f"{operation} at {options.endpoint}: {outcome.reason}", operation=operation.id, sent=outcome.sent)
    status, code, message = outcome.status, "", ""
    try:
        data = decode(outcome.content)
    except (ValueError, RecursionError):
        data = None
    if isinstance(data, dict):
        code, message = ("" if data.get(name) is None else str(data[name]) for name in ("code", "message"))
    if not message:
        kind = outcome.headers.get("content-type", "no content type")
        message = f"the answer has no error message ({kind}, {len(outcome.content)} bytes)"
    after = retry_after(outcome.headers)
    if status == 429 and after is None:
        seconds = Told.from_headers(outcome.headers).seconds
        after = float(seconds) if seconds is not None else None
    return APIError.of_status(status)(message, status=status, code=code, operation=operation.id, retry_after=after)


_KINDS = {list: "array", dict: "object", str: "string", int: "number", float: "number", bool: "truth value"}


def _brief(outcome: Answer | NoAnswer) -> str:
    return outcome.reason if isinstance(outcome, NoAnswer) else str(outcome.status)
