"""Summaries: how many SIMs there are of each status."""

from __future__ import annotations

from typing import Any

from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

STATUSES = ("ready", "active", "inactive", "standby", "suspended")
"""The statuses that are counted; terminated SIMs are not."""


@handles("getResourceSummary")
def get(call: Call) -> Any:
    """Count the SIMs."""
    kind, fleet = call.path["resource_summary_type"], call.operator.fleet
    if kind != "simsPerStatus":
        raise Refusal.not_found("resource summary", kind)
    counts = fleet.statuses()
    values = [{"name": f"{status}Sims", "value": counts[status]} for status in STATUSES]
    item = {"dimensions": [], "updatedTime": call.now, "values": values}
    return {"resourceSummaryType": kind, "resourceSummaryItems": [item]}
