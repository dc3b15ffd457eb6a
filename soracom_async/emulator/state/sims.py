"""One SIM: its record, its seeded state, and the two forms in which the API shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from attrs import define, evolve, field

from . import captures
from .collections import visible
from .session_shapes import (
    FIXED_ADDRESS,
    device_address,
    device_imei,
    last_begin,
    own_address,
    shape_previous,
    shape_registration,
    shape_session,
)
from .subscriptions import VIRTUAL
from .ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Side = Literal["sim", "subscriber"]
"""A SIM and its subscriber are two forms of the same record."""

SIM_PREFIX, IMSI_PREFIX, MSISDN_PREFIX = "8942310022", "00101", "99001"
NUMBERS = 999_999_999
"""The highest number of a SIM; numbers have nine digits."""

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
    """As of the time when the SIM was looked at, like the next two."""
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
    port_mapped: int | None = None
    """When the last port mapping to it was created."""
    bundles: list[str] | None = None
    arc_keys: tuple[str, str] | None = None
    secondaries: dict[str, Secondary] = field(factory=dict)
    """By their IMSIs."""
    history: list[dict[str, Any]] = field(factory=list)
    captures: dict[str, dict[str, Any]] = field(factory=dict)
    """Packet capture sessions, by their identifiers."""

    def copy(self) -> Sim:
        """Return a copy that later changes of this SIM leave alone."""
        return evolve(
            self,
            used=[*self.used],
            cuts=[*self.cuts],
            opened=[*self.opened],
            tags={**self.tags},
            secondaries={imsi: evolve(each) for imsi, each in self.secondaries.items()},
            history=[*self.history],
            captures={session_id: {**each} for session_id, each in self.captures.items()},
        )

    @property
    def identity(self) -> int:
        """Its bits, or other ones that follow from its number."""
        return mix(self.number * GOLDEN) if self.bits is None else self.bits

    @property
    def session_id(self) -> str | None:
        """The identifier of its session."""
        return ulid(self.session_time, self.identity) if self.online and self.session_time is not None else None

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
        "lastPortMappingCreatedTime": sim.port_mapped,
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
        "lastLocationUpdateTime": last_begin(sim),
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
        "ipAddress": own_address(sim),
        "bundles": sim.bundles,
        "createdAt": sim.created,
        "lastModifiedAt": sim.modified,
        "expiredAt": sim.expiry_time,
        "registeredTime": sim.registered,
        "locationRegistrationStatus": shape_registration(sim),
        "localInfo": None,
        "packetCaptureSessions": [visible(each) for each in sim.captures.values()] or None,
        "presetSecondary": False,
        "ipProhibited": False,
        "mtSmsProhibited": False,
        "moSmsProhibited": False,
        "ussdProhibited": False,
    }


SHAPES: Mapping[Side, Callable[[Sim], dict[str, Any]]] = {"sim": as_sim, "subscriber": as_subscriber}
