"""Object models of Inventory: definitions of objects that an operator adds to the standard ones."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from ...protocol.errors import Refusal
from ...service.call import Call
from ...times import iso
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    changed,
    collection_of,
    find,
)

KINDS["DeviceObjectModel"] = Kind("device object model", ("model_id",))
MOST = 16
"""The most models of an operator."""
_OWN = ("operatorId", "createdTime", "lastModifiedTime")
"""The fields of a model that the service sets, whatever the body has."""


@handles("createDeviceObjectModel")
def create(call: Call) -> Any:
    """Add a model; the number of its object identifies it."""
    model, collection = _defined(call), collection_of(call)
    if len(collection) >= MOST:
        raise Refusal.not_possible("there are {0} device object models already", MOST)
    model |= {"operatorId": call.operator.id, "createdTime": iso(call.now), "lastModifiedTime": iso(call.now)}
    return collection.put(model["objectId"], {"scope": "private"} | model)


@handles("updateDeviceObjectModel")
def update(call: Call) -> Any:
    """Replace a model; its number stays."""
    find(call)
    model = _defined(call)
    if model["objectId"] != call.path["model_id"]:
        raise Refusal.invalid("the body defines another object, {0}", model["objectId"])
    return changed(call, **model)


@handles("setDeviceObjectModelScope")
def set_scope(call: Call) -> Any:
    """Set the scope of a model."""
    return changed(call, scope=call.required("scope"))


def _defined(call: Call) -> dict[str, Any]:
    """Return what the body, JSON or XML, defines."""
    said = _from_xml(call.body) if isinstance(call.body, bytes) else {"format": "json"} | call.body
    model = {name: value for name, value in said.items() if name not in _OWN}
    if not str(model.get("objectId") or "").isdecimal():
        raise Refusal.invalid("the body has no number of an object")
    return model


def _from_xml(text: bytes) -> dict[str, Any]:
    try:
        definition = ElementTree.fromstring(text)  # noqa: S314  (who would be attacked is who runs the emulator)
    except ElementTree.ParseError:
        raise Refusal.invalid("the body is not XML") from None
    return {
        "format": "xml",
        "objectId": (definition.findtext(".//ObjectID") or "").strip(),
        "objectName": (definition.findtext(".//Object/Name") or "").strip(),
    }
