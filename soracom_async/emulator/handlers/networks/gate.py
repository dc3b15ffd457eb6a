"""Gate: access to the devices of a VPG, its peers, and the addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.ipv4 import address_in, network_in
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import number_of
from .. import handles
from ..common.crud import (
    changed,
    find,
    take_entry,
    touch,
)
from ..common.listings import listing

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    from ...protocol.messages import Page
    from ...state.collections import Record

VXLAN_IDS = 16_777_215
"""The highest VXLAN id."""
SWITCHES: dict[str, Record] = {
    "closeGate": {"gateOpened": False, "enableSimBasedRouting": False},
    "enableGatePrivacySeparator": {"gatePrivacySeparatorEnabled": True},
    "disableGatePrivacySeparator": {"gatePrivacySeparatorEnabled": False},
    "disableSimBasedRouting": {"enableSimBasedRouting": False},
}


@handles(*SWITCHES)
def switch(call: Call) -> Any:
    """Enable or disable what the operation names."""
    return changed(call, **SWITCHES[call.operation.id])


@handles("openGate")
def open_gate(call: Call) -> None:
    """Open the gate; the privacy separator is off unless it is wanted. The VPG has two peers of its own behind it."""
    vpg, body = find(call), call.body
    vxlan_id = _vxlan_id(vpg["gateVxlanId"] if body.get("vxlanId") is None else body["vxlanId"])
    separated = bool(body.get("privacySeparatorEnabled"))
    peers = dict(vpg["_gatePeers"])
    if not peers:
        inside, outside = _devices(vpg), network_in(vpg["vpgSubnetCidrRange"], "vpgSubnetCidrRange")
        for number in (2, 3):
            peers[str(outside[number])] = _peer(vpg, str(outside[number]), str(inside[-number]), owned=False)
    touch(call, gateOpened=True, gateVxlanId=vxlan_id, gatePrivacySeparatorEnabled=separated, _gatePeers=peers)


@handles("setVirtualPrivateGatewayVxLanId")
def set_vxlan_id(call: Call) -> None:
    """Set the VXLAN id."""
    touch(call, gateVxlanId=_vxlan_id(call.body["vxlanId"]))


def _vxlan_id(number: int) -> int:
    if not 1 <= number <= VXLAN_IDS:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.vxlanId", 1, VXLAN_IDS)
    return number


@handles("enableSimBasedRouting")
def enable_routing(call: Call) -> None:
    """Enable routing to the networks behind SIMs; the gate must be open."""
    _opened(call)
    touch(call, enableSimBasedRouting=True)


@handles("putSimBasedRoutingRoutes")
def put_routes(call: Call) -> None:
    """Set which networks are behind which SIMs."""
    for sim_id, network in call.body.items():
        if (number_of(sim_id) or 0) not in call.operator.fleet:
            raise Refusal.no_sim(sim_id)
        network_in(network, f"body.{sim_id}")
    touch(call, simBasedRoutingConfig=dict(call.body))


@handles("listGatePeers")
def list_peers(call: Call) -> Any:
    """Return the peers, including the VPG's own."""
    return list(find(call)["_gatePeers"].values())


@handles("registerGatePeer")
def register_peer(call: Call) -> Any:
    """Register a host, with the requested inner address or a free one."""
    vpg, body = _opened(call), call.body
    outer = str(address_in(body["outerIpAddress"], "body.outerIpAddress"))
    if outer in vpg["_gatePeers"]:
        raise Refusal.exists("gate peer", outer)
    wish = body.get("innerIpAddress")
    peer = _peer(vpg, outer, _free(vpg) if wish is None else _wished(vpg, wish, "body.innerIpAddress"), owned=True)
    touch(call, _gatePeers=vpg["_gatePeers"] | {outer: peer})
    return peer


@handles("unregisterGatePeer")
def unregister_peer(call: Call) -> None:
    """Unregister a host."""
    outer = call.path["outer_ip_address"]
    if not find(call)["_gatePeers"].get(outer, {"ownedByCustomer": True})["ownedByCustomer"]:
        raise Refusal.not_possible("the gate peer belongs to the VPG")
    take_entry(call, "_gatePeers", "gate peer", outer)


@handles("listVirtualPrivateGatewayIpAddressMapEntries")
def list_addresses(call: Call) -> Page:
    """Return the addresses: those of SIMs that were set, and those of the peers."""
    vpg = find(call)
    peers = (
        _entry(
            outer,
            peer["innerIpAddress"],
            "customerGatePeer" if peer["ownedByCustomer"] else "gatePeer",
            vpg["createdTime"],
        )
        for outer, peer in vpg["_gatePeers"].items()
    )
    return listing(call, [*vpg["_addresses"].values(), *peers], "ipAddress")


@handles("putVirtualPrivateGatewayIpAddressMapEntry")
def put_address(call: Call) -> Any:
    """Give a subscriber a fixed address."""
    vpg, key = find(call), call.body["key"]
    if key in vpg["_gatePeers"]:
        raise Refusal.not_possible("the address of a gate peer cannot be changed")
    address = _wished(vpg, call.body["ipAddress"], "body.ipAddress", but=key)
    entry = _entry(key, address, "static", call.now)
    touch(call, _addresses=vpg["_addresses"] | {key: entry})
    return entry


@handles("deleteVirtualPrivateGatewayIpAddressMapEntry")
def delete_address(call: Call) -> None:
    """Remove a subscriber's fixed address."""
    if call.path["key"] in find(call)["_gatePeers"]:
        raise Refusal.not_possible("the address of a gate peer cannot be changed")
    take_entry(call, "_addresses", "address map entry", call.path["key"])


def _opened(call: Call) -> Record:
    vpg = find(call)
    if not vpg["gateOpened"]:
        raise Refusal.not_possible("the gate is closed")
    return vpg


def _peer(vpg: Record, outer: str, inner: str, *, owned: bool) -> Record:
    return {
        "outerIpAddress": outer,
        "innerIpAddress": inner,
        "netmask": str(_devices(vpg).netmask),
        "ownedByCustomer": owned,
    }


def _entry(key: str, address: str, kind: str, at: int) -> Record:
    return {"key": key, "hostId": key, "ipAddress": address, "type": kind, "lastUpdatedAt": at}


def _devices(vpg: Record) -> IPv4Network:
    return network_in(vpg["deviceSubnetCidrRange"], "deviceSubnetCidrRange")


def _taken(vpg: Record, but: str = "") -> set[str]:
    """Return the addresses in use, `but` one subscriber's."""
    mapped = {entry["ipAddress"] for key, entry in vpg["_addresses"].items() if key != but}
    return mapped | {peer["innerIpAddress"] for peer in vpg["_gatePeers"].values()}


def _wished(vpg: Record, wish: str, where: str, but: str = "") -> str:
    """Return the requested address, if it is in the range of the devices and not in use."""
    address = address_in(wish, where)
    if address not in _devices(vpg):
        raise Refusal.invalid("{0} is not in the address range of the devices", where)
    if str(address) in _taken(vpg, but):
        raise Refusal.exists("address", address)
    return str(address)


def _free(vpg: Record) -> str:
    """Return the highest free address."""
    devices, taken = _devices(vpg), _taken(vpg)
    for number in range(2, devices.num_addresses):
        if str(devices[-number]) not in taken:
            return str(devices[-number])
    raise Refusal.not_possible("no address is free")
