"""Orders of eSIM profiles."""

from __future__ import annotations

import pytest
from fitting import fitting
from plain import log_in, refused

pytestmark = pytest.mark.anyio
PATH = "/sim_profile_orders"
BODY = {"subscription": "planX3", "quantity": 2, "bundles": ["X3-5MB"], "speedClass": "s1.fast", "description": "test"}


async def test_the_way_of_an_order(emulator, client, other):
    """An order is offered, confirmed and made; its SIMs belong to the fleet, its profiles can be installed then."""
    offer = fitting("createProfileOrder", await client.post(PATH, json=BODY))
    assert offer["status"] == "DRAFT"
    path = f"{PATH}/{offer['profileOrderId']}"
    assert fitting("getProfileOrder", await client.get(path)) == offer
    assert fitting("listOrderedProfiles", await client.get(f"{path}/profiles")) == []
    assert refused(await other.get(path), 404, "COM9007")
    confirmed = fitting("confirmProfileOrder", await client.post(f"{path}/confirm", content=b""))
    assert (confirmed["status"], confirmed["confirmedTime"]) == ("CONFIRMED", emulator.world.milliseconds())
    assert len((await client.get("/sims")).json()) == 32
    emulator.advance(5)
    assert fitting("getProfileOrder", await client.get(path))["status"] == "IN_PROGRESS"
    assert (await client.get(f"{path}/profiles")).json() == []
    emulator.advance(5)
    completed = fitting("getProfileOrder", await client.get(path))
    assert (completed["status"], completed["completedTime"]) == ("COMPLETED", confirmed["confirmedTime"] + 10_000)
    profiles = fitting("listOrderedProfiles", await client.get(f"{path}/profiles"))
    for profile in profiles:
        assert profile["activationCode"] == f"LPA:1${profile['smdpAddress']}${profile['matchingId']}"
        sim = (await client.get(f"/sims/{profile['iccid']}")).json()
        assert (sim["speedClass"], sim["moduleType"]) == ("s1.fast", "profilePackage")
        assert sim["profiles"][sim["simId"]]["subscribers"][profile["imsi"]]["bundles"] == ["X3-5MB"]
    assert len({profile["matchingId"] for profile in profiles}) == 2
    assert refused(await client.post(f"{path}/confirm"), 400, "COM9009")
    assert refused(await client.delete(path), 400, "COM9009")


async def test_offers_are_forgotten(emulator, client):
    """An offer is forgotten when that is asked for, or after a day; an order never."""
    made = [(await client.post(PATH, json=BODY | {"bundles": None})).json()["profileOrderId"] for _ in range(3)]
    fitting("deleteProfileOrder", await client.delete(f"{PATH}/{made[0]}"))
    assert refused(await client.delete(f"{PATH}/{made[0]}"), 404, "COM9007")
    await client.post(f"{PATH}/{made[1]}/confirm")
    first = await client.get(f"{PATH}?limit=1")
    listed = fitting("listProfileOrders", first)
    query = {"last_evaluated_key": first.headers["x-soracom-next-key"]}
    listed += fitting("listProfileOrders", await client.get(PATH, params=query))
    assert [order["profileOrderId"] for order in listed] == made[1:]
    emulator.advance(86_401)
    assert (await log_in(client, emulator.root_user)).status_code == 200
    assert [order["profileOrderId"] for order in (await client.get(PATH)).json()] == [made[1]]
    assert refused(await client.post(f"{PATH}/{made[2]}/confirm"), 404, "COM9007")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"subscription": "plan-D", "bundles": []}, "COM9003"),
        ({"quantity": 0}, "COM9003"),
        ({"quantity": 101}, "COM9003"),
        ({"bundles": ["X3-5MB", "X3-5MB"]}, "COM9003"),
        ({"bundles": ["US-1MB"]}, "COM9003"),
        ({"description": "x" * 101}, "COM9003"),
        ({"speedClass": "s1.8xfast"}, "SEM9028"),
    ],
)
async def test_what_cannot_be_offered(client, wrong, code):
    """An offer is of profiles that there are, with what goes with them."""
    assert refused(await client.post(PATH, json=BODY | wrong), 400, code)
