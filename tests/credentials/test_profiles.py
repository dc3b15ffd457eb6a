from __future__ import annotations

import json
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest
from leaks import canary, refused, sings

from soracom_async.credentials import commands, profiles
from soracom_async.credentials.commands import command_words
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_profile_is_a_regular_file(directory):
    """A pipe that nobody writes to, or a device without end, is refused at once."""
    os.mkfifo(directory / "pipe.json", 0o600)
    (directory / "device.json").symlink_to("/dev/zero")
    for name in ("pipe", "device"):
        with refused(f"{name}.json", "it is no regular file"):
            from_profile(name, environ(directory))


@pytest.mark.parametrize("name", [5, b"default", ["default"], True])
def test_a_name_that_is_no_text(directory, name):
    """It is refused with the type that it has."""
    with refused("a profile has a text as its name", type(name).__name__):
        from_profile(name, environ(directory))


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


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("my profile", "my-profile"),
        ("prod.eu", "prod-eu"),
        ("Prod_EU", "Prod-EU"),
        ("a@b", "ab"),
        ("x--y", "x-y"),
        ("Ünï", "UEni"),
        ("ÄäÅåÖöØøŒœÞþẞß", "AaeAAaaOEoeOEoeOEoeTHthSSss"),
        ("Łódź-żar", "Lod-zar"),  # of the letters with accents only the known ones stay
        ("  a  b  ", "a-b"),
        (" .a", "-a"),
        ("-a-", "-a-"),
        ("1&2=3+4:5", "1-2-3-4-5"),
        ("a\tb\x00c", "abc"),
        ("a/b", "a-b"),
        ("../../a", "-a"),
        ("..", "-"),
        ("c:\\a", "c-a"),
        ("prod.json", "prod-json"),
        ("東京 prod", "-prod"),
    ],
)
def test_a_profile_is_found_by_the_name_that_it_was_saved_under(directory, name, file):
    """The official command line rewrites a name for its file; no name leads out of the folder."""
    write(directory, file, coverageType="g", **AUTH_KEY)
    assert from_profile(name, environ(directory)).coverage == "g"
    if "\x00" not in name:
        assert discover(environ(directory, PROFILE=name)).coverage == "g"


@pytest.mark.parametrize(("name", "other"), [("prod.eu", "prod-eu"), ("東京", "default"), ("a_b", "a-b"), ("é", "e")])
def test_the_file_of_that_very_name_goes_first(directory, name, other):
    """A file that somebody named by hand is not put aside for a rewritten one, even if it is unfit."""
    write(directory, other, coverageType="jp", **AUTH_KEY)
    write(directory, name, coverageType="g", **AUTH_KEY)
    assert from_profile(name, environ(directory)).coverage == "g"
    write(directory, name, mode=0o644, **AUTH_KEY)
    with refused(f"{name}.json", "chmod 600"):
        from_profile(name, environ(directory))


@pytest.mark.parametrize("name", ["東京", "@", "ğ", "\u0301"])
def test_a_name_that_would_fall_to_default_is_refused(directory, name):
    """Whoever asks for a profile of such a name does not mean the default one."""
    write(directory, **AUTH_KEY)
    with refused(f"profile {name!r}", "takes 'default' for this name", f"there is no {directory}"):
        from_profile(name, environ(directory))


def test_a_missing_profile_is_named_as_it_was_asked_for(directory):
    """The command that makes it has the name quoted."""
    with refused(f"{directory}/my profile.json", "soracom configure --profile 'my profile'"):
        from_profile("my profile", environ(directory))


def test_the_name_of_a_source_profile_is_not_rewritten(directory):
    """The official command line reads the file of that very name, and nothing out of the folder."""
    write(directory, "my-source", **AUTH_KEY)
    write(directory, sourceProfile="my source", operatorId="OP1", username="u")
    with refused("my source.json", "no such file"):
        from_profile(environ=environ(directory))
    write(directory, "my source", email="e", password=canary())
    credentials = from_profile(environ=environ(directory)).credentials
    assert isinstance(credentials, SwitchUser)
    assert isinstance(credentials.source, RootUser)
    write(directory, sourceProfile="../my-source", operatorId="OP1", username="u")
    with refused("plain file name"):
        from_profile(environ=environ(directory))


def test_a_byte_order_mark_is_skipped(directory):
    """Windows editors put one before a file, and programs before what they print."""
    text = "\ufeff" + json.dumps({"coverageType": "g", **AUTH_KEY})
    write(directory, text=text)
    assert from_profile(environ=environ(directory)).coverage == "g"
    write(directory, "printed", text=text)
    write(directory, profileCommand=f"cat {directory}/printed.json")
    assert from_profile(environ=environ(directory)).coverage == "g"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cat o.json | jq .", ["cat", "o.json"]),
        ("cat o.json|jq .", ["cat", "o.json"]),
        ("cat o.json > /dev/stdout", ["cat", "o.json"]),
        ("cat o.json 2>/dev/null", ["cat", "o.json"]),
        ("cat 2a>b", ["cat"]),
        ("cat a2>b", ["cat", "a2"]),
        ("cat < o.json", ["cat"]),
        ("a;b", ["a"]),
        ("a && b", ["a"]),
        ("; a", []),
        (" \t\r\n ", []),
        ("""a 'b;c|d' "e&f<g>h" i\\;j""", ["a", "b;c|d", "e&f<g>h", "i;j"]),
        (r"""a\ b 'c\d' "e\f\"" \t\n\\""", ["a b", r"c\d", 'ef"', "\t\n\\"]),
        ("""a'b'"c" '' d""''""", ["abc", "", "d"]),
        ("""'"' "'" """, ['"', "'"]),
        ("a # b ~ * $HOME ${X}", ["a", "#", "b", "~", "*", "$HOME", "${X}"]),
        ("a `b | c` d", ["a", "`b | c`", "d"]),
        ("a $(b | c 'd') e", ["a", "$(b | c 'd')", "e"]),
        ('a `b "c d"` "`" \'$(\'', ["a", "`b c d`", "`", "$("]),
        ("a $(`) `()`", ["a", "$(`)", "`()`"]),
        ("a\u3000b\u00a0c", ["a\u3000b\u00a0c"]),
    ],
)
def test_a_command_is_split_as_the_official_command_line_does(command, words):
    """An unquoted `;`, `&`, `|`, `<` or `>` ends it; nothing is expanded."""
    assert command_words(command) == words


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("a 'b", "no closing '"),
        ('a "b', 'no closing "'),
        ("a `b", "no closing `"),
        ("a $(b", "no closing )"),
        ("a \\", "a backslash ends it"),
        ("a (b)", r"a ( without quotes"),
        ("a $(b (c))", r"a ( without quotes"),
        ("a )", r"a ) without quotes"),
    ],
)
def test_a_command_that_is_not_complete_is_refused(command, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        command_words(command)


def test_a_command_that_prints_without_end_is_ended(directory, monkeypatch):
    """What is kept of its output has a bound, and so has the time of a process that it leaves behind."""
    monkeypatch.setattr(commands, "OUTPUT_LIMIT", 1000)
    write(directory, profileCommand=f"yes {canary()}")
    with refused("'yes' printed more than 1000 bytes"):
        from_profile(environ=environ(directory))
    monkeypatch.setattr(commands, "_PIPE_TIMEOUT", 0.1)
    write(directory, profileCommand=f"sh -c 'sleep 1 & echo {canary()}'")
    with refused("'sh' ended, but a process that it left still holds its output"):
        from_profile(environ=environ(directory))
