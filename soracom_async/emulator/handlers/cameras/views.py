"""SORA Cam devices: live images, streams, recordings and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.cameras import collection, connected, events, overlaps, recordings
from ...durations import MINUTE_MS, SECOND_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page, encode
from ...service.call import Call
from ...state.storage import URL_LIFE_S
from .. import handles
from ..common.cameras import camera_in
from ..common.timelines import part, period, timeline
from ..fleet.downlinks import SNAPSHOT
from .exports import MOVIE
from .usage import FRAMES, LONGEST_MS, spend

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...state.collections import Record

LATEST_MS = 5 * MINUTE_MS
"""How long a stream of the latest video is."""
MANY = 50
"""How many recordings and events are on a page."""


@handles("getSoraCamDeviceAtomCamLiveImage")
def live_image(call: Call) -> Any:
    """Take an image now, over real-time access."""
    camera = camera_in(call)
    if not camera["realTimeAccess"] or not connected(camera, call.now):
        raise Refusal("SCA9002")
    return {"url": call.offer(SNAPSHOT, "image/jpeg")}


@handles("getSoraCamDeviceStreamingVideo")
def stream(call: Call) -> Any:
    """Return playlists of the recordings of a period, or of the latest minutes."""
    camera = camera_in(call)
    start, end = _asked(call)
    latest = call.query.keys().isdisjoint(("from", "to"))
    found = overlaps(camera, call.now, start, end)
    if latest:
        found = found[-1:] if connected(camera, call.now) else []
    elif not found:
        raise Refusal.absent("The camera {0} has no recording of that time.", camera["deviceId"])
    if not spend(camera, call.now, sum(over - begin for begin, over in found) * FRAMES // SECOND_MS):
        raise Refusal.not_possible("the limit of this month is reached")
    return {
        "playList": [_playlist(call, begin, over, latest=latest) for begin, over in found],
        "expiryTime": call.now + URL_LIFE_S * SECOND_MS,
    }


def _asked(call: Call) -> tuple[int, int]:
    """Return the period that is to be streamed."""
    start, end = period(call)
    if start is None:
        return (call.now - LATEST_MS, call.now) if end is None else (end - LONGEST_MS, end)
    end = start + LONGEST_MS if end is None else end
    if end - start > LONGEST_MS:
        raise Refusal.invalid("{0} and {1} are more than {2} seconds apart", "from", "to", 900)
    return start, end


def _playlist(call: Call, begin: int, over: int, *, latest: bool) -> Record:
    seconds = (over - begin) // SECOND_MS
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT{seconds}S"/>'
    )
    playlist = {"url": call.offer(text.encode(), "application/dash+xml")}
    return playlist if latest else {"from": begin, "to": over} | playlist


@handles("listSoraCamDeviceRecordingsAndEvents")
def list_recordings_and_events(call: Call) -> Page:
    """Return a page of recordings and events, in one order by time."""
    camera = camera_in(call)
    start, end = period(call)
    start, end = start or 0, call.now if end is None else end
    both = {"records": recordings(camera, call.now), "events": events(camera, call.now)}
    found = [
        # If both begin at the same time, the name decides.
        each | {"name": name}
        for name, several in both.items()
        for each in several
        if each["startTime"] <= end and each.get("endTime", call.now) >= start
    ]
    if not found:
        raise Refusal.absent("The camera {0} has no recording of that time.", camera["deviceId"])
    shown, key = part(call, found, "startTime", "name", MANY)
    fields = {"records": ("startTime", "endTime"), "events": ("type", "startTime", "endTime")}
    body: dict[str, list[Record]] = {name: [] for name in both}
    for each in shown:
        body[each["name"]].append({field: each[field] for field in fields[each["name"]] if field in each})
    return Page(encode(body), key)


@handles("listSoraCamDeviceEvents", "listSoraCamDeviceEventsForDevice")
def list_events(call: Call) -> Page:
    """Return the events of one camera, or of all."""
    device_id = call.path.get("device_id") or call.query.get("device_id")
    cameras = (
        collection(call.operator, call.now)
        if device_id is None
        else {device_id: collection(call.operator, call.now).find(device_id)}
    )
    noticed = [event for camera in cameras.values() for event in events(camera, call.now)]
    return timeline(call, noticed, "startTime", most=100, shown=lambda event: _event(call, cameras, event))


def _event(call: Call, cameras: Mapping[str, Record], event: Record) -> Record:
    # The document of 2026 has one kind as text, and what was detected in `labels`. Bodies in guides, and samples that
    # read them, have both in one array. `"motion" in …["type"]` is right for either form, so it is an array here.
    detail: Record = {"type": [event["type"], *event["labels"]]}
    detail |= {name: event[name] for name in ("labels", "startTime", "endTime") if name in event}
    detail["recordingStatus"] = "completed" if "endTime" in event else "recording"
    detail["picture"] = call.offer(SNAPSHOT, "image/jpeg")
    # A recording of motion has no movie here; it can be exported instead.
    of_motion = cameras[event["deviceId"]]["license"].startswith("MR") and event["type"] == "motion"
    if "endTime" in event and not of_motion:
        detail["movie"] = call.offer(MOVIE, "video/mp4")
    return {
        "deviceId": event["deviceId"],
        "deviceType": "AtomCam",
        "eventId": event["eventId"],
        "time": event["startTime"],
        "eventInfo": {"infoType": "atomEventV1", "atomEventV1": detail},
    }
