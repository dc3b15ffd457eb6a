"""SORA Cam devices: how much video may be streamed or exported in a month, and how much was."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from ...domain.dates import month_of, month_text
from ...durations import HOUR_S, MINUTE_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.cameras import camera_in

if TYPE_CHECKING:
    from ...state.collections import Record

FRAMES = 5
"""A second of video counts as this many images."""
USUAL_HOURS, MOST_HOURS = 72, 1500
"""The hours that are free in a month, and the highest limit that can be set."""
LONGEST_MS = 15 * MINUTE_MS
"""How long an export or a stream can be."""


def spend(camera: Record, now: int, frames: int) -> bool:
    """Count images against the month's limit; return False, and count nothing, if they exceed it."""
    month = month_text(month_of(now))
    used = camera["used"].get(month, 0) + frames
    if frames and used > _limit(camera):
        return False
    camera["used"][month] = used
    return True


def _limit(camera: Record) -> int:
    """Return how many images may be exported in a month."""
    hours: int = USUAL_HOURS if camera["limitHours"] is None else camera["limitHours"]
    return hours * HOUR_S * FRAMES


@handles("getSoraCamDeviceExportUsage")
def get_usage(call: Call) -> Any:
    """Return what was exported in this month, in seconds of video and in images."""
    camera = camera_in(call)
    month, limit = month_text(month_of(call.now)), _limit(camera)
    used = camera["used"].get(month, 0)
    frames = {
        "limit": limit,
        "used": used,
        "remaining": max(0, limit - used),
        "billed": max(0, used - USUAL_HOURS * HOUR_S * FRAMES),
    }
    return {
        "deviceId": camera["deviceId"],
        "meteredYearMonth": month,
        "video": {f"{name}Seconds": ceil(count / FRAMES) for name, count in frames.items()},
        "image": {f"{name}Frames": count for name, count in frames.items()},
    }


@handles("updateSoraCamDeviceExportUsageLimitOverride")
def set_limit(call: Call) -> Any:
    """Set the monthly limit."""
    camera, hours = camera_in(call), call.body["limitHours"]
    if not 0 <= hours <= MOST_HOURS:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.limitHours", 0, MOST_HOURS)
    camera["limitHours"] = hours
    return get_usage(call)


@handles("deleteSoraCamDeviceExportUsageLimitOverride")
def reset_limit(call: Call) -> None:
    """Reset the monthly limit to the usual one."""
    camera_in(call)["limitHours"] = None
