"""Background work beside the foreground: quota, connections, and what a user of both notices."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from clock import FakeClock, settle, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import SIM, Script, opened
from test_limiter import full, told

from soracom_async import ConfigurationError, RateLimited, Soracom, bulk
from soracom_async._background import CURRENT, Background, in_background
from soracom_async._core.reset import Rounding
from soracom_async._session.gate import Gate
from soracom_async._session.limiter import Bucket
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

LIMIT = 500
KEYS = 5000
SIM_ID = "8942310022000000001"


@asynccontextmanager
async def fleet(clock, *, latency=0.02):
    """Open a session with an emulator of a small quota, whose calls take a while on a clock that runs by itself."""
    emulator = Emulator(sims=10, rate_limit=LIMIT, latency=latency, clock=clock)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.run)
            soracom.emulator = emulator
            yield soracom
            tasks.cancel_scope.cancel()


def windows(emulator):
    """Return how many calls each window had, all but the last."""
    return [window.used for window in emulator.quota.closed if window.group == "Sim"]


# What a user notices


async def test_a_call_in_the_foreground_never_waits_for_a_window(clock):
    """Beside 5,000 keys with a share of 0.8, which are done as fast as that share allows."""
    async with fleet(clock) as soracom:
        slow = soracom.with_options(quota_share=0.8)
        waits, calls = [], 0
        done = anyio.Event()

        async def web():
            nonlocal calls
            while not done.is_set():
                begun = clock.now()
                await soracom.sims.get(SIM_ID)
                calls += 1
                waits.append(clock.now() - begun)
                await clock.sleep(3)

        begun = clock.now()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(web)
            async with bulk.run(slow.sims.get, [SIM_ID] * KEYS, concurrency=100) as results:
                results = [result async for result in results]
            done.set()
        took = clock.now() - begun
        assert {type(result) for result in results} == {bulk.Ok}
        assert max(waits) < 1.5
        assert calls > 150
        whole = KEYS // int(0.8 * LIMIT)  # windows of which background work has its whole share
        assert took < whole * 60 + 10
        assert soracom.emulator.quota.refused == Counter()
        used = windows(soracom.emulator)
        assert len(used) == whole
        # Of each window the foreground had its 20 calls, the background its 400.
        assert all(0.98 * 400 <= count - 19 and count - 21 <= 400 for count in used)
