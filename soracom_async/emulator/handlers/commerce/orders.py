"""Orders of products: offered, confirmed, cancelled or shipped, received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.catalog import (
    PRODUCTS,
    Product,
    area_of,
    shipping_cost,
    shipping_costs,
)
from ...domain.dates import day_of, day_text, second_text
from ...domain.money import Money, money_of
from ...protocol.errors import Refusal
from ...service.call import Call
from ...state.subscriptions import check
from .. import handles
from ..common.payments import PAYMENT, PAYMENT_MS
from ..common.quotations import confirm, quote
from . import addresses

if TYPE_CHECKING:
    from ...state.collections import Record

KIND = "order"


@handles("listProducts")
def list_products(call: Call) -> Any:
    """Return the products; there is no campaign."""
    money = money_of(call.operator)
    products = [] if call.query.get("campaign_code") else [product.shown(money) for product in PRODUCTS.values()]
    return {"productList": products, "shippingCostList": shipping_costs(money)}


@handles("createQuotation")
def create_quotation(call: Call) -> Any:
    """Offer the requested products, with a price."""
    items = [_item(item, money_of(call.operator)) for item in call.body.get("orderItemList") or ()]
    if not items:
        raise Refusal.invalid("{0} is empty", "body.orderItemList")
    address_id = call.required("shippingAddressId")
    address = call.collection(addresses.KIND).find(address_id)
    delivery = call.body.get("preferredDeliveryDate")
    if delivery and delivery < day_text(day_of(call.now)):
        raise Refusal.invalid("{0} is in the past", "body.preferredDeliveryDate")
    terms = {
        "email": call.operator.email,
        "orderChannel": "api",
        "orderItemList": items,
        "shippingAddressId": address_id,
        "shippingAddress": addresses.on_label(address),
        "appliedShippingOptions": call.body.get("shippingOptions") or [],
    }
    terms |= {"preferredDeliveryDate": delivery} if delivery else {}
    return quote(call, KIND, terms | _amounts(items, address, money_of(call.operator)))


def _amounts(items: list[Record], address: Record, money: Money) -> Record:
    """Return the costs of an order."""
    shipping = shipping_cost(area_of(address["state"]), money)
    net = sum(item["productAmount"] for item in items) + shipping
    return {
        "currency": money.code,
        "containsTaxIncludedAmounts": True,
        "shippingCost": shipping,
        "taxOnShippingCost": True,
        "taxIncludedInShippingCost": money.tax(shipping),
        "taxAmount": money.tax(net),
        "withholdingTaxAmount": 0,
        "totalAmount": money.taxed(net),
        "balanceDue": money.taxed(net),
    }


def _item(item: Record, money: Money) -> Record:
    code, quantity = item.get("productCode"), item.get("quantity")
    product = PRODUCTS.get(code or "")
    if product is None:
        raise Refusal.unknown("product", code)
    if quantity is None or not 1 <= quantity <= product.most:
        raise Refusal.invalid("the quantity of {0} is not within {1} and {2}", code, 1, product.most)
    amount = money.round(money.of(product.price) * quantity)
    return {
        "product": product.shown(money),
        "quantity": quantity,
        "productAmount": amount,
        "taxIncludedProductAmount": money.taxed(amount),
    }


def ordered(call: Call, order_id: str) -> Record:
    """Return an order that was confirmed; raises Refusal (404) if there is none."""
    order = call.collection(KIND).find(order_id)
    if order["confirmedTime"] is None:
        raise Refusal.not_found(KIND, order_id)
    return order


def sim_products(order: Record) -> list[tuple[Product, int]]:
    """Return the products of an order that have SIMs, and how many SIMs there are of each."""
    items = ((PRODUCTS[item["product"]["productCode"]], item["quantity"]) for item in order["terms"]["orderItemList"])
    return [(product, quantity * product.sims) for product, quantity in items if product.subscription]


def status_of(call: Call, order: Record) -> tuple[str, str]:
    """Return the status of an order, and of its payment."""
    for status, payment in (("cancelled", "cancelled"), ("received", "paid"), ("shipped", "paid")):
        if f"{status}Time" in order:
            return status, payment
    return ("ordered", "paid") if call.now >= order["confirmedTime"] + PAYMENT_MS else ("orderProcessing", "paying")


def order_shown(call: Call, order: Record) -> Any:
    """Return an order as the API shows it."""
    status, payment = status_of(call, order)
    shown = order["terms"] | {
        "orderStatus": status,
        "paymentStatus": payment,
        "orderDateTime": second_text(order["confirmedTime"]),
        "resourceInitialSetting": {"simInitialSettings": order.get("settings", {})},
    }
    if "shippedTime" in order:
        label = order["label"]
        shown |= {
            "shippingDateTime": second_text(order["shippedTime"]),
            "shippingLabelNumber": label,
            "shippingLabelNumbers": [label],
            "shippingLabelDetails": [{"shipmentCompany": "Emulated Parcels", "trackingNumber": label}],
        }
    return shown


@handles("listOrders")
def list_orders(call: Call) -> Any:
    """Return the orders that were confirmed, oldest first."""
    orders = call.collection(KIND).values()
    return {"orderList": [order_shown(call, order) for order in orders if order["confirmedTime"] is not None]}


@handles("getOrder")
def get_order(call: Call) -> Any:
    """Return an order."""
    return order_shown(call, ordered(call, call.path["order_id"]))


@handles("confirmOrder")
def confirm_order(call: Call) -> Any:
    """Turn an offer into an order; a second confirmation changes nothing, and a cancelled order stays cancelled."""
    if "cancelledTime" in call.collection(KIND).find(call.path["order_id"]):
        raise Refusal.not_possible("the status of the order is {0}", "cancelled")
    order, _ = confirm(call, KIND)
    return order_shown(call, order)


@handles("cancelOrder")
def cancel_order(call: Call) -> None:
    """Cancel an order that is not shipped yet; an offer is only removed."""
    order = call.collection(KIND).find(call.path["order_id"])
    if order["confirmedTime"] is None:
        call.collection(KIND).take(call.path["order_id"])
        return
    if "shippedTime" in order:
        raise Refusal.not_possible("the order is shipped")
    order["cancelledTime"] = call.now
    call.collection(PAYMENT).pop(call.path["order_id"], None)


@handles("updateOrderedResourceInitialSetting")
def set_initial_settings(call: Call) -> Any:
    """Set the initial settings of an order's SIMs, which apply when they are registered."""
    order = ordered(call, call.path["order_id"])
    status, _ = status_of(call, order)
    if status in ("cancelled", "received"):
        raise Refusal.not_possible("the status of the order is {0}", status)
    settings = call.body.get("simInitialSettings") or {}
    for subscription, setting in settings.items():
        if subscription not in [product.subscription for product, _ in sim_products(order)]:
            raise Refusal.invalid("the order has no SIM of the subscription {0}", subscription)
        check(subscription, speed_class=setting.get("speedClass"))
        if setting.get("groupId") is not None:
            call.operator.groups.get(setting["groupId"])
    order["settings"] = settings
    return order_shown(call, order)
