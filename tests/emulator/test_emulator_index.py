"""The search for SIMs follows their changes a moment later, as the index of the service does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import log_in, open_client

from soracom_async.emulator import Emulator
from soracom_async.emulator.state import index
from soracom_async.emulator.state.fleet import Fleet
from soracom_async.emulator.state.index import Index
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio
SIM = f"/sims/{sim_id(7)}"


async def found(client, **query):
    """Return the numbers of the SIMs that a search finds, which are the same from both sides."""
    numbers = {}
    for side in ("sims", "subscribers"):
        answer = await client.get(f"/query/{side}", params={"limit": 100} | query)
        assert answer.status_code == 200, answer.text
        numbers[side] = [int(sim["simId"][-9:]) for sim in answer.json()]
    assert numbers["sims"] == numbers["subscribers"]
    return numbers["sims"]


async def rename(client, name, number=7):
    answer = await client.put(f"/sims/{sim_id(number)}/tags", json=[{"tagName": "name", "tagValue": name}])
    assert answer.status_code == 200


async def test_a_change_is_found_after_a_second(emulator, client):
    """Until then a search finds the SIM as it was, and shows it so; a listing shows the change at once."""
    before = (await client.get(SIM)).json()
    await rename(client, "boiler")
    assert (await client.get(SIM)).json()["tags"]["name"] == "boiler"
    assert await found(client, name="boiler") == []
    assert (await client.get("/query/sims", params={"sim_id": sim_id(7)})).json() == [before]
    emulator.advance(0.9)
    assert await found(client, name="boiler") == []
    assert await found(client, name="device-0000000007") == [7]
    emulator.advance(0.1)
    assert await found(client, name="boiler") == [7]
    assert await found(client, name="device-0000000007") == []


async def test_each_of_several_changes(emulator, client):
    """A search finds one after another."""
    for name in ("one", "two", "three"):
        await rename(client, name)
        emulator.advance(0.4)
    assert await found(client, name="one") == [7]
    emulator.advance(0.4)
    assert await found(client, name="two") == [7]
    emulator.advance(0.4)
    assert await found(client, name="three") == [7]


async def test_a_new_sim_is_found_later(emulator, client):
    """A SIM that was registered is not found at once, neither by its name nor among all."""
    body = {"registrationSecret": "1", "tags": {"name": "newcomer"}}
    assert (await client.post(f"/sims/{sim_id(500)}/register", json=body)).status_code == 201
    every = await found(client)
    assert 500 not in every
    assert await found(client, name="newcomer") == await found(client, iccid=sim_id(500)) == []
    emulator.advance(1)
    assert await found(client, name="newcomer") == await found(client, iccid=sim_id(500)) == [500]
    assert await found(client) == [*every, 500]


async def test_a_sim_that_left_is_found_a_little_longer(emulator, client, other):
    """A SIM that was given away is still found by its old operator, and not yet by the new one."""
    body = {
        "transferDestinationOperatorEmail": "other@example.com",
        "transferDestinationOperatorId": other.operator.id,
        "transferImsi": [imsi(7)],
    }
    token = (await client.post("/subscribers/transfer_token/issue", json=body)).json()["token"]
    assert (await other.post("/subscribers/transfer_token/verify", json={"token": token})).status_code == 200
    assert (await client.get(SIM)).status_code == 404
    assert 7 in await found(client)
    assert await found(client, iccid=sim_id(7)) == [7]
    assert 7 not in await found(other)
    emulator.advance(1)
    assert 7 not in await found(client)
    assert 7 in await found(other)
    page = await client.get("/query/sims", params={"limit": 6})
    rest = {"limit": 1, "last_evaluated_key": page.headers["x-soracom-next-key"]}
    assert [sim["simId"] for sim in (await client.get("/query/sims", params=rest)).json()] == [sim_id(8)]


async def test_everything_of_a_sim_is_as_it_was(emulator, client):
    """Also what belongs to it: further subscriptions, the status and the group."""
    sim = (await client.post(f"/sims/{sim_id(500)}/register", json={"registrationSecret": "1"})).json()["simId"]
    emulator.advance(1)
    path, group = f"/sims/{sim}", next(iter(emulator.operator.groups))
    before = (await client.get(path)).json()
    added = await client.post(f"{path}/profiles/{sim}/add_subscription", json={"subscription": "planX1"})
    assert added.status_code == 200
    for word, body in (("activate", None), ("set_group", {"groupId": group}), ("enable_termination", None)):
        assert (await client.post(f"{path}/{word}", json=body)).status_code == 200
    assert (await client.post(f"{path}/packet_capture_sessions", json={"duration": 60})).status_code == 200
    assert (await client.get("/query/sims", params={"sim_id": sim})).json() == [before]
    emulator.advance(1)
    assert (await client.get("/query/sims", params={"sim_id": sim})).json() == [(await client.get(path)).json()]


@pytest.mark.parametrize(("delay", "after"), [(0, 0), (1, 1), (10, 10)])
async def test_the_delay_is_a_setting(clock, anyio_backend, delay, after):
    """At once, or after any time; a second is the default."""
    emulator = Emulator(sims=10, clock=clock, **({} if delay == 1 else {"search_delay": delay}))
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        await rename(client, "boiler")
        if after:
            emulator.advance(after - 0.1)
            assert await found(client, name="boiler") == []
            emulator.advance(0.1)
        assert await found(client, name="boiler") == [7]


async def test_a_fault_makes_it_later(emulator, client):
    """A search finds what was there so many seconds before; nothing else is hit by the fault."""
    await rename(client, "boiler")
    emulator.advance(2)
    with emulator.fault("stale-search", seconds=60) as fault:
        assert await found(client, name="boiler") == []
        assert (await client.get(SIM)).json()["tags"]["name"] == "boiler"
        assert (await client.get("/v1/nowhere")).status_code == 404
        assert fault.hits == 2
        emulator.advance(60)
        assert await found(client, name="boiler") == [7]
        await rename(client, "oven")
        emulator.advance(60)
        assert await found(client, name="boiler") == [7]
    assert await found(client, name="oven") == [7]


async def test_its_memory_has_a_bound(emulator, client, monkeypatch):
    """Of very many changes only the latest are late."""
    monkeypatch.setattr(index, "KEPT", 3)
    emulator.reset()
    await log_in(client, emulator.root_user)
    for number in range(1, 6):
        await rename(client, "boiler", number)
    assert await found(client, name="boiler") == [1, 2]


async def test_a_loaded_state_is_found_at_once(emulator, client, tmp_path, clock):
    """The index is not saved: it begins with what the file has."""
    await rename(client, "boiler")
    emulator.save(tmp_path / "state")
    loaded = Emulator.load(tmp_path / "state", clock=clock)
    async with open_client(loaded) as client:
        await log_in(client, loaded.root_user)
        assert await found(client, name="boiler") == [7]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.sampled_from(["tag", "add", "remove"]))))
def test_the_index_is_what_the_fleet_was(steps):
    """Whatever happens, the index of a time has the SIMs of that time."""
    now = 0
    fleet = Fleet("OP1", range(1, 4), key=1, epoch=1, time=lambda: now)

    def seen(sims):
        return [(number, sims.look(number).tags.get("step")) for number in sims.after(0)]

    was = {0: seen(fleet)}
    for step, (wait, number, action) in enumerate(steps):
        now += wait
        if action == "tag" and number in fleet:
            fleet.change(number).tags["step"] = str(step)
        elif action == "remove" and number in fleet:
            fleet.remove(number)
        elif action == "add" and number and number not in fleet:
            fleet.add(fleet.blank(number, now))
        was[now] = seen(fleet)
    for at, sims in was.items():
        assert seen(fleet.indexed(at)) == sims
        assert Counter(number in fleet.indexed(at) for number in range(7))[True] == len(sims)


def test_a_sim_that_did_not_change_takes_no_memory():
    """An index knows the changed SIMs only."""
    assert Index().as_of(0) == {}
    fleet = Fleet("OP1", range(1, 1_000_000), key=1, epoch=1, time=lambda: 5)
    fleet.change(3)
    assert list(fleet._index.as_of(4)) == [3]
