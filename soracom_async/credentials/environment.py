"""Credentials and settings that are found rather than given, and the environment variables that hold them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attrs import field, frozen

from .._secret import Secret
from ..errors import ConfigurationError
from ..options import ENDPOINTS, checked_endpoint
from .kinds import (
    ApiToken,
    AuthKey,
    RootUser,
    SamUser,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .kinds import Credentials, OneTimePassword

VARIABLES: dict[str, tuple[str, ...]] = {
    "api_key": ("SORACOM_API_KEY",),
    "token": ("SORACOM_TOKEN",),
    "auth_key_id": ("SORACOM_AUTH_KEY_ID",),
    "auth_key": ("SORACOM_AUTH_KEY",),
    "email": ("SORACOM_EMAIL",),
    "password": ("SORACOM_PASSWORD",),
    "operator_id": ("SORACOM_OPERATOR_ID",),
    "user_name": ("SORACOM_USER_NAME", "SORACOM_USERNAME"),
    "coverage": ("SORACOM_COVERAGE_TYPE",),
    "endpoint": ("SORACOM_ENDPOINT",),
    "profile": ("SORACOM_PROFILE",),
    "profile_dir": ("SORACOM_PROFILE_DIR",),
}
"""What each environment variable means; the first one set counts.

The names are this library's own. Of them, the official command line reads SORACOM_ENDPOINT and SORACOM_PROFILE_DIR.
"""

_LABELS = {name: variables[0] for name, variables in VARIABLES.items()}


@frozen(kw_only=True)
class SessionConfig:
    """What a session is opened with, as the environment or a profile says."""

    credentials: Credentials
    coverage: str | None = None
    """`g` or `jp`; None if nothing says which."""
    endpoint: str | None = None
    """An address without `/v1` that goes before the coverage's own."""
    token_ttl: int | None = None
    """Seconds a token shall live; None if nothing says so."""
    headers: dict[str, str] = field(factory=dict, repr=lambda headers: repr(sorted(headers)))
    """Headers that go with every request; their values may be secret."""


@frozen
class SettingsSource:
    """Texts by name, all of them held as secrets, and what each is called where it was found."""

    values: Mapping[str, Secret]
    labels: Mapping[str, str]
    where: str

    def text(self, name: str) -> str | None:
        """Return a value that is no secret; None if it is absent."""
        value = self.values.get(name)
        return value.reveal() if value else None

    def all_of(self, *names: str) -> tuple[Secret, ...] | None:
        """Return the values of `names`, None if none is there; raises ConfigurationError for a part of them."""
        if not any(self.values.get(name) for name in names):
            return None
        missing = [self.labels[name] for name in names if not self.values.get(name)]
        if missing:
            present = [self.labels[name] for name in names if self.values.get(name)]
            raise ConfigurationError(
                f"{self.where}: {' and '.join(present)} without {' and '.join(missing)}: "
                f"give {' and '.join(missing)} too, or take {' and '.join(present)} away"
            )
        return tuple(self.values[name] for name in names)

    def coverage(self) -> str | None:
        """Return the coverage; raises ConfigurationError for one that is unknown."""
        coverage = self.text("coverage")
        if coverage is None or coverage in ENDPOINTS:
            return coverage
        raise ConfigurationError(f"{self.where}: {self.labels['coverage']} must be 'g' (global) or 'jp' (Japan)")

    def endpoint(self) -> str | None:
        """Return the endpoint without `/v1`; raises ConfigurationError if it is no address."""
        endpoint = self.values.get("endpoint")
        if not endpoint:
            return None
        try:
            return checked_endpoint(endpoint.reveal())
        except ConfigurationError:
            pass  # its traceback holds the address, which may hold a password
        raise ConfigurationError(
            f"{self.where}: {self.labels['endpoint']} must be an address such as 'https://g.api.soracom.io', "
            "without user, query or fragment"
        )

    def login(self, one_time_password: OneTimePassword | None = None) -> Credentials | None:
        """Return the first that is there of key and token, AuthKey, root user and SAM user; None if none is.

        Raises ConfigurationError if that first one is not complete.
        """
        if pair := self.all_of("api_key", "token"):
            return ApiToken(*pair)
        if pair := self.all_of("auth_key_id", "auth_key"):
            return AuthKey(pair[0].reveal(), pair[1], one_time_password=one_time_password)
        sam = not self.values.get("email") and (self.values.get("operator_id") or self.values.get("user_name"))
        parts = self.all_of(*(("operator_id", "user_name") if sam else ("email",)), "password")
        if parts is None:
            return None
        if sam:
            return SamUser(parts[0].reveal(), parts[1].reveal(), parts[2], one_time_password=one_time_password)
        return RootUser(parts[0].reveal(), parts[1], one_time_password=one_time_password)


def read_environ(environ: Mapping[str, str] | None = None) -> SettingsSource:
    """Return the variables of `environ`, by default the process's own; an empty one counts as not set."""
    source = os.environ if environ is None else environ
    values = {
        name: Secret(next((source[variable] for variable in variables if source.get(variable)), ""))
        for name, variables in VARIABLES.items()
    }
    return SettingsSource(values, _LABELS, "environment")


def around(credentials: Credentials, *, coverage: str | None = None) -> SessionConfig:
    """Return credentials that are given in code, with the endpoint and the coverage that the environment names.

    A `coverage` that is given goes before that of the environment. Raises ConfigurationError for an unknown coverage
    and an endpoint that is no address.
    """
    environ = read_environ()
    endpoint = environ.endpoint()
    return SessionConfig(credentials=credentials, coverage=coverage or environ.coverage(), endpoint=endpoint)


def from_environ(environ: Mapping[str, str] | None = None) -> SessionConfig | None:
    """Return what the environment variables `SORACOM_…` say; None if they hold no credentials.

    Raises ConfigurationError for a part of a pair, an unknown coverage and an endpoint that is no address.
    """
    given = read_environ(environ)
    del environ  # a traceback with locals would show it
    return config_of(given)


def config_of(given: SettingsSource) -> SessionConfig | None:
    """Return what an environment already read says; as `from_environ`."""
    credentials = given.login()
    if credentials is None:
        return None
    return SessionConfig(credentials=credentials, coverage=given.coverage(), endpoint=given.endpoint())


def from_env(environ: Mapping[str, str] | None = None) -> SessionConfig:
    """Return what the environment variables `SORACOM_…` say.

    Raises ConfigurationError if they hold no credentials, or as `from_environ`.
    """
    given = read_environ(environ)
    del environ
    found = config_of(given)
    if found is None:
        raise ConfigurationError(
            "environment: no credentials there: set SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY; or SORACOM_EMAIL and "
            "SORACOM_PASSWORD; or SORACOM_OPERATOR_ID, SORACOM_USER_NAME and SORACOM_PASSWORD; or SORACOM_API_KEY and "
            "SORACOM_TOKEN"
        )
    return found
