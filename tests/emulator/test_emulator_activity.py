"""What the devices of the seeded SIMs do: sessions and traffic that follow from a seed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from soracom_async.emulator.state.activity import FOREVER, KIND_BIT, KINDS, SLOT_MS, SLOTS, Activity

BITS = st.integers(0, 2**64 - 1)
ACTIVATED = st.integers(1_600_000_000_000, 1_800_000_000_000)
SPAN = 900 * SLOTS * SLOT_MS
AFTER = st.integers(0, SPAN)


@given(BITS, ACTIVATED, st.lists(st.integers(0, SPAN // SLOT_MS), min_size=3, max_size=3).map(sorted))
def test_what_a_device_sends_adds_up(bits: int, activated: int, after: list[int]) -> None:
    activity = Activity.of(bits, activated)
    one, two, three = (activity.begin - 50 + each for each in after)
    assert activity.sent(one, two) + activity.sent(two, three) == activity.sent(one, three)
    assert activity.sent(one, two) >= 0


@given(BITS, ACTIVATED, AFTER)
def test_a_device_sends_in_its_sessions_only(bits: int, activated: int, after: int) -> None:
    activity = Activity.of(bits, activated)
    slot = activity.slot(activated + after)
    found = activity.rhythm(slot)
    within = found is not None and found[0] <= slot < found[1]
    assert (activity.sent(slot, slot + 1) > 0) == within


@given(BITS, ACTIVATED, AFTER, st.lists(AFTER, max_size=8).map(sorted))
def test_sessions_do_not_overlap_and_end_when_a_request_ends_them(
    bits: int, activated: int, after: int, changes: list[int]
) -> None:
    activity, now = Activity.of(bits, activated), activated + after
    times = [activated, *(activated + each for each in changes)]
    used = list(zip(times[::2], [*times[1::2], FOREVER], strict=False))
    cuts = [end for _, end in used]
    sessions = list(activity.sessions(activity.stretches(used), now))
    for newer, older in pairwise(sessions):
        assert older.created < older.deleted <= newer.created <= now
    for each in sessions:
        assert any(begin < each.created < each.deleted <= end for begin, end in used)
        assert not any(each.created < cut < each.deleted for cut in cuts)


def test_a_device_connects_again_after_its_session_was_ended() -> None:
    activity = Activity.of(1 << 40 | 1 << 22, SLOTS * SLOT_MS * 20_000)
    assert activity.kind == "steady"
    now = (activity.begin + 10) * SLOT_MS
    [after, before] = activity.sessions(activity.stretches([(0, FOREVER)], [now]), now + SLOT_MS)
    assert before.deleted == now < after.created <= now + SLOT_MS
    assert after.deleted > now + SLOT_MS


def test_kinds_of_all_sorts_occur() -> None:
    assert {Activity.of(bits << KIND_BIT, 0).kind for bits in range(32)} == set(KINDS)
    assert Activity.of(KINDS.index("never") << KIND_BIT, 0).rhythm(1 << 30) is None
