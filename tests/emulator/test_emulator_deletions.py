"""Listings while records are removed: a page goes on behind the place of its key, with its record there or not."""

from __future__ import annotations

import pytest
from plain import log_in, open_client, refused

from soracom_async.emulator import Emulator
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio


async def post(client, path, body):
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def batch_groups(client, number):
    made = await post(client, "/batch_groups", {"batchGroupName": f"b-{number}"})
    return f"/batch_groups/{made['batchGroupId']}"


async def devices(client, number):
    made = await post(client, "/devices", {"endpoint": f"e-{number}", "tags": {"fleet": "new"}})
    return f"/devices/{made['device_id']}"


async def network_sets(client, number):
    made = await post(client, "/lora_network_sets", {"operatorId": "OP1", "tags": {"name": f"n-{number}"}})
    return f"/lora_network_sets/{made['networkSetId']}"


async def sigfox_devices(client, number):
    path = f"/sigfox_devices/AB12C{number}"
    await post(client, f"{path}/register", {"registrationSecret": "1234", "tags": {"fleet": "new"}})
    await client.post(f"{path}/enable_termination")
    return f"{path}/terminate?delete_immediately=true"


async def port_mappings(client, number):
    made = await post(client, "/port_mappings", {"destination": {"simId": sim_id(number + 1), "port": 22}})
    return f"/port_mappings/{made['ipAddress']}/{made['port']}"


async def profile_orders(client, number):
    body = {"subscription": "planX3", "bundles": ["X3-5MB"], "quantity": 1, "description": f"o-{number}"}
    return f"/sim_profile_orders/{(await post(client, '/sim_profile_orders', body))['profileOrderId']}"


async def captures(client, number):
    path = f"/sims/{sim_id(1)}/packet_capture_sessions"
    made = await post(client, path, {"duration": 60})
    client.emulator.advance(100)
    return f"{path}/{made['sessionId']}"


async def groups(client, number):
    return f"/groups/{(await post(client, '/groups', {'tags': {'fleet': 'new'}}))['groupId']}"


async def soralets(client, number):
    await client.post("/soralets", json={"soraletId": f"s-{number}"})
    return f"/soralets/s-{number}"


async def files(client, number):
    path = f"/files/private/d/{number}.txt"
    assert (await client.put(path, content=b"x")).status_code == 201
    return path


async def entries(client, number):
    entry = (await client.get(f"/data/Sim/{sim_id(1)}", params={"limit": 1000, "sort": "asc"})).json()[number]
    return f"/data/Sim/{sim_id(1)}/{entry['time']}"


async def addresses(client, number):
    listed = (await client.get("/virtual_private_gateways")).json()
    vpg_id = listed[0]["vpgId"] if listed else (await post(client, "/virtual_private_gateways", {"type": 14}))["vpgId"]
    path = f"/virtual_private_gateways/{vpg_id}/ip_address_map"
    body = {"key": imsi(number + 1), "ipAddress": f"10.128.0.{99 - number}"}
    await post(client, path, body)
    return f"{path}/{body['key']}"


LISTINGS = {
    batch_groups: "/batch_groups",
    devices: "/devices",
    network_sets: "/lora_network_sets",
    sigfox_devices: "/sigfox_devices",
    port_mappings: "/port_mappings",
    profile_orders: "/sim_profile_orders",
    captures: f"/sims/{sim_id(1)}/packet_capture_sessions",
    groups: "/groups",
    soralets: "/soralets",
    files: "/files/private/d/",
    entries: f"/data/Sim/{sim_id(1)}",
}
FILTERS = {
    devices: {"tag_name": "fleet", "tag_value": "new"},
    sigfox_devices: {"tag_name": "fleet", "tag_value": "new"},
    groups: {"tag_name": "fleet", "tag_value": "new"},
    entries: {"sort": "asc"},
}


async def remove(client, path):
    answer = await (client.post(path) if "/terminate" in path else client.delete(path))
    assert answer.is_success, answer.text


@pytest.fixture
async def client(clock, anyio_backend):
    """The root user's; there are SIMs, of which nothing is listed here."""
    emulator = Emulator(sims=10, groups=0, clock=clock)
    async with open_client(emulator) as client:
        client.emulator = emulator
        assert (await log_in(client, emulator.root_user)).status_code == 200
        yield client


@pytest.mark.parametrize("make", [*LISTINGS, addresses])
@pytest.mark.parametrize("removed", [(1,), (0, 1), (1, 2), (0, 1, 2), (2, 1, 0), (0, 1, 2, 3, 4)])
async def test_what_was_removed_is_no_end(client, make, removed):
    """The rest of a listing is what follows the place of the key, and is still there."""
    paths = [await make(client, number) for number in range(5)]
    listing, query = LISTINGS.get(make) or paths[0].rpartition("/")[0], FILTERS.get(make, {})
    every = (await client.get(listing, params=query | {"limit": 100})).json()
    first = await client.get(listing, params=query | {"limit": 2})
    assert first.json() == every[:2]
    order = sorted(paths) if make is groups else paths  # groups are listed by their identifiers
    for number in removed:
        await remove(client, order[number])
    left = [each for number, each in enumerate(every) if number not in removed and number >= 2]
    key = first.headers["x-soracom-next-key"]
    rest = await client.get(listing, params=query | {"last_evaluated_key": key, "limit": 100})
    assert rest.json() == left
    assert "x-soracom-next-key" not in rest.headers


async def test_what_is_added_again_has_its_old_place(client):
    """A reader between two pages misses nothing."""
    paths = [await sigfox_devices(client, number) for number in range(5)]
    query = {"limit": 2} | FILTERS[sigfox_devices]
    first = await client.get("/sigfox_devices", params=query)
    await remove(client, paths[1])
    await sigfox_devices(client, 1)
    rest = await client.get(
        "/sigfox_devices", params=query | {"last_evaluated_key": first.headers["x-soracom-next-key"]}
    )
    assert [each["device_id"] for each in first.json() + rest.json()] == [f"AB12C{n}" for n in range(4)]


async def test_a_place_outlives_the_emulator(client, clock, tmp_path):
    """A key is good also after the state was saved and loaded."""
    for make in (batch_groups, captures):
        paths = [await make(client, number) for number in range(4)]
        listing = LISTINGS[make]
        first = await client.get(listing, params={"limit": 2})
        rest = (await client.get(listing)).json()[2:]
        await remove(client, paths[1])
        client.emulator.save(tmp_path / "state")
        async with open_client(Emulator.load(tmp_path / "state", clock=clock), **client.headers) as again:
            query = {"last_evaluated_key": first.headers["x-soracom-next-key"]}
            assert (await again.get(listing, params=query)).json() == rest


async def test_places_are_not_kept_for_ever(client, monkeypatch):
    """Only the last of the removed records are remembered."""
    from soracom_async.emulator.state import collections

    monkeypatch.setattr(collections, "REMEMBERED", 3)
    paths = [await devices(client, number) for number in range(8)]
    keys = [path.rpartition("/")[2] for path in paths]
    for path in paths[:7]:
        await remove(client, path)
    assert refused(await client.get("/devices", params={"last_evaluated_key": keys[0]}), 400, "COM9003")
    assert len((await client.get("/devices", params={"last_evaluated_key": keys[6]})).json()) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_what_happens_between_two_pages_moves_nothing(client, order):
    """The history of a SIM grows while it is read: no state is shown twice, and none is missed."""
    path = f"/sims/{sim_id(1)}"
    for _ in range(2):
        for word in ("activate", "suspend"):
            client.emulator.advance(10)
            assert (await client.post(f"{path}/{word}")).is_success
    history = f"{path}/statuses/history"
    before = (await client.get(history, params={"sort": order})).json()
    first = await client.get(history, params={"limit": 2, "sort": order})
    client.emulator.advance(10)
    await client.post(f"{path}/activate")
    query = {"sort": order, "last_evaluated_key": first.headers["x-soracom-next-key"]}
    rest = (await client.get(history, params=query)).json()
    assert (first.json() + rest)[: len(before)] == before
    assert len(rest) == len(before) - 2 + (order == "asc")


@pytest.mark.parametrize(
    "listing", ["/query/sims?name=si&", "/query/subscribers?name=si&", "/groups/GROUP/subscribers?"]
)
async def test_a_key_of_no_sim_is_refused(client, listing):
    """A search does not begin anew."""
    path = listing.replace("/groups/GROUP", await groups(client, 0))
    assert refused(await client.get(f"{path}last_evaluated_key=x"), 400, "SEM9003")
