"""`soracom-async whoami`, against an emulator that the environment names."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from soracom_async.cli import main
from soracom_async.cli.wording import counted, lasting, window
from soracom_async.emulator import Emulator

Serve = Callable[..., Emulator]


def test_it_shows_whose_session_it_is(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    emulator = serve()
    assert main(["whoami"]) == 0
    out, err = capsys.readouterr()
    lines = dict(line.split(maxsplit=1) for line in out.replace("quota ", "quota-").splitlines())
    assert lines["operator"].startswith("OP")
    assert lines["user"] == "-"
    assert lines["coverages"] == "jp, g"
    assert lines["endpoint"] == emulator.url
    assert lines["token"].startswith("lives for ")
    assert lines["quota-Sim"].startswith("999 of 1,000 left, full again in ")
    assert err == ""
    assert emulator.auth_key.auth_key.reveal() not in out
    assert emulator.counts == {"auth": 1, "listSims": 1}


def test_json_has_the_same(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    emulator = serve()
    assert main(["whoami", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {
        "operator_id",
        "user_name",
        "coverage_types",
        "endpoint",
        "token_seconds",
        "rate_limits",
    }
    assert (found["endpoint"], found["coverage_types"]) == (emulator.url, ["jp", "g"])
    assert 3500 < found["token_seconds"] <= 3600
    assert found["rate_limits"]["Sim"]["remaining"] == 999


def test_a_refused_read_tells_the_quota_as_well(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    serve().fault("error", operation="listSims", status=403)
    assert main(["whoami", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["operator_id"].startswith("OP")


def test_a_token_of_unknown_life_is_shown(
    serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from soracom_async import Soracom

    async def token() -> tuple[str, str]:
        async with Soracom() as soracom:
            made = await soracom.api_token()
            return made.api_key.reveal(), made.token.reveal()

    serve()
    key, secret = asyncio.run(token())
    monkeypatch.setenv("SORACOM_API_KEY", key)
    monkeypatch.setenv("SORACOM_TOKEN", secret)
    for name in ("SORACOM_AUTH_KEY_ID", "SORACOM_AUTH_KEY"):
        monkeypatch.delenv(name)
    assert main(["whoami"]) == 0
    out = capsys.readouterr().out
    assert "token        of unknown life\n" in out
    assert secret not in out


def test_a_profile_is_taken(serve: Serve, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    emulator = serve()
    profile = tmp_path / "profiles" / "north.json"
    profile.parent.mkdir()
    key = emulator.auth_key
    profile.write_text(json.dumps({"authKeyId": key.auth_key_id, "authKey": key.auth_key.reveal()}))
    profile.chmod(0o600)
    assert main(["whoami", "--profile", "north", "--endpoint", emulator.url]) == 0
    assert emulator.url in capsys.readouterr().out
    assert main(["whoami", "--profile", "south"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("soracom-async: ")
    assert err.count("\n") == 1
    assert "south" in err


def test_without_credentials_it_says_where_they_come_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SORACOM_PROFILE_DIR", str(tmp_path))
    assert main(["whoami"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("soracom-async: no credentials found.")


def test_refused_credentials_are_one_line(
    serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-0123456789abcdef")
    assert main(["whoami"]) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("soracom-async: auth: 401 ")
    assert "are not right; look at" in err  # the hint follows, without a full stop in between
    assert "0123456789abcdef" not in err


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0, "0 s"), (0.2, "1 s"), (59.5, "1 min"), (3599, "59 min 59 s"), (7205, "2 h"), (90_061, "1 d 1 h"), (-3, "0 s")],
)
def test_times_are_told_in_two_units(seconds: float, says: str) -> None:
    assert lasting(seconds) == says


def test_a_window_of_which_little_is_known() -> None:
    assert window(None, None, None) == "? left"
    assert window(10, 3, 61) == "3 of 10 left, full again in 1 min 1 s"
    assert (counted(1, "key"), counted(1000, "key")) == ("1 key", "1,000 keys")
