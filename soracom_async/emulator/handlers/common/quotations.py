"""Offers: made, then confirmed within a month. The confirmation buys the offered product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain.dates import second_text
from ...durations import DAY_MS
from ...protocol.errors import Refusal
from .payments import pay

if TYPE_CHECKING:
    from ...service.call import Call
    from ...state.collections import Record

VALID_MS = 30 * DAY_MS
"""How long an offer is valid."""


def quote(call: Call, kind: str, terms: Record) -> Record:
    """Make an offer, and return its terms with the identifier of the order that it may become.

    The identifier has the time of the offer, as those of the service's orders had in 2019.
    """
    order_id = f"{second_text(call.now)}_{call.world.random.getrandbits(32):08x}"
    terms = {"orderId": order_id} | terms
    call.collection(kind).put(order_id, {"terms": terms, "quotedTime": call.now, "confirmedTime": None})
    return terms


def confirm(call: Call, kind: str) -> tuple[Record, bool]:
    """Accept the offer that the path names, and return it, and whether it had not been accepted before."""
    offer = call.collection(kind).find(call.path["order_id"])
    if offer["confirmedTime"] is not None:
        return offer, False
    if call.now - offer["quotedTime"] > VALID_MS:
        raise Refusal.not_possible("the quotation is older than a month")
    offer["confirmedTime"] = call.now
    pay(call, offer["terms"])
    return offer, True
