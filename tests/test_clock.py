"""Time: `soracom_async._clock`."""

import time

import anyio
import pytest
from clock import FakeClock

from soracom_async import Soracom
from soracom_async._clock import ScaledClock, SystemClock, wait
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("step", [-3600, 3600])
async def test_a_step_of_the_wall_clock_changes_nothing(step, monkeypatch):
    """Whatever happens to the wall clock, token and quota go on as they were."""
    emulator = Emulator(sims=3, rate_limit=10)
    async with Soracom(emulator.auth_key, transport=emulator.transport, token_ttl=180) as soracom:
        sims = await soracom.sims.list().collect()
        lease, before = soracom._session.tokens.current, soracom.rate_limits()["Sim"]
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + step)
        for sim in sims:
            await soracom.sims.get(sim.sim_id)
        after = soracom.rate_limits()["Sim"]
    assert soracom._session.tokens.current is lease
    assert emulator.logins == 1
    assert after.remaining == before.remaining - 3
    assert 0 <= before.refresh_in - after.refresh_in < 30


async def test_the_machines_clock():
    """The real clock is the monotonic one, and its sleep returns."""
    clock = SystemClock()
    before = time.monotonic()
    await clock.sleep(0)
    assert before <= clock.now() <= time.monotonic()


async def test_a_scaled_clock(monkeypatch):
    """A clock that runs 30 times as fast sleeps a thirtieth of the time."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    clock = ScaledClock(30)
    await clock.sleep(60)
    assert slept == [2]
    before = time.monotonic()
    first, second = clock.now(), clock.now()
    assert second >= first >= 0
    assert time.monotonic() >= before


async def test_waiting_for_an_event_or_a_time():
    """`wait` returns at the event or at the time, whichever comes first, and leaves nobody asleep."""
    clock = FakeClock()
    event = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, clock, event, 10)
        await clock.until_sleeping()
        event.set()
    assert (clock.now(), clock.sleeping) == (1000, 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, clock, anyio.Event(), 10)
        await clock.until_sleeping()
        await clock.advance(10)
    assert clock.sleeping == 0
