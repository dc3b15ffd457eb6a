"""One key of a run: claimed, called, settled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from .._core.codes import REFUSED_TOKEN, Code
from .._core.operation import Effect
from .._sending import SENDING, Sending
from .._tasks import Tasks
from ..errors import APIError, ConfigurationError, Forbidden, RateLimited, TransportError, Unauthorized
from .claims import Claim, Claims, State
from .limits import Halt, Limits
from .results import Failed, Ok, Result, Skipped, Unknown
from .rows import Row
from .targets import Bound, OwnFunction, Target

K = TypeVar("K")
V = TypeVar("V")

_NO_PERMISSION = frozenset((*REFUSED_TOKEN, Code.PERMISSION_MISSING, Code.SIM_PERMISSION_MISSING))
REQUEST_TIMEOUT = 408


class Execution(Generic[K, V]):
    """Makes the call of each key, and tells claims and limits how it ended."""

    def __init__(self, target: Target, claims: Claims, limits: Limits, key: Callable[[K], Any] | None) -> None:
        self._target = target
        self._claims = claims
        self._limits = limits
        self._key = key
        self._named = bool(target.name)

    def watch(self) -> None:
        """Let the session note, for the present task alone, whether requests have left.

        Not for a function of the caller's own, which may send several, nor for an operation without a token.
        """
        operation = self._target.operation
        SENDING.set(Sending() if operation is not None and operation.secured else None)

    async def run(self, item: K, tasks: Tasks) -> Result[K, V] | None:
        """Return the result of a key; None if it has none: it came before, or the run was stopped."""
        bound = self._bound(item)
        if self._named:
            try:
                claim = await self._claims.claim(bound.text, _row(item))
            except Exception as error:
                self._limits.stop(Halt(str(error), error))
                self._limits.leave_out()
                return None
            if claim is not Claim.BEGIN:
                return self._not_begun(item, claim)
            if self._limits.halt is not None:
                self._claims.unclaim(bound.text)
                self._limits.leave_out()
                return None
        self._limits.send()
        if bound.error is not None:
            return self._failed(item, bound, bound.error)
        sending = SENDING.get()
        if sending is not None:
            sending.left = False
        try:
            value: V = await bound.call()
        except BaseException as error:
            if not tasks.brought_by_call(error):
                self._cut_off(bound, sending)
                raise
            if not self._named:
                bound = self._target.bind(item)
                await self._claims.claim(bound.text, _row(item))
            if self._may_have_acted(error, sending):
                return self._unknown(item, bound, error)
            return self._failed(item, bound, error)
        if self._named:
            self._claims.settle(bound.text, State.DONE)
        self._limits.ok += 1
        self._limits.settle(bad=False)
        return Ok(item, value)

    def _bound(self, item: K) -> Bound:
        try:
            key = item if self._key is None else self._key(item)
        except Exception as error:
            return self._target.refused(item, error)
        if isinstance(self._target, OwnFunction) and not self._named:
            return Bound("", {}, partial(self._target.function, key))
        return self._target.bind(key)

    def _not_begun(self, item: K, claim: Claim) -> Result[K, V] | None:
        """Return the result of a key that is not sent."""
        result: Result[K, V] | None = None
        if claim is Claim.DONE:
            self._limits.skipped += 1
            result = Skipped(item)
        elif claim is Claim.UNKNOWN:
            self._limits.unknown += 1
            result = Unknown(item)
        else:
            self._limits.duplicates += 1
        self._limits.leave_out()
        return result

    def _failed(self, item: K, bound: Bound, error: BaseException) -> Failed[K]:
        self._claims.settle(bound.text, State.FAILED, error)
        self._limits.failed += 1
        if self._concerns_all(error):
            self._limits.stop(Halt(f"this concerns all keys: {error}", error))
        self._limits.settle(bad=True)
        return Failed(item, error)

    def _unknown(self, item: K, bound: Bound, error: BaseException) -> Unknown[K]:
        self._claims.settle(bound.text, State.UNKNOWN, error)
        self._limits.unknown += 1
        self._limits.settle(bad=True)
        return Unknown(item, error)

    def _cut_off(self, bound: Bound, sending: Sending | None) -> None:
        """Tell what is known of a key whose call the end of the run cancelled."""
        if not self._named:
            return
        if not _left(sending):
            self._claims.unclaim(bound.text)
        elif self._target.effect is Effect.ACT:
            self._claims.settle(bound.text, State.UNKNOWN)

    def _may_have_acted(self, error: BaseException, sending: Sending | None) -> bool:
        """Return whether a call that failed may have been executed, and would act again."""
        return self._named and self._target.effect is Effect.ACT and _left(sending) and not not_executed(error)

    def _concerns_all(self, error: BaseException) -> bool:
        """Return whether every further key would fail by this error too."""
        caller = self._target.caller
        if caller is None:
            return False  # a function of the caller's own may call on several sessions
        if isinstance(error, Forbidden):
            return error.code in _NO_PERMISSION
        if isinstance(error, RateLimited):
            return (error.retry_after or 0.0) > caller._options.max_wait
        return isinstance(error, Unauthorized) or (isinstance(error, ConfigurationError) and not self._target.usable)


def _left(sending: Sending | None) -> bool:
    """Return whether a request may have left; nobody knows where that is not noted."""
    return sending is None or sending.left


def not_executed(error: BaseException) -> bool:
    """Return whether an error proves that its call was not executed."""
    if isinstance(error, TransportError):
        return not error.sent
    if isinstance(error, APIError):
        return 400 <= error.status < 500 and error.status != REQUEST_TIMEOUT
    return isinstance(error, ConfigurationError)


def _row(item: Any) -> str | None:
    return str(item.number) if isinstance(item, Row) else None
