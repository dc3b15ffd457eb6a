"""What SIMs have used is summed by month, day or five minutes, and exported; what is inserted counts, too."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from soracom_async import BadRequest, NotFound, Soracom
from soracom_async.emulator.state.sims import imsi, sim_id
from soracom_async.emulator.state.world import EPOCH

pytestmark = pytest.mark.anyio
DAY = 86_400
YESTERDAY = EPOCH - DAY
ONE, TWO, THREE = 901, 902, 903
"""The SIMs of the operator whose SIMs were never used."""
COUNTED = ("upload_byte_size_total", "download_byte_size_total")


@pytest.fixture
async def quiet(emulator, clock, anyio_backend):
    """An operator whose SIMs were never used."""
    operator = emulator.add_operator("quiet@example.com", groups=1)
    for number in (ONE, TWO, THREE):
        operator.fleet.add(operator.fleet.blank(number, EPOCH * 1000))
    async with Soracom(emulator.credentials_of(operator), transport=emulator.transport, clock=clock) as soracom:
        yield soracom


@pytest.fixture
async def stranger(emulator, clock, anyio_backend):
    """Another operator."""
    operator = emulator.add_operator("other@example.com", sims=5)
    credentials = emulator.credentials_of(operator)
    async with Soracom(credentials, transport=emulator.transport, clock=clock) as soracom:
        yield soracom


async def fetch(emulator, url):
    """Return the rows of the CSV file behind a URL."""
    async with httpx.AsyncClient(transport=emulator.transport) as plain:
        answer = await plain.get(url)
    assert answer.headers["content-type"] == "text/csv"
    return list(csv.DictReader(answer.text.splitlines()))


def vars_of(model):
    """Return the fields of a model by their names."""
    return {name: getattr(model, name) for name in model.__slots__ if not name.startswith("_")}


def traffic(up, down, speed_class="s1.fast"):
    return {speed_class: {"uploadByteSizeTotal": up, "downloadByteSizeTotal": down, "uploadPacketSizeTotal": 1}}


async def insert(soracom, number, at, up, down, speed_class="s1.fast"):
    body = {"dataTrafficStatsMap": traffic(up, down, speed_class), "unixtime": at}
    await soracom.call("sandboxInsertAirStats", imsi=imsi(number), body=body)


@pytest.fixture
async def used(quiet):
    """The first SIM has used something thrice yesterday and once today, the second one once yesterday."""
    await insert(quiet, ONE, YESTERDAY + 10, 10, 100)
    await insert(quiet, ONE, YESTERDAY + 299, 1, 2)
    await insert(quiet, ONE, YESTERDAY + 300, 5, 50, "s1.slow")
    await insert(quiet, ONE, EPOCH, 1000, 0)
    await insert(quiet, TWO, YESTERDAY + DAY - 1, 7, 70)


def totals(answer):
    """Return time, uploaded and downloaded bytes by speed class."""
    return [
        (
            each.unixtime.timestamp(),
            {kind: tuple(getattr(sums, name) for name in COUNTED) for kind, sums in found.items()},
        )
        for each in answer
        for found in [each.data_traffic_stats_map]
    ]


async def test_air_stats_by_minutes(quiet, used):
    """Five minutes are summed, from those that `from` is in to those that `to` is in."""
    first = (YESTERDAY, {"s1.fast": (11, 102)})
    second = (YESTERDAY + 300, {"s1.slow": (5, 50)})
    for begin, end, expected in ((0, 599, [first, second]), (299, 299, [first]), (300, 400, [second]), (600, 900, [])):
        found = await quiet.stats.air.get(imsi(ONE), from_=YESTERDAY + begin, to=YESTERDAY + end, period="minutes")
        assert totals(found) == expected
    found = await quiet.stats.air.get(imsi(ONE), from_=YESTERDAY, to=YESTERDAY + 300, period="minutes")
    assert [each.date for each in found] == [each.unixtime for each in found]
    assert found[0].data_traffic_stats_map["s1.fast"].upload_packet_size_total == 2
    assert found[0].data_traffic_stats_map["s1.fast"].download_packet_size_total == 0


async def test_air_stats_by_day_and_month(quiet, used):
    """Days and months are summed in UTC, of a SIM by either of its names."""
    day = [(YESTERDAY, {"s1.fast": (11, 102), "s1.slow": (5, 50)}), (EPOCH, {"s1.fast": (1000, 0)})]
    found = await quiet.stats.air.sims.get(sim_id(ONE), from_=YESTERDAY + DAY // 2, to=EPOCH, period="day")
    assert totals(found) == day
    assert [each.date for each in found] == [date(2024, 12, 31), date(2025, 1, 1)]
    december = int(datetime(2024, 12, 1, tzinfo=UTC).timestamp())
    found = await quiet.stats.air.get(imsi(ONE), from_=december + 5 * DAY, to=EPOCH, period="month")
    assert totals(found) == [(december, day[0][1]), (EPOCH, day[1][1])]
    assert [each.date for each in found] == [date(2024, 12, 1), date(2025, 1, 1)]


async def test_air_stats_of_many(emulator, quiet, stranger, used):
    """An operator's and a group's traffic is that of their SIMs, and nobody else's."""
    await insert(stranger, 31, EPOCH, 99, 99)
    group = await quiet.groups.create(tags={"name": "north"})
    await quiet.sims.set_group(sim_id(TWO), group_id=group.group_id)

    async def summed(ask, *names, since=YESTERDAY):
        found = await ask(*names, from_=since, to=EPOCH, period="day")
        return [(each.unixtime.timestamp(), *(getattr(each, name) for name in COUNTED)) for each in found]

    expected = [(YESTERDAY, 23, 222), (EPOCH, 1000, 0)]
    assert await summed(quiet.stats.air.operators.get) == expected
    assert await summed(quiet.stats.air.groups.get, group.group_id) == [(YESTERDAY, 7, 70)]
    assert await summed(stranger.stats.air.operators.get, since=EPOCH) == [(EPOCH, 99, 99)]
    with pytest.raises(NotFound):
        await summed(stranger.stats.air.groups.get, group.group_id)
    with pytest.raises(BadRequest):
        await quiet.stats.air.operators.get(from_=YESTERDAY, to=EPOCH, period="minutes")


async def test_a_sim_that_left_is_in_no_group(emulator, quiet, stranger, used):
    """What a SIM used stays with the operator that paid for it, but no longer with a group."""
    group = await quiet.groups.create()
    await quiet.sims.set_group(sim_id(TWO), group_id=group.group_id)
    destination = await stranger.operator.get()
    offer = await quiet.subscribers.issue_transfer_token(
        transfer_destination_operator_email=destination.email,
        transfer_destination_operator_id=destination.operator_id,
        transfer_imsi=[imsi(TWO)],
    )
    await stranger.subscribers.verify_transfer_token(token=offer.token)
    assert await quiet.stats.air.groups.get(group.group_id, from_=YESTERDAY, to=EPOCH, period="day") == []
    everything = await quiet.stats.air.operators.get(from_=YESTERDAY, to=YESTERDAY, period="day")
    assert [each.upload_byte_size_total for each in everything] == [23]
    assert await stranger.stats.air.get(imsi(TWO), from_=YESTERDAY, to=EPOCH, period="day") == []


async def test_beam_stats(emulator, quiet):
    """Beam's requests are counted by protocol, now unless a time is said."""
    await quiet.sandbox.stats.beam.insert(imsi(ONE), beam_stats_map={"inHttp": {"count": 4}})
    for at, counts in ((1, {"inHttp": {"count": 3}, "outHttps": {"count": 2}}), (2, {"inHttp": None, "inTcp": {}})):
        body = {"beamStatsMap": counts, "unixtime": EPOCH + at}
        await quiet.call("sandboxInsertBeamStats", imsi=imsi(ONE), body=body)
    (found,) = await quiet.stats.beam.get(imsi(ONE), from_=EPOCH, to=EPOCH + 60, period="day")
    counts = {kind: sums.count for kind, sums in found.beam_stats_map.items()}
    assert counts == {"inHttp": 7, "outHttps": 2, "inTcp": 0}
    assert (found.date, found.unixtime) == (date(2025, 1, 1), datetime.fromtimestamp(EPOCH, UTC))
    exported = await quiet.stats.beam.export(from_=EPOCH, to=EPOCH, period="month")
    assert await fetch(emulator, exported.url) == [
        {"imsi": imsi(ONE), "date": "202501", "soracomBeamType": kind, "count": str(count)}
        for kind, count in counts.items()
    ]


async def test_what_is_not_taken_in(quiet):
    """There is one entry of a time; it is of a SIM of the operator, and not empty."""
    await insert(quiet, ONE, EPOCH, 1, 1)
    with pytest.raises(BadRequest, match="already"):
        await insert(quiet, ONE, EPOCH, 1, 1)
    with pytest.raises(BadRequest, match="dataTrafficStatsMap is missing"):
        await quiet.sandbox.stats.air.insert(imsi(ONE), unixtime=EPOCH + 1)
    with pytest.raises(BadRequest):  # milliseconds
        await quiet.call("sandboxInsertAirStats", imsi=imsi(ONE), body={"unixtime": EPOCH * 1000})
    with pytest.raises(NotFound):
        await insert(quiet, 31, EPOCH, 1, 1)
    odd = {"unixtime": 1_735_680_000, "beamStatsMap": {"odd": []}}
    with pytest.raises(BadRequest):
        await quiet.call("sandboxInsertBeamStats", imsi=imsi(ONE), body=odd)


async def test_what_is_not_summed(soracom):
    """A period is one of three, and does not end before it begins."""
    with pytest.raises(BadRequest, match="period is not one of"):
        await soracom.stats.air.get(imsi(1), from_=0, to=EPOCH, period="week")
    with pytest.raises(BadRequest, match="from is later than to"):
        await soracom.stats.air.get(imsi(1), from_=EPOCH, to=0, period="day")
    with pytest.raises(BadRequest, match="from is later than to"):
        await soracom.stats.air.export(from_=EPOCH + 60)
    with pytest.raises(NotFound):
        await soracom.stats.air.get(imsi(99), from_=0, to=EPOCH, period="day")


async def test_what_devices_sent(emulator, soracom):
    """Funk, Funnel and Harvest count what the SIM's device sent."""
    sent = await soracom.sims.get_data(sim_id(1)).collect()
    times = [entry.time for entry in sent]
    begin, end = min(times), max(times)
    for service in (soracom.stats.funk, soracom.stats.funnel, soracom.stats.harvest.subscribers):
        total = 0
        for each in await service.get(imsi(1), from_=begin, to=end, period="day"):
            (counts,) = (found for name, found in vars_of(each).items() if name.endswith("_stats_map"))
            total += sum(each.count for each in counts.values())
        assert total == len(sent)
        assert (
            await service.get(imsi(1), from_=end + timedelta(days=1), to=end + timedelta(days=1), period="minutes")
            == []
        )
    for service, name in (
        (soracom.stats.funk, "soracomFunkType"),
        (soracom.stats.funnel, "soracomFunnelType"),
        (soracom.stats.harvest, "soracomHarvestType"),
    ):
        exported = await service.export(from_=begin, to=end, period="month")
        rows = await fetch(emulator, exported.url)
        assert sum(int(row["count"]) for row in rows if row["imsi"] == imsi(1)) == len(sent)
        assert len({row["imsi"] for row in rows}) == 30
        assert all(row[name] for row in rows)


async def test_exported_data(soracom):
    """Nothing is exported, in the month asked for or in this one."""
    for ask in (soracom.stats.harvest.operators.get, soracom.stats.napter.audit_logs.get):
        assert ((found := await ask()).year_month, found.exported_bytes) == (date(2025, 1, 1), 0)
        assert (await ask(year_month="202412")).year_month == date(2024, 12, 1)
        with pytest.raises(BadRequest):
            await ask(year_month="2024-12")


async def test_exporting_at_once(emulator, quiet, used):
    """A file of all traffic has a line for each SIM, period and speed class; of this month, if nothing is said."""
    exported = await quiet.stats.air.export(from_=YESTERDAY, to=EPOCH, period="day")
    assert exported.exported_file_id is None
    rows = await fetch(emulator, exported.url)
    assert [tuple(row.values()) for row in rows] == [
        (imsi(ONE), "20241231", "s1.fast", "11", "2", "102", "0"),
        (imsi(ONE), "20241231", "s1.slow", "5", "1", "50", "0"),
        (imsi(ONE), "20250101", "s1.fast", "1000", "1", "0", "0"),
        (imsi(TWO), "20241231", "s1.fast", "7", "1", "70", "0"),
    ]
    exported = await quiet.stats.air.export()
    assert [row["date"] for row in await fetch(emulator, exported.url)] == ["202501"]


async def test_exporting_without_waiting(emulator, quiet, stranger, used):
    """Who does not wait gets an identifier, which leads to the file once it is made."""
    exported = await quiet.stats.air.export(from_=YESTERDAY, to=EPOCH, period="day", export_mode="async")
    assert exported.url is None
    assert exported.exported_file_path.endswith("/air-stats.csv")
    found = await quiet.call("getExportedFile", exported_file_id=exported.exported_file_id)
    assert (found.status, found.url) == ("processing", None)
    await insert(quiet, THREE, EPOCH, 1, 1)
    emulator.advance(2)
    found = await quiet.call("getExportedFile", exported_file_id=exported.exported_file_id)
    assert found.status == "exported"
    assert len(await fetch(emulator, found.url)) == 4
    with pytest.raises(NotFound):
        await stranger.call("getExportedFile", exported_file_id=exported.exported_file_id)
    with pytest.raises(BadRequest, match="export_mode"):
        await quiet.stats.air.export(export_mode="later")


async def test_exporting_subscribers(emulator, soracom):
    """All subscribers are in their file, as they are now."""
    await soracom.sims.put_tags(sim_id(2), tags=[{"tagName": "name", "tagValue": 'a "b", c'}])
    exported = await soracom.subscribers.export()
    rows = await fetch(emulator, exported.url)
    assert [row["imsi"] for row in rows] == [imsi(number + 1) for number in range(30)]
    sim = await soracom.sims.get(sim_id(2))
    assert rows[1]["name"] == 'a "b", c'
    assert (rows[1]["simId"], rows[1]["status"], rows[1]["groupId"]) == (sim.sim_id, sim.status, sim.group_id or "")
    exported = await soracom.subscribers.export(export_mode="async")
    assert exported.exported_file_path.endswith("/subscribers.csv")
