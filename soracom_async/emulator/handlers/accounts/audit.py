"""The audit log: what the operator's users called, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._registry import load
from ...protocol.messages import Page
from ...service.call import Call
from ...state.paging import first_page, no_such_key, number_in
from .. import handles

if TYPE_CHECKING:
    from ...state.world import AuditEntry


@handles("getApiAuditLogs")
def get_api_audit_logs(call: Call) -> Page:
    """Return a page of the calls; failed logins belong to no operator."""
    limit, before = call.limit(), _position(call)
    kind = call.query.get("api_kind")
    first, last = call.query.get("from_epoch_ms"), call.query.get("to_epoch_ms")

    def asked_for(served: AuditEntry) -> bool:
        return (
            served.operator == call.operator.id
            and served.operation is not None
            and (before is None or (served.time, served.number) < before)
            and (first is None or served.time >= first)
            and (last is None or served.time <= last)
            and (kind is None or _kind(served.operation) == kind)
        )

    found, next_key = first_page(filter(asked_for, reversed(call.world.served)), limit, key=_key_of)
    return Page.of([_entry(each) for each in found], next_key)


def _key_of(served: AuditEntry) -> str:
    """Return the time, which is the API's own key, and the number, because one moment can have several entries."""
    return f"{served.time}_{served.number}"


def _position(call: Call) -> tuple[int, int] | None:
    """Return the time and the number of the entry before which the page begins."""
    key = call.query.get("last_evaluated_key")
    if not key:
        return None
    time, line, number = key.partition("_")
    place = number_in(time), number_in(number) if line else 0
    known = any(
        (served.time, served.number if line else 0) == place
        for served in call.world.served
        if served.operator == call.operator.id
    )
    if not known and not call.gave(key):
        raise no_such_key()
    return place


def _kind(operation: str) -> str:
    return f"/v1{load(operation).path}"


def _entry(served: AuditEntry) -> dict[str, Any]:
    assert served.operation is not None  # noqa: S101
    entry = {
        "apiKind": _kind(served.operation),
        "operatorId": served.operator,
        "remoteIpAddress": served.address,
        "requestPath": served.path,
        "requestedTimeEpocMs": served.time,  # misspelt by the service; the API document has `Epoch`
        "statusCode": served.status,
    }
    return entry | ({"userName": served.user} if served.user is not None else {})
