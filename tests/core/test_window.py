"""The arithmetic of a quota window: `soracom_async._core.window` and `turn`."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import Service, Simulation, jittered

from soracom_async._core.headers import NOTHING, RateLimitHeaders, whole
from soracom_async._core.reset import Rounding, WindowReset
from soracom_async._core.window import (
    PROBES,
    RateLimit,
    Window,
)

LOCAL = (0.001, 0.003)
FAR = (0.02, 0.08)


def told(remaining, seconds=60, limit=100):
    return RateLimitHeaders(limit, remaining, seconds)


def opened(remaining=100, seconds=60, now=0.0, limit=100):
    """Return a window of which one answer told."""
    window = Window()
    window.answered(window.reserve(now), told(remaining, seconds, limit), sent=now, now=now)
    return window


def take_all(window, now):
    permits = []
    while (permit := window.reserve(now)) is not None:
        permits.append(permit)
    return permits


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_alone_no_429_and_the_whole_quota(aligned, seed):
    """Alone against a short window, 50 tasks get at least 99 % of the best rate, and never a 429."""
    phase = random.Random(seed).random() * 2
    service = Service(100, 2.0, aligned=aligned, phase=phase)
    took = Simulation(service, latency=jittered(seed, *LOCAL)).run(1000, tasks=50)
    first_turn = min(service.used)
    best = first_turn + 8 * 2.0  # the turn behind which the last hundred may go
    assert service.refused == 0
    assert took <= best * 1.01


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("latency", [LOCAL, FAR])
def test_a_minute_is_used_to_the_full(aligned, latency):
    """With windows of a minute, near or far, no quota is left over in any window but the last."""
    service = Service(300, 60.0, aligned=aligned, phase=41.3)
    took = Simulation(service, latency=jittered(1, *latency)).run(3000, tasks=50)
    assert service.refused == 0
    assert [service.used[turn] for turn in sorted(service.used)] == [300] * 10
    assert took <= (min(service.used) + 8 * 60.0) * 1.01


@pytest.mark.parametrize("aligned", [False, True])
def test_seconds_rounded_down_cost_one_429_at_most(aligned):
    """A service that rounds down is known by its first 0, at the cost of a single 429."""
    service = Service(100, 2.0, aligned=aligned, phase=0.7, round_down=True)
    simulation = Simulation(service, latency=jittered(2, *LOCAL))
    took = simulation.run(1000, tasks=50)
    assert service.refused <= 1
    assert simulation.window.reset.rounding.down
    assert took <= (min(service.used) + 8 * 2.0) * 1.01


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("draw", [30, 80])
def test_with_others_in_the_same_quota(aligned, draw):
    """While others draw from the quota every window is used up, at the cost of a few 429s a window."""
    service = Service(100, 2.0, aligned=aligned, phase=0.4)
    simulation = Simulation(service, latency=jittered(3, *LOCAL))
    source = random.Random(draw)
    refused_others = 0

    def stranger():
        nonlocal refused_others
        served, _ = service.request(simulation.now)
        refused_others += not served
        simulation.at(simulation.now + source.expovariate(draw / 2.0), stranger)

    simulation.at(0.01, stranger)
    simulation.run(1000, tasks=50)
    windows = [service.used[turn] for turn in sorted(service.used)[:-1]]
    assert min(windows) >= 97
    assert service.refused - refused_others <= 50 * len(windows)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(PROBES, 60),
    period=st.sampled_from([3.0, 10.0, 60.0]),
    aligned=st.booleans(),
    phase=st.floats(0, 60),
    tasks=st.integers(1, 80),
    seed=st.integers(0, 2**16),
)
def test_property_never_a_429_alone(limit, period, aligned, phase, tasks, seed):
    """Alone, whatever the limit, the window, its phase and the number of tasks, there is never a 429."""
    service = Service(limit, period, aligned=aligned, phase=phase)
    simulation = Simulation(service, latency=jittered(seed, 0.001, 0.1))
    simulation.run(limit * 4, tasks)
    assert service.refused == 0
    assert simulation.window.in_flight == 0


@given(st.data())
def test_property_permits_are_conserved(data):
    """Whatever becomes of each request, as many permits are in flight as were given and not settled."""
    window, held, now = Window(), [], 0.0
    for _ in range(data.draw(st.integers(1, 60))):
        now += data.draw(st.floats(0, 5))
        action = data.draw(st.sampled_from(["reserve", "unsent", "unanswered", "answered", "silent"]))
        if action == "reserve" and (permit := window.reserve(now)) is not None:
            held.append((permit, now))
        elif action != "reserve" and held:
            permit, sent = held.pop(data.draw(st.integers(0, len(held) - 1)))
            if action == "unsent":
                window.unsent(permit)
            elif action == "unanswered":
                window.unanswered(permit)
            elif action == "silent":
                window.answered(permit, NOTHING, sent=sent, now=now)
            else:
                said = told(data.draw(st.integers(0, 20)), data.draw(st.integers(0, 60)), 20)
                window.answered(permit, said, sent=sent, now=now)
        assert window.in_flight == len(held)
        assert window.remaining is None or window.remaining >= 0
    for permit, _ in held:
        window.unsent(permit)
    assert window.in_flight == 0


@given(st.permutations(range(20)))
def test_property_late_headers_never_raise_what_remains(order):
    """Answers of one window in any order: what remains only falls, and ends at the smallest value."""
    window = Window(unlimited=True)
    permits = [window.reserve(0.0) for _ in range(20)]
    seen = []
    for i in order:
        window.answered(permits[i], told(99 - i), sent=0.0, now=0.5)
        seen.append(window.remaining)
    assert seen == sorted(seen, reverse=True)
    assert window.remaining == 80


def test_few_probes_before_the_first_answer():
    """Before anything is known only a few requests go out; one answer lets the others follow."""
    window = Window()
    permits = take_all(window, 0.0)
    assert len(permits) == PROBES
    assert window.opens_at(0.0) == math.inf
    window.answered(permits[0], told(50), sent=0.0, now=0.1)
    assert len(take_all(window, 0.1)) == 50 - (PROBES - 1)


def test_answers_without_a_quota_limit_nothing():
    """A service that says nothing of a quota is called without a limit."""
    window = Window()
    window.answered(window.reserve(0.0), NOTHING, sent=0.0, now=0.1)
    for _ in range(1000):
        assert window.reserve(0.1) is not None
    assert window.view(0.1) == RateLimit(None, None, None)


def test_a_missing_header_erases_nothing():
    """An answer without headers counts as one request and leaves the rest as it was known."""
    window = opened(50)
    window.answered(window.reserve(1.0), NOTHING, sent=1.0, now=1.1)
    assert window.view(1.1) == RateLimit(100, 49, pytest.approx(58.9))


def test_a_count_without_a_time_lowers_what_remains():
    """Where only the count is said it is believed, as far as it is lower."""
    window = opened(50)
    window.answered(window.reserve(1.0), RateLimitHeaders(None, 7, None), sent=1.0, now=1.1)
    window.answered(window.reserve(1.0), RateLimitHeaders(None, 30, None), sent=1.0, now=1.1)
    assert window.remaining == 7
    unknown = Window()
    unknown.answered(unknown.reserve(0.0), RateLimitHeaders(None, 3, None), sent=0.0, now=0.1)
    assert unknown.remaining == 3


def test_a_missing_limit_is_guessed_from_what_remains():
    """Without the limit's own header the most that remained stands for it."""
    window = Window()
    window.answered(window.reserve(0.0), RateLimitHeaders(None, 9, 60), sent=0.0, now=0.0)
    assert window.limit == 9


def test_permits_of_the_next_window_wait_for_the_turn():
    """With nothing left, permits are given again only when the window has certainly been reset."""
    window = opened(0, seconds=10, now=100.0)
    assert window.reserve(109.99) is None
    assert window.opens_at(101.0) == 110.0
    assert window.reserve(110.0) is not None


def test_the_first_request_into_a_scarce_window_goes_alone():
    """After the turn one request goes first; its answer lets the others follow, or a short time without one does."""
    window = opened(0, seconds=10)
    assert window.reserve(1.0) is None
    scout = window.reserve(10.0)
    assert scout.scout
    assert window.reserve(10.0) is None
    assert window.opens_at(10.0) == 10.25
    window.unsent(scout)
    again = window.reserve(10.1)
    assert again.scout
    assert window.reserve(10.36) is not None
    window.answered(again, told(98, 10), sent=10.1, now=10.4)
    assert window.reserve(10.4) is not None


def test_an_answer_of_the_window_before_changes_nothing():
    """An answer that comes in after the turn, about the window before, does not touch the present one."""
    window = opened(1, seconds=10)
    late = window.reserve(9.0)
    window.unsent(window.reserve(10.0))
    window.answered(late, told(0, 1), sent=9.0, now=10.1)
    assert window.remaining == 100


def test_a_silent_answer_of_the_window_before_changes_nothing():
    """What was sent before the turn, and whose answer tells nothing, is not counted against the present window."""
    window = opened(remaining=50, seconds=60)
    late, lost = window.reserve(1.0), window.reserve(1.0)
    first = window.reserve(61.0)
    window.answered(first, told(99), sent=61.0, now=61.1)
    before = window.view(61.2).remaining
    window.answered(late, NOTHING, sent=1.0, now=61.2)
    window.unanswered(lost)
    assert window.view(61.2).remaining == before + 2 == 99  # two fewer are under way
    assert window.in_flight == 0


def test_an_answer_of_the_next_window_opens_it():
    """An answer whose turn lies behind the present one starts the next window at once."""
    window = opened(5, seconds=10)
    permit = window.reserve(9.0)
    window.answered(permit, told(99, 10), sent=9.0, now=9.1)
    assert (window.epoch, window.remaining) == (1, 99)


def test_more_than_before_means_another_window():
    """A request that was sent after a low answer and is told more was counted in a later window."""
    window = opened(5, seconds=1)
    permit = window.reserve(0.5)
    window.answered(permit, told(90, 1), sent=0.5, now=0.6)
    assert (window.epoch, window.remaining) == (1, 90)


def test_an_answer_of_either_window_is_counted_against_the_present():
    """Where nobody can know which window counted a request, the present one bears it."""
    window = opened(5, seconds=1)
    permit = window.reserve(0.1)
    assert window.reserve(1.0) is not None
    window.answered(permit, told(3, 1), sent=0.1, now=1.2)
    assert window.remaining == 99


def test_requests_without_an_answer_are_spent():
    """A request that was sent and never answered counts; one that was never sent does not."""
    window = opened(10)
    window.unanswered(window.reserve(1.0))
    window.unsent(window.reserve(1.0))
    assert window.remaining == 9
    old = window.reserve(1.0)
    assert window.reserve(60.0) is not None
    window.unanswered(old)
    assert window.remaining == 100
    unknown = Window()
    unknown.unanswered(unknown.reserve(0.0))
    assert unknown.remaining is None


def test_a_window_of_which_no_answer_tells_still_turns():
    """If all requests of a window stay without an answer, the next minute brings new permits."""
    window = opened(2, seconds=10, limit=2)
    for permit in take_all(window, 10.0):
        window.unanswered(permit)
    assert window.reserve(19.9) is None
    assert window.reserve(20.0) is not None


def test_closed_until_the_service_said():
    """`Retry-After` closes the window until then, and afterwards all is unknown again."""
    window = Window()
    window.answered(window.reserve(0.0), NOTHING, sent=0.0, now=0.0)
    window.exhausted(30.0)
    assert window.reserve(29.9) is None
    assert window.spent
    assert len(take_all(window, 30.0)) == PROBES


def test_zero_seconds_is_a_value():
    """`0` seconds means that the seconds are rounded down, so the turn is at most a second away."""
    rounding = Rounding()
    window = Window.rounded(rounding)
    window.answered(window.reserve(0.0), told(0, 0), sent=0.0, now=0.0)
    assert rounding.down
    assert window.opens_at(0.0) == 1.0


def test_view_after_the_turn():
    """After the turn the whole limit is there again, and nobody knows for how long."""
    window = opened(3, seconds=10)
    assert window.view(5.0) == RateLimit(100, 3, 5.0)
    assert window.view(10.0) == RateLimit(100, 100, None)


def test_bounds_that_contradict_each_other_are_left_out():
    """An answer of this window whose time cannot be right does not move the turn."""
    turn = WindowReset()
    turn.narrow(10, 9.0, 10.0)
    turn.narrow(30, 29.0, 30.0)
    assert (turn.earliest, turn.latest) == (9.0, 10.0)


@pytest.mark.parametrize("text", ["", " 5", "-1", "5.0", "١", "9" * 10, None, "x"])
def test_garbage_in_headers_says_nothing(text):
    """What is no whole number is taken as not said."""
    assert whole(text) is None


def test_headers_are_read():
    """The three headers of the guide become numbers."""
    headers = {
        "x-soracom-ratelimit-limit": "1000",
        "x-soracom-ratelimit-remaining": "0",
        "x-soracom-ratelimit-seconds-before-refresh": "60",
    }
    assert RateLimitHeaders.parse(headers) == RateLimitHeaders(1000, 0, 60)
    assert RateLimitHeaders.parse({}) == NOTHING
