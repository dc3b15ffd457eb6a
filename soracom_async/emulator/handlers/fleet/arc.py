"""Soracom Arc: the keys and sessions of virtual SIMs."""

from __future__ import annotations

import base64
from typing import Any

from ...protocol.errors import Refusal
from ...service.call import Call
from ...state import life
from ...state.session_shapes import device_address
from ...state.sessions import begin_session
from .. import handles
from .sims import usable_in


def new_keys(call: Call) -> tuple[str, str]:
    """Return a public and a private key."""
    public, private = (base64.b64encode(call.world.random.randbytes(32)).decode() for _ in range(2))
    return public, private


@handles("attachArcSimCredentials", "renewArcSimCredentials")
def set_keys(call: Call) -> Any:
    """Set the keys of a SIM; if the request has a public key, its owner keeps the private one."""
    sim = usable_in(call)
    given = call.body.get("arcClientPeerPublicKey")
    public, private = (given, "") if given else new_keys(call)
    sim.arc_keys = public, private
    answer = {"arcClientPeerPublicKey": public}
    return answer if given else answer | {"arcClientPeerPrivateKey": private}


@handles("removeArcSimCredentials")
def remove_keys(call: Call) -> None:
    """Remove the keys."""
    usable_in(call).arc_keys = None


@handles("createArcSession")
def create_session(call: Call) -> Any:
    """Bring a SIM with keys online."""
    sim = usable_in(call)
    if sim.arc_keys is None:
        raise Refusal.not_possible("the SIM has no Arc credentials; renew them first")
    if sim.status != "active":
        raise Refusal("SEM9002", sim.status, "online")
    life.may_connect(sim, call.now)
    begin_session(sim, call.now)
    return {
        "arcServerPeerPublicKey": new_keys(call)[0],
        "arcServerEndpoint": "127.0.0.1:11010",
        "arcAllowedIPs": ["100.127.0.0/16"],
        "arcClientPeerIpAddress": device_address(sim),
        "arcClientPeerPublicKey": sim.arc_keys[0],
    }
