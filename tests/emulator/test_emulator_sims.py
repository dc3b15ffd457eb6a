from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import log_in, open_client, refused

from soracom_async._codec.model import wire_name
from soracom_async.api import _shared
from soracom_async.emulator import Emulator
from soracom_async.emulator.durations import DAY_MS
from soracom_async.emulator.state.fleet import Fleet
from soracom_async.emulator.state.listing import SCAN
from soracom_async.emulator.state.sims import (
    SHAPES,
    imsi,
    msisdn,
    number_of,
    sim_id,
)
from soracom_async.emulator.state.world import EPOCH

pytestmark = pytest.mark.anyio
SIM, IMSI = "/sims/" + sim_id(1), "/subscribers/" + imsi(1)


EPOCH_MS = EPOCH * 1000


class FleetInTime(Fleet):
    """A fleet with a time that can be moved."""

    def __init__(self, *arguments, now, **settings):
        self.now = now
        super().__init__(*arguments, time=lambda: self.now, **settings)

    def later(self, milliseconds):
        self.now += milliseconds


def fleet_of(numbers, groups=(), key=1, now=EPOCH_MS, **more):
    return FleetInTime("OP1", numbers, key=key, epoch=EPOCH_MS, now=now, groups=groups, **more)


async def everything(client, path, **query):
    """Return the items of all pages, and how many items each page had."""
    items, sizes = [], []
    while True:
        answer = await client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        items += answer.json()
        sizes.append(len(answer.json()))
        if "x-soracom-next-key" not in answer.headers:
            return items, sizes
        query["last_evaluated_key"] = answer.headers["x-soracom-next-key"]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**64), st.integers(-700 * DAY_MS, 1500 * DAY_MS), st.lists(st.integers(0, 300 * DAY_MS), max_size=5)
)
def test_a_seeded_sim_is_the_same_in_all_ways(key, since, steps):
    """The quick text of a SIM that never changed is what encoding its shape gives, and what a changed SIM shows."""
    quick, changed = (fleet_of(range(1, 9), groups=("a", "b"), key=key, now=EPOCH_MS + since) for _ in range(2))
    for number in changed.numbers:
        changed.change(number)
    for step in (0, *steps):
        quick.later(step)
        changed.later(step)
        for number in quick.numbers:
            for side, shape in SHAPES.items():
                shown = json.loads(quick.json(number, side))
                assert shown == shape(quick.look(number)) == json.loads(changed.json(number, side))


@pytest.mark.parametrize(("side", "model"), [("sim", _shared.Sim), ("subscriber", _shared.Subscriber)])
def test_a_shape_has_all_fields_of_its_model(side, model):
    """Every field that the document declares is there, and no other; an eICCID was seen in few bodies only."""
    shown = SHAPES[side](fleet_of(range(1, 2)).look(1))
    assert {wire_name(model, field.name) for field in attrs.fields(model)} - {"eiccid"} == set(shown)


def test_one_seed_makes_one_fleet():
    """The same seed gives the same SIMs, another seed gives others."""
    one, same, other = (Emulator(sims=50, seed=seed).operator.fleet for seed in (1, 1, 2))
    assert [one.json(n, "sim") for n in range(1, 51)] == [same.json(n, "sim") for n in range(1, 51)]
    assert one.json(1, "sim") != other.json(1, "sim")


def test_a_fleet_has_a_bit_of_everything():
    """Of a thousand seeded SIMs some are in each status but terminated, some in no group."""
    sims = [fleet_of(range(1, 1001), groups=("a", "b")).look(number) for number in range(1, 1001)]
    assert {sim.status for sim in sims} == {"ready", "active", "inactive", "standby", "suspended"}
    assert {sim.group_id for sim in sims} == {None, "a", "b"}
    assert all("00101" in sim.imsi and len(sim.imsi) == 15 and len(sim.sim_id) == 19 for sim in sims)
    assert all(sim.status == "active" for sim in sims if sim.online)


@pytest.mark.parametrize("name", ["", "1", sim_id(1) + "0", sim_id(0), imsi(0), sim_id(1)[:-1] + "x", imsi(10**9)])
def test_what_is_no_identifier(name):
    """An identifier has its prefix, its length and a number from 1 on."""
    assert number_of(name) is None
    assert number_of(sim_id(7)) == number_of(imsi(7)) == number_of(msisdn(7)) == 7


def test_a_fleet_that_gains_and_loses_keeps_its_order():
    """SIMs added and given away leave a listing sorted, whatever their numbers."""
    fleet = fleet_of(range(10, 20))
    for number in (5, 25, 3):
        fleet.add(fleet.blank(number, 0))
    for number in (12, 25):
        assert fleet.remove(number).number == number
    assert list(fleet.after(0)) == [3, 5, 10, 11, 13, 14, 15, 16, 17, 18, 19]
    assert list(fleet.after(14)) == [15, 16, 17, 18, 19]
    assert len(fleet) == 11
    assert 12 not in fleet
    fleet.add(fleet.blank(12, 0))
    assert 12 in fleet
    assert list(fleet.after(10))[:2] == [11, 12]


async def test_listings_stream_the_whole_fleet(client):
    """Page by page come all SIMs and all subscribers, in order, once."""
    sims, sizes = await everything(client, "/sims", limit=7)
    assert [sim["simId"] for sim in sims] == [sim_id(n) for n in range(1, 31)]
    assert sizes == [7, 7, 7, 7, 2]
    subscribers, sizes = await everything(client, "/subscribers", limit=10)
    assert [each["imsi"] for each in subscribers] == [imsi(n) for n in range(1, 31)]
    assert sizes == [10, 10, 10]
    assert refused(await client.get("/sims?last_evaluated_key=x"), 400, "SEM9003")


async def test_limits_have_a_ceiling(clock):
    """More than a listing's most is as much as its most."""
    emulator = Emulator(sims=1200, clock=clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        assert len((await client.get("/sims?limit=5000")).json()) == 1000
        assert len((await client.get("/subscribers?limit=5000")).json()) == 100
        assert len((await client.get("/sims")).json()) == 100


async def test_filters(client):
    """Status, speed class, serial number and tags, alone and together."""
    every, _ = await everything(client, "/subscribers")
    prefix = {"tag_value_match_mode": "prefix"}
    for query, wanted in (
        ({"status_filter": "ready|suspended"}, lambda n, each: each["status"] in ("ready", "suspended")),
        ({"speed_class_filter": "s1.fast"}, lambda n, each: each["speedClass"] == "s1.fast"),
        ({"serial_number_filter": "AB000000001|AB0000000002"}, lambda n, each: n in {2, *range(10, 20)}),
        ({"tag_name": "site", "tag_value": "tokyo"}, lambda n, each: each["tags"]["site"] == "tokyo"),
        ({"tag_name": "name", "tag_value": "device-000000002"} | prefix, lambda n, each: 20 <= n < 30),
        ({"tag_name": "none", "tag_value": ""} | prefix, lambda n, each: False),
        (
            {"status_filter": "active", "tag_name": "site", "tag_value": "osaka"},
            lambda n, each: each["status"] == "active" and each["tags"]["site"] == "osaka",
        ),
    ):
        found, _ = await everything(client, "/subscribers", limit=3, **query)
        assert found == [each for n, each in enumerate(every, 1) if wanted(n, each)], query
    assert refused(await client.get("/subscribers?tag_name=a"), 400, "SEM9003")
    assert refused(await client.get("/subscribers?tag_value_match_mode=a"), 400, "SEM9003")


def test_a_filtered_page_may_be_short_and_not_the_last():
    """A listing looks at so many SIMs for one page; where none passes, the page is empty and goes on."""
    fleet = fleet_of(range(1, SCAN + 10))
    page = fleet.page("subscriber", 0, 10, lambda sim: sim.number > SCAN)
    assert (page.body, page.next_key) == (b"[]", imsi(SCAN))
    rest = fleet.page("subscriber", SCAN, 10, lambda sim: sim.number > SCAN)
    assert (len(json.loads(rest.body)), rest.next_key) == (9, None)


async def test_a_change_is_seen_from_both_sides(client):
    """What is done to a SIM is done to its subscriber, and the listing shows it."""
    sim = (await client.post(f"{SIM}/suspend")).json()
    assert (sim["simId"], sim["status"]) == (sim_id(1), "suspended")
    assert (await client.get(IMSI)).json()["status"] == "suspended"
    assert (await client.get("/sims?limit=1")).json()[0]["status"] == "suspended"
    assert sim["profiles"][sim_id(1)]["subscribers"][imsi(1)]["status"] == "suspended"
    subscriber = (await client.post(f"{IMSI}/set_to_standby")).json()
    assert (subscriber["imsi"], subscriber["simId"], subscriber["status"]) == (imsi(1), sim_id(1), "standby")
    for word, status in (("deactivate", "inactive"), ("activate", "active"), ("activate", "active")):
        assert (await client.post(f"{SIM}/{word}")).json()["status"] == status
    assert (await client.get(IMSI)).json()["status"] == "active"


async def test_a_terminated_sim_stays_and_never_changes(client):
    """Only without its protection a SIM can be terminated; then every change is refused, and it is still listed."""
    assert refused(await client.post(f"{SIM}/terminate"), 400, "SEM9004")
    assert (await client.post(f"{SIM}/enable_termination")).json()["terminationEnabled"] is True
    assert (await client.post(f"{IMSI}/disable_termination")).json()["terminationEnabled"] is False
    assert refused(await client.post(f"{IMSI}/terminate"), 400, "SEM9004")
    assert (await client.post(f"{IMSI}/enable_termination")).status_code == 200
    assert (await client.post(f"{SIM}/terminate")).json()["status"] == "terminated"
    for path, body in {
        "activate": None,
        "terminate": None,
        "enable_termination": None,
        "update_speed_class": {"speedClass": "s1.fast"},
        "unset_group": None,
        "set_imei_lock": {"imei": "1"},
        "unset_imei_lock": None,
        "set_expiry_time": {"expiryTime": 1},
        "unset_expiry_time": None,
        "send_sms": {"payload": "a"},
        "report_local_info": None,
    }.items():
        assert refused(await client.post(f"{SIM}/{path}", json=body), 400, "SEM9023"), path
    assert refused(await client.put(f"{SIM}/tags", json=[]), 400, "SEM9023")
    assert refused(await client.delete(f"{SIM}/tags/name"), 400, "SEM9023")
    assert (await client.get("/subscribers?status_filter=terminated")).json()[0]["imsi"] == imsi(1)


async def test_speed_classes(client):
    """A speed class that the subscription does not know is refused."""
    for _ in range(2):
        answer = await client.post(f"{SIM}/update_speed_class", json={"speedClass": "s1.slow"})
        assert answer.json()["speedClass"] == "s1.slow"
    assert refused(await client.post(f"{SIM}/update_speed_class", json={"speedClass": "x"}), 400, "SEM9028")
    assert refused(await client.post(f"{SIM}/update_speed_class", json={}), 400, "COM9003")


async def test_imei_lock(emulator, client):
    """A SIM is bound to the device named, or to that it is used in."""
    online = next(n for n in range(1, 31) if emulator.operator.fleet.look(n).online)
    path = f"/sims/{sim_id(online)}"
    sim = (await client.post(f"{path}/set_imei_lock", json={})).json()
    assert sim["imeiLock"]["imei"] == sim["sessionStatus"]["imei"]
    given = {"imei": "350000000000017"}
    assert (await client.post(f"{path}/set_imei_lock", json=given)).json()["imeiLock"] == given
    assert (await client.post(f"{path}/unset_imei_lock")).json()["imeiLock"] is None
    assert (await client.post(f"{path}/delete_session")).json()["sessionStatus"]["online"] is False
    assert refused(await client.post(f"{path}/set_imei_lock", json={}), 400, "SEM9027")


async def test_sessions_and_their_events(emulator, client, clock):
    """A session that is ended leaves the previous one and its events; the device connects again within five minutes."""
    online = next(n for n in range(1, 31) if emulator.operator.fleet.look(n).online)
    path = f"/subscribers/{imsi(online)}"
    before, _ = await everything(client, f"{path}/events/sessions", limit=7)
    created = before[0]
    assert created["event"] == "Created"
    ended = (await client.post(f"{path}/delete_session")).json()
    assert ended["previousSession"]["sessionId"] == created["sessionId"]
    assert ended["previousSession"]["deletedTime"] == ended["sessionStatus"]["lastUpdatedAt"]
    emulator.advance(300)
    again = (await client.get(path)).json()
    assert again["sessionStatus"]["online"] is True
    assert again["previousSession"] == ended["previousSession"]
    events, sizes = await everything(client, f"{path}/events/sessions", limit=1)
    assert [event["event"] for event in events][:3] == ["Created", "Deleted", "Created"]
    assert events[2:] == before
    assert set(sizes) == {1}
    after = (await client.get(f"/sims/{sim_id(online)}/events/sessions", params={"from": created["time"] + 1})).json()
    assert after == events[:2]


async def test_status_history(emulator, client, clock):
    """The history has every state, in either order and within a time."""
    fresh = next(n for n in range(1, 31) if emulator.operator.fleet.look(n).status == "ready")
    path = f"/sims/{sim_id(fresh)}"
    history = f"{path}/statuses/history"
    assert [each["status"] for each in (await client.get(history)).json()] == ["ready"]
    for word in ("activate", "suspend"):
        emulator.advance(10)
        await client.post(f"{path}/{word}")
    emulator.advance(10)
    await client.post(f"{path}/unset_group")
    states = (await client.get(f"{history}?sort=asc")).json()
    assert [state["status"] for state in states][:3] == ["ready", "active", "suspended"]
    at = states[1]["applyDateTimeEpochSec"] * 1000
    within = (await client.get(history, params={"from": at, "to": at})).json()
    assert [state["status"] for state in within] == ["active"]
    assert refused(await client.get(f"{history}?sort=up"), 400, "SEM9003")
    assert refused(await client.get(f"{history}?last_evaluated_key=x"), 400, "SEM9003")
    other = next(n for n in range(1, 31) if emulator.operator.fleet.look(n).status == "standby")
    states = (await client.get(f"/sims/{sim_id(other)}/statuses/history")).json()
    assert [state["status"] for state in states] == ["standby", "active", "ready"]


async def test_tags(client):
    """Tags are put and removed; one that is not there is a 404."""
    tags = [{"tagName": "a/b c", "tagValue": "1"}, {"tagName": "site", "tagValue": "oslo"}]
    assert (await client.put(f"{SIM}/tags", json=tags)).json()["tags"]["site"] == "oslo"
    assert (await client.delete(f"{IMSI}/tags/a%2Fb%20c")).status_code == 204
    assert refused(await client.delete(f"{SIM}/tags/a%2Fb%20c"), 404, "SEM9007")
    assert "a/b c" not in (await client.get(SIM)).json()["tags"]


async def test_groups_of_sims(emulator, client):
    """A SIM goes into an own group and out of it; a group that is gone is nobody's."""
    group = (await client.post("/groups", json={})).json()["groupId"]
    assert (await client.post(f"{SIM}/set_group", json={"groupId": group})).json()["groupId"] == group
    assert (await client.post(f"{IMSI}/set_group", json={"groupId": group})).json()["groupId"] == group
    members, _ = await everything(client, f"/groups/{group}/subscribers")
    assert [member["simId"] for member in members] == [sim_id(1)]
    assert (await client.post(f"{SIM}/unset_group")).json()["groupId"] is None
    await client.post(f"{SIM}/set_group", json={"groupId": group})
    assert (await client.delete(f"/groups/{group}")).status_code == 204
    assert (await client.get(SIM)).json()["groupId"] is None
    assert refused(await client.post(f"{SIM}/set_group", json={"groupId": group}), 404, "SEM9011")
    assert refused(await client.post(f"{SIM}/set_group", json={}), 400, "SEM9003")
    seeded = next(iter(emulator.operator.groups))
    members, _ = await everything(client, f"/groups/{seeded}/subscribers", limit=3)
    await client.delete(f"/groups/{seeded}")
    assert (await client.get(f"/sims/{members[-1]['simId']}")).json()["groupId"] is None


async def test_registration(emulator, client, other):
    """A SIM that nobody has can be registered once, suspended at once, and belongs to who registered it."""
    group = next(iter(emulator.operator.groups))
    body = {"registrationSecret": "1", "groupId": group, "tags": {"a": "b"}}
    new = sim_id(500)
    answer = await client.post(f"/sims/{new}/register", json=body)
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["groupId"], answer.json()["tags"]) == ("ready", group, {"a": "b"})
    assert (await client.post(f"/sims/{new}/suspend")).json()["status"] == "suspended"
    assert refused(await other.post(f"/sims/{new}/register", json={"registrationSecret": "1"}), 400, "SEM9026")
    assert refused(await other.get(f"/sims/{new}"), 404, "SEM9001")
    assert (await other.post(f"/subscribers/{imsi(501)}/register", json={"registrationSecret": "1"})).status_code == 201
    assert refused(await client.post("/sims/x/register", json=body), 400, "SEM9026")
    assert refused(await client.post(f"/sims/{sim_id(502)}/register", json={"registrationSecret": ""}), 400, "SEM9026")
    assert refused(await client.post(f"/sims/{sim_id(502)}/register", json={}), 400, "COM9003")
    sims, _ = await everything(client, "/sims", limit=30)
    assert [sim["simId"] for sim in sims][-1] == new


async def test_virtual_sims(client):
    """A virtual SIM has keys, no serial number, its own speed class, and comes online with an Arc session."""
    assert refused(await client.post("/sims", json={"type": "virtual", "subscription": "plan01s"}), 400, "SEM9003")
    body = {"type": "virtual", "subscription": "planArc01"}
    sim = (await client.post("/sims", json=body)).json()
    second = (await client.post("/sims", json=body)).json()
    assert second["simId"] > sim["simId"]
    path = f"/sims/{sim['simId']}"
    assert (sim["type"], sim["status"], sim["serialNumber"]) == ("virtual", "active", None)
    assert refused(await client.post(f"{path}/update_speed_class", json={"speedClass": "s1.fast"}), 400, "SEM9034")
    renewed = (await client.put(f"{path}/credentials/arc", json={})).json()
    assert set(renewed) == {"arcClientPeerPublicKey", "arcClientPeerPrivateKey"}
    given = {"arcClientPeerPublicKey": "mine"}
    assert (await client.post(f"{path}/credentials/arc", json=given)).json() == given
    session = (await client.post(f"{path}/sessions/arc", json={})).json()
    assert session["arcClientPeerPublicKey"] == "mine"
    assert (await client.get(path)).json()["sessionStatus"]["online"] is True
    assert (await client.delete(f"{path}/credentials/arc")).status_code == 204
    assert refused(await client.post(f"{path}/sessions/arc", json={}), 400, "SEM9009")
    await client.put(f"{path}/credentials/arc", json={})
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/terminate")
    assert refused(await client.post(f"{path}/sessions/arc", json={}), 400, "SEM9023")


async def test_virtual_subscriptions(client):
    """A virtual subscription brings keys; it can be terminated, stays listed, and the keys go with the last one."""
    profile = f"{SIM}/profiles/{sim_id(1)}"
    body = {"subscription": "planArc01"}
    first, second = [(await client.post(f"{profile}/add_subscription", json=body)).json() for _ in range(2)]
    assert first["arcClientPeerPublicKey"] == second["arcClientPeerPublicKey"]
    own, one, two = second["subscribers"]
    assert (own, first["subscribers"].keys()) == (imsi(1), {own, one})
    assert second["subscribers"][one]["status"] == "active"
    assert refused(await client.post(f"{profile}/subscribers/{one}/cancel_download"), 400, "SEM9009")
    for each, left in (one, True), (two, False):
        assert (await client.post(f"{profile}/subscribers/{each}/terminate")).status_code == 204
        shown = (await client.get(SIM)).json()["profiles"][sim_id(1)]
        assert shown["subscribers"][each]["status"] == "terminated"
        assert bool(shown["arcClientPeerPublicKey"]) is left
    assert refused(await client.post(f"{profile}/subscribers/{one}/terminate"), 400, "SEM9023")
    assert refused(await client.post(f"{profile}/subscribers/{own}/terminate"), 400, "SEM9009")
    assert refused(await client.post(f"{profile}/subscribers/{imsi(2)}/terminate"), 404, "SEM9001")
    assert refused(await client.post(f"{SIM}/profiles/1/add_subscription", json=body), 404, "SEM9007")
    assert refused(await client.post(f"{SIM}/profiles/1/subscribers/{one}/terminate"), 404, "SEM9007")


async def test_a_virtual_sim_keeps_its_keys(client):
    """The keys are of its first subscription, whatever is added and terminated."""
    sim = (await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})).json()
    profile = f"/sims/{sim['simId']}/profiles/{sim['simId']}"
    added = (await client.post(f"{profile}/add_subscription", json={"subscription": "planArc01"})).json()
    assert (await client.post(f"{profile}/subscribers/{[*added['subscribers']][-1]}/terminate")).status_code == 204
    shown = (await client.get(f"/sims/{sim['simId']}")).json()
    assert shown["profiles"][sim["simId"]]["arcClientPeerPublicKey"] == added["arcClientPeerPublicKey"]


async def test_additional_subscriptions(client):
    """One waits for its download and can be cancelled until the SIM's next session; there are nine at most."""
    sim = (await client.post(f"/sims/{sim_id(500)}/register", json={"registrationSecret": "1"})).json()["simId"]
    await client.post(f"/sims/{sim}/activate")
    await client.put(f"/sims/{sim}/credentials/arc", json={})
    profile, body = f"/sims/{sim}/profiles/{sim}", {"subscription": "planX1", "type": "cellular"}
    added = [(await client.post(f"{profile}/add_subscription", json=body)).json() for _ in range(9)]
    assert refused(await client.post(f"{profile}/add_subscription", json=body), 400, "SEM9009")
    one, two, *_ = list(added[-1]["subscribers"])[1:]
    assert refused(await client.post(f"{profile}/subscribers/{one}/terminate"), 400, "SEM9009")
    cancelled = await client.post(f"{profile}/subscribers/{one}/cancel_download")
    assert cancelled.json() == {"containers": []}
    subscribers = (await client.get(f"/sims/{sim}")).json()["profiles"][sim]["subscribers"]
    assert [subscribers[each]["status"] for each in (one, two)] == ["terminated", "active"]
    await client.post(f"/sims/{sim}/sessions/arc", json={})
    assert refused(await client.post(f"{profile}/subscribers/{two}/cancel_download"), 400, "SEM9009")
    await client.post(f"/sims/{sim}/enable_termination")
    assert (await client.post(f"/sims/{sim}/terminate")).status_code == 200
    subscribers = (await client.get(f"/sims/{sim}")).json()["profiles"][sim]["subscribers"]
    assert {each["status"] for each in subscribers.values()} == {"terminated"}


async def test_bundles(client):
    """Bundles are replaced."""
    assert (await client.put(f"{IMSI}/bundles", json=["US-1GB"])).json()["bundles"] == ["US-1GB"]


async def test_transfers(emulator, client, other):
    """SIMs go to the operator they were offered to, once, and are then nobody else's."""
    body = {
        "transferDestinationOperatorEmail": "other@example.com",
        "transferDestinationOperatorId": other.operator.id,
        "transferImsi": [imsi(1), imsi(2)],
    }
    issue, verify = "/subscribers/transfer_token/issue", "/subscribers/transfer_token/verify"
    assert refused(await other.post(issue, json=body), 404, "SEM9001")
    token = (await client.post(issue, json=body)).json()["token"]
    again = (await client.post(issue, json=body)).json()["token"]
    unwanted = (await client.post(issue, json=body)).json()["token"]
    assert refused(await other.delete(f"/subscribers/transfer_token/{unwanted}"), 404, "SEM9029")
    assert (await client.delete(f"/subscribers/transfer_token/{unwanted}")).status_code == 204
    assert refused(await client.delete(f"/subscribers/transfer_token/{unwanted}"), 404, "SEM9029")
    assert refused(await client.post(verify, json={"token": token}), 400, "AUM9012")
    assert (await other.post(verify, json={"token": token})).json() == {"transferredImsi": [imsi(1), imsi(2)]}
    assert refused(await other.post(verify, json={"token": token}), 400, "AUM9012")
    assert refused(await other.post(verify, json={"token": again}), 400, "AUM9012")
    assert refused(await client.get(SIM), 404, "SEM9001")
    assert (await other.get(SIM)).json()["operatorId"] == other.operator.id
    assert len((await everything(other, "/sims"))[0]) == 7
    assert len((await everything(client, "/sims"))[0]) == 28


async def test_exports(client):
    """An export names its file."""
    assert (await client.post("/subscribers/export?export_mode=async")).json()["exportedFileId"]
    assert refused(await client.post("/subscribers/export?export_mode=x"), 400, "SEM9003")


async def test_operators_never_see_each_others_sims(client, other):
    """Another operator's SIMs are neither listed, nor found, nor changed."""
    own, _ = await everything(other, "/sims")
    assert {sim["operatorId"] for sim in own} == {other.operator.id}
    for path in (SIM, IMSI):
        assert refused(await other.get(path), 404, "SEM9001")
        assert refused(await other.post(f"{path}/suspend"), 404, "SEM9001")
    assert (await other.get("/sims", params={"last_evaluated_key": sim_id(1)})).status_code == 400
