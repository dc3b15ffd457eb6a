"""Bodies in the forms that clients send beside the declared one."""

from __future__ import annotations

import pytest
from plain import refused

from soracom_async.emulator.state.sims import sim_id

pytestmark = pytest.mark.anyio

SOURCE = {"resourceType": "Subscriber", "resourceId": "001010000000000"}
TRIAL = {"version": "1", "direction": "uplink", "contentType": "application/json", "payload": "{}", "source": SOURCE}
MODEL = b"<LWM2M><Object><Name>Pump</Name><ObjectID>30000</ObjectID></Object></LWM2M>"


async def test_a_trial_as_the_official_command_line_sends_it(client):
    await client.post("/soralets", json={"soraletId": "s"})
    await client.post("/soralets/s/versions", content=b"x", headers={"content-type": "application/octet-stream"})
    answer = await client.post("/soralets/s/test", json=TRIAL)
    assert (answer.status_code, answer.json()["resultCode"]) == (200, 0)
    assert refused(await client.post("/soralets/s/test", json={}), 400, "COM9003")


async def test_an_object_model_in_xml(client):
    xml = {"content-type": "application/xml"}
    assert (await client.post("/device_object_models", content=MODEL, headers=xml)).json()["objectId"] == "30000"
    assert refused(await client.post("/device_object_models", content=b"<LWM2M>", headers=xml), 400, "COM9003")


async def test_a_batch_of_tags(emulator, client):
    group = (await client.post("/batch_groups", json={"batchGroupName": "g"})).json()["batchGroupId"]
    body = [{"tagName": "a", "tagValue": "b"}]
    task = {"request": {"path": f"/v1/sims/{sim_id(1)}/tags", "method": "PUT", "body": body}}
    job = (await client.post(f"/batch_groups/{group}/jobs", json={"tasks": [task]})).json()["jobId"]
    emulator.advance(5)
    assert (await client.get(f"/batch_groups/{group}/jobs/{job}")).json()["status"] == "completed"
    assert (await client.get(f"/sims/{sim_id(1)}")).json()["tags"]["a"] == "b"
