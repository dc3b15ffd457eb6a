"""The life of a SIM: which changes the API allows, and what each records."""

from __future__ import annotations

import re
from typing import Any

from ..protocol.errors import Refusal
from . import captures, sessions, subscriptions
from .sims import Sim

EXPIRY_ACTIONS: dict[str, str | None] = {
    "doNothing": None,
    "deleteSession": None,
    "deactivate": "inactive",
    "suspend": "suspended",
    "terminate": "terminated",
}
"""What can happen when the term of a SIM ends, and the status that a SIM has after it, if it is another one."""
NO_ACTION = (None, "(null value)")
"""What stands for no action; the document names the second beside null."""

_ANONYMOUS = "|ANONYMOUS"
_IMEI = re.compile(r"[0-9]{14,16}(\|ANONYMOUS)?")


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
    """Change the status of a SIM to one that its subscription knows; from `terminated` and to `ready` is impossible."""
    if status == "terminated":
        terminate(sim, at)
        return
    usable(sim)
    _knows(sim, status)
    if sim.status == status:
        return
    _become(sim, status, at)


def _knows(sim: Sim, status: str) -> None:
    """Refuse a status that the subscription of a SIM does not know."""
    known = subscriptions.statuses(sim.subscription)
    if status not in known:
        raise Refusal("SEM9033", sim.subscription, status, ", ".join(known))


def terminate(sim: Sim, at: int) -> None:
    """Terminate a SIM, if its protection is off; it stays listed."""
    usable(sim)
    if not sim.termination_enabled:
        raise Refusal("SEM9004")
    _become(sim, "terminated", at)


def _become(sim: Sim, status: str, at: int) -> None:
    _begin(sim)
    sim.status = status
    _allow(sim, at)
    note(sim, at)


def _allow(sim: Sim, at: int) -> None:
    """Allow sessions from now on, or end the present one: only an active SIM has any, until the end of its term."""
    sessions.allow_sessions(sim, at, allowed=sim.status == "active" and not sim.expired)


def change_speed_class(sim: Sim, speed_class: str, at: int) -> None:
    """Set the speed class, if it exists for the subscription, and if that has more than one."""
    usable(sim)
    known = subscriptions.speed_classes(sim.subscription)
    if len(known) == 1:
        raise Refusal("SEM9034", sim.subscription, known[0])
    if speed_class not in known:
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
    """Bind a SIM to a device: to the named one, or to the present one.

    With `|ANONYMOUS` behind the IMEI, the SIM can also be used while no IMEI is reported.
    """
    usable(sim)
    imei = imei or (sim.imei if sim.online else None)
    if imei is None:
        raise Refusal("SEM9027")
    if not _IMEI.fullmatch(imei):
        raise Refusal.invalid("{0} is not an IMEI of 14 to 16 digits", "body.imei")
    sim.imei_lock = imei


def locked_out(sim: Sim) -> bool:
    """Tell whether a SIM is used in another device than the one that it is bound to."""
    if sim.imei_lock is None or sim.imei is None:
        return False
    return sim.imei_lock.removesuffix(_ANONYMOUS) != sim.imei


def delete_session(sim: Sim, at: int) -> None:
    """End the data session; raises Refusal (400) if there is none."""
    if not sim.online:
        raise Refusal("SEM0016")
    sessions.end_session(sim, at)


def set_expiry(sim: Sim, time: int, action: str | None, now: int) -> None:
    """Set the end of a SIM's term, and what happens then."""
    usable(sim)
    action = None if action in NO_ACTION else action
    if action is not None and action not in EXPIRY_ACTIONS:
        raise Refusal.invalid("{0} is not one of {1}", "body.expiryAction", tuple(EXPIRY_ACTIONS))
    if time <= now:
        raise Refusal.invalid("{0} is not in the future", "body.expiryTime")
    status = EXPIRY_ACTIONS.get(action or "")
    if status == "terminated" and not sim.termination_enabled:
        raise Refusal("SEM9004")
    if status is not None:
        _knows(sim, status)
    _renew(sim, time, action, now)


def may_connect(sim: Sim, now: int) -> None:
    """Refuse a new session after the end of a SIM's term, until that is unset or set to a later time."""
    if sim.expiry_time is not None and now >= sim.expiry_time:
        raise Refusal("SEM9036")


def unset_expiry(sim: Sim, at: int) -> None:
    """Remove the end of a SIM's term; raises Refusal (404) if it has none."""
    usable(sim)
    if sim.expiry_time is None:
        raise Refusal("SEM9035")
    _renew(sim, None, None, at)


def _renew(sim: Sim, time: int | None, action: str | None, at: int) -> None:
    over = sim.expired
    sim.expiry_time, sim.expiry_action, sim.expired = time, action, False
    if over:
        _begin(sim)
        _allow(sim, at)


def settle(sim: Sim, now: int) -> None:
    """Apply what happens to a SIM with time alone: the end of its term, its sessions, its packet captures."""
    if sim.expiry_time is not None and now >= sim.expiry_time and not sim.expired:
        _expire(sim, sim.expiry_time)
    sessions.settle(sim, now)
    for capture in sim.captures.values():
        captures.settle(capture, now)


def _expire(sim: Sim, at: int) -> None:
    """Do the expiry action of a SIM, once; what was ordered stays readable.

    The service's own order of termination and protection is not known: here the protection that was switched on after
    the action was ordered holds.
    """
    sim.expired = True
    status = EXPIRY_ACTIONS.get(sim.expiry_action or "")
    known = subscriptions.statuses(sim.subscription)
    if sim.status == "terminated":
        return
    _begin(sim)
    if status in known and (status != "terminated" or sim.termination_enabled):
        change_status(sim, status, at)
    elif sim.expiry_action == "deleteSession":
        _allow(sim, at)
    else:
        sessions.end_with_session(sim, at)
        return
    sim.modified = at


def _begin(sim: Sim) -> None:
    # A seeded SIM has no history of its own until it changes.
    if not sim.history:
        sim.history = history(sim)
