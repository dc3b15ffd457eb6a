from __future__ import annotations

import hashlib

import pytest
from direct import execute
from plain import refused

from soracom_async import NotFound
from soracom_async.emulator import Emulator
from soracom_async.emulator.handlers.automation import soralets

pytestmark = pytest.mark.anyio

ID, PATH = "soracom-cli-test", "/soralets/soracom-cli-test"
SOURCE = {"resourceType": "Subscriber", "resourceId": "001010000000000"}
TRIAL = {
    "version": "1",
    "direction": "uplink",
    "contentType": "application/json",
    "payload": "{}",
    "source": {"device": SOURCE},
}


async def test_the_life_of_a_soralet(soracom, emulator):
    """A soralet is made, found, filled with code, tried out and removed."""
    await soracom.soralets.create(soralet_id=ID, description="a trial")
    soralet = await soracom.soralets.get(ID)
    assert (soralet.soralet_id, soralet.description) == (ID, "a trial")
    assert soralet.operator_id == emulator.operator_id
    assert [each.soralet_id for each in await soracom.soralets.list().collect()] == [ID]

    version = await soracom.soralets.upload(ID, content=b"\0asm", content_type="application/octet-stream")
    assert (version.version, version.size, version.hash) == (1, 4, hashlib.sha256(b"\0asm").hexdigest())
    assert version.srn == f"srn:soracom:{emulator.operator_id}:jp:Soralet:{ID}/1"
    answer = await soracom.soralets.exec(
        ID, version="1", direction="uplink", content_type="application/json", payload="{}", source={}
    )
    assert (answer.result_code, answer.body, answer.content_type) == (0, "{}", "application/json")
    (log,) = await soracom.soralets.get_logs(ID).collect()
    assert (log.version, log.message) == (1, "uplink: 2 characters of application/json")

    await soracom.soralets.delete_version(ID, 1)
    assert await soracom.soralets.list_versions(ID).collect() == []
    await soracom.soralets.delete(ID)
    with pytest.raises(NotFound):
        await soracom.soralets.get(ID)


async def test_versions(client, emulator):
    """Versions count on, and the latest is found by its name."""
    assert (await client.post("/soralets", json={"soraletId": ID})).status_code == 201
    assert refused(await client.post(f"{PATH}/test", json=TRIAL | {"version": "$LATEST"}), 404, "SLM9007")
    before = (await client.get(PATH)).json()["updatedTime"]
    for number in range(1, soralets.VERSIONS + 1):
        emulator.advance(1)
        made = await client.post(f"{PATH}/versions", content=bytes(number))
        assert (made.status_code, made.json()["version"], made.json()["size"]) == (201, number, number)
    assert (await client.get(PATH)).json()["updatedTime"] == before + 10_000
    assert refused(await client.post(f"{PATH}/versions", content=b"x"), 400, "SLM9009")
    assert (await client.delete(f"{PATH}/versions/10")).status_code == 204
    assert refused(await client.delete(f"{PATH}/versions/10"), 404, "SLM9007")
    assert (await client.post(f"{PATH}/versions", content=b"x")).json()["version"] == 11

    assert (await client.post(f"{PATH}/test", json=TRIAL | {"version": "$LATEST"})).status_code == 200
    assert (await client.get(f"{PATH}/logs")).json()[0]["version"] == 11
    first = await client.get(f"{PATH}/versions", params={"limit": 6})
    rest = {"limit": 6, "last_evaluated_key": first.headers["x-soracom-next-key"]}
    newest_first = first.json() + (await client.get(f"{PATH}/versions", params=rest)).json()
    assert [each["version"] for each in newest_first] == [11, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert (await client.get(f"{PATH}/versions", params={"sort": "asc"})).json() == newest_first[::-1]


async def test_code_has_a_size(client):
    """No code, or too much of it, makes no version."""
    await client.post("/soralets", json={"soraletId": ID})
    for content in (b"", bytes(soralets.SIZE + 1)):
        assert refused(await client.post(f"{PATH}/versions", content=content), 400, "SLM9003")
    assert (await client.get(f"{PATH}/versions")).json() == []


async def test_soralets_are_named_and_counted(client, other, emulator):
    """A name is of letters, digits, underscores and hyphens, and taken once; an operator may have twenty."""
    for name in ("", "a b", "ä", "x" * 101):
        assert refused(await client.post("/soralets", json={"soraletId": name}), 400, "SLM9003")
    for number in range(soralets.SORALETS):
        emulator.advance(1)
        assert (await client.post("/soralets", json={"soraletId": f"n{number}"})).status_code == 201
    assert refused(await client.post("/soralets", json={"soraletId": "n20"}), 400, "SLM9009")
    await client.delete("/soralets/n7")
    assert refused(await client.post("/soralets", json={"soraletId": "n6"}), 400, "SLM9009")
    listed = (await client.get("/soralets", params={"limit": 100})).json()
    assert [each["soraletId"] for each in listed] == [f"n{number}" for number in range(20) if number != 7]
    assert set(listed[0]) == {"soraletId", "operatorId", "description", "createdTime", "updatedTime"}
    newest = (await client.get("/soralets", params={"sort": "desc", "limit": 1})).json()
    assert newest[0]["soraletId"] == "n19"
    assert (await other.get("/soralets")).json() == []
    assert refused(await other.get("/soralets/n1"), 404, "SLM9007")


async def test_a_trial_needs_a_direction(client):
    """What is neither up nor down is refused; downlinks and other encodings come back as they went."""
    await client.post("/soralets", json={"soraletId": ID})
    await client.post(f"{PATH}/versions", content=b"x")
    assert refused(await client.post(f"{PATH}/test", json=TRIAL | {"direction": "sideways"}), 400, "SLM9003")
    down = TRIAL | {"direction": "downlink", "payload": "AAE=", "encodingType": "binary"}
    answer = (await client.post(f"{PATH}/test", json=down)).json()
    assert (answer["body"], answer["encodingType"]) == ("AAE=", "binary")


def test_the_source_may_be_any(clock):
    """The source is taken as the official command line sends it, even if there is no such subscriber."""
    emulator = Emulator(sims=0, clock=clock)
    execute(emulator, "createSoralet", {"soraletId": ID})
    execute(emulator, "uploadSoraletCode", b"x", soralet_id=ID)
    answer = execute(emulator, "testSoralet", TRIAL | {"source": SOURCE}, soralet_id=ID)
    assert answer == {"resultCode": 0, "body": "{}", "contentType": "application/json", "encodingType": "text"}


def test_the_log_is_kept_for_a_while(clock, monkeypatch):
    """Of many trials the last are kept in the log."""
    monkeypatch.setattr(soralets, "LOGS", 3)
    emulator = Emulator(sims=0, clock=clock)
    execute(emulator, "createSoralet", {"soraletId": ID})
    execute(emulator, "uploadSoraletCode", b"x", soralet_id=ID)
    for number in range(5):
        execute(emulator, "testSoralet", TRIAL | {"payload": "x" * number}, soralet_id=ID)
    logs = execute(emulator, "getSoraletLogs", soralet_id=ID)
    assert b"4 char" in logs.body.split(b"}")[0]
    assert logs.body.count(b"uplink") == 3
