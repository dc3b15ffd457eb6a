"""What headers say of quota and waiting: `soracom_async._core.headers`, and what a window makes of it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soracom_async._core.headers import LONGEST_WINDOW, RateLimitHeaders, time_to_reset
from soracom_async._core.reset import PERIOD
from soracom_async._core.window import Window

REMAINING = "x-soracom-ratelimit-remaining"
SECONDS = "x-soracom-ratelimit-seconds-before-refresh"
LIMIT = "x-soracom-ratelimit-limit"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("1.5", 2),
        ("0.001", 1),
        ("59.", 59),
        ("0", 0),
        ("3600", 3600),
        ("3600.5", None),
        ("-3", None),
        ("+3", None),
        ("soon", None),
        ("1e3", None),
        ("30 s", None),
        ("1,5", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("99999999", None),
        ("9" * 40, None),
        ("٣", None),
    ],
)
def test_the_seconds_of_a_window(text, seconds):
    """A fraction is rounded up; what cannot be, or is longer than any window, is as if nothing was said."""
    headers = {LIMIT: "100", REMAINING: "0", SECONDS: text}
    assert RateLimitHeaders.parse(headers) == RateLimitHeaders(100, 0, seconds)
    assert time_to_reset(headers) == seconds


numbers = st.integers(-10, 10**12).map(str) | st.floats(allow_nan=True).map(str) | st.text(max_size=50) | st.none()


@given(
    answers=st.lists(st.tuples(numbers, numbers, numbers, st.floats(0, 100)), min_size=1, max_size=40),
    data=st.data(),
)
def test_property_no_wait_is_unbounded(answers, data):
    """Whatever the headers say, a window without requests under way opens within the longest window."""
    window, now = Window(), 1000.0
    for limit, remaining, seconds, pause in answers:
        permit = window.reserve(now)
        if permit is None:
            assert window.opens_at(now) - now <= LONGEST_WINDOW + 1
            now = window.opens_at(now) + 0.001
            permit = window.reserve(now)
            for _ in range(3):  # spread, or behind a scout
                if permit is None:
                    assert window.opens_at(now) < math.inf
                    now = window.opens_at(now) + 0.001
                    permit = window.reserve(now)
            assert permit is not None
        named = {LIMIT: limit, REMAINING: remaining, SECONDS: seconds}
        headers = {name: value for name, value in named.items() if value is not None}
        end = data.draw(st.sampled_from(["answered", "unanswered", "unsent"]))
        if end == "answered":
            window.answered(permit, RateLimitHeaders.parse(headers), sent=now, now=now + 0.01)
        else:
            getattr(window, end)(permit)
        now += pause
    assert window.in_flight == 0


def told(remaining: int, seconds: int | None = None, limit: int | None = 100) -> RateLimitHeaders:
    return RateLimitHeaders(limit, remaining, seconds)


def untimed(remaining: int, *, limit: int | None = 100, now: float = 0.0) -> Window:
    """Return a window of which an answer told the count and no time."""
    window = Window()
    permit = window.reserve(now)
    assert permit is not None
    window.answered(permit, told(remaining, limit=limit), sent=now, now=now)
    return window


def test_a_window_without_a_time_turns_a_period_after_it_was_first_seen():
    """And then it has its limit again, or is unknown."""
    window = untimed(0)
    assert window.reserve(PERIOD - 0.001) is None
    assert window.opens_at(10.0) == PERIOD
    assert window.reserve(PERIOD) is not None
    assert window.view(PERIOD + 0.001).limit == 100


def test_later_answers_do_not_put_the_turn_off():
    """The period counts from the first answer, however many follow."""
    window = untimed(3)
    for now, left in ((20.0, 2), (40.0, 1), (59.0, 0)):
        permit = window.reserve(now)
        assert permit is not None
        window.answered(permit, told(left), sent=now, now=now)
    assert window.opens_at(59.0) == PERIOD


def test_a_count_that_rises_is_of_a_later_window():
    """Where no time is told, more quota than before shows that the window turned."""
    window = untimed(3)
    permit = window.reserve(20.0)
    assert permit is not None
    window.answered(permit, told(99), sent=20.0, now=20.0)
    assert window.view(20.0).remaining == 99
    assert window.view(20.0).refresh_in == PERIOD


@pytest.mark.parametrize("seconds", [None, 60])
def test_the_same_moment_says_nothing_of_what_came_first(seconds):
    """Where the clock ticks seldom, more quota in an answer of the same tick is no later window."""
    window = untimed(5)
    one, other = window.reserve(20.0), window.reserve(20.0)
    assert one is not None
    assert other is not None
    window.answered(one, told(3, seconds), sent=20.0, now=20.0)
    window.answered(other, told(4, seconds), sent=20.0, now=20.0)
    assert window.view(20.0).remaining == 3


def test_a_time_that_comes_later_is_believed():
    """A presumed reset gives way to the one that an answer names."""
    window = untimed(3)
    permit = window.reserve(20.0)
    assert permit is not None
    window.answered(permit, told(2, seconds=5), sent=20.0, now=20.0)
    assert window.view(20.0).refresh_in == 5.0


def test_without_limit_the_largest_count_stands_for_it():
    """A service that never tells its limit is asked for what it once said to have left."""
    window = untimed(7, limit=None)
    assert window.view(1.0).limit == 7
    assert window.view(PERIOD).remaining == 7


@pytest.mark.parametrize("limit", [0, None])
@pytest.mark.parametrize("seconds", [None, 30])
def test_a_limit_of_nothing_is_tried_again(limit, seconds):
    """A service that says 0 of 0, or 0 of nobody knows, is asked again in the next window."""
    window = Window()
    permit = window.reserve(0.0)
    assert permit is not None
    window.answered(permit, told(0, seconds, limit), sent=0.0, now=0.0)
    assert window.reserve(1.0) is None
    assert window.reserve(PERIOD) is not None


def test_what_an_ended_loop_left_under_way_counts_as_spent():
    """Its permits settle nothing more; what is known of the quota stays."""
    window = untimed(10)
    permits = [window.reserve(1.0) for _ in range(3)]
    window.abandon()
    assert (window.in_flight, window.remaining) == (0, 7)
    for permit, settle in zip(permits, (window.unsent, window.unanswered, window.unsent), strict=True):
        assert permit is not None
        settle(permit)
    assert (window.in_flight, window.remaining) == (0, 7)
    Window().abandon()
