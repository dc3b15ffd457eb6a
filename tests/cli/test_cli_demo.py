"""`soracom-async demo`, with small numbers: what a user sees, and the exit code."""

import re

import pytest

from soracom_async._clock import ScaledClock
from soracom_async.cli import main
from soracom_async.emulator import Emulator

demo = pytest.importorskip("soracom_async.cli.demo", reason="needs rich", exc_type=ImportError)

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@pytest.fixture
def _tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota of which some windows go by, and a clock that makes them short."""
    monkeypatch.setattr(demo, "FACTOR", 300.0)
    monkeypatch.setattr(demo, "LEAST", 5)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")


def shown(text: str) -> dict[str, str]:
    """Return the numbers of the summary by their names."""
    return dict(re.findall(r"│ (\S[^│]*?) +│ +(\S+) │", re.sub(r"\x1b\[[\d;?]*\w", "", text)))


@BACKENDS
def test_all_comes_and_nothing_fails(capsys: pytest.CaptureFixture[str], backend: str) -> None:
    assert main(["demo", "--sims", "250", "--changes", "40", "--tasks", "4", "--backend", backend]) == 0
    out = capsys.readouterr().out
    assert "Time runs 30 times as fast: a window of 60 s takes 2 s, a token of 180 s runs out after 6 s." in out
    numbers = shown(out)
    assert float(numbers.pop("seconds")) < 30
    assert numbers == {
        "SIMs streamed": "250",
        "subscribers streamed": "250",
        "SIMs changed": "40",
        "failed calls": "0",
        "requests": "47",
        "logins": "1",
        "429s": "0",
        "quota used": "-",
    }


def test_all_sims_are_changed_where_there_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--sims", "3"]) == 0
    assert shown(capsys.readouterr().out)["SIMs changed"] == "3"


def test_the_plain_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    main(["demo", "--sims", "8"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("changes: ")]
    assert lines == [f"changes: {done} of 8" for done in (2, 4, 6, 8)]


@BACKENDS
@pytest.mark.usefixtures("_tight")
def test_calls_wait_for_windows_while_tokens_run_out(capsys: pytest.CaptureFixture[str], backend: str) -> None:
    assert main(["demo", "--sims", "200", "--changes", "40", "--tasks", "8", "--backend", backend]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^changes: \d+ of 40; quota used up, next window in \d+ s$", out, re.M)
    numbers = shown(out)
    assert (numbers["failed calls"], numbers["429s"]) == ("0", "0")
    assert int(numbers["logins"]) > 1
    assert numbers["quota used"].endswith("%")
    assert "windows that closed while calls waited" in out
    assert numbers["pace"].endswith("%")


@pytest.mark.usefixtures("_tight")
def test_one_window_has_no_pace(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "WINDOWS", 3)
    monkeypatch.setattr(demo, "FACTOR", 60.0)  # a busy machine must not miss a window
    assert main(["demo", "--sims", "28", "--changes", "28"]) == 0
    out = capsys.readouterr().out
    assert "of 1 window that closed while calls waited" in out
    assert "pace" not in shown(out)


@pytest.mark.usefixtures("_tight")
def test_a_terminal_gets_bars(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["demo", "--sims", "200", "--changes", "20"]) == 0
    out = re.sub(r"\x1b\[[\d;?]*\w", "", capsys.readouterr().out)
    assert re.search(r"SIMs +━+ +200 of 200 ", out)
    assert re.search(r"changes +━+ +20 of 20 ", out)
    assert "quota used up, next window in" in out


def test_refused_changes_are_told_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SPEED_CLASS", "s1.warp")
    assert main(["demo", "--sims", "9"]) == 1
    out = capsys.readouterr().out
    assert shown(out)["failed calls"] == "9"
    assert "Not as it should be: 0 SIMs changed, not 9\n" in out
    assert "Not as it should be: 9 failed, the first with BadRequest(" in out


def test_refused_listings_are_told_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class AtAnotherAddress(Emulator):
        @property
        def url(self) -> str:
            return "http://127.0.0.1:1"

    monkeypatch.setattr(demo, "Emulator", AtAnotherAddress)
    assert main(["demo", "--sims", "9"]) == 1
    out = capsys.readouterr().out
    assert "Not as it should be: 0 SIMs listed, not 9\n" in out
    assert "Not as it should be: 0 subscribers listed, not 9\n" in out
    assert "Not as it should be: 2 failed, the first with TransportError(" in out


def test_a_429_is_told_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Strict(Emulator):
        @property
        def throttled(self) -> int:
            return 3

    monkeypatch.setattr(demo, "Emulator", Strict)
    assert main(["demo", "--sims", "9"]) == 1
    assert "Not as it should be: 3 requests were more than the quota allows\n" in capsys.readouterr().out


def test_a_scaled_clock_does_not_stand_or_run_backwards() -> None:
    for factor in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="must run forward"):
            ScaledClock(factor)
