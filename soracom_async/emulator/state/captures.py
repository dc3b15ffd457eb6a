"""The life of a packet capture: it is requested, it captures for its duration, and it is done."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from ..durations import SECOND_MS
from ..times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .collections import Record

WAIT_MS = 2 * SECOND_MS
"""How long a capture waits for its begin; guessed."""
EMPTY = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000065000000")
"""A capture file without packets: the header of a pcap file of IP packets."""


def requested(session_id: str, operator_id: str, duration: int, prefix: str, at: int) -> Record:
    """Return a new capture of `duration` seconds.

    Its first two times are seconds with a fraction, as in a body of 2025. Its begin and its end were not seen: they are
    text, as the document says of all of them.
    """
    return {
        "operatorId": operator_id,
        "sessionId": session_id,
        "status": "REQUESTED",
        "prefix": prefix,
        "duration": duration,
        "createdTime": at / SECOND_MS,
        "scheduledTime": at / SECOND_MS,
        "fileSizeInBytes": 0,
        "_begun": at,
    }


def span(several: Iterable[Record]) -> tuple[int | None, int | None]:
    """Return the begin and the end of the latest capture in milliseconds; None for what has not come yet."""
    begun = [capture for capture in several if "_started" in capture]
    if not begun:
        return None, None
    latest = max(begun, key=itemgetter("_started"))
    return latest["_started"], latest.get("_ended")


def runs(capture: Record) -> bool:
    """Tell whether a capture is not over; only then it can change with time."""
    return capture["status"] in ("REQUESTED", "CAPTURING")


def settle(capture: Record, now: int) -> None:
    """Bring a capture to its present state."""
    begin = capture["_begun"] + WAIT_MS
    end = begin + capture["duration"] * SECOND_MS
    if runs(capture) and now >= begin:
        capture |= {"status": "CAPTURING", "startedTime": iso(begin), "_started": begin}
        if now >= end:
            _finish(capture, "DONE", end)


def stop(capture: Record, now: int) -> None:
    """End a capture that is capturing."""
    _finish(capture, "STOPPED", now)


def _finish(capture: Record, status: str, at: int) -> None:
    capture |= {"status": status, "endedTime": iso(at), "_ended": at, "fileSizeInBytes": len(EMPTY)}
