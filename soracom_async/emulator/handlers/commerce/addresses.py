"""Where orders are shipped to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.catalog import ABROAD, area_of
from ...service.call import Call
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Record

KIND = "shipping address"
_SHOWN = (
    "zipCode", "state", "city", "addressLine1", "addressLine2", "building", "companyName", "department", "fullName",
    "phoneNumber", "countryCode",
)  # fmt: skip


def on_label(address: Record) -> Record:
    """Return an address as an order shows it: without what is empty."""
    return {name: value for name, value in address.items() if value}


def _kept(address: Record) -> Record:
    """Return an address to be stored. If it names no country, a prefecture is in Japan."""
    country = address.get("countryCode") or (None if area_of(address["state"]) == ABROAD else "JP")
    return address | {"countryCode": country}


def _shown(identifier: str, address: Record) -> Record:
    # An answer always has a telephone number, even if none was given.
    return {
        "shippingAddressId": identifier,
        "shippingArea": area_of(address["state"]),
        "phoneNumber": "",
    } | {name: address[name] for name in _SHOWN if address.get(name) is not None}


@handles("createShippingAddress")
def create_address(call: Call) -> Any:
    """Add an address."""
    identifier = call.world.uuid()
    return _shown(identifier, call.collection(KIND).put(identifier, _kept(call.body)))


@handles("listShippingAddresses")
def list_addresses(call: Call) -> Any:
    """Return all addresses."""
    return {"shippingAddresses": [_shown(*each) for each in call.collection(KIND).items()]}


@handles("getShippingAddress")
def get_address(call: Call) -> Any:
    """Return an address."""
    identifier = call.path["shipping_address_id"]
    return _shown(identifier, call.collection(KIND).find(identifier))


@handles("updateShippingAddress")
def update_address(call: Call) -> None:
    """Replace an address; earlier orders keep the old one."""
    identifier = call.path["shipping_address_id"]
    call.collection(KIND).find(identifier)
    call.collection(KIND)[identifier] = _kept(call.body)


@handles("deleteShippingAddress")
def delete_address(call: Call) -> None:
    """Remove an address."""
    call.collection(KIND).take(call.path["shipping_address_id"])
