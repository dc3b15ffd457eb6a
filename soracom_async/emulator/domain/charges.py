"""What an operator's SIMs cost: a basic charge of each day, and a charge of each byte. All sums are of nano-yen."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ..durations import DAY_S
from ..state.activity import SLOTS
from ..state.sims import imsi
from .ledger import ledger_of
from .prices import NANO, byte_charge
from .usage import inserted, uses_inserted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.accounts import Operator
    from .totals import Sums
    from .usage import Amounts

BASIC, TRAFFIC = "dailyChargeTotal", "dailyDataTrafficChargeTotal"
"""The bill items of an emulated fleet. Requests to Beam cost nothing."""


class Line(NamedTuple):
    """A line of a detailed bill: of a SIM and a day, or of all SIMs that are only estimated."""

    imsi: str
    """Empty for the estimated SIMs."""
    day: int
    """Days since 1970."""
    item: str
    price: int
    """Of one day or of one byte."""
    quantity: int

    @property
    def cost(self) -> int:
        """The price of all of it."""
        return self.price * self.quantity


def daily(operator: Operator, first: int, last: int, until: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Return what each day from `first` to `last` cost, by bill item; of the slots before `until`."""
    used = ledger_of(operator).all
    added: defaultdict[int, int] = defaultdict(int)
    for number in map(int, inserted(operator, "air")):
        for at, amounts in uses_inserted(operator, "air", number):
            added[at // DAY_S] += sum(price * size for price, size in _inserted_sizes(amounts))
    for day in range(first, last + 1):
        charge, traffic = used.day(day, until)
        yield day, {BASIC: charge * NANO, TRAFFIC: sum(price * size for price, size in _sizes(traffic)) + added[day]}


def by_sim(operator: Operator, first: int, last: int, until: int) -> Iterator[tuple[int, int]]:
    """Return what each SIM that is looked at cost from the day `first` to the day `last`, by its number."""
    costs: defaultdict[int, int] = defaultdict(int)
    for use in ledger_of(operator).uses():
        traffic = use.traffic(first * SLOTS, min((last + 1) * SLOTS, until))
        costs[use.number] += sum(use.charges(first, last)) * NANO + sum(price * size for price, size in _sizes(traffic))
    for number in map(int, inserted(operator, "air")):
        for at, amounts in uses_inserted(operator, "air", number):
            if first <= at // DAY_S <= last:
                costs[number] += sum(price * size for price, size in _inserted_sizes(amounts))
    return iter(costs.items())


def lines(operator: Operator, first: int, last: int, until: int) -> Iterator[Line]:
    """Return the lines of the days from `first` to `last`, SIM by SIM."""
    ledger, days = ledger_of(operator), range(first, last + 1)
    for use in sorted(ledger.uses(), key=lambda use: use.number):
        name = imsi(use.number)
        for day, charge in zip(days, use.charges(first, last), strict=True):
            yield from _lines(name, day, charge, use.traffic(day * SLOTS, min((day + 1) * SLOTS, until)))
    for number in map(int, inserted(operator, "air")):
        for at, amounts in uses_inserted(operator, "air", number):
            if (day := at // DAY_S) in days:
                yield from (Line(imsi(number), day, TRAFFIC, price, size) for price, size in _inserted_sizes(amounts))
    for day in days:
        yield from _lines("", day, *ledger.all.rest(day, until))


def _lines(name: str, day: int, charge: int, traffic: Sums) -> Iterator[Line]:
    if charge:
        yield Line(name, day, BASIC, charge * NANO, 1)
    for price, size in _sizes(traffic):
        yield Line(name, day, TRAFFIC, price, size)


def _sizes(traffic: Sums) -> Iterator[tuple[int, int]]:
    """Return the price of a byte and the bytes of each speed class."""
    return ((byte_charge(name), up + down) for name, (up, _, down, _) in traffic.items())


def _inserted_sizes(amounts: Amounts) -> Iterator[tuple[int, int]]:
    return (
        (byte_charge(name), counts["uploadByteSizeTotal"] + counts["downloadByteSizeTotal"])
        for name, counts in amounts.items()
    )
