"""The sessions of a SIM as the API shows them, with the network in which its device is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .ulid import ulid

if TYPE_CHECKING:
    from .sims import Sim

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


def site_of(identity: int) -> int:
    """Return the number of the site of a device."""
    return identity >> 40 & 3


def device_imei(sim: Sim) -> str | None:
    """Return the IMEI of the device that a SIM is in; a virtual SIM is in none."""
    return None if sim.type == "virtual" else f"35{sim.identity % 10**13:013d}"


def device_address(sim: Sim) -> str:
    """Return the address that a SIM has in all its sessions."""
    return address_of(sim.number)


def address_of(number: int) -> str:
    """Return the address of the device of the SIM with this number."""
    return f"10.{128 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"


def cell_numbers(identity: int) -> tuple[int, int]:
    """Return the area and the cell of a device."""
    return 4096 + (identity >> 42 & 4095), 65_536 + (identity >> 12 & 0xFFFFF)


def shape_session(sim: Sim) -> dict[str, Any] | None:
    """Return a SIM's `sessionStatus`; None before its first session.

    The keys of a present session are those of a body of 2025. Of an ended one most are absent: in bodies of 2016 and
    2019, which had `location` (null) instead of `subscription`, and in later ones.
    """
    if sim.session_time is None:
        return None
    if not sim.online:
        return {
            "lastUpdatedAt": sim.session_time,
            "imei": None,
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
        "placement": {"infrastructureProvider": "aws", "region": NETWORKS[site_of(sim.identity)][2]},
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
    mcc, mnc, _ = NETWORKS[site_of(sim.identity)]
    tac, eci = cell_numbers(sim.identity)
    return {"radioType": "LTE", "mcc": mcc, "mnc": mnc, "tac": tac, "eci": eci}


def shape_registration(sim: Sim) -> dict[str, Any] | None:
    """Return a subscriber's `locationRegistrationStatus`: the networks `cs` and `eps`, as in a body of 2025."""
    at = last_begin(sim)
    if at is None or sim.type == "virtual":
        return None
    mcc, mnc, _ = NETWORKS[site_of(sim.identity)]
    return {domain: {"plmn": f"{mcc}{mnc:02d}", "lastModifiedTime": at} for domain in ("cs", "eps")}


def own_address(sim: Sim) -> str | None:
    """Return a subscriber's `ipAddress`: null for a plan01s (2025), and for a plan-KM1 before a session (2019)."""
    used = sim.session_time is not None
    return device_address(sim) if used and sim.subscription.startswith(FIXED_ADDRESS) else None


def last_begin(sim: Sim) -> int | None:
    """Return when the latest session began, in milliseconds."""
    return sim.session_time if sim.online else sim.previous_session[0] if sim.previous_session else None
