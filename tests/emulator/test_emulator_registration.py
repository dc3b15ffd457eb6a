"""SIMs that nobody has yet, and who may take them."""

from __future__ import annotations

import pytest
from fitting import fitting
from plain import refused

from soracom_async.emulator.state.sims import imsi, number_of, sim_id

pytestmark = pytest.mark.anyio


async def test_a_sim_is_made_and_registered(emulator, client, other):
    """A SIM of the sandbox belongs to nobody until somebody registers it with its secret."""
    body = {"subscription": "plan-D", "bundles": ["D-500MB"]}
    made = fitting("sandboxCreateSubscriber", await client.post("/sandbox/subscribers/create", json=body))
    assert (made["status"], made["subscription"], made["speedClass"]) == ("ready", "plan-D", "s1.standard")
    assert refused(await client.get(f"/subscribers/{made['imsi']}"), 404, "SEM9001")
    path = f"/subscribers/{made['imsi']}/register"
    assert refused(await client.post(path, json={"registrationSecret": "x"}), 400, "SEM9026")
    group = next(iter(other.operator.groups))
    body = {"registrationSecret": made["registrationSecret"], "groupId": group, "tags": {"a": "b"}}
    assert refused(await client.post(path, json=body), 404, "SEM9011")
    sim = fitting("registerSubscriber", await other.post(path, json=body))
    assert (sim["operatorId"], sim["groupId"], sim["tags"]) == (other.operator.id, group, {"a": "b"})
    assert (sim["serialNumber"], sim["bundles"]) == (made["serialNumber"], ["D-500MB"])
    assert sim["registeredTime"] == emulator.world.milliseconds()
    assert refused(await client.post(path, json=body), 400, "SEM9026")


async def test_every_sim_is_another_one(client):
    """No two SIMs that are made share a number, whoever makes them, and however."""
    made = [(await client.post("/sandbox/subscribers/create", content=b"")).json() for _ in range(3)]
    assert made[0]["subscription"] == "plan01s"
    virtual = await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})
    assert len({*(sim["imsi"] for sim in made), next(iter(virtual.json()["profiles"].values()))["primaryImsi"]}) == 4
    # The next number is taken by somebody who brought a SIM from elsewhere.
    number = number_of(made[-1]["imsi"])
    assert (await client.post(f"/sims/{sim_id(number + 2)}/register", json={"registrationSecret": "1"})).is_success
    made = [(await client.post("/sandbox/subscribers/create", content=b"")).json() for _ in range(2)]
    assert imsi(number + 2) not in {sim["imsi"] for sim in made}
    body = {"registrationSecret": made[0]["registrationSecret"]}
    path = f"/sims/{sim_id(number_of(made[0]['imsi']))}/register"
    assert fitting("registerSim", await client.post(path, json=body))


@pytest.mark.parametrize(
    ("subscription", "speed_class"),
    [("plan-KM1", "t1.standard"), ("plan-DU", "u1.standard"), ("planX3", "s1.standard")],
)
async def test_subscriptions(client, subscription, speed_class):
    """A new SIM has the usual speed class of its subscription."""
    made = await client.post("/sandbox/subscribers/create", json={"subscription": subscription})
    assert made.json()["speedClass"] == speed_class


@pytest.mark.parametrize("body", [{"subscription": "plan-X"}, {"subscription": "plan-D", "bundles": ["DU-10GB"]}])
async def test_what_cannot_be_made(client, body):
    """A SIM has a subscription that exists and a bundle of it."""
    assert refused(await client.post("/sandbox/subscribers/create", json=body), 400, "SEM9003")
