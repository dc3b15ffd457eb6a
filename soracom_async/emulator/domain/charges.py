"""What a fleet costs a day, in yen: calculated from its SIMs' histories, so that past days never change."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import groupby, islice
from typing import TYPE_CHECKING

from ..durations import DAY_MS
from ..state import life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.fleet import Fleet
    from ..state.sims import Sim

BASIC, TRAFFIC = "dailyChargeTotal", "dailyDataTrafficChargeTotal"
"""The bill items of an emulated fleet."""
LOOKED_AT = 10_000
"""How many SIMs of a fleet are looked at; the cost of a larger fleet is estimated from them."""

_BASIC = {"active": 10.0, "inactive": 5.0, "standby": 5.0, "suspended": 5.0}
_TRAFFIC = {"minimum": 1.0, "slow": 2.0, "standard": 3.0, "fast": 5.0, "4xfast": 8.0, "8xfast": 12.0}

Rate = tuple[float, float]
"""Basic charge and traffic of a day; of two, the greater tuple is the greater cost."""


def daily(fleet: Fleet, first: int, last: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Return what each day from `first` to `last` cost, by bill item; days are counted since 1970."""
    changes: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for sim in _looked_at(fleet):
        before: Rate = (0.0, 0.0)
        for day, rate in _rates(sim):
            change = changes[max(day, first)]
            change[0] += rate[0] - before[0]
            change[1] += rate[1] - before[1]
            before = rate
    scale = max(1.0, len(fleet) / LOOKED_AT)
    basic = traffic = 0.0
    for day in range(first, last + 1):
        basic += changes[day][0]
        traffic += changes[day][1]
        yield day, {BASIC: basic * scale, TRAFFIC: traffic * scale * _busyness(day)}


def by_sim(fleet: Fleet, first: int, last: int) -> Iterator[tuple[str, float]]:
    """Return what each SIM cost from the day `first` to the day `last`."""
    for sim in _looked_at(fleet):
        cost = 0.0
        rates = list(_rates(sim))
        for (start, rate), (end, _) in zip(rates, [*rates[1:], (last + 1, None)], strict=True):
            days = range(max(start, first), min(end, last + 1))
            cost += rate[0] * len(days) + rate[1] * sum(map(_busyness, days))
        yield sim.sim_id, cost


def _looked_at(fleet: Fleet) -> Iterator[Sim]:
    return (fleet.look(number) for number in islice(fleet.after(0), LOOKED_AT))


def _rates(sim: Sim) -> Iterator[tuple[int, Rate]]:
    """Return each rate and the day from which it holds; on the day of a change, the highest rate of the day holds."""
    rate: Rate = (0.0, 0.0)
    # Days before this operator had the SIM are free: another operator paid for them.
    taken = (sim.registered or 0) // DAY_MS
    history = life.history(sim)
    for day, moments in groupby(history, lambda moment: max(moment["applyDateTimeEpochSec"] * 1000 // DAY_MS, taken)):
        rates = [rate, *(_rate(sim.number, moment["status"], moment["speedClass"]) for moment in moments)]
        yield day, max(rates)
        rate = rates[-1]
        yield day + 1, rate


def _rate(number: int, status: str, speed_class: str) -> Rate:
    if status != "active":
        return _BASIC.get(status, 0.0), 0.0
    # Devices differ in how much they send.
    return _BASIC[status], _TRAFFIC[speed_class.rpartition(".")[2]] * (1 + number % 5)


@cache
def _busyness(day: int) -> float:
    """Return a factor for the traffic of a day: 1.0 is usual."""
    return 0.75 + (day * 2_654_435_761 % 2**32) / 2**33
