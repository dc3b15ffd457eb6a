"""Soralets: code in versions, its test runs and its log. The emulator runs no code: a test returns its input."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...protocol.texts import Named
from ...service.call import Call
from ...state.collections import visible
from .. import handles
from ..common.timelines import timeline

if TYPE_CHECKING:
    from ...protocol.messages import Page
    from ...state.collections import Record

SORALETS, VERSIONS, SIZE, LOGS = 20, 10, 4 << 20, 1000
"""The most soralets of an operator, versions of a soralet, bytes of a version, and entries of a log."""


def _soralet(call: Call) -> Record:
    return call.collection("soralet").find(call.path["soralet_id"])


@handles("listSoralets")
def list_soralets(call: Call) -> Page:
    """Return the soralets, oldest first."""
    call.query.setdefault("sort", "asc")
    return timeline(call, call.collection("soralet").values(), "createdTime", tie="soraletId", shown=visible)


@handles("createSoralet")
def create(call: Call) -> None:
    """Make a soralet without code."""
    soralet_id, collection = call.body["soraletId"], call.collection("soralet")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", soralet_id):
        raise Refusal.invalid("{0} is not 1 to 100 letters, digits, underscores and hyphens", "body.soraletId")
    if len(collection) >= SORALETS:
        raise Refusal.not_possible("there are {0} soralets already", SORALETS)
    if soralet_id in collection:
        raise Refusal.not_possible("the {0} exists already", Named("soralet", soralet_id))
    soralet = {
        "soraletId": soralet_id,
        "operatorId": call.operator.id,
        "description": call.body.get("description"),
        "createdTime": call.now,
        "updatedTime": call.now,
        "_made": 0,
        "_versions": {},
        "_said": 0,
        "_logs": [],
    }
    collection.put(soralet_id, soralet)


@handles("getSoralet")
def get(call: Call) -> Any:
    """Return a soralet."""
    return visible(_soralet(call))


@handles("deleteSoralet")
def delete(call: Call) -> None:
    """Remove a soralet with all its versions."""
    call.collection("soralet").take(call.path["soralet_id"])


@handles("uploadSoraletCode")
def upload(call: Call) -> Any:
    """Make the next version; the numbers of deleted versions are not used again."""
    soralet, code = _soralet(call), call.body
    if not 0 < len(code) <= SIZE:
        raise Refusal.invalid("the size of the body is not within {0} and {1} bytes", 1, SIZE)
    if len(soralet["_versions"]) >= VERSIONS:
        raise Refusal.not_possible("there are {0} versions already", VERSIONS)
    soralet["_made"] += 1
    number, soralet_id, operator = soralet["_made"], soralet["soraletId"], call.operator
    soralet["updatedTime"] = call.now
    soralet["_versions"][str(number)] = version = {
        "soraletId": soralet_id,
        "operatorId": operator.id,
        "version": number,
        "size": len(code),
        "hash": hashlib.sha256(code).hexdigest(),
        "srn": f"srn:soracom:{operator.id}:{operator.coverages[0]}:Soralet:{soralet_id}/{number}",
        "createdTime": call.now,
    }
    return version


@handles("listSoraletVersions")
def list_versions(call: Call) -> Page:
    """Return the versions, newest first."""
    return timeline(call, _soralet(call)["_versions"].values(), "createdTime", tie="version")


@handles("deleteSoraletVersion")
def delete_version(call: Call) -> None:
    """Remove a version."""
    soralet = _soralet(call)
    del soralet["_versions"][str(_version(soralet, call.path["version"])["version"])]


def _version(soralet: Record, name: str) -> Record:
    """Return the version with a number, or the latest one."""
    versions = soralet["_versions"]
    number = max(map(int, versions), default=0) if name == "$LATEST" else name
    try:
        version: Record = versions[str(number)]
    except KeyError:
        raise Refusal.not_found("version", name) from None
    return version


@handles("testSoralet")
def run(call: Call) -> Any:
    """Answer like code that returns its input; the source of the payload makes no difference."""
    soralet, body = _soralet(call), call.body
    if body["direction"] not in ("uplink", "downlink"):
        raise Refusal.invalid("{0} is not one of {1}", "body.direction", ("uplink", "downlink"))
    number = _version(soralet, call.required("version"))["version"]
    soralet["_said"] += 1
    entry = {
        "soraletId": soralet["soraletId"],
        "operatorId": call.operator.id,
        "version": number,
        "message": f"{body['direction']}: {len(body['payload'])} characters of {body['contentType']}",
        "createdTime": call.now,
        "_number": f"{soralet['_said']:012}",
    }
    soralet["_logs"] = [*soralet["_logs"], entry][-LOGS:]
    return {
        "resultCode": 0,
        "body": body["payload"],
        "contentType": body["contentType"],
        "encodingType": body.get("encodingType") or "text",
    }


@handles("getSoraletLogs")
def logs(call: Call) -> Page:
    """Return what was logged, newest first."""
    return timeline(call, _soralet(call)["_logs"], "createdTime", tie="_number", shown=visible)
