"""Exports of cameras: what was recorded, what the camera's export time allows, and long periods in parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any

from .._codec.times import Instant, Unit, to_wire
from .._registry import load
from ..errors import ConfigurationError, Forbidden, NotFound
from .job import Context, Job
from .parts import Parts
from .table import IMAGE, KINDS, VIDEO
from .waiting import checked_seconds

LONGEST_MS = 900_000
"""How long one exported video may be."""
Span = tuple[int, int]
"""A begin and an end, in epoch milliseconds."""
Order = Callable[[Mapping[str, Any]], Awaitable[Job]]
"""Starts one export."""


class Camera:
    """One camera, as its exports see it."""

    def __init__(self, context: Context, device_id: str) -> None:
        self._context = context
        self.where = {"device_id": device_id}

    async def video(self, order: Order, arguments: Mapping[str, Any]) -> Job:
        """Order a video of any length; one longer than the service takes is a job in parts.

        Raises ConfigurationError if it would take more export time than is left; nothing is ordered then.
        """
        start, end = _in_ms("from_", arguments["from_"]), _in_ms("to", arguments["to"])
        if start >= end:
            raise ConfigurationError("a video needs a time 'from_' that is before 'to'")
        factor = 2 if arguments.get("audio_codec") == "mp3" else 1
        left = (await self._usage()).get("video")
        await self._afford(
            "seconds of video",
            left and (left.remaining_seconds, left.limit_seconds),
            ceil((end - start) / 1000) * factor,
            lambda spans: ceil(sum(_common(span, (start, end)) for span in spans) / 1000) * factor,
            (start, end),
        )
        if end - start <= LONGEST_MS:
            return await order(arguments)
        orders = [
            {**arguments, "from_": begin, "to": min(begin + LONGEST_MS, end)} for begin in range(start, end, LONGEST_MS)
        ]
        parts = Parts(self._context, KINDS[VIDEO], self.where, orders, order, self._recorded, video_suffix(arguments))
        await parts.order()
        return parts

    async def images(
        self, order: Order, arguments: Mapping[str, Any], from_: Instant, to: Instant, every: float
    ) -> Parts:
        """Order an image of every `every` seconds from `from_` until before `to`, as a job in parts."""
        start, end = _in_ms("from_", from_), _in_ms("to", to)
        step = round(checked_seconds("every", every) * 1000)
        if start >= end or not step:
            raise ConfigurationError("images need a time 'from_' that is before 'to', and 'every' of 1 ms or more")
        times = range(start, end, step)
        left = (await self._usage()).get("image")
        await self._afford(
            "images",
            left and (left.remaining_frames, left.limit_frames),
            len(times),
            lambda spans: sum(any(begin <= time < over for begin, over in spans) for time in times),
            (start, end),
        )
        orders = [{**arguments, **self.where, "time": time} for time in times]
        parts = Parts(self._context, KINDS[IMAGE], self.where, orders, order, self._recorded, KINDS[IMAGE].suffix)
        await parts.order()
        return parts

    async def _usage(self) -> Mapping[str, Any]:
        """Return what is left of the camera's export time; nothing, if the user must not see that."""
        try:
            usage = await self._context.call("getSoraCamDeviceExportUsage", self.where)
        except Forbidden:
            return {}  # the user may export all the same, and the service has the last word
        return {"video": usage.video, "image": usage.image}

    async def _afford(
        self,
        what: str,
        left: tuple[int | None, int | None] | None,
        at_most: int,
        exactly: Callable[[list[Span]], int],
        period: Span,
    ) -> None:
        """Raise ConfigurationError if an export needs more than is left; only what was recorded counts."""
        remaining, limit = left or (None, None)
        if remaining is None or at_most <= remaining:
            return
        try:
            needed = exactly(await self._spans(*period))
        except Forbidden:
            return
        if needed > remaining:
            raise ConfigurationError(
                f"the camera {self.where['device_id']} may export {remaining} {what} more this month (of {limit}), and "
                f"this needs {needed}: choose less, or raise the limit with "
                "soracom.sora_cam.devices.update_export_usage_limit_override"
            )

    async def _recorded(self, arguments: Mapping[str, Any]) -> bool:
        """Tell whether anything was recorded at the time of an order; no, if the user must not see that."""
        start = arguments.get("from_", arguments.get("time"))
        span = start, arguments.get("to", start + 1)
        try:
            return any(_common(each, span) for each in await self._spans(*span))
        except Forbidden:
            return False

    async def _spans(self, start: int, end: int) -> list[Span]:
        """Return when the camera recorded, within a period and around it."""
        operation = load("listSoraCamDeviceRecordingsAndEvents")
        listing = self._context.client._pages(operation, **self.where, from_=start, to=end)
        try:
            recordings = [each async for each in listing if not hasattr(each, "type") and each.start_time is not None]
        except NotFound:  # nothing was recorded
            return []
        return [
            (_in_ms("", each.start_time), end if each.end_time is None else _in_ms("", each.end_time))
            for each in recordings
        ]


def video_suffix(arguments: Mapping[str, Any]) -> str:
    """Return the ending of the name of an exported video; empty if nobody knows."""
    if "archive" not in arguments:
        return ""
    return ".mp4" if arguments["archive"] is False else ".zip"


def _common(one: Span, other: Span) -> int:
    """Return how many milliseconds two periods have in common."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _in_ms(name: str, time: Any) -> int:
    """Return a time as epoch milliseconds; raises ConfigurationError for what is none."""
    try:
        number = to_wire(time, Unit.MILLISECONDS)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    if isinstance(number, bool) or not isinstance(number, int):
        raise ConfigurationError(f"{name} must be a datetime, a date or epoch milliseconds, not {time!r}")
    return number
