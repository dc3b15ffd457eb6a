"""SORA Cam devices: exports of images and videos, which take time."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from ...domain.cameras import collection, overlaps
from ...domain.filing import put_file
from ...durations import DAY_MS, MINUTE_MS, SECOND_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from .. import handles
from ..common.cameras import camera_in
from ..common.timelines import timeline
from ..fleet.downlinks import SNAPSHOT
from .usage import FRAMES, LONGEST_MS, spend

if TYPE_CHECKING:
    from ...state.collections import Record

Medium = Literal["image", "video"]

URL_LIFE_MS = 10 * MINUTE_MS
# The shortest MP4 file: a file type box and an empty media box.
MOVIE = b"\0\0\0\x14ftypisom\0\0\0\0isom" + b"\0\0\0\x08mdat"


@handles("exportSoraCamDeviceRecordedImage")
def export_image(call: Call) -> Any:
    """Order an image of a time; refuse (404) if nothing was recorded then."""
    camera, time = camera_in(call), call.body["time"]
    if time > call.now:
        raise Refusal.invalid("{0} is in the future", "body.time")
    if not camera["license"]:
        raise Refusal.not_possible("the camera has no license")
    for each in call.body.get("imageFilters") or ():
        if each != "wide_angle_correction":
            raise Refusal.unknown("image filter", each)
    if not overlaps(camera, call.now + 1, time, time + 1):  # a recording that has not ended counts
        raise Refusal.absent("The camera {0} has no recording of that time.", camera["deviceId"])
    outcome = "completed" if spend(camera, call.now, 1) else "limitExceeded"
    return _order(call, outcome, 5 * SECOND_MS, "image/jpeg", {"time": time})


@handles("exportSoraCamDeviceRecordedVideo")
def export_video(call: Call) -> Any:
    """Order a video of what was recorded at a time; refuse (400, as the document says) if nothing was."""
    camera, start, end = camera_in(call), call.body["from"], call.body["to"]
    codec = call.body.get("audioCodec") or "pcm_s16le"
    if not start < end <= start + LONGEST_MS:
        raise Refusal.invalid("{0} is not within {1} seconds after {2}", "body.to", 900, "body.from")
    if codec not in ("pcm_s16le", "mp3"):
        raise Refusal.invalid("{0} is not one of {1}", "body.audioCodec", ("pcm_s16le", "mp3"))
    length = sum(over - begin for begin, over in overlaps(camera, call.now, start, end))
    if not length:
        raise Refusal.not_possible("nothing was recorded at that time")
    frames = ceil(length * FRAMES / SECOND_MS) * (2 if codec == "mp3" else 1)
    outcome = "completed" if spend(camera, call.now, frames) else "limitExceeded"
    kind = "video/mp4" if call.body.get("archive") is False else "application/zip"
    return _order(call, outcome, 10 * SECOND_MS + length // 30, kind, {"from": start, "to": end})


def _order(call: Call, outcome: str, takes: int, content_type: str, times: dict[str, int]) -> Any:
    """Start an export, and return its state."""
    export: Record = {
        "exportId": call.world.uuid(),
        "deviceId": call.path["device_id"],
        "operatorId": call.operator.id,
        "requestedTime": call.now,
        "ready": call.now + takes,
        "outcome": outcome,
        "contentType": content_type,
    }
    wanted = call.body.get("harvestFiles")
    if wanted is not None and outcome == "completed":
        directory = wanted.get("pathPrefix") or ""
        date = datetime.fromtimestamp(call.now / 1000, UTC).strftime("%Y/%m/%d/%H/%M")
        names = {"export_id": export["exportId"], "device_id": export["deviceId"], "date": date} | times
        for name, value in names.items():
            directory = directory.replace(f"{{{name}}}", str(value))
        parts = [part for part in directory.split("/") if part]
        path = "/".join(["", *parts, export["exportId"] + _SUFFIXES[content_type]])
        put_file(call.operator, path, _content(export), content_type, export["ready"])
    call.collection(f"{_medium(call)} export").put(export["exportId"], export)
    return _shown(call, export)


_SUFFIXES = {"image/jpeg": ".jpg", "video/mp4": ".mp4", "application/zip": ".zip"}


def _content(export: Record) -> bytes:
    """Return the content of the exported file."""
    if export["contentType"] != "application/zip":
        return SNAPSHOT if export["contentType"] == "image/jpeg" else MOVIE
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(zipfile.ZipInfo(f"{export['exportId']}.mp4"), MOVIE)
    return archive.getvalue()


def _status(export: Record, now: int) -> str:
    """Return the status of an export, which follows from the time alone."""
    if now < export["requestedTime"] + SECOND_MS:
        return "initializing"
    if now < export["ready"]:
        return "processing"
    if export["outcome"] == "completed" and now >= export["ready"] + URL_LIFE_MS:
        return "expired"
    outcome: str = export["outcome"]
    return outcome


def _shown(call: Call, export: Record) -> Record:
    shown = {name: export[name] for name in ("exportId", "deviceId", "operatorId", "requestedTime")}
    shown["status"] = _status(export, call.now)
    if shown["status"] == "completed":
        shown["expiryTime"] = export["ready"] + URL_LIFE_MS
        shown["url"] = call.offer(_content(export), export["contentType"], (shown["expiryTime"] - call.now) / SECOND_MS)
    return shown


def _medium(call: Call) -> Medium:
    return "image" if "/images/" in call.operation.path else "video"


def _exports(call: Call, device_id: str | None) -> list[Record]:
    """Return the exports of the last 24 hours: of one camera, which must exist, or of all."""
    if device_id is not None:
        collection(call.operator, call.now).find(device_id)
    return [
        export
        for export in call.collection(f"{_medium(call)} export").values()
        if device_id in (None, export["deviceId"]) and call.now < export["requestedTime"] + DAY_MS
    ]


@handles(
    "listSoraCamDeviceImageExports", "listSoraCamDeviceImageExportsForDevice",
    "listSoraCamDeviceVideoExports", "listSoraCamDeviceVideoExportsForDevice",
)  # fmt: skip
def list_exports(call: Call) -> Page:
    """Return the exports of one camera, or of all."""
    found = _exports(call, call.path.get("device_id") or call.query.get("device_id"))
    return timeline(call, found, "requestedTime", tie="exportId", most=100, shown=lambda export: _shown(call, export))


@handles("getSoraCamDeviceExportedImage", "getSoraCamDeviceExportedVideo")
def get_export(call: Call) -> Any:
    """Return an export."""
    for export in _exports(call, call.path["device_id"]):
        if export["exportId"] == call.path["export_id"]:
            return _shown(call, export)
    raise Refusal.not_found(f"{_medium(call)} export", call.path["export_id"])
