"""Diagnoses of a SIM: requested, and done a few seconds later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...durations import DAY_MS, SECOND_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state import life
from ...state.collections import visible
from .. import handles
from .transfers import number_named

if TYPE_CHECKING:
    from ...state.sims import Sim

DIAGNOSIS_MS = 5 * SECOND_MS
"""How long a diagnosis takes."""


def insights(sim: Sim) -> list[dict[str, Any]]:
    """Return the insights about a SIM."""
    found: list[tuple[str, str, str, str, int | None]] = []
    if sim.status != "active":
        found.append(("sim-not-active", "sim", "warning", f"The SIM is {sim.status}.", sim.modified))
    if not sim.online:
        found.append(("session-offline", "session", "warning", "The SIM has no session.", sim.session_time))
    if life.locked_out(sim):
        found.append(("imei-locked", "session", "error", "The SIM is bound to another device.", sim.session_time))
    return [
        {
            "insightId": insight_id,
            "category": category,
            "severity": severity,
            "message": message,
            "anomalyDetectedTimes": [] if at is None else [str(at)],
            "referenceUrls": [],
        }
        for insight_id, category, severity, message, at in found
        or [("no-anomaly", "others", "none", "Nothing is the matter.", None)]
    ]


@handles("sendDiagnosticRequest")
def send(call: Call) -> Any:
    """Request a diagnosis."""
    asked = call.body
    for name, only in (("service", "Air"), ("resourceType", "sim")):
        if asked[name] != only:
            raise Refusal.invalid("{0} is not one of {1}", f"body.{name}", only)
    sim = call.operator.fleet.look(number_named(call, call.required("resourceId")))
    end = call.now if asked.get("to") is None else asked["to"]
    start = end - DAY_MS if asked.get("from") is None else asked["from"]
    if start > end:
        raise Refusal.invalid("{0} is later than {1}", "body.from", "body.to")
    diagnostic_id = call.world.uuid()
    record = {name: asked[name] for name in ("service", "resourceType", "resourceId")} | {
        "diagnosticId": diagnostic_id,
        "from": start,
        "to": end,
        "_doneTime": call.now + DIAGNOSIS_MS,
        "_insights": insights(sim),
    }
    return _shown(call, call.collection("diagnostic").put(diagnostic_id, record))


@handles("getDiagnostic")
def get(call: Call) -> Any:
    """Return a diagnosis, or that it is in progress."""
    return _shown(call, call.collection("diagnostic").find(call.path["diagnostic_id"]))


def _shown(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    done = call.now >= record["_doneTime"]
    return visible(record) | {
        "status": "done" if done else "diagnosing",
        "insights": record["_insights"] if done else [],
    }
