"""The example programs for fleets, each against a fleet of the emulator; what they did is read there."""

import asyncio
import csv
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from extras import needs
from programs import EXAMPLES, load, run, served

from soracom_async import Soracom, models
from soracom_async._clock import ScaledClock, SystemClock
from soracom_async.emulator import Emulator, JumpingClock

pytestmark = needs("uvicorn")


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A fleet of 250 SIMs, or with the settings that a test is marked with."""
    monkeypatch.chdir(tmp_path)
    with served(monkeypatch, **{"sims": 250, "subscriptions": "plan01s"} | getattr(request, "param", {})) as emulator:
        yield emulator


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """An emulator whose time begins on 2025-01-01; the clocks of it and of the programs run fast."""
    clock = ScaledClock(20)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SystemClock, "now", lambda _: clock.now())
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: clock.sleep(seconds))
    with served(monkeypatch, sims=250, clock=clock) as emulator:
        yield emulator


def asked(question: Callable[[Soracom], Any]) -> Any:
    """Return what the awaitable of a session gives."""

    async def ask() -> Any:
        async with Soracom() as soracom:
            return await question(soracom)

    return asyncio.run(ask())


def all_sims() -> dict[str, models.Sim]:
    return {sim.sim_id: sim for sim in asked(lambda soracom: soracom.sims.list(limit=100).collect())}


def group_named(name: str) -> str:
    found: str = next(
        g.group_id for g in asked(lambda soracom: soracom.groups.list().collect()) if g.tags["name"] == name
    )
    return found


@needs("xlsxwriter", "openpyxl")
def test_the_inventory_is_a_workbook(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import openpyxl

    assert run(monkeypatch, "inventory_to_excel", "fleet.xlsx") == 0
    assert capsys.readouterr().out == "250 SIMs in fleet.xlsx\n"
    head, *rows = openpyxl.load_workbook("fleet.xlsx").active.values
    found = [dict(zip(head, row, strict=True)) for row in rows]
    sims = all_sims()
    assert [row["SIM ID"] for row in found] == list(sims)
    assert Counter(row["Status"] for row in found) == Counter(sim.status for sim in sims.values())
    assert {row["Group"] for row in found} == {"group-1", "group-2", "group-3", None}
    assert all(len(row["IMSI"]) == 15 for row in found)
    assert {type(row["Created"]) for row in found} == {datetime}
    assert {True, False} == {row["Online"] for row in found}
    assert emulator.counts["getSim"] == 0


@needs("xlsxwriter")
def test_an_inventory_without_a_directory_is_one_line(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    said = str(run(monkeypatch, "inventory_to_excel", "nowhere/fleet.xlsx"))
    assert "nowhere" in said
    assert "\n" not in said
    assert "usage" in str(run(monkeypatch, "inventory_to_excel"))


def test_a_site_moves_once(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = group_named("group-2")
    of_site = {sim_id for sim_id, sim in all_sims().items() if sim.tags["site"] == "tokyo"}
    to_move = {sim_id for sim_id in of_site if all_sims()[sim_id].group_id != target}
    assert run(monkeypatch, "move_site", "plan", "tokyo", "group-2", "tokyo.csv") == 0
    assert f"{len(to_move)} SIMs to move in tokyo.csv" in capsys.readouterr().out
    assert {row["sim_id"] for row in csv.DictReader(Path("tokyo.csv").read_text().splitlines())} == to_move
    for _ in range(2):  # the second time, all of it is done
        assert run(monkeypatch, "move_site", "apply", "tokyo.csv") == 0
        assert emulator.counts["setSimGroup"] == len(to_move)
    assert {sim_id for sim_id, sim in all_sims().items() if sim.group_id == target} >= of_site


def test_what_failed_of_a_move_is_input_again(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = group_named("group-2")
    rows = [f"{sim_id},{target}" for sim_id in list(all_sims())[:30]]
    rows[3] = f"8942310022999999999,{target}"
    Path("moves.csv").write_text("\n".join(["sim_id,group_id", *rows]) + "\n")
    assert run(monkeypatch, "move_site", "apply", "moves.csv") == 1
    said = capsys.readouterr().out
    assert "line 5: " in said
    assert "1 rows in moves.failed.csv" in said
    failed = list(csv.DictReader(Path("moves.failed.csv").read_text().splitlines()))
    assert [row["sim_id"] for row in failed] == ["8942310022999999999"]
    assert run(monkeypatch, "move_site", "apply", "moves.failed.csv") != 0
    assert Counter(sim.group_id for sim in all_sims().values())[target] >= 29


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
@pytest.mark.parametrize("emulator", [{"latency": 0.05}], indirect=True)
def test_a_move_that_is_interrupted_goes_on(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = group_named("group-2")
    sims = list(all_sims())
    Path("moves.csv").write_text("\n".join(["sim_id,group_id", *(f"{sim_id},{target}" for sim_id in sims)]) + "\n")
    command = [sys.executable, str(EXAMPLES / "move_site.py"), "apply", "moves.csv"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while emulator.counts["setSimGroup"] < 40:
        assert program.poll() is None
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    said, error = program.communicate(timeout=30)
    assert program.returncode == 1
    assert error == "interrupted: start it again, and it goes on\n"
    done = int(said.split()[0])
    assert said.startswith(f"{done} of 250 keys in ")
    assert 0 < done < 250
    assert run(monkeypatch, "move_site", "apply", "moves.csv") == 0
    skipped = re.search(r"(\d+) skipped", capsys.readouterr().out)
    assert skipped is not None
    assert done <= int(skipped[1]) < 250
    assert {sim.group_id for sim in all_sims().values()} == {target}
    assert emulator.counts["setSimGroup"] <= 250 + 32  # those that were under way are sent again


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", "tokyo", "group-9", "plan.csv"], "0 groups have the name group-9"),
        (["apply", "absent.csv"], "absent.csv"),
        (["apply", "wrong.csv"], "grp"),
    ],
)
def test_a_move_that_cannot_work_sends_nothing(
    arguments: list[str], says: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("wrong.csv").write_text("sim_id,grp\n8942310022000000001,x\n")
    said = str(run(monkeypatch, "move_site", *arguments))
    assert says in said
    assert "\n" not in said
    assert emulator.counts["setSimGroup"] == 0


def test_only_the_silent_are_suspended(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = all_sims()
    online = {sim_id for sim_id, sim in before.items() if sim.session_status and sim.session_status.online}
    suspended = {sim_id for sim_id, sim in before.items() if sim.status == "suspended"}
    assert run(monkeypatch, "suspend_silent", "--dry-run") == 0
    capsys.readouterr()
    assert emulator.counts["suspendSim"] == 0
    assert run(monkeypatch, "suspend_silent") == 0
    now = {sim_id for sim_id, sim in all_sims().items() if sim.status == "suspended"} - suspended
    assert 10 < len(now) == emulator.counts["suspendSim"]
    assert not now & online
    assert f"{len(now)} ok" in capsys.readouterr().out
    since = datetime.now(UTC) - timedelta(days=30)
    assert all(not s or s.last_updated_at < since for s in (before[sim_id].session_status for sim_id in now))
    assert run(monkeypatch, "suspend_silent") == 0  # the listing no longer has them
    assert emulator.counts["suspendSim"] == len(now)


def test_a_suspension_that_goes_wrong_ends_with_the_canary(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.fault("error", operation="suspendSim", status=400)
    said = str(run(monkeypatch, "suspend_silent", "--days", "1"))
    assert "canary" in said
    assert emulator.counts["suspendSim"] <= 20
    assert "failed" in capsys.readouterr().out


@pytest.mark.parametrize("emulator", [{"sims": 12}], indirect=True)
def test_a_report_of_traffic_adds_up(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "traffic_report", "--zone", "Asia/Tokyo") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    months = head.split()[1:-1]
    assert len(months) in (2, 3)  # 31 days and today; the whole of February may lie between
    assert months == sorted(months)
    *groups, total = ([float(size.replace(",", "")) for size in line[24:].split()] for line in lines[:5])
    assert [sum(sizes) for sizes in zip(*groups, strict=True)] == pytest.approx(total, abs=1)
    assert sum(total[:-1]) == pytest.approx(total[-1], abs=1)
    assert total[-1] > 100
    assert emulator.counts["getAirStatsOfSim"] == 12


@needs("matplotlib")
@pytest.mark.parametrize("emulator", [{"sims": 4}], indirect=True)
@pytest.mark.usefixtures("emulator")
def test_traffic_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "traffic_report", "--chart", "traffic.png") == 0
    assert Path("traffic.png").read_bytes().startswith(b"\x89PNG")
    assert Path("traffic.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--chart", "traffic.png"], "pip install matplotlib"), (["--zone", "Asia/Kyoto"], "no time zone 'Asia/Kyoto'")],
)
def test_a_report_that_cannot_be_made_is_refused_at_once(
    arguments: list[str],
    says: str,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(monkeypatch, "traffic_report", *arguments) == 2
    assert says in capsys.readouterr().err
    assert emulator.requests == 0


def test_images_of_an_hour_are_exported_once(
    hurried: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "camera_images") == 0
    cameras = capsys.readouterr().out.splitlines()
    assert len(cameras) == 3
    camera = cameras[0].split()[0]
    for _ in range(2):
        assert run(monkeypatch, "camera_images", camera, "2024-12-31T22:00Z", "--every", "600") == 0
        assert capsys.readouterr().out == "6 images in images\n"
    images = sorted(Path("images").iterdir())
    assert len(images) == 6
    assert all(image.read_bytes().startswith(b"\xff\xd8") for image in images)
    assert hurried.counts["exportSoraCamDeviceRecordedImage"] == 6
    assert run(monkeypatch, "camera_images", camera, "2020-02-29T12:00Z", "--every", "1800") == 0
    assert re.fullmatch("(.*: nothing was recorded\n){2}0 images in images\n", capsys.readouterr().out)
    assert "There is no camera NOPE" in str(run(monkeypatch, "camera_images", "NOPE", "--to", "none"))
    assert not Path("none").exists()


@needs("pandas", "pyarrow")
def test_what_devices_sent_is_a_frame(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pandas

    sims = list(all_sims())[:2]
    assert run(monkeypatch, "harvest_to_frame", *sims, "--to", "harvest.parquet") == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("96 entries, from ")
    frame = pandas.read_parquet("harvest.parquet")
    assert {"sim_id", "time", "temperature", "humidity", "battery"} == set(frame.columns)
    assert set(frame["sim_id"]) == set(sims)
    assert str(frame["time"].dt.tz) == "UTC"
    assert frame["temperature"].between(0, 50).all()
    assert run(monkeypatch, "harvest_to_frame", sims[0], "--days", "0") == 0
    assert "nothing was sent" in capsys.readouterr().out


@pytest.mark.parametrize("emulator", [{"clock": JumpingClock()}], indirect=True)
def test_a_watch_tells_what_changed(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load("watch_offline")
    monkeypatch.setattr("soracom_async._core.retry.CAP", 0.0)
    looks = count(1)

    async def sleep(_: float) -> None:
        emulator.advance(3600)
        emulator.faults.clear()
        if fault := {2: "error", 4: "reset-after"}.get(next(looks)):
            emulator.fault(fault, operation="listSims")

    example.asyncio = SimpleNamespace(sleep=sleep)

    async def watch() -> None:
        states: dict[str, bool] = {}
        async with Soracom() as soracom:
            changes = example.changes(soracom, 300)
            async for sim, online in changes:
                now = await soracom.sims.get(sim.sim_id)
                assert now.session_status is not None
                assert now.session_status.online is online
                assert states.get(sim.sim_id) is not online
                states[sim.sim_id] = online
                assert ("online" if online else "OFFLINE") in example.line(sim, online)
                if len(states) > 5 and set(states.values()) == {True, False}:
                    await changes.aclose()

    asyncio.run(watch())
    assert next(looks) > 4
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.usefixtures("hurried")
def test_a_bill_is_saved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "save_bill", "202412") == 0
    *days, last = capsys.readouterr().out.splitlines()
    assert len(days) == 31
    assert last.endswith(" JPY; the details are in bill-202412.csv")
    rows = list(csv.DictReader(Path("bill-202412.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) > 100
    assert run(monkeypatch, "save_bill") == f"there is no bill of {load('save_bill').last_month()}"
    assert "usage" in str(run(monkeypatch, "save_bill", "May"))
