"""Times as the API writes them: `soracom_async._codec.times`."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soracom_async._codec.times import Unit, from_wire, to_wire

NUMBERS = st.one_of(st.integers(), st.integers(-62_135_596_800_000, 253_402_300_799_999))


@pytest.mark.parametrize(
    ("raw", "unit", "time"),
    [
        (1_717_000_000_123, Unit.MILLISECONDS, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        (1_717_000_000, Unit.SECONDS, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        ("2024-05-29T16:26:40.123Z", Unit.ISO, datetime(2024, 5, 29, 16, 26, 40, 123000, UTC)),
        ("202405", Unit.MONTH, date(2024, 5, 1)),
        ("20240529", Unit.DAY, date(2024, 5, 29)),
        ("00010203", Unit.DAY, date(1, 2, 3)),
        ("20240529162640", Unit.SECOND, datetime(2024, 5, 29, 16, 26, 40, 0, UTC)),
        (-62_135_596_800_000, Unit.MILLISECONDS, datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_each_notation_and_back(raw, unit, time):
    """What the wire has becomes a time, and the same digits again."""
    assert from_wire(raw, unit) == time
    assert to_wire(time, unit) == raw


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize(
    "raw",
    [
        None,
        True,
        1.5,
        "",
        "x",
        "2022-01-01T00:00:00:000Z",
        "2024",
        "202413",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+09:00",
        "99999999",
        [],
        {},
        10**18,
        "٢٠٢٤٠٥",
    ],
)
def test_what_is_not_written_so_stays_as_it_came(raw, unit):
    """A value in another notation is not touched in either direction."""
    if (raw, unit) == ("2022-01-01T00:00:00:000Z", Unit.ISO):
        return  # some versions of Python read it all the same; the codec keeps the text beside the time
    read = from_wire(raw, unit)
    assert read is raw or to_wire(read, unit) == raw


@given(NUMBERS, st.sampled_from([Unit.MILLISECONDS, Unit.SECONDS]))
def test_property_epochs_keep_every_digit(number, unit):
    """Every whole number comes back as it was, far beyond what a datetime can hold."""
    assert to_wire(from_wire(number, unit), unit) == number


@given(st.text(alphabet="0123456789", max_size=15), st.sampled_from([Unit.MONTH, Unit.DAY, Unit.SECOND]))
def test_property_digits_keep_every_digit(text, unit):
    """Every text of digits comes back as it was."""
    assert to_wire(from_wire(text, unit), unit) == text


def test_arguments_may_be_dates_and_other_zones():
    """A date is its midnight in UTC; a time of another zone is the same moment."""
    tokyo = timezone(timedelta(hours=9))
    assert to_wire(date(2024, 5, 29), Unit.SECONDS) == 1_716_940_800
    assert to_wire(datetime(2024, 5, 29, 9, tzinfo=tokyo), Unit.SECONDS) == 1_716_940_800
    assert to_wire(datetime(2024, 5, 29, 9, tzinfo=tokyo), Unit.DAY) == "20240529"
    assert to_wire(datetime(2024, 5, 29, 0, 0, 0, 1, UTC), Unit.ISO) == "2024-05-29T00:00:00.000001Z"
    assert to_wire(date(800, 1, 2), Unit.MONTH) == "080001"


def test_a_time_without_zone_is_refused():
    """A naive datetime could be any of several moments."""
    with pytest.raises(ValueError, match="no time zone"):
        to_wire(datetime(2024, 5, 29), Unit.SECONDS)
