"""`soracom-async emulator`: serves what it says, and ends cleanly."""

import asyncio
import io
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from soracom_async import Soracom
from soracom_async.cli import main


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
            lines = [process.stdout.readline().rstrip("\n") for _ in range(9)]
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
            assert process.stdout.read() == process.stderr.read() == ""
        finally:
            process.kill()


class Interrupting(io.StringIO):
    """A standard output on which the first flush is followed by Ctrl-C."""

    def flush(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_the_options_reach_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    seen = []
    words = ["--host", "127.0.0.1", "--port", "0", "--sims", "12345", "--rate-limit", "9", "--window", "0.5"]
    for seed in ("1", "1", "2"):
        out = Interrupting()
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["emulator", *words, "--seed", seed, "--token-ttl", "200"]) == 0
        lines = out.getvalue().splitlines()
        assert lines[1] == "12,345 SIMs; 9 requests of each group in 0.5 s"
        seen.append(variables(lines)["SORACOM_AUTH_KEY"])
    assert seen[0] == seen[1] != seen[2]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_port_in_use_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["emulator", "--port", str(port)]) == 1
    assert capsys.readouterr() == ("", f"soracom-async: cannot listen on 127.0.0.1:{port}: Address already in use\n")
