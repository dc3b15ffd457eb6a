"""`soracom-async emulator`: serves what it says, and ends cleanly."""

import asyncio
import errno
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from soracom_async import Soracom
from soracom_async.cli import main, serve
from soracom_async.cli.log import Log
from soracom_async.emulator import Emulator, Fault
from soracom_async.emulator.service.fault_kinds import KINDS
from soracom_async.emulator.state.world import AuditEntry

pytest.importorskip("uvicorn")


def variables(lines: list[str]) -> dict[str, str]:
    """Return the environment that the lines say to paste."""
    return dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_program_reads_the_pipe_calls_and_stops_it(monkeypatch: pytest.MonkeyPatch, how: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-m", "soracom_async", "emulator", "--port", "0", "--sims", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            lines = [""]
            while lines[-1] != "Ctrl-C stops it.":
                lines.append(process.stdout.readline().rstrip("\n"))
            del lines[0]
            assert re.fullmatch(r"Soracom API emulator: http://127\.0\.0\.1:\d+", lines[0])
            assert lines[1] == "7 SIMs; 1,000 requests of each group in 60 s"
            assert lines[-1] == "Ctrl-C stops it."
            environment = variables(lines)
            assert environment["SORACOM_ENDPOINT"] == lines[0].split()[-1]
            for name in [name for name in os.environ if name.startswith("SORACOM_")]:
                monkeypatch.delenv(name)
            for name, value in environment.items():
                monkeypatch.setenv(name, value)

            async def listed() -> int:
                async with Soracom() as soracom:
                    return len(await soracom.sims.list().collect())

            assert asyncio.run(listed()) == 7
            process.send_signal(how)
            assert process.wait(20) == 0
            first, second = process.stdout.read().splitlines()
            assert re.fullmatch(r"\d\d:\d\d:\d\d 200 POST /v1/auth  auth  [\d.]+ ms", first)
            assert re.fullmatch(r"\d\d:\d\d:\d\d 200 GET /v1/sims  listSims  [\d.]+ ms", second)
            assert process.stderr.read() == ""
        finally:
            process.kill()


class Interrupting(io.StringIO):
    """A standard output on which the first flush is followed by what a client does, and by Ctrl-C."""

    def __init__(self, visit: str = "") -> None:
        super().__init__()
        self._visit = visit

    def flush(self) -> None:
        if self.getvalue().endswith("stops it.\n"):
            url = self.getvalue().split()[3]
            if self._visit:
                httpx.get(url + self._visit)
            signal.raise_signal(signal.SIGINT)


def run(monkeypatch: pytest.MonkeyPatch, *words: str, visit: str = "") -> list[str]:
    """Run the emulator until somebody has visited it, and return what it prints."""
    out = Interrupting(visit)
    monkeypatch.setattr(sys, "stdout", out)
    assert main(["emulator", "--port", "0", *words]) == 0
    return out.getvalue().splitlines()


def test_the_options_reach_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    seen = []
    words = ["--host", "127.0.0.1", "--sims", "12345", "--rate-limit", "9", "--rate-limit", "Sim=6", "--window", "0.5"]
    for seed in ("1", "1", "2"):
        lines = run(monkeypatch, *words, "--seed", seed, "--token-ttl", "200", "--quiet", visit="/v1/sims")
        assert lines[1] == "12,345 SIMs; 9 requests of each group, 6 of Sim in 0.5 s"
        assert lines[-1] == "Ctrl-C stops it."
        seen.append(variables(lines)["SORACOM_AUTH_KEY"])
    assert seen[0] == seen[1] != seen[2]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_faults_and_time_reach_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Emulator] = []
    monkeypatch.setattr(serve, "Emulator", lambda **settings: made.append(Emulator(**settings)) or made[-1])
    words = ["--throttling", "bare", "--aligned", "--paging", "link", "--allow-origin", "http://localhost:3000"]
    words += ["--token-status", "403", "--search-delay", "5"]
    lines = run(monkeypatch, "--fault", "html:getSim", "--fault=error:Sim:count=2", *words, visit="/v1/sims/x")
    assert lines[3:5] == ["Fault: html:getSim", "Fault: error:Sim:count=2"]
    assert re.fullmatch(r"[\d:]{8} 502 GET /v1/sims/x  getSim  [\d.]+ ms  \(html\)", lines[-1])
    assert run(monkeypatch, "--speed", "0", "--latency", "3600", visit="/v1/x")[-1].endswith("no route  3,600,000.0 ms")
    run(monkeypatch, "--speed", "60", "--subscription", "plan-D=3", "--subscription", "plan-K2")
    first, second, third = made
    assert {third.operator.fleet.look(number).subscription for number in range(1, 101)} == {"plan-D", "plan-K2"}
    assert first._cross_origin._origins == {"http://localhost:3000"}
    assert (first.service.search_delay, second.service.search_delay) == (5, 1)
    assert (first.service.throttling, first.quota.aligned, first.service.paging) == ("bare", True, "link")
    assert (first.service.token_status, second.service.token_status) == (403, 401)
    assert first.world.served[-1].status == 502
    assert second.world.now() == 3600
    assert third.world.wall() < first.world.wall()


def test_the_state_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "emulator.json"
    lines = run(monkeypatch, "--state", str(path), "--seed", "5", "--sims", "9", visit="/v1/sims")
    assert f"State: {path}, new; saved at the end" in lines
    assert lines[-1] == f"State saved: {path}"
    again = run(monkeypatch, "--state", str(path))
    assert f"State: {path}, as it was saved; saved at the end" in again
    assert again[1].startswith("9 SIMs;")
    assert variables(again)["SORACOM_AUTH_KEY"] == variables(lines)["SORACOM_AUTH_KEY"]
    assert json.loads(path.read_bytes())["world"]["served"][0]["path"] == "/v1/sims"


class Failing(Emulator):
    """An emulator that can be saved nowhere, or only in another directory than asked for."""

    nowhere = False

    def save(self, path: str | os.PathLike[str]) -> None:
        if self.nowhere or not str(path).startswith(tempfile.gettempdir() + "/soracom-emulator-"):
            raise OSError(errno.ENOSPC, "No space left on device")
        super().save(path)


def test_a_state_that_cannot_be_saved_is_saved_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(serve, "Emulator", Failing)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    wanted = tmp_path / "state"
    for nowhere in (False, True):
        monkeypatch.setattr(Failing, "nowhere", nowhere)
        monkeypatch.setattr(sys, "stdout", Interrupting())
        assert main(["emulator", "--port", "0", "--sims", "9", "--state", str(wanted)]) == 1
        says = capsys.readouterr().err
        assert says.startswith(f"soracom-async: cannot save the state in {wanted}: No space left on device; ")
        if not nowhere:
            found = re.search(r"it is in (.*) instead", says)
            assert found is not None
            assert len(Emulator.load(found[1]).operator.fleet) == 9
    assert says.rstrip().endswith("nor in the directory for temporary files: No space left on device")


def test_a_state_that_cannot_be_saved_is_refused_at_the_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "none" / "state", f"cannot be saved: there is no directory {tmp_path / 'none'}"),
        (tmp_path, "is a directory; name a file in it"),
        ("", "is a directory; name a file in it"),
        (tmp_path / "pipe", "is neither a file nor new"),
        ("/proc/state", "cannot be saved: "),
        (tmp_path / ("x" * 300), "cannot be saved: "),
    ):
        assert main(["emulator", "--port", "0", "--state", str(path)]) == 1
        assert capsys.readouterr() == ("", AnyText(f"soracom-async: --state {path} {says}"))


class AnyText(str):
    """Equal to every text that begins with it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(str(self))

    __hash__ = str.__hash__


def test_what_cannot_be_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("{}")
    for words, says in (
        (["--fault", "hiccup"], "there is no fault 'hiccup'; there are latency"),
        (["--fault", "html:getSims"], "there is no operation or group 'getSims'; did you mean 'getSim'?"),
        (["--allow-origin", "localhost"], "'localhost' is no origin"),
        (["--subscription", "plan-Z"], "subscriptions: 'plan-Z' is none of plan01s, "),
        (["--rate-limit", "Sims=1"], "there is no operation or group 'Sims'"),
        (["--state", str(tmp_path / "state")], f"{tmp_path / 'state'} is no state of"),
    ):
        assert main(["emulator", *words]) == 1
        assert capsys.readouterr().err.startswith(f"soracom-async: {says}")


def test_the_faults_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["emulator", "--fault", "help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.split("[: ]", line)[0] for line in lines[: len(KINDS)]] == list(KINDS)
    assert lines[0] == f"{'latency:seconds=1.0':<35}  The answer comes `seconds` late."
    assert "throttle:says=…" in "\n".join(lines)
    for default in re.findall(r"^[\w:=.-]+=\w\S*", "\n".join(lines), re.MULTILINE):
        assert Fault.parse(default).details, "what is shown can be given"


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for words, option in (
            (["--port", str(port)], "--port"),
            (["--port=0", f"--storage-port={port}"], "--storage-port"),
        ):
            assert main(["emulator", *words]) == 1
            says = f"cannot listen on 127.0.0.1:{port}: Address already in use; {option} 0 takes one that is free"
            assert capsys.readouterr() == ("", f"soracom-async: {says}\n")
    assert main(["emulator", "--host", "192.0.2.1"]) == 1
    assert capsys.readouterr().err.startswith("soracom-async: cannot listen on 192.0.2.1:8089: ")
    assert main(["emulator", "--host", "é..x"]) == 1
    assert capsys.readouterr().err.startswith("soracom-async: cannot listen on é..x:8089: ")


def test_lines_for_every_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run(monkeypatch)
    names = variables(lines)
    assert list(names) == ["SORACOM_ENDPOINT", "SORACOM_AUTH_KEY_ID", "SORACOM_AUTH_KEY"]
    for start, form in (("$env:", '$env:{}="{}"'), ("set -gx", "set -gx {} {}")):
        (line,) = [line for line in lines if line.startswith(start)]
        assert line.split("; ") == [form.format(*each) for each in names.items()]
    (line,) = [line for line in lines if line.startswith("soracom ")]
    key = f"--auth-key-id {names['SORACOM_AUTH_KEY_ID']} --auth-key {names['SORACOM_AUTH_KEY']}"
    assert line == f"soracom {key} sims list"


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="a signal of POSIX")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_closes_ends_it(monkeypatch: pytest.MonkeyPatch, ignored: bool) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with serve._until_told() as told:
            signal.raise_signal(signal.SIGHUP)
            assert told.is_set() is not ignored
        assert signal.getsignal(signal.SIGHUP) is (signal.SIG_IGN if ignored else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGHUP, before)


class Terminal(io.StringIO):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def served(status: int, operation: str | None = "getSim", path: str = "/v1/sims/1") -> AuditEntry:
    return AuditEntry(1000, "OP1", None, "127.0.0.1", "GET", path, operation, status, 1, 0.0123)


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    lines = {}
    for rich in (True, False):
        out = Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        if not rich:
            monkeypatch.setitem(sys.modules, "rich", None)
        log = Log()
        for status in (200, 404, 0):
            log(served(status))
        lines[rich] = out.getvalue().splitlines()
    assert [re.sub(r"\x1b\[\d*m", "", line) for line in lines[True]] == lines[False]
    assert lines[False][0] == "00:00:01 200 GET /v1/sims/1  getSim  12.3 ms"
    assert lines[False][2].startswith("00:00:01 --- GET")
    assert lines[True][0].startswith("\x1b[32m")
    assert lines[True][1].startswith("\x1b[31m")
    assert lines[True][2].startswith("\x1b[31m")


def test_tokens_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Log()(served(204, "deleteSubscriberTransferToken", "/v1/subscribers/transfer_token/secret"))
    assert "GET /subscribers/transfer_token/…  deleteSubscriberTransferToken" in capsys.readouterr().out


def test_a_reader_that_has_gone_is_no_reason_not_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    log = Log()
    out.close()
    log(served(200))
