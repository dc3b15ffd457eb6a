"""What a SIM may become depends on its subscription, its session, its protection and its term."""

from __future__ import annotations

import pytest
from plain import log_in, refused

from soracom_async.emulator import Emulator
from soracom_async.emulator.durations import DAY_S
from soracom_async.emulator.state.sessions import activity
from soracom_async.emulator.state.sims import imsi, number_of, sim_id
from soracom_async.emulator.state.subscriptions import SPEED_CLASSES, statuses

pytestmark = pytest.mark.anyio
OF_CARDS = ("active", "inactive", "suspended", "standby")
WORDS = {"active": "activate", "inactive": "deactivate", "suspended": "suspend", "standby": "set_to_standby"}


@pytest.fixture
def add(emulator):
    """Add a SIM of a subscription that no device uses, and return its number."""

    def add(subscription, **fields):
        fleet, number = emulator.operator.fleet, emulator.world.new_number()
        emulator.world.next_number += 1
        fields = {
            "subscription": subscription,
            "speed_class": SPEED_CLASSES[subscription][0],
            "status": "active",
        } | fields
        fleet.add(fleet.blank(number, emulator.world.milliseconds(), **fields))
        return number

    return add


@pytest.fixture
def online(emulator):
    """The number of a SIM that is online."""
    return next(number for number in range(1, 31) if emulator.operator.fleet.look(number).online)


async def virtual_sim(client):
    """Create a virtual SIM, and return its path."""
    sim = (await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})).json()
    return f"/sims/{sim['simId']}"


def tells(answer, status, *words):
    """Check a refusal whose message has these words."""
    assert answer.status_code == status, answer.text
    assert all(word in answer.json()["message"] for word in words), answer.json()
    return True


@pytest.mark.parametrize("subscription", [*SPEED_CLASSES])
async def test_the_speed_classes_of_a_subscription(client, add, subscription):
    """A SIM gets each speed class of its subscription and no other; if there is only one, any change is refused."""
    path, known = f"/sims/{sim_id(add(subscription))}", SPEED_CLASSES[subscription]
    for speed_class in {each for several in SPEED_CLASSES.values() for each in several} | {"arc.standard", "x"}:
        answer = await client.post(f"{path}/update_speed_class", json={"speedClass": speed_class})
        if speed_class in known and len(known) > 1:
            assert answer.json()["speedClass"] == speed_class
        else:
            assert tells(answer, 400, subscription)
    assert (await client.get(path)).json()["speedClass"] in known


async def test_the_speed_class_of_a_virtual_sim(client):
    """It is arc.standard, and cannot be changed."""
    path = await virtual_sim(client)
    for speed_class in ("s1.fast", "arc.standard"):
        answer = await client.post(f"{path}/update_speed_class", json={"speedClass": speed_class})
        assert tells(answer, 400, "arc.standard")
    assert (await client.get(path)).json()["speedClass"] == "arc.standard"


@pytest.mark.parametrize(
    ("subscription", "possible"),
    [("plan01s", True), ("planX3", True), ("plan-KM1", True), ("plan-US", True)]
    + [(name, False) for name in ("plan-D", "plan-K", "plan-K2", "plan-DU")],
)
async def test_standby(client, add, subscription, possible):
    """Some subscriptions have no standby; the error says what there is instead."""
    number = add(subscription)
    for path in (f"/sims/{sim_id(number)}", f"/subscribers/{imsi(number)}"):
        answer = await client.post(f"{path}/set_to_standby")
        if possible:
            assert answer.json()["status"] == "standby"
        else:
            assert tells(answer, 400, subscription, "standby", "suspended")
            assert (await client.get(path)).json()["status"] == "active"


def test_seeded_sims_have_statuses_that_their_subscriptions_know():
    """No seeded SIM is in standby whose subscription has none."""
    emulator = Emulator(sims=400, subscriptions=["plan-D", "plan-KM1"])
    sims = [emulator.operator.fleet.look(number) for number in range(1, 401)]
    assert all(sim.status in ("ready", *statuses(sim.subscription)) for sim in sims)
    assert {sim.subscription for sim in sims if sim.status == "standby"} == {"plan-KM1"}


async def test_the_statuses_of_a_virtual_sim(client):
    """It is active or terminated."""
    path = await virtual_sim(client)
    for word in ("deactivate", "suspend", "set_to_standby"):
        assert tells(await client.post(f"{path}/{word}"), 400, "planArc01", "terminated")
    assert (await client.post(f"{path}/activate")).json()["status"] == "active"
    await client.post(f"{path}/enable_termination")
    assert (await client.post(f"{path}/terminate")).json()["status"] == "terminated"


async def test_deleting_a_session(client, add, online):
    """The session of a SIM that is offline cannot be deleted, and nothing of the SIM changes."""
    for path in (f"/sims/{sim_id(online)}", f"/subscribers/{imsi(online)}"):
        await client.post(f"{path}/deactivate")
        before = (await client.get(path)).json()
        assert refused(await client.post(f"{path}/delete_session"), 400, "SEM0016")
        assert (await client.get(path)).json() == before
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/terminate")
    assert refused(await client.post(f"{path}/delete_session"), 400, "SEM0016")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"expiryTime": 0, "expiryAction": "suspend"}, "body.expiryTime"),
        ({"expiryTime": -1}, "body.expiryTime"),
        ({"expiryAction": "suspend"}, "body.expiryTime"),
        ({"expiryTime": 5000, "expiryAction": "explode"}, "body.expiryAction"),
        ({"expiryTime": 5000, "expiryAction": "terminate"}, "protect"),
    ],
)
async def test_an_impossible_term(client, emulator, add, given, words):
    """A time that has come, an unknown action, and the termination of a protected SIM are refused."""
    path = f"/sims/{sim_id(add('plan01s'))}"
    if given.get("expiryTime", -1) >= 0:
        given = given | {"expiryTime": emulator.world.milliseconds() + given["expiryTime"]}
    assert tells(await client.post(f"{path}/set_expiry_time", json=given), 400, words)
    assert (await client.get(path)).json()["expiryTime"] is None


async def test_the_term_of_a_virtual_sim(client, emulator):
    """It can end with its termination, not with a status that it does not have."""
    path, at = await virtual_sim(client), emulator.world.milliseconds() + 5000
    assert tells(await client.post(f"{path}/set_expiry_time", json={"expiryTime": at, "expiryAction": "suspend"}), 400)
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/set_expiry_time", json={"expiryTime": at, "expiryAction": "terminate"})
    emulator.advance(5)
    assert (await client.get(path)).json()["status"] == "terminated"


async def test_there_may_be_no_term(client, add):
    """An expiry time that is not set cannot be unset, however often."""
    path = f"/sims/{sim_id(add('plan01s'))}"
    assert tells(await client.post(f"{path}/unset_expiry_time"), 404, "expiry time")


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("terminate", "terminated"),
        ("suspend", "suspended"),
        ("deactivate", "inactive"),
        ("deleteSession", "active"),
        ("doNothing", "active"),
        (None, "active"),
    ],
)
async def test_the_end_of_a_term(client, emulator, online, action, status):
    """What was ordered happens at its time and once, and it can be read afterwards."""
    path = f"/sims/{sim_id(online)}"
    await client.post(f"{path}/enable_termination")
    at = emulator.world.milliseconds() + 5000
    body = {"expiryTime": at, "expiryAction": action}
    assert (await client.post(f"{path}/set_expiry_time", json=body)).json()["expiryAction"] == action
    emulator.advance(4.9)
    assert (await client.get(path)).json()["status"] == "active"
    emulator.advance(0.2)
    sim = (await client.get(path)).json()
    assert (sim["status"], sim["expiryTime"], sim["expiryAction"]) == (status, at, action)
    assert sim["sessionStatus"]["online"] is (action in ("doNothing", None))
    if action in ("suspend", "deactivate"):
        states = (await client.get(f"{path}/statuses/history")).json()
        assert [state["status"] for state in states][:2] == [status, "active"]
        assert sim["lastModifiedTime"] == at
    if status != "terminated":
        assert (await client.post(f"{path}/activate")).json()["status"] == "active"
        emulator.advance(60)
        sim = (await client.get(path)).json()
        assert (sim["status"], sim["expiryAction"]) == ("active", action)
        unset = (await client.post(f"{path}/unset_expiry_time")).json()
        assert (unset["expiryTime"], unset["expiryAction"]) == (None, None)


async def test_a_new_term(client, emulator, add):
    """A term that is set anew ends again; the words of the document for null mean no action."""
    path = f"/sims/{sim_id(add('plan01s'))}"
    for _ in range(2):
        at = emulator.world.milliseconds() + 5000
        await client.post(f"{path}/set_expiry_time", json={"expiryTime": at, "expiryAction": "suspend"})
        emulator.advance(5)
        assert (await client.get(path)).json()["status"] == "suspended"
        await client.post(f"{path}/activate")
    body = {"expiryTime": at + 10_000, "expiryAction": "(null value)"}
    assert (await client.post(f"{path}/set_expiry_time", json=body)).json()["expiryAction"] is None


async def test_a_protection_that_comes_later(client, emulator, add):
    """A SIM that is protected when its term ends is not terminated; nor does a terminated one change."""
    numbers = [add("plan01s", termination_enabled=True) for _ in range(2)]
    protected, terminated = (f"/sims/{sim_id(number)}" for number in numbers)
    at = emulator.world.milliseconds() + 5000
    for path, action in ((protected, "terminate"), (terminated, "suspend")):
        await client.post(f"{path}/set_expiry_time", json={"expiryTime": at, "expiryAction": action})
    await client.post(f"{protected}/disable_termination")
    await client.post(f"{terminated}/terminate")
    emulator.advance(5)
    assert (await client.get(protected)).json()["status"] == "active"
    assert (await client.get(terminated)).json()["status"] == "terminated"


async def test_no_session_after_the_term(client, emulator):
    """A virtual SIM gets no new session after the end of its term, until that is unset."""
    path = await virtual_sim(client)
    await client.post(f"{path}/set_expiry_time", json={"expiryTime": emulator.world.milliseconds() + 1000})
    emulator.advance(1)
    assert tells(await client.post(f"{path}/sessions/arc", json={}), 400, "expir")
    await client.post(f"{path}/unset_expiry_time")
    assert (await client.post(f"{path}/sessions/arc", json={})).json()["arcClientPeerIpAddress"]


@pytest.mark.parametrize("action", ["doNothing", "deleteSession", "terminate", None])
@pytest.mark.parametrize("renewed", ["set_expiry_time", "unset_expiry_time"])
async def test_a_device_does_not_connect_again_after_the_term(client, emulator, action, renewed):
    """A session may go on, but no other begins, until the term is unset or set to a later time.

    So it is also with a SIM that is protected from termination again.
    """
    looks = map(emulator.operator.fleet.look, range(1, 31))
    steady = next(sim for sim in looks if sim.online and activity(sim).kind == "steady")
    path, at = f"/sims/{sim_id(steady.number)}", emulator.world.milliseconds() + 1000
    history = (await client.get(f"{path}/statuses/history")).json()
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/set_expiry_time", json={"expiryTime": at, "expiryAction": action})
    await client.post(f"{path}/disable_termination")
    for days, online in ((0, action != "deleteSession"), (9, False)):
        emulator.advance(days * DAY_S + 2)
        await log_in(client, emulator.root_user)
        sim = (await client.get(path)).json()
        assert (sim["status"], sim["sessionStatus"]["online"]) == ("active", online)
    events = (await client.get(f"{path}/events/sessions")).json()
    assert events[0]["event"] == "Deleted"
    assert (await client.get(f"{path}/statuses/history")).json() == history
    await client.post(f"{path}/activate")
    later = emulator.world.milliseconds() + 30 * DAY_S * 1000
    assert (await client.post(f"{path}/{renewed}", json={"expiryTime": later})).status_code == 200
    emulator.advance(300)
    assert (await client.get(path)).json()["sessionStatus"]["online"] is True


@pytest.mark.parametrize("renewed", [False, True])
@pytest.mark.parametrize("word", ["delete_session", "deactivate", "suspend", "terminate"])
async def test_the_last_session_of_a_term_can_be_ended(client, emulator, word, renewed):
    """A session that goes on after the end of the term ends at once by request."""
    looks = map(emulator.operator.fleet.look, range(1, 31))
    steady = next(sim for sim in looks if sim.online and activity(sim).kind == "steady")
    path, now = f"/sims/{sim_id(steady.number)}", emulator.world.milliseconds()
    await client.post(f"{path}/enable_termination")
    await client.post(f"{path}/set_expiry_time", json={"expiryTime": now + 1000})
    emulator.advance(2)
    assert (await client.get(path)).json()["sessionStatus"]["online"] is True
    if renewed:
        await client.post(f"{path}/unset_expiry_time")
    assert (await client.post(f"{path}/{word}")).status_code == 200
    assert (await client.get(path)).json()["sessionStatus"] == {
        "lastUpdatedAt": now + 2000, "imei": None, "ueIpAddress": None, "dnsServers": None,
        "subscription": steady.subscription, "online": False,
    }  # fmt: skip
    assert (await client.get(f"{path}/events/sessions")).json()[0]["time"] == now + 2000
    emulator.advance(600)
    online = (await client.get(path)).json()["sessionStatus"]["online"]
    assert online is (renewed and word == "delete_session")


async def test_a_term_of_an_earlier_state(emulator, client):
    """An action that the subscription does not allow, as a state file may have it, does nothing."""
    path = await virtual_sim(client)
    sim = emulator.operator.fleet.change(number_of(path.rpartition("/")[2]))
    sim.expiry_time, sim.expiry_action = emulator.world.milliseconds(), "suspend"
    assert (await client.get(path)).json()["status"] == "active"


async def test_imei_lock(client, emulator, add, online):
    """A lock takes an IMEI, also with the word that allows sessions without one; the diagnosis knows that word."""
    path = f"/sims/{sim_id(online)}"
    imei = (await client.get(path)).json()["sessionStatus"]["imei"]
    other = imei[:-1] + ("0" if imei[-1] != "0" else "1")
    for lock, out in ((imei, False), (f"{imei}|ANONYMOUS", False), (other, True), (f"{other}|ANONYMOUS", True)):
        answer = await client.post(f"{path}/set_imei_lock", json={"imei": lock})
        assert answer.json()["imeiLock"] == {"imei": lock}
        assert await is_locked_out(client, emulator, online) is out
    for wrong in ("1", "x" * 15, f"{imei}|ANYBODY", "1" * 17):
        assert tells(await client.post(f"{path}/set_imei_lock", json={"imei": wrong}), 400, "body.imei")
    offline = add("plan01s", imei_lock=imei)
    assert await is_locked_out(client, emulator, offline) is False


async def is_locked_out(client, emulator, number):
    """Tell whether a diagnosis finds a SIM in another device than its lock names."""
    asked = {"service": "Air", "resourceType": "sim", "resourceId": sim_id(number)}
    diagnosis = (await client.post("/diagnostics", json=asked)).json()
    emulator.advance(10)
    found = (await client.get(f"/diagnostics/{diagnosis['diagnosticId']}")).json()
    return "imei-locked" in [insight["insightId"] for insight in found["insights"]]


async def test_a_subscription_that_cannot_be_added(client, add):
    """A SIM of plan-D takes a virtual one only, and no SIM takes one that does not exist."""
    for subscription, added, status in (
        ("plan01s", "planX1", 200),
        ("plan-US", "planP1", 200),
        ("plan-D", "planP1", 400),
        ("plan-D", "planArc01", 200),
        ("plan01s", "planet", 400),
    ):
        sim = sim_id(add(subscription))
        answer = await client.post(f"/sims/{sim}/profiles/{sim}/add_subscription", json={"subscription": added})
        assert answer.status_code == status, answer.text


async def test_an_arc_session_of_a_sim_that_is_not_active(client, add):
    """A SIM of a card may have Arc credentials; it gets a session only while it is active."""
    path = f"/sims/{sim_id(add('plan01s'))}"
    await client.put(f"{path}/credentials/arc", json={})
    await client.post(f"{path}/suspend")
    assert refused(await client.post(f"{path}/sessions/arc", json={}), 400, "SEM9002")
    await client.post(f"{path}/activate")
    assert (await client.post(f"{path}/sessions/arc", json={})).is_success
