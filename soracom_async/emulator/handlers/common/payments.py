"""An operator's payment method, and its payments: for orders, and for the bills of past months."""

from __future__ import annotations

import json
import uuid
from random import Random
from typing import TYPE_CHECKING

from ...domain.bills import account
from ...domain.dates import month_text, second_text
from ...domain.money import money_of
from ...durations import MINUTE_MS

if TYPE_CHECKING:
    from ...domain.bills import Bill
    from ...service.call import Call
    from ...state.collections import Record

CARD = "************4242"
"""The card of every operator; the API cannot register another one."""
METHOD = "payment method"
PAYMENT = "payment"
"""The kind of the payment of an order; its identifier is the order's."""
PAYMENT_MS = MINUTE_MS
"""How long the payment of an order takes."""


def payment_method(call: Call) -> Record:
    """Return the operator's payment method. Every operator has one, since the API cannot register a card."""
    method: Record = call.operator.records.setdefault(
        METHOD,
        {
            "providerType": "WebPay",
            "properties": json.dumps({"number": CARD}),
            "updateDate": second_text(call.operator.created),
        },
    )
    return method


def pay(call: Call, terms: Record) -> None:
    """Start the payment of an order, unless it is free."""
    if terms["totalAmount"]:
        items = [item["product"]["productName"] for item in terms.get("orderItemList", ())]
        payment = {
            "orderId": terms["orderId"],
            "time": call.now + PAYMENT_MS,
            "tax": terms["taxAmount"],
            "total": terms["totalAmount"],
            "items": items,
        }
        call.collection(PAYMENT).put(terms["orderId"], payment)


def payments(call: Call) -> dict[str, Record]:
    """Return the payments until now, by the identifiers of their transactions, oldest first."""
    money = money_of(call.operator)
    made = dict(call.collection(PAYMENT))
    for month, bill in account(call.operator, call.now).bills.items():
        if bill.closed and bill.amount:
            made[transaction_id(call, bill)] = {
                "months": [month_text(month)],
                "time": bill.paid_time,
                "tax": money.tax(bill.amount),
                "total": money.taxed(bill.amount),
                "items": [name for name, cost in bill.items.items() if cost],
            }
    paid = [(identifier, payment) for identifier, payment in made.items() if payment["time"] <= call.now]
    return dict(sorted(paid, key=lambda pair: pair[1]["time"]))


def transaction_id(call: Call, bill: Bill) -> str:
    """Return the identifier of the payment of a month's bill: its time to the millisecond, and a UUID, as in 2019."""
    random = Random(f"{call.operator.id} payment {month_text(bill.month)}")
    moment = f"{second_text(bill.paid_time)}{random.randrange(1000):03d}"
    return f"{moment}_{uuid.UUID(int=random.getrandbits(128), version=4)}"
