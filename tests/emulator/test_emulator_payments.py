"""How an operator pays, and what it has paid."""

from __future__ import annotations

import json

import pytest
from fitting import fitting
from plain import log_in, open_client, refused

pytestmark = pytest.mark.anyio
INIT = {"authKeyId": "keyId-x", "authKey": "secret-x", "password": "Passw0rd-1"}


async def test_a_payment_method(emulator, client):
    """Every operator has one, which helps again when it is tried again."""
    method = fitting("getPaymentMethod", await client.get("/payment_methods/current?"))
    assert method["updateDate"] == "20250101000000"
    assert json.loads(method["properties"])["number"].endswith("4242")
    emulator.advance(1)
    assert fitting("activatePaymentMethod", await client.post("/payment_methods/current/activate?", content=b"")) == {}
    assert (await client.get("/payment_methods/current")).json()["updateDate"] == "20250101000001"


async def test_every_sign_up_can_pay(emulator):
    """Also one that says that no payment method is to be registered, as the official command line says by default."""
    async with open_client(emulator) as client:
        body = INIT | {"email": "new@example.com", "registerPaymentMethod": False}
        session = (await client.post("/sandbox/init", json=body)).json()
        headers = {"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]}
        assert (await client.get("/payment_methods/current", headers=headers)).status_code == 200


async def test_payer_information(client):
    """It is found once it was said."""
    path = "/payment_statements/payer_information"
    assert refused(await client.get(path), 400, "BIL9003")
    body = {"companyName": "A", "fullName": "B"}
    fitting("registerPayerInformation", await client.post(path, json=body))
    assert fitting("getPayerInformation", await client.get(path)) == body


async def test_the_payment_of_a_bill(emulator, client):
    """A bill is paid ten days after its month, with tax; then there is a statement of it."""
    bill = (await client.get("/bills")).json()["billList"][0]
    path = f"/payment_history/transactions/{bill['paymentTransactionId']}"
    assert refused(await client.get(path), 404, "BIL9007")
    emulator.advance(10 * 86_400)
    assert (await log_in(client, emulator.root_user)).status_code == 200
    payment = fitting("getPaymentTransaction", await client.get(path))
    assert payment["status"] == "success"
    assert payment["amount"]["subTotalAmount"] == bill["amount"]
    assert payment["amount"]["totalAmount"] == bill["amount"] + payment["amount"]["taxAmount"] > bill["amount"]
    assert payment["description"] == {
        "description": "Usage of 202412",
        "itemList": ["dailyChargeTotal", "dailyDataTrafficChargeTotal"],
    }
    statements = fitting("listPaymentStatements", await client.get("/payment_statements"))["paymentStatementsList"]
    assert len(statements) == 18
    assert (statements[0]["chargedYearMonths"], statements[0]["amount"]) == (
        ["202412"],
        payment["amount"]["totalAmount"],
    )
    assert statements[0]["paymentDateTime"] == emulator.world.milliseconds()


async def test_the_payment_of_an_order(emulator, client, other):
    """An order is paid in a minute; its statement names it, and can be exported with the payer's name."""
    offer = (await client.post("/coupons", json={"amount": 500})).json()
    await client.put(f"/coupons/{offer['orderId']}/confirm")
    before = (await client.get("/payment_statements")).json()["paymentStatementsList"]
    emulator.advance(60)
    statement, *rest = (await client.get("/payment_statements")).json()["paymentStatementsList"]
    assert rest == before
    assert (statement["orderId"], statement["amount"], statement["currency"]) == (offer["orderId"], 550, "JPY")
    assert "chargedYearMonths" not in statement
    payment = (await client.get(f"/payment_history/transactions/{statement['paymentStatementId']}")).json()
    assert (payment["amount"]["subTotalAmount"], payment["amount"]["taxAmount"]) == (500, 50)
    await client.post("/payment_statements/payer_information", json={"companyName": "Ä, B"})
    path = f"/payment_statements/{statement['paymentStatementId']}/export"
    url = fitting("exportPaymentStatement", await client.post(path, content=b""))["url"]
    async with open_client(emulator) as anybody:
        text = (await anybody.get(url)).text
    assert 'companyName,"Ä, B"\n' in text
    assert f"orderId,{offer['orderId']}\n" in text
    assert refused(await other.post(path), 400, "BIL9003")
