"""One SIM: its record, its seeded state, and the two forms in which the API shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from ..durations import DAY_MS
from . import captures
from .subscriptions import VIRTUAL
from .ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .subscriptions import Contract

Side = Literal["sim", "subscriber"]
"""A SIM and its subscriber are two forms of the same record."""

SIM_PREFIX, IMSI_PREFIX, MSISDN_PREFIX = "8942310022", "00101", "99001"
NUMBERS = 999_999_999
"""The highest number of a SIM; numbers have nine digits."""

STATUSES = ("ready", "inactive", "standby", "suspended") + ("active",) * 12
MODULES = ("nano", "micro", "mini", "trio", "nano", "trio", "embedded", "nano")
SITES = ("tokyo", "london", "seattle", "osaka")
NETWORKS = (
    (440, 10, "ap-northeast-1"),
    (234, 15, "eu-central-1"),
    (310, 410, "us-west-2"),
    (440, 20, "ap-northeast-1"),
)
"""By site: the country and the network of its cells, and the region of the service that its sessions go through."""
DNS = ["100.127.0.53", "100.127.1.53"]
FIXED_ADDRESS = "plan-D", "plan-K"
"""How subscriptions begin whose SIMs have an address of their own: seen of plan-KM1 in 2019, guessed of the others."""

GOLDEN, _MASK = 0x9E3779B97F4A7C15, (1 << 64) - 1


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
    bits: int | None = None
    """What the sessions and the traffic of a seeded SIM follow from; None for a SIM that was added later."""
    used: list[int] = field(factory=list)
    """When it became active, and when it was no longer active, by turns, in milliseconds."""
    cuts: list[int] = field(factory=list)
    """When a request ended the session of a seeded SIM that stayed active."""
    opened: list[int] = field(factory=list)
    """The begins and ends, by turns, of the sessions that requests began."""
    online: bool = False
    """As of the time when the SIM was looked at, like the next three."""
    session_id: str | None = None
    session_time: int | None = None
    """The begin of the present session, or the end of the last one."""
    previous_session: tuple[int, int] | None = None
    """Begin and end of the session before the present one, or of the last one if there is no present one."""
    tags: dict[str, str] = field(factory=dict)
    termination_enabled: bool = False
    imei_lock: str | None = None
    expiry_time: int | None = None
    expiry_action: str | None = None
    expired: bool = False
    """Whether the expiry action was done."""
    bundles: list[str] | None = None
    arc_keys: tuple[str, str] | None = None
    secondaries: dict[str, Secondary] = field(factory=dict)
    """By their IMSIs."""
    history: list[dict[str, Any]] = field(factory=list)
    captures: dict[str, dict[str, Any]] = field(factory=dict)
    """Packet capture sessions, by their identifiers."""

    @property
    def identity(self) -> int:
        """Its bits, or other ones that follow from its number."""
        return mix(self.number * GOLDEN) if self.bits is None else self.bits

    @property
    def imei(self) -> str | None:
        """The device that it is in, while it has a session."""
        return device_imei(self) if self.online else None

    @property
    def address(self) -> str | None:
        """The address of its session."""
        return device_address(self) if self.online else None


def mix(value: int) -> int:
    """Return 64 bits that look random, always the same for one value: splitmix64."""
    bits = value & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def device_imei(sim: Sim) -> str | None:
    """Return the IMEI of the device that a SIM is in; a virtual SIM is in none."""
    return None if sim.type == "virtual" else f"35{sim.identity % 10**13:013d}"


def device_address(sim: Sim) -> str:
    """Return the address that a SIM has in all its sessions."""
    number = sim.number
    return f"10.{128 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"


def seeded(
    number: int, *, key: int, operator_id: str, groups: tuple[str, ...], epoch: int, contracts: Sequence[Contract]
) -> dict[str, Any]:
    """Return the fields of the SIM that is number `number` of a fleet, always the same for one `key`."""
    bits = mix(key + number * GOLDEN)
    status = STATUSES[bits & 15]
    created = epoch - DAY_MS - (bits >> 16) % (700 * DAY_MS)
    activated = created + (bits >> 24) % DAY_MS
    changed = activated + ((1 + (bits >> 20 & 1023)) * (epoch - activated) >> 10)
    used = [] if status == "ready" else [activated] if status == "active" else [activated, changed]
    subscription, speed_classes = contracts[(bits >> 48 & 4095) % len(contracts)]
    choice = (bits >> 6 & 1023) % (len(groups) + 1)
    digits = f"{number:010d}"
    return {
        "number": number,
        "sim_id": SIM_PREFIX + digits[1:],
        "imsi": IMSI_PREFIX + digits,
        "msisdn": MSISDN_PREFIX + digits,
        "operator_id": operator_id,
        "status": status,
        "subscription": subscription,
        "speed_class": speed_classes[(bits >> 20 & 255) % len(speed_classes)],
        "group_id": groups[choice - 1] if choice else None,
        "module_type": MODULES[bits >> 28 & 7],
        "serial_number": f"AB{digits}",
        "created": created,
        "modified": used[-1] if used else created,
        "bits": bits,
        "used": used,
        "tags": {"name": f"device-{digits}", "site": SITES[bits >> 40 & 3]},
    }


def shape_session(sim: Sim) -> dict[str, Any] | None:
    """Return a SIM's `sessionStatus`, with the keys of bodies of 2025, and of 2019 for a session that has ended.

    It is None before the first session.
    """
    if sim.session_time is None:
        return None
    if not sim.online:
        return {
            "lastUpdatedAt": sim.session_time,
            "imei": None,
            "location": None,
            "ueIpAddress": None,
            "dnsServers": None,
            "subscription": sim.subscription,
            "online": False,
        }
    return {
        "sessionId": sim.session_id,
        "lastUpdatedAt": sim.session_time,
        "imei": device_imei(sim),
        "cell": shape_cell(sim),
        "ueIpAddress": device_address(sim),
        "dnsServers": DNS,
        "online": True,
        "placement": {"infrastructureProvider": "aws", "region": _network(sim)[2]},
    }


def shape_previous(sim: Sim) -> dict[str, Any] | None:
    """Return a SIM's `previousSession`, with the keys of a body of 2025; None before the end of the first session."""
    if sim.previous_session is None:
        return None
    created, deleted = sim.previous_session
    return {
        "sessionId": ulid(created, sim.identity),
        "imei": device_imei(sim),
        "cell": shape_cell(sim),
        "ueIpAddress": device_address(sim),
        "dnsServers": DNS,
        "subscription": sim.subscription,
        "createdTime": created,
        "deletedTime": deleted,
    }


def shape_cell(sim: Sim) -> dict[str, Any] | None:
    """Return the cell in which a SIM has all its sessions; a virtual SIM needs none."""
    if sim.type == "virtual":
        return None
    mcc, mnc, _ = _network(sim)
    tac, eci = 4096 + (sim.identity >> 42 & 4095), 65_536 + (sim.identity >> 12 & 0xFFFFF)
    return {"radioType": "LTE", "mcc": mcc, "mnc": mnc, "tac": tac, "eci": eci}


def _registration(sim: Sim) -> dict[str, Any] | None:
    """Return a subscriber's `locationRegistrationStatus`: the networks `cs` and `eps`, as in a body of 2025."""
    at = _last_begin(sim)
    if at is None or sim.type == "virtual":
        return None
    mcc, mnc, _ = _network(sim)
    return {domain: {"plmn": f"{mcc}{mnc:02d}", "lastModifiedTime": at} for domain in ("cs", "eps")}


def _last_begin(sim: Sim) -> int | None:
    """Return when the latest session began."""
    return sim.session_time if sim.online else sim.previous_session[0] if sim.previous_session else None


def _network(sim: Sim) -> tuple[int, int, str]:
    return NETWORKS[sim.identity >> 40 & 3]


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
        "previousSession": shape_previous(sim),
        "lastPortMappingCreatedTime": None,
        "renewalFeeStatusSetTime": None,
    }


def as_sim(sim: Sim) -> dict[str, Any]:
    """Return a SIM as the Sim group of the API shows it."""
    public, private = sim.arc_keys or (None, None)
    pcap_start, pcap_end = captures.span(sim.captures.values())
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
        "lastLocationUpdateTime": _last_begin(sim),
        "pcapStartTime": pcap_start,
        "pcapEndTime": pcap_end,
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
        # 1 of plan01s in 2025, 0 of plan-KM1 in 2019; guessed of the others.
        "plan": 0 if sim.type == "virtual" or sim.subscription.startswith(FIXED_ADDRESS) else 1,
        "apn": "soracom.io",
        # That of a plan-KM1 was null before its first session (2019). A plan01s has none of its own (2025).
        "ipAddress": device_address(sim)
        if sim.session_time is not None and sim.subscription.startswith(FIXED_ADDRESS)
        else None,
        "bundles": sim.bundles,
        "createdAt": sim.created,
        "lastModifiedAt": sim.modified,
        "expiredAt": sim.expiry_time,
        "registeredTime": sim.registered,
        "locationRegistrationStatus": _registration(sim),
        "localInfo": None,
        "packetCaptureSessions": [captures.shape(each) for each in sim.captures.values()] or None,
        "presetSecondary": False,
        "ipProhibited": False,
        "mtSmsProhibited": False,
        "moSmsProhibited": False,
        "ussdProhibited": False,
    }


SHAPES: Mapping[Side, Callable[[Sim], dict[str, Any]]] = {"sim": as_sim, "subscriber": as_subscriber}
