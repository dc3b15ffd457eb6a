"""Coupons: made by the sandbox and registered by their codes, or bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain import charges
from ...domain.bills import COUPON, account
from ...domain.dates import later, month_of, month_text
from ...domain.money import money_of
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.quotations import confirm, quote
from ..common.stock import collection_with

if TYPE_CHECKING:
    from ...state.collections import Record

UNREGISTERED = "unregistered coupon"
QUOTATION = "coupon quotation"
MOST = 1_000_000
"""The greatest amount of a coupon."""
VALID_MONTHS = 12
"""How long a coupon is valid if the request does not say it."""


@handles("sandboxCreateCoupon")
def create_coupon(call: Call) -> Any:
    """Make a coupon that no operator has registered yet."""
    amount = call.body.get("amount")
    if amount is None:
        amount = 1000
    _check_amount(amount)
    code = call.world.secret(16)
    coupon = {
        "couponCode": code,
        "amount": amount,
        "billItemName": call.body.get("applicableBillItemName") or charges.BASIC,
        "expiryYearMonth": call.body.get("expiryYearMonth") or _expiry(call),
    }
    return call.collection(UNREGISTERED).put(code, coupon) | {"balance": amount}


@handles("registerCoupon")
def register_coupon(call: Call) -> Any:
    """Register a coupon that no operator has registered yet."""
    code = call.path["coupon_code"]
    collection = collection_with(call.world, UNREGISTERED, code)
    if collection is None or collection[code]["expiryYearMonth"] < month_text(month_of(call.now)):
        raise Refusal.unknown("coupon", code)
    _keep(call, collection.take(code))
    return _coupons(call)[code]


@handles("listCoupons")
def list_coupons(call: Call) -> Any:
    """Return the coupons with their balances."""
    return {"couponList": list(_coupons(call).values())}


@handles("createCouponQuotation")
def create_quotation(call: Call) -> Any:
    """Offer a coupon that is valid for every bill item."""
    money, amount = money_of(call.operator), call.body["amount"]
    _check_amount(amount)
    terms = {
        "amount": amount,
        "currency": money.code,
        "expiryYearMonth": _expiry(call),
        "taxAmount": money.tax(amount),
        "totalAmount": money.taxed(amount),
    }
    return quote(call, QUOTATION, terms)


@handles("confirmCouponOrder")
def confirm_order(call: Call) -> Any:
    """Buy the coupon, which is registered at once; a second confirmation changes nothing."""
    offer, new = confirm(call, QUOTATION)
    if new:
        offer["couponCode"] = call.world.secret(16)
        terms = {name: offer["terms"][name] for name in ("orderId", "amount", "expiryYearMonth")}
        _keep(call, terms | {"couponCode": offer["couponCode"], "billItemName": None})
    return _coupons(call)[offer["couponCode"]]


def _check_amount(amount: float) -> None:
    if not 0 < amount <= MOST:
        raise Refusal.invalid("{0} is not more than {1} and at most {2}", "body.amount", 0, MOST)


def _expiry(call: Call) -> str:
    return month_text(later(month_of(call.now), VALID_MONTHS))


def _keep(call: Call, coupon: Record) -> None:
    call.collection(COUPON).put(coupon["couponCode"], coupon | {"registeredTime": call.now})


def _coupons(call: Call) -> dict[str, Record]:
    """Return the operator's coupons as the API shows them, by their codes."""
    money, balances = money_of(call.operator), account(call.operator, call.now).balances
    names = ("couponCode", "amount", "billItemName", "expiryYearMonth", "orderId")
    return {
        code: {name: coupon[name] for name in names if coupon.get(name) is not None}
        | {"balance": balances[code], "currency": money.code}
        for code, coupon in call.collection(COUPON).items()
    }
