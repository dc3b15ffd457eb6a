"""The seeded fleet lives: sessions, their events and the history follow from the seed, and go on with time."""

from __future__ import annotations

import json
import math
from collections import Counter
from itertools import pairwise

import pytest
from clock import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st
from plain import log_in

from soracom_async import Soracom, models
from soracom_async.emulator import Emulator
from soracom_async.emulator.durations import DAY_MS, DAY_S, HOUR_S
from soracom_async.emulator.state import life
from soracom_async.emulator.state.activity import FOREVER
from soracom_async.emulator.state.fleet import Fleet
from soracom_async.emulator.state.sessions import activity, end_session, session_events, sessions, speed_classes
from soracom_async.emulator.state.sims import imsi, sim_id
from soracom_async.emulator.state.subscriptions import MIX, SPEED_CLASSES, statuses
from soracom_async.emulator.state.ulid import ulid
from soracom_async.emulator.state.world import EPOCH
from soracom_async.errors import ConfigurationError

pytestmark = pytest.mark.anyio
SIMS = 60
EVERY = range(1, SIMS + 1)

ONLINE = {"sessionId", "lastUpdatedAt", "imei", "cell", "ueIpAddress", "dnsServers", "online", "placement"}
ENDED = {"lastUpdatedAt", "imei", "ueIpAddress", "dnsServers", "subscription", "online"}
PREVIOUS = {
    "sessionId", "imei", "cell", "ueIpAddress", "dnsServers", "subscription", "createdTime", "deletedTime",
}  # fmt: skip
CELL = {"radioType", "mcc", "mnc", "tac", "eci"}
SUBSCRIBER = {
    "imsi", "msisdn", "ipAddress", "operatorId", "apn", "type", "groupId", "createdAt", "lastModifiedAt", "expiredAt",
    "registeredTime", "expiryAction", "terminationEnabled", "status", "tags", "sessionStatus", "previousSession",
    "imeiLock", "speedClass", "simId", "moduleType", "plan", "iccid", "serialNumber", "localInfo", "subscription",
    "lastPortMappingCreatedTime", "packetCaptureSessions", "lastModifiedTime", "expiryTime", "createdTime",
    "locationRegistrationStatus", "presetSecondary", "ipProhibited", "mtSmsProhibited", "moSmsProhibited",
    "ussdProhibited",
}  # fmt: skip
EVENT = {
    "imsi", "time", "createdTime", "operatorId", "event", "ueIpAddress", "imei", "apn", "dns0", "dns1", "cell",
    "primaryImsi",
}  # fmt: skip
"""What bodies of the service have, of 2025, and of 2019 for events."""


@pytest.fixture
def emulator(clock):
    return Emulator(sims=SIMS, groups=3, clock=clock)


async def pass_days(emulator, client, days):
    """Move the time on, and log in again: a token lives for a day."""
    emulator.advance(days * DAY_S)
    assert (await log_in(client, emulator.root_user)).status_code == 200


async def shown(client, side="sim"):
    """Return all SIMs, or all subscribers, as they are now."""
    path, name = ("/sims", sim_id) if side == "sim" else ("/subscribers", imsi)
    return [(await client.get(f"{path}/{name(number)}")).json() for number in EVERY]


def condition(sim):
    """Return which of the three forms the session of a SIM has."""
    status = sim["sessionStatus"]
    return "never" if status is None else "online" if status["online"] else "ended"


async def test_sessions_have_the_forms_of_the_service(client):
    """Null before the first session, few keys after the last one, all while there is one."""
    sims = await shown(client) + await shown(client, "subscriber")
    assert set(map(condition, sims)) == {"never", "online", "ended"}
    for sim in sims:
        status, previous = sim["sessionStatus"], sim["previousSession"]
        if condition(sim) == "online":
            assert status.keys() == ONLINE
            assert status["cell"].keys() == CELL
            assert sim["status"] == "active"
        elif condition(sim) == "ended":
            assert status.keys() == ENDED
            assert (status["imei"], status["ueIpAddress"], status["dnsServers"]) == (None, None, None)
            assert status["lastUpdatedAt"] == previous["deletedTime"]
        else:
            assert previous is None
        if previous is not None:
            assert previous.keys() == PREVIOUS
            assert previous["createdTime"] < previous["deletedTime"] <= status["lastUpdatedAt"]
            assert previous["sessionId"] < status.get("sessionId", "Z")
    assert {condition(sim) for sim in sims if sim["status"] == "ready"} == {"never"}
    had = [sim for sim in sims if condition(sim) != "never"]
    assert sum(sim["previousSession"] is not None for sim in had) > 0.9 * len(had)


async def test_subscribers_have_the_fields_of_the_service(client):
    """The address of a plan01s is the session's; a plan-D or plan-K has its own; where it was registered is told."""
    addresses = {}
    for each in await shown(client, "subscriber"):
        assert each.keys() >= SUBSCRIBER
        fixed, used = each["subscription"].startswith(("plan-D", "plan-K")), condition(each) != "never"
        addresses.setdefault((fixed, used), set()).add(each["ipAddress"])
        assert each["plan"] == (0 if fixed else 1)
        assert each["type"] == each["speedClass"]
        assert each["packetCaptureSessions"] is None
        registered = each["locationRegistrationStatus"]
        assert (registered is not None) == used
        if used:
            assert registered.keys() == {"cs", "eps"}
            cell = each["previousSession"]["cell"] if each["previousSession"] else each["sessionStatus"]["cell"]
            assert registered["eps"]["plmn"] == f"{cell['mcc']}{cell['mnc']}"
            assert registered["eps"]["lastModifiedTime"] <= each["sessionStatus"]["lastUpdatedAt"]
    assert addresses[False, True] == addresses[False, False] == addresses[True, False] == {None}
    assert None not in addresses[True, True]


async def test_events_have_the_fields_of_the_service(client):
    """Each session begins and ends once, newest first, in the whole history; a part of it can be asked for."""
    for sim in await shown(client):
        path = f"/sims/{sim['simId']}/events/sessions"
        events = (await client.get(path, params={"limit": 1000})).json()
        assert bool(events) == (condition(sim) != "never")
        for newer, older in pairwise(events):
            assert newer["time"] >= older["time"]
            assert (newer["event"], older["event"]) in {("Created", "Deleted"), ("Deleted", "Created")}
        for event in events:
            assert event.keys() == EVENT | {"simId", "sessionId", "subscription"}
            assert event["createdTime"].endswith("Z")
        if events:
            assert events[0]["event"] == ("Created" if condition(sim) == "online" else "Deleted")
            assert events[0]["time"] == sim["sessionStatus"]["lastUpdatedAt"]
        if len(events) > 8:
            params = {"from": events[6]["time"], "to": events[2]["time"]}
            assert (await client.get(path, params=params)).json() == events[2:7]
            assert (await client.get(path, params=params | {"limit": 2})).json() == events[2:4]


async def test_what_is_told_in_several_places_agrees(emulator, client):
    """Status, history and sessions: no session before the activation, none after the end of it."""
    kinds = Counter()
    for sim in await shown(client):
        history = (await client.get(f"/sims/{sim['simId']}/statuses/history?sort=asc")).json()
        words = [state["status"] for state in history]
        kinds[sim["status"]] += 1
        assert words == ["ready", "active", sim["status"]][: {"ready": 1, "active": 2}.get(sim["status"], 3)]
        times = [state["applyDateTimeEpochSec"] for state in history]
        assert times == sorted(times)
        assert times[0] == sim["createdTime"] // 1000
        assert times[-1] == sim["lastModifiedTime"] // 1000
        for event in (await client.get(f"/sims/{sim['simId']}/events/sessions", params={"limit": 1000})).json():
            assert times[1] <= event["time"] // 1000 <= (times[2] if len(times) == 3 else math.inf)
    assert kinds.keys() == {"ready", "active", "inactive", "standby", "suspended"}


async def test_a_fleet_goes_on_with_time(emulator, client):
    """Sessions come and go; what was before does not change."""
    before = [list(session_events(emulator.operator.fleet.look(n), emulator.world.milliseconds())) for n in EVERY]
    seen = {number: set() for number in EVERY}
    for _ in range(8 * 24):
        for number in EVERY:
            seen[number].add(emulator.operator.fleet.look(number).online)
        emulator.advance(HOUR_S)
    assert {True, False} in seen.values()
    assert {True} in seen.values()
    after = [list(session_events(emulator.operator.fleet.look(n), emulator.world.milliseconds())) for n in EVERY]
    assert sum(map(len, after)) > sum(map(len, before)) + 10
    for older, newer in zip(before, after, strict=True):
        assert newer[len(newer) - len(older) :] == older


CHANGES = st.sampled_from(
    ["active", "inactive", "suspended", "standby", "delete session", "expire", "renew", "look", "later"]
)


LATER = st.integers(0, DAY_MS) | st.integers(0, 40 * DAY_MS)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**64 - 1), st.lists(st.tuples(CHANGES, LATER), max_size=12))
def test_one_history_whatever_was_asked(key, changes):
    """The same changes at the same times give the same SIMs, whether they were looked at in between or not.

    What once was told of the past stays true.
    """
    time = [EPOCH * 1000]
    told = {}
    curious, late = (
        Fleet("OP1", range(1, 4), key=key, epoch=EPOCH * 1000, time=lambda: time[0], subscriptions={"planX1": 1})
        for _ in range(2)
    )
    for what, after in changes:
        time[0] += after
        for number in curious.numbers:
            for side in ("sim", "subscriber"):
                curious.json(number, side)
            events = [(each["time"], each["event"]) for each in session_events(curious.look(number), time[0])]
            past = told.get(number, [])
            assert events[len(events) - len(past) :] == past
            told[number] = [event for event in events if event[0] < time[0]]
            check(curious.look(number), time[0])
        if what not in ("look", "later"):
            for fleet in (curious, late):
                sim = fleet.change(1 + after // 3 % 3)
                if what == "delete session":
                    end_session(sim, time[0])
                elif what == "expire":
                    action = ("suspend", "deleteSession", None)[after % 3]
                    life.set_expiry(sim, time[0] + after // 10 + 1, action, time[0])
                elif what == "renew" and sim.expiry_time is not None:
                    life.unset_expiry(sim, time[0])
                elif what in statuses(sim.subscription):
                    life.change_status(sim, what, time[0])
    for number in curious.numbers:
        one, other = curious.look(number), late.look(number)
        assert curious.json(number, "sim") == late.json(number, "sim")
        assert life.history(one) == life.history(other)
        assert list(sessions(one, time[0])) == list(sessions(other, time[0]))
        check(one, time[0])


def check(sim, now):
    """Check that the sessions of a SIM are in order, and are what it shows."""
    found = list(sessions(sim, now))
    for newer, older in pairwise(found):
        assert older.created < older.deleted <= newer.created
    assert not found or found[0].created < found[0].deleted
    assert sim.online == (bool(found) and found[0].deleted > now)
    assert not sim.online or sim.status == "active"
    changed = [moment["applyDateTimeEpochSec"] for moment in life.history(sim)]
    assert changed == sorted(changed)
    assert changed[-1] * 1000 <= now
    ended = [each for each in found if each.deleted <= now]
    assert sim.previous_session == ((ended[0].created, ended[0].deleted) if ended else None)
    events = [(each["time"], each["event"]) for each in session_events(sim, now)]
    assert len(events) == len(found) + len(ended)
    assert events == sorted(events, key=lambda event: event[0], reverse=True)
    middle = events[len(events) // 2][0] if events else now
    within = [(each["time"], each["event"]) for each in session_events(sim, now, middle - DAY_MS, middle)]
    assert within == [event for event in events if middle - DAY_MS <= event[0] <= middle]


@pytest.mark.parametrize("word", ["deactivate", "suspend", "set_to_standby"])
async def test_a_request_ends_the_session(emulator, client, word):
    """At that time; there is no other one before the SIM is activated again, and then within five minutes."""
    online = next(n for n in EVERY if may_rest(emulator.operator.fleet.look(n)))
    path = f"/sims/{sim_id(online)}"
    before = (await client.get(path)).json()
    now = emulator.world.milliseconds()
    ended = (await client.post(f"{path}/{word}")).json()
    assert ended["sessionStatus"].keys() == ENDED
    assert ended["sessionStatus"]["lastUpdatedAt"] == now == ended["previousSession"]["deletedTime"]
    assert ended["previousSession"]["sessionId"] == before["sessionStatus"]["sessionId"]
    await pass_days(emulator, client, 3)
    assert (await client.get(path)).json()["sessionStatus"] == ended["sessionStatus"]
    activated = emulator.world.milliseconds()
    assert (await client.post(f"{path}/activate")).json()["status"] == "active"
    emulator.advance(300)
    again = (await client.get(path)).json()
    assert again["sessionStatus"]["online"] is True
    assert activated < again["sessionStatus"]["lastUpdatedAt"] <= activated + 300_000
    assert again["previousSession"] == ended["previousSession"]


def may_rest(sim):
    """Tell whether a SIM is always online, and of a subscription that knows all statuses."""
    return sim.online and activity(sim).kind == "steady" and "standby" in statuses(sim.subscription)


async def test_when_a_sim_had_which_speed_class(emulator, client):
    """From its creation on, and since each change of it; the other changes are none of these."""
    number = next(n for n in EVERY if len(SPEED_CLASSES[emulator.operator.fleet.look(n).subscription]) > 1)
    sim, path = emulator.operator.fleet.look(number), f"/sims/{sim_id(number)}"
    assert speed_classes(sim) == [(sim.created, sim.speed_class)]
    other = next(each for each in SPEED_CLASSES[sim.subscription] if each != sim.speed_class)
    at = emulator.world.milliseconds()
    for word, body in (("update_speed_class", {"speedClass": other}), ("suspend", None), ("activate", None)):
        assert (await client.post(f"{path}/{word}", json=body)).status_code == 200
    assert speed_classes(emulator.operator.fleet.look(number)) == [(sim.created, sim.speed_class), (at, other)]


async def test_a_sim_that_was_never_used_begins_to_live(emulator, client):
    """A few hours after its activation, unless its device is one that never goes online."""
    ready = [n for n in EVERY if emulator.operator.fleet.look(n).status == "ready"]
    for number in ready:
        await client.post(f"/sims/{sim_id(number)}/activate")
    assert not any(emulator.operator.fleet.look(number).online for number in ready)
    emulator.advance(DAY_S)
    assert any(emulator.operator.fleet.look(number).online for number in ready)


async def test_an_added_sim_never_goes_online_by_itself(emulator, client):
    """Only requests bring it online, and end that: its sessions have the same form, without a cell."""
    assert (await client.post(f"/sims/{sim_id(500)}/register", json={"registrationSecret": "1"})).status_code == 201
    await client.post(f"/sims/{sim_id(500)}/activate")
    made = (await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})).json()
    path = f"/sims/{made['simId']}"
    await pass_days(emulator, client, 3)
    for each in (f"/sims/{sim_id(500)}", path):
        assert (await client.get(each)).json()["sessionStatus"] is None
    begun = emulator.world.milliseconds()
    address = (await client.post(f"{path}/sessions/arc", json={})).json()["arcClientPeerIpAddress"]
    status = (await client.get(path)).json()["sessionStatus"]
    assert status.keys() == ONLINE
    assert (status["imei"], status["cell"], status["ueIpAddress"]) == (None, None, address)
    emulator.advance(60)
    await client.post(f"{path}/sessions/arc", json={})
    again = (await client.get(path)).json()
    assert (again["previousSession"]["createdTime"], again["previousSession"]["deletedTime"]) == (begun, begun + 60_000)
    subscriber = (await client.get(f"/subscribers/{next(iter(made['profiles'][made['simId']]['subscribers']))}")).json()
    assert subscriber["locationRegistrationStatus"] is None
    emulator.advance(60)
    ended = (await client.post(f"{path}/delete_session")).json()
    assert ended["sessionStatus"].keys() == ENDED
    events = (await client.get(f"{path}/events/sessions")).json()
    assert [event["event"] for event in events] == ["Deleted", "Created", "Deleted", "Created"]
    assert len({event["sessionId"] for event in events}) == 2


async def test_an_arc_session_of_a_card_is_not_the_session_of_its_device(emulator, client):
    """The device of a seeded SIM has its own sessions, whatever a virtual subscription does."""
    number = next(n for n in EVERY if emulator.operator.fleet.look(n).online)
    path, before = f"/sims/{sim_id(number)}", emulator.operator.fleet.look(number)
    await client.post(f"{path}/profiles/{sim_id(number)}/add_subscription", json={"subscription": "planArc01"})
    assert (await client.post(f"{path}/sessions/arc", json={})).status_code == 200
    after = emulator.operator.fleet.look(number)
    assert (after.session_id, after.previous_session) == (before.session_id, before.previous_session)


def test_ulids():
    """26 characters of Crockford's base 32, which sort by their time."""
    assert ulid(1_469_918_176_385, 0xABCDEF) == "01ARYZ6S410000000000ABCDEF"
    assert ulid((1 << 48) - 1, (1 << 64) - 1) == "7ZZZZZZZZZ" + "F" * 16
    ids = [ulid(at, 7) for at in (0, 31, 32, 1023, 1024, EPOCH * 1000, EPOCH * 1000 + 1)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {26}


async def test_the_id_of_a_session_begins_with_its_time(emulator, client):
    """So sessions of all SIMs sort by their begin."""
    for sim in await shown(client):
        if condition(sim) == "online":
            at = sim["sessionStatus"]["lastUpdatedAt"]
            assert sim["sessionStatus"]["sessionId"][:10] == ulid(at, 0)[:10]


def subscriptions_of(emulator):
    return Counter(emulator.operator.fleet.look(number).subscription for number in emulator.operator.fleet.numbers)


def test_the_subscriptions_of_a_fleet():
    """By default a mix; one, several, or by weights; each SIM has a speed class that its subscription has."""
    emulator = Emulator(sims=2000, clock=FakeClock())
    found = subscriptions_of(emulator)
    assert found.keys() == MIX.keys()
    assert found.most_common(1)[0][0] == "plan01s"
    for sim in map(emulator.operator.fleet.look, emulator.operator.fleet.numbers):
        assert sim.speed_class in SPEED_CLASSES[sim.subscription]
    assert subscriptions_of(Emulator(sims=50, subscriptions="plan-D")).keys() == {"plan-D"}
    assert subscriptions_of(Emulator(sims=50, subscriptions=["plan-D", "plan-K"])).keys() == {"plan-D", "plan-K"}
    found = subscriptions_of(Emulator(sims=2000, subscriptions={"plan01s": 3, "planX3": 1, "plan-KM1": 0.00001}))
    assert 2.5 < found["plan01s"] / found["planX3"] < 3.5
    other = Emulator(subscriptions="planP1").add_operator("a@example.com", sims=9)
    assert {other.fleet.look(number).subscription for number in other.fleet.numbers} == {"planP1"}


@pytest.mark.parametrize("subscriptions", [None, "plan-D"])
def test_no_seeded_sim_is_in_standby_that_cannot_be(subscriptions):
    """Also in a fleet of only such SIMs; the counts of statuses agree."""
    fleet = Emulator(sims=500, subscriptions=subscriptions, clock=FakeClock()).operator.fleet
    sims = [fleet.look(number) for number in fleet.numbers]
    assert all(sim.status == "ready" or sim.status in statuses(sim.subscription) for sim in sims)
    assert any(sim.status == "standby" for sim in sims) == (subscriptions is None)
    fleet.change(1).status = "terminated"
    assert fleet.statuses() == Counter(["terminated", *(sim.status for sim in sims[1:])])


@pytest.mark.parametrize(
    ("subscriptions", "problem"),
    [
        ("plan-Z", "'plan-Z' is none of plan01s, "),
        ("planArc01", "'planArc01' is none of"),
        ([], "at least one"),
        ({"plan01s": 0}, "the weight 0 of plan01s must be more than 0, and 1,000,000 at most"),
        ({"plan01s": math.nan}, "the weight nan"),
        ({"plan01s": 1e308, "plan-D": 1e308}, "the weight 1e[+]308"),
    ],
)
def test_impossible_subscriptions(subscriptions, problem):
    """An error names what is wrong."""
    with pytest.raises(ConfigurationError, match=problem):
        Emulator(subscriptions=subscriptions)


def test_a_fleet_is_loaded_as_it_was(tmp_path, clock):
    """With its subscriptions, whatever the settings are, and with what requests did to sessions."""
    emulator = Emulator(sims=SIMS, subscriptions={"plan-D": 1, "plan-K": 2}, clock=clock)
    online = [number for number in EVERY if emulator.operator.fleet.look(number).online]
    end_session(emulator.operator.fleet.change(online[0]), emulator.world.milliseconds())
    life.change_status(emulator.operator.fleet.change(online[1]), "suspended", emulator.world.milliseconds())
    emulator.advance(DAY_S)
    emulator.save(tmp_path / "state")
    loaded = Emulator.load(tmp_path / "state", clock=FakeClock(), subscriptions="planX1")
    for number in EVERY:
        assert loaded.operator.fleet.json(number, "sim") == emulator.operator.fleet.json(number, "sim")


async def test_a_file_of_an_earlier_version_is_loaded(tmp_path, clock):
    """All SIMs were plan01s, and a SIM that had changed kept its session in fields."""
    emulator = Emulator(sims=9, clock=clock)
    for number in (1, 2, 3):
        emulator.operator.fleet.change(number)
    emulator.save(tmp_path / "state")
    saved = json.loads((tmp_path / "state").read_bytes())
    (operator,) = saved["world"]["operators"]
    del operator["fleet"]["subscriptions"]
    begun = emulator.world.milliseconds() - 1000
    for sim, online in zip(operator["fleet"]["changed"], (True, False, False), strict=True):
        for name in ("bits", "used", "cuts", "opened", "previous_session"):
            del sim[name]
        sim |= {"online": online, "session_time": begun if online else None, "session_id": "0f", "imei": "35"}
        sim |= {"address": "10.0.0.1", "previous": {"sessionId": "0e"}, "events": [{"event": "Created"}]}
    (tmp_path / "state").write_text(json.dumps(saved))
    loaded = Emulator.load(tmp_path / "state", clock=clock)
    assert subscriptions_of(loaded)["plan01s"] >= 6
    async with Soracom(loaded.auth_key, transport=loaded.transport, clock=clock) as soracom:
        sims = await soracom.sims.list().collect()
        assert all(isinstance(sim, models.Sim) for sim in sims)
        assert sims[0].session_status is not None
        assert sims[0].session_status.online is True
        assert sims[1].session_status is None
        ended = await soracom.sims.delete_session(sim_id(1))
        assert ended.session_status is not None
        assert ended.session_status.online is False


def test_a_session_that_goes_on_has_no_end():
    """Until a request ends it."""
    fleet = Fleet("OP1", range(1, 1), key=1, epoch=EPOCH * 1000, time=lambda: 0)
    sim = fleet.blank(5, 0, opened=[7])
    assert [each.deleted for each in sessions(sim, 9)] == [FOREVER]
    assert list(sessions(sim, 6)) == []
