"""Statistics by local day and month: exact, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest
from clock import FakeClock

from soracom_async import ConfigurationError, Soracom, models, structure, tables
from soracom_async.emulator import Emulator
from soracom_async.emulator.state.sims import imsi, sim_id
from soracom_async.tables import local_days

MINUTES = timedelta(minutes=5)


def air(start: datetime, up: int, *, form: str = "%Y%m%dT%H%M%S", kind: str = "s1.fast") -> models.AirStatsResponse:
    """Return an entry of one SIM, as the service sends it."""
    counts = {"uploadByteSizeTotal": up, "downloadByteSizeTotal": 10 * up, "uploadPacketSizeTotal": None}
    data: dict[str, Any] = {"unixtime": int(start.timestamp()), "dataTrafficStatsMap": {kind: counts}}
    return structure(data | {"date": start.strftime(form)}, models.AirStatsResponse)


def funk(start: datetime, count: int = 1) -> models.FunkStatsResponse:
    """Return an entry that does not show how long it is."""
    data = {"unixtime": int(start.timestamp()), "funkStatsMap": {"out": {"count": count}}}
    return structure(data, models.FunkStatsResponse)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_minutes_are_summed_by_the_day_of_the_zone() -> None:
    stats = [air(utc(2026, 11, 30, 14, 55), 1), air(utc(2026, 11, 30, 15), 2), air(utc(2026, 12, 1, 14, 55), 4)]
    stats += [air(utc(2026, 12, 1), 8, kind="s1.slow"), air(utc(2026, 12, 1), 16)]
    packets = {"upload_packet_size_total": 0, "download_packet_size_total": 0}
    assert local_days(stats) == [
        {"date": day, "kind": kind, "upload_byte_size_total": up, "download_byte_size_total": 10 * up, **packets}
        for day, kind, up in (
            (date(2026, 11, 30), "s1.fast", 1),
            (date(2026, 12, 1), "s1.fast", 22),
            (date(2026, 12, 1), "s1.slow", 8),
        )
    ]
    assert [(row["date"], row["upload_byte_size_total"]) for row in local_days(stats, by="month")] == [
        (date(2026, 11, 1), 1),
        (date(2026, 12, 1), 22),
        (date(2026, 12, 1), 8),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Tokyo", date(2026, 3, 29), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        (timezone(timedelta(hours=-3, minutes=-30)), date(2026, 3, 29), 24),
        (ZoneInfo("America/New_York"), date(2026, 11, 1), 25),
    ],
)
def test_a_day_has_the_hours_that_it_has_in_its_zone(zone: Any, day: date, hours: float) -> None:
    first = utc(day.year, day.month, day.day) - timedelta(days=1)
    sums = local_days((funk(first + MINUTES * number) for number in range(3 * 288)), zone)
    assert {row["date"]: row["count"] for row in sums}[day] == hours * 12
    assert sum(row["count"] for row in sums) == 3 * 288


def test_a_day_of_utc_is_never_divided() -> None:
    days = [air(utc(2026, 11, day), 1, form="%Y%m%d") for day in (1, 2)]
    with pytest.raises(
        ConfigurationError, match=r"day of UTC that begins at 2026-11-01 lies in two days of Asia/Tokyo"
    ):
        local_days(days)
    with pytest.raises(ConfigurationError, match="ask for the statistics with period='minutes'"):
        local_days(days, "Asia/Kolkata")
    assert [row["date"].day for row in local_days(days, "UTC")] == [1, 2]
    # Within a month of the zone it can be taken whole; the last day of UTC's month cannot.
    assert [row["upload_byte_size_total"] for row in local_days(days, by="month")] == [2]
    with pytest.raises(ConfigurationError, match="2026-11-30 lies in two months"):
        local_days([air(utc(2026, 11, 30), 1, form="%Y%m%d")], by="month")


def test_a_month_is_the_days_within_it_and_the_minutes_of_its_ends() -> None:
    ends = [air(utc(2026, 10, 31, 14, 55), 1), air(utc(2026, 10, 31, 15), 2)]
    ends += [air(utc(2026, 11, 30, 14, 55), 4), air(utc(2026, 11, 30, 15), 8)]
    days = [air(utc(2026, 11, day), 100, form="%Y%m%d") for day in range(1, 30)]
    assert [(row["date"].month, row["upload_byte_size_total"]) for row in local_days(ends + days, by="month")] == [
        (10, 1),
        (11, 2906),
        (12, 8),
    ]


def test_a_month_of_utc_is_a_month_of_utc_alone() -> None:
    months = [air(utc(2026, month, 1), month, form="%Y%m") for month in (11, 12)]
    assert [row["upload_byte_size_total"] for row in local_days(months, "UTC", "month")] == [11, 12]
    with pytest.raises(ConfigurationError, match="month of UTC that begins at 2026-11-01 lies in two days of UTC"):
        local_days(months, "UTC")
    with pytest.raises(ConfigurationError, match="lies in two months of Asia/Tokyo"):
        local_days(months, by="month")


def test_entries_that_do_not_show_their_period_are_told_by_the_others() -> None:
    midnight = utc(2026, 12, 1)
    assert local_days([funk(midnight), funk(midnight + MINUTES)])[0]["count"] == 2
    with pytest.raises(ConfigurationError, match="month of UTC"):
        local_days([funk(midnight)])
    with pytest.raises(ConfigurationError, match="day of UTC"):
        local_days([funk(midnight), funk(utc(2026, 12, 2))])
    assert local_days([funk(midnight)], period="minutes")[0]["count"] == 1
    with pytest.raises(ConfigurationError, match="day of UTC"):
        local_days([funk(midnight)], period="day")


def test_statistics_of_a_group_have_no_kinds() -> None:
    data = {"unixtime": int(utc(2026, 12, 2).timestamp()), "uploadByteSizeTotal": 3, "downloadByteSizeTotal": None}
    found = local_days([structure(data, models.AirAggregatedStatsResponse)], "UTC")
    sums = {"upload_byte_size_total": 3, "download_byte_size_total": 0}
    assert found == [{"date": date(2026, 12, 2), "kind": None, **sums}]


def test_what_the_document_does_not_declare_is_summed_too() -> None:
    start = utc(2026, 12, 1, 1)
    data = {"unixtime": int(start.timestamp()), "dataTrafficStatsMap": {"x": {"uploadPacketCountTotal": 2}}}
    twice = [structure(data, models.AirStatsResponse)] * 2
    (row,) = local_days(twice)
    assert (row["date"], row["kind"], row["uploadPacketCountTotal"]) == (date(2026, 12, 1), "x", 4)
    assert row["upload_byte_size_total"] == 0
    assert local_days([structure({"unixtime": data["unixtime"]}, models.AirStatsResponse)]) == []


def test_the_date_alone_is_enough() -> None:
    data = {"date": "20261201T000000", "dataTrafficStatsMap": {"x": {"uploadByteSizeTotal": 2}}}
    assert local_days([structure(data, models.AirStatsResponse)])[0]["date"] == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"zone": "Asia/Atlantis"}, "zone='Asia/Atlantis' is not known.*tzdata"),
        ({"zone": "Asia"}, "zone='Asia' is not known"),
        ({"zone": "../etc"}, "is not known"),
        ({"zone": 9}, "zone=9 is not known"),
        ({"by": "week"}, "by='week' must be"),
        ({"period": "hour"}, "period='hour' must be"),
        ({"stats": [models.DataEntry()]}, "not DataEntry"),
        (
            {"stats": [structure({"unixtime": 1, "funkStatsMap": {"x": {"count": "3"}}}, models.FunkStatsResponse)]},
            "'3'",
        ),
        ({"stats": [structure({"unixtime": 1, "funkStatsMap": {"x": []}}, models.FunkStatsResponse)]}, "counts belong"),
        ({"stats": [structure({"unixtime": 1, "funkStatsMap": [1]}, models.FunkStatsResponse)]}, "its kinds belong"),
        ({"stats": [funk(utc(9999, 12, 31))], "period": "day"}, "9999-12-31 of a statistic is at the end"),
    ],
)
def test_what_cannot_be_summed_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        local_days(**{"stats": [], **arguments})


@pytest.mark.anyio
async def test_the_sums_are_rows_of_a_table(tmp_path: Path) -> None:
    sums = local_days([air(utc(2026, 11, 30, 15), 2)])
    assert await tables.write_csv(sums, tmp_path / "days.csv") == 1
    text = await anyio.Path(tmp_path / "days.csv").read_text("utf-8-sig")
    header, row = text.split()
    assert header.startswith("date,kind,download_byte_size_total,")
    assert row.startswith("2026-12-01,s1.fast,20,")


@pytest.mark.anyio
async def test_minutes_of_the_service_make_up_its_days_and_those_of_tokyo(clock: FakeClock) -> None:
    emulator = Emulator(sims=20, clock=clock)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        to = utc(2025, 1, 1)  # where the clock of the emulator begins
        for hours, size in ((1, 1), (8, 2), (9, 4), (10, 8), (30, 16)):
            at = int((to - timedelta(hours=hours)).timestamp())
            body = {"unixtime": at, "dataTrafficStatsMap": {"t1.odd": {"uploadByteSizeTotal": size}}}
            await soracom.call("sandboxInsertAirStats", imsi=imsi(1), body=body)
        ask, since = soracom.stats.air.sims.get, utc(2024, 12, 30)
        minutes = await ask(sim_id(1), from_=since, to=to, period="minutes")
        days = await ask(sim_id(1), from_=since, to=to, period="day")

        def odd(rows: list[dict[str, Any]]) -> dict[int, int]:
            return {row["date"].day: row["upload_byte_size_total"] for row in rows if row["kind"] == "t1.odd"}

        assert local_days(minutes, "UTC") == local_days(days, "UTC")
        assert odd(local_days(minutes, "UTC")) == {30: 16, 31: 15}
        assert odd(local_days(minutes)) == {31: 24, 1: 7}
        with pytest.raises(ConfigurationError, match="period='minutes'"):
            local_days(days)
