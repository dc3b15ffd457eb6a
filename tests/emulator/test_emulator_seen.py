"""Records have the fields that bodies of the real service were seen to have, and in the same form.

The years say when. The values are invented. A record may have more: what the document declares, which is newer.
"""

from __future__ import annotations

import re

import pytest

from soracom_async.emulator.state.sims import sim_id

pytestmark = pytest.mark.anyio

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
SECOND = re.compile("20[0-9]{12}")
URL = re.compile("https?://.*")
MS = 1_700_000_000_000

GROUP = {  # 2019
    "operatorId": "OP1234567890",
    "groupId": UUID,
    "createdAt": MS,
    "lastModifiedAt": MS,
    "configuration": {},
    "tags": {"name": "north"},
    "createdTime": MS,
    "lastModifiedTime": MS,
}
GIVEN_ADDRESS = {
    "zipCode": "220-0012",
    "state": "神奈川県",
    "city": "横浜市",
    "addressLine1": "西区1-2-3",
    "building": "塔",
    "companyName": "甲",
    "department": "乙",
    "fullName": "丙",
    "phoneNumber": "045-000-0000",
}
ADDRESS = GIVEN_ADDRESS | {"countryCode": "JP"}  # 2019
PRODUCT = {  # 2019
    "productCode": re.compile("[0-9]{13}"),
    "productName": "a SIM",
    "description": "a SIM",
    "count": 1,
    "price": 700,
    "currency": "JPY",
    "properties": {"contractType": "no_sms", "simSubscription": "plan-D", "simSize": "nano"},
    "productType": "sim",
    "productInfoURL": URL,
    "productImageURLs": [],
}
QUOTATION = {  # 2019
    "orderId": re.compile("20[0-9]{12}_[0-9a-f]{8}"),
    "orderItemList": [{"product": PRODUCT, "quantity": 3, "productAmount": 2100}],
    "shippingAddressId": UUID,
    "shippingAddress": ADDRESS,
    "shippingCost": 900,
    "taxAmount": 300,
    "totalAmount": 3300,
    "email": "b@example.com",
    "currency": "JPY",
}
EVENT_HANDLER = {  # in the documentation, before 2026
    "handlerId": UUID,
    "targetImsi": None,
    "targetGroupId": None,
    "targetSimId": None,
    "targetOperatorId": "OP1234567890",
    "name": "charge",
    "description": None,
    "ruleConfig": {
        "type": "MonthlyChargeRule",
        "properties": {"inactiveTimeoutDateConst": "NEVER", "limitTotalAmount": "1000"},
    },
    "actionConfigList": [{"type": "SuspendAction", "properties": {"executionDateTimeConst": "IMMEDIATELY"}}],
}
CAMERA_EVENT = {  # in the documentation, before 2026
    "deviceId": re.compile("[0-9A-F]{12}"),
    "deviceType": "AtomCam",
    "eventId": UUID,
    "time": MS,
    "eventInfo": {
        "infoType": re.compile("atomEventV1"),
        "atomEventV1": {
            "type": ["sound"],
            "startTime": MS,
            "endTime": MS,
            "recordingStatus": re.compile("completed"),
            "picture": URL,
        },
    },
}


def misfits(seen, sent, where="it"):
    """Return where a body has not the form of a body that was seen: its fields, their types, what patterns say."""
    if isinstance(seen, dict) and isinstance(sent, dict):
        missing = [f"{where}.{name}" for name in seen.keys() - sent.keys()]
        both = seen.keys() & sent.keys()
        return missing + [each for name in both for each in misfits(seen[name], sent[name], f"{where}.{name}")]
    if isinstance(seen, list) and isinstance(sent, list):
        return [each for item in sent for each in misfits(seen[0], item, where)] if seen else []
    if isinstance(seen, re.Pattern):
        return [] if isinstance(sent, str) and seen.fullmatch(sent) else [f"{where}: {sent!r}"]
    return [] if type(seen) is type(sent) else [f"{where}: {sent!r}"]


def found(answer):
    assert answer.is_success, answer.text
    return answer.json()


async def test_groups(emulator, client):
    """Each time comes under two names."""
    made = found(await client.post("/groups", json={"tags": {"name": "north"}}))
    assert misfits(GROUP, made) == []
    emulator.advance(1)
    settings = [{"key": "enabled", "value": True}]
    path = f"/groups/{made['groupId']}/configuration/SoracomHarvest"
    changed = found(await client.put(path, json=settings))
    assert misfits(GROUP | {"configuration": {"SoracomHarvest": {"enabled": True}}}, changed) == []
    assert changed["createdAt"] == changed["createdTime"] == made["createdTime"]
    assert changed["lastModifiedAt"] == changed["lastModifiedTime"] == made["lastModifiedTime"] + 1000


async def test_orders(emulator, client):
    """An address knows its country, and an order its products and where it goes."""
    path = f"/operators/{emulator.operator_id}/shipping_addresses"
    address = found(await client.post(path, json=GIVEN_ADDRESS | {"addressLine2": ""}))
    assert misfits(ADDRESS | {"addressLine2": "", "shippingAddressId": UUID, "shippingArea": "kanto"}, address) == []
    assert (address["countryCode"], address["shippingArea"]) == ("JP", "kanto")
    items = [{"productCode": "4573326590013", "quantity": 3}]
    body = {"orderItemList": items, "shippingAddressId": address["shippingAddressId"]}
    offered = found(await client.post("/orders", json=body))
    assert misfits(QUOTATION, offered) == []
    assert offered["shippingAddress"] == ADDRESS
    emulator.advance(40)
    await client.put(f"/orders/{offered['orderId']}/confirm")
    ordered = QUOTATION | {"orderDateTime": SECOND, "orderStatus": re.compile("orderProcessing")}
    (order,) = found(await client.get("/orders"))["orderList"]
    assert misfits(ordered, order) == []
    assert (order["orderId"][:14], order["orderDateTime"]) == ("20250101000000", "20250101000040")


@pytest.mark.parametrize(("given", "country"), [({"countryCode": "US"}, "US"), ({"state": "WA"}, None), ({}, "JP")])
async def test_the_country_of_an_address(emulator, client, given, country):
    """It is the one that is given. Without it, a prefecture is in Japan, and nothing is said of any other place."""
    path = f"/operators/{emulator.operator_id}/shipping_addresses"
    made = found(await client.post(path, json=GIVEN_ADDRESS | given))
    assert made.get("countryCode") == country
    own = f"{path}/{made['shippingAddressId']}"
    assert (await client.put(own, json=GIVEN_ADDRESS | given)).is_success
    assert found(await client.get(own)) == made


async def test_bills(emulator, client):
    """A closed bill is paid under an identifier that begins with its time (2019)."""
    (newest, *_) = found(await client.get("/bills"))["billList"]
    seen = {
        "yearMonth": re.compile("20[0-9]{4}"),
        "amount": newest["amount"],
        "state": re.compile("closed"),
        "paymentStatus": re.compile("paying|paid"),
        "paymentTransactionId": re.compile(f"20[0-9]{{15}}_{UUID.pattern}"),
    }
    bill = found(await client.get(f"/bills/{newest['yearMonth']}"))
    assert misfits(seen, bill) == []
    assert bill == newest
    assert misfits({"url": URL}, found(await client.post(f"/bills/{newest['yearMonth']}/export"))) == []


async def test_event_handlers(emulator, client):
    """Targets that a handler has not are null."""
    given = {name: value for name, value in EVENT_HANDLER.items() if value is not None and name != "handlerId"}
    made = await client.post(
        "/event_handlers", json=given | {"targetOperatorId": emulator.operator_id, "status": "active"}
    )
    assert made.is_success, made.text
    assert misfits([EVENT_HANDLER], found(await client.get("/event_handlers"))) == []


async def test_a_vpg(client):
    """A VPG has two ranges of addresses (2026)."""
    made = found(await client.post("/virtual_private_gateways", json={"type": 15}))
    network = re.compile(r"(\d+\.){3}\d+/\d+")
    seen = {
        "vpgId": UUID,
        "type": 15,
        "status": re.compile("running"),
        "useInternetGateway": True,
        "deviceSubnetCidrRange": network,
        "vpgSubnetCidrRange": network,
    }
    assert misfits(seen, found(await client.get(f"/virtual_private_gateways/{made['vpgId']}"))) == []


async def test_harvest_data(client):
    """An entry has the resource that sent it (2019), and a category only if it was sent to one."""
    seen = {
        "resourceType": re.compile("Sim"),
        "resourceId": re.compile(sim_id(1)),
        "time": MS,
        "contentType": re.compile("application/json"),
        "content": re.compile("{.*}"),
    }
    entries = found(await client.get(f"/data/Sim/{sim_id(1)}"))
    assert entries
    assert misfits([seen], entries) == []
    assert all(entry.keys() == seen.keys() for entry in entries)


async def test_events_of_cameras(emulator, client):
    """An event's kind is the first in an array; what was detected follows."""
    events = found(await client.get("/sora_cam/devices/events", params={"limit": 100}))
    assert misfits([CAMERA_EVENT], events) == []
    kinds = {tuple(event["eventInfo"]["atomEventV1"]["type"]) for event in events}
    assert ("motion", "person") in kinds
    assert ("sound",) in kinds


def test_a_body_of_another_form_is_noticed():
    """Else the tests above would show nothing."""
    seen = {"a": [{"b": 1}], "c": None, "d": SECOND, "e": []}
    assert misfits(seen, {"a": [{"b": 2}], "c": None, "d": "20250101000000", "e": ["x"], "f": 1}) == []
    assert len(misfits(seen, {"a": [{"b": "2"}, {}], "c": 1, "d": "2025", "e": {}})) == 5
