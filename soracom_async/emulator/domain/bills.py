"""An operator's bills: what its fleet cost in a month, less the coupons that it has."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from ..durations import DAY_MS
from ..state.activity import SLOT_MS
from . import charges
from .dates import (
    beginning,
    day_of,
    later,
    month_of,
    month_text,
)
from .money import Money, money_of
from .usage import MONTHS

if TYPE_CHECKING:
    from ..state.accounts import Operator
    from ..state.collections import Record

COUPON = "coupon"
"""The kind of a coupon that the operator has registered."""
PAID_AFTER = timedelta(days=10)
"""How long after its month a bill is paid."""


@define(slots=True)
class Bill:
    """What a month cost."""

    month: date
    money: Money
    closed: bool
    """Whether the month is over."""
    days: dict[date, dict[str, float]] = field(factory=dict)
    """By day, what each bill item cost."""
    spent: dict[str, float] = field(factory=dict)
    """What was taken from each coupon, by its code."""

    @property
    def items(self) -> dict[str, float]:
        """What each bill item cost."""
        names = (charges.BASIC, charges.TRAFFIC)
        return {name: self.money.round(sum(day[name] for day in self.days.values())) for name in names}

    @property
    def coupon_amount(self) -> float:
        """The part that coupons pay."""
        return self.money.round(sum(self.spent.values()))

    @property
    def amount(self) -> float:
        """The part that is left to pay."""
        return self.money.round(sum(self.items.values()) - self.coupon_amount)

    @property
    def paid_time(self) -> int:
        """When it is paid, or was."""
        return beginning(later(self.month, 1) + PAID_AFTER)


@frozen(slots=True)
class Account:
    """What an operator's fleet cost, and what its coupons paid of it."""

    bills: dict[date, Bill]
    """By month, oldest first; a month that cost nothing has none."""
    balances: dict[str, float]
    """What is left of each coupon, by its code."""


def account(operator: Operator, now: int) -> Account:
    """Calculate the bills of the months that can be asked for; the present month is the last one."""
    coupons = operator.collection(COUPON)
    present = month_of(now)
    oldest = later(present, -MONTHS)
    # What coupons paid before the months that are shown reduces their balances, too.
    first = min([oldest, *(month_of(coupon["registeredTime"]) for coupon in coupons.values())])
    bills = _bills(operator, now, first, present)
    balances: dict[str, float] = {code: coupon["amount"] for code, coupon in coupons.items()}
    for bill in bills.values():
        _spend(bill, coupons, balances)
    shown = {month: bill for month, bill in bills.items() if month >= oldest and any(bill.items.values())}
    return Account(shown, balances)


def _bills(operator: Operator, now: int, first: date, present: date) -> dict[date, Bill]:
    money = money_of(operator)
    bills: dict[date, Bill] = {}
    costs: dict[str, int] = {}
    for number, added in charges.daily(operator, beginning(first) // DAY_MS, now // DAY_MS, now // SLOT_MS):
        day = day_of(number * DAY_MS)
        month = day.replace(day=1)
        if month not in bills:
            bills[month] = Bill(month, money, month < present)
            costs = dict.fromkeys(added, 0)
        # Rounded is what the month cost until the day, not each day for itself: so its days add up to its bill.
        before = {name: money.of_nano(cost) for name, cost in costs.items()}
        costs = {name: costs[name] + cost for name, cost in added.items()}
        bills[month].days[day] = {name: money.round(money.of_nano(cost) - before[name]) for name, cost in costs.items()}
    return bills


def _spend(bill: Bill, coupons: dict[str, Record], balances: dict[str, float]) -> None:
    """Pay a bill with the coupons that are valid in its month, the oldest first."""
    unpaid = bill.items
    for code, coupon in coupons.items():
        if month_of(coupon["registeredTime"]) <= bill.month and month_text(bill.month) <= coupon["expiryYearMonth"]:
            for name in unpaid:
                if coupon["billItemName"] in (None, name):
                    used = min(balances[code], unpaid[name])
                    unpaid[name] -= used
                    balances[code] = bill.money.round(balances[code] - used)
                    bill.spent[code] = bill.spent.get(code, 0) + used
