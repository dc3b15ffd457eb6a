"""The loop of every call: permit, gate, lease, send, settle, decide."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, TypeVar

from .._clock import TOLD_AFTER, Clock, clock_time
from .._codec.redaction import secrets_in
from .._codec.responses import SPENT, failure, refusal
from .._core.api_errors import refuses_token
from .._core.operation import Operation
from .._core.outcome import Outcome, Response, TransportFailure
from .._core.retry import (
    STOP,
    Attempts,
    Budget,
    Retry,
    Stop,
)
from .._core.token import Lease
from .._core.window import Permit
from .._http.pool import TransportPool
from .._http.streaming import StreamingResponse
from .._sending import note
from ..credentials.kinds import Credentials, secrets_of
from ..errors import DecodeError, SoracomError
from ..options import Options
from .call import Call
from .gate import Gate
from .redirects import ResponseT
from .requests import Requests
from .resuming import Repeats
from .tokens import Tokens

T = TypeVar("T")
log = logging.getLogger("soracom_async")

MAX_REPLAYS = 3
"""Renewals that one call may cause; a second only if the token that was refused had worked before."""


class Sender:
    """Sends the calls of a session, each until it succeeds or must not be repeated."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        transports: TransportPool,
        requests: Requests,
        clock: Clock,
        max_connections: int,
        credentials: Credentials,
    ) -> None:
        self._tokens = tokens
        self._transports = transports
        self._requests = requests
        self._clock = clock
        self._max_connections = max_connections
        self._credentials = credentials
        self._budget = Budget()
        self.gate: Gate

    def bind(self) -> None:
        """Begin in an event loop, with no connection yet."""
        self.gate = Gate(self._max_connections)

    async def deliver(self, call: Call[ResponseT], read: Callable[[ResponseT], T]) -> T:
        """Send a request until `read` returns what its response says, or it must not be repeated."""
        operation: Operation[Any] = call.prepared.operation
        quota, options, upload, background = call.quota, call.options, call.upload, call.background
        attempts = Attempts(options.max_retries, options.max_wait, self._clock.now(), signed=call.signed)
        refused: list[Lease] = []
        async with upload if upload is not None else nullcontext():
            while True:
                try:
                    permit = quota.try_acquire(background) or await quota.acquire(
                        operation.id,
                        wait=options.wait,
                        max_wait=options.max_wait,
                        again=attempts.throttled > 0,
                        background=background,
                    )
                except SoracomError as error:
                    self._tell(error, attempts)
                    raise
                outcome, failed, lease = await self._attempt(call, permit)
                attempts.made += 1
                garbled: DecodeError | None = None
                if isinstance(outcome, TransportFailure):
                    if upload is not None and upload.error is not None:
                        raise upload.error
                elif failed is GARBLED:
                    try:
                        value = read(outcome)
                    except DecodeError as error:
                        if not error.garbled:
                            self._tell(error, attempts)
                            raise
                        garbled = error
                    else:
                        self._budget.earn()
                        return value
                if self._drops_token(call, failed, lease, refused):
                    decision: Retry | Stop = Retry(0.0)
                elif _throttled(failed) and not options.wait:
                    decision = STOP
                else:
                    decision = attempts.decide(operation.effect, failed, self._budget, self._clock.now())
                spent = upload is not None and upload.spent
                if isinstance(decision, Stop) or spent:
                    why = "" if isinstance(decision, Stop) else SPENT
                    raise self._tell(garbled or self._error(call, failed, lease, why), attempts)
                log.info("%s: %s; %s", operation.id, _brief(failed), _again(decision.after))
                note(left=False)
                if decision.after:
                    await self._clock.sleep(decision.after)

    def repeats(self, operation: Operation[Any], options: Options) -> Repeats:
        """Return what decides for one body whether it is asked for again; only breaks without a byte between count."""
        attempts = Attempts(options.max_retries, options.max_wait)

        async def repeats(failed: TransportFailure, came: bool) -> bool:
            if came:
                attempts.failures = 0
            decision = attempts.decide(operation.effect, failed, self._budget, self._clock.now())
            if isinstance(decision, Stop):
                return False
            log.info("%s: %s; %s", operation.id, failed.reason, _again(decision.after))
            await self._clock.sleep(decision.after)
            return True

        return repeats

    async def _attempt(
        self, call: Call[ResponseT], permit: Permit
    ) -> tuple[ResponseT | TransportFailure, Outcome, Lease | None]:
        """Send once; return how that ended, and what the call fails with if that is, or has, nothing to be read.

        The permit is settled here, however this ends: nothing is awaited after the response, or the body of an error.
        """
        prepared, quota, options, lease = call.prepared, call.quota, call.options, call.lease
        outcome: ResponseT | TransportFailure = _CANCELLED
        failed: Outcome = GARBLED
        begun: float | None = None
        gate = self.gate if call.waits_for_connection else None
        if gate is not None and not gate.take():
            try:
                await self._pass(gate, call)
            except BaseException:
                quota.unsent(permit)
                raise
        try:
            if call.needs_lease:
                lease = self._tokens.fresh() or await self._tokens.lease()
            http = self._transports.to(options.endpoint if call.elsewhere is None else call.elsewhere.endpoint)
            if call.upload is not None:
                call.upload.begin()
            request = call.elsewhere or self._requests.make(prepared, options, lease)
            if call.needs_lease:
                note(left=True)
            begun = start = self._clock.now()
            outcome = await call.receive(http, request, options.timeout)
            failed = await _failed(prepared.operation, outcome, options.timeout)
        finally:
            if gate is not None:
                gate.leave()
            if begun is None or (isinstance(outcome, TransportFailure) and not outcome.sent):
                quota.unsent(permit)
            elif isinstance(outcome, TransportFailure):
                quota.unanswered(permit)
            else:
                answer = failed if isinstance(failed, Response) else outcome
                quota.answered(permit, answer, begun)
                if lease is not None and not refuses_token(answer):
                    lease.worked = True
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s: %s in %.3f s", prepared.operation, _brief(outcome), self._clock.now() - start)
        return outcome, failed, lease

    async def _pass(self, gate: Gate, call: Call[Any]) -> None:
        """Pass the gate of connections; a long wait is told."""

        def tell() -> None:
            operation = call.prepared.operation.id
            log.info("%s waits for a connection: all %d are in use", operation, self._max_connections)

        await gate.enter(call.background is not None, TOLD_AFTER, tell)

    def _drops_token(self, call: Call[Any], failed: Outcome, used: Lease | None, refused: list[Lease]) -> bool:
        """Drop a token that is refused; return whether the call is repeated with a new one."""
        if used is None or call.lease is not None or isinstance(failed, TransportFailure) or not refuses_token(failed):
            return False
        self._tokens.reject(used)
        refused.append(used)
        return len(refused) == 1 or (used.worked and len(refused) <= MAX_REPLAYS)

    def _tell(self, error: SoracomError, attempts: Attempts) -> SoracomError:
        """Return `error`, which tells how often the call was tried, and for how long."""
        error.attempts, error.elapsed = attempts.made, self._clock.now() - attempts.begun
        return error

    def _error(self, call: Call[Any], failed: Outcome, lease: Lease | None, why: str) -> SoracomError:
        operation = call.prepared.operation
        if call.elsewhere is not None:
            return refusal(operation, failed, call.elsewhere.endpoint, call.signed)
        return failure(operation, failed, call.options.endpoint, why, self._secrets(call, lease))

    def _secrets(self, call: Call[Any], lease: Lease | None) -> Iterator[str]:
        """Yield the secrets that the request carried, and those that the session knows."""
        for secret in (*secrets_of(self._credentials), *((lease.api_key, lease.token) if lease else ())):
            yield secret.reveal()
        yield from secrets_in(call.prepared.content)


_CANCELLED = TransportFailure("cancelled", sent=True)
GARBLED = TransportFailure("the answer cannot be read", sent=True)
"""How a success ends whose body is cut or garbled."""


async def _failed(
    operation: Operation[Any], outcome: Response | StreamingResponse | TransportFailure, timeout: float
) -> Outcome:
    """Return the whole of an outcome that is an error, for which the time-out is; GARBLED for any other."""
    if isinstance(outcome, TransportFailure):
        return outcome
    if 200 <= outcome.status < 300 or outcome.status in (operation.status, *operation.empty):
        return GARBLED
    return await outcome.whole(timeout, limit=timeout) if isinstance(outcome, StreamingResponse) else outcome


def _throttled(failed: Outcome) -> bool:
    return not isinstance(failed, TransportFailure) and failed.status == 429


def _brief(outcome: Outcome | StreamingResponse) -> str:
    return outcome.reason if isinstance(outcome, TransportFailure) else str(outcome.status)


def _again(seconds: float) -> str:
    """Return when a call is repeated, for a log line."""
    if seconds < TOLD_AFTER:
        return f"again in {seconds:.2f} s" if seconds else "again at once"
    return f"again in {seconds:.1f} s, at {clock_time(seconds)}"
