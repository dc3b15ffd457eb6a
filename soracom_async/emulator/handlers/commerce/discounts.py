"""Volume discounts: available terms, offers, contracts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...domain.dates import (
    day_in,
    day_of,
    day_text,
    later,
    month_of,
    second_text,
)
from ...domain.money import Money, money_of
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.quotations import confirm, quote

if TYPE_CHECKING:
    from ...state.collections import Record

KIND = "volume discount"
QUOTATION = "volume discount quotation"
MOST = 1_000_000
"""The most SIMs of a contract."""

_YEN_A_MONTH = {
    "SORACOM_AIR_BASIC_CHARGE": 300,
    "SORACOM_AIR_BASIC_CHARGE_V2": 270,
    "SORACOM_AIR_MONTHLY_FIXED_BASIC_CHARGE": 400,
}
_LESS_FOR_LONGER = {12: 0.1, 24: 0.2, 36: 0.3}
"""The discount by the months of the contract."""
_LESS_FOR_PAYMENT = {"MONTHLY": 0.0, "PREPAYMENT": 0.05}


def _unit_prices(money: Money) -> dict[tuple[str, str, int], float]:
    """Return the monthly price of a SIM, for all available terms."""
    return {
        (kind, payment, months): money.of(yen * (1 - less - still_less))
        for kind, yen in _YEN_A_MONTH.items()
        for payment, still_less in _LESS_FOR_PAYMENT.items()
        for months, less in _LESS_FOR_LONGER.items()
    }


@handles("listAvailableDiscounts")
def list_available(call: Call) -> Any:
    """Return all available terms."""
    money = money_of(call.operator)
    available = [
        {
            "volumeDiscountType": kind,
            "volumeDiscountPaymentType": payment,
            "contractTermMonth": months,
            "currency": money.code,
            "unitPrice": price,
            "taxIncludedUnitPrice": money.taxed(price),
        }
        for (kind, payment, months), price in _unit_prices(money).items()
    ]
    return {"availableLongTermDiscounts": available}


@handles("createVolumeDiscountQuotation")
def create_quotation(call: Call) -> Any:
    """Offer a contract; it begins with the next month if the request names no other."""
    money, body = money_of(call.operator), call.body
    kind, payment, months = (
        call.required(name) for name in ("volumeDiscountType", "volumeDiscountPaymentType", "contractTermMonth")
    )
    price = _unit_prices(money).get((kind, payment, months))
    if price is None:
        raise Refusal.invalid(
            "the volume discount {0} with the payment type {1} is not available for {2} months", kind, payment, months
        )
    if not 1 <= body["quantity"] <= MOST:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.quantity", 1, MOST)
    today = day_of(call.now)
    start = day_in(body["startDate"]) if body.get("startDate") else later(month_of(call.now), 1)
    if start is None or not today <= start <= later(today, 12):
        raise Refusal.invalid("{0} is not a day of the next {1} months, written {2}", "body.startDate", 12, "YYYYMMDD")
    initial = money.round(price * body["quantity"] * months) if payment == "PREPAYMENT" else 0
    discount = {
        "volumeDiscountType": kind,
        "volumeDiscountPaymentType": payment,
        "contractTermMonth": months,
        "quantity": body["quantity"],
        "currency": money.code,
        "unitPrice": price,
        "taxIncludedUnitPrice": money.taxed(price),
        "initialCost": initial,
        "taxIncludedInitialCost": money.taxed(initial),
        "startDate": day_text(start),
        "endDate": day_text(later(start, months) - timedelta(days=1)),
    }
    terms = {
        "currency": money.code,
        "taxAmount": money.tax(initial),
        "totalAmount": money.taxed(initial),
        "volumeDiscount": discount,
    }
    return quote(call, QUOTATION, terms)


@handles("confirmVolumeDiscountOrder")
def confirm_order(call: Call) -> Any:
    """Conclude the contract; a second confirmation changes nothing."""
    offer, new = confirm(call, QUOTATION)
    if new:
        offer["contractId"] = call.world.uuid()
        terms = {name: value for name, value in offer["terms"]["volumeDiscount"].items() if "taxIncluded" not in name}
        contract = terms | {"contractId": offer["contractId"], "contractDateTime": second_text(call.now)}
        call.collection(KIND).put(offer["contractId"], contract)
    return _shown(call, call.collection(KIND).find(offer["contractId"]))


@handles("listVolumeDiscounts")
def list_contracts(call: Call) -> Any:
    """Return the contracts."""
    return {"volumeDiscountList": [_shown(call, contract) for contract in call.collection(KIND).values()]}


@handles("getVolumeDiscount")
def get_contract(call: Call) -> Any:
    """Return a contract."""
    contract = call.collection(KIND).get(call.path["contract_id"])
    if contract is None:
        raise Refusal.unknown("volume discount", call.path["contract_id"])
    return _shown(call, contract)


def _shown(call: Call, contract: Record) -> dict[str, Any]:
    return contract | {"status": "active" if day_text(day_of(call.now)) <= contract["endDate"] else "expired"}
