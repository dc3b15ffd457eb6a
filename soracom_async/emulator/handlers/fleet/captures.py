"""Packet captures of a SIM or a VPG: a session from its request to its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.wire import iso, visible
from ...durations import DAY_S, SECOND_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state import life
from .. import handles
from ..common.crud import find
from ..common.listings import listing

if TYPE_CHECKING:
    from ...protocol.messages import Page
    from ...state.collections import Record

SHORTEST_S, LONGEST_S = 30, DAY_S
"""How long a capture can be."""
EMPTY = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000065000000")
"""A capture file without packets: the header of a pcap file of IP packets."""


def _sessions(call: Call) -> dict[str, Record]:
    """Return the captures of the SIM or the VPG of the path."""
    if "sim_id" in call.path:
        return call.operator.fleet.look(call.sim_number()).captures
    sessions: dict[str, Record] = find(call)["_captures"]
    return sessions


def _session(call: Call) -> Record:
    """Return the session of the path, in its present state."""
    session_id = call.path["session_id"]
    session = _sessions(call).get(session_id)
    if session is None:
        raise Refusal.not_found("packet capture", session_id)
    return _present(call, session)


def _present(call: Call, session: Record) -> Record:
    end = session["_begun"] + session["duration"] * SECOND_MS
    if session["status"] == "CAPTURING" and call.now >= end:
        session |= {"status": "DONE", "endedTime": iso(end)}
    return session


def _shown(call: Call, session: Record) -> Record:
    """Return a session as the API shows it; if the capture is over, with the URL of its file."""
    url = {} if session["status"] == "CAPTURING" else {"url": call.offer(EMPTY, "application/vnd.tcpdump.pcap")}
    return visible(session) | url


def _refusal(session: Record) -> Refusal:
    return Refusal.not_possible("the status of the packet capture is {0}", session["status"])


@handles("createSimPacketCaptureSession", "createPacketCaptureSession")
def create(call: Call) -> Any:
    """Start a capture."""
    if "sim_id" in call.path:
        life.usable(call.operator.fleet.change(call.sim_number()))
    if not SHORTEST_S <= call.body["duration"] <= LONGEST_S:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.duration", SHORTEST_S, LONGEST_S)
    session = {
        "sessionId": call.world.uuid(),
        "status": "CAPTURING",
        "duration": call.body["duration"],
        "prefix": call.body.get("prefix") or "",
        "createdTime": call.now / SECOND_MS,
        "startedTime": iso(call.now),
        "_begun": call.now,
    }
    _sessions(call)[session["sessionId"]] = session
    return _shown(call, session)


@handles("listSimPacketCaptureSessions", "listPacketCaptureSessions")
def list_sessions(call: Call) -> Page:
    """Return all captures, oldest first."""
    call.query.setdefault("limit", 10)
    if call.query.get("last_evaluated_key") == "null":  # the declared default of the listing of a VPG
        del call.query["last_evaluated_key"]
    return listing(call, (_shown(call, _present(call, each)) for each in _sessions(call).values()), "sessionId")


@handles("getSimPacketCaptureSession", "getPacketCaptureSession")
def get(call: Call) -> Any:
    """Return a capture."""
    return _shown(call, _session(call))


@handles("stopSimPacketCaptureSession", "stopPacketCaptureSession")
def stop(call: Call) -> Any:
    """End a capture before its time."""
    session = _session(call)
    if session["status"] != "CAPTURING":
        raise _refusal(session)
    session |= {"status": "STOPPED", "endedTime": iso(call.now)}
    return _shown(call, session)


@handles("deleteSimPacketCaptureSession", "deletePacketCaptureSession")
def delete(call: Call) -> Any:
    """Remove a capture that is over."""
    session = _session(call)
    if session["status"] == "CAPTURING":
        raise _refusal(session)
    del _sessions(call)[session["sessionId"]]
    return visible(session)
