"""The operations that all kinds of resources except SIMs share: get, list, delete, tags, groups, termination."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import frozen

from ...protocol.errors import Refusal
from ...protocol.texts import Named, Term
from ...service.call import Call
from ...state.collections import visible
from ...times import iso
from .. import handles

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...protocol.messages import Page
    from ...state.accounts import Operator
    from ...state.collections import Collection, Record
    from ...state.world import World

SEEDED = 3
"""How many resources of a kind an operator has at first, if they can be bought, but not made."""


@frozen(slots=True)
class Kind:
    """The kind of resource that the operations of one tag share."""

    name: str
    """The name of its collection."""
    path: tuple[str, ...]
    """The path parameters that identify a resource."""
    iso: bool = True
    """Whether its times are text."""
    seeded: Callable[[Random, str, int], tuple[str, Record]] | None = None
    """Makes a seeded resource, from dice, the operator's id and a number; returns its identifier and record."""
    settle: Callable[[Record, int], None] | None = None
    """Applies the changes to a record that depend on time alone."""


KINDS: dict[str, Kind] = {}
"""The kinds, by tag; each module adds its own."""


def seeded_collection(world: World, operator: Operator, kind: Kind) -> Collection:
    """Return an operator's resources of a kind; the first call adds the seeded ones."""
    collection = operator.collection(kind.name)
    looked_at = operator.records.setdefault("stocked", [])
    if kind.name not in looked_at:
        looked_at.append(kind.name)
        if kind.seeded is not None and operator.fleet.numbers:
            dice = Random(f"{world.seed} {operator.id} {kind.name}")
            collection.update(kind.seeded(dice, operator.id, number) for number in range(SEEDED))
    return collection


def collection_of(call: Call, tag: str | None = None) -> Collection:
    """Return the resources of the operation's tag, or those of another tag."""
    return seeded_collection(call.world, call.operator, KINDS[tag or call.operation.group])


def identifier_in(call: Call) -> str:
    """Return the identifier of the resource that the path names."""
    return "/".join(call.path[name] for name in KINDS[call.operation.group].path)


def find(call: Call) -> Record:
    """Return the resource of the path, in its present state."""
    record, kind = collection_of(call).find(identifier_in(call)), KINDS[call.operation.group]
    if kind.settle is not None:
        kind.settle(record, call.now)
    return record


def touch(call: Call, **fields: Any) -> Record:
    """Change the resource of the path, and return it; refuse to change a terminated one."""
    record, kind = find(call), KINDS[call.operation.group]
    if record.get("status") == "terminated":
        raise Refusal.not_possible("the {0} is terminated", Term(kind.name))
    record |= fields | {"lastModifiedTime": iso(call.now) if kind.iso else call.now}
    return record


def changed(call: Call, **fields: Any) -> Any:
    """Change the resource of the path, and return it if the operation returns anything."""
    record = touch(call, **fields)
    return visible(record) if call.operation.result is not None else None


def take_entry(call: Call, field: str, kind: str, name: str) -> Any:
    """Remove an entry from a mapping of the resource of the path, and return it."""
    entries = dict(find(call)[field])
    if name not in entries:
        raise Refusal.not_found(kind, name)
    entry = entries.pop(name)
    touch(call, **{field: entries})
    return entry


def page(call: Call, wanted: Callable[[Record], bool] | None = None) -> Page:
    """Return a page of the resources that pass the filter by tag, and `wanted`."""
    kind, tags = KINDS[call.operation.group], call.tag_filter()
    if call.query.get("limit") == -1:  # the declared default of some listings
        del call.query["limit"]

    def fits(record: Record) -> bool:
        return (tags is None or tags(record.get("tags", {}))) and (wanted is None or wanted(record))

    def shown(record: Record) -> Record:
        if kind.settle is not None:
            kind.settle(record, call.now)
        return visible(record)

    return call.page(collection_of(call), fits, shown)


def registrable(call: Call) -> str:
    """Return the identifier of the path, if it is free; if another operator has it, the answer does not show that."""
    identifier, kind = identifier_in(call), KINDS[call.operation.group]
    if identifier in collection_of(call):
        raise Refusal.exists(kind.name, identifier)
    if any(identifier in seeded_collection(call.world, operator, kind) for operator in call.world.operators.values()):
        raise Refusal.invalid("the {0} cannot be registered", Named(kind.name, identifier))
    return identifier


@handles(
    "listDevices", "listDeviceObjectModels", "listLoraDevices", "listLoraGateways", "listLoraNetworkSets",
    "listSigfoxDevices", "listVirtualPrivateGateways",
)  # fmt: skip
def list_resources(call: Call) -> Page:
    """Return the resources of a kind."""
    return page(call)


@handles(
    "getLoraDevice", "getLoraGateway", "getLoraNetworkSet", "getSigfoxDevice", "getGadget", "getDeviceObjectModel",
    "getVirtualPrivateGateway",
)  # fmt: skip
def get_resource(call: Call) -> Any:
    """Return a resource."""
    return visible(find(call))


@handles("deleteDevice", "deleteDeviceObjectModel")
def delete_resource(call: Call) -> None:
    """Remove a resource."""
    collection_of(call).take(identifier_in(call))


@handles(
    "putDeviceTags", "putLoraDeviceTags", "putLoraGatewayTags", "putLoraNetworkSetTags", "putSigfoxDeviceTags",
    "putGadgetTags", "updateVirtualPrivateGatewayTags",
)  # fmt: skip
def put_tags(call: Call) -> Any:
    """Set tags."""
    return changed(call, tags=find(call)["tags"] | {tag["tagName"]: tag["tagValue"] for tag in call.body})


@handles(
    "deleteDeviceTag", "deleteLoraDeviceTag", "deleteLoraGatewayTag", "deleteLoraNetworkSetTag",
    "deleteSigfoxDeviceTag", "deleteGadgetTag", "deleteVirtualPrivateGatewayTag",
)  # fmt: skip
def delete_tag(call: Call) -> None:
    """Remove a tag; many clients encode its name twice."""
    name = call.path["tag_name"]
    take_entry(call, "tags", "tag", name if name in find(call)["tags"] else unquote(name))


@handles("setDeviceGroup", "setLoraDeviceGroup", "setSigfoxDeviceGroup")
def set_group(call: Call) -> Any:
    """Put a resource into one of the operator's groups."""
    return changed(call, groupId=call.operator.groups.get(call.required("groupId"))["groupId"])


@handles("unsetDeviceGroup", "unsetLoraDeviceGroup", "unsetSigfoxDeviceGroup")
def unset_group(call: Call) -> Any:
    """Take a resource out of its group."""
    return changed(call, groupId=None)


@handles(
    "enableTerminationOnLoraDevice", "enableTerminationOnLoraGateway", "enableTerminationOnSigfoxDevice",
    "enableTerminationOnGadget", "disableTerminationOnLoraDevice", "disableTerminationOnLoraGateway",
    "disableTerminationOnSigfoxDevice", "disableTerminationOnGadget",
)  # fmt: skip
def protect(call: Call) -> Any:
    """Allow or forbid termination."""
    return changed(call, terminationEnabled=call.operation.path.endswith("/enable_termination"))


@handles("terminateLoraDevice", "terminateLoraGateway", "terminateSigfoxDevice", "terminateGadget")
def terminate(call: Call) -> Any:
    """End the contract; a terminated resource stays listed, unless the request deletes it at once."""
    record, kind = find(call), KINDS[call.operation.group]
    if not record["terminationEnabled"] and record["status"] != "terminated":
        raise Refusal.not_possible("the {0} is protected from termination", Term(kind.name))
    ended = {"terminatedTime": call.now} if "terminatedTime" in record else {}
    answer = changed(call, status="terminated", **ended)
    if call.query.get("delete_immediately"):
        collection_of(call).take(identifier_in(call))
    return answer
