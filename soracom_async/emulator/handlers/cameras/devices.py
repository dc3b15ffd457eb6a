"""SORA Cam devices: their names, power and firmware, and the data that is stored for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.cameras import FIRMWARE, collection, connected, license_name, watch
from ...domain.harvest import add_entry
from ...durations import MINUTE_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Response, decode
from ...service.call import Call
from .. import handles
from ..common.cameras import camera_in
from ..data.entries import time_in

if TYPE_CHECKING:
    from ...state.collections import Record

REBOOT_MS, UPDATE_MS = MINUTE_MS, 3 * MINUTE_MS
"""How long a camera is offline."""


def _shown(camera: Record, now: int) -> Record:
    online = connected(camera, now)
    settings = camera["settings"]
    return {
        "deviceId": camera["deviceId"],
        "name": camera["name"],
        "deviceCategory": "Camera",
        "productDisplayName": camera["productDisplayName"],
        "firmwareVersion": camera["firmwareVersion"],
        "connected": online,
        "lastConnectedTime": now if online else camera["lastConnectedTime"],
        "powerState": camera["powerState"],
        "isShared": False,
        "configuration": {
            "motionDetectionEnabled": settings["motion"] == "on",
            "audioAlarmEnabled": settings["sound"] == "on",
            "smokeAlarmEnabled": False,
        },
    }


@handles("listSoraCamDevices")
def list_cameras(call: Call) -> Any:
    """Return all cameras, without their licenses."""
    return [_shown(camera, call.now) for camera in collection(call.operator, call.now).values()]


@handles("getSoraCamDevice")
def get(call: Call) -> Any:
    """Return a camera with its license."""
    camera = camera_in(call)
    applied = [{"name": license_name(camera["license"]), "value": "storage_life"}] if camera["license"] else []
    return _shown(camera, call.now) | {"appliedLicenses": applied}


@handles("handleDeleteSoraCamDevice")
def delete(call: Call) -> None:
    """Remove a camera; its license becomes free."""
    collection(call.operator, call.now).take(call.path["device_id"])


@handles("getSoraCamDeviceName")
def get_name(call: Call) -> Any:
    """Return the name of a camera."""
    return {"name": camera_in(call)["name"]}


@handles("setSoraCamDeviceName")
def set_name(call: Call) -> None:
    """Change the name of a camera."""
    if not call.body["name"].strip():
        raise Refusal.invalid("{0} is empty", "body.name")
    camera_in(call)["name"] = call.body["name"]


@handles("getSoraCamDevicePowerState")
def get_power(call: Call) -> Any:
    """Return whether a camera is on."""
    return {"powerState": camera_in(call)["powerState"]}


@handles("setSoraCamDevicePowerState")
def set_power(call: Call) -> None:
    """Wake a camera, or let it sleep; a sleeping camera records nothing."""
    camera = camera_in(call)
    if call.body["powerState"] not in ("on", "sleep"):
        raise Refusal.invalid("{0} is not one of {1}", "body.powerState", ("on", "sleep"))
    if call.body["powerState"] != camera["powerState"]:
        if connected(camera, call.now):
            camera["lastConnectedTime"] = call.now
        camera["powerState"] = call.body["powerState"]
        watch(camera, call.now)


@handles("rebootSoraCamDevice")
def reboot(call: Call) -> None:
    """Restart a camera; this takes a minute."""
    watch(camera_in(call), call.now, REBOOT_MS)


def _update_of(camera: Record) -> list[Record]:
    """Return the newer firmware for a camera; none while it is being updated."""
    latest = FIRMWARE[camera["productDisplayName"]]
    if camera["firmwareVersion"] == latest or camera["newFirmware"] is not None:
        return []
    return [{"deviceId": camera["deviceId"], "firmwareVersion": latest, "timeout": 600}]


@handles("getSoraCamDeviceAtomCamFirmwareUpdate")
def get_update(call: Call) -> Any:
    """Return the newer firmware of a camera; no content (204) if there is none."""
    return _update_of(camera_in(call)) or Response(204)


@handles("listSoraCamDeviceAtomCamFirmwareUpdates")
def list_updates(call: Call) -> Any:
    """Return the newer firmware of all cameras."""
    return [update for camera in collection(call.operator, call.now).values() for update in _update_of(camera)]


@handles("updateSoraCamDeviceAtomCamFirmware")
def update(call: Call) -> None:
    """Install the newer firmware on a camera; this takes three minutes."""
    camera = camera_in(call)
    if not _update_of(camera):
        raise Refusal.not_possible("there is no newer firmware")
    camera["newFirmware"] = FIRMWARE[camera["productDisplayName"]]
    watch(camera, call.now, UPDATE_MS)


@handles("createSoraCamDeviceDataEntry", "updateSoraCamDeviceDataEntry")
def leave_data(call: Call) -> None:
    """Store data of a camera in Harvest Data, at the time of the path or else now."""
    device_id = camera_in(call)["deviceId"]
    at = time_in(call) if "time" in call.path else call.now
    kind = call.request.headers.get("content-type", "")
    content: Any = call.body
    if kind.startswith("application/json"):
        content = _json(call.body)
    elif kind.startswith("text/"):
        content = call.body.decode(errors="replace")
    add_entry(call.operator, "SoraCam", device_id, content, at, content_type=kind or None)


def _json(body: bytes) -> str:
    try:
        decode(body)
        return body.decode()
    except ValueError:
        raise Refusal.invalid("the body is not JSON") from None
