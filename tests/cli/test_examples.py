"""The example programs, against an emulator that the environment names."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from programs import EXAMPLES, load, run, served

from soracom_async.emulator import Emulator

SIM = "8942310022000000001"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    pytest.importorskip("uvicorn")
    monkeypatch.chdir(tmp_path)
    with served(monkeypatch, sims=250, subscriptions="plan01s") as emulator:
        yield emulator


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
    assert run(monkeypatch, "list_resume") == 0
    assert capsys.readouterr().out == "150 SIMs added to sims.jsonl\n"
    assert len(set(listed())) == len(listed()) == 250
    assert emulator.counts["listSims"] == 3
    asyncio.run(load("list_resume").main())
    assert len(listed()) == 250  # written again, not appended


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


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    "command",
    [
        "list_resume",
        "inventory_to_excel fleet.xlsx",
        "move_site plan tokyo group-1 moves.csv",
        "suspend_silent",
        "traffic_report",
    ],
)
def test_a_network_that_is_away_is_said_and_no_traceback(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "inventory" in command:
        pytest.importorskip("xlsxwriter")
    said = str(run(monkeypatch, *command.split()))
    assert said.startswith("the network is away: ")
    assert "list" in said
    assert "\n" not in said
    assert not list(Path().glob("*.xlsx")) + list(Path().glob("*.csv"))


@pytest.mark.parametrize(
    "command",
    [
        "list_resume",
        "inventory_to_excel fleet.xlsx",
        "move_site apply moves.csv",
        "suspend_silent",
        "traffic_report",
        "camera_images",
        "harvest_to_frame 1",
        "watch_offline",
        "save_bill",
    ],
)
def test_wrong_credentials_are_one_line(command: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    if "inventory" in command:
        pytest.importorskip("xlsxwriter")
    Path("moves.csv").write_text(f"sim_id,group_id\n{SIM},1\n")
    monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-0")
    assert run(monkeypatch, *command.split()) == "auth: 401 AUM0002: The credentials are not right."
    assert emulator.requests == emulator.logins + 1
    assert not Path("fleet.xlsx").exists()


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
