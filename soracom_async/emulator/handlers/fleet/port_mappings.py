"""Port mappings of Napter: access to a device from outside, for a limited time; and their audit log."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from ...durations import HOUR_S, MINUTE_S, SECOND_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state import life
from ...state.collections import visible
from .. import handles
from ..common.timelines import timeline
from .transfers import number_named

if TYPE_CHECKING:
    from ...protocol.messages import Page
    from ...state.collections import Collection, Record

DEFAULT_S, LONGEST_S = 30 * MINUTE_S, 8 * HOUR_S
"""How long a port mapping lives if the request names no duration, and at most."""
STRATEGIES: dict[str | None, str] = {"air": "AIR_PRIORITIZED", "arc": "ARC_PRIORITIZED", None: "DYNAMIC"}
"""By the service in the request."""


def mappings(call: Call) -> Collection:
    """Return the port mappings that have not expired, by their endpoints."""
    kept = call.collection("port mapping")
    for endpoint in [endpoint for endpoint, mapping in kept.items() if mapping["expiredTime"] <= call.now]:
        mapping = kept.take(endpoint)
        log(call, mapping, "EXPIRED", mapping["expiredTime"])
    return kept


def log(call: Call, mapping: Record, event: str, at: int) -> None:
    """Add an event of a port mapping to the log."""
    entry = {
        "connectionId": call.world.uuid(),
        "createdAt": at,
        "type": event,
        "imsi": mapping["_imsi"],
        "operatorId": call.operator.id,
        "tls": mapping["tlsRequired"],
        "direction": {
            "sourceIPAddress": mapping["ipAddress"],
            "sourcePort": mapping["port"],
            "destinationIPAddress": mapping["_address"],
            "destinationPort": mapping["destination"]["port"],
        },
    }
    call.operator.records.setdefault("napter audit log", []).append(entry)


@handles("createPortMapping", "createPortMappingForSim")
def create(call: Call) -> Any:
    """Open a port mapping to a SIM of the operator."""
    asked = call.body["destination"]
    sim_name = call.path.get("sim_id") or asked.get("simId")
    name = sim_name or asked.get("imsi")
    if not name:
        raise Refusal.invalid("{0} has neither {1} nor {2}", "body.destination", "simId", "imsi")
    sim = call.operator.fleet.look(number_named(call, name))
    life.usable(sim)
    if asked.get("service") not in STRATEGIES:
        raise Refusal.invalid("{0} is not one of {1}", "body.destination.service", ("air", "arc"))
    own = {"simId": sim.sim_id} if sim_name else {"imsi": sim.imsi}
    strategy = STRATEGIES[asked.get("service")] if sim_name else "IMSI_PRIORITIZED"
    duration = DEFAULT_S if call.body.get("duration") is None else call.body["duration"]
    if not 0 < duration <= LONGEST_S:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.duration", 1, LONGEST_S)
    address, port = f"203.0.113.{call.world.random.randrange(1, 255)}", call.world.random.randrange(10_000, 60_000)
    endpoint = f"{address}:{port}"
    mapping: Record = own | {
        "operatorId": call.operator.id,
        "ipAddress": address,
        "port": port,
        "endpoint": endpoint,
        "hostname": f"{address.replace('.', '-')}.napter.emulator.test",
        "placement": "default",
        "destination": own | {"port": _port(asked.get("port")), "destinationChoosingStrategy": strategy},
        "source": {"ipRanges": _ranges(call)},
        "tlsRequired": bool(call.body.get("tlsRequired")),
        "duration": duration,
        "createdTime": call.now,
        "expiredTime": call.now + int(duration * SECOND_MS),
        "expired": False,
        "_imsi": sim.imsi,
        "_address": sim.address or "",
    }
    mappings(call).put(endpoint, mapping)
    call.operator.fleet.change(sim.number).port_mapped = call.now
    log(call, mapping, "CREATED", call.now)
    return visible(mapping)


def _port(number: int | None) -> int:
    if number is None or not 1 <= number <= 65_535:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.destination.port", 1, 65535)
    return number


def _ranges(call: Call) -> list[str]:
    """Return the address ranges that may reach the device; by default only the address of the caller."""
    ranges = (call.body.get("source") or {}).get("ipRanges") or [call.request.address]
    try:
        return [str(ip_network(each, strict=False)) for each in ranges]
    except ValueError:
        raise Refusal.invalid("{0} is not an IPv4 address range", "body.source.ipRanges") from None


@handles("listPortMappings")
def list_all(call: Call) -> Page:
    """Return all port mappings."""
    return call.page(mappings(call), None, visible)


@handles("listPortMappingsForSim", "listPortMappingsForSubscriber")
def list_of_sim(call: Call) -> Any:
    """Return the port mappings of a SIM id or an IMSI; it is an error if there are none."""
    call.sim_number()
    name, wanted = ("simId", call.path["sim_id"]) if "sim_id" in call.path else ("imsi", call.path["imsi"])
    found = [visible(mapping) for mapping in mappings(call).values() if mapping.get(name) == wanted]
    if not found:
        raise Refusal.absent("There is no port mapping for {0}.", wanted)
    return found


@handles("deletePortMapping")
def delete(call: Call) -> None:
    """Close a port mapping before its time."""
    mapping = mappings(call).take(f"{call.path['ip_address']}:{call.path['port']}")
    log(call, mapping, "DELETED", call.now)


@handles("getNapterAuditLogs")
def audit_logs(call: Call) -> Page:
    """Return the events of the port mappings, newest first."""
    if call.query.get("resource_type", "Subscriber") != "Subscriber":
        raise Refusal.invalid("{0} is not one of {1}", "resource_type", "Subscriber")
    mappings(call)
    name = call.query.get("resource_id")
    entries = call.operator.records.get("napter audit log", [])
    chosen = (entry for entry in entries if name in (None, entry["imsi"]))
    return timeline(call, chosen, "createdAt", tie="connectionId")
