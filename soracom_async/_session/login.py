"""How each kind of credentials becomes a lease, and how a lease is renewed. Guide: Generating an API Key and Token."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .._clock import Clock
from .._core.operation import Operation
from .._core.token import Lease
from .._secret import Secret
from ..credentials.claims import unverified_claims
from ..credentials.kinds import ApiToken, Credentials, SwitchUser
from ..errors import (
    APIError,
    AuthenticationFailed,
    ConfigurationError,
    DecodeError,
    RateLimited,
    ServerError,
)

SWITCHED_TTL = 3600
"""The longest life, in seconds, of a token that switching users gives."""


class Send(Protocol):
    """The session's call, with a lease of one's own."""

    def __call__(self, operation: Operation[Any], arguments: dict[str, Any], lease: Lease | None, /) -> Awaitable[Any]:
        """Call `operation` with `lease`, past the connection gate."""
        ...


class Login:
    """Obtains leases for one set of credentials."""

    def __init__(self, credentials: Credentials, ttl: int, send: Send, clock: Clock) -> None:
        self._credentials = credentials
        self._ttl = ttl
        self._send = send
        self._clock = clock
        self._handed_over = False

    async def __call__(self, present: Lease | None) -> Lease:
        """Return a new lease; `present` is the one in use, unless the service refused it."""
        credentials = self._credentials
        try:
            if isinstance(credentials, ApiToken):
                return await self._of_token(credentials, present)
            if isinstance(credentials, SwitchUser):
                return await self._switch(credentials)
            if present is not None and credentials.one_time_password is not None:
                try:
                    return await self._extend(present)  # spares the user another one-time password
                except APIError:
                    pass
            return await self._with_password(credentials)
        except (RateLimited, ServerError, AuthenticationFailed):
            raise
        except APIError as error:
            failed = AuthenticationFailed(error.message, status=error.status)
            vars(failed).update(vars(error))
            raise failed from None

    async def _with_password(self, credentials: Any) -> Lease:
        from ..api.auth import AUTH

        arguments = dict(credentials.login_arguments())
        if credentials.one_time_password is not None:
            arguments["mfa_otp_code"] = await _code(credentials.one_time_password)
        return await self._exchange(AUTH, arguments, None, self._ttl)

    async def _switch(self, credentials: SwitchUser) -> Lease:
        from ..api.auth import SWITCH_USER

        source = await Login(credentials.source, self._ttl, self._send, self._clock)(None)
        arguments = {"operator_id": credentials.operator_id, "user_name": credentials.user_name}
        return await self._exchange(SWITCH_USER, arguments, source, min(self._ttl, SWITCHED_TTL))

    async def _of_token(self, credentials: ApiToken, present: Lease | None) -> Lease:
        if not self._handed_over:
            self._handed_over = True
            operator = unverified_claims(credentials.token.reveal()).get("operator")
            operator_id = str(operator.get("operatorId") or "") if isinstance(operator, dict) else ""
            life = credentials.left()
            if life is not None and life <= 0:
                raise AuthenticationFailed(f"the token ended at {credentials.expires_at}: {_NEW}", status=401)
            return Lease(credentials.api_key, credentials.token, operator_id, None, self._clock.now(), life)
        if not credentials.renew or present is None:
            raise AuthenticationFailed(f"the API key and token have run out: {_NEW}", status=401)
        return await self._extend(present)

    async def _extend(self, present: Lease) -> Lease:
        from ..api.operator import GENERATE_AUTH_TOKEN

        arguments = {"operator_id": present.operator_id}
        return await self._exchange(GENERATE_AUTH_TOKEN, arguments, present, self._ttl, extends=present)

    async def _exchange(
        self,
        operation: Operation[Any],
        arguments: dict[str, Any],
        lease: Lease | None,
        ttl: int,
        *,
        extends: Lease | None = None,
    ) -> Lease:
        born = self._clock.now()
        granted = _granted(await self._send(operation, {**arguments, "token_timeout_seconds": ttl}, lease), extends)
        if isinstance(granted, str):
            raise DecodeError(f"{operation}: the answer has no {granted} that could be used")
        return Lease(*granted, born, ttl)


_NEW = "give new ones, or credentials that can log in"


async def _code(one_time_password: Callable[[], Any]) -> Secret:
    code = one_time_password()
    if inspect.isawaitable(code):
        code = await code
    secret, kind = Secret(code if isinstance(code, str) else ""), type(code).__name__
    del code
    if not secret:
        raise ConfigurationError(f"one_time_password must return the code as a string, not {kind}")
    return secret


def _granted(answer: Any, extends: Lease | None) -> tuple[Any, Secret, str, str | None] | str:
    """Return key, token, operator and user of a login's answer, or the name of what it lacks.

    Nothing is raised from here: a traceback with locals would show the answer.
    """
    api_key = Secret(answer.api_key) if _fits(getattr(answer, "api_key", None)) else extends and extends.api_key
    operator_id = getattr(answer, "operator_id", None) or (extends and extends.operator_id)
    user_name = getattr(answer, "user_name", None) or (extends and extends.user_name)
    if not api_key:
        return "api_key"
    if not _fits(answer.token):
        return "token"
    if not isinstance(operator_id, str):
        return "operator_id"
    return api_key, Secret(answer.token), operator_id, user_name if isinstance(user_name, str) else None


def _fits(value: object) -> bool:
    """Tell whether a header can carry a value."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value.strip() == value != ""
