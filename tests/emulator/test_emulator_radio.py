"""LoRaWAN and Sigfox: devices, gateways, network sets."""

from __future__ import annotations

import pytest
from plain import refused

from soracom_async import BadRequest

pytestmark = pytest.mark.anyio

NEW = {"lora_devices": "00AB00AB00AB00AB", "sigfox_devices": "AB12CD"}
SETS = "/lora_network_sets"
kinds = pytest.mark.parametrize("kind", NEW)


async def test_seeded_devices(soracom, emulator):
    """An operator with a fleet has some of each, with what was last heard of them."""
    for devices in (soracom.lora_devices, soracom.sigfox_devices):
        listed = await devices.list().collect()
        assert len({device.device_id for device in listed}) == 3
        assert await devices.get(listed[0].device_id) == listed[0]
        assert (listed[0].status, listed[0].operator_id) == ("active", emulator.operator_id)
        assert -120 <= listed[0].last_seen.rssi < 0
        assert listed[0].last_modified_time <= listed[0].last_seen.time


@kinds
async def test_registering(client, other, kind):
    """Who has the secret gets a device that nobody has."""
    path = f"/{kind}/{NEW[kind]}"
    group = (await client.get("/groups")).json()[0]["groupId"]
    body = {"registrationSecret": "1234", "tags": {"name": "new"}, "groupId": group}
    for wrong, where in (({}, path), (body, f"/{kind}/not-hex")):
        assert refused(await client.post(f"{where}/register", json=wrong), 400, "COM9003")
    assert refused(await client.post(f"{path}/register", json=body | {"groupId": "x"}), 404, "SEM9011")
    made = await client.post(f"{path}/register", json=body)
    assert made.status_code == (201 if kind == "lora_devices" else 200)
    assert (made.json()["device_id"], made.json()["tags"]) == (NEW[kind], {"name": "new"})
    assert made.json()["lastSeen"] is None
    assert len((await client.get(f"/{kind}")).json()) == 4
    assert refused(await client.post(f"{path}/register", json=body), 409, "COM9008")
    assert refused(await other.get(path), 404, "COM9007")
    assert refused(await other.post(f"{path}/register", json=body), 400, "COM9003")
    made = await client.post(f"/{kind}/{NEW[kind][:-1]}0/register", json={"registrationSecret": "1234"})
    assert (made.json()["groupId"], made.json()["tags"]) == (None, {})
    seeded = (await other.get(f"/{kind}")).json()[0]["device_id"]
    assert refused(await client.post(f"/{kind}/{seeded}/register", json=body), 400, "COM9003")


@kinds
async def test_the_end_of_a_contract(client, emulator, kind):
    """A device is terminated where that is allowed, and stays as it is from then on."""
    device = (await client.get(f"/{kind}")).json()[0]
    path = f"/{kind}/{device['device_id']}"
    assert device["terminationEnabled"] is False
    assert refused(await client.post(f"{path}/terminate"), 400, "COM9009")
    assert (await client.post(f"{path}/enable_termination")).json()["terminationEnabled"] is True
    assert (await client.post(f"{path}/disable_termination")).json()["terminationEnabled"] is False
    assert refused(await client.post(f"{path}/terminate"), 400, "COM9009")
    await client.post(f"{path}/enable_termination")
    emulator.advance(1)
    ended = (await client.post(f"{path}/terminate")).json()
    assert (ended["status"], ended["lastModifiedTime"] > device["lastModifiedTime"]) == ("terminated", True)
    assert (await client.get(path)).json() == ended
    for method, action, body in (
        ("POST", "terminate", None),
        ("POST", "set_group", {"groupId": (await client.get("/groups")).json()[0]["groupId"]}),
        ("PUT", "tags", []),
        ("POST", "data", {"data": "00" * 8}),
    ):
        assert refused(await client.request(method, f"{path}/{action}", json=body), 400, "COM9009")


async def test_deleting_a_sigfox_device_at_once(client):
    """One that is to be deleted at once is not listed any longer."""
    path = f"/sigfox_devices/{(await client.get('/sigfox_devices')).json()[0]['device_id']}"
    await client.post(f"{path}/enable_termination")
    ended = await client.post(f"{path}/terminate", params={"delete_immediately": "true"})
    assert ended.json()["status"] == "terminated"
    assert refused(await client.get(path), 404, "COM9007")
    assert len((await client.get("/sigfox_devices")).json()) == 2


@kinds
async def test_groups_and_tags(client, kind):
    """Devices are in groups and have tags, by which they are found."""
    group = (await client.get("/groups")).json()[0]["groupId"]
    path = f"/{kind}/{(await client.get(f'/{kind}')).json()[1]['device_id']}"
    assert (await client.post(f"{path}/set_group", json={"groupId": group})).json()["groupId"] == group
    assert (await client.post(f"{path}/unset_group")).json()["groupId"] is None
    tagged = await client.put(f"{path}/tags", json=[{"tagName": "place", "tagValue": "north"}])
    found = await client.get(
        f"/{kind}", params={"tag_name": "place", "tag_value": "nor", "tag_value_match_mode": "prefix"}
    )
    assert found.json() == [tagged.json()]
    assert (await client.delete(f"{path}/tags/place")).status_code == 204
    assert refused(await client.delete(f"{path}/tags/place"), 404, "COM9007")


async def test_sending_to_lora(soracom):
    """Up to eleven bytes in hexadecimal go to a device."""
    device_id = (await soracom.lora_devices.list().collect())[0].device_id
    await soracom.lora_devices.send_data(device_id, data="00fF", f_port=2)
    for data in (None, "", "0", "xx", "00" * 12):
        with pytest.raises(BadRequest):
            await soracom.lora_devices.send_data(device_id, data=data)


async def test_sending_to_sigfox(soracom):
    """Eight bytes in hexadecimal go to a device."""
    device_id = (await soracom.sigfox_devices.list().collect())[0].device_id
    await soracom.sigfox_devices.send_data(device_id, data="00" * 8)
    for data in (None, "00" * 7, "00" * 9):
        with pytest.raises(BadRequest):
            await soracom.sigfox_devices.send_data(device_id, data=data)


async def test_gateways(soracom, client, emulator):
    """Gateways are there from the beginning, have tags, and their contracts end."""
    gateways = await soracom.lora_gateways.list().collect()
    assert [gateway.online for gateway in gateways] == [False, True, True]
    path = f"/lora_gateways/{gateways[0].gateway_id}"
    emulator.advance(1)
    tagged = await client.put(f"{path}/tags", json=[{"tagName": "a", "tagValue": "b"}])
    assert tagged.json()["tags"] == {"name": "gateway-1", "a": "b"}
    assert (await client.delete(f"{path}/tags/a")).status_code == 204
    assert refused(await client.post(f"{path}/terminate"), 400, "COM9009")
    await client.post(f"{path}/enable_termination")
    assert (await soracom.lora_gateways.terminate(gateways[0].gateway_id)).status == "terminated"


async def test_network_sets(soracom, client, emulator):
    """Gateways go into a network set and out of it, at the latest when it is deleted."""
    made = await soracom.lora_network_sets.create(tags={"name": "coast"}, operator_id="OP1")
    assert (made.operator_id, made.allowed_operators) == (emulator.operator_id, [])
    one, two, _ = [gateway.gateway_id for gateway in await soracom.lora_gateways.list().collect()]
    for gateway_id in (one, two):
        gateway = await soracom.lora_gateways.set_network_set(gateway_id, network_set_id=made.network_set_id)
        assert gateway.network_set_id == made.network_set_id
    pages = soracom.lora_network_sets.list_gateways(made.network_set_id, limit=1)
    assert [gateway.gateway_id for gateway in await pages.collect()] == [one, two]
    assert (await soracom.lora_gateways.unset_network_set(one)).network_set_id is None
    assert len((await client.get(f"{SETS}/{made.network_set_id}/gateways")).json()) == 1
    tags = await client.put(f"{SETS}/{made.network_set_id}/tags", json=[{"tagName": "a", "tagValue": "b"}])
    assert tags.json()["tags"] == {"name": "coast", "a": "b"}
    await client.delete(f"{SETS}/{made.network_set_id}/tags/a")
    assert [each.tags for each in await soracom.lora_network_sets.list().collect()] == [{"name": "coast"}]
    await soracom.lora_network_sets.delete(made.network_set_id)
    assert (await soracom.lora_gateways.get(two)).network_set_id is None
    assert refused(await client.get(f"{SETS}/{made.network_set_id}"), 404, "COM9007")
    enter, gone = f"/lora_gateways/{two}/set_network_set", {"networkSetId": made.network_set_id}
    assert refused(await client.post(enter, json=gone), 404, "COM9007")
    assert refused(await client.post(enter, json={}), 400, "COM9003")


async def test_permissions(client, other, emulator):
    """Another operator may use a network set while it is allowed to, and sees nothing else of it."""
    path = f"{SETS}/{(await client.post(SETS, json={})).json()['networkSetId']}"
    body = {"networkSetId": path.rpartition("/")[2]}
    gateway = f"/lora_gateways/{(await other.get('/lora_gateways')).json()[0]['gatewayId']}"
    own = f"/lora_gateways/{(await client.get('/lora_gateways')).json()[0]['gatewayId']}"
    await client.post(f"{own}/set_network_set", json=body)
    assert refused(await other.post(f"{gateway}/set_network_set", json=body), 404, "COM9007")
    assert refused(await client.post(f"{path}/add_permission", json={}), 400, "COM9003")
    for _ in range(2):
        allowed = await client.post(f"{path}/add_permission", json={"operatorId": other.operator.id})
        assert allowed.json()["allowedOperators"] == [other.operator.id]
    assert (await other.post(f"{gateway}/set_network_set", json=body)).json()["networkSetId"] == body["networkSetId"]
    for asking, seen in ((client, own), (other, gateway)):
        listed = (await asking.get(f"{path}/gateways")).json()
        assert [f"/lora_gateways/{each['gatewayId']}" for each in listed] == [seen]
    assert refused(await other.get(path), 404, "COM9007")
    assert refused(await other.post(f"{path}/add_permission", json={"operatorId": "OP1"}), 404, "COM9007")
    assert (await other.get(SETS)).json() == []
    for named in ("OP0000000000", emulator.operator_id, other.operator.id):
        revoked = await client.post(f"{path}/revoke_permission", json={"operatorId": named})
    assert revoked.json()["allowedOperators"] == []
    assert (await other.get(gateway)).json()["networkSetId"] is None
    assert (await client.get(own)).json()["networkSetId"] == body["networkSetId"]
    assert refused(await other.get(f"{path}/gateways"), 404, "COM9007")
