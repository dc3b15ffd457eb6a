"""Packet captures, which a SIM and a VPG have alike."""

from __future__ import annotations

import httpx
import pytest
from plain import refused

from soracom_async import structure
from soracom_async.api._shared import PacketCaptureSession
from soracom_async.emulator.state.sims import sim_id

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
    """A capture runs for its time or until it is stopped; only then it can be deleted."""
    stopped = await begin(client, captures, prefix="p")
    assert (stopped["status"], stopped["prefix"]) == ("CAPTURING", "p")
    path, area = f"{captures}/{stopped['sessionId']}", "SEM" if "/sims/" in captures else "COM"
    wrong_state = f"{area}9009"
    assert refused(await client.delete(path), 400, wrong_state)
    assert (await other.get(path)).status_code == 404
    emulator.advance(10)
    stopped = (await client.post(f"{path}/stop")).json()
    assert (stopped["status"], stopped["endedTime"] > stopped["startedTime"]) == ("STOPPED", True)
    assert refused(await client.post(f"{path}/stop"), 400, wrong_state)
    path = f"{captures}/{(await begin(client, captures))['sessionId']}"
    emulator.advance(61)
    assert (await client.get(path)).json()["status"] == "DONE"
    assert refused(await client.post(f"{path}/stop"), 400, wrong_state)
    assert (await client.delete(path)).json()["status"] == "DONE"
    assert refused(await client.get(path), 404, f"{area}9007")


async def test_the_file_of_a_capture(client, captures, emulator):
    """What was captured is a file on the storage host."""
    path = f"{captures}/{(await begin(client, captures))['sessionId']}"
    emulator.advance(61)
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
