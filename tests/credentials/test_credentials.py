from __future__ import annotations

from typing import Any

import pytest
from leaks import canary, refused, sings

from soracom_async._secret import Secret
from soracom_async.credentials.environment import SessionConfig, from_env, from_environ
from soracom_async.credentials.kinds import (
    ApiToken,
    AuthKey,
    RootUser,
    SamUser,
    SwitchUser,
)


def code() -> str:
    return "000000"


def every() -> list[Any]:
    """Return one of each kind, with a canary in every secret."""
    logins = [
        AuthKey("keyId-1", canary(), one_time_password=code),
        RootUser("a@example.com", canary(), one_time_password=code),
        SamUser("OP1", "user", canary(), one_time_password=code),
        ApiToken(canary("key"), canary("token"), ttl=60),
    ]
    return logins + [SwitchUser(login, "OP2", "other") for login in logins]


@pytest.mark.parametrize("index", range(8))
def test_credentials_show_no_secret_and_compare_by_value(index):
    """repr and str hide the secret and show who it is; equal ones are equal and hash alike; the check passes."""
    credentials = every()[index]
    credentials.check()
    assert not sings(repr(credentials))
    assert not sings(str(credentials))
    assert type(credentials).__name__ in repr(credentials)
    assert credentials == every()[index]
    assert hash(credentials) == hash(every()[index])
    assert credentials != every()[index - 1]


def test_secrets_are_held_as_secrets():
    """A plain string is wrapped, a Secret is taken as it is."""
    assert AuthKey("id", "a").auth_key == Secret("a")
    assert AuthKey("id", Secret("a")).auth_key == Secret("a")
    assert RootUser("e", "a").password == Secret("a")
    assert ApiToken("k", "t").api_key == Secret("k")
    assert ApiToken("k", "t").renew is True


def test_login_arguments_are_named_as_the_operation_names_them():
    """Each login gives the arguments of `auth`, secrets wrapped, without the one-time password."""
    assert AuthKey("id", "k", one_time_password=code).login_arguments() == {
        "auth_key_id": "id",
        "auth_key": Secret("k"),
    }
    assert RootUser("e", "p").login_arguments() == {"email": "e", "password": Secret("p")}
    assert SamUser("o", "u", "p").login_arguments() == {"operator_id": "o", "user_name": "u", "password": Secret("p")}


WRONG: Any = {
    "empty id": (lambda: AuthKey("", canary()), "AuthKey: auth_key_id is empty"),
    "empty key": (lambda: AuthKey("id", ""), "AuthKey: auth_key is empty"),
    "no key": (lambda: AuthKey("id", None), "AuthKey: auth_key is missing"),  # type: ignore[arg-type]
    "number": (lambda: AuthKey(1, canary()), "auth_key_id is of type int"),  # type: ignore[arg-type]
    "bytes": (lambda: AuthKey("id", canary().encode()), "auth_key is of type bytes"),  # type: ignore[arg-type]
    "line end": (lambda: AuthKey("id", canary("\n")), "auth_key has white space"),
    "control": (lambda: AuthKey("i\x00d", canary()), "auth_key_id has white space"),
    "surrogate": (lambda: RootUser("e", canary("\udcff")), "password is not valid Unicode"),
    "blank": (lambda: RootUser(" ", canary()), "RootUser: email is empty"),
    "no password": (lambda: RootUser("e", ""), "RootUser: password is empty"),
    "no user": (lambda: SamUser("o", "", canary()), "SamUser: user_name is empty"),
    "no operator": (lambda: SamUser("", "u", canary()), "SamUser: operator_id is empty"),
    "no token": (lambda: ApiToken(canary(), ""), "ApiToken: token is empty"),
    "no api key": (lambda: ApiToken("", canary()), "ApiToken: api_key is empty"),
    "header": (lambda: ApiToken("k", canary("\r\nX: y")), "token has white space"),
    "space": (lambda: ApiToken("k", canary(" ") + "a"), "token has characters that no HTTP header"),
    "not ascii": (lambda: ApiToken("k", canary("é")), "token has characters that no HTTP header"),
    "ttl 0": (lambda: ApiToken(canary(), canary(), ttl=0), "ttl=0"),
    "ttl bool": (lambda: ApiToken(canary(), canary(), ttl=True), "ttl=True"),
    "ttl text": (lambda: ApiToken(canary(), canary(), ttl="60"), "ttl='60'"),  # type: ignore[arg-type]
    "nested": (lambda: SwitchUser(SwitchUser(AuthKey("i", canary()), "o", "u"), "o", "u"), "nested switching"),
    "source": (lambda: SwitchUser(canary(), "o", "u"), "source is of type str"),  # type: ignore[arg-type]
    "bad source": (lambda: SwitchUser(AuthKey("", canary()), "o", "u"), "AuthKey: auth_key_id is empty"),
    "no target": (lambda: SwitchUser(AuthKey("i", canary()), "o", ""), "SwitchUser: user_name is empty"),
    "code": (lambda: AuthKey("i", "k", one_time_password=canary()), "a code lives half a minute"),  # type: ignore[arg-type]
    "root code": (lambda: RootUser("i", "k", one_time_password=canary()), "must be a callable"),  # type: ignore[arg-type]
    "sam code": (lambda: SamUser("o", "i", "k", one_time_password=canary()), "callable"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_work_is_refused_without_showing_it(name):
    """The check names the part and what is wrong with it; constructing never raises."""
    make, message = WRONG[name]
    credentials = make()
    with refused(message):
        credentials.check()


def test_a_password_may_have_any_character():
    """Spaces and other scripts are part of a password."""
    RootUser("e", " pä ss\t").check()


def environ(**variables: str) -> dict[str, str]:
    return {f"SORACOM_{name}": value for name, value in variables.items()}


FULL = {
    "API_KEY": "k", "TOKEN": "t", "AUTH_KEY_ID": "i", "AUTH_KEY": "a", "EMAIL": "e", "PASSWORD": "p",
    "OPERATOR_ID": "o", "USER_NAME": "u", "USERNAME": "v",
}  # fmt: skip


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ((), ApiToken("k", "t")),
        (("API_KEY", "TOKEN"), AuthKey("i", "a")),
        (("API_KEY", "TOKEN", "AUTH_KEY_ID", "AUTH_KEY"), RootUser("e", "p")),
        (("API_KEY", "TOKEN", "AUTH_KEY_ID", "AUTH_KEY", "EMAIL"), SamUser("o", "u", "p")),
        (("API_KEY", "TOKEN", "AUTH_KEY_ID", "AUTH_KEY", "EMAIL", "USER_NAME"), SamUser("o", "v", "p")),
    ],
)
def test_the_environment_is_read_in_the_order_of_the_command_line(without, expected):
    """Key and token, then AuthKey, then root user, then SAM user."""
    found = from_environ(environ(**{name: value for name, value in FULL.items() if name not in without}))
    assert found == SessionConfig(credentials=expected)
    expected.check()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("API_KEY",), ("SORACOM_TOKEN",)),
        (("TOKEN",), ("SORACOM_API_KEY",)),
        (("AUTH_KEY_ID",), ("without SORACOM_AUTH_KEY",)),
        (("AUTH_KEY",), ("SORACOM_AUTH_KEY_ID",)),
        (("EMAIL",), ("SORACOM_PASSWORD",)),
        (("PASSWORD",), ("SORACOM_EMAIL",)),
        (("OPERATOR_ID",), ("SORACOM_USER_NAME", "SORACOM_PASSWORD")),
        (("USERNAME",), ("SORACOM_OPERATOR_ID", "SORACOM_PASSWORD")),
        (("OPERATOR_ID", "PASSWORD"), ("without SORACOM_USER_NAME",)),
        (("TOKEN", "AUTH_KEY_ID", "AUTH_KEY"), ("SORACOM_API_KEY",)),
    ],
)
def test_half_a_pair_in_the_environment_is_refused(variables, words):
    """The error names what is missing; nothing of what is there is shown, not even in a traceback with locals."""
    with refused("environment", *words):
        from_environ(environ(**{name: canary() for name in variables}, HOME=canary()))


def test_the_process_environment_is_the_default(monkeypatch):
    """Without an argument os.environ is read; an empty variable counts as not set; from_env insists."""
    for name in FULL:
        monkeypatch.setenv(f"SORACOM_{name}", "")
    monkeypatch.setenv("SORACOM_COVERAGE_TYPE", "")
    monkeypatch.setenv("SORACOM_ENDPOINT", "")
    monkeypatch.setenv("CANARY", canary())
    assert from_environ() is None
    with refused("SORACOM_AUTH_KEY_ID and SORACOM_AUTH_KEY"):
        from_env()
    monkeypatch.setenv("SORACOM_AUTH_KEY_ID", "i")
    monkeypatch.setenv("SORACOM_AUTH_KEY", canary())
    assert from_env() == SessionConfig(credentials=AuthKey("i", canary()))
    assert not sings(from_env())


def test_coverage_and_endpoint_come_from_the_environment():
    """SORACOM_ENDPOINT loses its slash and `/v1`; SORACOM_COVERAGE_TYPE is one of two."""
    key = environ(AUTH_KEY_ID="i", AUTH_KEY=canary())
    found = from_env(key | environ(COVERAGE_TYPE="jp", ENDPOINT="http://localhost:8089/v1/"))
    assert (found.coverage, found.endpoint) == ("jp", "http://localhost:8089")
    with refused("SORACOM_COVERAGE_TYPE", "'g' (global) or 'jp'"):
        from_env(key | environ(COVERAGE_TYPE="us"))


@pytest.mark.parametrize(
    "endpoint", ["localhost:8089", "ftp://a", "https://", "https://a?b=c", "https://u:{}@a", "a b{}"]
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint):
    """The error names the variable and shows nothing of the address, which may hold a password."""
    with refused("SORACOM_ENDPOINT", "address"):
        from_env(environ(AUTH_KEY_ID="i", AUTH_KEY=canary(), ENDPOINT=endpoint.format(canary())))


def test_found_headers_show_their_names_only():
    """The values of extra headers may be secret."""
    found = SessionConfig(credentials=AuthKey("i", canary()), headers={"X-Proxy": canary()})
    assert "X-Proxy" in repr(found)
    assert not sings(repr(found))
