"""LoRaWAN and Sigfox devices: their registration, and downlinks to them."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ...durations import DAY_MS
from ...protocol.errors import Refusal
from ...protocol.texts import Named, Text
from ...service.call import Call
from ...state.world import EPOCH
from ...times import iso
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    collection_of,
    find,
    registrable,
)

if TYPE_CHECKING:
    from random import Random

    from ...state.collections import Record

_IDS = {"LoraDevice": re.compile(r"[0-9A-Fa-f]{16}"), "SigfoxDevice": re.compile(r"[0-9A-Fa-f]{1,8}")}


def _device(device_id: str, operator_id: str, at: int, **fields: Any) -> Record:
    return {
        "device_id": device_id,
        "operatorId": operator_id,
        "groupId": None,
        "status": "active",
        "tags": {},
        "terminationEnabled": False,
        "lastModifiedTime": iso(at),
        "lastSeen": None,
    } | fields


def _seeded(dice: Random, operator_id: str, number: int, *, name: str, digits: int) -> tuple[str, Record]:
    device_id = f"{dice.randrange(16**digits):0{digits}X}"
    seen = EPOCH * 1000 - dice.randrange(DAY_MS)
    return device_id, _device(
        device_id,
        operator_id,
        seen - dice.randrange(100 * DAY_MS),
        tags={"name": f"{name}-{number + 1}"},
        lastSeen={"rssi": -dice.randrange(60, 120), "snr": dice.randrange(-10, 10), "time": iso(seen)},
    )


KINDS["LoraDevice"] = Kind("LoRa device", ("device_id",), seeded=partial(_seeded, name="lora", digits=16))
KINDS["SigfoxDevice"] = Kind("Sigfox device", ("device_id",), seeded=partial(_seeded, name="sigfox", digits=6))


@handles("registerLoraDevice", "registerSigfoxDevice")
def register(call: Call) -> Any:
    """Register a device that no operator has."""
    device_id = registrable(call)
    if not _IDS[call.operation.group].fullmatch(device_id) or not call.body.get("registrationSecret"):
        raise Refusal.invalid("the {0} cannot be registered", Named(KINDS[call.operation.group].name, device_id))
    group_id = call.group_in_body()
    tags = dict(call.body.get("tags") or {})
    device = _device(device_id, call.operator.id, call.now, groupId=group_id, tags=tags)
    return collection_of(call).put(device_id, device)


@handles("sendDataToLoraDevice")
def send_lora(call: Call) -> None:
    """Accept up to 11 bytes for the device's next slot."""
    _send(call, r"([0-9A-Fa-f]{2}){1,11}", Text("1 to 11 bytes in hexadecimal"))


@handles("sendDataToSigfoxDevice")
def send_sigfox(call: Call) -> None:
    """Accept 8 bytes, sent after the device's next uplink."""
    _send(call, r"[0-9A-Fa-f]{16}", Text("8 bytes in hexadecimal"))


def _send(call: Call, pattern: str, meaning: Text) -> None:
    if find(call)["status"] == "terminated":
        raise Refusal.not_possible("the device is terminated")
    if not re.fullmatch(pattern, call.body.get("data") or ""):
        raise Refusal.invalid("{0} is not {1}", "body.data", meaning)
