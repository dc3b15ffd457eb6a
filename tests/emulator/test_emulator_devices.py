from __future__ import annotations

import pytest
from direct import execute
from plain import refused

from soracom_async import NotFound, Soracom, structure
from soracom_async.api._shared import Device
from soracom_async.api.device import ObjectInstance, ResourceInstance
from soracom_async.emulator import Emulator
from soracom_async.emulator.handlers.inventory import object_models
from soracom_async.emulator.protocol.errors import Refusal

pytestmark = pytest.mark.anyio

MODEL = b"""<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition"><Name>Pump</Name><ObjectID> 30000 </ObjectID><Resources/></Object></LWM2M>"""


@pytest.fixture
async def online(client):
    """The path of a device that is online."""
    return f"/devices/{(await client.get('/devices')).json()[1]['device_id']}"


@pytest.fixture
async def offline(client):
    return f"/devices/{(await client.get('/devices')).json()[0]['device_id']}"


async def test_seeded_devices(emulator, soracom, clock):
    """An operator with a fleet has some devices, the same for one seed; one that signed up empty has none."""
    devices = await soracom.devices.list().collect()
    assert [device.online for device in devices] == [False, True, True]
    assert [device.tags["name"] for device in devices] == ["inventory-1", "inventory-2", "inventory-3"]
    same = Emulator(sims=30, groups=3, clock=clock)
    async with Soracom(same.auth_key, transport=same.transport, clock=clock) as again:
        await again.gadgets.list().collect()
        assert await again.devices.list().collect() == devices
    empty = Emulator(sims=0, clock=clock)
    async with Soracom(empty.auth_key, transport=empty.transport, clock=clock) as nobody:
        assert await nobody.devices.list().collect() == []


async def test_the_life_of_a_device(emulator, soracom):
    """A device is made with keys that are shown once, then found without them, until it is deleted."""
    made = await soracom.devices.create(endpoint="e1", manufacturer="M", tags={"name": "x"})
    assert made.device_id.startswith("d-")
    assert set(made.extra) == {"deviceKeyId", "deviceSecret"}
    assert (made.online, made.objects, made.registration_id) == (False, {}, None)
    emulator.advance(1)
    found = await soracom.devices.get(made.device_id)
    assert (found.endpoint, found.manufacturer, found.operator_id) == ("e1", "M", emulator.operator_id)
    assert found.extra == {}
    tagged = await soracom.devices.put_device_tags(made.device_id, tags=[{"tagName": "a", "tagValue": "b"}])
    assert tagged.tags == {"name": "x", "a": "b"}
    assert tagged.last_modified_time > found.last_modified_time
    await soracom.devices.delete(made.device_id)
    with pytest.raises(NotFound):
        await soracom.devices.get(made.device_id)


async def test_a_device_is_made_of_what_is_said(client, other):
    """Group and endpoint must be right; what is the service's own cannot be said."""
    group = (await client.get("/groups")).json()[0]["groupId"]
    foreign = (await other.get("/groups")).json()[0]["groupId"]
    assert refused(await client.post("/devices", json={"groupId": foreign}), 404, "SEM9011")
    body = {"endpoint": "e", "groupId": group, "online": True, "operatorId": other.operator.id, "device_id": "d-1"}
    made = await client.post("/devices", json=body)
    assert made.status_code == 201
    assert (made.json()["groupId"], made.json()["operatorId"] != other.operator.id) == (group, True)
    assert made.json()["device_id"] != "d-1"
    assert made.json()["objects"]["3"]["0"]["resources"]["15"]["value"] == "Etc/UTC"
    assert refused(await client.post("/devices", json={"endpoint": "e"}), 409, "COM9008")
    assert refused(await other.get(f"/devices/{made.json()['device_id']}"), 404, "COM9007")


async def test_groups_and_tags(client, other, online):
    """A device goes into one of one's own groups and out again; tags come and go."""
    group = (await client.get("/groups")).json()[1]["groupId"]
    assert (await client.post(f"{online}/set_group", json={"groupId": group})).json()["groupId"] == group
    assert refused(await client.post(f"{online}/set_group", json={"groupId": "x"}), 404, "SEM9011")
    assert refused(await client.post(f"{online}/set_group", json={}), 400, "COM9003")
    assert (await client.post(f"{online}/unset_group")).json()["groupId"] is None
    await client.put(f"{online}/tags", json=[{"tagName": "a b", "tagValue": "c"}, {"tagName": "d", "tagValue": "e"}])
    for path, status in (("a%2520b", 204), ("d", 204), ("d", 404)):
        assert (await client.delete(f"{online}/tags/{path}")).status_code == status
    assert (await client.get(online)).json()["tags"] == {"name": "inventory-2"}


async def test_listing_devices(client):
    """Devices are listed by tag, a page at a time; -1 means no limit."""
    every = (await client.get("/devices", params={"limit": -1})).json()
    assert len(every) == 3
    page = await client.get("/devices", params={"limit": 2})
    assert page.json() == every[:2]
    rest = {"last_evaluated_key": page.headers["x-soracom-next-key"]}
    assert (await client.get("/devices", params=rest)).json() == every[2:]
    by_tag = {"tag_name": "name", "tag_value": "inventory-3", "tag_value_match_mode": "exact"}
    assert (await client.get("/devices", params=by_tag)).json() == every[2:]
    assert refused(await client.get("/devices", params={"tag_name": "name"}), 400, "COM9003")
    assert refused(await client.get("/devices", params={"last_evaluated_key": "d-0"}), 400, "COM9003")


async def test_resources(soracom, client, online):
    """What is written is read back, also in the device and in the instance."""
    device_id = online.rpartition("/")[2]
    await soracom.devices.put_resource(device_id, "3", "0", "15", value="Asia/Tokyo")
    resource = (await client.get(f"{online}/3/0/15")).json()
    assert resource == {"id": 15, "value": "Asia/Tokyo", "observed": False}
    structure(resource, ResourceInstance)
    instance = (await client.get(f"{online}/3/0")).json()
    assert (instance["id"], instance["resources"]["15"]) == (0, resource)
    structure(instance, ObjectInstance)
    device = (await client.get(online)).json()
    assert device["objects"]["3"]["0"] == instance
    structure(device, Device)


async def test_models_of_resources(client, online):
    """The model of a resource comes where it is asked for."""
    described = (await client.get(f"{online}/3/0/9", params={"model": "true"})).json()
    assert (described["name"], described["operations"], described["units"]) == ("Battery Level", "R", "%")
    assert (described["type"], described["value"]) == ("INTEGER", 100)
    instance = (await client.get(f"{online}/6/0", params={"model": "true"})).json()
    assert instance["resources"]["0"]["name"] == "Latitude"
    device = (await client.get(online, params={"model": "true"})).json()
    assert device["objects"]["6"]["0"] == instance
    assert "name" not in (await client.get(online)).json()["objects"]["6"]["0"]["resources"]["0"]


async def test_executing_and_observing(client, online):
    """What can be executed is; what can be read can be observed, by itself or with its instance."""
    assert (await client.post(f"{online}/3/0/4/execute", json={})).status_code == 202
    for path in (f"{online}/3/0/9", f"{online}/3/0"):
        assert (await client.post(f"{path}/observe")).status_code == 202
        assert (await client.get(path)).json()["observed"] is True
        assert (await client.post(f"{path}/unobserve")).status_code == 204
        assert (await client.get(path)).json()["observed"] is False


async def test_what_a_device_cannot_do(client, online, offline):
    """A device that is offline, a resource that is not there or not made for that: each is an error."""
    for method, path, body in (
        ("PUT", "/3/0/0", {"value": "x"}),
        ("GET", "/3/0/4", None),
        ("POST", "/3/0/9/execute", {}),
        ("POST", "/3/0/4/observe", None),
    ):
        assert refused(await client.request(method, online + path, json=body), 400, "COM9009")
    assert refused(await client.put(f"{online}/3/0/15", json={}), 400, "COM9003")
    for path in ("/3/0/99", "/3/1/0", "/99/0/0"):
        assert refused(await client.get(online + path), 404, "COM9007")
    for method, path, body in (
        ("GET", "/3/0", None),
        ("GET", "/3/0/0", None),
        ("PUT", "/3/0/15", {"value": "x"}),
        ("POST", "/3/0/4/execute", {}),
        ("POST", "/3/0/observe", None),
    ):
        assert refused(await client.request(method, offline + path, json=body), 400, "COM9009")
    assert (await client.get(offline)).json()["objects"]["3"]["0"]["resources"]["15"]["value"] == "Etc/UTC"
    assert (await client.post(f"{offline}/3/0/0/unobserve")).status_code == 204


async def test_object_models(soracom, emulator):
    """A model is added, found, defined again, given a scope and removed."""
    made = await soracom.devices.create_object_model(object_id="30001", object_name="Valve")
    assert (made.format, made.scope, made.operator_id) == ("json", "private", emulator.operator_id)
    emulator.advance(1)
    await soracom.devices.update_object_model("30001", object_id="30001", object_name="Tap", operator_id="OP1")
    await soracom.devices.set_object_model_scope("30001", scope="public")
    found = await soracom.devices.get_object_model("30001")
    assert (found.object_name, found.scope, found.operator_id) == ("Tap", "public", emulator.operator_id)
    assert found.created_time == made.created_time < found.last_modified_time
    assert await soracom.devices.list_object_models(limit=1).collect() == [found]
    await soracom.devices.delete_object_model("30001")
    with pytest.raises(NotFound):
        await soracom.devices.get_object_model("30001")


async def test_what_a_model_must_be(client, other):
    """A model has a number of its own; another operator does not see it."""
    path = "/device_object_models"
    for body in ({"objectName": "x"}, {"objectId": "x"}):
        assert refused(await client.post(path, json=body), 400, "COM9003")
    await client.post(path, json={"objectId": "30001"})
    assert refused(await client.post(path, json={"objectId": "30001"}), 409, "COM9008")
    assert refused(await client.post(f"{path}/30001", json={"objectId": "30002"}), 400, "COM9003")
    assert refused(await client.post(f"{path}/30002", json={"objectId": "30002"}), 404, "COM9007")
    assert refused(await client.post(f"{path}/30001/set_scope", json={}), 400, "COM9003")
    assert refused(await other.get(f"{path}/30001"), 404, "COM9007")
    for number in range(1, object_models.MOST):
        assert (await client.post(path, json={"objectId": str(40000 + number)})).status_code == 200
    assert refused(await client.post(path, json={"objectId": "50000"}), 400, "COM9009")


def test_a_model_in_xml(clock):
    """A definition in XML says number and name; what is no definition is refused."""
    emulator = Emulator(sims=0, clock=clock)
    made = execute(emulator, "createDeviceObjectModel", MODEL)
    assert (made["objectId"], made["objectName"], made["format"]) == ("30000", "Pump", "xml")
    again = execute(emulator, "updateDeviceObjectModel", MODEL.replace(b"Pump", b"Fan"), model_id="30000")
    assert again["objectName"] == "Fan"
    for body in (b"<LWM2M>", b"<LWM2M/>"):
        with pytest.raises(Refusal, match="the body "):
            execute(emulator, "createDeviceObjectModel", body)
