"""Shipping addresses."""

from __future__ import annotations

import pytest
from fitting import fitting
from plain import refused

pytestmark = pytest.mark.anyio
REQUIRED = {"zipCode": "060-0000", "state": "Hokkaido", "city": "Sapporo", "addressLine1": "1-2-3"}


@pytest.fixture
def path(emulator):
    return f"/operators/{emulator.operator_id}/shipping_addresses"


async def test_an_address(client, other, path):
    """An address is taken in, found, replaced and forgotten; it knows its shipping area."""
    assert fitting("listShippingAddresses", await client.get(path)) == {"shippingAddresses": []}
    body = REQUIRED | {"fullName": "A", "phoneNumber": "1", "building": None}
    made = fitting("createShippingAddress", await client.post(path, json=body))
    assert (made["shippingArea"], made["fullName"], made["phoneNumber"]) == ("hokkaido", "A", "1")
    assert "building" not in made
    own = f"{path}/{made['shippingAddressId']}"
    assert fitting("getShippingAddress", await client.get(own)) == made
    fitting("updateShippingAddress", await client.put(own, json=REQUIRED | {"state": "大阪府"}))
    found = fitting("getShippingAddress", await client.get(own))
    assert (found["shippingArea"], found["phoneNumber"]) == ("kansai", "")
    assert "fullName" not in found
    assert (await client.get(path)).json() == {"shippingAddresses": [found]}
    of_another = f"/operators/{other.operator.id}/shipping_addresses/{made['shippingAddressId']}"
    assert refused(await other.get(of_another), 404, "COM9007")
    fitting("deleteShippingAddress", await client.delete(own))
    for answer in (await client.get(own), await client.delete(own), await client.put(own, json=REQUIRED)):
        assert refused(answer, 404, "COM9007")


@pytest.mark.parametrize("name", REQUIRED)
async def test_what_an_address_needs(client, path, name):
    """Without zip code, state, city and a first line there is no address."""
    assert refused(await client.post(path, json=REQUIRED | {name: None}), 400, "COM9003")
