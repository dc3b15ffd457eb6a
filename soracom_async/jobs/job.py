"""A job: what the service does in its own time, from its start to its result."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from attrs import frozen

from .._background import Background, in_background
from .._clock import Clock
from .._registry import load
from ..errors import (
    ConfigurationError,
    DecodeError,
    Forbidden,
    NotFound,
)
from ._client import Client
from .errors import JobFailed, JobTimeout
from .file_names import checked_path
from .table import Kind
from .waiting import SHORTEST, checked_seconds, pause, within

if TYPE_CHECKING:
    from ..files.downloads import Download, Progress

HOUR = 3600.0
UNKNOWN_FOR = 10.0
"""Seconds after its start for which a job may not be known yet to the operation that tells of it."""
FRESH_FOR = 60.0
"""Seconds for which a URL is used; behind them a new one is asked for."""
ZIP = ("application/zip", "application/x-zip-compressed")


@frozen(slots=True, eq=False, repr=False)
class Context:
    """What all jobs of a client share."""

    client: Client
    clock: Clock
    background: Background
    """What `wait` asks is background work of its own: all jobs of a client together are one beside each bulk run."""

    async def call(self, operation_id: str, arguments: Mapping[str, Any]) -> Any:
        """Call an operation."""
        return await self.client._call(load(operation_id), **arguments)


class Job:
    """Something that the service does in its own time. `soracom.jobs` starts jobs, and takes up those that run.

    The job belongs to the service: leaving a program, or the cancellation of a task that waits, does not end it. Keep
    `id` and `where` to take it up later: `soracom.jobs.resume(job.kind.start, job.id, **job.where)`. Several tasks may
    wait for one job; it is asked for once for all of them.
    """

    def __init__(
        self,
        context: Context,
        kind: Kind,
        job_id: str | None,
        where: Mapping[str, Any],
        answer: Any = None,
        *,
        suffix: str | None = None,
    ) -> None:
        self.kind: Kind = kind
        """What is known of all jobs like this one."""
        self.id: str | None
        """The identifier; None if the file came with the answer to the start, and for what is not ordered yet."""
        self.where: Mapping[str, Any] = dict(where)
        """The arguments, other than the identifier, with which the job is asked for: the camera, the SIM."""
        self._context = context
        self._suffix = kind.suffix if suffix is None else suffix
        self._begin_as(job_id, answer)
        self._asking = anyio.Lock()
        self._errors = 0
        """How many questions failed for good."""
        self._error: Exception | None = None

    def _begin_as(self, job_id: str | None, answer: Any) -> None:
        """Be the job of this identifier, which the service has just answered, or which runs for any time."""
        self.id = job_id
        self._result = answer
        now = self._context.clock.now()
        self._begun = now
        self._told = now
        """When the service told the state, and the URL, for the last time."""
        self._due = now if answer is None else now + SHORTEST
        self._may_be_unknown = answer is not None

    @property
    def state(self) -> str | None:
        """What the service says of it, in its own words, such as `processing`; None before it said anything."""
        if self.id is None and self.url:
            return self.kind.done[0]
        state: str | None = getattr(self._result, self.kind.state, None)
        return state

    @property
    def result(self) -> Any:
        """The last answer of the service about the job, as a model; None before the first one."""
        return self._result

    @property
    def url(self) -> str | None:
        """The URL of the file that the job made, once there is one. It is a permission, and lives for a short time."""
        url = getattr(self._result, "url", None)
        return url if isinstance(url, str) and url else None

    @property
    def over(self) -> bool:
        """Whether the job has ended, in whatever way."""
        return self.state in self.kind.done or self.state in self.kind.failed

    @property
    def parts(self) -> Sequence[Job]:
        """The jobs that this one consists of, as far as they are ordered; empty for all but `Parts`."""
        return ()

    async def poll(self) -> str | None:
        """Ask the service now, once, and return the state. `wait` does so by itself. Raises what calls raise."""
        if self.id is not None:
            async with self._asking:
                await self._ask()
        return self.state

    async def wait(self, *, timeout: float | None = None) -> Job:
        """Return the job itself when it is done.

        `timeout` is in seconds: an hour by default, and longer for a job that is known to take longer. Raises JobFailed
        if the job ends without a result, JobTimeout if it is under way after `timeout`, and what calls raise if asking
        for it fails for good. After any of these it can be waited for again.
        """
        seconds = HOUR + self._expected() if timeout is None else checked_seconds("timeout", timeout)
        if not self.over and not await within(self._context.clock, seconds, self._until_over):
            raise JobTimeout(
                f"{self} is {self.state or 'under way'} after {seconds:g} s; it goes on: wait for it again", job=self
            )
        self._check()
        return self

    async def cancel(self) -> str | None:
        """End the job before its time, if the API can do that, and return its state.

        Raises ConfigurationError if it cannot, and what calls raise.
        """
        if not self.kind.cancel:
            raise ConfigurationError(f"the API has no operation that ends {self}: it goes on until it is over")
        await self._context.call(self.kind.cancel, self._named())
        return await self.poll()

    async def items(self, **arguments: Any) -> list[Any]:
        """Return what the job did or made, piece by piece: the tasks of a batch job, the profiles or SIMs of an order.

        `arguments` are others of that listing: `status="error"` for tasks. Raises ConfigurationError for jobs that have
        no such listing, and what calls raise.
        """
        if not self.kind.items:
            raise ConfigurationError(f"{self} consists of nothing that could be listed: see its 'result'")
        operation = load(self.kind.items)
        named = {**self._named(), **arguments}
        if operation.paging is None:
            return list(await self._context.client._call(operation, **named))
        return await self._context.client._pages(operation, **named).collect()

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Download]:
        """Wait for the job and read its file in chunks: `async with job.stream() as answer`, as of `soracom.stream`.

        A URL that has run out is replaced by a new one, as long as the service gives one. Raises what `wait` and calls
        raise, and ConfigurationError for a job that makes no file.
        """
        download = await self._open()
        try:
            yield download
        finally:
            await download.aclose()

    async def save(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> list[Path]:
        """Wait for the job, save its file, and return the path in a list: a job in parts makes several files.

        The file has its name only once it is whole. `progress(done, total)` is called for each chunk, with the bytes.
        Raises ConfigurationError if the name promises another kind of file, OSError if it cannot be written, and what
        `wait` and calls raise.
        """
        target = self._target(path)
        async with self.stream() as answer:
            if answer.content_type.partition(";")[0] in ZIP:
                self._suffix = ".zip"
                self._target(path)
            await answer.save(target, progress=progress)
        return [target]

    def _target(self, path: str | os.PathLike[str]) -> Path:
        """Return the path of the file to write; raises ConfigurationError or OSError if it cannot be."""
        self._check_file()
        return checked_path(path, self._suffix, str(self))

    def _check_file(self) -> None:
        if not self.kind.suffix:
            raise ConfigurationError(f"{self} makes no file: see its 'result'")

    async def _open(self) -> Download:
        """Return the answer of the URL; whoever calls this closes it."""
        self._check_file()
        await self.wait()
        if self.url is None or self._context.clock.now() - self._told > FRESH_FOR:
            await self._renew()
        try:
            return await self._context.client.stream(self._location()).open()
        except (Forbidden, NotFound):
            if self.id is None:
                raise
            await self._renew()
        return await self._context.client.stream(self._location()).open()

    async def _renew(self) -> None:
        """Ask for a new URL."""
        await self.poll()
        await self.wait()

    def _location(self) -> str:
        if self.url is None:
            raise DecodeError(f"{self} is {self.state}, but the answer names no URL of its file")
        return self.url

    async def _until_over(self) -> None:
        """Return when the job is over; each who waits sleeps for itself, and one of them asks."""
        clock = self._context.clock
        while not self.over:
            errors = self._errors
            await clock.sleep(max(0.0, self._due - clock.now()))
            async with self._asking:
                if self._error is not None and self._errors > errors:
                    raise self._error
                if not self.over and clock.now() >= self._due:
                    with in_background(self._context.background):
                        await self._ask()

    async def _ask(self) -> None:
        """Ask once, and say when to ask again."""
        clock = self._context.clock
        try:
            self._result = await self._context.call(self.kind.poll, self._named())
            self._may_be_unknown, self._error = False, None
        except NotFound as error:
            if not self._may_be_unknown or clock.now() - self._begun > UNKNOWN_FOR:
                self._errors, self._error = self._errors + 1, error
                raise
        except Exception as error:
            self._errors, self._error = self._errors + 1, error
            raise
        self._told = clock.now()
        self._due = self._told + pause(self._told - self._begun, self._expected())

    def _named(self) -> dict[str, Any]:
        """Return the arguments that name the job."""
        return {**self.where, self.kind.id: self.id}

    def _expected(self) -> float:
        """Return how many seconds the job takes, as far as that is known."""
        known = getattr(self._result, self.kind.lasts, None) if self.kind.lasts else None
        return self.kind.seconds + (known if isinstance(known, int | float) else 0.0)

    def _check(self) -> None:
        """Raise JobFailed if the job ended without a result."""
        state = self.state
        if state in self.kind.failed:
            reason = (getattr(self._result, self.kind.reason, None) or "") if self.kind.reason else ""
            text = "; ".join(each for each in (reason, self.kind.hints.get(state or "")) if each)
            raise JobFailed(f"{self} is {state}{': ' if text else ''}{text}", job=self, reason=str(reason))

    def __str__(self) -> str:
        return f"the job of {self.kind.start}{f' {self.id}' if self.id else ''}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.kind.start} id={self.id!r} state={self.state!r}>"
