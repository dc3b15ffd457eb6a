"""Packet captures, which a SIM and a VPG have alike."""

from __future__ import annotations

import re
from datetime import datetime

import httpx
import pytest
from plain import refused

from soracom_async import structure
from soracom_async.api._shared import PacketCaptureSession
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["SIM", "VPG"])
async def captures(request, client):
    """The path of the captures of a SIM, and of a VPG."""
    if request.param == "SIM":
        return f"/sims/{sim_id(1)}/packet_capture_sessions"
    made = await client.post("/virtual_private_gateways", json={"type": 14})
    return f"/virtual_private_gateways/{made.json()['vpgId']}/packet_capture_sessions"


async def begin(client, captures, **more):
    made = await client.post(captures, json={"duration": 60} | more)
    assert made.status_code == 200, made.text
    assert structure(made.json(), PacketCaptureSession).url is None
    return made.json()


async def test_the_life_of_a_capture(client, other, captures, emulator):
    """A capture is requested, runs for its time or until it is stopped, and can then be deleted."""
    path = f"{captures}/{(await begin(client, captures, prefix='p'))['sessionId']}"
    assert (await other.get(path)).status_code == 404
    assert (await client.post(f"{path}/stop")).status_code == 400
    assert (await client.delete(path)).status_code == 400
    emulator.advance(10)
    assert (await client.get(path)).json()["status"] == "CAPTURING"
    assert (await client.delete(path)).status_code == 400
    stopped = (await client.post(f"{path}/stop")).json()
    assert (stopped["status"], stopped["prefix"]) == ("STOPPED", "p")
    assert stopped["startedTime"] < stopped["endedTime"]
    assert (await client.post(f"{path}/stop")).status_code == 400
    path = f"{captures}/{(await begin(client, captures))['sessionId']}"
    emulator.advance(62)
    done = (await client.get(path)).json()
    assert done["status"] == "DONE"
    start, end = (datetime.fromisoformat(done[name]) for name in ("startedTime", "endedTime"))
    assert (end - start).total_seconds() == 60
    assert done["fileSizeInBytes"] > 0
    assert (await client.post(f"{path}/stop")).status_code == 400
    assert (await client.delete(path)).json()["status"] == "DONE"
    assert (await client.get(path)).status_code == 404


async def test_a_capture_is_requested_first(client, captures, emulator):
    """The answer to the request has the fields of a real one; its two times are seconds, with a fraction."""
    emulator.advance(0.25)
    made = await begin(client, captures, prefix="p")
    now = emulator.world.milliseconds() / 1000
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", made.pop("sessionId"))
    assert made == {
        "operatorId": emulator.operator_id,
        "status": "REQUESTED",
        "prefix": "p",
        "duration": 60,
        "createdTime": now,
        "scheduledTime": now,
        "fileSizeInBytes": 0,
    }
    assert now % 1 == 0.25


async def test_captures_of_a_subscriber(client, emulator):
    """A subscriber shows its captures, or null, and a SIM the begin and the end of the latest one."""
    path, subscriber = f"/sims/{sim_id(1)}", f"/subscribers/{imsi(1)}"
    assert (await client.get(subscriber)).json()["packetCaptureSessions"] is None
    captures = f"{path}/packet_capture_sessions"
    ids = [(await begin(client, captures))["sessionId"] for _ in range(2)]
    shown = (await client.get(subscriber)).json()["packetCaptureSessions"]
    assert [each["sessionId"] for each in shown] == ids
    assert shown[0] == (await client.get(f"{captures}/{ids[0]}")).json()
    requested_at = emulator.world.milliseconds()
    sim = (await client.get(path)).json()
    assert (sim["pcapStartTime"], sim["pcapEndTime"]) == (None, None)
    emulator.advance(30)
    sim = (await client.get(path)).json()
    assert requested_at < sim["pcapStartTime"] < emulator.world.milliseconds()
    assert sim["pcapEndTime"] is None
    assert (await client.get(subscriber)).json()["packetCaptureSessions"][1]["status"] == "CAPTURING"
    emulator.advance(40)
    sim = (await client.get(path)).json()
    assert sim["pcapEndTime"] - sim["pcapStartTime"] == 60_000


async def test_the_prefix_of_a_capture(client, captures):
    """It has letters, digits, hyphens and underscores, a hundred at most."""
    for prefix in ("a/b", "あ", "a" * 101):
        assert (await client.post(captures, json={"duration": 60, "prefix": prefix})).status_code == 400
    for prefix in ("", None, "A_1-b", "a" * 100):
        assert (await client.post(captures, json={"duration": 60, "prefix": prefix})).json()["prefix"] == (prefix or "")


async def test_the_file_of_a_capture(client, captures, emulator):
    """What was captured is a file on the storage host."""
    path = f"{captures}/{(await begin(client, captures))['sessionId']}"
    emulator.advance(62)
    async with httpx.AsyncClient(transport=emulator.transport) as anybody:
        file = await anybody.get((await client.get(path)).json()["url"])
    assert file.content.startswith(bytes.fromhex("d4c3b2a1"))


async def test_listing_captures(client, captures):
    """Captures are listed oldest first, ten at a time unless the query says otherwise."""
    made = [(await begin(client, captures))["sessionId"] for _ in range(11)]
    first = await client.get(captures, params={"last_evaluated_key": "null"})
    assert [each["sessionId"] for each in first.json()] == made[:10]
    rest = {"last_evaluated_key": first.headers["x-soracom-next-key"], "limit": 5}
    assert [each["sessionId"] for each in (await client.get(captures, params=rest)).json()] == made[10:]


async def test_a_capture_has_a_duration(client, captures):
    """Half a minute is the least, a day the most."""
    code = "SEM9003" if "/sims/" in captures else "COM9003"
    for duration in (29, 86_401):
        assert refused(await client.post(captures, json={"duration": duration}), 400, code)
