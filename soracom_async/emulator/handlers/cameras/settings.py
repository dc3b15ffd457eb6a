"""SORA Cam devices: their settings, real-time access, and their licenses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...domain.cameras import DAYS, SETTINGS, collection, license_name, packs, watch
from ...protocol.errors import Refusal
from ...protocol.messages import Response
from ...service.call import Call
from .. import handles
from ..common.cameras import camera_in

if TYPE_CHECKING:
    from ...state.collections import Record

_GET, _SET = "getSoraCamDeviceAtomCamSettings", "setSoraCamDeviceAtomCamSettings"
_NAMES = {name[0].upper() + name[1:]: name for name in SETTINGS}
"""The settings, by the ends of their operationIds."""


def _reachable(call: Call) -> Record:
    """Return the camera of the path; settings need a license or real-time access."""
    camera = camera_in(call)
    if not camera["license"] and not camera["realTimeAccess"]:
        raise Refusal.not_possible("the camera has neither a license nor real-time access")
    return camera


@handles(_GET)
def get_settings(call: Call) -> Any:
    """Return all settings except that of regular reboots."""
    return _reachable(call)["settings"]


@handles(*(_GET + name for name in _NAMES))
def get_setting(call: Call) -> Any:
    """Return one setting."""
    return {"state": _reachable(call)["settings"][_NAMES[call.operation.id.removeprefix(_GET)]]}


@handles(*(_SET + name for name in _NAMES))
def set_setting(call: Call) -> None:
    """Change one setting."""
    name = _NAMES[call.operation.id.removeprefix(_SET)]
    camera = _reachable(call)
    if call.body["state"] not in SETTINGS[name]:
        raise Refusal.invalid("{0} is not one of {1}", "body.state", SETTINGS[name])
    camera["settings"][name] = call.body["state"]


@handles("getSoraCamDeviceAtomCamSettingsSelfReboot")
def get_self_reboot(call: Call) -> Any:
    """Return the times of a camera's regular reboots."""
    return _reachable(call)["selfReboot"]


@handles("setSoraCamDeviceAtomCamSettingsSelfReboot")
def set_self_reboot(call: Call) -> None:
    """Set the times of a camera's regular reboots."""
    camera = _reachable(call)
    days, time = call.body.get("daysOfWeek"), call.body.get("time") or "00:00"
    days = list(range(7)) if days is None else days
    if not set(days) <= set(range(7)):
        raise Refusal.invalid("{0} has a value that is not within {1} and {2}", "body.daysOfWeek", 0, 6)
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", time):
        raise Refusal.invalid("{0} is not written {1}", "body.time", "HH:mm")
    camera["selfReboot"] = {"enabled": call.body["enabled"], "daysOfWeek": days, "time": time}


@handles("getSoraCamDeviceAtomCamOptions")
def get_options(call: Call) -> Any:
    """Return the options that are paid in addition to the license."""
    return {"realTimeAccess": {"enabled": camera_in(call)["realTimeAccess"]}}


@handles("updateSoraCamDeviceAtomCamOptionsRealTimeAccess")
def set_real_time_access(call: Call) -> Any:
    """Enable or disable real-time access."""
    camera_in(call)["realTimeAccess"] = call.body["enabled"]
    return {"enabled": call.body["enabled"]}


def _in_use(call: Call, license_id: str) -> int:
    return sum(camera["license"] == license_id for camera in collection(call.operator, call.now).values())


@handles("assignSoraCamDeviceAtomCamLicense")
def assign_license(call: Call) -> Any:
    """Assign one of the operator's free licenses to a camera; it replaces the present one."""
    camera, license_id = camera_in(call), call.body.get("type")
    if license_id not in DAYS:
        raise Refusal.invalid("{0} is not one of {1}", "body.type", DAYS)
    if license_id == camera["license"]:
        return Response(304)
    if _in_use(call, license_id) >= packs(call.operator).find(license_id)["quantity"]:
        raise Refusal("SCA9001", license_id)
    camera["license"] = license_id
    watch(camera, call.now)
    return {"type": license_id}


@handles("unassignSoraCamDeviceAtomCamLicense")
def unassign_license(call: Call) -> None:
    """Remove a camera's license; without a license it records nothing."""
    camera = camera_in(call)
    if not camera["license"]:
        raise Refusal.absent("The camera {0} has no license.", camera["deviceId"])
    camera["license"] = None
    watch(camera, call.now)


@handles("listSoraCamLicensePacks")
def list_packs(call: Call) -> Any:
    """Return how many licenses of each kind there are."""
    return [
        {
            "id": license_id,
            "name": license_name(license_id),
            "quantity": pack["quantity"],
            "quantityInUse": _in_use(call, license_id),
            "salesChannel": "soracom",
        }
        for license_id, pack in packs(call.operator).items()
    ]


@handles("updateSoraCamLicensePackQuantity")
def update_pack(call: Call) -> None:
    """Buy licenses, or cancel free ones."""
    license_id = call.path["license_pack_id"]
    if license_id not in DAYS:
        raise Refusal.invalid("{0} is not one of {1}", "license_pack_id", DAYS)
    pack, wanted = packs(call.operator).find(license_id), call.body.get("desiredQuantity")
    if call.body.get("currentQuantity") != pack["quantity"]:
        raise Refusal.invalid("{0} is not the present quantity, {1}", "body.currentQuantity", pack["quantity"])
    if wanted is None or wanted < _in_use(call, license_id):
        raise Refusal.invalid(
            "{0} is less than the {1} licenses in use", "body.desiredQuantity", _in_use(call, license_id)
        )
    pack["quantity"] = wanted
