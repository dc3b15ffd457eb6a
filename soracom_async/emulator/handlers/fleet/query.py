"""Searches: SIMs and devices by parts of their names and identifiers, and the SIMs with the most traffic."""

from __future__ import annotations

from collections import defaultdict
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, TypeVar

from ...domain.ledger import ledger_of
from ...domain.usage import inserted, uses_inserted
from ...durations import SECOND_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.activity import SLOT_MS
from ...state.collections import visible
from ...state.sims import (
    Sim,
    imsi,
    msisdn,
    number_of,
    sim_id,
)
from .. import handles
from ..common.crud import collection_of
from .sims import after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ...protocol.messages import Page
    from ...state.collections import Record
    from ...state.listing import SimList

T = TypeVar("T")

SIM_FIELDS: dict[str, Callable[[Sim], str | None]] = {
    "name": lambda sim: sim.tags.get("name"),
    "group_id": lambda sim: sim.group_id,
    "sim_id": lambda sim: sim.sim_id,
    "iccid": lambda sim: sim.sim_id,
    "imsi": lambda sim: sim.imsi,
    "msisdn": lambda sim: sim.msisdn,
    "serial_number": lambda sim: sim.serial_number,
    "tag": lambda sim: "\n".join(sim.tags.values()),
    "bundles": lambda sim: "\n".join(sim.bundles or ()),
    "status": lambda sim: sim.status,
    "subscription": lambda sim: sim.subscription,
    "module_type": lambda sim: sim.module_type,
    "session_status": lambda sim: "ONLINE" if sim.online else "OFFLINE",
}
DEVICE_FIELDS: dict[str, Callable[[Record], str | None]] = {
    "name": lambda device: device["tags"].get("name"),
    "group_id": lambda device: device.get("groupId"),
    "deviceId": lambda device: device["device_id"],
    "tag": lambda device: "\n".join(device["tags"].values()),
    "imsi": lambda device: device.get("endpoint"),  # the endpoint of a device that uses a SIM
    "imei": lambda device: device.get("endpoint"),
    "status": lambda device: device.get("status"),
    "registration": lambda device: "success",  # a device that is not registered is not the operator's
}
NUMBERED: dict[str, Callable[[int], str]] = {"imsi": imsi, "msisdn": msisdn, "sim_id": sim_id, "iccid": sim_id}
"""Fields of a SIM that follow from its number alone. So a search in a million SIMs need not make them."""
WHOLE = {"status", "subscription", "module_type", "session_status", "registration"}
"""Fields that are compared as a whole; the others match if they contain the text."""


def asked(call: Call) -> list[tuple[str, str]]:
    """Return the search terms: names of parameters, each with a value. The session status NA is no search term."""
    found: list[tuple[str, str]] = []
    for name in (parameter.wire for parameter in call.operation.query):
        if name in SIM_FIELDS or name in DEVICE_FIELDS or name == "group":
            given = call.query.get(name, [])
            found += [(name, value.lower()) for value in ([given] if isinstance(given, str) else given)]
    return [each for each in found if each != ("session_status", "na")]


def either(call: Call) -> bool:
    """Tell whether one matching term is enough."""
    kind = call.query.get("search_type", "and").lower()
    if kind not in ("and", "or"):
        raise Refusal.invalid("{0} is not one of {1}", "search_type", ("and", "or"))
    return bool(kind == "or")


def matcher(
    call: Call, fields: Mapping[str, Callable[[T], str | None]], group: Callable[[T], str | None]
) -> Callable[[T], bool] | None:
    """Return a function that tells whether an item matches the search; None if the search has no terms."""
    names = {group_id: call.operator.groups.get(group_id)["tags"].get("name") for group_id in call.operator.groups}

    def group_name(item: T) -> str | None:
        return names.get(group(item) or "")

    texts = {**fields, "group": group_name}
    tests = [(texts[name], value, name in WHOLE) for name, value in asked(call)]
    combined = any if either(call) else all

    def wanted(item: T) -> bool:
        return combined(
            value == text if whole else value in text
            for text, value, whole in (((of(item) or "").lower(), value, whole) for of, value, whole in tests)
        )

    return wanted if tests else None


def numbers_among(call: Call, sims: SimList, after: int) -> Iterable[int] | None:
    """Return the numbers that match the identifiers in the search; None if these exclude nothing."""
    parts = [(NUMBERED[name], value) for name, value in asked(call) if name in NUMBERED]
    if either(call) or not parts:
        return None
    named = next((number for number in (number_of(value) for _, value in parts) if number is not None), None)
    numbers: Iterator[int] = sims.after(after)
    if named is not None:
        numbers = iter([named] if named > after and named in sims else [])
    return (number for number in numbers if all(value in text(number) for text, value in parts))


@handles("searchSims", "searchSubscribers")
def search_sims(call: Call) -> Page:
    """Return the SIMs that match the search, as the index has them: their changes come a little later."""
    for name, value in asked(call):
        if len(value) < 2:
            raise Refusal.invalid("a value of {0} has less than 2 characters", name)
        if name == "session_status" and value not in ("online", "offline"):
            raise Refusal.invalid("{0} is not one of {1}", "session_status", ("NA", "ONLINE", "OFFLINE"))
    key = after(call)
    sims = call.operator.fleet.indexed(call.now - round(call.search_delay * SECOND_MS))
    return sims.page(
        "sim" if call.operation.id == "searchSims" else "subscriber",
        key,
        call.limit(10, 100),
        matcher(call, SIM_FIELDS, lambda sim: sim.group_id),
        numbers_among(call, sims, key),
    )


@handles("searchDevices", "searchSigfoxDevices")
def search_devices(call: Call) -> Page:
    """Return the devices that match the search."""
    call.query.setdefault("limit", 10)
    devices = collection_of(call, "Device" if call.operation.id == "searchDevices" else "SigfoxDevice")
    return call.page(devices, matcher(call, DEVICE_FIELDS, lambda device: device.get("groupId")), visible)


@handles("searchSubscriberTrafficVolumeRanking")
def rank(call: Call) -> Any:
    """Return the SIMs with the most traffic, or with the least; SIMs without traffic are left out."""
    order = call.query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise Refusal.invalid("{0} is not one of {1}", "order", ("asc", "desc"))
    first, last = call.query["from"], call.query["to"]
    # Whole slots, which begin within the period.
    start, stop = -(-first // SLOT_MS), min(last // SLOT_MS + 1, call.now // SLOT_MS)
    volumes: defaultdict[int, int] = defaultdict(int)
    for use in ledger_of(call.operator).uses():
        volumes[use.number] += use.size(start, stop)
    for number in map(int, inserted(call.operator, "air")):
        for at, amounts in uses_inserted(call.operator, "air", number):
            if first <= at * 1000 <= last:
                volumes[number] += sum(counts[name] for counts in amounts.values() for name in counts if "Byte" in name)
    sign = -1 if order == "desc" else 1
    found = ((sign * volume, number) for number, volume in volumes.items() if volume and number in call.operator.fleet)
    return [
        {"imsi": imsi(number), "trafficVolume": sign * volume}
        for volume, number in nsmallest(call.limit(10, 500), found)
    ]
