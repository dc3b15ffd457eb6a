"""Devices of Inventory: create, read, write, execute, observe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain import lwm2m
from ...durations import DAY_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.world import EPOCH
from ...times import iso
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    collection_of,
    find,
)

if TYPE_CHECKING:
    from random import Random

    from ...state.collections import Record

_SAID = ("endpoint", "firmwareVersion", "ipAddress", "manufacturer", "modelNumber", "serialNumber")
"""The fields of a device that its creation can set."""


def _device(device_id: str, operator_id: str, at: int, *, online: bool, **fields: Any) -> Record:
    device: Record = {
        "device_id": device_id,
        "operatorId": operator_id,
        "groupId": None,
        "tags": {},
        "online": online,
        "lastModifiedTime": iso(at),
        "registrationId": device_id.removeprefix("d-")[:10] if online else None,
        "registrationLifeTime": 60 if online else None,
        "lastRegistrationUpdate": iso(at) if online else None,
    }
    device |= dict.fromkeys(_SAID) | fields
    return device | {"objects": lwm2m.objects(device, at) if online else {}}


def _seeded(dice: Random, operator_id: str, number: int) -> tuple[str, Record]:
    device_id = f"d-{dice.getrandbits(80):020x}"
    device = _device(
        device_id,
        operator_id,
        EPOCH * 1000 - dice.randrange(DAY_MS),
        online=True,
        endpoint=f"endpoint-{number + 1}",
        manufacturer="Example Devices",
        modelNumber=f"ED-{dice.randrange(100, 1000)}",
        serialNumber=f"{dice.getrandbits(32):08X}",
        firmwareVersion="1.0.0",
        ipAddress=f"10.200.0.{number + 1}",
        tags={"name": f"inventory-{number + 1}"},
    )
    device["online"] = number != 0  # the first one is offline; its last values are still known
    return device_id, device


KINDS["Device"] = Kind("device", ("device_id",), seeded=_seeded)


@handles("createDevice")
def create(call: Call) -> Any:
    """Make a device, online if the body says so; only this answer shows its keys."""
    body = call.body
    group_id = call.group_in_body()
    endpoint, collection = body.get("endpoint"), collection_of(call)
    if endpoint is not None and any(device["endpoint"] == endpoint for device in collection.values()):
        raise Refusal.exists("endpoint", endpoint)
    device_id = f"d-{call.world.uuid().replace('-', '')[:20]}"
    said = {name: body.get(name) for name in _SAID} | {"groupId": group_id, "tags": dict(body.get("tags") or {})}
    device = _device(device_id, call.operator.id, call.now, online=bool(body.get("online")), **said)
    collection.put(device_id, device)
    return device | {"deviceKeyId": call.world.uuid(), "deviceSecret": call.world.secret(32)}


@handles("getDevice")
def get(call: Call) -> Any:
    """Return a device, with the models of its resources if they are asked for."""
    device = find(call)
    if not call.query.get("model"):
        return device
    objects = {
        object_id: {number: lwm2m.described(object_id, instance) for number, instance in instances.items()}
        for object_id, instances in device["objects"].items()
    }
    return device | {"objects": objects}


@handles("readDeviceResources")
def read_instance(call: Call) -> Any:
    """Read an instance of an object."""
    return _described(call, _instance(call, online=True))


@handles("readDeviceResource")
def read_resource(call: Call) -> Any:
    """Read a resource."""
    _resource(call, "R")
    return _described(call, _instance(call))["resources"][call.path["resource"]]


@handles("writeDeviceResource")
def write_resource(call: Call) -> None:
    """Write a resource."""
    resource = _resource(call, "W")
    if call.body.get("value") is None:
        raise Refusal.invalid("{0} is missing", "body.value")
    resource["value"] = call.body["value"]


@handles("executeDeviceResource")
def execute_resource(call: Call) -> None:
    """Execute a resource of a device."""
    _resource(call, "E")


@handles("observeDeviceResource")
def observe_resource(call: Call) -> None:
    """Observe a resource of a device."""
    _resource(call, "R")["observed"] = True


@handles("unobserveDeviceResource")
def unobserve_resource(call: Call) -> None:
    """Stop to observe a resource."""
    _resource(call)["observed"] = False


@handles("observeDeviceResources")
def observe_instance(call: Call) -> None:
    """Observe an instance of an object."""
    _instance(call, online=True)["observed"] = True


@handles("unobserveDeviceResources")
def unobserve_instance(call: Call) -> None:
    """Stop to observe an instance."""
    _instance(call)["observed"] = False


def _described(call: Call, instance: Record) -> Record:
    return lwm2m.described(call.path["object"], instance) if call.query.get("model") else instance


def _instance(call: Call, *, online: bool = False) -> Record:
    """Return the instance that the path names; `online` requires that the device is online."""
    device, path = find(call), call.path
    try:
        instance: Record = device["objects"][path["object"]][path["instance"]]
    except KeyError:
        raise Refusal.not_found("object instance", f"/{path['object']}/{path['instance']}") from None
    if online and not device["online"]:
        raise Refusal.not_possible("the device is offline")
    return instance


def _resource(call: Call, operation: str = "") -> Record:
    """Return the resource that the path names; raises Refusal if it does not allow `operation`."""
    object_id, name = call.path["object"], call.path["resource"]
    resource: Record | None = _instance(call, online=bool(operation))["resources"].get(name)
    if resource is None:
        raise Refusal.not_found("resource", f"/{object_id}/{call.path['instance']}/{name}")
    if operation not in lwm2m.MODEL[object_id][1][name].operations:
        raise Refusal.not_possible(
            "the resource allows only the operations {0}", lwm2m.MODEL[object_id][1][name].operations
        )
    return resource
