"""Gadgets: devices with a contract; product and serial number identify them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from ...durations import DAY_MS
from ...protocol.errors import Refusal
from ...protocol.messages import Page
from ...service.call import Call
from ...state.world import EPOCH
from .. import handles
from ..common.crud import (
    KINDS,
    Kind,
    collection_of,
    page,
    registrable,
)

if TYPE_CHECKING:
    from random import Random

    from ...state.collections import Record

PRODUCTS = ("button", "wimax")


def _gadget(product_id: str, serial_number: str, operator_id: str, at: int, tags: dict[str, str]) -> Record:
    return {
        "id": f"{product_id}/{serial_number}",
        "productId": product_id,
        "serialNumber": serial_number,
        "operatorId": operator_id,
        "status": "active",
        "tags": tags,
        "attributes": {},
        "terminationEnabled": False,
        "createdTime": at,
        "lastModifiedTime": at,
        "terminatedTime": None,
    }


def _seeded(dice: Random, operator_id: str, number: int) -> tuple[str, Record]:
    product_id = PRODUCTS[number % 2]
    born = EPOCH * 1000 - dice.randrange(1, 400) * DAY_MS
    gadget = _gadget(
        product_id, f"{dice.getrandbits(48):012X}", operator_id, born, {"name": f"{product_id}-{number + 1}"}
    )
    if product_id == "wimax":
        digits = "".join(dice.choices("0123456789", k=26))
        gadget["attributes"] = {
            "wimaxIccid": f"898130{digits[:13]}",
            "wimaxImei": f"35{digits[13:]}",
            "wimaxBillingStartDate": "20250101",
        }
    return gadget["id"], gadget


KINDS["Gadget"] = Kind("gadget", ("product_id", "serial_number"), iso=False, seeded=_seeded)


@handles("listGadgets")
def list_gadgets(call: Call) -> Page:
    """Return the gadgets; the key of the next page has a slash, and is percent-encoded in both directions."""
    product_id, key = call.query.get("product_id"), call.query.get("last_evaluated_key")
    call.query["last_evaluated_key"] = unquote(key or "")
    found = page(call, lambda gadget: product_id in (None, gadget["productId"]))
    return Page(found.body, quote(found.next_key, safe="") if found.next_key else None)


@handles("registerGadget")
def register(call: Call) -> Any:
    """Register a gadget that no operator has."""
    gadget_id, product_id, serial_number = registrable(call), call.path["product_id"], call.path["serial_number"]
    if product_id not in PRODUCTS or not serial_number.isalnum():
        raise Refusal.not_found("gadget", gadget_id)
    tags = dict(call.body.get("tags") or {})
    return collection_of(call).put(gadget_id, _gadget(product_id, serial_number, call.operator.id, call.now, tags))
