"""Whose turn it is: `soracom_async._core.turns`."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from soracom_async._core.headers import RateLimitHeaders
from soracom_async._core.turns import LULL, Spent, Turns, allowance, level
from soracom_async._core.window import Window


@define(eq=False)
class Piece:
    """One piece of background work."""

    share: float = 1.0
    name: str = ""


def told(remaining, seconds=60, limit=100):
    return RateLimitHeaders(limit, remaining, seconds)


def opened(remaining=100, limit=100, now=0.0):
    """Return the turns of a window of a minute, of which one answer told."""
    window = Window()
    window.answered(window.reserve(now), told(remaining, 60, limit), sent=now, now=now)
    return Turns(window)


def taken(turns, piece, now=0.0):
    """Let a piece take what it may at once; return how many permits that is."""
    count = 0
    while (permit := turns.take(piece, now)) is not None:
        turns.window.unanswered(permit)
        turns.settled(permit, now)
        count += 1
    return count


def granted(turns, now=0.0):
    """Return those who get a permit now, in order; each permit is spent at once."""
    names = []
    while (grant := turns.grant(now)) is not None:
        names.append(grant[0])
        turns.window.unanswered(grant[1])
        turns.settled(grant[1], now)
    return names


def test_the_foreground_goes_first_then_background_work_in_turns():
    """Whoever came first: one of each piece at a time, and within a piece in order of coming."""
    turns, one, two = opened(), Piece(), Piece()
    for name in ("1a", "1b", "1c"):
        turns.add(name, one, 0.0, again=False)
    for name in ("2a", "2b"):
        turns.add(name, two, 0.0, again=False)
    turns.add("f", None, 0.0, again=False)
    assert len(turns) == 6
    assert turns.first == "f"
    assert granted(turns) == ["f", "1a", "2a", "1b", "2b", "1c"]
    assert not turns
    assert turns.first is None
    assert turns.opens_at(0.0) == math.inf


def test_after_a_429_one_goes_before_the_others_of_its_own_work():
    """Not before the foreground, and not before the turn of another piece."""
    turns, one, two = opened(), Piece(), Piece()
    turns.add("1a", one, 0.0, again=False)
    turns.add("2a", two, 0.0, again=False)
    turns.add("2b", two, 0.0, again=True)
    turns.add("fa", None, 0.0, again=False)
    turns.add("fb", None, 0.0, again=True)
    assert list(turns) == ["fb", "fa", "1a", "2b", "2a"]
    assert granted(turns) == ["fb", "fa", "1a", "2b", "2a"]


def test_background_work_does_not_pass_those_who_wait_and_the_foreground_passes_it():
    """A permit without waiting is there for the foreground if only background work waits."""
    turns, one, two = opened(), Piece(), Piece()
    turns.add("1a", one, 0.0, again=False)
    assert turns.take(two, 0.0) is None
    assert turns.take(one, 0.0) is None
    assert turns.take(None, 0.0) is not None
    turns.add("f", None, 0.0, again=False)
    assert turns.take(None, 0.0) is None


@pytest.mark.parametrize(
    ("limit", "share", "permits"),
    [(100, 0.8, 80), (100, 0.29, 29), (100, 0.57, 57), (10, 0.05, 1), (3, 0.5, 1), (0, 0.5, 1), (7, 1.0, 7)],
)
def test_a_share_is_rounded_down_and_one_permit_at_least(limit, share, permits):
    """Also where the product of the two is a little less than it should be."""
    assert allowance(limit, share) == permits


def test_the_share_of_all_background_work():
    """The smallest share of those that draw on a window counts for all of them together, until the next window."""
    turns, whole, part = opened(remaining=99), Piece(), Piece(0.4)
    assert taken(turns, part) == 40
    assert taken(turns, whole) == 0
    assert turns.spent(whole, 0.0) is turns.spent(part, 0.0) is Spent.SHARE
    assert turns.spent(None, 0.0) is None
    turns.add("1", whole, 0.0, again=False)
    assert turns.opens_at(0.0) == turns.opens_for(part, 0.0) == turns.window.reset.latest
    assert turns.take(None, 0.0) is not None
    assert turns.grant(59.0) is None
    assert granted(turns, 61.0) == ["1"]


def test_the_probes_count_in_the_share():
    """What was sent before the limit was known is a part of it."""
    window, piece = Window(), Piece(0.05)
    turns = Turns(window)
    probes = [turns.take(piece, 0.0) for _ in range(4)]
    assert None not in probes
    assert turns.take(piece, 0.0) is None
    assert turns.spent(piece, 0.0) is None
    window.answered(probes[0], told(99), sent=0.0, now=0.0)
    turns.settled(probes[0], 0.0)
    assert taken(turns, piece) == 1


def test_a_permit_that_was_not_used_is_not_counted():
    """What was never sent comes back to the share; what was given in a window before does not."""
    turns, piece = opened(remaining=99), Piece(0.01)
    permit = turns.take(piece, 0.0)
    assert turns.take(piece, 0.0) is None
    turns.window.unsent(permit)
    turns.settled(permit, 0.0, returned=True)
    permit = turns.take(piece, 0.0)
    later = turns.take(piece, 61.0)
    assert later is not None
    turns.window.unsent(permit)
    turns.settled(permit, 61.0, returned=True)
    assert turns.take(piece, 61.0) is None


@pytest.mark.parametrize(
    ("had", "free", "lifted"),
    [([0], 10, 10), ([0, 0], 10, 5), ([0, 100], 10, 10), ([0, 0, 900], 100, 50), ([4, 6], 2, 6), ([4, 6, 5], 9, 8)],
)
def test_the_level_to_which_permits_lift(had, free, lifted):
    """As water does: those who had the least are lifted first, together."""
    assert level(had, free) == lifted


def test_who_had_its_part_is_held_for_who_had_not():
    """While the other has calls, and for a moment behind the last of them; the foreground is not held."""
    turns, big, small = opened(remaining=100), Piece(), Piece()
    under_way = turns.take(small, 0.0)
    assert taken(turns, big) == 50
    assert turns.spent(big, 0.0) is Spent.PART
    assert turns.opens_for(big, 0.0) == turns.window.reset.latest - 30
    assert turns.take(None, 0.0) is not None
    turns.window.unanswered(under_way)
    turns.settled(under_way, 5.0)
    assert turns.take(big, 5.0) is None
    assert turns.opens_for(big, 5.0) == 5.0 + LULL
    assert taken(turns, big, 5.0 + LULL) == 48


def test_what_a_slow_piece_leaves_is_used():
    """From the middle of the window on one by one, in the last quarter at once."""
    turns, big, small = opened(remaining=100), Piece(), Piece()
    turns.take(small, 0.0)
    latest = turns.window.reset.latest
    assert taken(turns, big) == 50
    assert taken(turns, big, latest - 30.1) == 0
    assert taken(turns, big, latest - 30) == 1
    assert latest - 30 < turns.opens_for(big, latest - 30) < latest - 29
    assert taken(turns, big, latest - 29) == 1
    assert taken(turns, big, latest - 15) == 47
    assert turns.spent(big, latest - 15) is Spent.QUOTA


def test_a_piece_that_is_done_leaves_nothing():
    """Who has no calls any more is forgotten, and has no part."""
    turns, done, big = opened(remaining=100), Piece(), Piece()
    permit = turns.take(done, 0.0)
    turns.window.unanswered(permit)
    turns.settled(permit, 0.0)
    assert taken(turns, big, 10.0) == 99
    for now in range(100, 1000, 10):
        taken(turns, Piece(), float(now))
    assert len(turns._parts) <= 1


def test_what_an_event_loop_left_is_forgotten():
    """Who waits and what is under way is gone, what background work had of the window stays counted."""
    turns, piece = opened(remaining=99), Piece(0.5)
    permit = turns.take(piece, 0.0)
    turns.add("1", piece, 0.0, again=False)
    turns.add("f", None, 0.0, again=False)
    turns.window.abandon()
    turns.abandon()
    assert not turns
    turns.remove("1", piece, 0.0)
    turns.remove("f", None, 0.0)
    turns.window.unsent(permit)
    turns.settled(permit, 0.0, returned=True)
    assert taken(turns, piece) == 49


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_property_permits_shares_and_nobody_starves(seed):
    """Calls that come, are cancelled, return, fail or are answered at random, for some windows.

    Background work has no more of a window than the smallest share of those that drew on it allows, all permits are
    settled or in flight, and in the end everybody who still waits gets one.
    """
    source = random.Random(seed)
    limit = source.choice([1, 5, 40])
    pieces = [None, *(Piece(source.choice([1.0, 0.7, 0.3]), str(number)) for number in range(3))]
    now, left, reset = 0.0, limit, 60.0
    window = Window()
    turns = Turns(window)
    waiting, held, given_out, settled = {}, [], 0, 0
    in_window: Counter[int] = Counter()

    def note(permit, piece):
        nonlocal given_out
        given_out += 1
        held.append((permit, piece, now))
        if piece is not None:
            in_window[permit.epoch] += 1
            assert turns.share <= piece.share
            assert window.limit is None or turns.share == 1 or turns.given <= allowance(limit, turns.share)

    def settle_one():
        nonlocal settled, left
        permit, piece, sent = held.pop(source.randrange(len(held)))
        settled += 1
        how = source.random()
        if how < 0.2:
            window.unsent(permit)
            turns.settled(permit, now, returned=True)
            if piece is not None:
                in_window[permit.epoch] -= 1
        elif how < 0.3:
            window.unanswered(permit)
            turns.settled(permit, now)
            left = max(0, left - 1)
        else:
            left = max(0, left - 1)
            window.answered(permit, told(left, math.ceil(reset - now), limit), sent=sent, now=now)
            turns.settled(permit, now)

    def grant():
        while (got := turns.grant(now)) is not None:
            note(got[1], waiting.pop(got[0]))

    for number in range(400):
        what, piece = source.random(), source.choice(pieces)
        if what < 0.5:
            for each in pieces[1:]:
                turns.spent(each, now)  # all of them draw on the window
            permit = turns.take(piece, now)
            if permit is not None:
                note(permit, piece)
            else:
                waiting[number] = piece
                turns.add(number, piece, now, again=source.random() < 0.2)
        elif what < 0.6 and waiting:
            gone = source.choice(list(waiting))
            turns.remove(gone, waiting.pop(gone), now)
        elif what < 0.9 and held:
            settle_one()
        else:
            now += source.choice([0.01, 0.5, 20.0])
            while now >= reset:
                left, reset = limit, reset + 60.0
        grant()
        assert sorted(turns) == sorted(waiting)
        assert window.in_flight == given_out - settled == len(held)
        turns.opens_for(pieces[1], now)  # counts anew if another window has begun
        assert turns.given == in_window[window.epoch]

    for _ in range(100_000):
        if not waiting and not held:
            break
        while held:
            settle_one()
        grant()
        opens = turns.opens_at(now)
        assert opens > now or not waiting
        if not held and waiting:
            assert opens < math.inf
            now = opens
            while now >= reset:
                left, reset = limit, reset + 60.0
        grant()
    assert not waiting
