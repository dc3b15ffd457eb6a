"""A clock that jumps where everybody waits: for tests that take no time, and the same way in each run."""

from __future__ import annotations

import time

import anyio
import pytest
from clock import settle

from soracom_async import Soracom
from soracom_async._clock import wait
from soracom_async.emulator import Emulator, JumpingClock

pytestmark = pytest.mark.anyio


async def test_who_sleeps_wakes_in_order():
    """The earliest end comes first, whoever began to sleep first."""
    clock, woken = JumpingClock(5.0), []

    async def sleep(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.now()))

    async with anyio.create_task_group() as tasks:
        for seconds in (60, 10, 30, 10, -1):
            tasks.start_soon(sleep, seconds)
    assert woken == [(-1, 5), (10, 15), (10, 15), (30, 35), (60, 65)]


async def test_who_is_cancelled_holds_nobody_up():
    """Time goes on without a sleeper that has gone, and does not go to where it would have woken."""
    clock = JumpingClock()
    with anyio.move_on_after(0):
        await clock.sleep(1000)
    event = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 10)
        event.set()
        await wait(clock, event, 100)
    assert clock.now() == 10


async def test_it_is_moved_on_by_hand():
    """Who sleeps meanwhile wakes if it was long enough."""
    clock = JumpingClock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 10)
        await settle(5)
        clock.advance(50)
    assert clock.now() == 50


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
async def test_nobody_sleeps_for_ever(seconds):
    """An end that never comes is a mistake."""
    with pytest.raises(ValueError, match="nobody sleeps for"):
        await JumpingClock().sleep(seconds)


async def test_minutes_of_quota_and_hours_of_tokens_take_no_time():
    """A client that shares the clock waits for windows and renews tokens as ever, in no time."""
    clock = JumpingClock()
    emulator = Emulator(sims=30, rate_limit=2, token_ttl=200, clock=clock)
    begun = time.monotonic()
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock, token_ttl=200) as soracom:
        sims = await soracom.sims.list(limit=2).collect()
        emulator.advance(3600)
        assert (await soracom.sims.get(sims[0].sim_id)).sim_id == sims[0].sim_id
    assert len(sims) == 30
    assert clock.now() > 3600 + 6 * 60
    assert emulator.logins > 2
    assert emulator.throttled == 0
    assert time.monotonic() - begun < 10
