"""What can become of a job, apart from its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..errors import SoracomError

if TYPE_CHECKING:
    from .job import Job


class JobError(SoracomError):
    """A job has no result, or none yet: `job` is the job, `state` what the service says of it.

    A copy that was pickled has no `job`, which belongs to a session.
    """

    job: Job

    def __init__(self, message: str, *, job: Job) -> None:
        super().__init__(message)
        self.job = job
        self.state: str | None = job.state

    def __reduce__(self) -> tuple[object, ...]:
        restore, (kind, args, state) = cast("tuple[object, tuple[Any, ...]]", super().__reduce__())
        return restore, (kind, args, {name: value for name, value in state.items() if name != "job"})


class JobFailed(JobError):
    """The job ended without a result, or its result is gone; `reason` says why, empty if the service does not."""

    def __init__(self, message: str, *, job: Job, reason: str = "") -> None:
        super().__init__(message, job=job)
        self.reason = reason


class JobTimeout(JobError):
    """The job is still under way after the time that it was waited for: it goes on, and can be waited for again."""
