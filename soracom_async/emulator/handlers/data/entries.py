"""Harvest Data: what devices sent, listed by resource and by time."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ...domain.harvest import (
    KIND,
    entries,
    known,
    name_of,
    remove,
    resources,
)
from ...protocol.errors import Refusal
from ...protocol.messages import Page, decode
from ...service.call import Call
from ...service.validation import check_path
from ...state.paging import first_page, no_such_key
from ...state.sims import imsi, number_of, sim_id
from .. import handles
from ..common.crud import find, identifier_in
from ..common.timelines import timeline

if TYPE_CHECKING:
    from ...state.collections import Record

TYPES = ("Device", "LoraDevice", "SigfoxDevice", "Sim", "SoraCam", "Subscriber")


def _shown(entry: Record, resource_type: str, resource_id: str) -> Record:
    return {"resourceType": resource_type, "resourceId": resource_id} | entry


def _listed(call: Call, resource_type: str, resource_id: str) -> Page:
    found = entries(call.operator, name_of(resource_type, resource_id))
    # For a subscriber, the key also has the IMSI.
    tie = "resourceId" if resource_type == "Subscriber" else None
    return timeline(call, [_shown(entry, resource_type, resource_id) for entry in found], "time", tie=tie)


def _type(name: str) -> str:
    if name not in TYPES:
        raise Refusal.invalid("{0} is not one of {1}", "resource_type", TYPES)
    return name


def _asked(call: Call) -> tuple[str, str]:
    """Return type and identifier of the resource that the path names."""
    return _type(call.path["resource_type"]), call.path["resource_id"]


def time_in(call: Call) -> int:
    """Return the time that the path names."""
    check_path(call.operation, call.path)
    return int(call.path["time"])


@handles("getDataEntries")
def list_entries(call: Call) -> Page:
    """Return what a resource sent. An unknown resource is no error: data can outlive their resource."""
    return _listed(call, *_asked(call))


@handles("getDataEntry")
def get_entry(call: Call) -> Any:
    """Return what a resource sent at a time."""
    resource, time = _asked(call), time_in(call)
    for entry in entries(call.operator, name_of(*resource)):
        if entry["time"] == time:
            return _shown(entry, *resource)
    raise Refusal.not_found("data entry", time)


@handles("deleteDataEntry")
def delete_entry(call: Call) -> None:
    """Remove what a resource sent at a time, if there is anything."""
    remove(call.operator, name_of(*_asked(call)), time_in(call))


@handles("getDataEntriesByCategory")
def list_category(call: Call) -> Page:
    """Return what all resources sent in a category."""
    found = [
        _shown(entry, *name.split("/", 1))
        for name, kept in call.collection(KIND).items()
        for entry in kept["entries"]
        if entry.get("category") == call.path["category"]
    ]
    return timeline(call, found, "time", tie="resourceId")


@handles("listDataResourceMetadata", "listDataSourceResources")
def list_resources(call: Call) -> Page:
    """Return the resources that sent data, of one type or of all; a SIM is a `Sim` unless subscribers are requested."""
    wanted, key = call.query.get("resource_type"), call.query.get("last_evaluated_key") or ""
    prefix = f"{_type('Sim' if wanted == 'Subscriber' else wanted)}/" if wanted else ""
    after = name_of(*key.partition("/")[::2]) if key else ""
    if key and not (after.startswith(prefix) and known(call.operator, after)):
        raise no_such_key()
    rest = resources(call.operator, max(prefix, after))
    found, next_key = first_page(
        (
            _metadata(name, sent, as_subscriber=wanted == "Subscriber")
            for name, sent in takewhile(lambda resource: resource[0].startswith(prefix), rest)
        ),
        call.limit(),
        key=lambda metadata: f"{metadata['resourceType']}/{metadata['resourceId']}",
    )
    return Page.of(found, next_key)


def _metadata(name: str, sent: list[Record], *, as_subscriber: bool) -> Record:
    resource_type, resource_id = name.split("/", 1)
    number = number_of(resource_id)
    if as_subscriber and number is not None:
        resource_type, resource_id = "Subscriber", imsi(number)
    return {
        "resourceType": resource_type,
        "resourceId": resource_id,
        "lastModifiedTime": sent[-1]["time"],
        "attributeNames": sorted(set().union(*map(_attributes, sent))),
    }


def _attributes(entry: Record) -> set[str]:
    """Return the names of the fields that were sent, if that was a JSON object."""
    try:
        content = decode(entry["content"])
    except ValueError:
        return set()
    return set(content) if isinstance(content, dict) else set()


@handles("getDataFromSim", "getDataFromSubscriber")
def list_entries_of_sim(call: Call) -> Page:
    """Return what a SIM sent."""
    number = call.sim_number()
    return _listed(call, "Subscriber", imsi(number)) if "imsi" in call.path else _listed(call, "Sim", sim_id(number))


@handles("getDataFromDevice", "getDataFromLoraDevice", "getDataFromSigfoxDevice")
def list_entries_of_device(call: Call) -> Page:
    """Return what a device sent."""
    find(call)
    return _listed(call, call.operation.group, identifier_in(call))
