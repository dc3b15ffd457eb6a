from __future__ import annotations

import pytest
from plain import refused

from soracom_async import Soracom

pytestmark = pytest.mark.anyio


async def test_gadgets(emulator, clock):
    """Gadgets are listed by product, a page at a time, although their keys have slashes."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        every = await soracom.gadgets.list().collect()
        assert [gadget.product_id for gadget in every] == ["button", "wimax", "button"]
        assert await soracom.gadgets.list(limit=1).collect() == every
        assert await soracom.gadgets.list(product_id="wimax").collect() == every[1:2]
        assert len(every[1].attributes.wimax_iccid) == 19
        assert await soracom.gadgets.get("wimax", every[1].serial_number) == every[1]
        tagged = await soracom.gadgets.put_tags(
            "wimax", every[1].serial_number, tags=[{"tagName": "a", "tagValue": "b"}]
        )
        assert tagged.last_modified_time > tagged.created_time == every[1].created_time
        assert await soracom.gadgets.list(tag_name="a", tag_value="b").collect() == [tagged]
        await soracom.gadgets.delete_tag("wimax", every[1].serial_number, "a")
        assert "a" not in (await soracom.gadgets.get("wimax", every[1].serial_number)).tags


async def test_keys_are_percent_encoded(client):
    """The key of the next page goes out percent-encoded, and comes in so or plain."""
    every = (await client.get("/gadgets")).json()
    key = (await client.get("/gadgets", params={"limit": 1})).headers["x-soracom-next-key"]
    assert key == every[0]["id"].replace("/", "%2F")
    for given in (key, every[0]["id"]):
        assert (await client.get("/gadgets", params={"last_evaluated_key": given})).json() == every[1:]


async def test_registering_and_terminating(client, other, emulator):
    """A gadget that nobody has is registered, and its contract ends where that is allowed."""
    path = "/gadgets/button/7MF5C7Z"
    body = {"tags": {"name": "door"}}
    for unknown in ("/gadgets/kettle/1", "/gadgets/button/a%20b"):
        assert refused(await client.post(f"{unknown}/register", json=body), 404, "COM9007")
    made = (await client.post(f"{path}/register", json=body)).json()
    assert (made["status"], made["tags"], made["terminatedTime"]) == ("active", {"name": "door"}, None)
    assert refused(await client.post(f"{path}/register", json={}), 409, "COM9008")
    assert refused(await other.post(f"{path}/register", json={}), 400, "COM9003")
    assert refused(await other.get(path), 404, "COM9007")
    assert refused(await client.post(f"{path}/terminate"), 400, "COM9009")
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/disable_termination")
    assert refused(await client.post(f"{path}/terminate"), 400, "COM9009")
    await client.post(f"{path}/enable_termination")
    emulator.advance(1)
    ended = (await client.post(f"{path}/terminate")).json()
    assert (ended["status"], ended["terminatedTime"]) == ("terminated", made["createdTime"] + 1000)
    assert refused(await client.put(f"{path}/tags", json=[]), 400, "COM9009")
    assert len((await client.get("/gadgets")).json()) == 4
