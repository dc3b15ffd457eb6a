"""Batch jobs: many calls of one API in one request. Each call is really made.

Times are in seconds. The document does not state the unit; its examples have seconds.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import attrs

from ...._registry import load
from ...domain import permissions
from ...durations import SECOND_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page, decode, encode
from ...protocol.texts import Text
from ...service import validation
from ...service.areas import area_of
from ...service.call import Call
from ...service.routing import Router
from ...state.collections import visible
from .. import HANDLERS, handles
from ..common.listings import listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...state.collections import Record

APIS = (
    "activateSim", "deactivateSim", "setSimToStandby", "suspendSim", "setSimGroup", "unsetSimGroup", "putSimTags",
    "putVirtualPrivateGatewayIpAddressMapEntry",
)  # fmt: skip
"""The operations that a task may call."""
MOST = 10_000
"""The most tasks of one job."""
PREPARATION_MS, TASK_MS = 1000, 100
"""How long a job takes before its first task, and how long each task takes."""


@handles("listBatchGroups")
def list_groups(call: Call) -> Page:
    """Return the batch groups."""
    return call.page(call.collection("batch group"))


@handles("createBatchGroup")
def create_group(call: Call) -> Any:
    """Make a batch group."""
    group = {
        "batchGroupId": call.world.uuid(),
        "batchGroupName": call.body["batchGroupName"],
        "description": call.body.get("description"),
        "createdTime": call.now // SECOND_MS,
        "updatedTime": call.now // SECOND_MS,
    }
    return call.collection("batch group").put(group["batchGroupId"], group)


@handles("getBatchGroup")
def get_group(call: Call) -> Any:
    """Return a batch group."""
    return _group(call)


@handles("updateBatchGroup")
def update_group(call: Call) -> Any:
    """Change the name or the description of a batch group."""
    group = _group(call)
    said = {name: call.body.get(name) for name in ("batchGroupName", "description")}
    group |= {name: value for name, value in said.items() if value is not None} | {"updatedTime": call.now // SECOND_MS}
    return group


@handles("deleteBatchGroup")
def delete_group(call: Call) -> None:
    """Remove a batch group with its jobs; refuse if one of them is running."""
    jobs = _jobs(call)
    if any(_running(call, job) for job in jobs):
        raise Refusal.not_possible("a job of the batch group is running")
    for job in jobs:
        call.collection("batch job").take(job["jobId"])
    call.collection("batch group").take(call.path["batch_group_id"])


@handles("listBatchJobs")
def list_jobs(call: Call) -> Page:
    """Return the jobs of a batch group."""
    return listing(call, [_present(call, job) for job in _jobs(call)], "jobId")


@handles("createBatchJob")
def create_job(call: Call) -> Any:
    """Start a job.

    Its calls are made at once, so that they are made even if nobody looks at the job. The status of the job and of its
    tasks follows the clock.
    """
    group, requests = _group(call), [task["request"] for task in call.body["tasks"]]
    if not 1 <= len(requests) <= MOST:
        raise Refusal.invalid("the number of items in {0} is not within {1} and {2}", "body.tasks", 1, MOST)
    routes = [_route(request, number) for number, request in enumerate(requests)]
    apis = {operation.id for operation, _ in routes}
    if len(apis) > 1:
        raise Refusal.invalid("the tasks call different APIs")
    (api,) = apis
    if any(job["_api"] == api and _running(call, job) for job in call.collection("batch job").values()):
        raise Refusal.not_possible("a job that calls {0} is running", api)
    job = {
        "batchGroupId": group["batchGroupId"],
        "jobId": call.world.uuid(),
        "jobName": call.body.get("jobName"),
        "description": call.body.get("description"),
        "abortOnFailure": bool(call.body.get("abortOnFailure")),
        "createdTime": call.now // SECOND_MS,
        "_begun": call.now,
        "_api": api,
        "_requests": requests,
        "_responses": [],
    }
    call.collection("batch job").put(job["jobId"], job)
    for request, (operation, path) in zip(requests, routes, strict=True):
        response = _response(attrs.evolve(call, operation=operation, path=path, query={}), request)
        job["_responses"].append(response)
        if job["abortOnFailure"] and _failed(response):
            break
    return _present(call, job)


@handles("getBatchJob")
def get_job(call: Call) -> Any:
    """Return a job."""
    return _present(call, _job(call))


@handles("listTasksOfBatchJob")
def list_tasks(call: Call) -> Page:
    """Return the tasks of a job."""
    status = call.query.get("status")
    return listing(call, _tasks(call, _job(call)), "taskId", lambda task: status in (None, task["status"]))


@cache
def _router() -> Router:
    return Router(map(load, APIS))


def _route(request: Record, number: int) -> tuple[Any, dict[str, str]]:
    """Return the operation that a task calls, and its path parameters."""
    try:
        return _router().match(request.get("method") or "", request.get("path") or "")
    except Refusal:
        raise Refusal.invalid("{0} calls an API that is not available to batches", f"body.tasks[{number}]") from None


def _response(call: Call, request: Record) -> Record:
    """Make the call of a task, with the permissions of the job's user, and return its answer."""
    try:
        permissions.check(call.world, call.signed_in, call.operation, call.path, call.request)
        call.body = validation.check_body(call.operation, encode(request.get("body") or {}))
        answer = HANDLERS[call.operation.id](call)
    except Refusal as refusal:
        return {"statusCode": refusal.status, "body": refusal.body(call.request.language, area_of(call.operation))}
    return {"statusCode": call.operation.status, "body": decode(encode(answer))}


def _failed(response: Record) -> bool:
    return bool(response["statusCode"] >= 400)


def _group(call: Call) -> Record:
    return call.collection("batch group").find(call.path["batch_group_id"])


def _jobs(call: Call) -> list[Record]:
    """Return the jobs of the batch group of the path."""
    group_id = _group(call)["batchGroupId"]
    return [job for job in call.collection("batch job").values() if job["batchGroupId"] == group_id]


def _job(call: Call) -> Record:
    job = call.collection("batch job").find(call.path["job_id"])
    if job["batchGroupId"] != call.path["batch_group_id"]:
        raise Refusal.not_found("batch job", job["jobId"])
    return job


def _end(job: Record) -> int:
    """Return when a job ends, in milliseconds."""
    return int(job["_begun"] + PREPARATION_MS + TASK_MS * len(job["_responses"]))


def _running(call: Call, job: Record) -> bool:
    return call.now < _end(job)


def _tasks(call: Call, job: Record) -> Iterator[Record]:
    """Return the tasks of a job in their present state."""
    for number, request in enumerate(job["_requests"]):
        task = {"taskId": number + 1, "request": request, "status": "pending"}
        begin = job["_begun"] + PREPARATION_MS + TASK_MS * number
        if number < len(job["_responses"]) and begin <= call.now:
            task["startedTime"] = begin // SECOND_MS
            if begin + TASK_MS <= call.now:
                response = job["_responses"][number]
                status = "error" if _failed(response) else "success"
                task |= {"finishedTime": (begin + TASK_MS) // SECOND_MS, "status": status, "response": response}
        yield task


def _present(call: Call, job: Record) -> Record:
    """Return a job in its present state."""
    done = min(max((call.now - job["_begun"] - PREPARATION_MS) // TASK_MS, 0), len(job["_responses"]))
    errors = sum(map(_failed, job["_responses"][:done]))
    summary = {"pending": len(job["_requests"]) - done, "success": done - errors, "error": errors}
    if _running(call, job):
        status = "pending" if call.now < job["_begun"] + PREPARATION_MS else "running"
    elif summary["pending"]:
        status = "aborted"
    else:
        status = "failed" if errors else "completed"
    over = status in ("aborted", "failed", "completed")
    told = Text("{0} of {1} tasks failed.", errors, len(job["_requests"])).within(call.request.language)
    return visible(job) | {
        "status": status,
        "summary": summary,
        "updatedTime": min(call.now, _end(job)) // SECOND_MS,
        "finishedTime": _end(job) // SECOND_MS if over else None,
        "errorMessage": told if over and errors else None,
    }
