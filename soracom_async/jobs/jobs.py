"""The jobs of a client: started, taken up, waited for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import signature
from typing import Any

from .._background import Background
from .._clock import Clock
from .._codec.times import Instant
from .._core.operation import Operation
from .._registry import load
from .._resource import Resource, operation_of
from ..errors import ConfigurationError, DecodeError
from ._client import Client
from .analysis import Analysis
from .cameras import Camera, video_suffix
from .job import Context, Job
from .parts import Parts
from .table import ANALYSIS, IMAGE, VIDEO, kind_of
from .waiting import checked_seconds

Start = str | Callable[..., Any]
"""The operationId of the operation that starts a job, or its method, such as `soracom.diagnostics.send_request`."""


class Jobs:
    """`soracom.jobs`: what the service does in its own time, from start to result.

    For example:

        video = await soracom.jobs.run("exportSoraCamDeviceRecordedVideo", device_id=camera, from_=start, to=end)
        await video.save("night.mp4")

        async for row in soracom.jobs.analysis("SELECT * FROM SIM_SNAPSHOTS", from_=start, to=end): ...

    `jobs.KINDS` has all operations that start one. The questions for jobs draw on the session's quota, behind calls in
    the foreground, and in turns with bulk runs.
    """

    def __init__(self, client: Client, clock: Clock) -> None:
        self._context = Context(client, clock, Background())

    async def run(self, what: Start, /, *positional: Any, timeout: float | None = None, **arguments: Any) -> Job:
        """Start a job, as `start` does, and return it when it is done, as `wait` does. Raises what both raise."""
        if timeout is not None:
            checked_seconds("timeout", timeout)  # before anything is started
        job = await self.start(what, *positional, **arguments)
        return await job.wait(timeout=timeout)

    async def start(self, what: Start, /, *positional: Any, **arguments: Any) -> Job:
        """Start a job and return it at once, while it is under way.

        `what` is an operationId, with its arguments by name, or the method that starts the job, with the method's own
        arguments. Exports of files are made in the background (`export_mode="async"`), and a video is one MP4 file
        (`archive=False`), unless the arguments say otherwise. A video of more than 900 seconds is a job in parts, see
        `Parts`; for that, give its arguments by name, not as `body`. Before a video is ordered, the camera's export
        time that is left is looked at. Raises ConfigurationError for an operation that starts no job and for a video
        that needs more export time than is left, and what calls raise. An error with `sent` true leaves open whether
        the job was started.
        """
        operation, given = self._meant(what, positional, arguments)
        kind = kind_of(operation.id)
        begin = partial(self._begin, operation)
        in_query = {parameter.name for parameter in operation.query}
        defaults = {k: v for k, v in kind.defaults.items() if k in in_query or "body" not in given}
        given = {**defaults, **given}
        if operation.id == VIDEO and given.keys() >= {"device_id", "from_", "to"}:
            return await Camera(self._context, given["device_id"]).video(begin, given)
        return await begin(given)

    def resume(self, what: Start, job_id: str, /, **where: Any) -> Job:
        """Take up a job that was started before, as by another process; the job can be waited for and saved.

        `what` started it, `job_id` is its `id`. `where` are the other arguments that name it, such as `device_id` of a
        camera's export. Nothing is sent. Raises ConfigurationError if one of them is missing, or too many.
        """
        operation = self._operation(what)
        kind = kind_of(operation.id)
        if not isinstance(job_id, str) or not job_id:
            raise ConfigurationError(f"{kind.start}: the identifier of a job is text, not {job_id!r}")
        needed = _where(kind.poll, kind.id)
        if needed != where.keys():
            raise ConfigurationError(
                f"a job of {kind.start} is named by {_listed(needed)}, and {_listed(where)} was given"
            )
        return Job(self._context, kind, job_id, where, suffix="" if kind.start == VIDEO else None)

    def analysis(
        self, sql: str, *, from_: Instant | None = None, to: Instant | None = None, timeout: float | None = None
    ) -> Analysis:
        """Return the rows of an SQL query, as a stream. `soracom.analysis.schemas()` lists the tables.

        `from_` and `to` are the period that the query covers. `timeout` is that of `Job.wait`. Nothing is sent before
        the first row is asked for; see `Analysis` for the rest.
        """
        if timeout is not None:
            checked_seconds("timeout", timeout)
        return Analysis(partial(self.start, ANALYSIS, sql=sql, from_=from_, to=to), timeout)

    async def images(
        self, device_id: str, *, from_: Instant, to: Instant, every: float = 60.0, **arguments: Any
    ) -> Parts:
        """Order a camera's images from `from_` until before `to`, one every `every` seconds, and return them as a job.

        `save("door.jpg")` of it gives `door-001.jpg` …; times at which nothing was recorded are left out. `arguments`
        are others of `exportSoraCamDeviceRecordedImage`. Raises ConfigurationError if that needs more export time than
        the camera has left, nothing is ordered then, and what calls raise.
        """
        begin = partial(self._begin, load(IMAGE))
        return await Camera(self._context, device_id).images(begin, arguments, from_, to, every)

    async def _begin(self, operation: Operation[Any], arguments: Mapping[str, Any]) -> Job:
        """Start one job, as the service knows it."""
        kind = kind_of(operation.id)
        answer = await self._context.client._call(operation, **arguments)
        job_id = getattr(answer, kind.id, None) or arguments.get(kind.id)
        if not job_id and not getattr(answer, "url", None):
            raise DecodeError(f"{operation.id}: the answer names neither the job nor its file")
        where = {name: arguments[name] for name in sorted(_where(kind.poll, kind.id))}
        suffix = video_suffix(arguments) if operation.id == VIDEO else None
        return Job(self._context, kind, job_id or None, where, answer, suffix=suffix)

    def _operation(self, what: Start) -> Operation[Any]:
        """Return the operation that `what` means."""
        if isinstance(what, str):
            return load(what)
        group = getattr(what, "__self__", None)
        if not isinstance(group, Resource):
            raise ConfigurationError(f"a job is started by an operationId or a method of a group, not by {what!r}")
        if group._caller is not self._context.client:
            raise ConfigurationError("the method belongs to another client: take both from the same Soracom")
        return operation_of(what)[0]

    def _meant(
        self, what: Start, positional: tuple[Any, ...], arguments: dict[str, Any]
    ) -> tuple[Operation[Any], dict[str, Any]]:
        """Return the operation, and its arguments by name."""
        operation = self._operation(what)
        if isinstance(what, str):
            if positional:
                raise ConfigurationError(f"{what} takes its arguments by name, as in device_id=…")
            return operation, arguments
        try:
            return operation, dict(signature(what).bind(*positional, **arguments).arguments)
        except TypeError as error:
            raise ConfigurationError(f"{operation.id}: {error}") from None


def _where(poll: str, job_id: str) -> set[str]:
    """Return the arguments, other than the identifier, that name a job."""
    return set(re.findall(r"{(\w+)}", load(poll).path)) - {job_id}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(["its id", *sorted(names)])
