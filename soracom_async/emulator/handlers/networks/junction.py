"""Junction: how a VPG mirrors, inspects and redirects packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.ipv4 import address_in
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.crud import find, touch

if TYPE_CHECKING:
    from ...state.collections import Record

_SETTINGS = {"setInspectionConfiguration": "inspection", "setRedirectionConfiguration": "redirection"}
_UNSETTINGS = {"unsetInspectionConfiguration": "inspection", "unsetRedirectionConfiguration": "redirection"}
_ATTRIBUTES = ("description", "enabled", "protocol")


@handles(*_SETTINGS)
def configure(call: Call) -> None:
    """Set how the VPG inspects or redirects."""
    if call.body.get("gateway") is not None:
        address_in(call.body["gateway"], "body.gateway")
    _set(call, **{_SETTINGS[call.operation.id]: call.body})


@handles(*_UNSETTINGS)
def unconfigure(call: Call) -> None:
    """Stop to inspect or redirect."""
    _set(call, **{_UNSETTINGS[call.operation.id]: None})


@handles("createMirroringPeer")
def create_peer(call: Call) -> None:
    """Mirror to a host; it replaces a mirroring to the same host."""
    address = str(address_in(call.body.get("ipAddress"), "body.ipAddress"))
    peer = {"description": None, "enabled": True, "protocol": "gre"} | call.body | {"ipAddress": address}
    _mirror(call, _peers(call) | {address: peer})


@handles("updateMirroringPeer")
def update_peer(call: Call) -> None:
    """Change attributes of a host; their values are text."""
    peers, address = _peers(call), call.path["ipaddr"]
    if address not in peers:
        raise Refusal.not_found("mirroring peer", address)
    changes: dict[str, Any] = {}
    for attribute in call.body:
        name, value = attribute.get("key"), attribute.get("value")
        if name not in _ATTRIBUTES:
            raise Refusal.invalid("{0} is not one of {1}", "body.key", _ATTRIBUTES)
        changes[name] = value == "true" if name == "enabled" else value
    _mirror(call, peers | {address: peers[address] | changes})


@handles("deleteMirroringPeer")
def delete_peer(call: Call) -> None:
    """Stop to mirror to a host."""
    peers, address = dict(_peers(call)), call.path["ipaddr"]
    if address not in peers:
        raise Refusal.not_found("mirroring peer", address)
    del peers[address]
    _mirror(call, peers)


def _peers(call: Call) -> dict[str, Record]:
    peers: dict[str, Record] = find(call)["mirroring"]["peers"]
    return peers


def _mirror(call: Call, peers: dict[str, Record]) -> None:
    _set(call, mirroring={"peers": peers})


def _set(call: Call, **fields: Any) -> None:
    """Set mirroring, inspection or redirection, and whether any of them is on."""
    vpg = touch(call, **fields)
    parts = [vpg["inspection"], vpg["redirection"], *vpg["mirroring"]["peers"].values()]
    vpg["junctionEnabled"] = any(part is not None and part.get("enabled") for part in parts)
