"""Usage of SIMs: of Air and Beam what the devices used and what was inserted; of other services what devices sent."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...domain.harvest import entries, name_of
from ...domain.ledger import ledger_of, uses_of
from ...domain.usage import (
    COUNTED,
    PERIODS,
    Amounts,
    add,
    counted,
    inserted,
    periods,
    sent,
    summed,
    uses_inserted,
    written,
)
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.sims import imsi, sim_id
from .. import handles
from ..common.exports import export, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...domain.traffic import Use

MAPS = {"air": "dataTrafficStatsMap"} | {name: f"{name}StatsMap" for name in ("beam", "funk", "funnel", "harvest")}
SENT = {"funk": "funk_outAwsLambda", "funnel": "funnel_outAwsKinesis", "harvest": "harvest_inHttp"}
"""The names under which the other services count what a device sent; all three count the same."""
SENDERS = 1000
"""The most SIMs in an export of the other services, since seeded data are made when they are read."""
MOST_EXPORTED = 1_000_000
"""The most SIMs of an export of Air or Beam, times its periods. What the service does beyond is not known."""
AIR_COLUMNS = (
    "type", "uploadByteSizeTotal", "uploadPacketCountTotal", "downloadByteSizeTotal", "downloadPacketCountTotal",
)  # fmt: skip

Span = tuple[str, int, int]
"""The period of sums, and the first and the last second."""


def service_of(call: Call) -> str:
    """Return the service that an operation is about: `air`."""
    return call.operation.path.partition("/stats/")[2].partition("/")[0]


def second(call: Call, given: dict[str, Any], name: str) -> int:
    """Return the given Unix time in seconds; the present time if there is none."""
    at = given.get(name)
    return call.now // 1000 if at is None else int(at)


def span(call: Call, given: dict[str, Any], named: Iterable[str] = tuple(PERIODS)) -> Span:
    """Return the period of the sums, and the first and the last second."""
    period = given.get("period") or "month"
    if period not in named:
        raise Refusal.invalid("{0} is not one of {1}", "period", named)
    first, last = second(call, given, "from"), second(call, given, "to")
    if first > last:
        raise Refusal.invalid("{0} is later than {1}", "from", "to")
    return period, first, last


def sums(call: Call, service: str, number: int, uses: Sequence[Use], span: Span) -> dict[int, Amounts]:
    """Return what a SIM used of Air or Beam, by the beginning of each period."""
    totals = summed(uses_inserted(call.operator, service, number), *span)
    for at, start, stop in periods(*span, call.now // 1000):
        for use in uses:
            if amounts := sent(use, service, start, stop):
                add(totals.setdefault(at, {}), amounts)
    return dict(sorted(totals.items()))


@handles("getAirStats", "getAirStatsOfSim", "getBeamStats")
def of_sim(call: Call) -> Any:
    """Return the usage of Air or Beam by a SIM; that of a terminated SIM is not shown, so says the API document."""
    service, sim = service_of(call), call.operator.fleet.look(call.sim_number())
    chosen = span(call, call.query)
    found = (
        {}
        if sim.status == "terminated"
        else sums(call, service, sim.number, uses_of(call.operator, sim.number), chosen)
    )
    return [{"unixtime": at, MAPS[service]: amounts, "date": written(chosen[0], at)} for at, amounts in found.items()]


@handles("getFunkStats", "getFunnelStats", "getHarvestStats")
def of_sender(call: Call) -> Any:
    """Return the usage of another service by a SIM."""
    service = service_of(call)
    found = summed(_sendings(call, service, call.sim_number()), *span(call, call.query))
    return [{"unixtime": at, MAPS[service]: amounts} for at, amounts in found.items()]


def _sendings(call: Call, service: str, number: int) -> Iterator[tuple[int, Amounts]]:
    found = entries(call.operator, name_of("Sim", sim_id(number)))
    return ((entry["time"] // 1000, {SENT[service]: {"count": 1}}) for entry in found)


@handles("getAirStatsOfGroup", "getAirStatsOfOperator")
def of_many(call: Call) -> Any:
    """Return the traffic of all SIMs, or of those that are in a group now."""
    group_id, fleet = call.path.get("group_id"), call.operator.fleet
    if group_id is not None:
        call.operator.groups.get(group_id)
    chosen = span(call, call.query, ("month", "day"))
    totals: dict[int, Amounts] = {}
    for number in map(int, inserted(call.operator, "air")):
        if group_id is None or (number in fleet and fleet.look(number).group_id == group_id):
            for at, amounts in summed(uses_inserted(call.operator, "air", number), *chosen).items():
                add(totals.setdefault(at, {}), amounts)
    ledger = ledger_of(call.operator)
    used = ledger.all if group_id is None else ledger.of_group(group_id)
    for at, start, stop in periods(*chosen, call.now // 1000):
        if traffic := used.traffic(start, stop):
            add(totals.setdefault(at, {}), counted(traffic))
    return [
        {"unixtime": at}
        | {name: sum(counts[name] for counts in amounts.values()) for name in COUNTED["air"] if "Byte" in name}
        for at, amounts in sorted(totals.items())
    ]


@handles("exportAirStats", "exportBeamStats")
def export_all(call: Call) -> Any:
    """Export the usage of Air or Beam by all SIMs, also of those that were terminated or left."""
    service = service_of(call)
    rows = list(_rows(call, service, span(call, call.body)))
    columns = AIR_COLUMNS if service == "air" else ("soracomBeamType", "count")
    return export(call, f"{service}-stats.csv", table(("imsi", "date", *columns), rows))


def _rows(call: Call, service: str, chosen: Span) -> Iterator[tuple[Any, ...]]:
    """Return a row for each SIM, period and kind of use; those of SIMs that are only estimated have no IMSI."""
    ledger, now = ledger_of(call.operator), call.now // 1000
    uses: defaultdict[int, list[Use]] = defaultdict(list)
    for use in ledger.uses():
        uses[use.number].append(use)
    spans = list(periods(*chosen, now))
    if len(spans) * len(uses) > MOST_EXPORTED:
        raise Refusal.not_possible("the file would be too large; choose a shorter time or a longer period")
    for number in sorted({*uses, *map(int, inserted(call.operator, service))}):
        for at, amounts in sums(call, service, number, uses[number], chosen).items():
            yield from (
                (imsi(number), written(chosen[0], at), kind, *counts.values()) for kind, counts in amounts.items()
            )
    if service == "air":
        for at, start, stop in spans:
            rest = counted(ledger.all.rest_of_traffic(start, stop))
            yield from (("", written(chosen[0], at), kind, *counts.values()) for kind, counts in rest.items())


@handles("exportFunkStats", "exportFunnelStats", "exportHarvestStats")
def export_senders(call: Call) -> Any:
    """Export the usage of another service by all SIMs."""
    service = service_of(call)
    chosen = span(call, call.body)
    rows = (
        (imsi(number), written(chosen[0], at), kind, *counts.values())
        for number in islice(call.operator.fleet.after(0), SENDERS)
        for at, amounts in summed(_sendings(call, service, number), *chosen).items()
        for kind, counts in amounts.items()
    )
    return export(
        call, f"{service}-stats.csv", table(("imsi", "date", f"soracom{service.capitalize()}Type", "count"), rows)
    )


@handles("getHarvestExportedDataStats", "getNapterAuditLogsExportedDataStats")
def exported_data(call: Call) -> Any:
    """Return how much was exported in a month, which is always nothing."""
    return {"yearMonth": call.query.get("year_month") or written("month", call.now // 1000), "exportedBytes": 0}
