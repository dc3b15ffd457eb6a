"""Orders: what can be bought, how an order goes on, and how its SIMs come into the fleet."""

from __future__ import annotations

import httpx
import pytest
from extras import needs
from fitting import fitting
from plain import log_in, open_client, refused

from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.catalog import PRODUCTS, area_of
from soracom_async.emulator.domain.money import DOLLAR, YEN

pytestmark = pytest.mark.anyio
DAY = 86_400
SIM_CARD, TEN_SIMS, DONGLE = "4573326590013", "4573326590051", "4573326590075"
ADDRESS = {"zipCode": "1234567", "state": "東京都", "city": "港区", "addressLine1": "赤坂1-2-3"}


@pytest.fixture
async def address_id(emulator, client):
    path = f"/operators/{emulator.operator_id}/shipping_addresses"
    return (await client.post(path, json=ADDRESS)).json()["shippingAddressId"]


@pytest.fixture
def quote(client, address_id):
    """Ask for so many pieces of each product."""

    async def quote(pieces, **more):
        items = [{"productCode": code, "quantity": quantity} for code, quantity in pieces.items()]
        return await client.post("/orders", json={"orderItemList": items, "shippingAddressId": address_id} | more)

    return quote


@pytest.fixture
def order(emulator, client, quote):
    """Order so many pieces of each product, and ship them if wanted."""

    async def order(pieces, *, shipped=False):
        order_id = (await quote(pieces)).json()["orderId"]
        fitting("confirmOrder", await client.put(f"/orders/{order_id}/confirm"))
        if shipped:
            body = {"operatorId": emulator.operator_id, "orderId": order_id}
            fitting("sandboxShipOrder", await client.post("/sandbox/orders/ship", json=body))
        return f"/orders/{order_id}"

    return order


async def status_of(client, order):
    found = fitting("getOrder", await client.get(order))
    return found["orderStatus"], found["paymentStatus"]


@needs("uvicorn")
async def test_from_nothing_to_a_fleet_on_the_wire():
    """An operator without anything orders SIMs, gets, registers and uses them, as with the official command line."""
    async with Emulator(sims=3) as emulator, httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
        operator = emulator.add_operator("cli@example.com")
        assert (await log_in(client, emulator.credentials_of(operator))).status_code == 200
        assert (await client.get("/subscribers?")).json() == []

        body = ADDRESS | {"fullName": "ソラコム 太郎", "phoneNumber": "03-1234-5678"}
        address = (await client.post(f"/operators/{operator.id}/shipping_addresses?", json=body)).json()
        added = await client.post(f"/operators/{operator.id}/coverage_type/g?", content=b"")
        assert added.is_success, added.text
        assert (await client.get("/payment_methods/current?")).status_code == 200

        body = {"orderItemList": [{"productCode": SIM_CARD, "quantity": 3}]}
        body["shippingAddressId"] = address["shippingAddressId"]
        order_id = (await client.post("/orders?", json=body)).json()["orderId"]
        assert (await client.put(f"/orders/{order_id}/confirm?", content=b"")).status_code == 200
        body = {"operatorId": operator.id, "orderId": order_id}
        assert (await client.post("/sandbox/orders/ship?", json=body)).status_code == 200
        ordered = (await client.get(f"/orders/{order_id}/subscribers?")).json()["orderedSubscriberList"]
        assert len({sim["imsi"] for sim in ordered}) == 3
        registered = await client.post(f"/orders/{order_id}/subscribers/register?", content=b"")
        assert (registered.status_code, registered.content) == (204, b"")

        found, query = [], {"limit": "1"}
        while "last_evaluated_key" not in query or query["last_evaluated_key"]:
            page = await client.get("/subscribers", params=query)
            found += page.json()
            query["last_evaluated_key"] = page.headers.get("x-soracom-next-key", "")
        assert [sim["imsi"] for sim in found] == [sim["imsi"] for sim in ordered]

        path = f"/subscribers/{found[0]['imsi']}"
        assert (await client.post(f"{path}/activate?", content=b"")).json()["status"] == "active"
        faster = await client.post(f"{path}/update_speed_class?", json={"speedClass": "s1.fast"})
        assert faster.json()["speedClass"] == "s1.fast"
        for step in ("suspend", "enable_termination", "terminate"):
            assert (await client.post(f"{path}/{step}?", content=b"")).status_code == 200
        assert (await client.get(f"{path}?")).json()["status"] == "terminated"

        made = (await client.post("/sandbox/subscribers/create?", json={"subscription": "plan-D"})).json()
        path = f"/subscribers/{made['imsi']}"
        body = {"registrationSecret": made["registrationSecret"]}
        assert (await client.post(f"{path}/register?", json=body)).status_code == 201
        assert (await client.post(f"{path}/suspend?", content=b"")).json()["status"] == "suspended"
        every = (await client.get("/subscribers?")).json()
        assert [sim["status"] for sim in every] == ["terminated", "ready", "ready", "suspended"]
        assert all("00101" in sim["imsi"] and sim["subscription"] == "plan-D" for sim in every)


async def test_products(client):
    """What can be bought has a price with and without tax, and deliveries have theirs."""
    found = fitting("listProducts", await client.get("/products"))
    products = {product["productCode"]: product for product in found["productList"]}
    assert set(products) == set(PRODUCTS)
    assert (products[SIM_CARD]["price"], products[SIM_CARD]["taxIncludedPrice"]) == (800, 880)
    assert products[SIM_CARD]["properties"]["simSubscription"] == "plan-D"
    assert products[DONGLE]["properties"] == {}
    assert {cost["shippingArea"]: cost["shippingCost"] for cost in found["shippingCostList"]}["okinawa"] == 1300
    assert (await client.get("/products?campaign_code=x")).json()["productList"] == []


@pytest.mark.parametrize(
    ("state", "area"),
    [("東京都", "kanto"), ("Tokyo", "kanto"), ("Kyoto-fu", "kansai"), ("北海道", "hokkaido"), ("Bavaria", "abroad")],
)
def test_areas(state, area):
    """A prefecture is known in both scripts."""
    assert area_of(state) == area


def test_money():
    """Yen have no fractions and a tax, dollars have two digits and none."""
    assert (YEN.of(800), YEN.tax(805), YEN.taxed(805)) == (800, 80, 885)
    assert isinstance(YEN.round(1.5), int)
    assert (DOLLAR.of(805), DOLLAR.tax(8.05), DOLLAR.taxed(8.05)) == (8.05, 0, 8.05)


async def test_a_quotation(client, quote, address_id):
    """An offer adds up, and is no order yet."""
    options = [{"allowNekopos": True}]
    answer = await quote({SIM_CARD: 2, DONGLE: 1}, preferredDeliveryDate="20250101", shippingOptions=options)
    offer = fitting("createQuotation", answer)
    assert [item["productAmount"] for item in offer["orderItemList"]] == [1600, 5980]
    assert (offer["shippingCost"], offer["taxAmount"], offer["totalAmount"]) == (700, 828, 9108)
    assert (offer["currency"], offer["balanceDue"], offer["preferredDeliveryDate"]) == ("JPY", 9108, "20250101")
    assert offer["appliedShippingOptions"] == options
    assert offer["shippingAddress"] == ADDRESS | {"countryCode": "JP"}
    assert (await client.get("/orders")).json() == {"orderList": []}
    path = f"/orders/{offer['orderId']}"
    assert refused(await client.get(path), 404, "COM9007")
    assert refused(await client.get(f"{path}/subscribers"), 404, "COM9007")
    assert (await client.put(f"{path}/cancel")).status_code == 204
    assert refused(await client.put(f"{path}/confirm"), 404, "COM9007")


async def test_an_operator_abroad_pays_in_dollars(emulator):
    """An operator that began with global coverage sees prices in dollars, without tax."""
    operator = emulator.add_operator("abroad@example.com")
    operator.coverages = ["g"]
    async with open_client(emulator) as client:
        await log_in(client, emulator.credentials_of(operator))
        path = f"/operators/{operator.id}/shipping_addresses"
        address = (await client.post(path, json=ADDRESS | {"state": "WA"})).json()
        assert address["shippingArea"] == "abroad"
        items = [{"productCode": SIM_CARD, "quantity": 3}]
        body = {"orderItemList": items, "shippingAddressId": address["shippingAddressId"]}
        offer = fitting("createQuotation", await client.post("/orders", json=body))
    assert (offer["currency"], offer["taxAmount"], offer["totalAmount"]) == ("USD", 0, 44.0)


async def test_what_cannot_be_offered(client, quote):
    """An offer is of known products, in quantities that there are, to a known address, and not for yesterday."""
    assert refused(await quote({}), 400, "COM9003")
    assert refused(await quote({"1": 1}), 400, "COM9003")
    for quantity in (0, 101, None):
        assert refused(await quote({SIM_CARD: quantity}), 400, "COM9003")
    assert refused(await quote({SIM_CARD: 1}, shippingAddressId=None), 400, "COM9003")
    assert refused(await quote({SIM_CARD: 1}, shippingAddressId="x"), 404, "COM9007")
    assert refused(await quote({SIM_CARD: 1}, preferredDeliveryDate="20241231"), 400, "COM9003")
    assert refused(await client.post("/orders", json={"orderItemList": [{}]}), 400, "COM9003")


async def test_the_way_of_an_order(emulator, client, quote):
    """An order is paid in a minute, shipped, and received when its SIMs are registered."""
    order_id = (await quote({SIM_CARD: 1})).json()["orderId"]
    path, ship = f"/orders/{order_id}", {"operatorId": emulator.operator_id, "orderId": order_id}
    assert refused(await client.post("/sandbox/orders/ship", json=ship), 400, "COM9003")
    confirmed = fitting("confirmOrder", await client.put(f"{path}/confirm"))
    assert (confirmed["orderStatus"], confirmed["paymentStatus"]) == ("orderProcessing", "paying")
    assert confirmed["orderDateTime"] == "20250101000000"
    emulator.advance(60)
    assert await status_of(client, path) == ("ordered", "paid")
    # Once more is as good as once: a client may not have seen the answer.
    assert (await client.put(f"{path}/confirm")).json()["orderDateTime"] == "20250101000000"
    assert fitting("listOrders", await client.get("/orders"))["orderList"] == [(await client.get(path)).json()]
    assert refused(await client.post(f"{path}/subscribers/register"), 400, "COM9009")
    assert (await client.get(f"{path}/subscribers")).json() == {"orderedSubscriberList": []}
    fitting("sandboxShipOrder", await client.post("/sandbox/orders/ship", json=ship))
    shipped = fitting("getOrder", await client.get(path))
    assert (shipped["orderStatus"], shipped["shippingDateTime"]) == ("shipped", "20250101000100")
    assert shipped["shippingLabelNumbers"] == [shipped["shippingLabelDetails"][0]["trackingNumber"]]
    assert refused(await client.post("/sandbox/orders/ship", json=ship), 400, "COM9009")
    assert refused(await client.put(f"{path}/cancel"), 400, "COM9009")
    fitting("registerOrderedSim", await client.post(f"{path}/subscribers/register"))
    assert await status_of(client, path) == ("received", "paid")
    assert refused(await client.post(f"{path}/subscribers/register"), 400, "COM9009")


async def test_an_order_is_cancelled_until_it_is_shipped(emulator, client, order):
    """A cancelled order stays listed, is never shipped, and nothing is paid for it."""
    path = await order({SIM_CARD: 1})
    emulator.advance(60)
    for _ in range(2):
        fitting("cancelOrder", await client.put(f"{path}/cancel"))
    assert await status_of(client, path) == ("cancelled", "cancelled")
    statements = (await client.get("/payment_statements")).json()["paymentStatementsList"]
    assert not [each for each in statements if "orderId" in each]
    ship = {"operatorId": emulator.operator_id, "orderId": path.rpartition("/")[2]}
    assert refused(await client.post("/sandbox/orders/ship", json=ship), 400, "COM9009")
    assert refused(await client.put(f"{path}/resource_initial_setting", json={}), 400, "COM9009")
    confirmation = await client.put(f"{path}/confirm")
    assert (confirmation.status_code, confirmation.json().keys()) == (400, {"code", "message"})
    assert await status_of(client, path) == ("cancelled", "cancelled")


async def test_an_offer_is_good_for_a_month(emulator, client, quote):
    """What was offered more than a month ago is not sold any more."""
    early, late = [(await quote({SIM_CARD: 1})).json()["orderId"] for _ in range(2)]
    emulator.advance(30 * DAY)
    assert (await log_in(client, emulator.root_user)).status_code == 200
    assert (await client.put(f"/orders/{early}/confirm")).status_code == 200
    emulator.advance(1)
    assert refused(await client.put(f"/orders/{late}/confirm"), 400, "COM9009")
    assert (await client.put(f"/orders/{early}/confirm")).status_code == 200


async def test_the_sims_of_an_order(client, order):
    """There are as many as the pieces have, a page at a time, with a secret as long as nobody has them."""
    path = await order({SIM_CARD: 2, TEN_SIMS: 1, DONGLE: 1}, shipped=True)
    beside = ("registrationSecret",)
    first = await client.get(f"{path}/subscribers?limit=10")
    sims = fitting("listOrderedSubscribers", first, beside=beside)["orderedSubscriberList"]
    assert len(sims) == 10
    query = {"last_evaluated_key": first.headers["x-soracom-next-key"]}
    rest = await client.get(f"{path}/subscribers", params=query)
    assert "x-soracom-next-key" not in rest.headers
    sims += fitting("listOrderedSubscribers", rest, beside=beside)["orderedSubscriberList"]
    for name in ("imsi", "simId", "msisdn", "serialNumber", "registrationSecret"):
        assert len({sim[name] for sim in sims}) == 12
    assert refused(await client.get(f"{path}/subscribers?last_evaluated_key=x"), 400, "COM9003")
    await client.post(f"{path}/subscribers/register")
    assert "registrationSecret" not in (await client.get(f"{path}/subscribers")).json()["orderedSubscriberList"][0]
    fleet = {sim["imsi"]: sim for sim in (await client.get("/subscribers?limit=100")).json()}
    assert [fleet[sim["imsi"]]["subscription"] for sim in sims] == ["plan-D"] * 2 + ["plan01s"] * 10
    assert {fleet[sim["imsi"]]["moduleType"] for sim in sims} == {"nano", "trio"}
    assert all(fleet[sim["imsi"]]["serialNumber"] == sim["serialNumber"] for sim in sims)


async def test_a_sim_of_an_order_can_be_registered_by_itself(client, other, order):
    """Whoever has the SIM and its secret can register it; the order then brings the others."""
    path = await order({SIM_CARD: 2}, shipped=True)
    one, rest = (await client.get(f"{path}/subscribers")).json()["orderedSubscriberList"]
    body = {"registrationSecret": one["registrationSecret"]}
    assert refused(await other.post(f"/subscribers/{rest['imsi']}/register", json=body), 400, "SEM9026")
    assert (await other.post(f"/subscribers/{one['imsi']}/register", json=body)).status_code == 201
    assert (await client.post(f"{path}/subscribers/register")).status_code == 204
    assert (await client.get(f"/subscribers/{one['imsi']}")).status_code == 404
    assert (await client.get(f"/subscribers/{rest['imsi']}")).json()["status"] == "ready"
    assert refused(await other.get(path), 404, "COM9007")


async def test_initial_settings(emulator, client, order):
    """What is said of an order's SIMs holds for them when they are registered, by their subscription."""
    group = next(iter(emulator.operator.groups))
    path = await order({SIM_CARD: 1, TEN_SIMS: 1}, shipped=True)
    setting = {"groupId": group, "speedClass": "s1.slow", "tags": {"site": "north"}}
    body = {"simInitialSettings": {"plan-D": setting, "plan01s": {"speedClass": "s1.fast"}}}
    answer = await client.put(f"{path}/resource_initial_setting", json=body)
    assert fitting("updateOrderedResourceInitialSetting", answer)["resourceInitialSetting"] == body
    for wrong, status, code in (
        ({"plan-K": {}}, 400, "COM9003"),
        ({"plan-D": {"speedClass": "s1.8xfast"}}, 400, "SEM9028"),
        ({"plan-D": {"groupId": "x"}}, 404, "SEM9011"),
    ):
        answer = await client.put(f"{path}/resource_initial_setting", json={"simInitialSettings": wrong})
        assert refused(answer, status, code)
    await client.post(f"{path}/subscribers/register")
    sims = (await client.get("/subscribers?limit=100")).json()[30:]
    assert [sim["groupId"] for sim in sims] == [group] + [None] * 10
    assert (sims[0]["speedClass"], sims[0]["tags"]) == ("s1.slow", {"site": "north"})
    assert (sims[1]["speedClass"], sims[1]["tags"]) == ("s1.fast", {})
    assert refused(await client.put(f"{path}/resource_initial_setting", json=body), 400, "COM9009")


async def test_only_ones_own_orders_are_shipped(emulator, other, order):
    """Another operator can neither ship an order nor learn that it is there."""
    order_id = (await order({SIM_CARD: 1})).rpartition("/")[2]
    body = {"operatorId": emulator.operator_id, "orderId": order_id}
    assert refused(await other.post("/sandbox/orders/ship", json=body), 403, "AUM9017")
    body = {"operatorId": other.operator.id, "orderId": order_id}
    assert refused(await other.post("/sandbox/orders/ship", json=body), 400, "COM9003")
