"""SIMs without an operator: made by the sandbox, and registered with their secret."""

from __future__ import annotations

from typing import Any

from ...protocol.errors import Refusal
from ...protocol.texts import Named
from ...service.call import Call
from ...state.sims import SHAPES, number_of
from ...state.subscriptions import check
from .. import handles
from ..common import stock
from ..fleet.sims import side_of


@handles("sandboxCreateSubscriber")
def create_subscriber(call: Call) -> Any:
    """Make a SIM without an operator."""
    subscription, bundles = call.body.get("subscription") or "plan01s", call.body.get("bundles") or ()
    check(subscription, bundles)
    record = stock.make(call, subscription, bundles)
    sim = stock.blank(call, record)
    return {
        "imsi": sim.imsi,
        "msisdn": sim.msisdn,
        "serialNumber": sim.serial_number,
        "registrationSecret": record["secret"],
        "subscription": sim.subscription,
        "speedClass": sim.speed_class,
        "status": sim.status,
        "apn": "soracom.io",
        "tags": {},
        "createdAt": sim.created,
        "lastModifiedAt": sim.modified,
    }


@handles("registerSim", "registerSubscriber")
def register(call: Call) -> Any:
    """Register a SIM without an operator; for a SIM that was not made here, any secret is accepted."""
    name = call.path.get("sim_id") or call.path["imsi"]
    number, secret = number_of(name), call.body["registrationSecret"]
    if number is None or call.world.owner(number) is not None or not secret:
        raise Refusal("SEM9026", Named("SIM", name))
    made = stock.find(call.world, number)
    if made is not None and made["secret"] != secret:
        raise Refusal("SEM9026", Named("SIM", name))
    group_id = call.group_in_body()
    sim = stock.register(call, number, group_id=group_id, tags=dict(call.body.get("tags") or {}))
    return SHAPES[side_of(call)](sim)
