"""Times as the API writes them: `soracom_async._codec.times`."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soracom_async import structure, unstructure
from soracom_async._codec.codec import CODEC, decode, dumps
from soracom_async._codec.model import Model, field_names
from soracom_async._codec.times import (
    Day,
    DayOrTime,
    EpochMilliseconds,
    EpochSeconds,
    FractionalSeconds,
    ISODateTime,
    MillisecondsOrSeconds,
    Month,
    Second,
    SecondsOrMilliseconds,
    Unit,
    exactly,
    from_wire,
    to_wire,
    to_wire_like,
)
from soracom_async._core.request import BadArgument
from soracom_async.models import (
    AirStatsResponse,
    BatchJobResponse,
    Group,
    Insight,
    PacketCaptureSession,
    PaymentStatementResponse,
)


class Timed(Model):
    """Has a time of every kind."""

    milliseconds: EpochMilliseconds | None = None
    seconds: EpochSeconds | None = None
    milliseconds_or_seconds: MillisecondsOrSeconds | None = None
    seconds_or_milliseconds: SecondsOrMilliseconds | None = None
    fractional_seconds: FractionalSeconds | None = None
    iso: ISODateTime | None = None
    month: Month | None = None
    day: Day | None = None
    second: Second | None = None
    day_or_time: DayOrTime | None = None
    epochs: list[MillisecondsOrSeconds] | None = None
    fractions: list[FractionalSeconds] | None = None
    fraction_by_name: dict[str, FractionalSeconds] | None = None
    texts: list[ISODateTime] | None = None
    months: list[Month] | None = None


NAMES = {
    "milliseconds": Unit.MILLISECONDS,
    "seconds": Unit.SECONDS,
    "millisecondsOrSeconds": Unit.MILLISECONDS_OR_SECONDS,
    "secondsOrMilliseconds": Unit.SECONDS_OR_MILLISECONDS,
    "fractionalSeconds": Unit.FRACTIONAL_SECONDS,
    "iso": Unit.ISO,
    "month": Unit.MONTH,
    "day": Unit.DAY,
    "second": Unit.SECOND,
    "dayOrTime": Unit.DAY_OR_TIME,
}
MOMENT = datetime(2017, 6, 1, 2, 40, tzinfo=UTC)
NUMBERS = st.one_of(st.integers(), st.integers(-62_135_596_800_000, 253_402_300_799_999))
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
OFFSETS = st.sampled_from(["", "Z", "+0000", "+00:00", "-00:00", "+09:00", "-0730", "+05"])
ISO_TEXTS = st.builds(
    lambda time, spec, offset: time.replace(tzinfo=None).isoformat(timespec=spec) + offset,
    MOMENTS,
    st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
    OFFSETS,
)
DIGITS = st.one_of(
    st.builds(
        lambda time, form: f"{time.year:04}{time:{form}}", MOMENTS, st.sampled_from(["%m", "%m%d", "%m%d%H%M%S"])
    ),
    st.text(alphabet="0123456789", max_size=19),
)
VALUES = st.one_of(
    NUMBERS,
    NUMBERS.map(str),
    st.floats(),
    st.floats(-(10.0**13), 10.0**13).map(str),
    st.sampled_from([0, -1, 0.0, -0.0, 1600000000.123, 10**11, 10**11 - 1, -(10**11), True, False, None]),
    ISO_TEXTS,
    DIGITS,
    st.dates().map(str),
    st.text(max_size=20),
)


def snake(name: str) -> str:
    """Return the field of a wire name."""
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)


def vars_of(model: Timed) -> list[Any]:
    """Return the values that are set."""
    return [value for name in field_names(Timed) if (value := getattr(model, name)) is not None]


def on_the_wire(value: Any) -> bool:
    """Tell whether JSON parsers agree on a value."""
    if isinstance(value, str):
        return value.isprintable()
    return value is None or abs(value) < 2**63


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON, but for the order of names: 1 is not 1.0, nor true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize(
    ("raw", "unit", "time"),
    [
        (1_717_000_000_123, Unit.MILLISECONDS, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        (1_717_000_000_123, Unit.MILLISECONDS_OR_SECONDS, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        (1_717_000_000, Unit.SECONDS, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        (1_717_000_000, Unit.SECONDS_OR_MILLISECONDS, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        ("2024-05-29T16:26:40.123Z", Unit.ISO, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        ("202405", Unit.MONTH, date(2024, 5, 1)),
        ("20240529", Unit.DAY, date(2024, 5, 29)),
        ("00010203", Unit.DAY, date(1, 2, 3)),
        ("20240529", Unit.DAY_OR_TIME, date(2024, 5, 29)),
        ("2024-05-29T16:26:40.123Z", Unit.DAY_OR_TIME, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        ("20240529162640", Unit.SECOND, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        (-62_135_596_800_000, Unit.MILLISECONDS, datetime(1, 1, 1, tzinfo=UTC)),
        (1_717_000_000.123456, Unit.FRACTIONAL_SECONDS, datetime(2024, 5, 29, 16, 26, 40, 123456, UTC)),
        (1_717_000_000.0, Unit.FRACTIONAL_SECONDS, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        (-0.000001, Unit.FRACTIONAL_SECONDS, datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)),
        (127_174_492_800.0, Unit.FRACTIONAL_SECONDS, datetime(6000, 1, 1, tzinfo=UTC)),
    ],
)
def test_each_notation_and_back(raw, unit, time):
    """What the wire has becomes a time, and the same digits again."""
    assert from_wire(raw, unit) == exactly(raw, unit) == time
    assert type(from_wire(raw, unit)) is type(time)
    assert to_wire(time, unit) == raw


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "raw",
    [
        1_496_284_800_000,
        1_496_284_800_000.0,
        1_496_284_800.0,
        "1496284800000",
        "1496284800",
        "1496284800.0",
        "20170601024000",
        "2017-06-01T02:40:00.000Z",
        "2017-06-01T02:40:00Z",
        "2017-06-01T02:40:00:000Z",
        "2017-06-01T11:40:00+0900",
        "2017-06-01 02:40",
        "20170601T024000Z",
        "2017-06-01T02:40:00.000000000Z",
    ],
)
def test_a_time_is_read_by_its_form(name, raw):
    """Whatever a field is declared as, a time that comes in another form is that time, and comes back as it was."""
    read = structure({name: raw}, Timed)
    assert list(vars_of(read)) == [MOMENT]
    assert same(unstructure(read), {name: raw})


@pytest.mark.parametrize(
    ("raw", "day"),
    [("201706", date(2017, 6, 1)), ("20170602", date(2017, 6, 2)), ("2017-06", date(2017, 6, 1)), ("2017-06-02", None)],
)
def test_days_and_months_are_read_by_their_form(raw, day):
    """Where dates are declared they are dates, elsewhere their midnight in UTC."""
    day = day or date(2017, 6, 2)
    for name, unit in NAMES.items():
        (read,) = vars_of(structure({name: raw}, Timed))
        dates = unit in (Unit.MONTH, Unit.DAY, Unit.DAY_OR_TIME)
        assert read == (day if dates else datetime(day.year, day.month, day.day, tzinfo=UTC))
        assert unstructure(structure({name: raw}, Timed)) == {name: raw}


@pytest.mark.parametrize(
    ("raw", "time"),
    [
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (10**11 - 1, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (-(10**11), datetime(1966, 10, 31, 14, 13, 20, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (1600000000.123, datetime(2020, 9, 13, 12, 26, 40, 123000, UTC)),
        (1600000000123.5, datetime(2020, 9, 13, 12, 26, 40, 123500, UTC)),
        (-0.5, datetime(1969, 12, 31, 23, 59, 59, 500000, UTC)),
    ],
)
@pytest.mark.parametrize("name", ["millisecondsOrSeconds", "secondsOrMilliseconds"])
def test_the_magnitude_tells_the_unit(name, raw, time):
    """From 10^11 an epoch is in milliseconds, below in seconds, whichever of them is usual."""
    read = structure({name: raw}, Timed)
    assert list(vars_of(read)) == [time]
    assert same(unstructure(read), {name: raw})


def test_a_stated_unit_is_what_it_is():
    """Milliseconds that are few are milliseconds where the document says so; more seconds than there are, are none."""
    read = structure({"milliseconds": 1000, "seconds": 10**11}, Timed)
    assert read.milliseconds == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert read.seconds.year == 5138
    assert unstructure(read) == {"milliseconds": 1000, "seconds": 10**11}


@pytest.mark.parametrize("name", ["month", "day", "second", "dayOrTime"])
def test_digits_may_come_as_a_number(name):
    """Where digits of a date are expected, a number is these digits."""
    for raw, day in ((201706, date(2017, 6, 1)), (20170602, date(2017, 6, 2))):
        (read,) = vars_of(structure({name: raw}, Timed))
        assert (read.year, read.month, read.day) == (day.year, day.month, day.day)
        assert same(unstructure(structure({name: raw}, Timed)), {name: raw})


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize(
    "raw",
    [
        None, True, False, "", "x", "soon", "2024", "202413", "20240230", "20240101250000", "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+09:00", "99999999", [], {}, 10**18, -(10**18), 1e300, float("inf"), float("nan"),
        "٢٠٢٤٠٥", "1" * 30, "2024-1-1",
    ],
)  # fmt: skip
def test_what_is_no_time_stays_as_it_came(raw, unit):
    """A value that cannot be a time is not touched in either direction."""
    assert from_wire(raw, unit) is raw
    assert to_wire(raw, unit) is raw


@given(st.dictionaries(st.sampled_from([*NAMES]), VALUES), st.lists(VALUES, max_size=3))
def test_property_whatever_comes_goes_back(values, several):
    """Every number and every text comes back as the very same JSON, in every kind of field; what is a time is typed."""
    data = values | {"epochs": several, "texts": several, "months": several, "fractions": several}
    data |= {"fractionByName": dict(enumerate(several))}
    read = structure(data, Timed)
    assert same(unstructure(read), data)
    for name in values.keys() - {"month", "day", "dayOrTime"}:
        value = getattr(read, snake(name))
        assert isinstance(value, datetime) or value is values[name]


@pytest.mark.parametrize("loads", [decode, json.loads])
@given(values=st.dictionaries(st.sampled_from([*NAMES]), VALUES.filter(on_the_wire)))
def test_property_bytes_come_back(loads, values):
    """The bytes of an answer are the bytes of what was read from it, whichever parser read them."""
    values = {name: values[name] for name in NAMES if name in values}  # a model has its fields in their own order
    content = dumps(values)
    assert dumps(unstructure(structure(loads(content), Timed))) == content


@given(MOMENTS, st.sampled_from([*NAMES.values()]))
def test_property_what_is_written_is_read_again(time, unit):
    """A time that is set is the same when it is read again, as exactly as its unit allows."""
    written = to_wire(time, unit)
    read = from_wire(written, unit)
    assert to_wire(read, unit) == written
    if unit in (Unit.ISO, Unit.DAY_OR_TIME):
        assert read == time
    if unit is Unit.MILLISECONDS_OR_SECONDS:
        assert timedelta() <= time - read < timedelta(milliseconds=1)
    if unit is Unit.SECONDS_OR_MILLISECONDS:
        assert timedelta() <= time - read < timedelta(seconds=1)


def test_times_before_1973_are_told_from_others():
    """What would be taken for seconds is written in seconds."""
    assert to_wire(datetime(1971, 1, 1, tzinfo=UTC), Unit.MILLISECONDS_OR_SECONDS) == 31_536_000
    assert to_wire(datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC), Unit.MILLISECONDS_OR_SECONDS) == 0.5
    assert to_wire(datetime(6000, 1, 1, tzinfo=UTC), Unit.SECONDS_OR_MILLISECONDS) == 127_174_492_800_000


LATER = datetime(2025, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest.mark.parametrize(
    ("name", "raw", "written"),
    [
        ("millisecondsOrSeconds", 1_496_284_800_000, 1_735_787_045_678),
        ("millisecondsOrSeconds", 1_496_284_800, 1_735_787_045),
        ("secondsOrMilliseconds", 1_496_284_800_000, 1_735_787_045_678),
        ("secondsOrMilliseconds", 1_496_284_800, 1_735_787_045),
        ("iso", 1600000000.123, 1735787045.678),
        ("iso", 1600000000123.0, 1735787045678.0),
        ("fractionalSeconds", 1600000000.5, 1735787045.678),
        ("fractionalSeconds", 1600000000, 1735787045),
        ("fractionalSeconds", 1600000000123, 1735787045678),
        ("iso", "1496284800000", "1735787045678"),
        ("iso", "20200101000000", "20250102030405"),
        ("iso", "20200101", "2025-01-02T03:04:05.678Z"),
        ("iso", "2020-01-01T09:00:00+0900", "2025-01-02T03:04:05.678Z"),
        ("day", "2020-01-01", "2025-01-02T03:04:05.678Z"),
        ("milliseconds", "2020-01-01T00:00:00Z", "2025-01-02T03:04:05.678Z"),
        ("milliseconds", "soon", 1_735_787_045_678),
        ("milliseconds", [], 1_735_787_045_678),
    ],
)
def test_a_time_that_is_set_is_written_as_the_one_before(name, raw, written):
    """Unless that form cannot hold it."""
    read = structure({name: raw}, Timed)
    setattr(read, snake(name), LATER)
    assert same(unstructure(read), {name: written})


def test_a_date_that_is_set_is_written_as_the_one_before():
    """A day in the place of a month cannot be."""
    for name, raw, written in (
        ("day", "2020-01-01", "2025-01-02"),
        ("day", 20200101, 20250102),
        ("day", "202001", "20250102"),
        ("dayOrTime", "20200101", "20250102"),
        ("iso", 1600000000.5, 1735776000.0),
    ):
        read = structure({name: raw}, Timed)
        setattr(read, snake(name), date(2025, 1, 2))
        assert same(unstructure(read), {name: written})


def test_lists_of_times():
    """They are read by form as well; a changed list is written in the form of its first."""
    read = structure({"epochs": [None, 1_496_284_800], "months": ["201706"]}, Timed)
    read.epochs.append(LATER)
    assert unstructure(read) == {"epochs": [None, 1_496_284_800, 1_735_787_045], "months": ["201706"]}
    twice = {"epochs": [1_496_284_800, 1_496_284_800.0, "1496284800000"]}
    assert same(unstructure(structure(twice, Timed)), twice)
    read = structure({"epochs": [1_496_284_800, None, "soon"], "texts": ["1496284800000"], "months": ["201706"]}, Timed)
    assert read.epochs == [MOMENT, None, "soon"]
    assert (read.texts, read.months) == ([MOMENT], [date(2017, 6, 1)])
    read.texts.append(LATER)
    read.epochs = [LATER, None, {"a": LATER}]
    read.months = [date(2017, 7, 1)]
    assert unstructure(read) == {
        "epochs": [1_735_787_045, None, {"a": "2025-01-02T03:04:05.678Z"}],
        "texts": ["1496284800000", "1735787045678"],
        "months": ["201707"],
    }
    assert unstructure(structure({"texts": "201706", "iso": ["201706"]}, Timed)) == {
        "texts": "201706",
        "iso": ["201706"],
    }


def test_a_list_that_held_no_time():
    """What is put into its place is written as the field says."""
    read = structure({"epochs": [float("nan")]}, Timed)
    read.epochs = [LATER]
    assert unstructure(read) == {"epochs": [1_735_787_045_678]}


def test_fields_of_the_api_whose_unit_is_not_stated():
    """They are times in the models, also within lists."""
    group = structure({"groupId": "1", "operatorId": "2", "createdTime": 1_567_673_660_892}, Group)
    assert group.created_time == datetime(2019, 9, 5, 8, 54, 20, 892_000, UTC)
    job = structure({"jobId": "1", "createdTime": 1_567_673_660}, BatchJobResponse)
    assert job.created_time == datetime(2019, 9, 5, 8, 54, 20, tzinfo=UTC)
    job.created_time = MOMENT
    assert unstructure(job) == {"jobId": "1", "createdTime": 1_496_284_800}
    assert unstructure(AirStatsResponse(unixtime=MOMENT, date=date(2017, 6, 1))) == {
        "unixtime": 1_496_284_800,
        "date": "20170601",
    }
    insight = structure({"anomalyDetectedTimes": ["1496284800000"]}, Insight)
    assert insight.anomaly_detected_times == [MOMENT]
    assert structure({"chargedYearMonths": ["201706"]}, PaymentStatementResponse).charged_year_months == [MOMENT.date()]


def test_packet_captures_have_seconds_with_a_fraction():
    """Though the document says that they are text."""
    data = {"sessionId": "01J", "createdTime": 1670269855.192866, "startedTime": "2022-12-05T19:50:55Z"}
    session = structure(data, PacketCaptureSession)
    assert session.created_time == datetime(2022, 12, 5, 19, 50, 55, 192_866, UTC)
    assert session.started_time == datetime(2022, 12, 5, 19, 50, 55, tzinfo=UTC)
    assert same(unstructure(session), data)


def test_arguments_may_be_dates_and_other_zones():
    """A date is its midnight in UTC; a time of another zone is the same moment."""
    tokyo = timezone(timedelta(hours=9))
    assert to_wire(date(2024, 5, 29), Unit.SECONDS) == 1_716_940_800
    assert to_wire(datetime(2024, 5, 29, 9, tzinfo=tokyo), Unit.SECONDS) == 1_716_940_800
    assert to_wire(datetime(2024, 5, 29, 9, tzinfo=tokyo), Unit.DAY) == "20240529"
    assert to_wire(datetime(2024, 5, 29, 0, 0, 0, 1, UTC), Unit.ISO) == "2024-05-29T00:00:00.000001Z"
    assert to_wire(date(800, 1, 2), Unit.MONTH) == "080001"


def test_a_month_or_a_day_is_what_the_calendar_shows():
    """The first of a month in Tokyo is in that month, also while it is the last of another in UTC."""
    tokyo, hawaii = timezone(timedelta(hours=9)), timezone(timedelta(hours=-10))
    for midnight in (datetime(2026, 6, 1, tzinfo=tokyo), datetime(2026, 6, 1, 23, 59, tzinfo=hawaii)):
        assert to_wire(midnight, Unit.MONTH) == "202606"
        assert to_wire(midnight, Unit.DAY) == "20260601"
        assert CODEC.wire(midnight, Month) == "202606"
        assert to_wire_like("202001", midnight, Unit.MONTH) == "202606"
    first = datetime(2026, 6, 1, tzinfo=tokyo)
    assert to_wire(first, Unit.SECOND) == "20260531150000"
    assert to_wire(first, Unit.DAY_OR_TIME) == "2026-05-31T15:00:00.000Z"
    assert to_wire_like("20200101", datetime(2026, 6, 1, 9, tzinfo=tokyo), Unit.ISO) == "20260601"
    assert to_wire_like("20200101", datetime(2026, 5, 31, 14, tzinfo=hawaii), Unit.ISO) == "20260601"
    with pytest.raises(ValueError, match="has no time zone"):
        to_wire(datetime(2026, 6, 1), Unit.MONTH)


def test_numbers_as_arguments():
    """A number is taken in the unit of the API; where the API has digits it becomes text."""
    for kind in (EpochMilliseconds, EpochSeconds, MillisecondsOrSeconds, SecondsOrMilliseconds):
        assert CODEC.wire(5, kind) == 5
    assert CODEC.wire(202405, Month) == CODEC.wire(202405, Month | None) == "202405"
    assert CODEC.wire({"day": 20240529, "month": None}, Timed) == {"day": "20240529", "month": None}
    assert CODEC.wire(True, Month) is True


@pytest.mark.parametrize(
    "several",
    [
        [MOMENT],
        (MOMENT,),
        {MOMENT},
        frozenset({MOMENT}),
        deque([MOMENT]),
        {MOMENT: 1}.keys(),
        {1: MOMENT}.values(),
    ],
)
def test_several_times_as_an_argument(several):
    """Whatever holds them, they are written in the unit of the API."""
    assert CODEC.wire(several, list[EpochMilliseconds]) == [1_496_284_800_000]
    assert CODEC.wire(iter(several), list[Day]) == ["20170601"]
    assert CODEC.wire({"epochs": several}, Timed) == {"epochs": [1_496_284_800_000]}
    assert unstructure(Timed(months=several)) == {"months": ["201706"]}
    assert CODEC.wire(iter(several), Any) == ["2017-06-01T02:40:00.000Z"]


def test_a_time_without_zone_is_refused():
    """A naive datetime could be any of several moments."""
    with pytest.raises(ValueError, match="no time zone"):
        to_wire(datetime(2024, 5, 29), Unit.SECONDS)
    read = structure({"iso": 1600000000.5}, Timed)
    read.iso = datetime(2024, 5, 29)
    with pytest.raises(ValueError, match="no time zone"):
        unstructure(read)
    with pytest.raises(BadArgument, match="no time zone"):
        CODEC.wire([datetime(2024, 5, 29)], list[MillisecondsOrSeconds])


def test_seconds_with_a_fraction_wherever_they_are():
    """Alone, in a list and in a map, what has a fraction is a time, and an integer is kept as such."""
    data = {"fractionalSeconds": 1_600_000_000.25, "fractions": [1_600_000_000.25, 1], "fractionByName": {"a": 1.5}}
    read = structure(data, Timed)
    assert read.fractional_seconds == read.fractions[0] == datetime(2020, 9, 13, 12, 26, 40, 250_000, UTC)
    assert read.fraction_by_name == {"a": datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)}
    assert same(unstructure(read), data)
    made = Timed(fractional_seconds=datetime(2020, 9, 13, 12, 26, 40, 250_000, UTC))
    assert same(unstructure(made), {"fractionalSeconds": 1_600_000_000.25})
