"""Packet captures of a SIM: a session from its request to its file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .. import life
from ..messages import Page
from ..refusals import Refusal
from . import Call, handles
from .sims import number_in


def _sessions(call: Call) -> dict[str, dict[str, Any]]:
    return call.operator.fleet.look(number_in(call)).captures


def _session(call: Call) -> dict[str, Any]:
    """Return the session of the path, brought up to now."""
    session_id = call.path["session_id"]
    session = _sessions(call).get(session_id)
    if session is None:
        raise Refusal("OPR0001", session_id)
    return _present(call, session)


def _present(call: Call, session: dict[str, Any]) -> dict[str, Any]:
    if session["status"] == "CAPTURING" and call.now - session["_begun"] >= session["duration"] * 1000:
        session |= {"status": "DONE", "endedTime": _iso(session["_begun"] + session["duration"] * 1000)}
    return session


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _shown(session: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in session.items() if name[0] != "_"}


@handles("createSimPacketCaptureSession")
def create(call: Call) -> Any:
    """Begin to capture."""
    sim = call.operator.fleet.change(number_in(call))
    life.usable(sim)
    if not 30 <= call.body["duration"] <= 86_400:
        raise Refusal("COM0003", "body.duration is not within 30 and 86400")
    session = {
        "sessionId": call.world.uuid(),
        "status": "CAPTURING",
        "duration": call.body["duration"],
        "prefix": call.body.get("prefix") or "",
        "createdTime": _iso(call.now),
        "startedTime": _iso(call.now),
        "_begun": call.now,
    }
    sim.captures[session["sessionId"]] = session
    return _shown(session)


@handles("listSimPacketCaptureSessions")
def list_sessions(call: Call) -> Page:
    """Return all captures, oldest first."""
    found = list(_sessions(call).values())
    keys = [session["sessionId"] for session in found]
    key = call.query.get("last_evaluated_key")
    first = keys.index(key) + 1 if key in keys else 0
    last = first + call.limit()
    page = [_shown(_present(call, session)) for session in found[first:last]]
    return Page.of(page, keys[last - 1] if last < len(found) else None)


@handles("getSimPacketCaptureSession")
def get(call: Call) -> Any:
    """Return a capture."""
    return _shown(_session(call))


@handles("stopSimPacketCaptureSession")
def stop(call: Call) -> Any:
    """End a capture before its time."""
    session = _session(call)
    if session["status"] != "CAPTURING":
        raise Refusal("SIM0002", session["status"], "STOPPED")
    session |= {"status": "STOPPED", "endedTime": _iso(call.now)}
    return _shown(session)


@handles("deleteSimPacketCaptureSession")
def delete(call: Call) -> Any:
    """Remove a capture that is over."""
    session = _session(call)
    if session["status"] == "CAPTURING":
        raise Refusal("SIM0002", session["status"], "deleted")
    del _sessions(call)[session["sessionId"]]
    return _shown(session)
