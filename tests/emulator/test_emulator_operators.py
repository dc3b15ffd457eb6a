from __future__ import annotations

import pytest
from plain import log_in, open_client, refused

from soracom_async.credentials.kinds import AuthKey

pytestmark = pytest.mark.anyio


@pytest.fixture
def own(emulator):
    return f"/operators/{emulator.operator_id}"


async def test_the_operator(client, own):
    """An operator finds itself, and no other one."""
    assert (await client.get(own)).json()["email"] == "root@example.com"
    assert refused(await client.get("/operators/OP0000000000"), 400, "AUM9017")


async def test_another_operator_is_out_of_reach(client, other, own):
    """Whatever is asked of another operator is refused alike."""
    for method, path, status in (
        ("GET", "", 400),
        ("GET", "/auth_keys", 403),
        ("POST", "/token", 403),
        ("DELETE", "/tokens", 400),
        ("POST", "/support/token", 400),
        ("GET", "/mfa", 403),
    ):
        assert refused(await other.request(method, own + path, json={}), status, "AUM9017")
    assert (await client.get(own)).status_code == 200


async def test_auth_keys(emulator, client, other, own):
    """A generated AuthKey logs in and is listed without its secret until it is deleted."""
    made = await client.post(f"{own}/auth_keys")
    assert made.status_code == 201
    key = AuthKey(made.json()["authKeyId"], made.json()["authKey"])
    listed = {each["authKeyId"]: each for each in (await client.get(f"{own}/auth_keys")).json()}
    assert "lastUsedDateTime" not in listed[key.auth_key_id]
    async with open_client(emulator) as another:
        assert (await log_in(another, key)).status_code == 200
        listed = {each["authKeyId"]: each for each in (await client.get(f"{own}/auth_keys")).json()}
        assert listed[key.auth_key_id]["lastUsedDateTime"] == emulator.world.wall()
        assert "authKey" not in listed[key.auth_key_id]
        path = f"/operators/{other.operator.id}/auth_keys/{key.auth_key_id}"
        assert refused(await other.delete(path), 404, "AUM9007")
        assert (await client.delete(f"{own}/auth_keys/{key.auth_key_id}")).status_code == 204
        assert refused(await client.delete(f"{own}/auth_keys/{key.auth_key_id}"), 404, "AUM9007")
        assert refused(await log_in(another, key), 401, "AUM0002")


async def test_company_information(client, own):
    """It is said once, then changed, then found."""
    path = f"{own}/company_information"
    body = dict.fromkeys(
        ("companyName", "countryCode", "zipCode", "department", "contactPersonName", "phoneNumber"), "x"
    )
    assert refused(await client.get(path), 404, "AUM9007")
    assert refused(await client.put(path, json=body), 404, "AUM9007")
    assert refused(await client.post(path, json={"companyName": 1}), 400, "COM9003")
    assert refused(await client.post(path, json={"companyName": "x"}), 400, "COM9003")
    assert (await client.post(path, json=body)).status_code == 201
    assert refused(await client.post(path, json=body), 409, "AUM9008")
    assert (await client.put(path, json=body | {"city": "y"})).status_code == 200
    assert (await client.get(path)).json()["city"] == "y"
    assert refused(await client.get(f"{own}/individual_information"), 404, "AUM9007")


async def test_configuration(client, own):
    """A namespace has a version; who expects another one is refused."""
    path = f"{own}/configuration/Support"
    body = {"configuration": {"a": 1}}
    assert refused(await client.get(path), 404, "AUM9007")
    for version in (1, 2):
        assert (await client.post(path, json=body)).json()["version"] == version
    assert refused(await client.post(path, json=body | {"expectedVersion": 1}), 409, "AUM9006")
    assert (await client.post(path, json=body | {"expectedVersion": 2})).json()["version"] == 3
    assert (await client.get(path)).json()["configuration"] == {"a": 1}
    assert (await client.delete(path)).status_code == 204
    assert refused(await client.delete(path), 404, "AUM9007")
    for method in "GET", "DELETE":
        assert refused(await client.request(method, f"{own}/configuration/None"), 404, "AUM9007")
    assert refused(await client.post(f"{own}/configuration/None", json=body), 400, "AUM9003")


async def test_contracts_and_support(client, own):
    """A contract is concluded and ended; a support token is given."""
    assert (await client.post(f"{own}/contracts", json={"contractName": "harvest"})).status_code == 200
    assert (await client.delete(f"{own}/contracts/harvest")).status_code == 204
    assert refused(await client.delete(f"{own}/contracts/harvest"), 404, "AUM9007")
    assert (await client.post(f"{own}/support/token")).json()["token"]


async def test_groups(client):
    """A group is made, found, tagged, configured and removed."""
    made = await client.post("/groups", json={"tags": {"name": "north"}, "configuration": {"A": {"b": 1}}})
    assert made.status_code == 201
    path = f"/groups/{made.json()['groupId']}"
    assert (await client.get(path)).json() == made.json()
    tags = [{"tagName": "a b", "tagValue": "c"}]
    assert (await client.put(f"{path}/tags", json=tags)).json()["tags"] == {"name": "north", "a b": "c"}
    assert (await client.delete(f"{path}/tags/a%2520b")).status_code == 204
    assert refused(await client.delete(f"{path}/tags/a%20b"), 404, "SEM9007")
    parameters = [{"key": "x", "value": {"y": None}}, {"key": "z", "value": 1}]
    configured = (await client.put(f"{path}/configuration/SoracomBeam", json=parameters)).json()
    assert configured["configuration"] == {"A": {"b": 1}, "SoracomBeam": {"x": {"y": None}, "z": 1}}
    assert (await client.delete(f"{path}/configuration/SoracomBeam/z")).status_code == 204
    assert refused(await client.delete(f"{path}/configuration/None/z"), 404, "SEM9007")
    assert (await client.delete(f"{path}/configuration/A")).status_code == 204
    assert (await client.get(path)).json()["configuration"] == {"SoracomBeam": {"x": {"y": None}}}
    assert (await client.delete(path)).status_code == 204
    assert refused(await client.delete(path), 404, "SEM9011")
    assert refused(await client.get(f"{path}/subscribers"), 404, "SEM9011")


async def test_listing_groups(client, other):
    """Groups come in the order of their identifiers, a page at a time, filtered by a tag; and only one's own."""
    every = (await client.get("/groups")).json()
    assert len(every) == 3
    first = await client.get("/groups?limit=2")
    assert first.json() == every[:2]
    key = first.headers["x-soracom-next-key"]
    assert (await client.get(f"/groups?limit=2&last_evaluated_key={key}")).json() == every[2:]
    named = (await client.get("/groups?tag_name=name&tag_value=group-2")).json()
    assert [group["tags"]["name"] for group in named] == ["group-2"]
    assert len((await other.get("/groups")).json()) == 1
    assert refused(await other.get(f"/groups/{every[0]['groupId']}"), 404, "SEM9011")
