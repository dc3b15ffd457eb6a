"""What is looked up: error logs, places of cells, diagnoses and summaries."""

from __future__ import annotations

import pytest

from soracom_async import BadRequest, NotFound, Soracom
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio
HOUR = 3_600_000


@pytest.fixture
async def newcomer(emulator, clock, anyio_backend):
    """An operator that has nothing yet."""
    credentials = emulator.credentials_of(emulator.add_operator("new@example.com"))
    async with Soracom(credentials, transport=emulator.transport, clock=clock) as soracom:
        yield soracom


async def test_logs(emulator, soracom, newcomer):
    """A fleet has had some errors: newest first, of all, of a SIM, of a service; a new operator has had none."""
    everything = await soracom.logs.get(limit=100).collect()
    assert len(everything) == 24
    assert everything == await soracom.logs.get(limit=7).collect()
    times = [entry.time for entry in everything]
    assert times == sorted(times, reverse=True)
    assert everything[0].body["message"]
    of_one = await soracom.logs.get(resource_type="Subscriber", resource_id=imsi(3)).collect()
    assert [(entry.resource_id, entry.operator_id) for entry in of_one] == [(imsi(3), emulator.operator_id)]
    of_beam = await soracom.logs.get(service="Beam").collect()
    assert [entry.service for entry in of_beam] == ["Beam"] * 3
    assert await soracom.logs.get(resource_type="Device").collect() == []
    late = await soracom.logs.get(from_=times[2]).collect()
    assert late == everything[:3]
    assert await newcomer.logs.get().collect() == []
    with pytest.raises(BadRequest, match="service is not one of"):
        await soracom.logs.get(service="Door").collect()
    with pytest.raises(BadRequest, match="resource_type is not one of"):
        await soracom.logs.get(resource_type="Door").collect()


async def test_places_of_cells(soracom):
    """A cell is always at one place, near the others of its area, and none is where there is no such cell."""
    get = soracom.cell_locations.get
    area = await get(mcc="440", mnc="10", lac="196")
    cells = [await get(mcc="440", mnc="10", lac="196", cid=cid) for cid in ("1", "2")]
    assert cells[0].lat != cells[1].lat
    assert all(abs(cell.lat - area.lat) < 0.1 and cell.range < area.range for cell in cells)
    assert await get(mcc="440", mnc="10", lac="196", cid="1") == cells[0]
    lte = await get(mcc="440", mnc="10", tac="5680", ecid="48872466")
    assert lte == await get(mcc="440", mnc="10", tac="5680", eci="48872466")
    for place in (area, lte, await get(mcc="999", mnc="99", lac="1")):
        assert -90 <= place.lat <= 90
        assert -180 <= place.lon <= 180
    for nowhere in ({}, {"tac": "5680"}, {"lac": "x"}):
        with pytest.raises(NotFound):
            await get(mcc="440", mnc="10", **nowhere)


async def test_places_of_many_cells(soracom):
    """Many cells are found at once, with the names that the asking one gave them, without those that are nowhere."""
    lte = {"mcc": "440", "mnc": "10", "tac": "5680", "eci": "48872466"}
    found = await soracom.cell_locations.batch_get(
        cells=[lte | {"identifier": "a"}, {"mcc": "440", "identifier": "b"}, lte | {"tac": "5681"}]
    )
    assert [place.identifier for place in found] == ["a", None]
    single = await soracom.cell_locations.get(**lte)
    assert (found[0].lat, found[0].lon) == (single.lat, single.lon)


async def test_a_diagnosis(emulator, soracom, newcomer):
    """A diagnosis takes a while and then says what is the matter with the SIM."""
    now = emulator.world.milliseconds()
    sims = await soracom.sims.list().collect()
    online = next(sim for sim in sims if sim.session_status.online)
    locked = next(sim for sim in sims if sim.session_status.online and sim is not online)
    await soracom.sims.set_imei_lock(locked.sim_id, imei="350000000000000")
    ready = next(sim for sim in sims if sim.status == "ready")
    for name, insights in (
        (online.sim_id, ["no-anomaly"]),
        (locked.sim_id, ["imei-locked"]),
        (ready.sim_id, ["sim-not-active", "session-offline"]),
    ):
        asked = await soracom.diagnostics.send_request(service="Air", resource_type="sim", resource_id=name)
        assert (asked.status, asked.insights, asked.resource_id) == ("diagnosing", [], name)
        assert (asked.to - asked.from_).total_seconds() == 86_400
        assert await soracom.diagnostics.get(asked.diagnostic_id) == asked
        with pytest.raises(NotFound):
            await newcomer.diagnostics.get(asked.diagnostic_id)
        emulator.advance(5)
        done = await soracom.diagnostics.get(asked.diagnostic_id)
        assert done.status == "done"
        assert [insight.insight_id for insight in done.insights] == insights
        assert all(insight.message and insight.category and insight.severity for insight in done.insights)
    asked = await soracom.diagnostics.send_request(
        service="Air", resource_type="sim", resource_id=online.sim_id, from_=now - HOUR, to=now
    )
    assert (asked.to - asked.from_).total_seconds() == 3600


async def test_no_diagnosis(soracom, newcomer):
    """It is of Air, of a SIM of the operator, and of a time that does not end before it begins."""
    for asked in (
        {"service": "Beam", "resource_type": "sim"},
        {"service": "Air", "resource_type": "device"},
        {"service": "Air", "resource_type": "sim", "from_": 2, "to": 1},
    ):
        with pytest.raises(BadRequest):
            await soracom.diagnostics.send_request(resource_id=sim_id(1), **asked)
    with pytest.raises(NotFound):
        await newcomer.diagnostics.send_request(service="Air", resource_type="sim", resource_id=sim_id(1))


async def test_summaries(soracom, newcomer):
    """SIMs are counted by status, as they are now; what is terminated is not counted."""

    async def counted(client):
        found = await client.resource_summaries.get("simsPerStatus")
        (item,) = found.resource_summary_items
        return {value.name: value.value for value in item.values}

    before = await counted(soracom)
    assert sum(before.values()) == 30
    first, second = [sim for sim in await soracom.sims.list().collect() if sim.status == "active"][:2]
    await soracom.sims.suspend(first.sim_id)
    await soracom.sims.enable_termination(second.sim_id)
    await soracom.sims.terminate(second.sim_id)
    changed = {"activeSims": before["activeSims"] - 2, "suspendedSims": before["suspendedSims"] + 1}
    assert await counted(soracom) == before | changed
    assert set(before) == {"readySims", "activeSims", "inactiveSims", "standbySims", "suspendedSims"}
    assert sum((await counted(newcomer)).values()) == 0
    with pytest.raises(NotFound):
        await soracom.resource_summaries.get("devicesPerStatus")
