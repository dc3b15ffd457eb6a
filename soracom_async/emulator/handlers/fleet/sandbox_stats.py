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
    amounts = call.body.get(MAPS[service])
    if not amounts:
        raise Refusal.invalid(f"body.{MAPS[service]} is missing")
    if not all(isinstance(counts, dict | None) for counts in amounts.values()):
        raise Refusal.invalid(f"body.{MAPS[service]} has something else than an object")
    at = str(second(call, call.body, "unixtime"))
    entries = inserted(call, service).setdefault(str(number), {})
    if at in entries:
        raise Refusal.invalid(f"there is an entry of {at} already")
    entries[at] = {
        kind: {counted: counts.get(counted) or 0 for counted in COUNTED[service]}
        for kind, counts in amounts.items()
        if counts is not None
    }
