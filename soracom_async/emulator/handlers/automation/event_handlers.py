"""Event handlers: stored, and listed by what they watch. They can ignore single SIMs. Nothing triggers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from ....api.event_handler import ActionConfigType, RuleConfigType
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.collections import visible
from ...state.sims import number_of
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Collection, Record

TARGETS = {"operator": "targetOperatorId", "imsi": "targetImsi", "sim": "targetSimId", "group": "targetGroupId"}
RULES, ACTIONS = (get_args(get_args(kind)[0]) for kind in (RuleConfigType, ActionConfigType))
"""The types of rules and of actions that the document has."""
OLD_RULES = ("DailyTrafficRule", "MonthlyTrafficRule", "CumulativeTrafficRule")
"""Rules that the document no longer has. Public clients, and an example of a guide, still use them."""
_FIELDS = ("name", "description", "status", "ruleConfig", "actionConfigList")


def _handlers(call: Call) -> Collection:
    return call.collection("event handler")


@handles("listEventHandlers")
def list_handlers(call: Call) -> Any:
    """Return all event handlers, or those with one kind of target."""
    target = call.query.get("target")
    if target not in (None, *TARGETS):
        raise Refusal.invalid("{0} is not one of {1}", "target", TARGETS)
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
    """Replace the settings of an event handler. An unknown one is a 400 here, unlike in the other operations."""
    try:
        handler = _handlers(call).find(call.path["handler_id"])
    except Refusal as refusal:
        raise refusal.with_status(400) from None
    handler |= _settings(call)


@handles("deleteEventHandler")
def delete(call: Call) -> None:
    """Remove an event handler."""
    _handlers(call).take(call.path["handler_id"])


@handles("setIgnoreEventHandler")
def ignore(call: Call) -> None:
    """Let an event handler ignore a SIM."""
    ignored, imsi = _ignored(call)
    if imsi not in ignored:
        ignored.append(imsi)


@handles("deleteIgnoreEventHandler")
def unignore(call: Call) -> None:
    """Let an event handler watch a SIM again."""
    ignored, imsi = _ignored(call)
    if imsi not in ignored:
        raise Refusal.not_found("ignored subscriber", imsi)
    ignored.remove(imsi)


@handles("listEventHandlersBySubscriber")
def list_of_subscriber(call: Call) -> Any:
    """Return the event handlers that watch a SIM: directly, by its group, or by its operator."""
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
    """Return the subscribers that the event handler ignores, and the subscriber of the path."""
    ignored: list[str] = _handlers(call).find(call.path["handler_id"])["_ignored"]
    return ignored, call.operator.fleet.look(call.sim_number()).imsi


def _settings(call: Call) -> Record:
    """Return the settings in the body; its only target must belong to the operator."""
    body, operator = call.body, call.operator
    targets = [(name, body[name]) for name in TARGETS.values() if body.get(name)]
    if len(targets) != 1:
        raise Refusal.invalid("the body must have exactly one of {0}", TARGETS.values())
    if body["status"] not in ("active", "inactive"):
        raise Refusal.invalid("{0} is not one of {1}", "body.status", ("active", "inactive"))
    if (body["ruleConfig"].get("type") or "") not in (*RULES, *OLD_RULES):
        raise Refusal.invalid("{0} is not one of {1}", "body.ruleConfig.type", RULES)
    if any((action.get("type") or "") not in ACTIONS for action in body["actionConfigList"]):
        raise Refusal.invalid("{0} is not one of {1}", "body.actionConfigList.type", ACTIONS)
    ((kind, identifier),) = targets
    if kind == "targetGroupId":
        operator.groups.get(identifier)
    elif kind == "targetOperatorId":
        if identifier != operator.id:
            raise Refusal.foreign_operator()
    elif (number_of(identifier) or 0) not in operator.fleet:
        raise Refusal.no_sim(identifier)
    return {name: body.get(name) for name in _FIELDS} | dict.fromkeys(TARGETS.values()) | {kind: identifier}
