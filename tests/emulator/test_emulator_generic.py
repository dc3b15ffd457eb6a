"""What is answered where nobody wrote a handler: here for an emulator that knows nothing but to log in."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from plain import log_in, open_client, refused
from planner import SUCCESSES
from strict import problems

from soracom_async._codec.model import Model
from soracom_async._codec.times import EpochMilliseconds, SecondsOrMilliseconds
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator import Emulator
from soracom_async.emulator.fallback import resource as generic
from soracom_async.emulator.fallback.samples import Sampler
from soracom_async.emulator.service.validation import problem

pytestmark = pytest.mark.anyio


def without_handlers(emulator):
    """Leave an emulator nothing but its logins."""
    emulator.service._handlers = {"auth": emulator.service._handlers["auth"]}
    return emulator


@pytest.fixture
def emulator(emulator):
    return without_handlers(emulator)


@pytest.fixture
def own(emulator):
    return f"/operators/{emulator.operator_id}"


async def made(client, path, **body):
    answer = await client.post(path, json=body)
    assert answer.status_code in SUCCESSES, answer.text
    return answer.json() if answer.content else None


async def test_a_collection(client):
    """A POST makes, GET finds and lists, PUT changes what it says and when, DELETE removes."""
    group = await made(client, "/batch_groups", batchGroupName="north", description="x")
    path = f"/batch_groups/{group['batchGroupId']}"
    assert group == {
        "batchGroupId": group["batchGroupId"],
        "batchGroupName": "north",
        "description": "x",
        "createdTime": group["createdTime"],
        "updatedTime": group["updatedTime"],
    }
    assert (await client.get(path)).json() == group
    assert (await client.get("/batch_groups")).json() == [group]
    changed = (await client.put(path, json={"batchGroupName": "south"})).json()
    assert changed == group | {"batchGroupName": "south"}
    assert (await client.delete(path)).status_code == 204
    assert refused(await client.get(path), 404, "COM9007")
    assert refused(await client.delete(path), 404, "COM9007")
    assert refused(await client.put(path, json={}), 404, "COM9007")
    assert (await client.get("/batch_groups")).json() == []


async def test_times_are_the_emulators(emulator, client):
    """What is made and changed has the times at which that happened."""
    group = await made(client, "/batch_groups", batchGroupName="x")
    assert group["createdTime"] == group["updatedTime"] == int(emulator.world.wall())
    emulator.advance(5)
    changed = (await client.put(f"/batch_groups/{group['batchGroupId']}", json={})).json()
    assert changed["updatedTime"] - changed["createdTime"] == 5


async def test_pages(client):
    """A paged listing has pages."""
    for name in "abc":
        await made(client, "/soralets", soraletId=f"{name} ü%")
    seen, key = [], None
    while key is not None or not seen:
        answer = await client.get("/soralets", params={"limit": 2, "last_evaluated_key": key or ""})
        seen.append([each["soraletId"] for each in answer.json()])
        key = answer.headers.get("x-soracom-next-key")
    assert seen == [["a ü%", "b ü%"], ["c ü%"]]
    assert refused(await client.get("/soralets?last_evaluated_key=d"), 400, "SLM9003")
    assert refused(await client.get("/soralets?limit=0"), 400, "SLM9003")


async def test_a_name_of_ones_own(client):
    """What the body names is found by that name, and is there once."""
    assert (await client.post("/soralets", json={"soraletId": "mine"})).content == b""
    assert (await client.get("/soralets/mine")).json()["soraletId"] == "mine"
    assert refused(await client.post("/soralets", json={"soraletId": "mine"}), 409, "SLM9008")
    device = await made(client, "/device_object_models", objectId="3333", scope="private")
    assert device["objectId"] == "3333"
    assert (await client.get("/device_object_models/3333")).json() == device
    assert (await made(client, "/device_object_models/3333", objectName="x"))["objectName"] == "x"


async def test_a_path_of_ones_own(client, own):
    """A POST to the path of an item makes it, where a PUT changes it; where there is no PUT, it does both."""
    body = {"type": "psk", "credentials": {"key": "x"}}
    assert refused(await client.put("/credentials/abc", json=body), 404, "AUM9007")
    assert (await made(client, "/credentials/abc", **body))["credentialsId"] == "abc"
    assert refused(await client.post("/credentials/abc", json=body), 409, "AUM9008")
    assert (await client.put("/credentials/abc", json={"description": "y"})).json()["credentials"] == {"key": "x"}
    for emails in ["a"], ["b"]:
        set_ = await made(client, f"{own}/system_notifications/billing", emailIdList=emails)
        assert (set_["type"], set_["emailIdList"]) == ("billing", emails)
    assert [each["type"] for each in (await client.get(f"{own}/system_notifications")).json()] == ["billing"]


async def test_registration(client):
    """What is registered is there; its name may have several parts."""
    path = "/gadgets/button/123"
    assert refused(await client.get(path), 404, "COM9007")
    gadget = await made(client, f"{path}/register", tags={"name": "x"})
    assert (gadget["productId"], gadget["serialNumber"], gadget["tags"]) == ("button", "123", {"name": "x"})
    assert (await client.get(path)).json() == gadget
    assert refused(await client.post(f"{path}/register", json={}), 409, "COM9008")


async def test_what_is_in_a_thing(client):
    """A thing has its own collections, and they have what they have; without the thing there is nothing."""
    groups = [(await made(client, "/batch_groups", batchGroupName=name))["batchGroupId"] for name in "ab"]
    job = await made(client, f"/batch_groups/{groups[0]}/jobs", jobName="x", tasks=[])
    assert job["batchGroupId"] == groups[0]
    path = f"/batch_groups/{groups[0]}/jobs"
    assert (await client.get(f"{path}/{job['jobId']}")).json() == job
    assert (await client.get(path)).json() == [job]
    assert (await client.get(f"/batch_groups/{groups[1]}/jobs")).json() == []
    assert refused(await client.get("/batch_groups/none/jobs"), 404, "COM9007")
    assert len((await client.get(f"{path}/{job['jobId']}/tasks")).json()) == generic.SEEDED
    assert refused(await client.get(f"{path}/none/tasks"), 404, "COM9007")


async def test_what_is_in_a_sim_a_group_or_the_operator(emulator, client, own):
    """They are there if they are the operator's."""
    group_id = next(iter(emulator.operator.groups))
    for path in "/sims/8942310022000000001/data", f"/groups/{group_id}/subscribers", f"{own}/emails":
        assert (await client.get(path)).status_code == 200
    assert refused(await client.get("/sims/8942310022000000031/data"), 404, "SEM9001")
    assert refused(await client.get("/groups/none/subscribers"), 404, "SEM9011")
    assert refused(await client.post("/stats/air/operators/OP0000000000/export", json={}), 403, "AUM9017")
    exported = await made(client, f"/stats/air/operators/{emulator.operator_id}/export")
    assert exported["url"].startswith("https://")


async def test_what_nobody_can_make(client, other, clock):
    """Some of it is there, the same in every emulator of a seed, for an operator with a fleet; another has others."""
    cameras = (await client.get("/sora_cam/devices")).json()
    assert len({camera["deviceId"] for camera in cameras}) == generic.SEEDED
    assert (await client.get(f"/sora_cam/devices/{cameras[0]['deviceId']}")).json() == cameras[0]
    assert refused(await other.get(f"/sora_cam/devices/{cameras[0]['deviceId']}"), 404, "SCA9007")
    again = without_handlers(Emulator(sims=30, groups=3, clock=clock))
    again.add_operator("empty@example.com")
    async with open_client(again) as same, open_client(again) as empty:
        await log_in(same, again.root_user)
        await log_in(empty, again.credentials_of(again.world.operator_of("empty@example.com")))
        assert (await same.get("/sora_cam/devices")).json() == cameras
        assert (await empty.get("/sora_cam/devices")).json() == []
    assert (await client.delete(f"/sora_cam/devices/{cameras[0]['deviceId']}")).status_code == 200
    assert (await client.get("/sora_cam/devices")).json() == cameras[1:]


async def test_real_names(emulator, client):
    """A sample speaks of the operator and of one of its SIMs; an operator without SIMs has none to speak of."""
    entry = (await client.get("/logs")).json()[0]
    assert entry["operatorId"] == emulator.operator_id
    assert entry["resourceId"].startswith("8942310022")
    session = (await client.get("/sims/8942310022000000001/events/sessions")).json()[0]
    assert session["imsi"][-4:] == session["simId"][-4:]
    assert session["operatorId"] == emulator.operator_id
    empty = emulator.add_operator("empty@example.com")
    async with open_client(emulator) as client:
        await log_in(client, emulator.credentials_of(empty))
        made_ = await client.post("/sandbox/subscribers/create", json={})
        assert made_.json()["imsi"] == ""
        assert "msisdn" not in made_.json()


async def test_settings(client, own):
    """A setting is a sample until it is put; what is not said stays; it can be put back."""
    path = f"{own}/users/default_permissions"
    sample = (await client.get(path)).json()
    assert (await client.get(path)).json() == sample
    assert (await client.put(path, json={"permissions": "all"})).status_code == 202
    assert (await client.get(path)).json() == sample  # it is asked for by another name than it is put
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json() == sample
    camera = (await client.get("/sora_cam/devices")).json()[0]["deviceId"]
    path = f"/sora_cam/devices/{camera}/name"
    assert (await client.post(path, json={"name": "door"})).status_code == 200
    assert (await client.get(path)).json() == {"name": "door"}
    information = {"companyName": "a", "department": "b"}
    assert (await client.post("/payment_statements/payer_information", json=information)).status_code == 201
    found = (await client.get("/payment_statements/payer_information")).json()
    assert {name: found[name] for name in information} == information


async def test_looking_up(client):
    """What depends on a query or a name is the same for the same one."""
    here, again, there = [
        (await client.get("/cell_locations", params={"mcc": mcc, "mnc": "1"})).json() for mcc in ("440", "440", "441")
    ]
    assert here == again != there
    summary = (await client.get("/resource_summaries/any")).json()
    assert summary["resourceSummaryType"] == "any"


async def test_acting(client):
    """A POST behind a thing puts what it says into the thing; one behind nothing answers what comes of it."""
    order = await made(client, "/sim_profile_orders", quantity=3, subscription="planX3")
    path = f"/sim_profile_orders/{order['profileOrderId']}"
    assert await made(client, f"{path}/confirm") == order
    assert refused(await client.post("/sim_profile_orders/none/confirm"), 404, "COM9007")
    device = await made(client, "/devices", endpoint="x")
    group_id = (await made(client, f"/devices/{device['device_id']}/set_group", groupId="g"))["groupId"]
    assert (await client.get(f"/devices/{device['device_id']}")).json()["groupId"] == group_id == "g"
    tags = [{"tagName": "a", "tagValue": "b"}]
    assert (await client.put(f"/devices/{device['device_id']}/tags", json=tags)).status_code == 200
    assert (await made(client, "/diagnostics", resourceId="1", resourceType="sim", service="Air"))["service"] == "Air"
    assert (await client.post("/cell_locations", json=[{"mcc": "1"}])).json()[0]["lat"]
    assert isinstance((await client.get("/lagoon/image/link")).json(), str)
    assert (await client.post("/lagoon/register", json={"plan": "pro"})).json()["lagoonUserEmail"]
    assert (await client.post("/payment_methods/current/activate")).json() == {}


async def test_filters(emulator, client):
    """A listing is filtered by tags, by fields of the name of a parameter, and by time."""
    for name, count in ("a", 1), ("b", 2):
        for _ in range(count):
            await made(client, "/virtual_private_gateways", type=14, tags={"name": name})
    found = await client.get("/virtual_private_gateways", params={"tag_name": "name", "tag_value": "b"})
    assert len(found.json()) == 2
    entries = (await client.get("/logs")).json()
    assert (await client.get("/logs", params={"service": "Beam"})).json() == []
    assert (await client.get("/logs", params={"service": "Air", "unknown": "x"})).json() == entries
    times = sorted(entry["time"] for entry in entries)
    found = (await client.get("/logs", params={"from": times[1], "to": times[1]})).json()
    assert [entry["time"] for entry in found] == [times[1]]


async def test_lists_in_objects(client, own):
    """Where a listing is an object, its items are in their place; what else it has is a sample."""
    body = {"addressLine1": "1", "city": "a", "state": "b", "zipCode": "c", "email": "hidden@example.com"}
    address = await made(client, f"{own}/shipping_addresses", **body)
    assert address["addressLine1"] == "1"
    assert "email" not in address
    assert (await client.get(f"{own}/shipping_addresses")).json() == {"shippingAddresses": [address]}
    order = await made(client, "/orders", orderItemList=[])
    ordered = await client.get(f"/orders/{order['orderId']}/subscribers?limit=1")
    assert [each["simId"][:10] for each in ordered.json()["orderedSubscriberList"]] == ["8942310022"]
    assert ordered.headers["x-soracom-next-key"]
    products = (await client.get("/products")).json()
    assert products.keys() == {"productList", "shippingCostList"}


async def test_nobody(emulator):
    """Without a session there is nobody whose data it could be about."""
    async with open_client(emulator) as client:
        answer = await client.post("/auth/password_reset_token/issue", json={"email": "a@example.com"})
        assert refused(answer, 501, "COM9005")


def test_samples(emulator):
    """Of every type of the API there is a sample that fits, also for an operator without SIMs, and of what is new."""
    for operator in emulator.operator, emulator.add_operator("empty@example.com"):
        call = SimpleNamespace(operator=operator, world=emulator.world, path={})
        for operation in map(load, MODULES):
            for kind in operation.body, operation.result:
                for made_at in None, emulator.world.milliseconds():
                    sample = Sampler(call, operation.id, made=made_at).of(kind)
                    assert kind in (None, bytes) or problem(kind, sample) is None
                    assert sample == Sampler(call, operation.id, made=made_at).of(kind)


def test_samples_have_what_they_must_have(emulator):
    """What is needed is there, whatever its name says."""

    class New(Model):
        told: int
        seen_time: EpochMilliseconds
        imsi: str
        lost_at: SecondsOrMilliseconds | None = None

    call = SimpleNamespace(operator=emulator.add_operator("empty@example.com"), world=emulator.world, path={})
    now = emulator.world.milliseconds()
    sample = Sampler(call, "x", made=now).of(New)
    assert sample.keys() == {"told", "seenTime", "imsi"}
    assert (sample["seenTime"], sample["imsi"], type(sample["told"])) == (now, "", int)


@pytest.mark.parametrize("id_", [id_ for id_ in MODULES if load(id_).secured])
async def test_every_operation(emulator, client, id_):
    """Each is answered, with what it declares, or with an error of the API."""
    operation = load(id_)
    sampler = Sampler(SimpleNamespace(operator=emulator.operator, world=emulator.world, path={}), id_)
    names = {"operator_id": emulator.operator_id, "path": "a/b"} | {
        name: sampler.of(kind) for name, kind in operation.path_types.items() if name != "path"
    }
    path = re.sub(r"{(\w+)}", lambda match: str(names.get(match[1], "x")), operation.path)
    query = {each.wire: sampler.of(each.type) for each in operation.query if each.required}
    body = {} if operation.body in (None, bytes) else {"json": sampler.of(operation.body)}
    answer = await client.request(operation.method, path, params=query, **body)
    if answer.status_code not in SUCCESSES:
        assert answer.json().keys() == {"code", "message"}
        assert answer.status_code in (400, 404)
    elif operation.result not in (None, bytes) and operation.method != "HEAD":
        said = answer.json()
        if operation.paging is not None and operation.paging.items:
            assert said.keys() == set(operation.paging.items)
            said = [item for items in said.values() for item in items]
        # What a body has within may be shown again with fields that the answer does not have there.
        assert not any("not declared" not in each for each in problems(operation.result, said))
