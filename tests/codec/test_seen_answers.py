"""Answers in the shapes that the service was seen to send: each field is declared, and each time is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from soracom_async import structure, unstructure
from soracom_async._codec.annotations import Array, Time, annotation, without_none
from soracom_async._codec.fields import aliases
from soracom_async._codec.model import Model, field_types
from soracom_async._codec.structuring import SHAPES
from soracom_async._registry import load
from soracom_async.api.audit_log import APIAuditLogEntry
from soracom_async.models import (
    AirStatsResponse,
    BeamStatsResponse,
    DataEntry,
    FunkStatsResponse,
    FunnelStatsResponse,
    Group,
    HarvestStatsResponse,
    NapterAuditLogEntry,
    PacketCaptureSession,
    PreviousSessionStatus,
    SessionEvent,
    SessionStatus,
    SoraletVersion,
    Subscriber,
)

CELL = {"radioType": "LTE", "mcc": 440, "mnc": 51, "tac": 4321, "eci": 12345678}
LOCAL = {
    "location": {"eci": 87654321, "tac": 1234, "mnc": 20, "mcc": 440, "radioType": "lte"},
    "imsi": "001010000000099",
    "imei": "490154203237518",
    "iccid": "8900000000000000099",
    "createdTime": 1740000000111,
    "status": "updated",
    "lastModifiedTime": 1740000000222,
}
SESSION = {
    "sessionId": "01JNQ8Z5M3W7R2T4V6X8Y0A1B2",
    "lastUpdatedAt": 1750000000123,
    "imei": "490154203237518",
    "cell": CELL,
    "ueIpAddress": "10.200.3.4",
    "dnsServers": ["192.0.2.53", "192.0.2.54"],
    "online": True,
    "placement": {"infrastructureProvider": "aws", "region": "eu-central-1"},
}
OFFLINE = {"lastUpdatedAt": 1570000000001, "imei": None, "location": None, "ueIpAddress": None, "dnsServers": None}
PREVIOUS = {
    "sessionId": "01JNQ8Z5M3W7R2T4V6X8Y0A1B1",
    "imei": "490154203237518",
    "cell": CELL,
    "ueIpAddress": "10.200.3.3",
    "dnsServers": ["192.0.2.53"],
    "subscription": "plan01s",
    "createdTime": 1749990000000,
    "deletedTime": 1749999999999,
}
OLD = {
    "imsi": "001010000000001",
    "msisdn": "819000000001",
    "ipAddress": None,
    "operatorId": "OP0012345678",
    "apn": "soracom.io",
    "type": "t1.standard",
    "groupId": None,
    "createdAt": 1560000000001,
    "lastModifiedAt": 1565000000002,
    "expiredAt": None,
    "registeredTime": None,
    "expiryAction": None,
    "terminationEnabled": False,
    "status": "active",
    "tags": {},
    "sessionStatus": None,
    "imeiLock": None,
    "speedClass": "t1.standard",
    "moduleType": "nano",
    "plan": 0,
    "iccid": "8900000000000000001",
    "serialNumber": "8900000000000000001",
    "subscription": "plan-KM1",
    "createdTime": 1560000000001,
    "expiryTime": None,
    "lastModifiedTime": 1565000000002,
}
NEW = OLD | {
    "groupId": "11111111-2222-4333-8444-555555555555",
    "tags": {"name": "pump"},
    "sessionStatus": SESSION,
    "previousSession": PREVIOUS,
    "simId": "8900000000000000001",
    "localInfo": LOCAL,
    "subscription": "plan01s",
    "lastPortMappingCreatedTime": 1745000000003,
    "packetCaptureSessions": None,
    "createdTime": 1720000000004,
    "createdAt": 1720000000004,
    "lastModifiedTime": 1750000000005,
    "lastModifiedAt": 1750000000005,
    "locationRegistrationStatus": {
        "cs": {"plmn": "44020", "lastModifiedTime": 1750000000006},
        "ps": {"plmn": "44020", "lastModifiedTime": 1750000000007},
        "eps": {"plmn": "44051", "lastModifiedTime": 1750000000008},
    },
    "presetSecondary": False,
    "ipProhibited": True,
    "mtSmsProhibited": False,
    "moSmsProhibited": True,
    "ussdProhibited": False,
    "eiccid": "8900000000000000002",
}
EVENT = {
    "imsi": "001010000000001",
    "time": 1575000000100,
    "createdTime": "2019-11-29T04:00:00.100Z",
    "operatorId": "OP0012345678",
    "event": "Created",
    "ueIpAddress": "10.200.3.4",
    "imei": "490154203237518",
    "apn": "soracom.io",
    "dns0": "192.0.2.53",
    "dns1": "192.0.2.54",
    "cell": CELL | {"radioType": "lte"},
    "primaryImsi": "001010000000001",
}
GROUP = {
    "operatorId": "OP0012345678",
    "groupId": "11111111-2222-4333-8444-555555555555",
    "createdAt": 1565000000009,
    "lastModifiedAt": 1566000000010,
    "configuration": {"SoracomAir": {"binaryParserEnabled": True}, "SoracomHarvest": {"enabled": False}},
    "tags": {"name": "north"},
    "createdTime": 1565000000009,
    "lastModifiedTime": 1566000000010,
}
ADDRESS = {
    "countryCode": "US",
    "zipCode": "94103",
    "state": "CA",
    "city": "San Francisco",
    "addressLine1": "1 Main Street",
    "building": "A",
    "companyName": "Example",
    "department": "IoT",
    "fullName": "A. Person",
    "phoneNumber": "+1-555-0100",
}
ORDER = {
    "orderId": "20200102030405_0a1b2c3d",
    "orderItemList": [
        {
            "product": {
                "productCode": "4500000000001",
                "productName": "Card",
                "description": "A card.",
                "count": 1,
                "price": 900,
                "currency": "JPY",
                "properties": {"contractType": "data", "simSubscription": "plan01s", "simSize": "micro"},
                "productType": "sim",
                "productInfoURL": "https://example.com/card",
                "productImageURLs": ["https://example.com/card.png"],
            },
            "quantity": 3,
            "productAmount": 2700,
        }
    ],
    "shippingAddressId": "22222222-3333-4444-8555-666666666666",
    "shippingAddress": ADDRESS,
    "shippingCost": 800,
    "taxAmount": 350,
    "totalAmount": 3850,
    "email": "person@example.com",
    "currency": "JPY",
}
PLACED = ORDER | {"orderDateTime": "20200102030506", "orderStatus": "orderProcessing"}
HANDLER = {
    "handlerId": "33333333-4444-4555-8666-777777777777",
    "targetImsi": None,
    "targetGroupId": None,
    "targetSimId": None,
    "targetOperatorId": "OP0012345678",
    "name": "limit",
    "description": None,
    "ruleConfig": {
        "type": "MonthlyTrafficRule",
        "properties": {"inactiveTimeoutDateConst": "BEGINNING_OF_NEXT_MONTH", "limitTotalTrafficMegaByte": "512"},
    },
    "actionConfigList": [
        {
            "type": "ChangeSpeedClassAction",
            "properties": {"speedClass": "s1.slow", "executionDateTimeConst": "IMMEDIATELY"},
        }
    ],
}
CAPTURE = {
    "operatorId": "OP0012345678",
    "sessionId": "01JNQ8Z5M3W7R2T4V6X8Y0A1B3",
    "status": "REQUESTED",
    "prefix": "night",
    "duration": 30,
    "createdTime": 1680000000.654321,
    "scheduledTime": 1680000000.123456,
    "fileSizeInBytes": 4096,
}
CAMERA = {
    "deviceId": "7CDDDE0000AA",
    "deviceType": "AtomCam",
    "eventId": "e1",
    "time": 1670000000321,
    "eventInfo": {
        "infoType": "atomEventV1",
        "atomEventV1": {
            "type": ["motion", "pet"],
            "startTime": 1670000000321,
            "endTime": 1670000060321,
            "recordingStatus": "completed",
            "picture": "https://example.com/1.jpg",
        },
    },
}
AUDIT = {
    "apiKind": "/v1/auth",
    "operatorId": "OP0012345678",
    "remoteIpAddress": "192.0.2.9",
    "requestPath": "/v1/auth",
    "requestedTimeEpocMs": 1710000000456,
    "statusCode": 401,
}
STATS = {"s1.standard": dict.fromkeys(("uploadByteSizeTotal", "downloadByteSizeTotal"), 5)}
BODIES: list[tuple[str, Any]] = [
    ("getSubscriber", OLD),
    ("getSubscriber", OLD | {"sessionStatus": OFFLINE | {"online": False}, "imeiLock": {"imei": "490154203237518"}}),
    ("getSubscriber", NEW),
    ("listSubscribers", [OLD | {"moduleType": "nano", "status": "ready"}, NEW]),
    ("listSessionEvents", [EVENT | {"event": "Deleted", "time": 1575001000200}, EVENT]),
    ("createGroup", GROUP | {"configuration": {}}),
    ("putConfigurationParameters", GROUP),
    ("auth", {"apiKey": "api-1", "operatorId": "OP0012345678", "token": "e.f.g"}),
    ("createShippingAddress", ADDRESS | {"addressLine2": "", "shippingAddressId": "2", "shippingArea": "kansai"}),
    ("createQuotation", ORDER),
    ("listOrders", {"orderList": [PLACED]}),
    ("enableMFA", {"totpUri": "otpauth://totp/SORACOM:OP0012345678?secret=BBBBBBBBBBBBBBBB&issuer=SORACOM"}),
    ("verifyMFA", {"backupCodes": ["12345678", "23456789", "34567890", "45678901", "56789012"]}),
    (
        "getBilling",
        {
            "yearMonth": "202002",
            "amount": 777,
            "state": "closed",
            "paymentStatus": "paid",
            "paymentTransactionId": "20200303000000001_1",
        },
    ),
    ("exportBilling", {"url": "https://storage.example.com/bill.csv?signature=1"}),
    ("listEventHandlers", [HANDLER]),
    (
        "getVirtualPrivateGateway",
        {
            "vpgId": "44444444-5555-4666-8777-888888888888",
            "type": 14,
            "status": "running",
            "useInternetGateway": True,
            "deviceSubnetCidrRange": "10.64.0.0/10",
            "vpgSubnetCidrRange": "100.64.1.0/24",
        },
    ),
    (
        "getSim",
        {
            "simId": "8900000000000000001",
            "localInfo": LOCAL,
            "sessionStatus": SESSION,
            "previousSession": PREVIOUS,
            "pcapStartTime": 1735000000555,
        },
    ),
    ("getAirStats", [{"date": "20230203", "unixtime": 1675382400, "dataTrafficStatsMap": STATS}]),
    (
        "getDataEntries",
        [
            {
                "resourceType": "Sim",
                "resourceId": "8900000000000000001",
                "time": 1580000000777,
                "contentType": "application/json",
                "content": '{"t":21}',
            }
        ],
    ),
    ("listSimPacketCaptureSessions", [CAPTURE]),
    ("listPacketCaptureSessions", [CAPTURE]),
    ("listSoraCamDeviceEvents", [CAMERA, CAMERA | {"eventInfo": {"infoType": "x", "atomEventV1": {"type": "sound"}}}]),
    ("getApiAuditLogs", [AUDIT, AUDIT | {"userName": "sam"}]),
]


def models(value: Any) -> Iterator[Model]:
    """Walk all models in a result."""
    if isinstance(value, Model):
        yield value
        value = {name: getattr(value, name) for name in field_types(type(value))}
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from models(each)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON: 1 is not 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize(("operation", "body"), BODIES)
def test_what_the_service_sends_is_declared(operation: str, body: Any) -> None:
    """No field is left over, each has the type that it is declared with, and all of it goes back unchanged."""
    result = structure(body, load(operation).result)
    assert [(type(model).__name__, model.extra) for model in models(result) if model.extra] == []
    assert same(unstructure(result), body)


@pytest.mark.parametrize(("operation", "body"), BODIES)
def test_each_time_is_one(operation: str, body: Any) -> None:
    """Whatever its unit, it is aware, and of the years in which the service exists; no number is left that looks so."""
    found = 0
    for model in models(structure(body, load(operation).result)):
        for name, type_ in field_types(type(model)).items():
            value, tree = getattr(model, name), without_none(annotation(type_))
            if value is None:
                continue
            if not isinstance(tree, Time | Array):
                assert not isinstance(value, float | int) or not (1.4e9 < value < 1.8e9 or value > 1.4e12), name
            if isinstance(tree, Time):
                found += 1
                assert isinstance(value, date), name
                assert 2016 <= value.year <= 2026, name
                assert not isinstance(value, datetime) or value.tzinfo is UTC, name
    assert found == len([*times(body)])


def times(value: Any, name: str = "") -> Iterator[Any]:
    """Walk what are times in a body, by the names on the wire; what is free of form has none."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from times(each, key) if key != "localInfo" else ()
    elif isinstance(value, list):
        for each in value:
            yield from times(each)
    elif value is not None and (
        name.endswith(("Time", "At", "EpocMs")) or name in ("time", "date", "unixtime", "yearMonth")
    ):
        yield value


def test_fields_that_the_document_lacks() -> None:
    """They are attributes, of their types."""
    subscriber = structure(NEW, Subscriber)
    status = subscriber.location_registration_status
    assert status is not None
    assert (status.eps.plmn, status.ps.plmn, status.cs.plmn, status.cs.vplmn) == ("44051", "44020", "44020", None)
    assert subscriber.local_info == LOCAL
    prohibited = (subscriber.ip_prohibited, subscriber.mt_sms_prohibited, subscriber.mo_sms_prohibited)
    assert (*prohibited, subscriber.ussd_prohibited) == (True, False, True, False)
    assert (subscriber.preset_secondary, subscriber.eiccid) == (False, "8900000000000000002")
    group = structure(GROUP, Group)
    assert group.created_at == group.created_time == datetime(2019, 8, 5, 10, 13, 20, 9000, UTC)
    assert group.last_modified_at == group.last_modified_time
    event = structure(EVENT, SessionEvent)
    assert event.primary_imsi == "001010000000001"
    assert event.time == event.created_time == datetime(2019, 11, 29, 4, 0, 0, 100_000, UTC)
    capture = structure(CAPTURE, PacketCaptureSession)
    assert capture.created_time == datetime(2023, 3, 28, 10, 40, 0, 654_321, UTC)
    assert capture.scheduled_time == datetime(2023, 3, 28, 10, 40, 0, 123_456, UTC)
    assert (capture.file_size_in_bytes, capture.operator_id) == (4096, "OP0012345678")


@pytest.mark.parametrize(
    ("model", "name", "raw"),
    [
        (SessionStatus, "lastUpdatedAt", 1_500_000_000_250),
        (PreviousSessionStatus, "createdTime", 1_500_000_000_250),
        (PreviousSessionStatus, "deletedTime", 1_500_000_000_250),
        *((Group, name, 1_500_000_000_250) for name in ("createdAt", "createdTime", "lastModifiedAt")),
        (Group, "lastModifiedTime", 1_500_000_000_250),
        (SessionEvent, "time", 1_500_000_000_250),
        (SessionEvent, "createdTime", "2017-07-14T02:40:00.250Z"),
        (DataEntry, "time", 1_500_000_000_250),
        (NapterAuditLogEntry, "createdAt", 1_500_000_000_250),
        (SoraletVersion, "createdTime", 1_500_000_000_250),
        (PacketCaptureSession, "createdTime", 1_500_000_000.25),
        (PacketCaptureSession, "scheduledTime", 1_500_000_000.25),
    ],
)
def test_the_unit_of_a_time(model: type[Model], name: str, raw: Any) -> None:
    """It is read in its unit, and written in it: also a time that did not come from the service."""
    read = model.from_dict({name: raw})
    (value,) = (each for field in field_types(model) if (each := getattr(read, field)) is not None)
    assert value == datetime(2017, 7, 14, 2, 40, 0, 250_000, UTC)
    assert same(unstructure(read), {name: raw})
    (field,) = (field for field in field_types(model) if getattr(read, field) is not None)
    assert same(unstructure(read.replace(**{field: value})), {name: raw})
    early = {field: datetime(1970, 1, 2, tzinfo=UTC)}
    written = unstructure(model.from_dict({}).replace(**early))[name]
    expected = {int: 86_400_000, float: 86_400.0, str: "1970-01-02T00:00:00.000Z"}
    assert same(written, expected[type(raw)])


@pytest.mark.parametrize(
    "model", [AirStatsResponse, BeamStatsResponse, FunkStatsResponse, FunnelStatsResponse, HarvestStatsResponse]
)
def test_stats_are_of_seconds(model: Any) -> None:
    """The `unixtime` of all of them."""
    assert unstructure(model(unixtime=datetime(6000, 1, 1, tzinfo=UTC))) == {"unixtime": 127_174_492_800}
    assert structure({"unixtime": 127_174_492_800}, model).unixtime == datetime(6000, 1, 1, tzinfo=UTC)


WHEN = datetime(2024, 3, 9, 16, 0, 0, 456_000, UTC)


def test_a_misspelt_field() -> None:
    """It is read from both names, and goes back under the one that came."""
    for name in ("requestedTimeEpocMs", "requestedTimeEpochMs"):
        entry = structure({"apiKind": "x", name: 1710000000456}, APIAuditLogEntry)
        assert (entry.requested_time_epoch_ms, entry.extra) == (WHEN, {})
        assert unstructure(entry) == {"apiKind": "x", name: 1710000000456}
        assert unstructure(entry.replace(requested_time_epoch_ms=None)) == {"apiKind": "x", name: None}
        assert (
            unstructure(entry.replace(requested_time_epoch_ms=datetime(2020, 1, 1, tzinfo=UTC)))[name] == 1577836800000
        )
        null = structure({name: None}, APIAuditLogEntry)
        assert null.requested_time_epoch_ms is None
        assert unstructure(null) == {name: None}
        assert null != structure({}, APIAuditLogEntry)
        odd = structure({name: "1710000000456"}, APIAuditLogEntry)
        assert (odd.requested_time_epoch_ms, odd.extra) == (WHEN, {})
        assert unstructure(odd) == {name: "1710000000456"}
    assert unstructure(APIAuditLogEntry(requested_time_epoch_ms=WHEN)) == {"requestedTimeEpochMs": 1710000000456}
    assert aliases(APIAuditLogEntry) == {"requestedTimeEpocMs": "requestedTimeEpochMs"}


@pytest.mark.parametrize("shapes", [0, SHAPES + 1])
def test_a_field_that_comes_under_several_of_its_names(shapes: int) -> None:
    """The first is the field, the others are as if undeclared; nothing is lost, however many shapes came before."""

    class Thing(Model, name=("name", "nmae", "naem")):
        """Has a field with three names, and is read by functions of its own."""

        name: str | None = None
        size: int | None = None

    for number in range(shapes):
        structure({f"x{number}": 1}, Thing)
    for data, name, extra in (
        ({"naem": "c"}, "c", {}),
        ({"naem": "c", "nmae": "b"}, "b", {"naem": "c"}),
        ({"naem": "c", "name": "a", "nmae": "b"}, "a", {"naem": "c", "nmae": "b"}),
        ({"size": 1, "other": 2}, None, {"other": 2}),
    ):
        thing = structure(data, Thing)
        assert (thing.name, thing.extra) == (name, extra)
        assert unstructure(thing) == data
