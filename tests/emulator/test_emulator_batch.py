from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from direct import execute
from plain import log_in, open_client, refused

from soracom_async import Soracom
from soracom_async.emulator import Emulator
from soracom_async.emulator.handlers.automation import batch
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio


@pytest.fixture
async def group(client):
    """The path of a batch group."""
    made = await client.post("/batch_groups", json={"batchGroupName": "moving"})
    assert made.status_code == 200
    return f"/batch_groups/{made.json()['batchGroupId']}"


def task(path, body=None, method="POST"):
    return {"request": {"path": path, "method": method} | ({} if body is None else {"body": body})}


def activate(*numbers):
    return [task(f"/v1/sims/{sim_id(number)}/activate", {"sim_id": sim_id(number)}) for number in numbers]


async def begin(client, group, tasks, **more):
    made = await client.post(f"{group}/jobs", json={"tasks": tasks} | more)
    assert made.status_code == 200, made.text
    return made.json(), f"{group}/jobs/{made.json()['jobId']}"


async def test_batch_groups(emulator, clock):
    """A group is made, changed in part, listed a page at a time and removed."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        groups = [await soracom.batch_groups.create(batch_group_name=f"g{n}", description="d") for n in range(3)]
        emulator.advance(1)
        changed = await soracom.batch_groups.update(groups[0].batch_group_id, batch_group_name="other")
        assert (changed.batch_group_name, changed.description) == ("other", "d")
        assert changed.created_time == datetime(2025, 1, 1, tzinfo=UTC)
        assert changed.updated_time == changed.created_time + timedelta(seconds=1)
        assert await soracom.batch_groups.get(groups[0].batch_group_id) == changed
        assert await soracom.batch_groups.list(limit=2).collect() == [changed, *groups[1:]]
        await soracom.batch_groups.delete(groups[1].batch_group_id)
        assert await soracom.batch_groups.list().collect() == [changed, groups[2]]


async def test_a_job_takes_its_time(emulator, client, group):
    """A job is pending, then does ten tasks a second, then is over; each SIM is changed once."""
    for number in (1, 2, 3):
        await client.post(f"/sims/{sim_id(number)}/deactivate")
    job, path = await begin(client, group, activate(1, 2, 3), jobName="wake", description="up", abortOnFailure=False)
    assert (job["status"], job["jobName"], job["description"], job["finishedTime"]) == ("pending", "wake", "up", None)
    assert job["summary"] == {"pending": 3, "success": 0, "error": 0}
    histories = [len((await client.get(f"/sims/{sim_id(number)}/statuses/history")).json()) for number in (1, 2, 3)]

    emulator.advance(1.15)
    job = (await client.get(path)).json()
    assert (job["status"], job["summary"]) == ("running", {"pending": 2, "success": 1, "error": 0})
    first, second, third = (await client.get(f"{path}/tasks")).json()
    assert (first["status"], first["response"]["statusCode"]) == ("success", 200)
    assert first["response"]["body"]["simId"] == sim_id(1)
    assert first["startedTime"] == first["finishedTime"] == job["createdTime"] + 1
    assert (second["status"], second["startedTime"]) == ("pending", first["finishedTime"])
    assert "startedTime" not in third
    assert [each["taskId"] for each in (first, second, third)] == [1, 2, 3]

    emulator.advance(1)
    job = (await client.get(path)).json()
    assert (job["status"], job["summary"]) == ("completed", {"pending": 0, "success": 3, "error": 0})
    assert job["finishedTime"] == job["updatedTime"] == job["createdTime"] + 1
    assert datetime.fromtimestamp(job["createdTime"], UTC) == datetime(2025, 1, 1, tzinfo=UTC)
    assert job["errorMessage"] is None
    for number in (1, 2, 3):
        assert (await client.get(f"/sims/{sim_id(number)}")).json()["status"] == "active"
    again = [len((await client.get(f"/sims/{sim_id(number)}/statuses/history")).json()) for number in (1, 2, 3)]
    assert again == histories
    assert (await client.get(f"{group}/jobs")).json() == [job]


async def test_tasks_that_fail(emulator, client, group):
    """A job goes on behind a task that failed, and says so at its end; tasks are listed by status and page."""
    _, path = await begin(client, group, activate(1, 31, 2, 32))
    emulator.advance(10)
    job = (await client.get(path)).json()
    assert (job["status"], job["errorMessage"]) == ("failed", "2 of 4 tasks failed.")
    japanese = await client.get(path, headers={"X-Soracom-Lang": "JA"})
    assert japanese.json()["errorMessage"] == "4 件のタスクのうち 2 件が失敗しました。"
    failed = (await client.get(f"{path}/tasks", params={"status": "error"})).json()
    assert [(each["taskId"], each["response"]["statusCode"]) for each in failed] == [(2, 404), (4, 404)]
    assert failed[0]["response"]["body"]["code"] == "SEM9001"
    page = await client.get(f"{path}/tasks", params={"limit": 3})
    assert [each["taskId"] for each in page.json()] == [1, 2, 3]
    rest = {"last_evaluated_key": page.headers["x-soracom-next-key"]}
    assert [each["taskId"] for each in (await client.get(f"{path}/tasks", params=rest)).json()] == [4]


async def test_a_job_that_aborts(emulator, client, group):
    """A job that is to stop at the first failure leaves the rest undone."""
    await client.post(f"/sims/{sim_id(2)}/suspend")
    _, path = await begin(client, group, activate(31, 2), abortOnFailure=True)
    emulator.advance(10)
    job = (await client.get(path)).json()
    assert (job["status"], job["summary"]) == ("aborted", {"pending": 1, "success": 0, "error": 1})
    assert job["finishedTime"] == job["createdTime"] + 1
    assert [each["status"] for each in (await client.get(f"{path}/tasks")).json()] == ["error", "pending"]
    assert (await client.get(f"/sims/{sim_id(2)}")).json()["status"] == "suspended"


async def test_what_a_job_may_be(emulator, client, group):
    """A job calls one API that jobs may call, for 1 to 10,000 tasks, and no two jobs call it at a time."""
    jobs = f"{group}/jobs"
    suspend = task(f"/sims/{sim_id(1)}/suspend")
    for tasks in (
        [],
        [*activate(1), suspend],
        [task(f"/v1/sims/{sim_id(1)}/terminate")],
        [task("/nowhere")],
        [{"request": {}}],
    ):
        assert refused(await client.post(jobs, json={"tasks": tasks}), 400, "COM9003")
    assert refused(await client.post(jobs, json={"tasks": activate(1) * (batch.MOST + 1)}), 400, "COM9003")
    await begin(client, group, activate(1))
    assert refused(await client.post(jobs, json={"tasks": activate(2)}), 400, "COM9009")
    await begin(client, group, [suspend])
    emulator.advance(2)
    await begin(client, group, activate(2))


async def test_jobs_belong_to_their_group(emulator, client, other, group):
    """A job is found in its group only, and a group with a running one stays."""
    elsewhere = (await client.post("/batch_groups", json={"batchGroupName": "x"})).json()["batchGroupId"]
    job, path = await begin(client, group, activate(1))
    assert refused(await client.get(f"/batch_groups/{elsewhere}/jobs/{job['jobId']}"), 404, "COM9007")
    assert (await client.get(f"/batch_groups/{elsewhere}/jobs")).json() == []
    assert refused(await other.get(path), 404, "COM9007")
    assert refused(await other.get(f"{group}/jobs"), 404, "COM9007")
    assert refused(await client.delete(group), 400, "COM9009")
    emulator.advance(5)
    assert (await client.delete(group)).status_code == 204
    assert refused(await client.get(path), 404, "COM9007")
    assert refused(await client.get(group), 404, "COM9007")


async def test_groups_and_addresses(emulator, client, group):
    """Tasks put SIMs into groups and give them addresses in a VPG."""
    target = (await client.get("/groups")).json()[0]["groupId"]
    await begin(client, group, [task(f"/v1/sims/{sim_id(n)}/set_group", {"groupId": target}) for n in (1, 2)])
    assert (await client.get(f"/sims/{sim_id(2)}")).json()["groupId"] == target
    vpg = (await client.post("/virtual_private_gateways", json={"type": 14})).json()["vpgId"]
    entry = {"key": imsi(1), "ipAddress": "10.129.0.1"}
    put = task(f"/v1/virtual_private_gateways/{vpg}/ip_address_map", entry)
    bad = task(f"/v1/virtual_private_gateways/{vpg}/ip_address_map", {"key": imsi(1)})
    _, path = await begin(client, group, [put, bad])
    emulator.advance(5)
    assert [each["status"] for each in (await client.get(f"{path}/tasks")).json()] == ["success", "error"]
    mapped = (await client.get(f"/virtual_private_gateways/{vpg}/ip_address_map")).json()
    assert [(each["key"], each["ipAddress"]) for each in mapped] == [(imsi(1), "10.129.0.1")]


async def test_tasks_have_the_permissions_of_their_maker(emulator, client, group):
    """Who may not activate a SIM cannot let a job do it."""
    statement = '{"effect":"allow","api":["Batch:*"]}'
    user = emulator.operator.users["sam"]
    user.roles.clear()
    user.permission = f'{{"statements":[{statement}]}}'
    await client.post(f"/sims/{sim_id(1)}/suspend")
    async with open_client(emulator) as sam:
        assert (await log_in(sam, emulator.sam_user)).status_code == 200
        _, path = await begin(sam, group, activate(1))
    emulator.advance(5)
    assert (await client.get(f"{path}/tasks")).json()[0]["response"]["body"]["code"] == "AUM0017"
    assert (await client.get(f"/sims/{sim_id(1)}")).json()["status"] == "suspended"


def test_tags(clock):
    """A task that puts tags has an array for a body; its answer is what the SIM was then."""
    emulator = Emulator(sims=1, clock=clock)
    made = execute(emulator, "createBatchGroup", {"batchGroupName": "tags"})
    group = {"batch_group_id": made["batchGroupId"]}
    put = task(f"/v1/sims/{sim_id(1)}/tags", [{"tagName": "a", "tagValue": "b"}], "PUT")
    job = execute(emulator, "createBatchJob", {"tasks": [put]}, **group)
    assert emulator.operator.fleet.look(1).tags["a"] == "b"
    emulator.operator.fleet.change(1).tags["a"] = "c"
    emulator.advance(5)
    tasks = execute(emulator, "listTasksOfBatchJob", job_id=job["jobId"], **group)
    assert b'"a":"b"' in tasks.body
