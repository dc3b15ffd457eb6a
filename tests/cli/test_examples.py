"""The example programs, against an emulator that the environment names."""

import asyncio
import importlib.util
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from soracom_async.emulator import Emulator

EXAMPLES = Path(__file__).parents[2] / "examples"
SIM = "8942310022000000001"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    pytest.importorskip("uvicorn")
    monkeypatch.chdir(tmp_path)
    with start_blocking_portal() as portal:
        served = portal.call(lambda: Emulator(sims=250, subscriptions="plan01s"))
        with portal.wrap_async_context_manager(served):
            key = served.auth_key
            monkeypatch.setenv("SORACOM_AUTH_KEY_ID", key.auth_key_id)
            monkeypatch.setenv("SORACOM_AUTH_KEY", key.auth_key.reveal())
            monkeypatch.setenv("SORACOM_ENDPOINT", served.url)
            yield served


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def away(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An emulator that resets each connection after the login, and sessions that do not wait to repeat a call."""
    emulator.fault("reset-after", operation="Sim")
    emulator.fault("reset-after", operation="Subscriber")
    monkeypatch.setattr("soracom_async._core.retry.CAP", 0.0)
    return emulator


def listed() -> list[str]:
    return [json.loads(line)["simId"] for line in Path("sims.jsonl").read_text().splitlines()]


def test_a_listing_goes_on_where_it_was(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load("list_resume")
    saved = example.save

    def interrupted(page: object) -> None:
        saved(page)
        raise KeyboardInterrupt

    monkeypatch.setattr(example, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(example.main())
    assert len(listed()) == 100
    runpy.run_path(str(EXAMPLES / "list_resume.py"), run_name="__main__")
    assert capsys.readouterr().out == "150 SIMs added to sims.jsonl\n"
    assert len(set(listed())) == len(listed()) == 250
    assert emulator.counts["listSims"] == 3
    asyncio.run(load("list_resume").main())
    assert len(listed()) == 250  # written again, not appended


def test_a_change_does_only_what_was_not_done(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(speed_class: str) -> object:
        monkeypatch.setattr(sys, "argv", ["bulk_change.py", speed_class])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(EXAMPLES / "bulk_change.py"), run_name="__main__")
        return ended.value.code

    assert change("s1.warp") == 1
    assert capsys.readouterr().out.endswith("\n0 changed, 250 not\n")
    Path("sims.todo").write_text(SIM)
    assert change("s1.fast") == 0
    assert capsys.readouterr().out == "1 changed, 0 not\n"
    assert emulator.counts["updateSpeedClass"] + emulator.counts["updateSimSpeedClass"] == 251
    assert change("s1.fast") == 0
    assert capsys.readouterr().out == "250 changed, 0 not\n"


def test_fastapi(emulator: Emulator) -> None:
    pytest.importorskip("fastapi")
    app = load("fastapi_app").app

    async def visit() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as http,
        ):
            assert len((await http.get("/sims")).json()) == 20
            assert (await http.get(f"/sims/{SIM}")).json()["simId"] == SIM
            assert (await http.get("/sims/1")).status_code == 404
            assert (await http.post("/groups", json={"tags": {"name": "a"}})).json()["tags"] == {"name": "a"}
            assert (await http.post("/groups", json={"tags": []})).status_code == 422
            document = (await http.get("/openapi.json")).json()
            assert "simId" in document["components"]["schemas"]["Sim"]["properties"]

    asyncio.run(visit())
    assert emulator.logins == 1


def test_a_report_of_traffic_adds_up(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "traffic_report.py"), run_name="__main__")
    head, *lines = capsys.readouterr().out.splitlines()
    assert len(head.split()) == 5  # the unit, three months, and all of them
    *groups, total = ([float(size.replace(",", "")) for size in line[24:].split()] for line in lines[:5])
    assert [sum(sizes) for sizes in zip(*groups, strict=True)] == pytest.approx(total, abs=1)
    assert sum(total[:3]) == pytest.approx(total[3], abs=1)
    assert total[3] > 10_000
    sims = [float(line.split()[-1].replace(",", "")) for line in lines[6:-1]]
    assert len(sims) == 5
    assert sims == sorted(sims, reverse=True)
    silent, _, count, *_ = lines[-1].split()
    assert 20 < int(silent) < int(count) == 250
    assert emulator.counts["exportAirStats"] == 1


@pytest.mark.usefixtures("away")
def test_a_network_that_is_away_is_said_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bulk_change.py", "s1.fast"])
    for name in ("list_resume", "bulk_change", "traffic_report"):
        with pytest.raises(SystemExit, match="the network is away: ") as ended:
            runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        assert "list" in str(ended.value)


@pytest.mark.usefixtures("away")
def test_a_change_without_an_answer_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sims.todo").write_text(SIM)
    monkeypatch.setattr(sys, "argv", ["bulk_change.py", "s1.fast"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(EXAMPLES / "bulk_change.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed.startswith(f"{SIM}: no answer, so it may be changed or not: ")
    assert printed.endswith("0 changed, 1 not\n")
    assert Path("sims.todo").read_text() == SIM


@pytest.mark.usefixtures("away")
def test_applications_answer_502_if_the_api_is_away() -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("aiohttp")
    from aiohttp.test_utils import TestClient, TestServer

    async def visit() -> None:
        app = load("fastapi_app").app
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as http,
        ):
            assert (await http.get(f"/sims/{SIM}")).status_code == 502
        async with (
            TestClient(TestServer(load("aiohttp_app").application())) as client,
            client.get(f"/sims/{SIM}") as answer,
        ):
            assert answer.status == 502

    asyncio.run(visit())


def test_the_example_of_a_test_passes() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "test_with_emulator.py"]
    ran = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_fastapi_tells_visitors_when_the_quota_is_back(emulator: Emulator) -> None:
    pytest.importorskip("fastapi")
    app = load("fastapi_app").app
    emulator.quota.default = 2

    async def visit() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as http,
        ):
            answers = [await http.get("/sims") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 503]
            assert 0 < int(answers[-1].headers["retry-after"]) <= 60

    asyncio.run(visit())
    assert emulator.throttled == 0


@pytest.mark.usefixtures("emulator")
def test_aiohttp() -> None:
    pytest.importorskip("aiohttp")
    from aiohttp.test_utils import TestClient, TestServer

    async def visit() -> None:
        async with TestClient(TestServer(load("aiohttp_app").application())) as client:
            async with client.get(f"/sims/{SIM}") as answer:
                assert (await answer.json())["sim"] == SIM
            async with client.post(f"/sims/{SIM}/activate") as answer:
                assert (await answer.json()) == {"sim": SIM, "status": "active"}
            async with client.get("/sims/1") as answer:
                assert answer.status == 404
                assert (await answer.json())["code"]

    asyncio.run(visit())
