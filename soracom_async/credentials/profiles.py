"""The profile files of the official command line, read by its rules."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, final

from attrs import evolve, field, frozen

from .._core.values import plain
from .._secret import Secret
from ..errors import ConfigurationError
from ..options import SANDBOX_ENDPOINTS, TOKEN_TTL
from .commands import printed_by
from .environment import (
    SessionConfig,
    SettingsSource,
    config_of,
    read_environ,
)
from .kinds import SwitchUser
from .names import exact_path, profile_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .kinds import Credentials

COMMAND_TIMEOUT = 60.0
"""Seconds that a profile command may take."""

_POSIX = os.name == "posix"

_LABELS = {
    "email": "email",
    "password": "password",
    "auth_key_id": "authKeyId",
    "auth_key": "authKey",
    "user_name": "username",
    "operator_id": "operatorId",
    "endpoint": "endpoint",
    "coverage": "coverageType",
    "command": "profileCommand",
    "source": "sourceProfile",
    "code": "mfaOTPCode",
}
_LOGIN = frozenset({"email", "password", "auth_key_id", "auth_key", "user_name", "operator_id", "source", "code"})
_WAYS = (
    frozenset({"auth_key_id", "auth_key"}),
    frozenset({"email", "password"}),
    frozenset({"operator_id", "user_name", "password"}),
    frozenset({"operator_id", "user_name", "source"}),
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def from_profile(
    name: str | None = None, environ: Mapping[str, str] | None = None, *, coverage: str | None = None
) -> SessionConfig:
    """Return what a profile of the official command line says; without `name`, $SORACOM_PROFILE or `default`.

    The file is `NAME.json` in $SORACOM_PROFILE_DIR or ~/.soracom, else the one that the command line writes for NAME:
    `my-profile.json` for `my profile`. $SORACOM_ENDPOINT goes before everything, then `coverage` or
    $SORACOM_COVERAGE_TYPE, then the profile's endpoint, then its coverage, which is `jp` if it has none.

    A `profileCommand` is split and run as the command line does it, without a shell: an unquoted `;`, `&`, `|`, `<` or
    `>` ends it. It may take a minute and print 1 MiB. Of what it prints the command line takes credentials alone; here
    endpoint, coverage, sandbox, time to live and headers count too, before those of the file.

    Raises ConfigurationError for a profile that is missing, open to others, malformed or incomplete, for a name that
    the command line takes as `default`, and for a profile command that fails. CLI guide: Profiles.
    """
    given = read_environ(environ)
    del environ  # a traceback with locals would show it
    name = plain(name)
    if not isinstance(name, str | None):
        raise ConfigurationError(f"a profile has a text as its name: {type(name).__name__} is none")
    return _found(given, given.text("profile") or "default" if name is None else name, coverage)


def discover(environ: Mapping[str, str] | None = None, *, coverage: str | None = None) -> SessionConfig:
    """Return what the environment variables say, else the profile $SORACOM_PROFILE or `default`.

    Raises ConfigurationError if there is neither, or as `from_env` and `from_profile`.
    """
    given = read_environ(environ)
    del environ
    found = config_of(given)
    if found is not None:
        return found
    name = given.text("profile")
    path = _directory(given) / "default.json"
    if name is None and not os.path.exists(path):  # if a folder is closed, Path.exists raises
        raise ConfigurationError(
            "no credentials found. Give some: Soracom(AuthKey(…, …)); or set SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY; "
            f"or make a profile with `soracom configure` (there is no {path})"
        )
    return _found(given, name or "default", coverage)


@frozen
class _Profile:
    given: SettingsSource
    sandbox: bool | None
    token_ttl: int | None
    headers: Mapping[str, Secret] = field(repr=False)

    def over(self, file: _Profile) -> _Profile:
        """Return the profile that a command printed, completed from the file that names the command."""
        own = {name: value for name, value in self.given.values.items() if name != "command"}
        complete = any(way <= own.keys() for way in _WAYS)
        kept = {name: value for name, value in file.given.values.items() if not (complete and name in _LOGIN)}
        return _Profile(
            evolve(file.given, values={**kept, **own}),
            file.sandbox if self.sandbox is None else self.sandbox,
            file.token_ttl if self.token_ttl is None else self.token_ttl,
            {**file.headers, **self.headers},
        )


@final
class _StaticCode:
    """The one-time password of a profile: good for the first login, which comes at once, and for no other."""

    def __init__(self, code: Secret, where: str) -> None:
        self._code: Secret | None = code
        self._where = where

    def __call__(self) -> str:
        code, self._code = self._code, None
        if code is None:
            raise ConfigurationError(
                f"{self._where}: its mfaOTPCode was used for the first login, and a code lives half a minute: "
                "pass credentials with one_time_password=, a callable, or use an AuthKey"
            )
        return code.reveal()


def _found(environment: SettingsSource, name: str, coverage: str | None) -> SessionConfig:
    directory = _directory(environment)
    profile = _open(profile_path(directory, name), name)
    credentials = _credentials(directory, profile)
    asked = coverage or environment.coverage()
    own = profile.given.coverage() or "jp"
    endpoint = environment.endpoint()
    if endpoint is None and asked is None:
        endpoint = profile.given.endpoint()
    if endpoint is None and profile.sandbox:
        endpoint = SANDBOX_ENDPOINTS.get(asked or own)  # an unknown coverage is refused where it is used
    return SessionConfig(
        credentials=credentials,
        coverage=asked or own,
        endpoint=endpoint,
        token_ttl=profile.token_ttl,
        headers={header: value.reveal() for header, value in profile.headers.items()},
    )


def _credentials(directory: Path, profile: _Profile) -> Credentials:
    given = profile.given
    user = given.all_of("source", "operator_id", "user_name") if given.values.get("source") else None
    if user is None:
        return _login(profile)
    source_name = user[0].reveal()
    source = _open(exact_path(directory, source_name), source_name)
    if source.given.values.get("source"):
        raise ConfigurationError(
            f"{given.where}: its sourceProfile switches users itself, and the API refuses nested switching: "
            "name a profile with credentials of its own"
        )
    return SwitchUser(_login(source), user[1].reveal(), user[2].reveal())


def _login(profile: _Profile) -> Credentials:
    given = profile.given
    code = given.values.get("code")
    credentials = given.login(_StaticCode(code, given.where) if code else None)
    if credentials is None:
        raise ConfigurationError(
            f"{given.where}: it has no credentials: give it authKeyId and authKey, email and password, or operatorId, "
            "username and password"
        )
    return credentials


def _directory(environment: SettingsSource) -> Path:
    return Path(os.path.expanduser(environment.text("profile_dir") or "~/.soracom"))


def _open(path: Path, name: str) -> _Profile:
    """Return a profile with what its command adds."""
    where = f"profile {name!r} ({path})"
    profile = _read(path, where)
    if isinstance(profile, str):
        raise ConfigurationError(f"{where}: {profile}")
    command = profile.given.values.get("command")
    if not command:
        return profile
    printed = _run(command, where)
    if isinstance(printed, str):
        raise ConfigurationError(f"{where}: its profileCommand {printed}")
    return printed.over(profile)


# The frames below hold plain text: they return what is wrong instead of raising it.


def _read(path: Path, where: str) -> _Profile | str:
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                return "it is no regular file: a pipe or device may have no end"
            mode = stat.S_IMODE(mode)
            if _POSIX and mode & 0o077:
                return f"others may read it (mode {mode:03o}): run chmod 600 {shlex.quote(str(path))}"
            content = file.read()
    except FileNotFoundError:
        return f"there is no such file: make it with `soracom configure --profile {shlex.quote(path.stem)}`"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return _parse(content, where)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe too is opened at once, whether anybody writes to it or not."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _run(command: Secret, where: str) -> _Profile | str:
    name, output = printed_by(command.reveal(), COMMAND_TIMEOUT)
    if isinstance(output, str):
        return output
    printed = _parse(output, where)
    return f"{name} printed no profile: {printed}" if isinstance(printed, str) else printed


def _parse(content: bytes, where: str) -> _Profile | str:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return "it is not JSON"
    if not isinstance(document, dict):
        return "it is not a JSON object"
    keys = {key.lower(): value for key, value in document.items() if value is not None}
    values: dict[str, Secret] = {}
    for name, label in _LABELS.items():
        value = keys.get(label.lower(), "")
        if not isinstance(value, str):
            return f"{label} must be a string"
        if value:
            values[name] = Secret(value)
    sandbox = keys.get("sandbox")
    if not isinstance(sandbox, bool | None):
        return "sandbox must be true or false"
    ttl = keys.get("tokentimeoutseconds")
    if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or ttl not in TOKEN_TTL):
        return f"tokenTimeoutSeconds must be {TOKEN_TTL[0]} to {TOKEN_TTL[-1]} whole seconds"
    headers = keys.get("headers", {})
    if not isinstance(headers, dict) or not all(map(_is_header, headers, headers.values())):
        return "headers must be an object of names and texts that HTTP can carry"
    return _Profile(
        SettingsSource(values, _LABELS, where),
        sandbox,
        ttl,
        {header: Secret(value) for header, value in headers.items()},
    )


def _is_header(name: str, value: object) -> bool:
    return bool(_HEADER.fullmatch(name)) and isinstance(value, str) and value.isascii() and value.isprintable()
