"""Deliveries of orders: the shipping, the SIMs in an order, and their registration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state.collections import Collection
from ...state.sims import imsi
from .. import handles
from ..common import stock
from .orders import (
    KIND,
    ordered,
    sim_products,
    status_of,
)

if TYPE_CHECKING:
    from ...state.collections import Record


@handles("sandboxShipOrder")
def ship(call: Call) -> None:
    """Ship an order, and make the SIMs in it."""
    if call.required("operatorId") != call.operator.id:
        raise Refusal.foreign_operator()
    order = call.collection(KIND).get(call.required("orderId"))
    if order is None or order["confirmedTime"] is None:
        raise Refusal.unknown("order", call.body["orderId"])
    status, _ = status_of(call, order)
    if status not in ("orderProcessing", "ordered"):
        raise Refusal.not_possible("the status of the order is {0}", status)
    order["shippedTime"] = call.now
    order["label"] = f"{call.world.random.randrange(10**12):012d}"
    order["sims"] = [
        stock.make(call, product.subscription, product.bundles, product.module_type)
        for product, quantity in sim_products(order)
        for _ in range(quantity)
    ]


@handles("listOrderedSubscribers")
def list_subscribers(call: Call) -> Page:
    """Return the SIMs of an order; there are none before it is shipped."""
    order = ordered(call, call.path["order_id"])
    sims = Collection("ordered subscriber")
    sims.update({imsi(record["number"]): record for record in order.get("sims", ())})
    page = call.page(sims, shown=lambda record: _shown(call, record))
    return Page(b'{"orderedSubscriberList":' + page.body + b"}", page.next_key)


def _shown(call: Call, record: Record) -> Any:
    sim = stock.blank(call, record)
    shown = {
        "imsi": sim.imsi,
        "simId": sim.sim_id,
        "iccid": sim.sim_id,
        "msisdn": sim.msisdn,
        "serialNumber": sim.serial_number,
        "bundles": sim.bundles or [],
    }
    # The secret is shown until the SIM is registered.
    made = stock.find(call.world, sim.number)
    return shown | ({"registrationSecret": made["secret"]} if made is not None else {})


@handles("registerOrderedSim")
def register_sims(call: Call) -> None:
    """Register the SIMs of a delivered order, with the order's initial settings."""
    order = ordered(call, call.path["order_id"])
    status, _ = status_of(call, order)
    if status != "shipped":
        raise Refusal.not_possible("the status of the order is {0}", status)
    settings = order.get("settings", {})
    for record in order["sims"]:
        if stock.find(call.world, record["number"]) is not None:
            stock.register(call, record["number"], **_fields(settings.get(record["fields"]["subscription"], {})))
    order["receivedTime"] = call.now


def _fields(setting: Record) -> dict[str, Any]:
    """Return the fields of a SIM that an initial setting sets."""
    names = {"groupId": "group_id", "speedClass": "speed_class", "tags": "tags"}
    return {field: setting[name] for name, field in names.items() if setting.get(name) is not None}
