"""Where orders are shipped to."""

from __future__ import annotations

from typing import Any

from ...domain.catalog import area_of
from ...service.call import Call
from .. import handles

KIND = "shipping address"
_SHOWN = (
    "zipCode", "state", "city", "addressLine1", "addressLine2", "building", "companyName", "department", "fullName",
    "phoneNumber",
)  # fmt: skip


def _shown(identifier: str, address: dict[str, Any]) -> dict[str, Any]:
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
    return _shown(identifier, call.collection(KIND).put(identifier, call.body))


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
    call.collection(KIND)[identifier] = call.body


@handles("deleteShippingAddress")
def delete_address(call: Call) -> None:
    """Remove an address."""
    call.collection(KIND).take(call.path["shipping_address_id"])
