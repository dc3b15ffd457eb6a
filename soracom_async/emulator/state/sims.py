"""One SIM: its record, its seeded state, and the two forms in which the API shows it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from ..durations import DAY_MS
from .subscriptions import VIRTUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Side = Literal["sim", "subscriber"]
"""A SIM and its subscriber are two forms of the same record."""

SIM_PREFIX, IMSI_PREFIX, MSISDN_PREFIX = "8942310022", "00101", "99001"
NUMBERS = 999_999_999
"""The highest number of a SIM; numbers have nine digits."""

SPEED_CLASSES = ("s1.minimum", "s1.slow", "s1.standard", "s1.fast", "s1.4xfast", "s1.8xfast")
STATUSES = ("ready", "inactive", "standby", "suspended") + ("active",) * 12
MODULES = ("nano", "micro", "mini", "trio", "nano", "trio", "embedded", "nano")
SITES = ("tokyo", "london", "seattle", "osaka")

_GOLDEN, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


def sim_id(number: int) -> str:
    """Return the SIM id (and ICCID) of a number; ids grow with the number."""
    return f"{SIM_PREFIX}{number:09d}"


def imsi(number: int) -> str:
    """Return the IMSI of a number; it contains 00101, as an API Sandbox's does."""
    return f"{IMSI_PREFIX}{number:010d}"


def msisdn(number: int) -> str:
    """Return the telephone number of a number."""
    return f"{MSISDN_PREFIX}{number:010d}"


def number_of(name: str) -> int | None:
    """Return the number of a SIM id, an IMSI or a telephone number; None if `name` is none of them."""
    for prefix, digits in ((SIM_PREFIX, 9), (IMSI_PREFIX, 10), (MSISDN_PREFIX, 10)):
        rest = name[len(prefix) :]
        if name.startswith(prefix) and len(rest) == digits and rest.isascii() and rest.isdigit():
            return int(rest) if 0 < int(rest) <= NUMBERS else None
    return None


@define(slots=True)
class Secondary:
    """An additional subscription of a SIM."""

    subscription: str
    status: str
    added: int


@define(slots=True, kw_only=True)
class Sim:
    """A SIM that differs from its seeded state, or was added later."""

    number: int
    sim_id: str
    imsi: str
    msisdn: str
    operator_id: str
    status: str
    speed_class: str
    group_id: str | None
    module_type: str
    serial_number: str | None
    subscription: str = "plan01s"
    type: str = "uicc"
    created: int
    modified: int
    registered: int | None = None
    online: bool = False
    session_id: str | None = None
    session_time: int | None = None
    imei: str | None = None
    address: str | None = None
    tags: dict[str, str] = field(factory=dict)
    termination_enabled: bool = False
    imei_lock: str | None = None
    expiry_time: int | None = None
    expiry_action: str | None = None
    expired: bool = False
    """Whether the expiry action was done."""
    previous: dict[str, Any] | None = None
    bundles: list[str] | None = None
    arc_keys: tuple[str, str] | None = None
    secondaries: dict[str, Secondary] = field(factory=dict)
    """By their IMSIs."""
    history: list[dict[str, Any]] = field(factory=list)
    events: list[dict[str, Any]] = field(factory=list)
    captures: dict[str, dict[str, Any]] = field(factory=dict)
    """Packet capture sessions, by their identifiers."""


def seeded(number: int, *, key: int, operator_id: str, groups: tuple[str, ...], epoch: int) -> dict[str, Any]:
    """Return the fields of the SIM that is number `number` of a fleet, always the same for one `key`."""
    bits = (key + number * _GOLDEN) & _MASK  # splitmix64: every bit of the result depends on every bit of the number
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    bits ^= bits >> 31
    status = STATUSES[bits & 15]
    online = status == "active" and bits >> 4 & 3 != 0
    created = epoch - DAY_MS - (bits >> 16) % (700 * DAY_MS)
    choice = (bits >> 6 & 1023) % (len(groups) + 1)
    digits = f"{number:010d}"
    return {
        "number": number,
        "sim_id": SIM_PREFIX + digits[1:],
        "imsi": IMSI_PREFIX + digits,
        "msisdn": MSISDN_PREFIX + digits,
        "operator_id": operator_id,
        "status": status,
        "speed_class": SPEED_CLASSES[(bits >> 20 & 255) % 6],
        "group_id": groups[choice - 1] if choice else None,
        "module_type": MODULES[bits >> 28 & 7],
        "serial_number": f"AB{digits}",
        "created": created,
        "modified": created + (bits >> 24) % DAY_MS,
        "online": online,
        "session_id": f"{bits:016x}{number:016x}" if online else None,
        "session_time": epoch - (bits >> 32) % DAY_MS if online else None,
        "imei": f"35{bits % 10**13:013d}" if online else None,
        "address": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" if online else None,
        "tags": {"name": f"device-{digits}", "site": SITES[bits >> 40 & 3]},
    }


def shape_session(sim: Sim) -> dict[str, Any]:
    """Return a SIM's `sessionStatus`."""
    return {
        "lastUpdatedAt": sim.session_time,
        "imei": sim.imei,
        "imsi": sim.imsi,
        "subscription": sim.subscription,
        "location": None,
        "cell": CELL if sim.online else None,
        "ueIpAddress": sim.address if sim.online else None,
        "dnsServers": ["100.127.0.53", "100.127.1.53"] if sim.online else None,
        "gatewayPrivateIpAddress": None,
        "gatewayPublicIpAddress": None,
        "sessionId": sim.session_id,
        "vpgId": None,
        "placement": {"infrastructureProvider": "aws", "region": "eu-central-1"} if sim.online else None,
        "online": sim.online,
    }


CELL: dict[str, Any] = {"radioType": "LTE", "mcc": 1, "mnc": 1, "tac": 4369, "eci": 69905}


def _common(sim: Sim) -> dict[str, Any]:
    return {
        "operatorId": sim.operator_id,
        "simId": sim.sim_id,
        "status": sim.status,
        "speedClass": sim.speed_class,
        "moduleType": sim.module_type,
        "serialNumber": sim.serial_number,
        "groupId": sim.group_id,
        "tags": sim.tags,
        "createdTime": sim.created,
        "lastModifiedTime": sim.modified,
        "terminationEnabled": sim.termination_enabled,
        "expiryTime": sim.expiry_time,
        "expiryAction": sim.expiry_action,
        "imeiLock": {"imei": sim.imei_lock} if sim.imei_lock else None,
        "sessionStatus": shape_session(sim),
        "previousSession": sim.previous,
        "lastPortMappingCreatedTime": None,
        "renewalFeeStatusSetTime": None,
    }


def as_sim(sim: Sim) -> dict[str, Any]:
    """Return a SIM as the Sim group of the API shows it."""
    public, private = sim.arc_keys or (None, None)
    capabilities = {"data": True, "sms": sim.type != "virtual"}
    subscriber = {
        "imsi": sim.imsi,
        "msisdn": sim.msisdn,
        "status": sim.status,
        "subscription": sim.subscription,
        "capabilities": capabilities,
        "bundles": sim.bundles,
    }
    secondaries = {
        imsi: {
            "imsi": imsi,
            "msisdn": MSISDN_PREFIX + imsi.removeprefix(IMSI_PREFIX),
            "status": "terminated" if sim.status == "terminated" else each.status,
            "subscription": each.subscription,
            "capabilities": {"data": True, "sms": each.subscription != VIRTUAL},
            "bundles": None,
        }
        for imsi, each in sim.secondaries.items()
    }
    profile = {
        "iccid": sim.sim_id,
        "primaryImsi": sim.imsi,
        "otaSupported": sim.type != "virtual",
        "arcClientPeerPrivateKey": private,
        "arcClientPeerPublicKey": public,
        "subscribers": {sim.imsi: subscriber} | secondaries,
    }
    return _common(sim) | {
        "type": sim.type,
        "capabilities": capabilities,
        "activeProfileId": sim.sim_id,
        "profiles": {sim.sim_id: profile},
        "otaSerialNumber": None,
        "localInfo": None,
        "arcSessionStatus": None,
        "lastLocationUpdateTime": sim.session_time,
        "pcapStartTime": None,
        "pcapEndTime": None,
        "testmodeExhaustedTime": None,
    }


def as_subscriber(sim: Sim) -> dict[str, Any]:
    """Return a SIM as the Subscriber group of the API shows it."""
    return _common(sim) | {
        "imsi": sim.imsi,
        "iccid": sim.sim_id,
        "msisdn": sim.msisdn,
        "type": sim.speed_class,
        "subscription": sim.subscription,
        "plan": 0 if sim.type == "virtual" else 1,
        "apn": "soracom.io",
        "ipAddress": sim.address if sim.online else None,
        "bundles": sim.bundles,
        "createdAt": sim.created,
        "lastModifiedAt": sim.modified,
        "expiredAt": sim.expiry_time,
        "registeredTime": sim.registered,
        "locationRegistrationStatus": None,
        "packetCaptureSessions": [],
    }


SHAPES: Mapping[Side, Callable[[Sim], dict[str, Any]]] = {"sim": as_sim, "subscriber": as_subscriber}


def _template(side: Side, *, online: bool) -> str:
    """Return JSON with `%(field)s` instead of the fields of `seeded`.

    Listings of a million SIMs need it: filling in a text is several times quicker than building each object
    and encoding it. The text comes from the same shapes, so that both cannot differ.
    """
    names = "number sim_id imsi msisdn operator_id status speed_class module_type serial_number session_id imei address"
    # A mark with an exclamation point stands for JSON, so its quotes are removed.
    marks: dict[str, Any] = {name: f"\1{name}\1" for name in names.split()}
    marks |= {name: f"\1!{name}\1" for name in ("group_id", "created", "modified", "session_time")}
    marks["tags"] = {"name": "\1name\1", "site": "\1site\1"}
    marks["online"] = online
    if not online:
        marks |= dict.fromkeys(("session_id", "session_time", "imei", "address"))
    text = json.dumps(SHAPES[side](Sim(**marks)), separators=(",", ":")).replace("%", "%%")
    text = re.sub(r'"\\u0001!(\w+)\\u0001"', r"%(\1)s", text)
    return re.sub(r"\\u0001(\w+)\\u0001", r"%(\1)s", text)


_TEMPLATES = {(side, online): _template(side, online=online) for side in SHAPES for online in (True, False)}


def seeded_json(fields: dict[str, Any], side: Side) -> str:
    """Return the JSON of a SIM that has not changed since `seeded` made it."""
    group = fields["group_id"]
    fields |= fields["tags"]
    fields["group_id"] = f'"{group}"' if group else "null"
    return _TEMPLATES[side, fields["online"]] % fields
