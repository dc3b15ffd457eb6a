"""Bills of past months and of the present one, costs by day, and summaries of the highest costs."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Any

from ...domain import charges
from ...domain.bills import Bill, account
from ...domain.dates import (
    beginning,
    day_of,
    day_text,
    later,
    month_of,
    month_text,
    second_text,
)
from ...domain.money import money_of
from ...durations import DAY_MS
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.activity import SLOT_MS
from ...state.sims import sim_id
from .. import handles
from ..common.exports import export, table
from ..common.payments import transaction_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

SUMMED_UP_MONTHS = 4
"""How many months the summaries have."""
TOP = 100
"""How many SIMs the summary of SIMs has."""


def _bill(call: Call) -> Bill:
    """Return the bill of the month that the path names."""
    month = call.path["yyyy_mm"]
    bill = next(
        (bill for bill in account(call.operator, call.now).bills.values() if month_text(bill.month) == month), None
    )
    if bill is None:
        raise Refusal.absent("There is no bill of {0}.", month)
    return bill


def _shown(call: Call, bill: Bill) -> dict[str, Any]:
    month = month_text(bill.month)
    shown = {
        "yearMonth": month,
        "amount": bill.amount,
        "appliedCouponAmount": bill.coupon_amount,
        "currency": bill.money.code,
        "state": "closed" if bill.closed else "temporary",
    }
    if not bill.closed:
        return shown
    status = "paid" if call.now >= bill.paid_time else "paying"
    return shown | {"paymentStatus": status, "paymentTransactionId": transaction_id(call, bill)}


@handles("getBillingHistory")
def history(call: Call) -> Any:
    """Return the bills of past months, newest first."""
    closed = [_shown(call, bill) for bill in account(call.operator, call.now).bills.values() if bill.closed]
    return {"billList": closed[::-1]}


@handles("getBilling")
def get_bill(call: Call) -> Any:
    """Return the bill of a month."""
    return _shown(call, _bill(call))


@handles("getBillingPerDay")
def per_day(call: Call) -> Any:
    """Return the costs of each day of a month, without coupons."""
    bill = _bill(call)
    days = [
        {"date": day_text(day), "amount": bill.money.round(sum(items.values())), "currency": bill.money.code}
        for day, items in bill.days.items()
    ]
    return {"billList": days}


@handles("getLatestBilling")
def latest(call: Call) -> Any:
    """Return the costs of the present month so far."""
    bill = account(call.operator, call.now).bills.get(month_of(call.now))
    return {
        "amount": bill.amount if bill else 0,
        "currency": money_of(call.operator).code,
        "lastEvaluatedTime": second_text(call.now),
    }


@handles("exportBilling")
def export_bill(call: Call) -> Any:
    """Export a month's bill in detail."""
    return _export(call, _bill(call).month)


@handles("exportLatestBilling")
def export_latest(call: Call) -> Any:
    """Export the present month's bill, which may have no line yet."""
    return _export(call, month_of(call.now))


def _export(call: Call, month: date) -> Any:
    """Export a line for each day, SIM and bill item, as the user guide describes the file.

    An amount is a price times a quantity, so it has a fraction; a bill is rounded for each of its items.
    """
    money = money_of(call.operator)
    rows = (
        (
            line.imsi,
            day_text(day_of(line.day * DAY_MS)),
            line.item,
            money.exactly(line.price),
            line.quantity,
            money.exactly(line.cost),
        )
        for line in charges.lines(call.operator, *_days(call, month), call.now // SLOT_MS)
    )
    columns = ("imsi", "date", "billItemName", "unitPrice", "quantity", "amount")
    return export(call, f"{month_text(month)}.csv", "\ufeff" + table(columns, rows))


def _days(call: Call, month: date) -> tuple[int, int]:
    """Return the first and the last day of a month until now, counted since 1970."""
    return beginning(month) // DAY_MS, min(beginning(later(month, 1)) // DAY_MS - 1, call.now // DAY_MS)


@handles("getBillingSummaryOfBillItems")
def by_item(call: Call) -> Any:
    """Return the costs of each bill item in the last months, the highest first."""
    bills = account(call.operator, call.now).bills

    def costs(month: date) -> list[dict[str, Any]]:
        items = bills[month].items if month in bills else {}
        return [
            {"billItemCategory": "soracomAir", "billItemName": name, "amount": cost}
            for name, cost in sorted(items.items(), key=lambda pair: -pair[1])
        ]

    return _summaries(call, costs)


@handles("getBillingSummaryOfSims")
def by_sim(call: Call) -> Any:
    """Return the SIMs with the highest costs in the last months, the highest first."""
    money = money_of(call.operator)

    def costs(month: date) -> list[dict[str, Any]]:
        every = charges.by_sim(call.operator, *_days(call, month), call.now // SLOT_MS)
        dearest = nlargest(TOP, (pair for pair in every if pair[1]), key=lambda pair: pair[1])
        return [{"simId": sim_id(number), "amount": float(money.exactly(nano))} for number, nano in dearest]

    return _summaries(call, costs)


def _summaries(call: Call, costs: Callable[[date], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the last months, newest first, each with its costs."""
    months = [later(month_of(call.now), -ago) for ago in range(SUMMED_UP_MONTHS)]
    return [
        {
            "yearMonth": month_text(month),
            "currency": money_of(call.operator).code,
            "updatedTime": min(call.now, beginning(later(month, 1))) // 1000,
            "costBreakdownList": costs(month),
        }
        for month in months
    ]
