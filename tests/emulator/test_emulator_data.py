from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from plain import refused

from soracom_async import NotFound, Soracom
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.harvest import add_entry
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio

SIM, IMSI = sim_id(1), imsi(1)


def moment(milliseconds):
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def times(entries):
    return [entry.time for entry in entries]


async def test_a_seeded_sim_has_sent_something(emulator, soracom, clock):
    """What the SIMs of a fleet sent in the days before is the same for one seed, and costs nothing to be looked at."""
    entries = await soracom.sims.get_data(SIM).collect()
    began = moment(emulator.operator.created)
    assert len(entries) == 48
    assert times(entries) == sorted(times(entries), reverse=True)
    assert began - timedelta(hours=49) < entries[-1].time < entries[0].time < began
    assert {(entry.resource_type, entry.resource_id, entry.content_type) for entry in entries} == {
        ("Sim", SIM, "application/json")
    }
    assert json.loads(entries[0].content).keys() == {"temperature", "humidity", "battery"}
    assert not emulator.operator.collection("data resource")
    for seed, same in ((0, True), (1, False)):
        twin = Emulator(sims=3, groups=3, seed=seed, clock=clock)
        async with Soracom(twin.auth_key, transport=twin.transport, clock=clock) as again:
            assert (await again.sims.get_data(SIM).collect() == entries) is same
            assert await again.sims.get_data(sim_id(2)).collect() != entries


async def test_sims_and_subscribers_are_one(emulator, soracom):
    """The entries of a SIM are those of its subscriber, by whichever name they are asked for."""
    entries = await soracom.sims.get_data(SIM).collect()
    found = await soracom.subscribers.get_data(IMSI).collect()
    assert {(entry.resource_type, entry.resource_id) for entry in found} == {("Subscriber", IMSI)}
    assert [(entry.time, entry.content) for entry in found] == [(entry.time, entry.content) for entry in entries]
    assert await soracom.data.get_entries("Subscriber", IMSI).collect() == found
    assert await soracom.data.get_entries("Sim", SIM).collect() == entries
    entry = await soracom.data.get_entry("Subscriber", IMSI, entries[3].time)
    assert (entry.resource_id, entry.content) == (IMSI, entries[3].content)
    await soracom.data.delete_entry("Subscriber", IMSI, entries[3].time)
    assert times(await soracom.sims.get_data(SIM).collect()) == times(entries[:3] + entries[4:])
    with pytest.raises(NotFound):
        await soracom.data.get_entry("Sim", SIM, entries[3].time)
    await soracom.data.delete_entry("Sim", SIM, entries[3].time)


async def test_which_part_of_the_entries(emulator, client):
    """From and to are inclusive; ten entries come, the latest first, unless the query says otherwise."""
    path = f"/data/Sim/{SIM}"
    every = (await client.get(path, params={"limit": 1000})).json()
    assert (await client.get(path)).json() == every[:10]
    assert (await client.get(path, params={"sort": "asc", "limit": 3})).json() == every[:-4:-1]
    between = {"from": every[6]["time"], "to": every[4]["time"]}
    assert (await client.get(path, params=between)).json() == every[4:7]
    for wrong in ({"sort": "up"}, {"from": 2, "to": 1}, {"limit": 0}, {"last_evaluated_key": "x"}):
        assert refused(await client.get(path, params=wrong), 400, "COM9003")
    assert refused(await client.get(f"/data/Toaster/{SIM}"), 400, "COM9003")
    assert refused(await client.get(f"{path}/noon"), 400, "COM9003")
    assert (await client.get("/data/Sim/unknown")).json() == []
    assert refused(await client.get(f"/sims/{sim_id(31)}/data"), 404, "SEM9001")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (f"/data/Sim/{SIM}", "{time}"),
        (f"/sims/{SIM}/data", "{time}"),
        (f"/subscribers/{IMSI}/data", f"{{time}}_{IMSI}"),
    ],
)
async def test_pages_of_entries(emulator, client, path, key):
    """A page ends with the key of its last entry, and nothing is lost where entries go between two pages."""
    every = (await client.get(path, params={"limit": 1000})).json()
    first = await client.get(path, params={"limit": 5})
    resume = first.headers["x-soracom-next-key"]
    assert resume == key.format(time=every[4]["time"])
    for number in (4, 5):
        await client.delete(f"/data/Sim/{SIM}/{every[number]['time']}")
    assert (await client.get(path, params={"limit": 5, "last_evaluated_key": resume})).json() == every[6:11]
    # The same by the time alone, which clients know without the header.
    assert (await client.get(path, params={"limit": 5, "last_evaluated_key": every[3]["time"]})).json() == every[6:11]
    last = await client.get(path, params={"limit": 44, "sort": "asc", "last_evaluated_key": every[46]["time"]})
    assert last.json()[0] == every[45]
    assert "x-soracom-next-key" not in last.headers


async def test_what_is_added(emulator, soracom, client):
    """What a device sends is text, JSON or bytes; the same time means the same entry."""
    operator, now = emulator.operator, emulator.world.milliseconds()
    add_entry(operator, "Sim", SIM, {"a": 1, "é": None}, now)
    add_entry(operator, "Subscriber", IMSI, "plain", now + 2, category="door")
    add_entry(operator, "Sim", SIM, b"\0\1", now + 1)
    entries = (await soracom.sims.get_data(SIM).collect())[:3]
    assert [(entry.content_type, entry.content) for entry in entries] == [
        ("text/plain", "plain"),
        ("application/octet-stream", "AAE="),
        ("application/json", '{"a":1,"é":null}'),
    ]
    add_entry(operator, "Sim", SIM, "again", now, content_type="text/csv")
    assert (await soracom.data.get_entry("Sim", SIM, now)).content_type == "text/csv"
    add_entry(operator, "SoraCam", "000000000001", "open", now + 2, category="door")
    found = await soracom.data.get_entries_by_category("door", limit=1).collect()
    assert [(entry.resource_type, entry.content, entry.category) for entry in found] == [
        ("SoraCam", "open", "door"),
        ("Sim", "plain", "door"),
    ][::-1]
    first = await client.get("/data/categories/door", params={"limit": 1})
    assert first.headers["x-soracom-next-key"] == f"{now + 2}_{SIM}"
    assert await soracom.data.get_entries_by_category("none").collect() == []


async def test_who_sent_data(emulator, soracom, client, other):
    """All resources with data are listed in the order of their names, a page at a time."""
    operator, now = emulator.operator, emulator.world.milliseconds()
    for resource in (("Device", "d-1"), ("SoraCam", "c-1"), ("Subscriber", IMSI)):
        add_entry(operator, *resource, [1], now)
    for entry in await soracom.sims.get_data(sim_id(2)).collect():
        await soracom.data.delete_entry("Sim", sim_id(2), entry.time)
    found = await soracom.data.list_resource_metadata(limit=7).collect()
    sims = [sim_id(number) for number in (1, *range(3, 31))]
    assert [(each.resource_type, each.resource_id) for each in found] == [
        ("Device", "d-1"),
        *(("Sim", each) for each in sims),
        ("SoraCam", "c-1"),
    ]
    assert found[0].attribute_names == []
    assert found[1].attribute_names == ["battery", "humidity", "temperature"]
    assert found[1].last_modified_time == moment(now)
    add_entry(operator, "Device", "d-1", "no JSON", now)
    with pytest.warns(DeprecationWarning, match="listDataSourceResources"):
        pages = soracom.data.list_source_resources(resource_type="Device")
    assert [each.attribute_names for each in await pages.collect()] == [[]]
    subscribers = await soracom.data.list_resource_metadata(resource_type="Subscriber", limit=20).collect()
    assert [each.resource_id for each in subscribers[:2]] == [IMSI, imsi(3)]
    assert {each.resource_type for each in subscribers} == {"Subscriber"}
    assert len(subscribers) == 29
    assert await soracom.data.list_resource_metadata(resource_type="SigfoxDevice").collect() == []
    assert refused(await client.get("/data/metadata/resources?resource_type=x"), 400, "COM9003")
    assert len((await other.get("/data/metadata/resources")).json()) == 5


async def test_the_data_of_other_devices(emulator, soracom):
    """An Inventory, a LoRaWAN and a Sigfox device have data of their own; who does not exist has none."""
    now = emulator.world.milliseconds()
    for group, resource_type in (
        (soracom.devices, "Device"),
        (soracom.lora_devices, "LoraDevice"),
        (soracom.sigfox_devices, "SigfoxDevice"),
    ):
        device = (await group.list().collect())[0]
        assert await group.get_data(device.device_id).collect() == []
        add_entry(emulator.operator, resource_type, device.device_id, {"x": 1}, now)
        (entry,) = await group.get_data(device.device_id).collect()
        assert (entry.resource_type, entry.resource_id, entry.time) == (resource_type, device.device_id, moment(now))
        with pytest.raises(NotFound):
            await group.get_data("none").collect()


async def test_nobody_sees_the_data_of_another(client, other):
    """Another operator's SIM has no data."""
    assert len((await other.get(f"/sims/{sim_id(31)}/data")).json()) == 10
    assert (await other.get(f"/data/Sim/{SIM}")).json() == []
    assert refused(await other.get(f"/sims/{SIM}/data"), 404, "SEM9001")
    assert (await client.get(f"/data/Sim/{sim_id(31)}")).json() == []
