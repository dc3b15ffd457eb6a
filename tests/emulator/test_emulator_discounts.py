"""Volume discounts."""

from __future__ import annotations

import pytest
from fitting import fitting
from plain import log_in, refused

pytestmark = pytest.mark.anyio
PATH = "/volume_discounts"
BODY = {
    "volumeDiscountType": "SORACOM_AIR_BASIC_CHARGE",
    "volumeDiscountPaymentType": "PREPAYMENT",
    "contractTermMonth": 12,
    "quantity": 10,
}


async def test_what_is_available(client):
    """Who agrees for longer, or pays at once, pays less."""
    found = fitting("listAvailableDiscounts", await client.get(f"{PATH}/available_discounts"))
    prices = {
        (each["volumeDiscountPaymentType"], each["contractTermMonth"]): each["unitPrice"]
        for each in found["availableLongTermDiscounts"]
        if each["volumeDiscountType"] == "SORACOM_AIR_BASIC_CHARGE"
    }
    assert prices["MONTHLY", 12] > prices["MONTHLY", 24] > prices["MONTHLY", 36]
    assert prices["MONTHLY", 12] > prices["PREPAYMENT", 12] == 255


async def test_a_contract(emulator, client, other):
    """A contract is offered, concluded once, and is over some day."""
    answer = await client.post(PATH, json=BODY | {"startDate": "20250115"})
    offer = fitting("createVolumeDiscountQuotation", answer)
    assert (offer["taxAmount"], offer["totalAmount"]) == (3060, 33660)
    discount = offer["volumeDiscount"]
    assert (discount["initialCost"], discount["endDate"]) == (30600, "20260114")
    assert fitting("listVolumeDiscounts", await client.get(PATH)) == {"volumeDiscountList": []}
    for _ in range(2):
        confirmed = await client.put(f"{PATH}/{offer['orderId']}/confirm")
        contract = fitting("confirmVolumeDiscountOrder", confirmed)
    assert (contract["status"], contract["contractDateTime"]) == ("active", "20250101000000")
    assert (await client.get(PATH)).json() == {"volumeDiscountList": [contract]}
    path = f"{PATH}/{contract['contractId']}"
    assert fitting("getVolumeDiscount", await client.get(path)) == contract
    assert refused(await other.get(path), 400, "BIL9003")
    emulator.advance(380 * 86_400)
    await log_in(client, emulator.root_user)
    assert (await client.get(path)).json()["status"] == "expired"


async def test_a_monthly_contract(client):
    """What is paid by the month costs nothing yet, and begins with the next month."""
    offer = (await client.post(PATH, json=BODY | {"volumeDiscountPaymentType": "MONTHLY"})).json()
    assert (offer["totalAmount"], offer["volumeDiscount"]["startDate"]) == (0, "20250201")
    assert (await client.put(f"{PATH}/{offer['orderId']}/confirm")).status_code == 200
    assert refused(await client.put(f"{PATH}/x/confirm"), 404, "COM9007")


@pytest.mark.parametrize(
    "wrong",
    [
        {"volumeDiscountType": "x"},
        {"volumeDiscountPaymentType": "x"},
        {"contractTermMonth": 1},
        {"quantity": 0},
        {"startDate": "20241231"},
        {"startDate": "20260102"},
        {"startDate": "soon"},
    ],
)
async def test_what_cannot_be_agreed_on(client, wrong):
    """A contract is one of those available, for some SIMs, and begins within a year."""
    assert refused(await client.post(PATH, json=BODY | wrong), 400, "COM9003")
