"""How a listing is cut into pages, and what its keys are."""

from __future__ import annotations

import pytest
from attrs import evolve
from plain import open_client
from planner import Planner

from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator import Emulator
from soracom_async.emulator.state import accounts
from soracom_async.emulator.state.paging import first_page
from soracom_async.emulator.state.sims import imsi, sim_id

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PAGED = [id_ for id_ in MODULES if load(id_).paging is not None]
NO_KEYS = ("none", "-1", "1_", "~", "a/b", "9" * 5000, "999999999999", UNKNOWN, sim_id(999), imsi(999), "Sim/unknown")
"""What is the key of no listing: texts, a time, names of what there is not."""


@pytest.mark.parametrize(
    ("limit", "page", "key"),
    [(1, [1], "1"), (2, [1, 2], "2"), (3, [1, 2, 3], None), (4, [1, 2, 3], None)],
)
def test_a_page_has_a_key_if_items_follow(limit, page, key):
    """It is the key of the last item of the page."""
    assert first_page([1, 2, 3], limit, key=str) == (page, key)


def test_an_empty_listing_has_one_page():
    """It is empty, and has no key."""
    assert first_page([], 1, key=str) == ([], None)


def test_the_key_is_that_of_the_last_item_looked_at():
    """Items that are not wanted are skipped; the next page starts after them, even if it is empty then."""
    assert first_page(range(1, 6), 2, key=str, wanted=lambda item: item % 2 == 1) == ([1, 3], "3")
    assert first_page([1, 2], 1, key=str, wanted=lambda item: item == 1) == ([1], "1")


def test_a_page_ends_after_so_many_items_looked_at():
    """It is short or empty then, and another page follows."""
    assert first_page(range(1, 10), 2, key=str, wanted=lambda item: item == 2, scan=4) == ([2], "4")
    assert first_page(range(1, 10), 2, key=str, wanted=lambda item: item == 9, scan=4) == ([], "4")
    assert first_page(range(1, 5), 2, key=str, wanted=lambda item: item == 9, scan=4) == ([], None)


def test_no_more_items_are_read_than_are_needed():
    """One item after the page shows that another page follows."""
    items = iter(range(10))
    assert first_page(items, 3, key=str) == ([0, 1, 2], "2")
    assert next(items) == 4


def test_how_many_listings_are_paged():
    """The official document says it of these."""
    assert len(PAGED) == 53


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # the answers do not depend on it
@pytest.mark.parametrize("id_", PAGED)
async def test_every_listing_refuses_what_is_no_key_of_it(emulator, client, id_):
    """There is no empty page, and no first page again; the key of a page and an empty one are understood."""
    plan = await Planner(emulator, client).plan(id_)

    async def page(key):
        return await evolve(plan, query=plan.query | {load(id_).paging.parameter: key}).send(client)

    for key in NO_KEYS:
        refusal = await page(key)
        assert (refusal.status_code, refusal.json().keys()) == (400, {"code", "message"}), key
    first = await plan.send(client)
    assert first.status_code == 200
    key = first.headers.get("x-soracom-next-key")
    assert key is None or (await page(key)).status_code == 200
    typed = [each.type for each in load(id_).query if each.wire == load(id_).paging.parameter]
    assert int in typed or (await page("")).status_code == 200


@pytest.mark.anyio
async def test_keys_that_clients_make(emulator, client):
    """The document has the time of the last event, and the identifiers of the last soralet and version, as keys."""
    for name in ("one", "two", "three"):
        await client.post("/soralets", json={"soraletId": name})
        await client.post("/soralets/one/versions", content=b"code")
        emulator.advance(1)
    used = next(sim["simId"] for sim in (await client.get("/sims")).json() if sim["previousSession"])
    for path, name in (
        (f"/sims/{used}/events/sessions", "time"),
        ("/soralets", "soraletId"),
        ("/soralets/one/versions", "version"),
    ):
        for order in ("asc", "desc"):
            query = {"sort": order, "limit": 4}
            every = (await client.get(path, params=query)).json()
            for at, last in enumerate(every[:3]):
                rest = await client.get(path, params=query | {"last_evaluated_key": last[name]})
                assert rest.json()[: len(every) - at - 1] == every[at + 1 :]


@pytest.mark.anyio
async def test_entries_of_one_time_are_not_lost_between_pages(emulator, client):
    """The key that a page gives tells them apart; one that a client made from their time is behind all of them."""
    sim = (await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})).json()["simId"]
    for _ in range(2):
        assert (await client.post(f"/sims/{sim}/sessions/arc", json={})).is_success
        assert (await client.post(f"/sims/{sim}/delete_session")).is_success
    path, found, query = f"/sims/{sim}/events/sessions", [], {"limit": 1}
    while True:
        page = await client.get(path, params=query)
        found += page.json()
        if "x-soracom-next-key" not in page.headers:
            break
        query["last_evaluated_key"] = page.headers["x-soracom-next-key"]
    assert [event["event"] for event in found] == ["Deleted", "Created"] * 2
    assert len({event["time"] for event in found}) == 1
    at = found[0]["time"]
    assert (await client.get(path, params={"last_evaluated_key": at})).json() == []
    for key in (at + 1, f"{at}_4", f"{at + 1}_0"):
        assert (await client.get(path, params={"last_evaluated_key": key})).status_code == 400


@pytest.mark.anyio
async def test_keys_that_were_given_stay_valid(emulator, client, clock, tmp_path, monkeypatch):
    """They do without their records, and in a state that was saved; but the oldest are forgotten."""
    monkeypatch.setattr(accounts, "GIVEN_KEYS", 2)
    for number in range(5):
        await client.post("/groups", json={"tags": {"name": str(number)}})
    every = [group["groupId"] for group in (await client.get("/groups")).json()]
    for number in range(1, 5):
        page = await client.get("/groups", params={"limit": number})
        assert page.headers["x-soracom-next-key"] == every[number - 1]
    for group_id in every[:4]:
        assert (await client.delete(f"/groups/{group_id}")).is_success
    emulator.save(tmp_path / "state")
    again = Emulator.load(tmp_path / "state", clock=clock)
    async with open_client(again, **client.headers) as later:
        for key in every[:4]:
            rest = await later.get("/groups", params={"last_evaluated_key": key})
            assert [group["groupId"] for group in rest.json()] == every[4:]
        await later.get("/groups", params={"limit": 1})  # this gives a fifth key, and the last two are remembered
        answers = [await later.get("/groups", params={"last_evaluated_key": key}) for key in every[:4]]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 200]


@pytest.mark.anyio
async def test_a_key_is_of_one_listing(client, other):
    """The key of a listing is not one of another operator's, nor of another listing."""
    groups = [group["groupId"] for group in (await client.get("/groups")).json()]
    assert (await client.get("/groups?limit=1")).headers["x-soracom-next-key"] == groups[0]
    await client.delete(f"/groups/{groups[0]}")
    assert (await client.get("/groups", params={"last_evaluated_key": groups[0]})).status_code == 200
    assert (await client.get("/devices", params={"last_evaluated_key": groups[0]})).status_code == 400
    assert (await other.get("/groups", params={"last_evaluated_key": groups[0]})).status_code == 400
