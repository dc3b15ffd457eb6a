"""What changes of a SIM do to its traffic, and who pays for it; how the traffic of many is added up."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soracom_async import BadRequest, Soracom
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain import ledger as ledgers
from soracom_async.emulator.domain import queries
from soracom_async.emulator.domain.ledger import ledger_of
from soracom_async.emulator.domain.totals import Totals, total
from soracom_async.emulator.domain.traffic import Piece, Use
from soracom_async.emulator.handlers.fleet import stats
from soracom_async.emulator.state.activity import SLOT_MS, SLOTS, Activity
from soracom_async.emulator.state.census import count
from soracom_async.emulator.state.seeding import Seed
from soracom_async.emulator.state.sims import imsi, number_of, sim_id
from soracom_async.emulator.state.world import EPOCH

pytestmark = pytest.mark.anyio
DAY = 86_400
FIRST_DAY = 20_000


@pytest.fixture
def emulator(clock):
    return Emulator(sims=30, groups=3, rate_limit=1_000_000, clock=clock)


@pytest.fixture
def twin(clock):
    """An emulator with the same SIMs, which nobody changes."""
    return Emulator(sims=30, groups=3, rate_limit=1_000_000, clock=clock)


@pytest.fixture
async def steady(soracom):
    """A SIM that always has a session, and whose speed class can be another one."""
    async for sim in soracom.sims.list():
        days = await soracom.stats.air.sims.get(sim.sim_id, from_=EPOCH - 20 * DAY, to=EPOCH - 1, period="day")
        if len(days) == 20 and sim.speed_class.startswith("s1."):
            return sim
    raise AssertionError


async def minutes(soracom, sim_id, emulator, since=EPOCH - DAY):
    """Return the bytes that a SIM sent, by the second of each period and by speed class."""
    now = int(emulator.world.wall())
    found = await soracom.stats.air.sims.get(sim_id, from_=since, to=now, period="minutes")
    return {
        int(each.unixtime.timestamp()): {
            name: counts.upload_byte_size_total for name, counts in each.data_traffic_stats_map.items()
        }
        for each in found
    }


def sums(found):
    return {at: sum(sizes.values()) for at, sizes in found.items()}


@st.composite
def uses(draw):
    """Uses with up to three pieces of some days, some hours, or without an end."""
    activity = Activity.of(draw(st.integers(0, 2**64 - 1)), (FIRST_DAY + draw(st.integers(0, 3))) * SLOTS * SLOT_MS)
    slots = sorted(draw(st.lists(st.integers(0, 8 * SLOTS), min_size=2, max_size=6, unique=True)))
    starts = [FIRST_DAY * SLOTS + slot for slot in slots]
    pieces = [
        Piece(max(start, activity.begin), min(stop, activity.end), name)
        for start, stop, name in zip(starts[::2], starts[1::2], ("a", "b", "a"), strict=False)
    ]
    kept = tuple(piece for piece in pieces if piece.start < piece.stop and activity.kind != "never")
    days = sorted(draw(st.lists(st.integers(0, 8), max_size=3)))
    rates = tuple((FIRST_DAY + day, draw(st.integers(0, 9))) for day in days)
    return Use(1, None, activity, None, kept, rates)


@settings(deadline=None)
@given(st.lists(uses(), max_size=5), st.integers(0, 8 * SLOTS), st.integers(0, 8))
def test_days_of_many_are_the_sums_of_each(added, now, day):
    """At any time, however far time has moved on, in whatever order, and without what was removed again."""
    totals, until, day = Totals(), FIRST_DAY * SLOTS + now, min(day, now // SLOTS)
    for use in added:
        totals.add(use)
        totals.day(FIRST_DAY + day, until)
    for removed in added[3:]:
        totals.add(removed, -1)
    far = 10**9
    for each in (*range(now // SLOTS + 1), day, far, far - 1, far + 1):
        start = (FIRST_DAY + each) * SLOTS
        until = until if each < far else start + now
        charge, traffic = totals.day(FIRST_DAY + each, until)
        left = added[:3]
        assert traffic == total(use.traffic(start, min(start + SLOTS, until)) for use in left)
        assert charge == sum(sum(use.charges(FIRST_DAY + each, FIRST_DAY + each)) for use in left)


@pytest.mark.parametrize("numbers", [range(1, 1), range(5, 6), range(1, 4097), range(3_000, 13_000)])
def test_statuses_are_counted_without_making_sims(numbers):
    """The count of thousands at once is that of each."""
    for key in (0, 2**64 - 1, -3, 2**70):
        for subscription in ("plan01s", "plan-D"):  # of which the second one has no standby
            seed = Seed(key, "OP1", 0, (), {subscription: 1})
            assert +count(key, numbers, seed.statuses) == Counter(map(seed.status, numbers))


async def test_a_sim_that_cannot_be_used_sends_nothing(emulator, soracom, steady):
    """From the slot in which it was deactivated, until it is active again; and nothing of before changes."""
    emulator.advance(7_000)
    before = await minutes(soracom, steady.sim_id, emulator)
    off = int(emulator.world.wall())
    await soracom.sims.deactivate(steady.sim_id)
    assert await minutes(soracom, steady.sim_id, emulator) == before
    emulator.advance(3_600)
    during = await minutes(soracom, steady.sim_id, emulator)
    assert before.items() <= during.items()
    assert max(during) <= off
    on = int(emulator.world.wall())
    await soracom.sims.activate(steady.sim_id)
    emulator.advance(3_600)
    after = await minutes(soracom, steady.sim_id, emulator)
    assert during.items() <= after.items()
    assert min(at for at in after if at not in during) >= on - on % 300
    assert max(after) == int(emulator.world.wall()) // 300 * 300 - 300


async def test_the_last_session_of_a_term_is_ended(emulator, soracom, steady):
    """What its device sends no more is in no sum either, also if the sums were asked for before."""
    soon = datetime.fromtimestamp(EPOCH + 1, UTC)
    await soracom.sims.set_expiry_time(steady.sim_id, expiry_time=soon)
    emulator.advance(2)
    await of_operator(soracom, emulator)
    await soracom.sims.delete_session(steady.sim_id)
    emulator.advance(DAY)
    assert sums(await minutes(soracom, steady.sim_id, emulator, EPOCH + 600)) == {}
    sims = [sim.sim_id async for sim in soracom.sims.list()]
    day = {"from_": EPOCH, "to": EPOCH, "period": "day"}
    used = 0
    for each in [await soracom.stats.air.sims.get(name, **day) for name in sims]:
        used += sum(counts.upload_byte_size_total for of in each for counts in of.data_traffic_stats_map.values())
    (told,) = await soracom.stats.air.operators.get(**day)
    assert told.upload_byte_size_total == used


async def test_another_speed_class_counts_from_its_time(emulator, twin, soracom, clock, steady):
    """The bytes are the same, under the name of the class that the SIM had then."""
    emulator.advance(7_000)
    other = next(name for name in ("s1.slow", "s1.fast") if name != steady.speed_class)
    changed = int(emulator.world.wall())
    await soracom.sims.update_speed_class(steady.sim_id, speed_class=other)
    emulator.advance(7_000)
    twin.advance(14_000)
    found = await minutes(soracom, steady.sim_id, emulator)
    for at, sizes in found.items():
        assert set(sizes) == {steady.speed_class if at < changed // 300 * 300 else other}
    async with Soracom(twin.auth_key, transport=twin.transport, clock=clock) as same:
        assert sums(found) == sums(await minutes(same, steady.sim_id, twin))


async def hand_over(giver, taker, name):
    """Transfer a SIM from one operator to the other."""
    destination = await taker.operator.get()
    offer = await giver.subscribers.issue_transfer_token(
        transfer_destination_operator_email=destination.email,
        transfer_destination_operator_id=destination.operator_id,
        transfer_imsi=[name],
    )
    await taker.subscribers.verify_transfer_token(token=offer.token)


async def of_operator(soracom, emulator):
    """Return the bytes that an operator's SIMs sent in the last days, by day."""
    now = int(emulator.world.wall())
    found = await soracom.stats.air.operators.get(from_=now - 6 * DAY, to=now, period="day")
    return {each.unixtime: each.upload_byte_size_total for each in found}


async def test_who_has_a_sim_pays_for_it(emulator, twin, soracom, clock, steady, tmp_path):
    """What it sent before a transfer stays with the giver, what it sends afterwards is the taker's, also back again."""
    name = imsi(number_of(steady.sim_id))
    credentials = emulator.credentials_of(emulator.add_operator("taker@example.com"))
    async with (
        Soracom(credentials, transport=emulator.transport, clock=clock) as taker,
        Soracom(twin.auth_key, transport=twin.transport, clock=clock) as same,
    ):
        bills = {bill.year_month: bill.amount for bill in (await soracom.bills.list()).bill_list}
        before = await of_operator(soracom, emulator)
        emulator.advance(DAY + 4_000)
        await hand_over(soracom, taker, name)
        assert {bill.year_month: bill.amount for bill in (await soracom.bills.list()).bill_list} == bills
        assert (await taker.bills.list()).bill_list == []
        emulator.advance(DAY)
        await hand_over(taker, soracom, name)
        emulator.advance(DAY)
        twin.advance(3 * DAY + 4_000)
        given, taken = await of_operator(soracom, emulator), await of_operator(taker, emulator)
        assert len(taken) == 2
        assert before.items() >= {at: given[at] for at in before if at in given}.items()
        assert Counter(given) + Counter(taken) == await of_operator(same, twin)
        days = (await soracom.bills.get_daily("202501")).bill_list
        for_taker = (await taker.bills.get_daily("202501")).bill_list
        pair = [mine.amount + its.amount for mine, its in zip(days, for_taker, strict=True)]
        assert pair == pytest.approx([day.amount for day in (await same.bills.get_daily("202501")).bill_list], abs=2)
        four_days = {"period": "day", "from_": EPOCH, "to": EPOCH + 3 * DAY}
        exported = await soracom.stats.air.export(**four_days)
        rows = [row for row in await rows_of(soracom, exported.url) if row["imsi"] == name]
        assert [row["date"] for row in rows] == ["20250101", "20250102", "20250103", "20250104"]
        uses = await soracom.stats.air.sims.get(steady.sim_id, **four_days)
        assert [int(row["uploadByteSizeTotal"]) for row in rows] == [
            counts.upload_byte_size_total for each in uses for counts in each.data_traffic_stats_map.values()
        ]
        loaded = emulator.save(tmp_path / "state") or Emulator.load(tmp_path / "state", clock=clock)
        async with Soracom(loaded.auth_key, transport=loaded.transport, clock=clock) as again:
            assert await of_operator(again, loaded) == given


async def rows_of(soracom, url):
    async with soracom.stream(url) as answer:
        text = (await answer.read()).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


async def test_the_traffic_of_a_terminated_sim(emulator, soracom, steady):
    """It is not shown for itself, but still counts, and is exported."""
    before = await of_operator(soracom, emulator)
    await soracom.sims.enable_termination(steady.sim_id)
    await soracom.sims.terminate(steady.sim_id)
    assert await minutes(soracom, steady.sim_id, emulator) == {}
    assert await of_operator(soracom, emulator) == before
    exported = await soracom.stats.air.export(from_=EPOCH - DAY, to=EPOCH - 1, period="day")
    assert imsi(number_of(steady.sim_id)) in {row["imsi"] for row in await rows_of(soracom, exported.url)}


async def test_usage_is_kept_for_some_time(soracom, steady):
    """Five minutes for 32 days, days and months for 18 months."""
    get, everything = soracom.stats.air.sims.get, {"from_": 0, "to": EPOCH + DAY}
    (first, *_) = await get(steady.sim_id, **everything, period="minutes")
    assert first.unixtime.timestamp() == EPOCH - 32 * DAY
    for period in ("day", "month"):
        (first, *_) = await get(sim_id(17), **everything, period=period)
        assert first.date.isoformat() >= "2023-07-01"
    days = await soracom.stats.air.operators.get(**everything, period="day")
    months = await soracom.stats.air.operators.get(**everything, period="month")
    assert f"{days[0].unixtime:%Y%m%d}" == "20230701"
    assert f"{months[0].unixtime:%Y%m}" == "202307"
    assert sum(each.upload_byte_size_total for each in days) == sum(each.upload_byte_size_total for each in months)


async def test_some_sims_use_beam(soracom):
    """Their requests come in one protocol and go on in another; days add up to months."""
    users = 0
    month = {"from_": EPOCH - 31 * DAY, "to": EPOCH - 1}
    async for sim in soracom.sims.list():
        name = imsi(number_of(sim.sim_id))
        days = await soracom.stats.beam.get(name, **month, period="day")
        months = await soracom.stats.beam.get(name, **month, period="month")
        sums = Counter()
        for day in days:
            sums.update({kind: counts.count for kind, counts in day.beam_stats_map.items()})
        assert [sums] * len(months) == [
            {kind: counts.count for kind, counts in each.beam_stats_map.items()} for each in months
        ]
        users += bool(days)
        assert len(sums) in (0, 2)
        assert len(set(sums.values())) <= 1
    assert 0 < users < 15
    exported = await soracom.stats.beam.export(**month, period="month")
    assert len({row["imsi"] for row in await rows_of(soracom, exported.url)}) == users


async def test_the_ranking(soracom, emulator, steady):
    """Of whole slots in the period, the most or the least first, whoever changed meanwhile."""
    period = {"from_": (EPOCH - DAY) * 1000, "to": EPOCH * 1000 - 1}
    first = await soracom.query.subscribers.traffic_volume_ranking(**period, limit=100)
    last = await soracom.query.subscribers.traffic_volume_ranking(**period, limit=100, order="asc")
    volumes = [each.traffic_volume for each in first]
    assert volumes == sorted(volumes, reverse=True)
    assert [each.traffic_volume for each in last] == volumes[::-1]
    assert sum(volumes) == sum(
        each.upload_byte_size_total + each.download_byte_size_total
        for each in await soracom.stats.air.operators.get(from_=EPOCH - DAY, to=EPOCH - 1, period="day")
    )
    await soracom.sims.suspend(steady.sim_id)
    assert await soracom.query.subscribers.traffic_volume_ranking(**period, limit=100) == first


@pytest.fixture
def large(clock, monkeypatch):
    """An emulator with a fleet of which only one SIM in three is looked at."""
    monkeypatch.setattr(ledgers, "LOOKED_AT", 20)
    return Emulator(sims=60, groups=3, rate_limit=1_000_000, clock=clock)


async def test_a_large_fleet_is_estimated(large, clock, anyio_backend):
    """From the first of its SIMs; the estimated rest has rows without a SIM, so that everything adds up."""
    december = {"from_": EPOCH - 31 * DAY, "to": EPOCH - 1}
    async with Soracom(large.auth_key, transport=large.transport, clock=clock) as soracom:
        (told,) = await soracom.stats.air.operators.get(**december, period="month")
        rows = await rows_of(soracom, (await soracom.stats.air.export(**december, period="month")).url)
        sizes = Counter()
        for row in rows:
            sizes[bool(row["imsi"])] += int(row["uploadByteSizeTotal"])
        assert sum(sizes.values()) == told.upload_byte_size_total
        assert sizes[False] == pytest.approx(2 * sizes[True], rel=0.001)
        groups = [
            await soracom.stats.air.groups.get(group.group_id, **december, period="month")
            for group in await soracom.groups.list().collect()
        ]
        assert sum(each.upload_byte_size_total for (each,) in groups) <= told.upload_byte_size_total
        bill = await soracom.bills.get("202412")
        rows = await rows_of(soracom, (await soracom.bills.export("202412")).url)
        assert sum(float(row["amount"]) for row in rows) == pytest.approx(bill.amount, abs=1)
        amounts = Counter()
        for row in rows:
            amounts[bool(row["imsi"])] += float(row["amount"])
        assert amounts[False] == pytest.approx(2 * amounts[True], rel=0.001)
        for table, column, expected in (
            ("air_stats", "upload_byte_size_total", sizes),
            ("billing", "amount", amounts),
        ):
            sql = f"select sim_id is not null named, sum({column}) total from {table} group by 1"
            query = await soracom.analysis.queries.start(sql=sql, **december)
            large.advance(6)
            done = await soracom.analysis.queries.get(query.query_id)
            async with soracom.stream(done.url) as answer:
                found = [json.loads(line) for line in gzip.decompress(await answer.read()).splitlines()]
            assert {bool(row["named"]): row["total"] for row in found} == {
                named: pytest.approx(value) for named, value in expected.items()
            }


async def test_changes_of_a_large_fleet_leave_the_past_alone(large, clock, anyio_backend):
    """Whether the SIM is looked at, or not, or new."""
    operator = large.operator
    async with Soracom(large.auth_key, transport=large.transport, clock=clock) as soracom:
        before = [bill.amount for bill in (await soracom.bills.list()).bill_list]
        for number in (1, 2, 59, 60):
            await soracom.sims.suspend(sim_id(number))
        operator.fleet.add(operator.fleet.blank(1_000, EPOCH * 1000, status="active", registered=EPOCH * 1000))
        assert [bill.amount for bill in (await soracom.bills.list()).bill_list] == before
        assert {use.number for use in ledger_of(operator).uses()} == {*range(1, 21), 1_000}


async def test_a_file_that_would_be_too_large(soracom, monkeypatch):
    """It is refused, and not cut."""
    monkeypatch.setattr(stats, "MOST_EXPORTED", 30 * 31)
    await soracom.stats.air.export(from_=EPOCH - 31 * DAY, to=EPOCH - 1, period="day")
    with pytest.raises(BadRequest, match="too large"):
        await soracom.stats.beam.export(from_=EPOCH - 32 * DAY, to=EPOCH - 1, period="day")


async def test_a_query_of_too_many_rows(soracom, monkeypatch):
    """It is refused, and not answered from a part of them; a shorter period helps."""
    monkeypatch.setattr(queries, "MOST_READ", 300)
    monkeypatch.setattr(queries, "MOST_FOUND", 200)
    week = {"from_": EPOCH - 7 * DAY, "to": EPOCH - 1}
    await soracom.analysis.queries.start(sql="select * from air_stats", **week)
    for table in ("air_stats", "harvest_data"):
        with pytest.raises(BadRequest, match="300 rows"):
            await soracom.analysis.queries.start(sql=f"select count(*) from {table}")
    monkeypatch.setattr(queries, "MOST_SIMS", 29)
    for table in ("sim_snapshots", "sim_session_events"):
        with pytest.raises(BadRequest, match="29 SIMs"):
            await soracom.analysis.queries.start(sql=f"select count(*) from {table}", from_=EPOCH, to=EPOCH)
    with pytest.raises(BadRequest, match="200 rows"):
        await soracom.analysis.queries.start(sql="select * from air_stats a join air_stats b on 1", **week)


async def test_inserted_usage_is_billed_and_analysed(emulator, soracom):
    """It adds to what the SIM used, in bills, summaries and queries, too."""
    latest = (await soracom.bills.get_latest()).amount
    sims = (await soracom.bills.summaries.get_sims())[0].cost_breakdown_list
    counts = {"uploadByteSizeTotal": 10**9, "downloadByteSizeTotal": 10**9}
    for at in (EPOCH, EPOCH - 40 * DAY):
        body = {"unixtime": at, "dataTrafficStatsMap": {"s1.fast": counts}}
        await soracom.call("sandboxInsertAirStats", imsi=imsi(3), body=body)
    assert (await soracom.bills.get_latest()).amount == latest + 600
    after = (await soracom.bills.summaries.get_sims())[0].cost_breakdown_list
    assert sum(each.amount for each in after) == pytest.approx(sum(each.amount for each in sims) + 600)
    rows = await rows_of(soracom, (await soracom.bills.export_latest()).url)
    assert [row["quantity"] for row in rows if row["imsi"] == imsi(3)][-1] == str(2 * 10**9)
    for table in ("air_stats where upload_byte_size_total = 1000000000", "billing where quantity = 2000000000"):
        query = await soracom.analysis.queries.start(sql=f"select * from {table}", from_=EPOCH, to=EPOCH)
        emulator.advance(6)
        assert (await soracom.analysis.queries.get(query.query_id)).row_count == 1


async def test_what_was_asked_before_changes_nothing(emulator, twin, soracom, clock):
    """Whether days were looked at while they passed, or all at once."""
    for seconds in (1, 299, 3_000, DAY - 3_300, 3 * DAY, 40 * DAY + 7):
        emulator.advance(seconds)
        await of_operator(soracom, emulator)
        await soracom.bills.get_latest()
    twin.advance(int(emulator.world.wall()) - EPOCH)
    async with Soracom(twin.auth_key, transport=twin.transport, clock=clock) as same:
        assert await of_operator(same, twin) == await of_operator(soracom, emulator)
        assert (await same.bills.list()).bill_list == (await soracom.bills.list()).bill_list
        assert (await same.bills.get_latest()).amount == (await soracom.bills.get_latest()).amount
        spans = {"from_": EPOCH - 60 * DAY, "to": int(twin.world.wall()), "period": "day"}
        assert await same.stats.air.operators.get(**spans) == await soracom.stats.air.operators.get(**spans)
