"""The life of a SIM: which changes the API allows, and what each records."""

from __future__ import annotations

from typing import Any

from ..protocol.errors import Refusal
from .sims import Sim, shape_session

SPEED_CLASSES = (
    "s1.minimum", "s1.slow", "s1.standard", "s1.fast", "s1.4xfast", "s1.8xfast",
    "u1.standard", "u1.slow", "t1.standard",
)  # fmt: skip
ARC_SPEED_CLASSES = ("arc.standard",)

_EVENT = ("imsi", "imei", "sessionId", "subscription", "ueIpAddress", "cell", "vpgId", "gatewayPrivateIpAddress")
_PREVIOUS = (*_EVENT, "dnsServers", "gatewayPublicIpAddress")
"""The fields of a session's status that a session event, and an ended session, have."""


def usable(sim: Sim) -> None:
    """Refuse any change of a SIM that is terminated."""
    if sim.status == "terminated":
        raise Refusal("SEM9023")


def note(sim: Sim, at: int) -> None:
    """Add the present state to the SIM's history."""
    sim.history.append(moment(sim, at))


def moment(sim: Sim, at: int, **differences: Any) -> dict[str, Any]:
    """Return the state of a SIM as the history shows it."""
    return {
        "simId": sim.sim_id,
        "imsi": sim.imsi,
        "primaryImsi": sim.imsi,
        "isPrimary": True,
        "status": sim.status,
        "speedClass": sim.speed_class,
        "groupId": sim.group_id,
        "subscription": sim.subscription,
        "bundles": sim.bundles,
        "applyDateTimeEpochSec": at // 1000,
    } | differences


def history(sim: Sim) -> list[dict[str, Any]]:
    """Return all states of a SIM since it was made, oldest first."""
    if sim.history:
        return sim.history
    born = moment(sim, sim.created, status="ready")
    return [born] if sim.status == "ready" else [born, moment(sim, sim.modified)]


def change_status(sim: Sim, status: str, at: int) -> None:
    """Change the status of a SIM. All changes are possible, except from `terminated` and to `ready`."""
    if status == "terminated":
        terminate(sim, at)
        return
    usable(sim)
    if sim.status == status:
        return
    _begin(sim)
    if status != "active":
        end_session(sim, at)
    sim.status = status
    note(sim, at)


def terminate(sim: Sim, at: int) -> None:
    """Terminate a SIM, if its protection is off; it stays listed."""
    usable(sim)
    if not sim.termination_enabled:
        raise Refusal("SEM9004")
    _begin(sim)
    end_session(sim, at)
    sim.status = "terminated"
    note(sim, at)


def change_speed_class(sim: Sim, speed_class: str, at: int) -> None:
    """Set the speed class, if it exists for the subscription."""
    usable(sim)
    if speed_class not in (ARC_SPEED_CLASSES if sim.type == "virtual" else SPEED_CLASSES):
        raise Refusal("SEM9028", speed_class, sim.subscription)
    if speed_class != sim.speed_class:
        _begin(sim)
        sim.speed_class = speed_class
        note(sim, at)


def change_group(sim: Sim, group_id: str | None, at: int) -> None:
    """Put a SIM into a group, or into none."""
    usable(sim)
    if group_id != sim.group_id:
        _begin(sim)
        sim.group_id = group_id
        note(sim, at)


def lock_imei(sim: Sim, imei: str | None) -> None:
    """Bind a SIM to a device: to the named one, or to the present one."""
    usable(sim)
    imei = imei or (sim.imei if sim.online else None)
    if imei is None:
        raise Refusal("SEM9027")
    sim.imei_lock = imei


def end_session(sim: Sim, at: int) -> None:
    """End the data session, if there is one."""
    if not sim.online:
        return
    session = shape_session(sim)
    sim.previous = {name: session[name] for name in _PREVIOUS} | {"createdTime": sim.session_time, "deletedTime": at}
    sim.events = [*session_events(sim), event(sim, "Deleted", at)]
    sim.online, sim.session_time = False, at


def session_events(sim: Sim) -> list[dict[str, Any]]:
    """Return the session events of a SIM, oldest first."""
    if not sim.events and sim.online and sim.session_time is not None:
        return [event(sim, "Created", sim.session_time)]
    return sim.events


def event(sim: Sim, kind: str, at: int) -> dict[str, Any]:
    """Return a session event."""
    session = shape_session(sim)
    return {name: session[name] for name in _EVENT} | {
        "event": kind,
        "time": at,
        "simId": sim.sim_id,
        "operatorId": sim.operator_id,
        "apn": "soracom.io",
        "dns0": "100.127.0.53",
        "dns1": "100.127.1.53",
    }


def expire(sim: Sim, now: int) -> None:
    """Do the expiry action of a SIM, if its expiry time has come."""
    if sim.expiry_time is None or now < sim.expiry_time or sim.status == "terminated":
        return
    at, action = sim.expiry_time, sim.expiry_action
    sim.expiry_action = "doNothing"
    if action == "deleteSession":
        end_session(sim, at)
    elif action == "terminate":
        sim.termination_enabled = True
        terminate(sim, at)
    elif action in ("deactivate", "suspend"):
        change_status(sim, {"deactivate": "inactive", "suspend": "suspended"}[action], at)
    else:
        return
    sim.modified = at


def _begin(sim: Sim) -> None:
    # A seeded SIM has no history of its own until it changes.
    if not sim.history:
        sim.history = history(sim)
