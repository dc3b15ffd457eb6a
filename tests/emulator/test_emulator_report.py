"""A report of the traffic of a fleet: whichever operation is asked, and however it is divided, the sums agree."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from soracom_async import Soracom
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio
DAY_S = 86_400
OCTOBER, NOVEMBER, DECEMBER, JANUARY = date(2024, 10, 1), date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1)
MEGABYTE = 10**6


@pytest.fixture
def emulator(clock):
    return Emulator(sims=80, groups=3, rate_limit=1_000_000, clock=clock)


@pytest.fixture
async def sims(soracom):
    return await soracom.sims.list().collect()


def seconds(day):
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def span(first, last):
    """Return the arguments of a period that begins with the one day, and ends with the other."""
    return {"from_": seconds(first), "to": seconds(last) + DAY_S - 1}


def size(stats):
    """Return the bytes of a period: of all speed classes, in both directions."""
    parts = getattr(stats, "data_traffic_stats_map", {"": stats}).values()
    return sum(part.upload_byte_size_total + part.download_byte_size_total for part in parts)


async def by_month(soracom, sims, first=OCTOBER, last=DECEMBER + timedelta(30)):
    """Return the bytes by SIM and month."""
    return {
        (sim.sim_id, each.date): size(each)
        for sim in sims
        for each in await soracom.stats.air.sims.get(sim.sim_id, **span(first, last), period="month")
    }


async def rows_of(soracom, url):
    """Return the rows of a CSV file."""
    async with soracom.stream(url) as answer:
        text = (await answer.read()).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


async def ask(emulator, soracom, sql, **period):
    """Return the rows of a query."""
    query = await soracom.analysis.queries.start(sql=sql, **period)
    emulator.advance(6)
    done = await soracom.analysis.queries.get(query.query_id)
    async with soracom.stream(done.url) as answer:
        return [json.loads(line) for line in gzip.decompress(await answer.read()).splitlines()]


async def test_a_month_is_the_sum_of_its_days_and_of_its_minutes(soracom, sims):
    """Of each SIM and speed class."""
    get = soracom.stats.air.sims.get
    for sim in sims[:20]:
        days = await get(sim.sim_id, **span(DECEMBER, DECEMBER + timedelta(30)), period="day")
        (month,) = await get(sim.sim_id, **span(DECEMBER, DECEMBER), period="month") or [None]
        assert sum(map(size, days)) == (0 if month is None else size(month))
        week = span(DECEMBER + timedelta(24), DECEMBER + timedelta(27))
        days = await get(sim.sim_id, **week, period="day")
        minutes = await get(sim.sim_id, **week, period="minutes")
        sums = Counter()
        for each in minutes:
            sums[each.unixtime.date()] += size(each)
        assert sums == {day.date: size(day) for day in days}
        assert all(set(day.data_traffic_stats_map) == {sim.speed_class} for day in days)
        for each in minutes:
            assert each.unixtime.timestamp() % 300 == 0
            (counts,) = each.data_traffic_stats_map.values()
            assert 0 < counts.upload_packet_size_total <= counts.upload_byte_size_total
            assert 0 < counts.download_packet_size_total <= counts.download_byte_size_total


async def test_sims_add_up_to_groups_and_to_the_operator(emulator, soracom, sims):
    """By month, by day, and in the file of all SIMs."""
    found = await by_month(soracom, sims)
    groups, everything = Counter(), Counter()
    group_of = {sim.sim_id: sim.group_id for sim in sims}
    for (sim_id, month), used in found.items():
        groups[group_of[sim_id], month] += used
        everything[month] += used
    quarter = span(OCTOBER, DECEMBER + timedelta(30))
    told = await soracom.stats.air.operators.get(**quarter, period="month")
    assert {each.unixtime.date(): size(each) for each in told} == everything
    assert len(everything) == 3
    for group_id in set(group_of.values()) - {None}:
        told = await soracom.stats.air.groups.get(group_id, **quarter, period="month")
        assert {each.unixtime.date(): size(each) for each in told} == {
            month: used for (group, month), used in groups.items() if group == group_id
        }
    exported = await soracom.stats.air.export(**quarter, period="month")
    lines = Counter()
    for row in await rows_of(soracom, exported.url):
        month = datetime.strptime(row["date"], "%Y%m").replace(tzinfo=UTC).date()
        lines[row["imsi"], month] += int(row["uploadByteSizeTotal"]) + int(row["downloadByteSizeTotal"])
    imsi_of = {sim.sim_id: sim.profiles[sim.sim_id].primary_imsi for sim in sims}
    assert lines == {(imsi_of[sim_id], month): used for (sim_id, month), used in found.items()}
    week = span(JANUARY - timedelta(7), JANUARY)
    days = Counter()
    for sim in sims:
        for each in await soracom.stats.air.sims.get(sim.sim_id, **week, period="day"):
            days[each.date] += size(each)
    told = await soracom.stats.air.operators.get(**week, period="day")
    assert {each.unixtime.date(): size(each) for each in told} == days
    assert len(days) == 7


async def test_bills_and_queries_have_the_same_traffic(emulator, soracom, sims):
    """The quantity of a detailed bill is bytes; the days of a bill add up to it; SQL finds the same sums."""
    found = await by_month(soracom, sims, DECEMBER)
    imsi_of = {sim.sim_id: sim.profiles[sim.sim_id].primary_imsi for sim in sims}
    rows = await rows_of(soracom, (await soracom.bills.export(DECEMBER)).url)
    sizes, costs = Counter(), Counter()
    for row in rows:
        if row["billItemName"] == "dailyDataTrafficChargeTotal":
            sizes[row["imsi"]] += int(row["quantity"])
        costs[row["billItemName"]] += Decimal(row["amount"])
    assert sizes == {imsi_of[sim_id]: used for (sim_id, _), used in found.items()}
    bill = await soracom.bills.get(DECEMBER)
    assert bill.amount == sum(map(round, costs.values()))
    assert sum(day.amount for day in (await soracom.bills.get_daily(DECEMBER)).bill_list) == bill.amount
    _, december, *_ = await soracom.bills.summaries.get_bill_items()
    assert {each.bill_item_name: each.amount for each in december.cost_breakdown_list} == {
        name: round(cost) for name, cost in costs.items()
    }
    _, december, *_ = await soracom.bills.summaries.get_sims()
    assert sum(each.amount for each in december.cost_breakdown_list) == pytest.approx(float(sum(costs.values())))
    month = span(DECEMBER, DECEMBER + timedelta(30))
    rows = await ask(
        emulator,
        soracom,
        "select sim_id, sum(upload_byte_size_total + download_byte_size_total) used from air_stats group by sim_id",
        **month,
    )
    assert {row["SIM_ID"]: row["used"] for row in rows} == {sim_id: used for (sim_id, _), used in found.items()}
    rows = await ask(
        emulator,
        soracom,
        "select group_id, sum(upload_byte_size_total + download_byte_size_total) used"
        " from air_stats join sim_snapshots using (sim_id) group by group_id",
        **month,
    )
    group_of = {sim.sim_id: sim.group_id for sim in sims}
    groups = Counter()
    for (sim_id, _), used in found.items():
        groups[group_of[sim_id]] += used
    assert {row["GROUP_ID"]: row["used"] for row in rows} == groups
    rows = await ask(
        emulator,
        soracom,
        "select bill_item_name, sum(amount) amount, sum(quantity) quantity from billing group by bill_item_name",
        **month,
    )
    assert {row["BILL_ITEM_NAME"]: row["amount"] for row in rows} == {
        name: pytest.approx(float(cost)) for name, cost in costs.items()
    }
    assert rows[1]["quantity"] == sum(found.values())


async def test_time_adds_to_the_present_only(emulator, soracom, sims):
    """A month later there is a month more, and what was before is as it was."""
    before = await by_month(soracom, sims)
    bills = {bill.year_month: bill.amount for bill in (await soracom.bills.list()).bill_list}
    emulator.advance(31 * DAY_S)
    after = await by_month(soracom, sims, last=JANUARY + timedelta(31))
    assert {key: used for key, used in after.items() if key[1] < JANUARY} == before
    grown = {sim_id: used for (sim_id, month), used in after.items() if month == JANUARY}
    assert len(grown) > len(sims) / 2
    assert sum(grown.values()) == pytest.approx(
        sum(u for (_, month), u in before.items() if month == DECEMBER), rel=0.1
    )
    later = {bill.year_month: bill.amount for bill in (await soracom.bills.list()).bill_list}
    assert later.pop(JANUARY) > 0
    assert later.items() <= bills.items()
    assert len(later) == len(bills) - 1  # the oldest month is 19 months old now


async def test_a_fleet_is_plausible(soracom, sims):
    """Some SIMs are silent, some send every third day, most of them always; fewer bytes on weekends."""
    week, kinds = Counter(), Counter()
    totals = []
    for sim in sims:
        days = await soracom.stats.air.sims.get(sim.sim_id, **span(DECEMBER, DECEMBER + timedelta(27)), period="day")
        totals.append(sum(map(size, days)))
        kinds["all" if len(days) == 28 else "none" if not days else "some"] += 1
        if len(days) == 28:
            for each in days:
                week[each.date.weekday() >= 5] += size(each)
    assert all(kinds[kind] >= 5 for kind in ("all", "none", "some"))
    assert kinds["all"] > len(sims) / 4
    assert week[True] / 8 < week[False] / 20 * 0.8
    used = [total for total in totals if total]
    assert MEGABYTE / 10 < min(used) < 100 * MEGABYTE < max(used) < 10_000 * MEGABYTE


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_report_of_ten_thousand_sims(clock, anyio_backend):
    """It takes a handful of requests, and adds up."""
    emulator = Emulator(sims=10_000, groups=3, clock=clock)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        month = span(DECEMBER, DECEMBER + timedelta(30))
        (told,) = await soracom.stats.air.operators.get(**month, period="month")
        exported = await soracom.stats.air.export(**month, period="month")
        rows = await rows_of(soracom, exported.url)
        assert sum(int(row["uploadByteSizeTotal"]) for row in rows) == told.upload_byte_size_total
        assert 5_000 < len({row["imsi"] for row in rows}) < 9_000
        groups = await ask(
            emulator,
            soracom,
            "select group_id, a.speed_class, sum(upload_byte_size_total) up from air_stats a"
            " join sim_snapshots s using (sim_id) group by group_id, a.speed_class",
            **month,
        )
        assert sum(row["up"] for row in groups) == told.upload_byte_size_total
        for group in await soracom.groups.list().collect():
            (each,) = await soracom.stats.air.groups.get(group.group_id, **month, period="month")
            of_group = sum(row["up"] for row in groups if row["GROUP_ID"] == group.group_id)
            assert each.upload_byte_size_total == of_group
        (bill, *_) = (await soracom.bills.list()).bill_list
        days = (await soracom.bills.get_daily(DECEMBER)).bill_list
        assert bill.amount == sum(day.amount for day in days)
