"""Usage of SIMs: for Air and Beam what was inserted, for the other services what devices sent."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ...domain.harvest import entries, name_of
from ...domain.usage import (
    PERIODS,
    Amounts,
    summed,
    written,
)
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import imsi, sim_id
from .. import handles
from ..common.exports import export, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...state.collections import Collection

    Uses = Iterator[tuple[int, Amounts]]

COUNTED: dict[str, tuple[str, ...]] = {
    "air": ("uploadByteSizeTotal", "uploadPacketSizeTotal", "downloadByteSizeTotal", "downloadPacketSizeTotal"),
    "beam": ("count",),
}
"""The counts of the services whose usage is inserted."""
MAPS = {"air": "dataTrafficStatsMap"} | {name: f"{name}StatsMap" for name in ("beam", "funk", "funnel", "harvest")}
SENT = {"funk": "funk_outAwsLambda", "funnel": "funnel_outAwsKinesis", "harvest": "harvest_inHttp"}
"""The names under which the other services count what a device sent; all three count the same."""
SENDERS = 1000
"""The most SIMs in an export of the other services, since seeded data are made when they are read."""
AIR_COLUMNS = (
    "type", "uploadByteSizeTotal", "uploadPacketCountTotal", "downloadByteSizeTotal", "downloadPacketCountTotal",
)  # fmt: skip


def service_of(call: Call) -> str:
    """Return the service that an operation is about: `air`."""
    return call.operation.path.partition("/stats/")[2].partition("/")[0]


def inserted(call: Call, service: str) -> Collection:
    """Return the inserted usage: by the SIM's number, then by the second."""
    return call.collection(f"{service} stats")


def uses(call: Call, service: str, number: int) -> Uses:
    """Return each use of a service by a SIM, with its time in seconds."""
    if service in COUNTED:
        return ((int(at), amounts) for at, amounts in inserted(call, service).get(str(number), {}).items())
    sent = entries(call.operator, name_of("Sim", sim_id(number)))
    return ((entry["time"] // 1000, {SENT[service]: {"count": 1}}) for entry in sent)


def users(call: Call, service: str) -> Iterator[int]:
    """Return the numbers of the SIMs that may have used a service."""
    if service in COUNTED:
        return map(int, inserted(call, service))
    return islice(call.operator.fleet.after(0), SENDERS)


def second(call: Call, given: dict[str, Any], name: str) -> int:
    """Return the given Unix time in seconds; the present time if there is none."""
    at = given.get(name)
    return call.now // 1000 if at is None else int(at)


def span(call: Call, given: dict[str, Any], periods: Iterable[str] = tuple(PERIODS)) -> tuple[str, int, int]:
    """Return the period of the sums, and the first and the last second."""
    period = given.get("period") or "month"
    if period not in periods:
        raise Refusal.invalid("{0} is none of {1}", "period", periods)
    first, last = second(call, given, "from"), second(call, given, "to")
    if first > last:
        raise Refusal.invalid("{0} is later than {1}", "from", "to")
    return period, first, last


@handles("getAirStats", "getAirStatsOfSim", "getBeamStats", "getFunkStats", "getFunnelStats", "getHarvestStats")
def of_sim(call: Call) -> Any:
    """Return the usage of a service by a SIM."""
    service = service_of(call)
    period, first, last = span(call, call.query)
    found = summed(uses(call, service, call.sim_number()), period, first, last)
    return [
        {"unixtime": at, MAPS[service]: amounts} | ({"date": written(period, at)} if service in COUNTED else {})
        for at, amounts in found.items()
    ]


@handles("getAirStatsOfGroup", "getAirStatsOfOperator")
def of_many(call: Call) -> Any:
    """Return the traffic of all SIMs, or of those that are in a group now."""
    group_id, fleet = call.path.get("group_id"), call.operator.fleet
    if group_id is not None:
        call.operator.groups.get(group_id)
    period, first, last = span(call, call.query, ("month", "day"))
    numbers = (
        number
        for number in users(call, "air")
        if group_id is None or (number in fleet and fleet.look(number).group_id == group_id)
    )
    found = summed((use for number in numbers for use in uses(call, "air", number)), period, first, last)
    return [
        {"unixtime": at}
        | {name: sum(counts[name] for counts in amounts.values()) for name in COUNTED["air"] if "Byte" in name}
        for at, amounts in found.items()
    ]


@handles("exportAirStats", "exportBeamStats", "exportFunkStats", "exportFunnelStats", "exportHarvestStats")
def export_all(call: Call) -> Any:
    """Export the usage of a service by all SIMs."""
    service = service_of(call)
    period, first, last = span(call, call.body)
    rows = (
        (imsi(number), written(period, at), kind, *counts.values())
        for number in users(call, service)
        for at, amounts in summed(uses(call, service, number), period, first, last).items()
        for kind, counts in amounts.items()
    )
    columns = AIR_COLUMNS if service == "air" else (f"soracom{service.capitalize()}Type", "count")
    return export(call, f"{service}-stats.csv", table(("imsi", "date", *columns), rows))


@handles("getHarvestExportedDataStats", "getNapterAuditLogsExportedDataStats")
def exported_data(call: Call) -> Any:
    """Return how much was exported in a month, which is always nothing."""
    return {"yearMonth": call.query.get("year_month") or written("month", call.now // 1000), "exportedBytes": 0}
