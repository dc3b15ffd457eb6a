"""Bills, and the coupons that pay of them."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest
from fitting import fitting
from plain import log_in, open_client, refused

from soracom_async import Soracom
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.dates import later

pytestmark = pytest.mark.anyio
DAYS = 86_400


@pytest.fixture
async def newcomer(emulator, anyio_backend):
    """An operator without anything."""
    operator = emulator.add_operator("newcomer@example.com")
    async with open_client(emulator) as client:
        client.operator = operator
        await log_in(client, emulator.credentials_of(operator))
        yield client


async def pass_time(emulator, client, days):
    """Let days pass, and log in again."""
    emulator.advance(days * DAYS)
    operator = getattr(client, "operator", emulator.operator)
    assert (await log_in(client, emulator.credentials_of(operator))).status_code == 200


async def active_sim(client):
    """Return the path of a new SIM that is in use."""
    made = (await client.post("/sandbox/subscribers/create", json={"subscription": "plan-D"})).json()
    path = f"/subscribers/{made['imsi']}"
    await client.post(f"{path}/register", json={"registrationSecret": made["registrationSecret"]})
    assert (await client.post(f"{path}/activate")).status_code == 200
    return path


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2025, 1, 1), -1, date(2024, 12, 1)),
        (date(2024, 12, 15), 36, date(2027, 12, 15)),
    ],
)
def test_later(day, months, found):
    """A month has as many days as it has."""
    assert later(day, months) == found


async def test_the_bills_of_a_seeded_fleet(emulator, client, clock):
    """The last 18 months have bills, the same for one seed, and each is the sum of its days."""
    history = fitting("getBillingHistory", await client.get("/bills"))["billList"]
    assert [bill["yearMonth"] for bill in (history[0], history[-1])] == ["202412", "202307"]
    assert len(history) == 18
    assert all(bill["state"] == "closed" and bill["amount"] > 0 for bill in history)
    assert [bill["paymentStatus"] for bill in history[:2]] == ["paying", "paid"]
    assert fitting("getBilling", await client.get("/bills/202412")) == history[0]
    days = fitting("getBillingPerDay", await client.get("/bills/202412/daily"))["billList"]
    assert [day["date"] for day in (days[0], days[-1])] == ["20241201", "20241231"]
    assert sum(day["amount"] for day in days) == history[0]["amount"]
    again = Emulator(sims=30, groups=3, clock=clock)
    async with open_client(again) as another:
        await log_in(another, again.root_user)
        twin = (await another.get("/bills")).json()["billList"]
    assert [bill["amount"] for bill in twin] == [bill["amount"] for bill in history]


async def test_bills_through_the_client(emulator, clock):
    """The months of bills are dates."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        history = await soracom.bills.list()
        assert history.bill_list[0].year_month == date(2024, 12, 1)
        assert (await soracom.bills.get(date(2024, 12, 1))).amount == history.bill_list[0].amount
        days = await soracom.bills.get_daily("202412")
        assert days.bill_list[0].date == date(2024, 12, 1)


async def test_the_present_month(emulator, client):
    """It grows day by day, and is not closed before it is over."""
    first = fitting("getLatestBilling", await client.get("/bills/latest"))
    assert first["lastEvaluatedTime"] == "20250101000000"
    await pass_time(emulator, client, 10)
    latest = fitting("getLatestBilling", await client.get("/bills/latest"))
    assert latest["amount"] > first["amount"]
    bill = fitting("getBilling", await client.get("/bills/202501"))
    assert (bill["state"], bill["amount"]) == ("temporary", latest["amount"])
    assert "paymentStatus" not in bill
    assert len((await client.get("/bills/202501/daily")).json()["billList"]) == 11
    assert (await client.get("/bills")).json()["billList"][0]["paymentStatus"] == "paid"


async def test_months_without_a_bill(client, newcomer):
    """There is none of the future, of what is long past, or of a month that cost nothing."""
    for path in ("/bills/202502", "/bills/202306", "/bills/202502/daily"):
        assert refused(await client.get(path), 404, "BIL9007")
    assert refused(await client.post("/bills/202502/export"), 404, "BIL9007")
    assert (await client.get("/bills/202513")).status_code in (400, 404)
    assert (await newcomer.get("/bills")).json() == {"billList": []}
    assert (await newcomer.get("/bills/latest")).json()["amount"] == 0
    assert refused(await newcomer.get("/bills/202501"), 404, "BIL9007")


async def test_what_a_sim_costs(emulator, newcomer):
    """A SIM costs from the day it is used; what follows changes no day that is over."""
    path = await active_sim(newcomer)
    await pass_time(emulator, newcomer, 2)
    await newcomer.post(f"{path}/suspend")
    before = (await newcomer.get("/bills/202501/daily")).json()["billList"]
    await newcomer.post(f"{path}/enable_termination")
    await newcomer.post(f"{path}/terminate")
    await pass_time(emulator, newcomer, 2)
    days = [day["amount"] for day in (await newcomer.get("/bills/202501/daily")).json()["billList"]]
    assert days[:3] == [day["amount"] for day in before]
    assert days == [10, 10, 10, 0, 0]


async def test_a_sim_costs_who_has_it(emulator, client, newcomer):
    """What a SIM cost before it was transferred stays with nobody else."""
    sims = (await client.get("/subscribers?limit=100")).json()
    sim = next(sim for sim in sims if sim["status"] == "active")
    offer = {
        "transferDestinationOperatorId": newcomer.operator.id,
        "transferDestinationOperatorEmail": newcomer.operator.email,
        "transferImsi": [sim["imsi"]],
    }
    token = (await client.post("/subscribers/transfer_token/issue", json=offer)).json()["token"]
    answer = await newcomer.post("/subscribers/transfer_token/verify", json={"token": token})
    assert answer.status_code == 200, answer.text
    assert (await newcomer.get("/bills")).json() == {"billList": []}
    assert (await newcomer.get("/bills/latest")).json()["amount"] > 0


async def test_summaries(emulator, client):
    """The last four months, newest first, with what cost most at the top."""
    await pass_time(emulator, client, 10)
    by_item = fitting("getBillingSummaryOfBillItems", await client.get("/bills/summaries/bill_items"))
    by_sim = fitting("getBillingSummaryOfSims", await client.get("/bills/summaries/sims"))
    months = ["202501", "202412", "202411", "202410"]
    assert [each["yearMonth"] for each in by_item] == [each["yearMonth"] for each in by_sim] == months
    assert [each["updatedTime"] for each in by_item[:2]] == [1_736_553_600, 1_735_689_600]
    for items, sims in zip(by_item, by_sim, strict=True):
        costs = [item["amount"] for item in items["costBreakdownList"]]
        of_sims = [sim["amount"] for sim in sims["costBreakdownList"]]
        assert costs == sorted(costs, reverse=True)
        assert of_sims == sorted(of_sims, reverse=True)
        assert len(of_sims) < 30  # of those that are only ready none costs anything
        assert sum(of_sims) == pytest.approx(sum(costs), abs=1)  # a bill has each of its two items rounded


async def test_summaries_of_nothing(newcomer):
    """An operator without SIMs has four empty months."""
    for path in ("bill_items", "sims"):
        found = (await newcomer.get(f"/bills/summaries/{path}")).json()
        assert [month["costBreakdownList"] for month in found] == [[]] * 4


async def test_exports(emulator, client, newcomer):
    """A bill is exported in detail: a price and a quantity for each day, SIM and item; or nothing but the columns."""
    url = fitting("exportBilling", await client.post("/bills/202412/export", content=b""))["url"]
    text = await download(emulator, url)
    assert text.startswith("\ufeffimsi,date,billItemName,unitPrice,quantity,amount\n")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))
    amounts = dict.fromkeys(("dailyChargeTotal", "dailyDataTrafficChargeTotal"), Decimal(0))
    for row in rows:
        assert Decimal(row["amount"]) == Decimal(row["unitPrice"]) * int(row["quantity"])
        amounts[row["billItemName"]] += Decimal(row["amount"])
    assert len({(row["imsi"], row["date"], row["billItemName"]) for row in rows}) == len(rows)
    months = (await client.get("/bills/summaries/bill_items")).json()
    items = {item["billItemName"]: item["amount"] for item in months[1]["costBreakdownList"]}
    assert {name: round(amount) for name, amount in amounts.items()} == items
    url = fitting("exportLatestBilling", await newcomer.post("/bills/latest/export?export_mode=sync"))["url"]
    assert len((await download(emulator, url)).splitlines()) == 1
    started = fitting("exportLatestBilling", await client.post("/bills/latest/export?export_mode=async"))
    emulator.advance(60)
    file = (await client.get(f"/files/exported/{started['exportedFileId']}")).json()
    assert file["status"] == "exported"
    assert refused(await client.post("/bills/latest/export?export_mode=x"), 400, "BIL9003")


async def test_a_bill_in_dollars(emulator, newcomer):
    """Where another currency is used, its smallest unit has the place of the yen."""
    newcomer.operator.coverages = ["g"]
    await active_sim(newcomer)
    assert (await newcomer.get("/bills/latest")).json() | {"lastEvaluatedTime": None} == {
        "amount": 0.1,
        "currency": "USD",
        "lastEvaluatedTime": None,
    }
    url = (await newcomer.post("/bills/latest/export")).json()["url"]
    (row,) = csv.DictReader((await download(emulator, url)).removeprefix("\ufeff").splitlines())
    assert (row["unitPrice"], row["quantity"], row["amount"]) == ("0.10000000000", "1", "0.10000000000")


async def download(emulator, url):
    async with open_client(emulator) as client:
        answer = await client.get(url)
    assert answer.status_code == 200
    return answer.text


async def test_a_coupon(emulator, newcomer):
    """A coupon pays what its bill item costs, month by month, until it is spent or too old."""
    body = {"amount": 400, "applicableBillItemName": "dailyChargeTotal", "expiryYearMonth": "202502"}
    made = fitting("sandboxCreateCoupon", await newcomer.post("/sandbox/coupons/create", json=body))
    assert (made["amount"], made["balance"], made["billItemName"]) == (400, 400, "dailyChargeTotal")
    assert fitting("listCoupons", await newcomer.get("/coupons")) == {"couponList": []}
    path = f"/coupons/{made['couponCode']}/register"
    coupon = fitting("registerCoupon", await newcomer.post(path, content=b""))
    assert (coupon["balance"], coupon["currency"]) == (400, "JPY")
    assert refused(await newcomer.post(path), 400, "BIL9003")
    await active_sim(newcomer)
    await pass_time(emulator, newcomer, 31)
    january = fitting("getBilling", await newcomer.get("/bills/202501"))
    assert january["appliedCouponAmount"] == 310
    days = (await newcomer.get("/bills/202501/daily")).json()["billList"]
    assert january["amount"] == sum(day["amount"] for day in days) - 310
    assert (await newcomer.get("/coupons")).json()["couponList"][0]["balance"] == 80  # the first of February is charged
    await pass_time(emulator, newcomer, 28)
    assert (await newcomer.get("/bills/202502")).json()["appliedCouponAmount"] == 90
    assert (await newcomer.get("/bills/202503")).json()["appliedCouponAmount"] == 0
    # It stays spent when the months in which it was are not shown any more.
    await pass_time(emulator, newcomer, 800)
    assert refused(await newcomer.get("/bills/202502"), 404, "BIL9007")
    assert (await newcomer.get("/coupons")).json()["couponList"][0]["balance"] == 0


async def test_a_coupon_that_is_too_old(emulator, client, other):
    """A coupon can be registered by anybody, until its last month is over."""
    codes = [(await client.post("/sandbox/coupons/create", content=b"")).json()["couponCode"] for _ in range(2)]
    assert (await other.post(f"/coupons/{codes[0]}/register")).json()["expiryYearMonth"] == "202601"
    assert refused(await client.post(f"/coupons/{codes[0]}/register"), 400, "BIL9003")
    await pass_time(emulator, client, 396)
    assert refused(await client.post(f"/coupons/{codes[1]}/register"), 400, "BIL9003")
    assert refused(await client.post("/coupons/x/register"), 400, "BIL9003")


async def test_a_coupon_is_bought(client):
    """A coupon that is bought is registered at once, and pays of every bill item."""
    offer = fitting("createCouponQuotation", await client.post("/coupons", json={"amount": 1_000_000}))
    assert (offer["taxAmount"], offer["totalAmount"]) == (100_000, 1_100_000)
    cost = (await client.get("/bills/latest")).json()["amount"]
    for _ in range(2):
        coupon = fitting("confirmCouponOrder", await client.put(f"/coupons/{offer['orderId']}/confirm"))
        assert (coupon["orderId"], coupon["balance"]) == (offer["orderId"], 1_000_000 - cost)
    assert (await client.get("/coupons")).json() == {"couponList": [coupon]}
    assert (await client.get("/bills/latest")).json()["amount"] == 0
    assert refused(await client.put("/coupons/x/confirm"), 404, "COM9007")


@pytest.mark.parametrize("amount", [0, -1, 1_000_001])
async def test_amounts_of_coupons(client, amount):
    """A coupon is worth something, and not the world."""
    assert refused(await client.post("/coupons", json={"amount": amount}), 400, "COM9003")
    assert refused(await client.post("/sandbox/coupons/create", json={"amount": amount}), 400, "BIL9003")
