"""Searches find SIMs and devices by parts of what they are called, and the SIMs with the most traffic."""

from __future__ import annotations

import pytest
from plain import log_in, open_client, refused

from soracom_async import BadRequest, Soracom
from soracom_async.emulator import Emulator
from soracom_async.emulator.state.sims import imsi, msisdn, sim_id
from soracom_async.emulator.state.world import EPOCH

pytestmark = pytest.mark.anyio


@pytest.fixture
def emulator(clock):
    """An emulator whose searches find changes at once."""
    return Emulator(sims=30, groups=3, clock=clock, search_delay=0)


async def numbers(pages):
    """Return the numbers of the SIMs that were found."""
    return [int(sim.sim_id[-9:]) for sim in await pages.collect()]


async def test_all_of_a_small_fleet(clock):
    """The beginning that all IMSIs share finds all SIMs, from both sides."""
    emulator = Emulator(sims=4, clock=clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        for side in ("sims", "subscribers"):
            found = await client.get(f"/query/{side}?imsi=00101&limit=10")
            assert len(found.json()) == 4
            assert "x-soracom-next-key" not in found.headers


async def test_parts_of_what_a_sim_is_called(soracom):
    """Any part of a name or an identifier will do, whatever its case."""
    await soracom.sims.put_tags(sim_id(7), tags=[{"tagName": "name", "tagValue": "Boiler Room"}])
    await soracom.sims.put_tags(sim_id(8), tags=[{"tagName": "where", "tagValue": "the boiler"}])
    await soracom.call("putBundles", imsi=imsi(9), bundles=["X3-5MB"])
    assert await numbers(soracom.query.sims(name=["boiler"])) == [7]
    assert await numbers(soracom.query.sims(tag=["BOILER"])) == [7, 8]
    assert await numbers(soracom.query.sims(bundles=["x3"])) == [9]
    for asked in ({"imsi": [imsi(21)]}, {"sim_id": [sim_id(21)]}, {"iccid": [sim_id(21)]}, {"msisdn": [msisdn(21)]}):
        assert await numbers(soracom.query.sims(**asked)) == [21]
    assert await numbers(soracom.query.sims(serial_number=["ab0000000021"])) == [21]
    assert await numbers(soracom.query.sims(imsi=["0021"])) == [21]
    assert await numbers(soracom.query.sims(name=["device-000000001"])) == list(range(10, 20))
    assert await numbers(soracom.query.sims(imsi=[sim_id(21)])) == []
    assert await numbers(soracom.query.sims(imsi=[imsi(99)])) == []


async def test_what_is_compared_as_a_whole(emulator, soracom):
    """A status, a subscription and a form are found as they are, not by their parts."""
    for number, change in ((1, soracom.sims.activate), (2, soracom.sims.deactivate)):
        await change(sim_id(number))
    found = await soracom.query.sims(status=["active"], limit=100).collect()
    assert {sim.status for sim in found} == {"active"}
    assert sim_id(1) in {sim.sim_id for sim in found}
    assert [sim.status for sim in await soracom.query.sims(status=["ctive"]).collect()] == []
    of_all = {number: emulator.operator.fleet.look(number).subscription for number in range(1, 31)}
    wanted = [number for number, subscription in of_all.items() if subscription == "plan01s"]
    assert 0 < len(wanted) < 30
    assert await numbers(soracom.query.sims(subscription=["PLAN01S"], limit=100)) == wanted
    assert await numbers(soracom.query.sims(subscription=["plan01"])) == []
    found = await soracom.query.sims(module_type=["nano"], limit=100).collect()
    assert {sim.module_type for sim in found} == {"nano"}


async def test_sessions(soracom):
    """SIMs are found by whether they are online."""
    found = {}
    for status in ("ONLINE", "OFFLINE", "NA"):
        sims = await soracom.query.sims(session_status=status, limit=100).collect()
        found[status] = {sim.sim_id for sim in sims}
        if status != "NA":
            online = {sim.session_status is not None and sim.session_status.online for sim in sims}
            assert online == {status == "ONLINE"}
    assert found["ONLINE"] | found["OFFLINE"] == found["NA"]
    with pytest.raises(BadRequest, match="session_status"):
        await soracom.query.sims(session_status="AWAY").collect()


async def test_groups(soracom):
    """SIMs are found by a part of their group's name, or by its identifier."""
    group = await soracom.groups.create(tags={"name": "Northern hills"})
    unnamed = await soracom.groups.create()
    for number, each in ((3, group), (5, group), (6, unnamed)):
        await soracom.sims.set_group(sim_id(number), group_id=each.group_id)
    assert await numbers(soracom.query.sims(group=["northern"])) == [3, 5]
    assert await numbers(soracom.query.sims(group_id=[unnamed.group_id])) == [6]


async def test_and_and_or(soracom):
    """All that is asked for has to be so; or any of it, if that is said; a value counts as each of its parts does."""
    await soracom.sims.put_tags(sim_id(7), tags=[{"tagName": "name", "tagValue": "red pump"}])
    await soracom.sims.put_tags(sim_id(8), tags=[{"tagName": "name", "tagValue": "red valve"}])
    query = soracom.query
    assert await numbers(query.sims(name=["red", "pump"])) == [7]
    assert await numbers(query.sims(name=["pump", "valve"])) == []
    assert await numbers(query.sims(name=["pump", "valve"], search_type="or")) == [7, 8]
    assert await numbers(query.sims(name=["pump"], imsi=["0020"], search_type="or")) == [7, 20]
    assert await numbers(query.sims(name=["red"], imsi=["0008"])) == [8]
    assert await numbers(query.sims(imsi=["00101", "0009"], sim_id=["00009"])) == [9]
    assert len(await numbers(query.sims(search_type="or", limit=100))) == 30
    with pytest.raises(BadRequest, match="search_type"):
        await query.sims(search_type="xor").collect()


async def test_pages_of_sims(client):
    """A page has ten SIMs unless another number is said, and no more than a hundred; its key is the last one's name."""
    for side, name in (("sims", sim_id), ("subscribers", imsi)):
        first = await client.get(f"/query/{side}")
        assert len(first.json()) == 10
        assert first.headers["x-soracom-next-key"] == name(10)
        rest = await client.get(f"/query/{side}?imsi=00101&limit=1000&last_evaluated_key={name(10)}")
        assert len(rest.json()) == 20
        assert "x-soracom-next-key" not in rest.headers
        found = await client.get(f"/query/{side}?imsi={imsi(7)}&last_evaluated_key={name(7)}")
        assert found.json() == []


async def test_what_is_no_search(client):
    """A value of one character is refused for SIMs, and what an operation does not know is ignored."""
    assert refused(await client.get("/query/sims?name=red,x"), 400, "SEM9003")
    assert refused(await client.get("/query/sims?limit=0"), 400, "SEM9003")
    assert len((await client.get("/query/subscribers?status=none&limit=100")).json()) == 30


async def test_nobody_elses_sims(other):
    """A search finds only the operator's own SIMs."""
    found = (await other.get("/query/sims?imsi=00101")).json()
    assert len(found) == 5
    assert (await other.get(f"/query/sims?imsi={imsi(1)}")).json() == []


async def test_a_large_fleet(clock):
    """A page of a million SIMs costs little where it fills early or where an identifier says which SIM it is."""
    emulator = Emulator(sims=1_000_000, clock=clock)
    looked_at = []
    fleet = emulator.operator.fleet
    look = fleet.look
    fleet.look = lambda number: looked_at.append(number) or look(number)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        page = await anext(aiter(soracom.query.sims(imsi=["00101"], limit=10).by_page()))
        assert len(page.items) == 10
        assert len(looked_at) == 10
        page = await anext(aiter(soracom.query.sims(name=["device"], status=["active"], limit=10).by_page()))
        assert len(page.items) == 10
        assert len(looked_at) < 100
        assert await numbers(soracom.query.sims(imsi=[imsi(987_654)])) == [987_654]
        assert len(looked_at) < 100


async def test_devices(soracom, client):
    """Devices are found by name, group, identifier, tag, and by the IMSI or IMEI that they are called by."""
    everything = await soracom.query.devices().collect()
    assert len(everything) == 3
    group = await soracom.groups.create(tags={"name": "north"})
    made = await soracom.devices.create(
        endpoint="urn:imei:350000000000017", tags={"name": "Pump", "room": "cellar"}, group_id=group.group_id
    )
    for asked in (
        {"name": ["pump"]},
        {"group": ["nor"]},
        {"group_id": [group.group_id]},
        {"device_id": [made.device_id]},
        {"tag": ["cell"]},
        {"imei": ["0000017"]},
        {"imsi": ["0000017"]},
    ):
        found = await soracom.query.devices(**asked).collect()
        assert [device.device_id for device in found] == [made.device_id]
    both = await soracom.query.devices(device_id=[made.device_id, everything[0].device_id], search_type="or").collect()
    assert len(both) == 2
    first = await client.get("/query/devices?limit=3")
    assert first.headers["x-soracom-next-key"] == everything[2].device_id
    rest = await client.get(f"/query/devices?last_evaluated_key={everything[2].device_id}")
    assert [device["device_id"] for device in rest.json()] == [made.device_id]


async def test_sigfox_devices(soracom):
    """Sigfox devices are found by name, status and registration."""
    everything = await soracom.query.sigfox_devices().collect()
    assert len(everything) == 3
    first = everything[0].device_id
    await soracom.sigfox_devices.put_tags(first, tags=[{"tagName": "name", "tagValue": "Gate"}])
    found = await soracom.query.sigfox_devices(name=["gate"], status="active", registration="success").collect()
    assert [device.device_id for device in found] == [first]
    assert await soracom.query.sigfox_devices(registration="failed").collect() == []
    assert await soracom.query.sigfox_devices(status="suspended").collect() == []


async def test_ranking_by_traffic(soracom):
    """SIMs are ranked by what they used within a time, the most first unless the least is asked for."""
    for number, at, volume in ((1, 0, 5), (1, 60, 6), (2, 30, 100), (3, 0, 1), (4, 3600, 1000)):
        amounts = {"s1.fast": {"uploadByteSizeTotal": volume, "downloadByteSizeTotal": 1, "uploadPacketSizeTotal": 99}}
        body = {"dataTrafficStatsMap": amounts, "unixtime": EPOCH + at}
        await soracom.call("sandboxInsertAirStats", imsi=imsi(number), body=body)
    rank = soracom.query.traffic_ranking

    async def ranked(**asked):
        found = await rank(from_=EPOCH * 1000, to=(EPOCH + 60) * 1000, **asked)
        return [(each.imsi, each.traffic_volume) for each in found]

    expected = [(imsi(2), 101), (imsi(1), 13), (imsi(3), 2)]
    assert await ranked() == expected
    assert await ranked(order="asc", limit=2) == expected[::-1][:2]
    with pytest.raises(BadRequest, match="order"):
        await ranked(order="up")
