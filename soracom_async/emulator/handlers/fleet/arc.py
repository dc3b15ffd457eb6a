"""Soracom Arc: the keys and sessions of virtual SIMs; and further subscriptions of a SIM."""

from __future__ import annotations

import base64
from typing import Any

from ...refusals import Refusal
from ...rules import life
from ...state.sims import Sim, as_sim, number_of
from .. import Call, handles
from .sims import number_in


def _changed(call: Call) -> Sim:
    sim = call.operator.fleet.change(number_in(call))
    life.usable(sim)
    sim.modified = call.now
    return sim


def new_keys(call: Call) -> tuple[str, str]:
    """Return a public and a private key."""
    public, private = (base64.b64encode(call.world.random.randbytes(32)).decode() for _ in range(2))
    return public, private


@handles("attachArcSimCredentials", "renewArcSimCredentials")
def set_keys(call: Call) -> Any:
    """Give a SIM keys; where the public one is given, the private one stays with its owner."""
    sim = _changed(call)
    given = call.body.get("arcClientPeerPublicKey")
    public, private = (given, "") if given else new_keys(call)
    sim.arc_keys = public, private
    answer = {"arcClientPeerPublicKey": public}
    return answer if given else answer | {"arcClientPeerPrivateKey": private}


@handles("removeArcSimCredentials")
def remove_keys(call: Call) -> None:
    """Take the keys away."""
    _changed(call).arc_keys = None


@handles("createArcSession")
def create_session(call: Call) -> Any:
    """Bring a SIM with keys online."""
    sim = _changed(call)
    if sim.arc_keys is None or sim.status != "active":
        raise Refusal("SIM0002", sim.status, "online")
    sim.online, sim.session_time, sim.session_id = True, call.now, call.world.uuid()
    sim.address = f"10.{128 + (sim.number >> 16) % 128}.{sim.number >> 8 & 255}.{sim.number & 255}"
    sim.events = [*sim.events, life.event(sim, "Created", call.now)]
    return {
        "arcServerPeerPublicKey": new_keys(call)[0],
        "arcServerEndpoint": "127.0.0.1:11010",
        "arcAllowedIPs": ["100.127.0.0/16"],
        "arcClientPeerIpAddress": sim.address,
        "arcClientPeerPublicKey": sim.arc_keys[0],
    }


@handles("addSubscription")
def add_subscription(call: Call) -> Any:
    """Add a subscription to the profile; a virtual one comes with keys."""
    sim = _changed(call)
    _check_profile(call, sim)
    if call.body["subscription"] == "planArc01":
        sim.arc_keys = sim.arc_keys or new_keys(call)
    return as_sim(sim)["profiles"][sim.sim_id]


@handles("cancelSubscriptionContainerDownload")
def cancel_download(call: Call) -> Any:
    """Stop a download; none is ever under way."""
    _check_profile(call, call.operator.fleet.look(number_in(call)))
    return {"containers": []}


@handles("terminateSubscriptionContainer")
def terminate_subscription(call: Call) -> None:
    """End a further subscription; the first one ends with the SIM."""
    sim = _changed(call)
    _check_profile(call, sim)
    if number_of(call.path["imsi"]) == sim.number:
        raise Refusal("SIM0004")
    raise Refusal("SIM0001", call.path["imsi"])


def _check_profile(call: Call, sim: Sim) -> None:
    if call.path["iccid"] != sim.sim_id:
        raise Refusal("OPR0001", call.path["iccid"])
