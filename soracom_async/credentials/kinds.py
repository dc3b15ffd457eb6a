"""The ways to log in: each holds its secrets as `Secret` and is checked when a session is opened, not before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import TypeAlias

from attrs import field, fields, frozen

from .._clock import utc_in
from .._secret import Secret
from ..errors import ConfigurationError

OneTimePassword: TypeAlias = Callable[[], str | Awaitable[str]]
"""Returns the code that the user's device shows now; it is called at every login."""


@frozen
class AuthKey:
    """Log in with an AuthKey: its ID (`keyId-…`) and its secret (`secret-…`). Guide: AuthKeys."""

    auth_key_id: str
    auth_key: Secret = field(converter=Secret)
    one_time_password: OneTimePassword | None = field(default=None, kw_only=True, repr=False)

    def check(self) -> None:
        """Raise ConfigurationError for a half, empty or impossible pair."""
        _check("AuthKey", auth_key_id=self.auth_key_id, auth_key=self.auth_key)
        _check_callable("AuthKey", self.one_time_password)

    def login_arguments(self) -> dict[str, str | Secret]:
        """Return the arguments of the `auth` operation, without one-time password."""
        return {"auth_key_id": self.auth_key_id, "auth_key": self.auth_key}


@frozen
class RootUser:
    """Log in as the root user, with email address and password. Guide: Root Account."""

    email: str
    password: Secret = field(converter=Secret)
    one_time_password: OneTimePassword | None = field(default=None, kw_only=True, repr=False)

    def check(self) -> None:
        """Raise ConfigurationError for a half, empty or impossible pair."""
        _check("RootUser", email=self.email, password=self.password)
        _check_callable("RootUser", self.one_time_password)

    def login_arguments(self) -> dict[str, str | Secret]:
        """Return the arguments of the `auth` operation, without one-time password."""
        return {"email": self.email, "password": self.password}


@frozen
class SamUser:
    """Log in as a SAM user, with operator ID (`OP00…`), user name and password. Guide: SAM Users."""

    operator_id: str
    user_name: str
    password: Secret = field(converter=Secret)
    one_time_password: OneTimePassword | None = field(default=None, kw_only=True, repr=False)

    def check(self) -> None:
        """Raise ConfigurationError for a missing, empty or impossible part."""
        _check("SamUser", operator_id=self.operator_id, user_name=self.user_name, password=self.password)
        _check_callable("SamUser", self.one_time_password)

    def login_arguments(self) -> dict[str, str | Secret]:
        """Return the arguments of the `auth` operation, without one-time password."""
        return {"operator_id": self.operator_id, "user_name": self.user_name, "password": self.password}


@frozen
class ApiToken:
    """Use an API key and token that were issued elsewhere. Guide: API Key and API Token.

    `ttl` is how many seconds the token still lives when the session opens, `expires_at` the time at which it ends, as
    far as they are known; the sooner of both counts. With `renew`, the session gets a new token for the key before it
    ends (generateAuthToken), as far as the user is permitted to. `Soracom.api_token()` gives such a token of a session,
    for the next one.
    """

    api_key: Secret = field(converter=Secret)
    token: Secret = field(converter=Secret)
    ttl: int | None = field(default=None, kw_only=True)
    renew: bool = field(default=True, kw_only=True)
    expires_at: datetime | None = field(default=None, kw_only=True)
    """When the token ends, as an aware datetime."""

    def check(self) -> None:
        """Raise ConfigurationError for a half or empty pair, for what no header can carry, or a `ttl` that is none."""
        _check("ApiToken", api_key=self.api_key, token=self.token)
        ttl: object = self.ttl
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl < 1):
            raise ConfigurationError(f"ApiToken: ttl={ttl!r} must be the whole seconds the token still lives, or None")
        at: object = self.expires_at
        if at is not None and not (isinstance(at, datetime) and at.tzinfo is not None):
            raise ConfigurationError(f"ApiToken: expires_at={at!r} must be a datetime with a time zone, or None")

    def left(self) -> float | None:
        """Return the seconds that the token still lives; None if nobody knows."""
        until = None if self.expires_at is None else (self.expires_at - utc_in(0)).total_seconds()
        return min((each for each in (self.ttl, until) if each is not None), default=None)


@frozen
class SwitchUser:
    """Become a SAM user of another operator who trusts the source. Guide: Switch User.

    The source is any other kind of credentials; switching cannot be nested.
    """

    source: Credentials = field(repr=lambda source: repr(source) if isinstance(source, Credentials) else "…")
    operator_id: str
    user_name: str

    def check(self) -> None:
        """Raise ConfigurationError for a source that cannot switch or cannot log in, and for a missing part."""
        source: object = self.source
        if isinstance(source, SwitchUser):
            raise ConfigurationError(
                "SwitchUser: the source is a SwitchUser itself, and the API refuses nested switching: "
                "give the credentials of a user who may switch directly"
            )
        if not isinstance(source, Login | ApiToken):
            kind = type(source).__name__
            del source
            raise ConfigurationError(
                f"SwitchUser: the source is of type {kind}; "
                "give an AuthKey, RootUser, SamUser or ApiToken first, then operator_id and user_name"
            )
        source.check()
        _check("SwitchUser", operator_id=self.operator_id, user_name=self.user_name)


Login: TypeAlias = AuthKey | RootUser | SamUser
"""What the `auth` operation takes."""

Credentials: TypeAlias = AuthKey | RootUser | SamUser | SwitchUser | ApiToken
"""Whatever opens a session."""


def secrets_of(credentials: Credentials) -> Iterator[Secret]:
    """Yield the secrets that credentials consist of."""
    for part in fields(type(credentials)):
        value = getattr(credentials, part.name)
        if isinstance(value, Secret):
            yield value
        elif isinstance(value, Credentials):
            yield from secrets_of(value)


_HEADERS = frozenset({"api_key", "token"})
_PASSWORDS = frozenset({"password"})


def _check(kind: str, **parts: object) -> None:
    for name, part in parts.items():
        problem = _problem(name, part)
        if problem:
            raise ConfigurationError(f"{kind}: {name} {problem}; {kind} takes {', '.join(parts)}")


def _problem(name: str, part: object) -> str | None:
    # Plain text lives in this frame, so nothing here may raise.
    text = part.reveal() if isinstance(part, Secret) else part
    if text is None:
        return "is missing"
    if not isinstance(text, str):
        return f"is of type {type(text).__name__}, not a string"
    if not text.strip():
        return "is empty"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "is not valid Unicode"
    if name in _PASSWORDS:
        return None
    if text != text.strip() or not text.isprintable():
        return "has white space at an end or control characters within (a line end, from a file?): take them away"
    if name in _HEADERS and not (text.isascii() and " " not in text):
        return "has characters that no HTTP header can carry: give it as the API issued it"
    return None


def _check_callable(kind: str, one_time_password: object) -> None:
    if one_time_password is not None and not callable(one_time_password):
        del one_time_password
        raise ConfigurationError(
            f"{kind}: one_time_password must be a callable that returns a code, not the code: a code lives half a "
            "minute, and each login needs a new one"
        )
