"""Runs over a fleet: what shares a quota, and what a long run costs in memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import anyio
import pytest

from soracom_async import Soracom, bulk
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

LIMIT, WINDOW = 300, 60
CAPTURES = 120


async def test_two_runs_and_jobs_share_one_quota(clock):
    """Whatever each would take alone, it has its third, within a fifth; all is used, and no request is refused."""
    emulator = Emulator(sims=3000, rate_limit=LIMIT, latency=0.02, clock=clock)
    sim_ids = [f"{8942310022000000000 + number}" for number in range(1, 3001)]
    got = Counter()
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:

        async def run(name, keys, concurrency):
            async with bulk.run(soracom.sims.get, keys, concurrency=concurrency) as results:
                async for _ in results:
                    got[name] += 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.run)
            busy = [sim.sim_id async for sim in soracom.sims.list(limit=100) if sim.status == "active"]
            capture = "createSimPacketCaptureSession"
            jobs = [await soracom.jobs.start(capture, sim_id=each, duration=7200) for each in busy[:CAPTURES]]
            for job in jobs:  # each is asked for every 30 s at most, so all of them would like more than a third
                tasks.start_soon(job.wait)
            tasks.start_soon(run, "few at once", sim_ids[:1500], 4)
            tasks.start_soon(run, "many at once", sim_ids[1500:], 200)
            await clock.sleep(6 * WINDOW - 1)
            got["jobs"] = emulator.counts["getSimPacketCaptureSession"]
            tasks.cancel_scope.cancel()
    share = got.total() / 3
    assert all(0.8 * share < count < 1.2 * share for count in got.values()), got
    used = [window.used for window in emulator.quota.closed if window.group == "Sim"]
    assert len(used) >= 5
    assert all(count >= 0.98 * LIMIT for count in used), used
    assert emulator.quota.refused == Counter()


async def test_a_long_run_keeps_nothing_of_what_is_done(clock, tmp_path):
    """Its keys come from a listing, and its journal is on disk: memory does not grow with the keys."""
    emulator = Emulator(sims=1000, rate_limit=100_000, clock=clock)
    journal = tmp_path / "run.db"
    sizes = []
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        async with bulk.run(soracom.sims.get, soracom.sims.list(limit=100), journal=journal) as results:
            try:
                async for result in results:
                    assert isinstance(result, bulk.Ok)
                    if results.done == 400:
                        tracemalloc.start()
                    elif results.done > 400 and not results.done % 100:
                        sizes.append(tracemalloc.get_traced_memory()[0])
            finally:
                tracemalloc.stop()
    assert results.done == 1000
    assert max(sizes) < 3_000_000, sizes
