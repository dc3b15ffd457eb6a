"""Event handlers: kept, found by what they watch, ignored for single SIMs. Nothing sets them off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.wire import visible
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import number_of
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Collection, Record

TARGETS = {"operator": "targetOperatorId", "imsi": "targetImsi", "sim": "targetSimId", "group": "targetGroupId"}
_FIELDS = ("name", "description", "status", "ruleConfig", "actionConfigList")


def _handlers(call: Call) -> Collection:
    return call.collection("event handler")


@handles("listEventHandlers")
def list_handlers(call: Call) -> Any:
    """Return all, or those with a kind of target."""
    target = call.query.get("target")
    if target not in (None, *TARGETS):
        raise Refusal.invalid(f"target is none of {', '.join(TARGETS)}")
    return [visible(each) for each in _handlers(call).values() if target is None or each[TARGETS[target]] is not None]


@handles("createEventHandler")
def create(call: Call) -> Any:
    """Make an event handler."""
    handler: Record = {"handlerId": call.world.uuid()} | _settings(call) | {"_ignored": []}
    return visible(_handlers(call).put(handler["handlerId"], handler))


@handles("getEventHandler")
def get(call: Call) -> Any:
    """Return an event handler."""
    return visible(_handlers(call).find(call.path["handler_id"]))


@handles("updateEventHandler")
def update(call: Call) -> None:
    """Replace the settings of an event handler."""
    handler = _handlers(call).find(call.path["handler_id"])
    handler |= _settings(call)


@handles("deleteEventHandler")
def delete(call: Call) -> None:
    """Remove an event handler."""
    _handlers(call).take(call.path["handler_id"])


@handles("setIgnoreEventHandler")
def ignore(call: Call) -> None:
    """Let an event handler pass over a SIM."""
    ignored, imsi = _ignored(call)
    if imsi not in ignored:
        ignored.append(imsi)


@handles("deleteIgnoreEventHandler")
def unignore(call: Call) -> None:
    """Let it watch the SIM again."""
    ignored, imsi = _ignored(call)
    if imsi not in ignored:
        raise Refusal.not_found("ignored subscriber", imsi)
    ignored.remove(imsi)


@handles("listEventHandlersBySubscriber")
def list_of_subscriber(call: Call) -> Any:
    """Return those that watch a SIM: by itself, its group or its operator."""
    sim = call.operator.fleet.look(call.sim_number())
    watched = {
        "targetOperatorId": call.operator.id,
        "targetImsi": sim.imsi,
        "targetSimId": sim.sim_id,
        "targetGroupId": sim.group_id,
    }
    return [
        visible(handler)
        for handler in _handlers(call).values()
        if sim.imsi not in handler["_ignored"]
        and any(handler[name] is not None and handler[name] == value for name, value in watched.items())
    ]


def _ignored(call: Call) -> tuple[list[str], str]:
    """Return whom the event handler of the path ignores, and the subscriber of the path."""
    ignored: list[str] = _handlers(call).find(call.path["handler_id"])["_ignored"]
    return ignored, call.operator.fleet.look(call.sim_number()).imsi


def _settings(call: Call) -> Record:
    """Return what the body sets; its one target must be the operator's own."""
    body, operator = call.body, call.operator
    targets = [(name, body[name]) for name in TARGETS.values() if body.get(name)]
    if len(targets) != 1:
        raise Refusal.invalid(f"the body has not one of {', '.join(TARGETS.values())}")
    if body["status"] not in ("active", "inactive"):
        raise Refusal.invalid("body.status is neither active nor inactive")
    ((kind, identifier),) = targets
    if kind == "targetGroupId":
        operator.groups.get(identifier)
    elif kind == "targetOperatorId":
        if identifier != operator.id:
            raise Refusal.forbidden()
    elif (number_of(identifier) or 0) not in operator.fleet:
        raise Refusal.no_sim(identifier)
    return {name: body.get(name) for name in _FIELDS} | dict.fromkeys(TARGETS.values()) | {kind: identifier}
