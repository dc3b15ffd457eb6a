"""What is alike for all kinds of things beside SIMs: finding, listing, tags, groups, termination."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import frozen

from ...domain.wire import iso, visible
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...protocol.messages import Page
    from ...state.collections import Collection, Record
    from ...state.world import Operator, World

SEEDED = 3
"""How many things of a kind an operator begins with that can be bought, but not made."""


@frozen(slots=True)
class Kind:
    """What the operations of one tag are about."""

    name: str
    """The name of its collection."""
    path: tuple[str, ...]
    """The path parameters that identify one."""
    iso: bool = True
    """Whether its times are text."""
    seeded: Callable[[Random, str, int], tuple[str, Record]] | None = None
    """From dice, the operator's id and a number to one that the operator begins with, and its identifier."""
    settle: Callable[[Record, int], None] | None = None
    """Does to one what time does by itself."""


KINDS: dict[str, Kind] = {}
"""By tag; each topic adds its own."""


def seeded_collection(world: World, operator: Operator, kind: Kind) -> Collection:
    """Return an operator's things of a kind; at the first look those come that were there from the beginning."""
    collection = operator.collection(kind.name)
    looked_at = operator.records.setdefault("stocked", [])
    if kind.name not in looked_at:
        looked_at.append(kind.name)
        if kind.seeded is not None and operator.fleet.numbers:
            dice = Random(f"{world.seed} {operator.id} {kind.name}")
            collection.update(kind.seeded(dice, operator.id, number) for number in range(SEEDED))
    return collection


def collection_of(call: Call, tag: str | None = None) -> Collection:
    """Return the things that the operation is about, or those of another tag."""
    return seeded_collection(call.world, call.operator, KINDS[tag or call.operation.group])


def identifier_in(call: Call) -> str:
    """Return the identifier of the thing that the path names."""
    return "/".join(call.path[name] for name in KINDS[call.operation.group].path)


def find(call: Call) -> Record:
    """Return the thing of the path, as it is by now."""
    record, kind = collection_of(call).find(identifier_in(call)), KINDS[call.operation.group]
    if kind.settle is not None:
        kind.settle(record, call.now)
    return record


def touch(call: Call, **fields: Any) -> Record:
    """Change the thing of the path, and return it; one that is terminated stays as it is."""
    record, kind = find(call), KINDS[call.operation.group]
    if record.get("status") == "terminated":
        raise Refusal.not_possible(f"the {kind.name} is terminated")
    record |= fields | {"lastModifiedTime": iso(call.now) if kind.iso else call.now}
    return record


def changed(call: Call, **fields: Any) -> Any:
    """Change the thing of the path, and return it where the operation returns anything."""
    record = touch(call, **fields)
    return visible(record) if call.operation.result is not None else None


def take_entry(call: Call, field: str, kind: str, name: str) -> Any:
    """Take an entry out of a mapping that the thing of the path has, and return it."""
    entries = dict(find(call)[field])
    if name not in entries:
        raise Refusal.not_found(kind, name)
    entry = entries.pop(name)
    touch(call, **{field: entries})
    return entry


def page(call: Call, wanted: Callable[[Record], bool] | None = None) -> Page:
    """Return a page of those things that pass the filter by tag, and `wanted`."""
    kind, tags = KINDS[call.operation.group], call.tag_filter()
    if call.query.get("limit") == -1:  # what some listings declare as their default
        del call.query["limit"]

    def fits(record: Record) -> bool:
        return (tags is None or tags(record.get("tags", {}))) and (wanted is None or wanted(record))

    def shown(record: Record) -> Record:
        if kind.settle is not None:
            kind.settle(record, call.now)
        return visible(record)

    return call.page(collection_of(call), fits, shown)


def registrable(call: Call) -> str:
    """Return the identifier of the path, if nobody has such a thing; who else has it stays unsaid."""
    identifier, kind = identifier_in(call), KINDS[call.operation.group]
    if identifier in collection_of(call):
        raise Refusal.exists(kind.name, identifier)
    if any(identifier in seeded_collection(call.world, operator, kind) for operator in call.world.operators.values()):
        raise Refusal.invalid(f"the {kind.name} {identifier} cannot be registered")
    return identifier


@handles(
    "listDevices", "listDeviceObjectModels", "listLoraDevices", "listLoraGateways", "listLoraNetworkSets",
    "listSigfoxDevices", "listVirtualPrivateGateways",
)  # fmt: skip
def list_things(call: Call) -> Page:
    """Return the things of a kind."""
    return page(call)


@handles(
    "getLoraDevice", "getLoraGateway", "getLoraNetworkSet", "getSigfoxDevice", "getGadget", "getDeviceObjectModel",
    "getVirtualPrivateGateway",
)  # fmt: skip
def get_thing(call: Call) -> Any:
    """Return one."""
    return visible(find(call))


@handles("deleteDevice", "deleteDeviceObjectModel")
def delete_thing(call: Call) -> None:
    """Remove one."""
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
    """Remove a tag; its name is commonly encoded twice."""
    name = call.path["tag_name"]
    take_entry(call, "tags", "tag", name if name in find(call)["tags"] else unquote(name))


@handles("setDeviceGroup", "setLoraDeviceGroup", "setSigfoxDeviceGroup")
def set_group(call: Call) -> Any:
    """Put it into one of the operator's groups."""
    return changed(call, groupId=call.operator.groups.get(call.body.get("groupId") or "")["groupId"])


@handles("unsetDeviceGroup", "unsetLoraDeviceGroup", "unsetSigfoxDeviceGroup")
def unset_group(call: Call) -> Any:
    """Take it out of its group."""
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
    """End the contract; what is terminated stays listed, unless it is to be deleted at once."""
    record, kind = find(call), KINDS[call.operation.group]
    if not record["terminationEnabled"] and record["status"] != "terminated":
        raise Refusal.not_possible(f"the {kind.name} is protected from termination")
    ended = {"terminatedTime": call.now} if "terminatedTime" in record else {}
    answer = changed(call, status="terminated", **ended)
    if call.query.get("delete_immediately"):
        collection_of(call).take(identifier_in(call))
    return answer
