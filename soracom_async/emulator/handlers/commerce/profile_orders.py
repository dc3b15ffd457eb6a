"""Orders of eSIM profiles: an offer is valid for a day; after its confirmation, the profiles take some time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...durations import DAY_MS, SECOND_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state.sims import imsi, sim_id
from ...state.subscriptions import check
from .. import handles
from ..common import stock

if TYPE_CHECKING:
    from ...state.collections import Collection, Record

MOST = 100
"""The most profiles of one order."""
STATUS_ENDS_MS = {"CONFIRMED": SECOND_MS, "IN_PROGRESS": 10 * SECOND_MS}
"""How long after the confirmation a status ends."""
_SUBSCRIPTIONS = ("plan01s", "planP1", "planX1", "planX2", "planX3", "plan-US")
_SMDP = "smdp.emulator.test"


def _orders(call: Call) -> Collection:
    """Return the orders; those that were not confirmed within a day are removed."""
    orders = call.collection("eSIM profile order")
    for identifier, order in list(orders.items()):
        if "confirmedTime" not in order and call.now - order["orderedTime"] > DAY_MS:
            del orders[identifier]
    return orders


def _order(call: Call) -> Record:
    return _orders(call).find(call.path["profile_order_id"])


def _status(call: Call, order: Record) -> str:
    if "confirmedTime" not in order:
        return "DRAFT"
    elapsed = call.now - order["confirmedTime"]
    return next((status for status, end in STATUS_ENDS_MS.items() if elapsed < end), "COMPLETED")


def _completed_time(order: Record) -> int:
    return int(order["confirmedTime"] + max(STATUS_ENDS_MS.values()))


def _shown(call: Call, order: Record) -> dict[str, Any]:
    status = _status(call, order)
    shown = {name: value for name, value in order.items() if name != "profiles"} | {"status": status}
    return shown | ({"completedTime": _completed_time(order)} if status == "COMPLETED" else {})


@handles("createProfileOrder")
def create_order(call: Call) -> Any:
    """Offer the requested profiles."""
    body = call.body
    bundles, speed_class = body.get("bundles") or [], body.get("speedClass") or "s1.standard"
    if call.required("subscription") not in _SUBSCRIPTIONS:
        raise Refusal.invalid("there is no eSIM profile of the subscription {0}", body["subscription"])
    if not 1 <= body["quantity"] <= MOST:
        raise Refusal.invalid("{0} is not within {1} and {2}", "body.quantity", 1, MOST)
    if len(bundles) > 1:
        raise Refusal.invalid("{0} has more than {1} items", "body.bundles", 1)
    if len(body.get("description") or "") > 100:
        raise Refusal.invalid("{0} is longer than {1} characters", "body.description", 100)
    check(body["subscription"], bundles, speed_class)
    identifier = call.world.uuid()
    order = {
        "profileOrderId": identifier,
        "subscription": body["subscription"],
        "speedClass": speed_class,
        "bundles": bundles,
        "quantity": body["quantity"],
        "description": body.get("description") or "",
        "orderedTime": call.now,
    }
    return _shown(call, _orders(call).put(identifier, order))


@handles("listProfileOrders")
def list_orders(call: Call) -> Page:
    """Return the orders."""
    return call.page(_orders(call), shown=lambda order: _shown(call, order))


@handles("getProfileOrder")
def get_order(call: Call) -> Any:
    """Return an order."""
    return _shown(call, _order(call))


@handles("deleteProfileOrder")
def delete_order(call: Call) -> None:
    """Remove an offer; a confirmed order cannot be removed."""
    _draft(call)
    _orders(call).take(call.path["profile_order_id"])


@handles("confirmProfileOrder")
def confirm_order(call: Call) -> Any:
    """Order the offered profiles; the SIMs are in the fleet from now on."""
    order = _draft(call)
    order["confirmedTime"] = call.now
    order["profiles"] = [
        {"number": _new_sim(call, order), "matchingId": call.world.secret(20).upper()} for _ in range(order["quantity"])
    ]
    return _shown(call, order)


def _draft(call: Call) -> Record:
    order = _order(call)
    if "confirmedTime" in order:
        raise Refusal.not_possible("the order is confirmed")
    return order


def _new_sim(call: Call, order: Record) -> int:
    made = stock.make(call, order["subscription"], order["bundles"], "profilePackage")
    return stock.register(call, made["number"], speed_class=order["speedClass"]).number


@handles("listOrderedProfiles")
def list_profiles(call: Call) -> Any:
    """Return the profiles of an order; there are none before it is completed."""
    order = _order(call)
    if _status(call, order) != "COMPLETED":
        return []
    time = _completed_time(order)
    return [
        {
            "profileOrderId": order["profileOrderId"],
            "iccid": sim_id(profile["number"]),
            "imsi": imsi(profile["number"]),
            "subscription": order["subscription"],
            "matchingId": profile["matchingId"],
            "smdpAddress": _SMDP,
            "activationCode": f"LPA:1${_SMDP}${profile['matchingId']}",
            "profileStatus": "SUBSCRIBER_REGISTRATION_SUCCEEDED",
            "createdTime": time,
            "lastModifiedTime": time,
        }
        for profile in order["profiles"]
    ]
