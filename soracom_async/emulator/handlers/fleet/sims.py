"""SIMs and their subscribers: both are the same record in two forms, so one function serves both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state import life
from ...state.paging import no_such_key
from ...state.sims import (
    SHAPES,
    Side,
    Sim,
    number_of,
)
from .. import handles

if TYPE_CHECKING:
    from collections.abc import Callable


def side_of(call: Call) -> Side:
    """Return the form of a SIM in the operation's answer."""
    return "subscriber" if call.operation.group == "Subscriber" else "sim"


def usable_in(call: Call) -> Sim:
    """Return the SIM that the path names, to be changed; refuse a terminated one."""
    sim = call.operator.fleet.change(call.sim_number())
    life.usable(sim)
    sim.modified = call.now
    return sim


def changed(call: Call, change: Callable[[Sim], object]) -> dict[str, Any]:
    """Change the SIM of the path, and return it in the form of the operation."""
    sim = call.operator.fleet.change(call.sim_number())
    change(sim)
    sim.modified = call.now
    return SHAPES[side_of(call)](sim)


@handles("listSims")
def list_sims(call: Call) -> Page:
    """Return the SIMs."""
    return call.operator.fleet.page("sim", after(call), call.limit())


@handles("listSubscribers")
def list_subscribers(call: Call) -> Page:
    """Return the subscribers that pass all filters."""
    query = call.query
    tags = call.tag_filter()
    statuses, speeds, serials = (
        tuple(query[name].split("|")) if query.get(name) else ()
        for name in ("status_filter", "speed_class_filter", "serial_number_filter")
    )

    def wanted(sim: Sim) -> bool:
        return (
            (not statuses or sim.status in statuses)
            and (not speeds or sim.speed_class in speeds)
            and (not serials or (sim.serial_number or "").startswith(serials))
            and (tags is None or tags(sim.tags))
        )

    filtered = bool(statuses or speeds or serials or tags)
    return call.operator.fleet.page("subscriber", after(call), call.limit(most=100), wanted if filtered else None)


def after(call: Call) -> int:
    """Return the number of the SIM that the query's key names, or 0; raises Refusal (400) if it names none."""
    key = call.query.get("last_evaluated_key")
    if not key:
        return 0
    number = number_of(key)
    if number is None or not (number in call.operator.fleet or call.gave(key)):
        raise no_such_key()
    return number


@handles("getSim", "getSubscriber")
def get(call: Call) -> Page:
    """Return a SIM or a subscriber."""
    return Page(call.operator.fleet.json(call.sim_number(), side_of(call)))


_STATUS_AFTER = {
    "activate": "active",
    "deactivate": "inactive",
    "suspend": "suspended",
    "set_to_standby": "standby",
    "terminate": "terminated",
}


@handles(
    "activateSim", "deactivateSim", "suspendSim", "setSimToStandby", "terminateSim", "activateSubscriber",
    "deactivateSubscriber", "suspendSubscriber", "setSubscriberToStandby", "terminateSubscriber",
)  # fmt: skip
def change_status(call: Call) -> Any:
    """Change to the status that the path's last word means."""
    status = _STATUS_AFTER[call.operation.path.rpartition("/")[2]]
    return changed(call, lambda sim: life.change_status(sim, status, call.now))


@handles("enableSimTermination", "enableTermination", "disableSimTermination", "disableTermination")
def change_protection(call: Call) -> Any:
    """Allow or forbid termination."""

    def change(sim: Sim) -> None:
        life.usable(sim)
        sim.termination_enabled = call.operation.path.endswith("/enable_termination")

    return changed(call, change)


@handles("updateSimSpeedClass", "updateSpeedClass")
def update_speed_class(call: Call) -> Any:
    """Set the speed class."""
    return changed(call, lambda sim: life.change_speed_class(sim, call.required("speedClass"), call.now))


@handles("setSimGroup", "setGroup")
def set_group(call: Call) -> Any:
    """Put a SIM into one of the operator's groups."""
    group_id = call.required("groupId")
    call.operator.groups.get(group_id)
    return changed(call, lambda sim: life.change_group(sim, group_id, call.now))


@handles("unsetSimGroup", "unsetGroup")
def unset_group(call: Call) -> Any:
    """Take a SIM out of its group."""
    return changed(call, lambda sim: life.change_group(sim, None, call.now))


@handles("setSimImeiLock", "setImeiLock")
def set_imei_lock(call: Call) -> Any:
    """Bind a SIM to a device."""
    return changed(call, lambda sim: life.lock_imei(sim, call.body.get("imei")))


@handles("unsetSimImeiLock", "unsetImeiLock")
def unset_imei_lock(call: Call) -> Any:
    """Allow a SIM in any device."""

    def change(sim: Sim) -> None:
        life.usable(sim)
        sim.imei_lock = None

    return changed(call, change)


@handles("setSimExpiryTime", "setExpiryTime")
def set_expiry_time(call: Call) -> Any:
    """Set the expiry time, and the action at that time."""
    time, action = call.body["expiryTime"], call.body.get("expiryAction")
    return changed(call, lambda sim: life.set_expiry(sim, time, action, call.now))


@handles("unsetSimExpiryTime", "unsetExpiryTime")
def unset_expiry_time(call: Call) -> Any:
    """Remove the expiry time; it is an error if there is none."""
    return changed(call, lambda sim: life.unset_expiry(sim, call.now))


@handles("putSimTags", "putSubscriberTags")
def put_tags(call: Call) -> Any:
    """Set tags."""

    def change(sim: Sim) -> None:
        life.usable(sim)
        sim.tags |= {tag["tagName"]: tag["tagValue"] for tag in call.body}

    return changed(call, change)


@handles("deleteSimTag", "deleteSubscriberTag")
def delete_tag(call: Call) -> None:
    """Remove a tag."""
    name = call.path["tag_name"]

    def change(sim: Sim) -> None:
        life.usable(sim)
        if name not in sim.tags:
            raise Refusal.not_found("tag", name)
        del sim.tags[name]

    changed(call, change)


@handles("deleteSimSession", "deleteSubscriberSession")
def delete_session(call: Call) -> Any:
    """End the data session of a SIM; it is an error if it has none."""
    return changed(call, lambda sim: life.delete_session(sim, call.now))
