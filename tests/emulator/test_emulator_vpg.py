from __future__ import annotations

import ipaddress
from datetime import timedelta

import attrs
import pytest
from plain import refused

from soracom_async._codec.model import wire_name
from soracom_async.api.virtual_private_gateway import VirtualPrivateGateway
from soracom_async.emulator.handlers.networks import peering as vpg_peering
from soracom_async.emulator.state.sims import imsi, sim_id

pytestmark = pytest.mark.anyio

VPGS = "/virtual_private_gateways"


@pytest.fixture
async def vpg(client):
    """The path of a VPG."""
    made = await client.post(VPGS, json={"type": 14})
    assert made.status_code == 201, made.text
    return f"{VPGS}/{made.json()['vpgId']}"


async def look(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_life_of_a_vpg(soracom, client, other, emulator):
    """A VPG is made, found with everything that is declared of it, and terminated."""
    made = await soracom.vpg.create(type=15, tags={"name": "plant"}, use_internet_gateway=True)
    assert (made.status, made.type, made.tags, made.use_internet_gateway) == ("running", 15, {"name": "plant"}, True)
    assert (made.device_subnet_cidr_range, made.placement.region) == ("10.128.0.0/9", "eu-central-1")
    assert ipaddress.ip_network(made.vpg_subnet_cidr_range).subnet_of(ipaddress.ip_network("100.64.0.0/10"))
    assert await soracom.vpg.get(made.vpg_id) == made
    path = f"{VPGS}/{made.vpg_id}"
    declared = {wire_name(VirtualPrivateGateway, field.name) for field in attrs.fields(VirtualPrivateGateway)}
    assert set(await look(client, path)) == declared
    assert refused(await other.get(path), 404, "COM9007")
    assert (await other.get(VPGS)).json() == []
    await soracom.vpg.terminate(made.vpg_id)
    for method, action in (("GET", ""), ("POST", "/terminate"), ("POST", "/gate/open")):
        assert refused(await client.request(method, path + action), 404, "COM9007")
    assert await soracom.vpg.list().collect() == []


async def test_what_a_vpg_may_be(client):
    """Type, region and range of the devices are chosen among what there is."""
    for body in (
        {"type": 12},
        {"type": 14, "placement": {"region": "mars-north-1"}},
        {"type": 14, "deviceSubnetCidrRange": "10.0.0.1/8"},
        {"type": 14, "deviceSubnetCidrRange": "10.0.0.0/29"},
    ):
        assert refused(await client.post(VPGS, json=body), 400, "COM9003")
    body = {"type": 242, "placement": {"region": "us-west-2"}, "deviceSubnetCidrRange": "192.168.0.0/16"}
    for wish, done in ({}, True), ({"useInternetGateway": None}, True), ({"useInternetGateway": False}, False):
        assert (await client.post(VPGS, json=body | wish)).json()["useInternetGateway"] is done
    made = (await client.post(VPGS, json=body)).json()
    assert made["vpgSubnetCidrRange"].endswith("/16")
    assert (made["placement"]["region"], made["ueSubnetCidrRange"]) == ("us-west-2", "192.168.0.0/16")


async def test_listing_and_tags(soracom, client, emulator):
    """VPGs are listed a page at a time and by tag; a change of tags is a change of the VPG."""
    made = [await soracom.vpg.create(type=14, tags={"n": str(number)}) for number in range(3)]
    assert await soracom.vpg.list(limit=2).collect() == made
    assert await soracom.vpg.list(tag_name="n", tag_value="1").collect() == made[1:2]
    emulator.advance(1)
    await soracom.vpg.update_tags(made[0].vpg_id, tags=[{"tagName": "name", "tagValue": "x"}])
    await soracom.vpg.delete_tag(made[0].vpg_id, "n")
    changed = await soracom.vpg.get(made[0].vpg_id)
    assert (changed.tags, changed.last_modified_time > made[0].last_modified_time) == ({"name": "x"}, True)
    assert refused(await client.delete(f"{VPGS}/{made[0].vpg_id}/tags/n"), 404, "COM9007")


async def test_fixed_addresses(client, vpg):
    """Public addresses stay while the option is on."""
    fixed, none = f"{vpg}/fixed_public_ip_addresses", []
    assert refused(await client.delete(fixed), 400, "COM9009")
    addresses = (await client.post(fixed)).json()["fixedPublicIpAddresses"]
    assert len(set(addresses)) == 2
    assert refused(await client.post(fixed), 400, "COM9009")
    assert (await look(client, vpg))["fixedIpAddressesEnabled"] is True
    released = (await client.delete(fixed)).json()
    assert (released["fixedIpAddressesEnabled"], released["fixedPublicIpAddresses"]) == (False, none)


async def test_the_gate(client, vpg):
    """The gate opens as it is asked to, and closes. Unasked, it keeps its VXLAN id, and separates nobody."""
    for vxlan_id in (0, 16_777_216):
        assert refused(await client.post(f"{vpg}/gate/open", json={"vxlanId": vxlan_id}), 400, "COM9003")
        assert refused(await client.post(f"{vpg}/gate/set_vxlan_id", json={"vxlanId": vxlan_id}), 400, "COM9003")
    for body, seen in (
        ({"vxlanId": 99}, (True, 99, False)),
        ({"privacySeparatorEnabled": True}, (True, 99, True)),
        ({"privacySeparatorEnabled": None}, (True, 99, False)),
        ({"privacySeparatorEnabled": True}, (True, 99, True)),
        ({}, (True, 99, False)),
    ):
        assert (await client.post(f"{vpg}/gate/open", json=body)).status_code == 200
        found = await look(client, vpg)
        assert (found["gateOpened"], found["gateVxlanId"], found["gatePrivacySeparatorEnabled"]) == seen
    assert (await client.post(f"{vpg}/gate/set_vxlan_id", json={"vxlanId": 7})).status_code == 204
    assert (await client.post(f"{vpg}/gate/disable_privacy_separator")).json()["gatePrivacySeparatorEnabled"] is False
    assert (await client.post(f"{vpg}/gate/enable_privacy_separator")).json()["gatePrivacySeparatorEnabled"] is True
    assert (await client.post(f"{vpg}/gate/close")).status_code == 200
    found = await look(client, vpg)
    assert (found["gateOpened"], found["gateVxlanId"]) == (False, 7)


async def test_gate_peers(soracom, client, vpg):
    """Hosts are taken in behind an open gate, each with an inner address of its own; the VPG's own stay."""
    vpg_id = vpg.rpartition("/")[2]
    assert await soracom.vpg.list_gate_peers(vpg_id) == []
    assert refused(await client.post(f"{vpg}/gate/peers", json={"outerIpAddress": "198.51.100.1"}), 400, "COM9009")
    await soracom.vpg.open_gate(vpg_id)
    own = await soracom.vpg.list_gate_peers(vpg_id)
    assert [peer.owned_by_customer for peer in own] == [False, False]
    first = await soracom.vpg.register_gate_peer(vpg_id, outer_ip_address="198.51.100.1")
    assert (first.owned_by_customer, first.netmask) == (True, "255.128.0.0")
    assert first.inner_ip_address not in [peer.inner_ip_address for peer in own]
    wish = {"outerIpAddress": "198.51.100.2", "innerIpAddress": "10.200.0.1"}
    assert (await client.post(f"{vpg}/gate/peers", json=wish)).json()["innerIpAddress"] == "10.200.0.1"
    for wrong, status, code in (
        ({"outerIpAddress": "198.51.100.2"}, 409, "COM9008"),
        ({"outerIpAddress": "nowhere"}, 400, "COM9003"),
        ({"outerIpAddress": "198.51.100.3", "innerIpAddress": "11.0.0.1"}, 400, "COM9003"),
        ({"outerIpAddress": "198.51.100.3", "innerIpAddress": "10.200.0.1"}, 409, "COM9008"),
    ):
        assert refused(await client.post(f"{vpg}/gate/peers", json=wrong), status, code)
    assert refused(await client.delete(f"{vpg}/gate/peers/{own[0].outer_ip_address}"), 400, "COM9009")
    await soracom.vpg.unregister_gate_peer(vpg_id, "198.51.100.1")
    assert refused(await client.delete(f"{vpg}/gate/peers/198.51.100.1"), 404, "COM9007")
    assert [peer.outer_ip_address for peer in await soracom.vpg.list_gate_peers(vpg_id)][2:] == ["198.51.100.2"]
    await soracom.vpg.close_gate(vpg_id)
    await soracom.vpg.open_gate(vpg_id)
    assert len(await soracom.vpg.list_gate_peers(vpg_id)) == 3


async def test_a_range_has_an_end(client):
    """When all addresses of the devices' range are given away no peer gets in."""
    made = await client.post(VPGS, json={"type": 14, "deviceSubnetCidrRange": "10.0.0.0/28"})
    vpg = f"{VPGS}/{made.json()['vpgId']}"
    await client.post(f"{vpg}/gate/open", json={})
    peers = [{"outerIpAddress": f"198.51.100.{number}"} for number in range(13)]
    for peer in peers[:-1]:
        assert (await client.post(f"{vpg}/gate/peers", json=peer)).status_code == 200
    assert refused(await client.post(f"{vpg}/gate/peers", json=peers[-1]), 400, "COM9009")


async def test_sim_based_routing(client, other, vpg):
    """Networks behind SIMs are routed to through an open gate."""
    routing = f"{vpg}/gate/routing/static/sims"
    assert refused(await client.post(f"{routing}/enable"), 400, "COM9009")
    await client.post(f"{vpg}/gate/open", json={})
    assert (await client.post(f"{routing}/enable")).status_code == 201
    routes = {sim_id(1): "192.168.1.0/24", sim_id(2): "192.168.2.0/24"}
    assert (await client.put(f"{routing}/routes", json=routes)).status_code == 200
    found = await look(client, vpg)
    assert (found["enableSimBasedRouting"], found["simBasedRoutingConfig"]) == (True, routes)
    assert refused(await client.put(f"{routing}/routes", json={sim_id(1): "x"}), 400, "COM9003")
    for foreign in (sim_id(31), "nobody"):
        assert refused(await client.put(f"{routing}/routes", json={foreign: "10.0.0.0/24"}), 404, "SEM9001")
    assert (await client.post(f"{routing}/disable")).status_code == 204
    assert (await look(client, vpg))["enableSimBasedRouting"] is False


async def test_the_ip_address_map(soracom, client, vpg, emulator):
    """Subscribers get fixed addresses; those of peers are listed as well, but are not to be changed."""
    vpg_id = vpg.rpartition("/")[2]
    await soracom.vpg.open_gate(vpg_id)
    await soracom.vpg.register_gate_peer(vpg_id, outer_ip_address="198.51.100.1", inner_ip_address="10.129.0.9")
    entries = [
        await soracom.vpg.put_ip_address_map_entry(vpg_id, key=imsi(number), ip_address=f"10.129.0.{number}")
        for number in (1, 2)
    ]
    emulator.advance(1)
    again = await soracom.vpg.put_ip_address_map_entry(vpg_id, key=imsi(2), ip_address="10.129.0.2")
    assert again.last_updated_at == entries[1].last_updated_at + timedelta(seconds=1)
    listed = await soracom.vpg.list_ip_address_map_entries(vpg_id, limit=2).collect()
    assert listed[:2] == [entries[0], again]
    assert [entry.type for entry in listed] == ["static", "static", "gatePeer", "gatePeer", "customerGatePeer"]
    for body, status, code in (
        ({"key": imsi(3), "ipAddress": "10.129.0.2"}, 409, "COM9008"),
        ({"key": imsi(3), "ipAddress": "10.129.0.9"}, 409, "COM9008"),
        ({"key": imsi(3), "ipAddress": "11.0.0.1"}, 400, "COM9003"),
        ({"key": "198.51.100.1", "ipAddress": "10.129.0.3"}, 400, "COM9009"),
    ):
        assert refused(await client.post(f"{vpg}/ip_address_map", json=body), status, code)
    assert refused(await client.delete(f"{vpg}/ip_address_map/198.51.100.1"), 400, "COM9009")
    await soracom.vpg.delete_ip_address_map_entry(vpg_id, imsi(1))
    assert refused(await client.delete(f"{vpg}/ip_address_map/{imsi(1)}"), 404, "COM9007")
    assert len(await soracom.vpg.list_ip_address_map_entries(vpg_id).collect()) == 4


async def test_junction(client, vpg):
    """Inspection, redirection and mirroring are set and unset; Junction is on while one of them is."""
    junction = f"{vpg}/junction"
    inspection = {"enabled": True, "report": {"enabled": True, "credentialsId": "c"}}
    redirection = {"enabled": True, "gateway": "10.0.0.1", "description": "firewall"}
    for name, body in (("inspection", inspection), ("redirection", redirection)):
        assert (await client.post(f"{junction}/set_{name}", json=body)).status_code == 200
        found = await look(client, vpg)
        assert (found[name], found["junctionEnabled"]) == (body, True)
        await client.post(f"{junction}/set_{name}", json=body | {"enabled": False})
        assert (await look(client, vpg))["junctionEnabled"] is False
        assert (await client.post(f"{junction}/unset_{name}")).status_code == 200
        assert (await look(client, vpg))[name] is None
    assert refused(await client.post(f"{junction}/set_redirection", json={"gateway": "x"}), 400, "COM9003")


async def test_mirroring_peers(client, vpg):
    """Hosts that packets are mirrored to are added, changed and removed."""
    peers = f"{vpg}/junction/mirroring/peers"
    assert refused(await client.post(peers, json={}), 400, "COM9003")
    assert (await client.post(peers, json={"ipAddress": "10.0.0.1"})).status_code == 201
    found = await look(client, vpg)
    peer = {"ipAddress": "10.0.0.1", "description": None, "enabled": True, "protocol": "gre"}
    assert (found["mirroring"]["peers"], found["junctionEnabled"]) == ({"10.0.0.1": peer}, True)
    changes = [{"key": "enabled", "value": "false"}, {"key": "description", "value": "tap"}]
    assert (await client.put(f"{peers}/10.0.0.1", json=changes)).status_code == 200
    found = await look(client, vpg)
    assert found["mirroring"]["peers"]["10.0.0.1"] == peer | {"enabled": False, "description": "tap"}
    assert found["junctionEnabled"] is False
    assert refused(await client.put(f"{peers}/10.0.0.1", json=[{"key": "x", "value": "y"}]), 400, "COM9003")
    assert refused(await client.put(f"{peers}/10.0.0.2", json=[]), 404, "COM9007")
    assert (await client.delete(f"{peers}/10.0.0.1")).status_code == 204
    assert refused(await client.delete(f"{peers}/10.0.0.1"), 404, "COM9007")
    assert (await look(client, vpg))["mirroring"]["peers"] == {}


async def test_the_routing_filter(client, vpg):
    """The routing filter is replaced as a whole."""
    entries = [{"action": "allow", "ipRange": "10.0.0.0/8"}, {"action": "deny", "ipRange": "0.0.0.0/0"}]
    assert (await client.post(f"{vpg}/set_routing_filter", json=entries)).status_code == 200
    for wrong in ({"ipRange": "10.0.0.0/33"}, {"action": "maybe"}, {"ipRange": None}):
        assert refused(await client.post(f"{vpg}/set_routing_filter", json=[entries[0] | wrong]), 400, "COM9003")
    assert (await look(client, vpg))["routingFilterEntries"] == entries
    assert (await client.post(f"{vpg}/set_routing_filter", json=[])).status_code == 200
    assert (await look(client, vpg))["routingFilterEntries"] == []


async def test_traffic_filtering(client, vpg, emulator):
    """Rules for domains and for addresses are kept apart; what is no rule is refused."""
    filtering = f"{vpg}/traffic_filtering"
    domain = {"type": "fqdn", "action": "allow", "fqdnPattern": "*.example.com", "protocol": 6, "toPort": 443}
    network = {"type": "ip", "action": "deny", "cidr": "192.0.2.0/24", "protocol": 255}
    assert (await client.post(f"{filtering}/enable")).status_code == 201
    for path, rule, wrongs in (
        ("fqdn_rules", domain, ({"action": "deny"}, {"fqdnPattern": "a.*.com"}, {"fqdnPattern": "a..com"})),
        ("uplink_rules", network, ({"action": "maybe"}, {"cidr": "192.0.2.1/24"}, {"protocol": 256})),
    ):
        assert (await client.put(f"{filtering}/{path}", json={"rules": [rule]})).status_code == 200
        for wrong in (*wrongs, {"type": "x"}, {"fromPort": 9, "toPort": 8}, {"fromPort": 1, "toPort": 65_536}):
            answer = await client.put(f"{filtering}/{path}", json={"rules": [rule | wrong]})
            assert refused(answer, 400, "COM9003")
    kept = emulator.operator.collection("virtual private gateway")[vpg.rpartition("/")[2]]
    assert (kept["_filtered"], kept["_fqdnRules"], kept["_uplinkRules"]) == (True, [domain], [network])
    assert (await client.post(f"{filtering}/disable")).status_code == 204
    assert kept["_filtered"] is False


async def test_customer_routes(soracom, client, vpg):
    """Routes lead to a target; over the devices' range they go only where that is asked for."""
    vpg_id = vpg.rpartition("/")[2]
    made = await soracom.vpg.create_customer_route(vpg_id, destination_cidr="192.168.0.0/16", target="tgw-1")
    assert (made.type, made.destination_cidr, made.target) == ("static", "192.168.0.0/16", "tgw-1")
    changed = await soracom.vpg.update_customer_route(vpg_id, made.id, target="tgw-2")
    assert (await soracom.vpg.get(vpg_id)).customer_routes == {made.id: changed}
    routes = f"{vpg}/customer_routes"
    body = {"destinationCidr": "10.192.0.0/16", "target": "tgw-1"}
    assert refused(await client.post(routes, json=body), 400, "COM9003")
    assert refused(await client.post(routes, json=body | {"destinationCidr": "192.168.0.0/16"}), 409, "COM9008")
    assert refused(await client.post(routes, json=body | {"destinationCidr": "x"}), 400, "COM9003")
    allowed = body | {"ignoreDeviceSubnetCidrRangeOverlap": True}
    assert (await client.post(routes, json=allowed)).status_code == 201
    assert refused(await client.put(f"{routes}/x", json={"target": "tgw-1"}), 404, "COM9007")
    await soracom.vpg.delete_customer_route(vpg_id, made.id)
    assert refused(await client.delete(f"{routes}/{made.id}"), 404, "COM9007")
    assert len((await look(client, vpg))["customerRoutes"]) == 1


async def test_vpc_peering(soracom, client, vpg):
    """A VPG is connected with VPCs, by default of its own region."""
    vpg_id = vpg.rpartition("/")[2]
    body = {"destinationCidrBlock": "10.0.0.0/16", "peerOwnerId": "123456789012", "peerVpcId": "vpc-1"}
    peerings = f"{vpg}/vpc_peering_connections"
    made = (await client.post(peerings, json=body)).json()
    assert made == body | {"id": made["id"], "peerRegion": "eu-central-1"}
    assert (await look(client, vpg))["vpcPeeringConnections"] == {made["id"]: "10.0.0.0/16"}
    for wrong in ({"destinationCidrBlock": None}, {"peerOwnerId": None}, {"peerVpcId": ""}):
        assert refused(await client.post(peerings, json=body | wrong), 400, "COM9003")
    await soracom.vpg.delete_vpc_peering_connection(vpg_id, made["id"])
    assert refused(await client.delete(f"{peerings}/{made['id']}"), 404, "COM9007")
    assert (await soracom.vpg.get(vpg_id)).vpc_peering_connections == {}


async def test_transit_gateway_peering(soracom, client, vpg, emulator):
    """A peering of transit gateways is pending until the other side has agreed."""
    vpg_id = vpg.rpartition("/")[2]
    changed = await soracom.vpg.create_transit_gateway_peering_connection(
        vpg_id,
        customer_aws_account_id="123456789012",
        customer_region="us-west-2",
        customer_transit_gateway_id="tgw-1",
        name="west",
    )
    ((peering_id, peering),) = changed.soracom_transit_gateway_peering_connections.items()
    assert (peering.id, peering.status, peering.name) == (peering_id, "pending", "west")
    assert changed.soracom_transit_gateway.asn == vpg_peering.ASN
    emulator.advance(61)
    (found,) = await soracom.vpg.list().collect()
    active = found.soracom_transit_gateway_peering_connections[peering_id]
    agreed = peering.created_time + timedelta(milliseconds=vpg_peering.PEER_RESPONSE_MS)
    assert (active.status, active.last_modified_time) == ("active", agreed)
    await soracom.vpg.delete_transit_gateway_peering_connection(vpg_id, peering_id)
    path = f"{vpg}/transit_gateway_peering_connections/{peering_id}"
    assert refused(await client.delete(path), 404, "COM9007")


async def test_transit_gateway_attachments(soracom, client, emulator):
    """An attachment is made by the owner of the VPC, and is active once it is accepted."""
    made = await soracom.vpg.create(type=242, soracom_transit_gateway={"asn": 65000})
    assert made.soracom_transit_gateway.asn == 65000
    path = f"{VPGS}/{made.vpg_id}/transit_gateway_vpc_attachments"
    body = {"customerAwsAccountId": "123456789012", "customerVpcId": "vpc-1"}
    changed = (await client.post(path, json=body)).json()
    assert changed["soracomTransitGateway"]["id"] == made.soracom_transit_gateway.id
    ((attachment_id, attachment),) = changed["soracomTransitGatewayVpcAttachments"].items()
    assert (attachment["status"], attachment["customerVpcId"]) == ("vpcAttachmentPending", "vpc-1")
    accept = f"{path}/{attachment_id}/accept"
    assert refused(await client.post(accept), 400, "COM9009")
    emulator.advance(61)
    assert (await client.post(accept)).status_code == 202
    found = await soracom.vpg.get(made.vpg_id)
    assert found.soracom_transit_gateway_vpc_attachments[attachment_id].status == "active"
    assert refused(await client.post(accept), 400, "COM9009")
    assert (await client.delete(f"{path}/{attachment_id}")).status_code == 204
    assert refused(await client.post(accept), 404, "COM9007")
    assert refused(await client.delete(f"{path}/{attachment_id}"), 404, "COM9007")
