"""Packet captures of a SIM or a VPG: a session from its request to its file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ...durations import DAY_S
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state import life
from ...state.captures import EMPTY, requested, runs, settle
from ...state.captures import stop as end
from ...state.collections import visible
from ...state.ulid import ulid
from .. import handles
from ..common.crud import find
from ..common.listings import listing

if TYPE_CHECKING:
    from ...protocol.messages import Page
    from ...state.collections import Record

SHORTEST_S, LONGEST_S = 30, DAY_S
"""How long a capture can be."""
_PREFIX = re.compile(r"[0-9A-Za-z_-]{0,100}")
"""What the name of a capture's file may begin with."""


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
    settle(session, call.now)
    return session


def _shown(call: Call, session: Record) -> Record:
    """Return a session as the API shows it; if the capture is over, with the URL of its file."""
    settle(session, call.now)
    url = {} if runs(session) else {"url": call.offer(EMPTY, "application/vnd.tcpdump.pcap")}
    return visible(session) | url


def _refusal(session: Record) -> Refusal:
    return Refusal.not_possible("the status of the packet capture is {0}", session["status"])


@handles("createSimPacketCaptureSession", "createPacketCaptureSession")
def create(call: Call) -> Any:
    """Request a capture; it begins a little later."""
    if "sim_id" in call.path:
        life.usable(call.operator.fleet.change(call.sim_number()))
    prefix = call.body.get("prefix") or ""
    if not _PREFIX.fullmatch(prefix):
        raise Refusal.invalid("{0} has characters other than letters, digits, _ and -, or is too long", "body.prefix")
    if not SHORTEST_S <= call.body["duration"] <= LONGEST_S:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.duration", SHORTEST_S, LONGEST_S)
    session_id = ulid(call.now, call.world.random.getrandbits(64))
    session = requested(session_id, call.operator.id, call.body["duration"], prefix, call.now)
    _sessions(call)[session_id] = session
    return _shown(call, session)


@handles("listSimPacketCaptureSessions", "listPacketCaptureSessions")
def list_sessions(call: Call) -> Page:
    """Return all captures, oldest first."""
    call.query.setdefault("limit", 10)
    if call.query.get("last_evaluated_key") == "null":  # the declared default of the listing of a VPG
        del call.query["last_evaluated_key"]
    return listing(call, (_shown(call, each) for each in _sessions(call).values()), "sessionId")


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
    end(session, call.now)
    return _shown(call, session)


@handles("deleteSimPacketCaptureSession", "deletePacketCaptureSession")
def delete(call: Call) -> Any:
    """Remove a capture that is over."""
    session = _session(call)
    if runs(session):
        raise _refusal(session)
    del _sessions(call)[session["sessionId"]]
    return visible(session)
