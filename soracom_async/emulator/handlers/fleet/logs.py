"""Error logs: a few errors of services with data of devices, from the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...durations import HOUR_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import imsi
from .. import handles
from ..common.timelines import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...protocol.messages import Page

SERVICES = {
    "Air": "the session was refused",
    "Beam": "the destination did not answer",
    "Funk": "the function ended with an error",
    "Funnel": "the credentials were not accepted",
    "Harvest": "the data are too large",
    "Napter": "the device did not answer",
    "Orbit": "the soralet ended with an error",
    "Unified": "no service is configured",
}
"""The message of each service."""
TYPES = ("Subscriber", "Device", "LoraDevice", "SigfoxDevice")
SEEDED = 24
"""How many SIMs had an error, one an hour, before their operator signed up."""


def errors(call: Call) -> Iterator[dict[str, Any]]:
    """Return all errors."""
    operator = call.operator
    for place, number in enumerate(operator.fleet.numbers[:SEEDED]):
        service, complaint = list(SERVICES.items())[place % len(SERVICES)]
        yield {
            "operatorId": operator.id,
            "resourceType": "Subscriber",
            "resourceId": imsi(number),
            "service": service,
            "logLevel": "error",
            "time": operator.created - (place + 1) * HOUR_MS,
            "body": {"message": complaint},
        }


@handles("getLogs")
def get(call: Call) -> Page:
    """Return the errors of a resource, of a service, or all, newest first."""
    asked = {
        "resourceType": ("resource_type", TYPES),
        "resourceId": ("resource_id", None),
        "service": ("service", SERVICES),
    }
    wanted = {}
    for field, (name, known) in asked.items():
        value = call.query.get(name)
        if value is not None:
            if known is not None and value not in known:
                raise Refusal.invalid("{0} is not one of {1}", name, known)
            wanted[field] = value
    return timeline(call, (entry for entry in errors(call) if wanted.items() <= entry.items()), "time")
