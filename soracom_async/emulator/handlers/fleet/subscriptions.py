"""Additional subscriptions of a SIM: virtual ones, and those that are downloaded to its card."""

from __future__ import annotations

from typing import Any

from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import (
    IMSI_PREFIX,
    NUMBERS,
    Secondary,
    Sim,
    as_sim,
)
from ...state.subscriptions import SPEED_CLASSES, VIRTUAL
from .. import handles
from .arc import new_keys
from .sims import usable_in

ALONE = ("plan-D", "plan-K", "plan-K2", "plan-KM1", "plan-DU")
"""The subscriptions to whose SIMs only a virtual one can be added: the document says so of plan-D; the others are
those of the same country."""
MOST = 9
"""The most additional subscriptions of a SIM; the first of its IMSI's last ten digits numbers them."""


@handles("addSubscription")
def add_subscription(call: Call) -> Any:
    """Add a subscription to the profile; a virtual one is active at once and has keys."""
    sim, subscription = usable_in(call), call.required("subscription")
    _check_profile(call, sim)
    if subscription != VIRTUAL and (subscription not in SPEED_CLASSES or sim.subscription in ALONE):
        raise Refusal.not_possible("{0} cannot be added to a SIM of {1}", subscription, sim.subscription)
    count = len(sim.secondaries) + 1
    if count > MOST:
        raise Refusal.not_possible("a SIM has at most {0} further subscriptions", MOST)
    if subscription == VIRTUAL:
        sim.arc_keys = sim.arc_keys or new_keys(call)
    imsi = f"{IMSI_PREFIX}{count * (NUMBERS + 1) + sim.number}"
    sim.secondaries[imsi] = Secondary(subscription, "active", call.now)
    return as_sim(sim)["profiles"][sim.sim_id]


@handles("cancelSubscriptionContainerDownload")
def cancel_download(call: Call) -> Any:
    """Cancel a subscription that is not downloaded yet; the download starts with the SIM's next session."""
    sim, secondary = _secondary(call)
    begun = sim.online and sim.session_time is not None and sim.session_time >= secondary.added
    if secondary.subscription == VIRTUAL or begun:
        raise Refusal.not_possible("no profile waits to be downloaded")
    secondary.status = "terminated"
    return {"containers": []}


@handles("terminateSubscriptionContainer")
def terminate_subscription(call: Call) -> None:
    """End a virtual subscription; with the last one its keys go, and the first subscription ends with the SIM."""
    sim, secondary = _secondary(call)
    if secondary.subscription != VIRTUAL:
        raise Refusal.not_possible("only a virtual subscription can be terminated")
    secondary.status = "terminated"
    if sim.subscription != VIRTUAL and not any(_is_arc(each) for each in sim.secondaries.values()):
        sim.arc_keys = None


def _is_arc(secondary: Secondary) -> bool:
    return secondary.subscription == VIRTUAL and secondary.status != "terminated"


def _secondary(call: Call) -> tuple[Sim, Secondary]:
    """Return the SIM and the subscription that the path names; refuse a terminated one."""
    sim, imsi = usable_in(call), call.path["imsi"]
    _check_profile(call, sim)
    if imsi == sim.imsi:
        raise Refusal.not_possible("the primary subscription ends with the SIM")
    secondary = sim.secondaries.get(imsi)
    if secondary is None:
        raise Refusal.no_sim(imsi)
    if secondary.status == "terminated":
        raise Refusal("SEM9023")
    return sim, secondary


def _check_profile(call: Call, sim: Sim) -> None:
    if call.path["iccid"] != sim.sim_id:
        raise Refusal.not_found("profile", call.path["iccid"])
