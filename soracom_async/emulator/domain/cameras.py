"""SORA Cam: an operator's cameras, their recordings, and their events."""

from __future__ import annotations

import uuid
from random import Random
from typing import TYPE_CHECKING, Any

from ..durations import DAY_MS, HOUR_MS, HOUR_S, SECOND_MS

if TYPE_CHECKING:
    from ..state.accounts import Operator
    from ..state.collections import Collection, Record

KIND, PACK = "camera", "license pack"

_LICENSES = {"CR": "Cloud Continuous Recording License", "MR": 'Cloud Motion Detection "Unlimited" Recording License'}
DAYS = {f"{kind}{days}-SC": days for kind in _LICENSES for days in (7, 14, 30, 60, 90)}
"""For how many days each license keeps recordings."""
FIRMWARE = {"ATOM Cam 2": "4.58.0.160", "ATOM Cam Swing": "4.37.1.160"}
"""The latest firmware, by product."""
SWITCH, LEVEL = ("on", "off"), ("medium", "high", "low")
SETTINGS: dict[str, tuple[Any, ...]] = {
    "logo": SWITCH,
    "motion": SWITCH,
    "motionSensitivity": LEVEL,
    "motionTagging": SWITCH,
    "nightVision": ("auto", "on", "off"),
    "quality": LEVEL,
    "rotation": (0, 180),
    "sound": SWITCH,
    "soundSensitivity": LEVEL,
    "statusLight": SWITCH,
    "timestamp": SWITCH,
}
"""The values of each setting; a camera begins with the first one."""
_SEEDED = (
    ("ATOM Cam 2", "4.58.0.101", "CR7-SC"),
    ("ATOM Cam Swing", "4.37.1.160", "MR30-SC"),
    ("ATOM Cam 2", "4.58.0.160", None),
)


def license_name(license_id: str) -> str:
    """Return the name of a license."""
    return f"{_LICENSES[license_id[:2]]} ({DAYS[license_id]} Days)"


def collection(operator: Operator, now: int) -> Collection:
    """Return the operator's cameras. The API cannot create cameras, so an operator with a fleet has some."""
    if KIND not in operator.collections:
        made = operator.collection(KIND)
        if operator.fleet.numbers:
            for number, (product, firmware, license_id) in enumerate(_SEEDED, 1):
                camera = _seeded(operator, number, product, firmware, license_id)
                made.put(camera["deviceId"], camera)
    found = operator.collection(KIND)
    for camera in found.values():
        _settle(camera, now)
    return found


def packs(operator: Operator) -> Collection:
    """Return the operator's licenses, by their kind."""
    if PACK not in operator.collections:
        owned = {"CR7-SC": 2, "MR30-SC": 1} if operator.fleet.numbers else {}
        for license_id in DAYS:
            operator.collection(PACK).put(license_id, {"quantity": owned.get(license_id, 0)})
    return operator.collection(PACK)


def connected(camera: Record, now: int) -> bool:
    """Tell whether a camera can be reached."""
    return bool(camera["powerState"] == "on" and now >= camera["busyUntil"])


def watch(camera: Record, now: int, busy: int = 0) -> None:
    """Start or stop recording, as the camera's power and license say; it starts only after `busy` milliseconds.

    Call this after every change of power or license.
    """
    if busy and connected(camera, now):
        camera["lastConnectedTime"] = now
    begin = camera["busyUntil"] = max(camera["busyUntil"], now + busy)
    spans = camera["spans"]
    if spans and spans[-1][1] is None:
        spans[-1][1] = max(spans[-1][0], now)
        if spans[-1][0] == spans[-1][1]:
            spans.pop()
    if camera["license"] and camera["powerState"] == "on":
        if spans and spans[-1][1] == begin:
            spans[-1][1] = None
        else:
            spans.append([begin, None])


def recordings(camera: Record, now: int) -> list[Record]:
    """Return the recordings that the camera's present license keeps, oldest first; the last one may not be over."""
    if (camera["license"] or "").startswith("MR"):
        seen = [event for event in events(camera, now) if event["type"] == "motion"]
        return [{name: event[name] for name in ("startTime", "endTime") if name in event} for event in seen]
    return [
        {"startTime": start} if end is None else {"startTime": start, "endTime": end}
        for start, end in _kept(camera, now)
    ]


def overlaps(camera: Record, now: int, start: int, end: int) -> list[tuple[int, int]]:
    """Return the recorded parts of a period."""
    found = [(max(each["startTime"], start), min(each.get("endTime", now), end)) for each in recordings(camera, now)]
    return [(begin, over) for begin, over in found if begin < over]


def events(camera: Record, now: int) -> list[Record]:
    """Return the events of a camera while it recorded, oldest first: at most two an hour."""
    found = []
    for start, end in _kept(camera, now):
        for hour in range(start // HOUR_MS, (now if end is None else end) // HOUR_MS + 1):
            for event in _events_of(camera, hour):
                over = event["endTime"] if end is None else min(event["endTime"], end)
                if start <= event["startTime"] < min(over, now):
                    event["endTime"] = over
                    if over > now:
                        del event["endTime"]
                    found.append(event)
    return found


def _events_of(camera: Record, hour: int) -> list[Record]:
    """Return the possible events of a camera in an hour since 1970: always the same, so none is stored."""
    random = Random(f"{camera['deviceId']} {hour}")
    found = []
    for second in sorted(random.sample(range(HOUR_S), random.randrange(3))):
        # The camera's number is added, so that no two events of an operator have the same time.
        start = (hour * HOUR_S + second) * SECOND_MS + camera["number"]
        kind = random.choice(("motion", "motion", "sound"))
        found.append(
            {
                "eventId": str(uuid.UUID(int=random.getrandbits(128), version=4)),
                "deviceId": camera["deviceId"],
                "type": kind,
                "labels": random.choice((["person"], ["vehicle"], [])) if kind == "motion" else [],
                "startTime": start,
                "endTime": start + random.randrange(10, 60) * SECOND_MS,
            }
        )
    return found


def _kept(camera: Record, now: int) -> list[tuple[int, int | None]]:
    """Return the periods in which a camera recorded, as far back as its present license keeps them."""
    oldest = now - DAYS.get(camera["license"], 0) * DAY_MS
    return [
        (max(start, oldest), end)
        for start, end in camera["spans"]
        if start <= now and (end is None or end > oldest) and oldest < now
    ]


def _settle(camera: Record, now: int) -> None:
    if camera["newFirmware"] is not None and now >= camera["busyUntil"]:
        camera["firmwareVersion"], camera["newFirmware"] = camera["newFirmware"], None


def _seeded(operator: Operator, number: int, product: str, firmware: str, license_id: str | None) -> Record:
    random = Random(f"{operator.id} camera {number}")
    born = operator.created
    watched = {
        "CR": [[born - 48 * HOUR_MS, born - 30 * HOUR_MS], [born - 29 * HOUR_MS, None]],
        "MR": [[born - 48 * HOUR_MS, None]],
    }
    return {
        "deviceId": f"02{random.getrandbits(40):010X}",
        "number": number,
        "name": f"camera-{number}",
        "productDisplayName": product,
        "firmwareVersion": firmware,
        "newFirmware": None,
        "powerState": "on",
        "license": license_id,
        "realTimeAccess": False,
        "settings": {name: values[0] for name, values in SETTINGS.items()},
        "selfReboot": {"enabled": False, "daysOfWeek": list(range(7)), "time": "00:00"},
        "limitHours": None,
        "used": {},
        "spans": watched.get((license_id or "")[:2], []),
        "busyUntil": 0,
        "lastConnectedTime": born,
    }
