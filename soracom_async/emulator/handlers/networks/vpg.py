"""Virtual Private Gateways: their life, and their public addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.ipv4 import network_in
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.collections import visible
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    changed,
    collection_of,
    find,
    identifier_in,
)
from .peering import settle, transit_gateway

if TYPE_CHECKING:
    from ...state.collections import Record

KINDS["VirtualPrivateGateway"] = Kind("virtual private gateway", ("vpg_id",), iso=False, settle=settle)
TYPES = (14, 15, 242)
"""The types that can be made: Type-E, Type-F, Type-F2."""
REGIONS = ("eu-central-1", "ap-northeast-1", "us-west-2", "ap-southeast-2")
DEVICE_SUBNET, SMALLEST = "10.128.0.0/9", 28
"""The default range of the devices, and the longest prefix of a requested one."""


@handles("createVirtualPrivateGateway")
def create(call: Call) -> Any:
    """Make a VPG; it runs at once."""
    body, dice = call.body, call.world.random
    region = (body.get("placement") or {}).get("region") or REGIONS[0]
    if body["type"] not in TYPES:
        raise Refusal.invalid("{0} is not one of {1}", "body.type", TYPES)
    if region not in REGIONS:
        raise Refusal.invalid("{0} is not one of {1}", "body.placement.region", REGIONS)
    network = network_in(body.get("deviceSubnetCidrRange") or DEVICE_SUBNET, "body.deviceSubnetCidrRange")
    if network.prefixlen > SMALLEST:
        raise Refusal.invalid("{0} is smaller than /{1}", "body.deviceSubnetCidrRange", SMALLEST)
    subnet = str(network)
    vpg: Record = {
        "vpgId": call.world.uuid(),
        "operatorId": call.operator.id,
        "type": body["type"],
        "status": "running",
        "tags": {"name": ""} | (body.get("tags") or {}),
        "placement": {"infrastructureProvider": "aws", "region": region},
        "createdTime": call.now,
        "lastModifiedTime": call.now,
        "deviceSubnetCidrRange": subnet,
        "ueSubnetCidrRange": subnet,
        "vpgSubnetCidrRange": f"100.{64 + dice.randrange(64)}.0.0/16",
        "useInternetGateway": body.get("useInternetGateway") is not False,
        "fixedIpAddressesEnabled": False,
        "fixedPublicIpAddresses": [],
        "allowedOperators": [],
        "implicitTerminationProtected": False,
        "primaryServiceName": None,
        "size": None,
        "offsetId": None,
        "sessionStats": {"online": 0, "lastUpdatedAt": call.now},
        "gateOpened": False,
        "gatePrivacySeparatorEnabled": True,
        "gateVxlanId": 10,
        "enableSimBasedRouting": False,
        "simBasedRoutingConfig": {},
        "junctionEnabled": False,
        "inspection": None,
        "redirection": None,
        "mirroring": {"peers": {}},
        "routingFilterEntries": [],
        "customerRoutes": {},
        "virtualInterfaces": {},
        "vpnConnections": {},
        "vpcPeeringConnections": {},
        "transitGatewayAttachments": {},
        "soracomTransitGateway": None,
        "soracomTransitGatewayPeeringConnections": {},
        "soracomTransitGatewayVpcAttachments": {},
        "_gatePeers": {},
        "_addresses": {},
        "_captures": {},
        "_filtered": False,
        "_fqdnRules": [],
        "_uplinkRules": [],
    }
    wanted = body.get("soracomTransitGateway")
    if wanted is not None:
        vpg["soracomTransitGateway"] = transit_gateway(call, region, wanted.get("asn"))
    return visible(collection_of(call).put(vpg["vpgId"], vpg))


@handles("terminateVirtualPrivateGateway")
def terminate(call: Call) -> None:
    """Terminate and remove a VPG."""
    collection_of(call).take(identifier_in(call))


@handles("assignFixedPublicIpAddresses")
def fix_addresses(call: Call) -> Any:
    """Enable fixed public addresses."""
    if find(call)["fixedIpAddressesEnabled"]:
        raise Refusal.not_possible("the public addresses are fixed already")
    addresses = [f"203.0.113.{number}" for number in sorted(call.world.random.sample(range(1, 255), 2))]
    return changed(call, fixedIpAddressesEnabled=True, fixedPublicIpAddresses=addresses)


@handles("releaseFixedPublicIpAddresses")
def release_addresses(call: Call) -> Any:
    """Disable fixed public addresses."""
    if not find(call)["fixedIpAddressesEnabled"]:
        raise Refusal.not_possible("the public addresses are not fixed")
    return changed(call, fixedIpAddressesEnabled=False, fixedPublicIpAddresses=[])
