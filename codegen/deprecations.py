"""What to use instead of an operation that is deprecated: the document says it, if at all, in prose."""

from __future__ import annotations

INSTEAD = {
    "attachArcSimCredentials": "sims.renew_arc_credentials",
    "searchSubscribers": "query.sims",
}


def advice(operation_id: str) -> str:
    """Return the message of the warning."""
    instead = INSTEAD.get(operation_id)
    return f"{operation_id} is deprecated" + (f": use {instead}" if instead else "")
