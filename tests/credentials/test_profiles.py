from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest
from leaks import canary, refused, sings

from soracom_async.credentials import profiles
from soracom_async.credentials.kinds import (
    AuthKey,
    RootUser,
    SamUser,
    SwitchUser,
)
from soracom_async.credentials.profiles import discover, from_profile

if TYPE_CHECKING:
    from pathlib import Path

AUTH_KEY = {"authKeyId": "keyId-1", "authKey": canary()}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def write(directory: Path, name: str = "default", mode: int = 0o600, text: str | None = None, **keys: Any) -> None:
    path = directory / f"{name}.json"
    path.write_text(json.dumps(keys) if text is None else text)
    path.chmod(mode)


def environ(directory: Path, **variables: str) -> dict[str, str]:
    return {"SORACOM_PROFILE_DIR": str(directory), **{f"SORACOM_{name}": value for name, value in variables.items()}}


def printing(**keys: Any) -> str:
    """Return a command that prints a profile."""
    return shlex.join([sys.executable, "-c", f"print({json.dumps(json.dumps(keys))})"])


def test_a_byte_order_mark_is_skipped(directory):
    """Some editors put one before the text."""
    write(directory, text="\ufeff" + json.dumps(AUTH_KEY))
    assert from_profile(environ=environ(directory)).credentials == AuthKey("keyId-1", canary())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (AUTH_KEY, AuthKey("keyId-1", canary())),
        ({"AUTHKEYID": "keyId-1", "authkey": canary()}, AuthKey("keyId-1", canary())),
        ({"email": "e", "password": canary()}, RootUser("e", canary())),
        ({"operatorId": "OP1", "username": "u", "password": canary()}, SamUser("OP1", "u", canary())),
        ({"operatorID": "OP1", "userName": "u", "PassWord": canary()}, SamUser("OP1", "u", canary())),
        ({"email": "e", "password": canary(), **AUTH_KEY}, AuthKey("keyId-1", canary())),
        ({"email": "", "password": None, "sandbox": None, "new": [1], **AUTH_KEY}, AuthKey("keyId-1", canary())),
    ],
)
def test_a_profile_gives_credentials(directory, keys, expected):
    """Keys count without regard to case, unknown ones do not; AuthKey goes before a password; no coverage means jp."""
    write(directory, **keys)
    found = from_profile(environ=environ(directory))
    assert found.credentials == expected
    found.credentials.check()
    assert (found.coverage, found.endpoint, found.token_ttl, found.headers) == ("jp", None, None, {})
    assert not sings(found)


def test_settings_of_a_profile(directory):
    """Coverage, time to live and headers are read; header values are not shown."""
    write(directory, coverageType="g", tokenTimeoutSeconds=180, headers={"X-Proxy": canary()}, **AUTH_KEY)
    found = from_profile("default", environ(directory))
    assert (found.coverage, found.token_ttl) == ("g", 180)
    assert sings(found.headers["X-Proxy"])
    assert not sings(found)


def test_the_name_is_given_or_from_the_environment_or_default(directory, monkeypatch):
    """The argument goes before $SORACOM_PROFILE, that before `default`; the folder is ~/.soracom without a variable."""
    write(directory, coverageType="jp", **AUTH_KEY)
    write(directory, "prod", coverageType="g", **AUTH_KEY)
    assert from_profile(environ=environ(directory)).coverage == "jp"
    assert from_profile(environ=environ(directory, PROFILE="prod")).coverage == "g"
    assert from_profile("default", environ(directory, PROFILE="prod")).coverage == "jp"
    (directory / ".soracom").mkdir()
    write(directory / ".soracom", "home", coverageType="g", **AUTH_KEY)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.delenv("SORACOM_PROFILE_DIR", raising=False)
    monkeypatch.setenv("SORACOM_PROFILE", "home")
    assert from_profile().coverage == "g"


ENDPOINT = {"endpoint": "https://own.example/v1"}


@pytest.mark.parametrize(
    ("keys", "variables", "asked", "coverage", "endpoint"),
    [
        (ENDPOINT, {}, None, "jp", "https://own.example"),
        (ENDPOINT, {"COVERAGE_TYPE": "g"}, None, "g", None),
        (ENDPOINT, {}, "g", "g", None),
        ({}, {"COVERAGE_TYPE": "jp"}, "g", "g", None),
        (ENDPOINT, {"ENDPOINT": "http://localhost:1"}, "g", "g", "http://localhost:1"),
        ({"coverageType": "g"}, {}, None, "g", None),
        ({"sandbox": False}, {}, None, "jp", None),
        ({"sandbox": True}, {}, None, "jp", "https://api-sandbox.soracom.io"),
        ({"sandbox": True, "coverageType": "g"}, {}, None, "g", "https://g.api-sandbox.soracom.io"),
        ({"sandbox": True}, {"COVERAGE_TYPE": "g"}, None, "g", "https://g.api-sandbox.soracom.io"),
        ({"sandbox": True, **ENDPOINT}, {}, None, "jp", "https://own.example"),
    ],
)
def test_the_endpoint_by_precedence(directory, keys, variables, asked, coverage, endpoint):
    """SORACOM_ENDPOINT, then the coverage asked for, then the profile's endpoint, then its coverage."""
    write(directory, **AUTH_KEY, **keys)
    found = from_profile(environ=environ(directory, **variables), coverage=asked)
    assert (found.coverage, found.endpoint) == (coverage, endpoint)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_profile_that_others_may_read_is_refused(directory, mode):
    """Any right of group or others is one too many; the error has the command that mends it."""
    write(directory, mode=mode, **AUTH_KEY)
    with refused(f"chmod 600 {directory}/default.json", f"{mode:03o}"):
        from_profile(environ=environ(directory))


def test_rights_are_not_asked_where_there_are_none(directory, monkeypatch):
    """Windows has no mode bits."""
    monkeypatch.setattr(profiles, "_POSIX", False)
    write(directory, mode=0o644, **AUTH_KEY)
    assert from_profile(environ=environ(directory)).credentials


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ('{"authKey": "%s"', "not JSON"),
        ('"%s"', "not a JSON object"),
        ("[" * 200_000 + '"%s"', "not JSON"),
        ('{"email": ["%s"]}', "email must be a string"),
        ('{"mfaOTPCode": 1, "authKey": "%s"}', "mfaOTPCode must be a string"),
        ('{"sandbox": "%s"}', "sandbox must be true or false"),
        ('{"tokenTimeoutSeconds": "%s"}', "tokenTimeoutSeconds must be 180 to 172800"),
        ('{"tokenTimeoutSeconds": 179, "authKey": "%s"}', "180 to 172800"),
        ('{"tokenTimeoutSeconds": 172801, "authKey": "%s"}', "180 to 172800"),
        ('{"tokenTimeoutSeconds": true, "authKey": "%s"}', "180 to 172800"),
        ('{"headers": "%s"}', "headers must be"),
        ('{"headers": {"a b": "%s"}}', "headers must be"),
        ('{"headers": {"a": ["%s"]}}', "headers must be"),
        ('{"headers": {"a": "%s\\r\\nb: c"}}', "headers must be"),
        ("{}", "no credentials"),
        ('{"authKey": "%s"}', "authKey without authKeyId"),
        ('{"email": "a", "operatorId": "%s"}', "email without password"),
        ('{"operatorId": "a", "password": "%s"}', "without username"),
        ('{"sourceProfile": "b", "password": "%s"}', "sourceProfile without operatorId and username"),
        ('{"authKeyId": "a", "authKey": "%s", "coverageType": "x"}', "coverageType must be 'g' (global) or 'jp'"),
        ('{"authKeyId": "a", "authKey": "%s", "endpoint": "x"}', "endpoint must be an address"),
        ('{"profileCommand": "\'%s"}', "cannot be split into words"),
        ('{"profileCommand": " ", "authKey": "%s"}', "profileCommand is empty"),
        ('{"profileCommand": "/no/such/command %s"}', "'/no/such/command' cannot be run: No such file"),
        ('{"profileCommand": "KEY=%s command"}', "'KEY' cannot be run"),
        ('{"profileCommand": "a\\u0000b %s"}', "cannot be run: not a command"),
        ('{"profileCommand": "sh -c \'echo %s; echo %s >&2; exit 3\'"}', "'sh' failed with exit code 3"),
        ('{"profileCommand": "echo %s"}', "'echo' printed no profile: it is not JSON"),
        ('{"profileCommand": "sleep 9", "authKey": "%s"}', "'sleep' took longer than 0.2 s"),
    ],
)
def test_a_profile_that_cannot_work_is_refused_without_showing_it(directory, monkeypatch, text, reason):
    """The error names the file and the reason; nothing of the content is shown, not even in a traceback with locals."""
    monkeypatch.setattr(profiles, "COMMAND_TIMEOUT", 0.2 if "sleep" in text else 30.0)
    write(directory, text=text.replace("%s", canary()))
    with refused("default.json", reason):
        from_profile(environ=environ(directory, TOKEN=canary()))


def test_content_that_is_no_text_is_refused(directory):
    """Bytes that are no UTF-8 are not JSON; the error that holds them is not kept."""
    write(directory)
    (directory / "default.json").write_bytes(canary().encode() + b"\xff")
    with refused("not JSON"):
        from_profile(environ=environ(directory))


def test_a_profile_that_is_not_there_or_cannot_be_read(directory):
    """The error names the file, and how to make it."""
    with refused(f"{directory}/other.json", "soracom configure --profile other"):
        from_profile("other", environ(directory))
    (directory / "folder.json").mkdir()
    with refused("folder.json", "cannot be read"):
        from_profile("folder", environ(directory))


@pytest.mark.parametrize("name", ["", "..", "../a", "a/b", "/etc/a", "a\\b", "c:a", "a\x00", "a\nb", "a..b"])
def test_a_profile_name_is_a_plain_file_name(directory, name):
    """Nothing that could lead out of the folder is a name."""
    with refused("plain file name"):
        from_profile(name, environ(directory))


def test_a_command_prints_the_profile(directory):
    """What is printed goes before the file: its credentials as a whole, its settings one by one."""
    command = printing(**AUTH_KEY, coverageType="g", headers={"A": "2"}, profileCommand="/no/such/command")
    write(directory, profileCommand=command, email="e", password=canary(), coverageType="jp",
          sandbox=True, tokenTimeoutSeconds=600, headers={"A": "1", "B": "1"})  # fmt: skip
    found = from_profile(environ=environ(directory))
    assert found.credentials == AuthKey("keyId-1", canary())
    assert (found.coverage, found.token_ttl, found.headers) == ("g", 600, {"A": "2", "B": "1"})
    assert found.endpoint == "https://g.api-sandbox.soracom.io"


def test_a_printed_password_goes_before_the_auth_key_of_the_file(directory):
    """Complete credentials that a command prints put those of the file aside."""
    command = printing(email="e", password=canary(), sandbox=False, tokenTimeoutSeconds=300)
    write(directory, profileCommand=command, sandbox=True, tokenTimeoutSeconds=600, **AUTH_KEY)
    found = from_profile(environ=environ(directory))
    assert found.credentials == RootUser("e", canary())
    assert (found.endpoint, found.token_ttl) == (None, 300)


def test_a_command_may_print_the_secret_alone(directory):
    """The file completes what a command prints."""
    write(directory, profileCommand=printing(authKey=canary()), authKeyId="keyId-1")
    assert from_profile(environ=environ(directory)).credentials == AuthKey("keyId-1", canary())


def test_a_command_runs_without_a_shell(directory):
    """Words are split as a shell does, but no shell expands or chains them."""
    mark = directory / "mark"
    write(directory, profileCommand=f"{printing(**AUTH_KEY)} ; touch {mark} $(touch {mark})")
    assert from_profile(environ=environ(directory)).credentials == AuthKey("keyId-1", canary())
    assert not mark.exists()


def test_a_source_profile_switches_the_user(directory):
    """Operator and user name are those of the target, the login that of the source; settings are the profile's own."""
    write(directory, "source", coverageType="g", mfaOTPCode=canary(), email="e", password=canary())
    write(directory, sourceProfile="source", operatorId="OP2", username="u", **AUTH_KEY)
    found = from_profile(environ=environ(directory))
    assert isinstance(found.credentials, SwitchUser)
    assert isinstance(found.credentials.source, RootUser)
    assert (found.credentials.operator_id, found.credentials.user_name) == ("OP2", "u")
    assert found.credentials.source.email == "e"
    assert found.coverage == "jp"
    assert not sings(found)
    found.credentials.check()


@pytest.mark.parametrize("source", ["default", "other"])
def test_nested_switching_is_refused(directory, source):
    """A source that switches itself, or a circle, is an error and no endless loop."""
    write(directory, sourceProfile=source, operatorId="OP1", username="u")
    write(directory, "other", sourceProfile="default", operatorId="OP2", username="u", **AUTH_KEY)
    with refused("default.json", "nested"):
        from_profile(environ=environ(directory))


def test_a_source_without_credentials_is_refused(directory):
    """The error names the file of the source."""
    write(directory, sourceProfile="other", operatorId="OP1", username="u")
    write(directory, "other")
    with refused("other.json", "no credentials"):
        from_profile(environ=environ(directory))


def test_a_static_code_serves_one_login(directory):
    """The code of a profile is given out once; the next login is an error that says what to do."""
    write(directory, mfaOTPCode=canary(), email="e", password=canary())
    credentials = from_profile(environ=environ(directory)).credentials
    assert isinstance(credentials, RootUser)
    assert credentials.one_time_password is not None
    assert sings(credentials.one_time_password())
    with refused("mfaOTPCode", "half a minute"):
        credentials.one_time_password()


def test_discover_looks_in_the_environment_first(directory):
    """Credentials in variables go before a profile, the default profile before an error; half a pair is an error."""
    write(directory, email="e", password=canary())
    write(directory, "prod", coverageType="g", email="e2", password=canary())
    found = discover(environ(directory, AUTH_KEY_ID="i", AUTH_KEY=canary()))
    assert found.credentials == AuthKey("i", canary())
    assert found.coverage is None
    assert discover(environ(directory)).credentials == RootUser("e", canary())
    assert discover(environ(directory, PROFILE="prod")).credentials == RootUser("e2", canary())
    assert discover(environ(directory), coverage="g").coverage == "g"
    with refused("SORACOM_AUTH_KEY_ID"):
        discover(environ(directory, AUTH_KEY=canary()))


def test_discover_lists_the_ways_where_nothing_is_found(directory):
    """Without anything the error has three ways; a profile asked for by name is its own error."""
    with refused("Soracom(AuthKey(", "SORACOM_AUTH_KEY_ID", "soracom configure", f"{directory}/default.json"):
        discover(environ(directory) | {"OTHER": canary()})
    with refused("profile 'prod'", "no such file"):
        discover(environ(directory, PROFILE="prod"))
