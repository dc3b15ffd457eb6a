"""Ctrl-C, a reader that goes away, and a full disk, under a bulk run in a process of its own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from soracom_async.emulator import Emulator

Serve = Callable[..., Emulator]
SIMS = [f"89423100220000000{number:02}" for number in range(1, 41)]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and pipes are others there")
RUN = ["bulk", "sims", "suspend", "--from", "sims.csv", "--journal", "run.db", "--concurrency", "2"]


def started(*words: str, **settings: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "soracom_async", *words]
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **settings}
    return subprocess.Popen(command, **settings)


@pytest.fixture
def slow(serve: Serve) -> Emulator:
    """An emulator of 40 SIMs that takes its time, and a file of all of them."""
    emulator = serve(sims=40, latency=0.5)
    Path("sims.csv").write_text("\n".join(["sim_id", *SIMS, ""]), "utf-8")
    return emulator


def first_line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def suspended(emulator: Emulator) -> list[str]:
    return [entry.path for entry in emulator.world.served if entry.operation == "suspendSim"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_cleanly_and_goes_on_by_the_line_it_prints(slow: Emulator, how: signal.Signals) -> None:
    with started(*RUN, "--json") as process:
        first_line(process.stdout)
        process.send_signal(how)
        out, err = process.communicate(timeout=50)
    assert process.returncode == 130, err
    lines = err.splitlines()
    assert lines[0] == "Interrupted: calls under way may end within 10 s; Ctrl-C again cancels them."
    assert re.fullmatch(r"\d+ of 40 keys in .+: \d+ done", lines[1])
    assert lines[2] == f"Go on: soracom-async {shlex.join([*RUN, '--json'])}"
    assert len(lines) == 3
    ended = json.loads(out.splitlines()[-1])
    assert (ended["interrupted"], ended["stopped"]) == (True, None)
    done = ended["summary"]["ok"]
    assert 0 < done == len(suspended(slow)) < 40  # what was sent was waited for

    slow.service.latency = 0.0
    with started(*shlex.split(lines[2].removeprefix("Go on: soracom-async "))) as process:
        out, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["summary"]["skipped"] == done
    paths = suspended(slow)
    assert len(paths) == len(set(paths)) == 40


WITH_GRACE = "from soracom_async.cli import bulk_run, main; bulk_run.GRACE = {}; raise SystemExit(main())"


@pytest.mark.parametrize(("grace", "signals"), [(3600.0, 2), (0.1, 1)])
def test_what_does_not_end_is_cancelled(slow: Emulator, grace: float, signals: int) -> None:
    """By a second Ctrl-C, or when the time is over that calls have to end."""
    slow.fault("latency", operation="suspendSim", seconds=3600)
    command = [sys.executable, "-W", "error", "-c", WITH_GRACE.format(grace), *RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not slow.counts["suspendSim"]:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert first_line(process.stderr).startswith("Interrupted: ")
        for _ in range(signals - 1):
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=50)
    assert process.returncode == 130, err
    told, advice = err.splitlines()
    assert re.fullmatch(r"0 of 40 keys in .+: 0 done", told)
    assert advice == f"Go on: soracom-async {shlex.join(RUN)}"


def test_a_reader_that_goes_away_stops_the_run(slow: Emulator) -> None:
    with started(*RUN, "--json") as process:
        first_line(process.stdout)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
        assert process.wait(50) == 3
    lines = err.splitlines()
    assert lines[-1] == "soracom-async: standard output: Broken pipe"
    assert lines[-2].startswith("Go on: soracom-async bulk ")
    sent = len(suspended(slow))
    assert 0 < sent < 40
    slow.service.latency = 0.0
    with started(*RUN) as process:
        _, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    assert len(suspended(slow)) == 40


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_stops_the_run(slow: Emulator) -> None:
    with open("/dev/full", "w") as full, started(*RUN, "--json", stdout=full) as process:
        _, err = process.communicate(timeout=50)
    assert process.returncode == 3
    assert err.splitlines()[-1] == "soracom-async: standard output: No space left on device"
    assert len(suspended(slow)) < 40


def test_an_interrupted_export_leaves_nothing_behind(slow: Emulator) -> None:
    slow.service.latency = 0.0
    slow.fault("latency", operation="listSims", seconds=3600)
    with started("export", "sims", "--to", "fleet.csv") as process:
        while not slow.counts["listSims"]:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=50)
    assert (process.returncode, out, err) == (130, "", "")
    assert [path.name for path in Path().iterdir()] == ["sims.csv"]
