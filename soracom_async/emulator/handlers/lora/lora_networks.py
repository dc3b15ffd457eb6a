"""LoRaWAN gateways and network sets; several operators can share a network set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...durations import DAY_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.world import EPOCH
from ...times import iso
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    changed,
    collection_of,
    find,
    identifier_in,
    seeded_collection,
)

if TYPE_CHECKING:
    from random import Random

    from ...protocol.messages import Page
    from ...state.collections import Record


def _seeded_gateway(dice: Random, operator_id: str, number: int) -> tuple[str, Record]:
    gateway_id = f"{dice.getrandbits(64):016x}"
    born = iso(EPOCH * 1000 - dice.randrange(1, 400) * DAY_MS)
    return gateway_id, {
        "gatewayId": gateway_id,
        "operatorId": operator_id,
        "networkSetId": None,
        "address": f"{number + 1} Harbour Street",
        "online": number != 0,
        "owned": True,
        "status": "active",
        "tags": {"name": f"gateway-{number + 1}"},
        "terminationEnabled": False,
        "createdTime": born,
        "lastModifiedTime": born,
    }


KINDS["LoraGateway"] = Kind("LoRa gateway", ("gateway_id",), seeded=_seeded_gateway)
KINDS["LoraNetworkSet"] = Kind("LoRa network set", ("ns_id",))


@handles("createLoraNetworkSet")
def create(call: Call) -> Any:
    """Make a network set."""
    network_set: Record = {
        "networkSetId": call.world.uuid(),
        "operatorId": call.operator.id,
        "allowedOperators": [],
        "tags": dict(call.body.get("tags") or {}),
        "createdTime": iso(call.now),
        "lastModifiedTime": iso(call.now),
    }
    return collection_of(call).put(network_set["networkSetId"], network_set)


@handles("deleteLoraNetworkSet")
def delete(call: Call) -> None:
    """Remove a network set; its gateways are in no network set then, also those of other operators."""
    network_set_id = identifier_in(call)
    collection_of(call).take(network_set_id)
    for operator in call.world.operators.values():
        _leave(call, operator.id, network_set_id)


@handles("addPermissionToLoraNetworkSet")
def add_permission(call: Call) -> Any:
    """Allow another operator to use it; the answer does not show whether that operator exists."""
    allowed = find(call)["allowedOperators"]
    return changed(call, allowedOperators=[*dict.fromkeys([*allowed, call.required("operatorId")])])


@handles("revokePermissionFromLoraNetworkSet")
def revoke_permission(call: Call) -> Any:
    """Revoke the permission; the other operator's gateways leave the network set."""
    named = call.required("operatorId")
    answer = changed(call, allowedOperators=[each for each in find(call)["allowedOperators"] if each != named])
    if named != call.operator.id:
        _leave(call, named, identifier_in(call))
    return answer


def _leave(call: Call, operator_id: str, network_set_id: str) -> None:
    """Take an operator's gateways out of a network set."""
    operator = call.world.operators.get(operator_id)
    if operator is not None:
        for gateway in seeded_collection(call.world, operator, KINDS["LoraGateway"]).values():
            if gateway["networkSetId"] == network_set_id:
                gateway["networkSetId"] = None


@handles("listGatewaysInLoraNetworkSet")
def list_gateways(call: Call) -> Page:
    """Return the operator's own gateways in the network set."""
    network_set_id = _usable(call, identifier_in(call))
    return call.page(collection_of(call, "LoraGateway"), lambda gateway: gateway["networkSetId"] == network_set_id)


@handles("setLoraNetworkSet")
def enter(call: Call) -> Any:
    """Put a gateway into a network set that the operator may use."""
    return changed(call, networkSetId=_usable(call, call.required("networkSetId")))


@handles("unsetLoraNetworkSet")
def leave(call: Call) -> Any:
    """Take a gateway out of its network set."""
    return changed(call, networkSetId=None)


def _usable(call: Call, network_set_id: str) -> str:
    """Return the identifier of a network set that is the operator's own, or that its owner shares."""
    kind = KINDS["LoraNetworkSet"]
    for operator in call.world.operators.values():
        network_set = seeded_collection(call.world, operator, kind).get(network_set_id)
        if network_set and call.operator.id in (operator.id, *network_set["allowedOperators"]):
            return network_set_id
    raise Refusal.not_found(kind.name, network_set_id)
