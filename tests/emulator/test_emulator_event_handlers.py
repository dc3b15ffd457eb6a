from __future__ import annotations

import pytest
from plain import refused

from soracom_async import Soracom
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio

RULE = {
    "type": "SimDailyTotalTrafficRule",
    "properties": {"inactiveTimeoutDateConst": "BEGINNING_OF_NEXT_DAY", "limitTotalTrafficMegaByte": "10"},
}
ACTION = {"type": "SendMailToOperatorAction", "properties": {"executionDateTimeConst": "IMMEDIATELY", "title": "much"}}
BODY = {"name": "much traffic", "status": "active", "ruleConfig": RULE, "actionConfigList": [ACTION]}


async def make(client, **body):
    made = await client.post("/event_handlers", json=BODY | body)
    assert made.status_code == 201, made.text
    return made.json()


async def test_the_life_of_an_event_handler(emulator, clock):
    """A handler is made, found, changed and removed."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        made = await soracom.event_handlers.create(
            name="much traffic",
            status="active",
            rule_config=RULE,
            action_config_list=[ACTION],
            target_sim_id=sim_id(1),
        )
        assert made.target_sim_id == sim_id(1)
        assert made.target_imsi is None
        assert made.rule_config.properties.limit_total_traffic_mega_byte == "10"
        assert await soracom.event_handlers.get(made.handler_id) == made
        await soracom.event_handlers.update(
            made.handler_id,
            name="some traffic",
            status="inactive",
            rule_config=RULE,
            action_config_list=[],
            target_imsi=imsi(2),
        )
        changed = await soracom.event_handlers.get(made.handler_id)
        assert (changed.name, changed.status, changed.action_config_list) == ("some traffic", "inactive", [])
        assert (changed.target_sim_id, changed.target_imsi) == (None, imsi(2))
        await soracom.event_handlers.delete(made.handler_id)
        assert await soracom.event_handlers.list() == []


@pytest.mark.parametrize("once", [True, "true"])
async def test_a_word_that_the_document_has_as_a_boolean(emulator, clock, once):
    """`runOnceAmongTarget` is text whose words are written as booleans: either comes back as it was sent."""
    rule = RULE | {"properties": RULE["properties"] | {"runOnceAmongTarget": once}}
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        made = await soracom.event_handlers.create(
            name="once", status="active", rule_config=rule, action_config_list=[ACTION], target_sim_id=sim_id(1)
        )
        assert made.rule_config.properties.run_once_among_target == once


async def test_a_handler_has_one_target_of_ones_own(client, other):
    """No target, two, or somebody else's: there is no such handler."""
    groups = (await other.get("/groups")).json()
    for targets, status, code in (
        ({}, 400, "SEM9003"),
        ({"targetImsi": imsi(1), "targetSimId": sim_id(1)}, 400, "SEM9003"),
        ({"targetImsi": imsi(31)}, 404, "SEM9001"),
        ({"targetSimId": "nobody"}, 404, "SEM9001"),
        ({"targetGroupId": groups[0]["groupId"]}, 404, "SEM9011"),
        ({"targetOperatorId": other.operator.id}, 403, "AUM9017"),
        ({"targetSimId": sim_id(1), "status": "asleep"}, 400, "SEM9003"),
    ):
        assert refused(await client.post("/event_handlers", json=BODY | targets), status, code)
    made = await make(client, targetSimId=sim_id(1))
    assert refused(await client.put(f"/event_handlers/{made['handlerId']}", json=BODY), 400, "SEM9003")
    assert (await client.get(f"/event_handlers/{made['handlerId']}")).json() == made
    assert refused(await other.get(f"/event_handlers/{made['handlerId']}"), 404, "SEM9007")
    assert refused(await other.put(f"/event_handlers/{made['handlerId']}", json=BODY), 400, "SEM9007")


async def test_a_handler_has_a_rule_and_actions_that_there_are(client):
    """What no type has cannot be watched or done; the handler that there is stays as it is."""
    made = await make(client, targetSimId=sim_id(1))
    for wrong in (
        {"ruleConfig": RULE | {"type": "SimWeeklyTotalTrafficRule"}},
        {"ruleConfig": {"properties": RULE["properties"]}},
        {"actionConfigList": [ACTION, ACTION | {"type": "SendFaxAction"}]},
        {"actionConfigList": [{"properties": ACTION["properties"]}]},
    ):
        body = BODY | {"targetSimId": sim_id(1)} | wrong
        for method, path in (("POST", "/event_handlers"), ("PUT", f"/event_handlers/{made['handlerId']}")):
            assert (await client.request(method, path, json=body)).status_code == 400
    assert (await client.get("/event_handlers")).json() == [made]


@pytest.mark.parametrize("old", ["DailyTrafficRule", "MonthlyTrafficRule", "CumulativeTrafficRule"])
async def test_rules_of_older_clients(client, old):
    """Old clients name rules that the document no longer has."""
    made = await make(client, targetSimId=sim_id(1), ruleConfig=RULE | {"type": old}, targetTag=None)
    assert made["ruleConfig"]["type"] == old
    assert (await client.get("/event_handlers")).json() == [made]


async def test_listing_by_target(emulator, client):
    """Handlers are listed by what they watch, and by the SIM that they concern."""
    group = (await client.get("/groups")).json()[0]["groupId"]
    await client.post(f"/sims/{sim_id(1)}/set_group", json={"groupId": group})
    await client.post(f"/sims/{sim_id(2)}/unset_group")
    targets = {
        "operator": {"targetOperatorId": emulator.operator_id},
        "imsi": {"targetImsi": imsi(1)},
        "sim": {"targetSimId": sim_id(2)},
        "group": {"targetGroupId": group},
    }
    made = {kind: await make(client, name=kind, **target) for kind, target in targets.items()}
    assert (await client.get("/event_handlers")).json() == list(made.values())
    for kind, handler in made.items():
        assert (await client.get("/event_handlers", params={"target": kind})).json() == [handler]
    assert refused(await client.get("/event_handlers?target=nobody"), 400, "SEM9003")
    for number, kinds in ((1, ["operator", "imsi", "group"]), (2, ["operator", "sim"])):
        listed = (await client.get(f"/event_handlers/subscribers/{imsi(number)}")).json()
        assert [each["name"] for each in listed] == kinds
    assert refused(await client.get(f"/event_handlers/subscribers/{imsi(31)}"), 404, "SEM9001")


async def test_ignoring(emulator, client):
    """A SIM that a handler ignores is not among those it concerns, until it is no longer ignored."""
    handler = await make(client, targetOperatorId=emulator.operator_id)
    listing = f"/event_handlers/subscribers/{imsi(1)}"
    ignore = f"/event_handlers/{handler['handlerId']}/subscribers/{imsi(1)}/ignore"
    assert refused(await client.delete(ignore), 404, "SEM9007")
    for _ in range(2):
        assert (await client.post(ignore)).status_code == 200
    assert (await client.get(listing)).json() == []
    assert len((await client.get(f"/event_handlers/subscribers/{imsi(2)}")).json()) == 1
    assert (await client.get("/event_handlers")).json() == [handler]
    assert (await client.delete(ignore)).status_code == 204
    assert (await client.get(listing)).json() == [handler]
    assert refused(await client.post(f"/event_handlers/x/subscribers/{imsi(1)}/ignore"), 404, "SEM9007")
