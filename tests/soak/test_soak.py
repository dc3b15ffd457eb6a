"""Half a minute of what `nox -s soak` does for an hour.

`SOAK=600` lets each test run so many seconds, `SOAK_SEED=7` begin with that seed.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import anyio
import pytest
from clock import FakeClock, settle
from extras import needs
from soak import CONNECTIONS, Soak, emulator_for

from soracom_async import Soracom
from soracom_async._clock import ScaledClock

pytestmark = pytest.mark.anyio

SECONDS = float(os.environ.get("SOAK", "0"))
SPEED = 60.0
"""How much faster time runs over sockets."""
BOUND = 3600.0
"""Seconds within which an action ends: it is several calls, and a fault that says "used up" costs each a window."""


def seeds(first):
    """Return the seeds of the rounds, as many as there is time for; one at least."""
    end = time.monotonic() + SECONDS
    seed = int(os.environ.get("SOAK_SEED", first))
    yield seed
    while time.monotonic() < end:
        yield (seed := seed + 1)


def sockets():
    """Return how many descriptors this process has open."""
    gc.collect()
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


async def round_of(emulator, seed, bound, **settings):
    """Run one round in a session of its own; neither task nor socket is left."""
    tasks, open_ = {task.id for task in anyio.get_running_tasks()}, sockets()
    soracom = Soracom(emulator.auth_key, token_ttl=180, clock=emulator.clock, max_connections=CONNECTIONS, **settings)
    soak = Soak(emulator, soracom, seed, bound)
    try:
        async with soracom:
            await soak.run()
    except BaseException as error:
        error.add_note(f"seed {seed}; {dict(soak.done)}")
        raise
    with anyio.fail_after(5):
        while sockets() > open_:  # noqa: ASYNC110 - the server's ends close a moment later
            await anyio.sleep(0.01)
    print(f"seed {seed}: at most {soak.longest:.0f} s; {dict(soak.done)}")
    await settle()
    assert {task.id for task in anyio.get_running_tasks()} <= tasks


async def test_in_process():
    """Whole hours of waiting, as fast as can be."""
    for seed in seeds(first=2):
        clock = FakeClock()
        emulator = emulator_for(seed, clock)
        async with anyio.create_task_group() as driver:
            driver.start_soon(clock.run)
            await round_of(emulator, seed, BOUND, transport=emulator.transport)
            driver.cancel_scope.cancel()


@needs("uvicorn")
async def test_over_sockets():
    """The connections of the library, against a server that breaks them off."""
    for seed in seeds(first=3):
        async with emulator_for(seed, ScaledClock(SPEED)) as emulator:
            await round_of(emulator, seed, BOUND, endpoint=emulator.url)
