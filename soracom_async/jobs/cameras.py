"""Exports of cameras: what was recorded, what the camera's export time allows, and long periods in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from math import ceil
from operator import not_
from typing import Any

from .._codec.times import Instant, Unit, to_wire
from .._registry import load
from ..errors import ConfigurationError, Forbidden, NotFound
from .job import Context, Job
from .parts import Order, Part, Parts
from .table import IMAGE, KINDS, VIDEO
from .waiting import checked_seconds

LONGEST_MS = 900_000
"""How long one exported video may be."""
Span = tuple[int, int]
"""A begin and an end, in epoch milliseconds."""


class Camera:
    """One camera, as its exports see it."""

    def __init__(self, context: Context, device_id: str) -> None:
        self._context = context
        self._where = {"device_id": device_id}

    async def video(self, order: Order, arguments: Mapping[str, Any]) -> Job:
        """Order a video of any length; one longer than the service takes is a job in parts.

        Raises ConfigurationError if it would take more export time than is left; nothing is ordered then.
        """
        start, end = _period(arguments["from_"], arguments["to"])
        whole = end - start <= LONGEST_MS
        spans = None if whole else await self._recorded(start, end)

        def seconds(spans: Sequence[Span]) -> int:
            factor = 2 if arguments.get("audio_codec") == "mp3" else 1
            return ceil(sum(_common(span, (start, end)) for span in spans) / 1000) * factor

        usage = await self._if_permitted("getSoraCamDeviceExportUsage")
        video = usage and usage.video
        if video is not None and video.remaining_seconds is not None:
            if whole and seconds([(start, end)]) > video.remaining_seconds:
                spans = await self._recorded(start, end)
            if spans is not None:
                self._check("seconds of video", seconds(spans), video.remaining_seconds, video.limit_seconds)
        if whole:
            return await order(arguments)
        pieces = [(begin, min(begin + LONGEST_MS, end)) for begin in range(start, end, LONGEST_MS)]
        orders = [{**arguments, "from_": begin, "to": over} for begin, over in pieces]
        return await self._in_parts(VIDEO, order, orders, pieces, spans, video_suffix(arguments))

    async def images(
        self, order: Order, arguments: Mapping[str, Any], from_: Instant, to: Instant, every: float
    ) -> Parts:
        """Order an image of every `every` seconds from `from_` until before `to`, as a job in parts."""
        start, end = _period(from_, to)
        step = round(checked_seconds("every", every) * 1000)
        if not step:
            raise ConfigurationError(f"every={every!r} must be a thousandth of a second or more")
        times = range(start, end, step)
        pieces = [(time, time + 1) for time in times]
        spans = await self._recorded(start, end)
        usage = await self._if_permitted("getSoraCamDeviceExportUsage")
        image = usage and usage.image
        if image is not None and image.remaining_frames is not None and spans is not None:
            self._check("images", sum(_within(spans, pieces)), image.remaining_frames, image.limit_frames)
        orders = [{**arguments, **self._where, "time": time} for time in times]
        return await self._in_parts(IMAGE, order, orders, pieces, spans, KINDS[IMAGE].suffix)

    async def _in_parts(
        self,
        start: str,
        order: Order,
        orders: list[dict[str, Any]],
        pieces: Sequence[Span],
        spans: Sequence[Span] | None,
        suffix: str,
    ) -> Parts:
        """Return a job of those orders in whose time anything was recorded; its first parts are ordered."""
        recorded = [True for _ in pieces] if spans is None else _within(spans, pieces)
        unsure = spans is None or not any(recorded)
        if not any(recorded):
            recorded[0] = True  # the service says itself that nothing was recorded
        wanted, left_out = (list(compress(orders, map(which, recorded))) for which in (bool, not_))
        context, kind, where = self._context, KINDS[start], self._where
        parts = [Part(context, kind, where, arguments, order, suffix) for arguments in wanted]
        job = Parts(context, kind, where, parts, left_out, suffix, unsure=unsure)
        await job.order()
        return job

    async def _if_permitted(self, operation_id: str) -> Any:
        """Return what an operation tells of the camera; None if the user must not see that.

        Such a user may export all the same, and the service has the last word.
        """
        try:
            return await self._context.call(operation_id, self._where)
        except Forbidden:
            return None

    async def _recorded(self, start: int, end: int) -> list[Span] | None:
        """Return when the camera recorded, within a period and around it; None if the user must not see that."""
        operation = load("listSoraCamDeviceRecordingsAndEvents")
        listing = self._context.client._pages(operation, **self._where, from_=start, to=end)
        spans: list[Span] = []
        try:
            async for each in listing:
                if not hasattr(each, "type") and each.start_time is not None:  # events have a type
                    over = end if each.end_time is None else _in_ms("end_time", each.end_time)
                    spans.append((_in_ms("start_time", each.start_time), over))
        except Forbidden:
            return None
        except NotFound:  # nothing was recorded
            return []
        return spans

    def _check(self, what: str, needed: int, left: int, limit: int | None) -> None:
        """Raise ConfigurationError if an export needs more than is left."""
        if needed > left:
            raise ConfigurationError(
                f"the camera {self._where['device_id']} may export {left} {what} more this month (of {limit}), and "
                f"this needs {needed}: choose less, or raise the limit with "
                "soracom.sora_cam.devices.update_export_usage_limit_override"
            )


def video_suffix(arguments: Mapping[str, Any]) -> str:
    """Return the ending of the name of an exported video; empty if nobody knows."""
    if "archive" not in arguments:
        return ""
    return ".mp4" if arguments["archive"] is False else ".zip"


def _within(spans: Sequence[Span], pieces: Sequence[Span]) -> list[bool]:
    """Tell of each piece of time whether anything was recorded in it."""
    return [any(_common(span, piece) for span in spans) for piece in pieces]


def _common(one: Span, other: Span) -> int:
    """Return how many milliseconds two periods have in common."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _period(from_: Any, to: Any) -> Span:
    """Return a period; raises ConfigurationError for what is none."""
    start, end = _in_ms("from_", from_), _in_ms("to", to)
    if start >= end:
        raise ConfigurationError(f"from_={from_!r} must be before to={to!r}")
    return start, end


def _in_ms(name: str, time: Any) -> int:
    """Return a time as epoch milliseconds; raises ConfigurationError for what is none."""
    try:
        number = to_wire(time, Unit.MILLISECONDS)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    if isinstance(number, bool) or not isinstance(number, int):
        raise ConfigurationError(f"{name} must be a datetime, a date or epoch milliseconds, not {time!r}")
    return number
