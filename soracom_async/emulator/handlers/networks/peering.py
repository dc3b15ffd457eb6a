"""The connections of a VPG: VPC peerings, transit gateways, and the routes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.ipv4 import network_in
from ...durations import MINUTE_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.collections import visible
from .. import handles
from ..common.crud import find, take_entry, touch

if TYPE_CHECKING:
    from ...state.collections import Record

PEER_RESPONSE_MS = MINUTE_MS
"""How long the owner of the other side takes to respond."""
ASN = 64512
PEERINGS, ATTACHMENTS = "soracomTransitGatewayPeeringConnections", "soracomTransitGatewayVpcAttachments"
_WAITING = {PEERINGS: ("pending", "active"), ATTACHMENTS: ("vpcAttachmentPending", "acceptancePending")}
"""The status of a new connection, and its status after the other side's response."""


def settle(vpg: Record, now: int) -> None:
    """Apply the responses of the other sides that are due."""
    for field, (before, after) in _WAITING.items():
        for connection in vpg[field].values():
            if connection["status"] == before and now >= connection["createdTime"] + PEER_RESPONSE_MS:
                connection |= {"status": after, "lastModifiedTime": connection["createdTime"] + PEER_RESPONSE_MS}


def transit_gateway(call: Call, region: str, asn: int | None = None) -> Record:
    """Return a new transit gateway on the VPG's side."""
    dice = call.world.random
    gateway_id, account = f"tgw-{dice.getrandbits(68):017x}", f"{dice.randrange(10**12):012}"
    return {
        "id": gateway_id,
        "arn": f"arn:aws:ec2:{region}:{account}:transit-gateway/{gateway_id}",
        "asn": asn or ASN,
        "awsAccountId": account,
        "region": region,
        "resourceSharedStatus": {},
    }


@handles("createCustomerRoute")
def create_route(call: Call) -> Any:
    """Add a route; it may overlap the range of the devices only if the request allows that."""
    vpg, body = find(call), call.body
    network = network_in(body["destinationCidr"], "body.destinationCidr")
    # Both spellings are declared.
    overlap = body.get("ignoreDeviceSubnetCidrRangeOverlap") or body.get("ignoreDeviceSubnetcidrRangeOverlap")
    if not overlap and network.overlaps(network_in(vpg["deviceSubnetCidrRange"], "deviceSubnetCidrRange")):
        raise Refusal.invalid("{0} overlaps the address range of the devices", "body.destinationCidr")
    if any(route["destinationCidr"] == str(network) for route in vpg["customerRoutes"].values()):
        raise Refusal.exists("route", network)
    route = {"id": call.world.uuid(), "destinationCidr": str(network), "target": body["target"], "type": "static"}
    touch(call, customerRoutes=vpg["customerRoutes"] | {route["id"]: route})
    return route


@handles("updateCustomerRoute")
def update_route(call: Call) -> Any:
    """Change the target of a route."""
    routes, route_id = find(call)["customerRoutes"], call.path["route_id"]
    if route_id not in routes:
        raise Refusal.not_found("route", route_id)
    route: Record = routes[route_id] | {"target": call.body["target"]}
    touch(call, customerRoutes=routes | {route_id: route})
    return route


@handles("deleteCustomerRoute")
def delete_route(call: Call) -> None:
    """Remove a route."""
    take_entry(call, "customerRoutes", "route", call.path["route_id"])


@handles("createVpcPeeringConnection")
def create_peering(call: Call) -> Any:
    """Connect the VPG with a VPC."""
    vpg, body = find(call), call.body
    network = network_in(body.get("destinationCidrBlock"), "body.destinationCidrBlock")
    peering = {
        "id": f"pcx-{call.world.random.getrandbits(68):017x}",
        "destinationCidrBlock": str(network),
        "peerOwnerId": call.required("peerOwnerId"),
        "peerVpcId": call.required("peerVpcId"),
        "peerRegion": body.get("peerRegion") or vpg["placement"]["region"],
    }
    touch(call, vpcPeeringConnections=vpg["vpcPeeringConnections"] | {peering["id"]: peering["destinationCidrBlock"]})
    return peering


@handles("deleteVpcPeeringConnection")
def delete_peering(call: Call) -> None:
    """Disconnect the VPG from a VPC."""
    take_entry(call, "vpcPeeringConnections", "VPC peering connection", call.path["pcx_id"])


@handles("createTransitGatewayPeeringConnection")
def create_gateway_peering(call: Call) -> Any:
    """Connect the VPG's transit gateway with another one."""
    return _connect(call, PEERINGS, "soracomTransitGatewayPeeringAttachmentId")


@handles("deleteTransitGatewayPeeringConnection")
def delete_gateway_peering(call: Call) -> None:
    """Disconnect the VPG's transit gateway from another one."""
    take_entry(call, PEERINGS, "transit gateway peering connection", call.path["soracom_tgw_peering_attachment_id"])


@handles("createTransitGatewayVpcAttachment")
def create_attachment(call: Call) -> Any:
    """Offer the VPG's transit gateway to the owner of a VPC."""
    return _connect(call, ATTACHMENTS, "customerTransitGatewayVpcAttachmentId")


@handles("deleteTransitGatewayVpcAttachment")
def delete_attachment(call: Call) -> None:
    """Withdraw the offer, or remove the attachment."""
    take_entry(call, ATTACHMENTS, "transit gateway VPC attachment", call.path["customer_tgw_vpc_attachment_id"])


@handles("acceptTransitGatewayVpcAttachmentFromCustomer")
def accept_attachment(call: Call) -> None:
    """Accept the attachment that the owner of the VPC has made."""
    attachments, attachment_id = find(call)[ATTACHMENTS], call.path["customer_tgw_vpc_attachment_id"]
    if attachment_id not in attachments:
        raise Refusal.not_found("transit gateway VPC attachment", attachment_id)
    attachment = attachments[attachment_id]
    if attachment["status"] != "acceptancePending":
        raise Refusal.not_possible("the status of the attachment is {0}", attachment["status"])
    attachment |= {"status": "active", "lastModifiedTime": call.now}
    touch(call)


def _connect(call: Call, field: str, own_id: str) -> Any:
    """Connect the VPG's transit gateway; the first connection makes the gateway."""
    vpg, body = find(call), call.body
    gateway = vpg["soracomTransitGateway"] or transit_gateway(call, vpg["placement"]["region"])
    connection_id = f"tgw-attach-{call.world.random.getrandbits(68):017x}"
    connection = body | {
        "id": connection_id,
        own_id: connection_id,
        "name": body.get("name"),
        "status": _WAITING[field][0],
        "createdTime": call.now,
        "lastModifiedTime": call.now,
    }
    touch(call, soracomTransitGateway=gateway, **{field: vpg[field] | {connection_id: connection}})
    return visible(vpg)
