"""Usage of Air and Beam that a client inserts, as in the API Sandbox."""

from __future__ import annotations

from ...domain.usage import COUNTED, inserted
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from .stats import MAPS, second, service_of


@handles("sandboxInsertAirStats", "sandboxInsertBeamStats")
def insert(call: Call) -> None:
    """Insert the usage of a SIM at a time; there can be only one entry for a time."""
    service, number = service_of(call), call.sim_number()
    amounts = call.required(MAPS[service])
    if not all(isinstance(counts, dict | None) for counts in amounts.values()):
        raise Refusal.invalid("{0} has a value that is not an object", f"body.{MAPS[service]}")
    at = str(second(call, call.body, "unixtime"))
    entries = inserted(call.operator, service).setdefault(str(number), {})
    if at in entries:
        raise Refusal.invalid("an entry of the time {0} exists already", at)
    entries[at] = {
        kind: {counted: counts.get(counted) or 0 for counted in COUNTED[service]}
        for kind, counts in amounts.items()
        if counts is not None
    }
