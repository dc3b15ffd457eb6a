"""The life of a SIM: which changes the API allows, and what each records."""

from __future__ import annotations

from typing import Any

from ..protocol.errors import Refusal
from .sessions import allow_sessions, end_session
from .sims import Sim

SPEED_CLASSES = (
    "s1.minimum", "s1.slow", "s1.standard", "s1.fast", "s1.4xfast", "s1.8xfast",
    "u1.standard", "u1.slow", "t1.standard",
)  # fmt: skip
ARC_SPEED_CLASSES = ("arc.standard",)


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
    changes = [("ready", sim.created)]
    if sim.used:  # a seeded SIM, which was active before it was anything else
        changes += zip(("active", sim.status), sim.used, strict=False)
    elif sim.status != "ready":
        changes.append((sim.status, sim.modified))
    return [moment(sim, at, status=status) for status, at in changes]


def change_status(sim: Sim, status: str, at: int) -> None:
    """Change the status of a SIM. All changes are possible, except from `terminated` and to `ready`."""
    if status == "terminated":
        terminate(sim, at)
        return
    usable(sim)
    if sim.status == status:
        return
    _begin(sim)
    allow_sessions(sim, at, allowed=status == "active")
    sim.status = status
    note(sim, at)


def terminate(sim: Sim, at: int) -> None:
    """Terminate a SIM, if its protection is off; it stays listed."""
    usable(sim)
    if not sim.termination_enabled:
        raise Refusal("SEM9004")
    _begin(sim)
    allow_sessions(sim, at, allowed=False)
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
