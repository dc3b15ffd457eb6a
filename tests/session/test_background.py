"""Background work beside the foreground: quota, connections, and what a user of both notices."""

from __future__ import annotations

import itertools
import logging
import random
from collections import Counter
from contextlib import asynccontextmanager
from functools import partial

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
from soracom_async._core.outcome import Response
from soracom_async._core.reset import Rounding
from soracom_async._session.gate import Gate
from soracom_async._session.limiter import Bucket
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

LIMIT = 500
KEYS = 5000
SIM_ID = "8942310022000000001"


@asynccontextmanager
async def fleet(clock, *, latency=0.02, sims=10):
    """Open a session with an emulator of a small quota, whose calls take a while on a clock that runs by itself."""
    emulator = Emulator(sims=sims, rate_limit=LIMIT, latency=latency, clock=clock)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.run)
            soracom.emulator = emulator
            yield soracom
            tasks.cancel_scope.cancel()


def windows(emulator):
    """Return how many calls each window had, all but the last."""
    return [window.used for window in emulator.quota.closed if window.group == "Sim"]


async def asynchronously(function, name, key):
    """Call a function that takes no key."""
    await function(name)


# What a user notices


async def test_a_call_in_the_foreground_never_waits_for_a_window(clock):
    """Beside 5,000 keys with a share of 0.8, which are done as fast as that share allows."""
    async with fleet(clock, sims=KEYS) as soracom:
        first = int(SIM_ID)
        keys = [str(first + number) for number in range(KEYS)]
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
            async with bulk.run(soracom.sims.get, keys, concurrency=100, quota_share=0.8) as results:
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
        assert all(count - 19 >= 0.98 * 400 and count - 21 <= 400 for count in used)


async def test_a_call_in_the_foreground_goes_first_in_the_next_window(clock):
    """If background work may take all, a call waits for the next window, and for nobody else."""
    async with fleet(clock) as soracom:
        slow = soracom.with_options(quota_share=1.0)
        order = []

        async def call(client, name):
            await client.sims.get(SIM_ID)
            order.append(name)

        async with anyio.create_task_group() as tasks:
            for number in range(LIMIT + 100):
                tasks.start_soon(call, slow, number)
            await clock.sleep(30)
            assert len(order) == LIMIT
            for name in "abc":
                tasks.start_soon(call, soracom, name)
        assert set(order[LIMIT : LIMIT + 4]) >= {"a", "b", "c"}


@pytest.mark.parametrize("share", [1.0, 0.6])
async def test_two_runs_and_a_job_share_equally(clock, share):
    """Whatever their concurrency is, none has a fifth more or less than a third, and all that is allowed is used."""
    async with fleet(clock) as soracom:
        got = Counter()
        counts = []

        async def call(name):
            await soracom.sims.get(SIM_ID)
            got[name] += 1

        async def run(concurrency):
            keys = itertools.count()
            function = partial(asynchronously, call, concurrency)
            async with bulk.run(function, keys, concurrency=concurrency, quota_share=share) as results:
                async for result in results:
                    assert isinstance(result, bulk.Ok)

        async def job():
            while True:
                await call("job")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, 32)
            tasks.start_soon(run, 200)
            with in_background(Background()):
                for _ in range(4):
                    tasks.start_soon(job)
            for _ in range(3):
                before = got.copy()
                await clock.sleep(60)
                counts.append(got - before)
            tasks.cancel_scope.cancel()
        allowed = int(share * LIMIT)
        for count in counts:
            assert sum(count.values()) >= 0.98 * allowed - 4
            for each in count.values():
                assert 0.8 * allowed / 3 <= each <= 1.2 * allowed / 3
        used = windows(soracom.emulator)
        assert len(used) >= 2
        assert all(0.98 * allowed <= each <= allowed for each in used)
        assert soracom.emulator.quota.refused == Counter()


async def test_what_slow_work_leaves_is_used_by_other_work(clock):
    """One call at a time that takes five seconds: all else goes to who can use it."""
    async with fleet(clock, latency=5.0) as soracom:

        async def call(client):
            while True:
                await client.sims.get(SIM_ID)

        async with anyio.create_task_group() as tasks:
            for concurrency in (1, 200):
                client = soracom.with_options(quota_share=1.0)
                for _ in range(concurrency):
                    tasks.start_soon(call, client)
            await clock.sleep(130)
            tasks.cancel_scope.cancel()
        assert all(each >= 0.98 * LIMIT for each in windows(soracom.emulator))
        assert soracom.emulator.quota.refused == Counter()


# Who is in the background


async def test_a_task_in_the_background_and_those_that_it_begins():
    """The context says so, up to the end of the `with`."""
    work = Background(0.5)
    seen = []

    async def child():
        seen.append(CURRENT.get())

    assert CURRENT.get() is None
    with in_background(work):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)
        with in_background(None):
            seen.append(CURRENT.get())
    assert seen == [work, None]
    assert CURRENT.get() is None


@pytest.mark.parametrize("share", [0, -0.5, 1.5, "half", True, None, float("nan")])
def test_a_share_that_cannot_be(share):
    """It is refused at once, and named."""
    with pytest.raises(ConfigurationError, match=r"quota_share=.* must be a number of more than 0 and at most 1"):
        Background(share)


async def test_the_options_of_a_client_go_before_the_context(clock):
    """A client with `quota_share` is one piece of work, also one made from it; others do what their task does."""
    work = Background()
    async with opened(Script(SIM), clock=clock) as soracom:
        slow = soracom.with_options(quota_share=0.5)
        slower = slow.with_options(timeout=5)
        other = soracom.with_options(quota_share=0.5)
        assert slow._options.background is slower._options.background
        assert slow._options.background not in (None, other._options.background)
        await soracom.sims.get("1")
        (sims,) = (each for each in soracom._session.limiter._buckets.values() if each.name == "Sim")
        with in_background(work):
            await slow.sims.get("1")
            await soracom.sims.get("1")
        assert [piece.share for piece in sims._turns._parts] == [0.5, 1.0]
        assert work in sims._turns._parts
        with pytest.raises(ConfigurationError, match="quota_share=2"):
            soracom.with_options(quota_share=2)


async def test_a_login_is_never_background_work(clock):
    """All wait for it, whoever makes it: it does not stand behind other logins, nor is it counted in a share."""
    async with opened(Script(SIM), clock=clock) as soracom:
        await soracom.with_options(quota_share=0.1).sims.get("1")
        buckets = soracom._session.limiter._buckets.values()
        assert {bucket.name: len(bucket._turns._parts) for bucket in buckets} == {"auth": 0, "Sim": 1}


# Quota


async def test_background_work_does_not_wait_if_it_must_not(clock):
    """With `wait=False` a share that is used up is an error that says when it is renewed."""
    bucket, work = full(clock, remaining=50, seconds=30), Background(0.01)
    permit = bucket.try_acquire(work)
    with pytest.raises(RateLimited, match=r"the share of background work in the quota of Sim is used up; .* 30\.0 s"):
        await bucket.acquire("getSim", wait=False, background=work)
    assert bucket.try_acquire() is not None
    bucket.unsent(permit)
    assert await bucket.acquire("getSim", wait=False, background=work)


async def test_work_that_had_its_part_does_not_wait_if_it_must_not(clock):
    """What is left is other work's: also that is an error at once."""
    bucket, big, small = full(clock, remaining=10, seconds=30), Background(), Background()
    bucket.try_acquire(small)
    for _ in range(5):
        bucket.try_acquire(big)
    with pytest.raises(RateLimited, match="the part of this background work in the quota of Sim is used up") as caught:
        await bucket.acquire("getSim", wait=False, background=big)
    assert caught.value.retry_after == 15.0


async def test_background_work_waits_for_the_next_window_without_a_busy_loop(clock):
    """A share that is used up is waited for once, and told once; the foreground goes on meanwhile."""
    bucket, work = full(clock, remaining=50, seconds=30, limit=10), Background(0.1)
    bucket.answered(bucket.try_acquire(work), told(10, 9, 30), clock.now())
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(lambda: bucket.acquire(background=work))
        await settle()
        assert len(clock.slept) <= 3  # whoever comes wakes the first, who looks again
        bucket.answered(bucket.try_acquire(), told(10, 8, 30), clock.now())
        await settle()
        assert clock.sleeping == 1
        assert set(clock.slept) == {30}
        await clock.advance(31)
        assert bucket.window.in_flight == 1
        tasks.cancel_scope.cancel()
    assert bucket.window.in_flight == 1


async def test_what_is_used_up_is_told_as_it_is(clock, caplog):
    """The share of background work and the quota are different things, and each is told once a window."""
    caplog.set_level(logging.INFO, "soracom_async")
    bucket, work = full(clock, remaining=3, seconds=30), Background(0.01)
    bucket.try_acquire(work)
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(lambda: bucket.acquire(background=work))
        await settle()
        bucket.try_acquire()
        bucket.try_acquire()
        tasks.start_soon(bucket.acquire)
        await settle()
        tasks.cancel_scope.cancel()
    lines = [record.getMessage().partition(" for ")[0] for record in caplog.records]
    assert lines == [
        "the share of background work in the quota of Sim is used up: 2 calls wait",
        "the quota of Sim is used up: 3 calls wait",
    ]


async def test_a_window_that_was_closed_for_long_is_no_wait_in_the_background_either(clock):
    """A `Retry-After` beyond `max_wait` fails those of all queues."""
    bucket, work = Bucket("Sim", clock, Rounding()), Background(0.5)
    probes = [bucket.try_acquire(work) for _ in range(4)]
    failed = []

    async def call(background):
        with pytest.raises(RateLimited):
            await bucket.acquire(max_wait=120, background=background)
        failed.append(background)

    async with anyio.create_task_group() as tasks:
        for background in (None, work, None, work):
            tasks.start_soon(call, background)
        await settle()
        bucket.answered(probes[0], Response(429, {"retry-after": "1800"}, b""), clock.now())
    assert len(failed) == 4


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_property_cancellation_loses_no_permit_of_background_work(seed, anyio_backend):
    """Tasks of all kinds, cancelled at random: what is in flight is held, and the share is there again for others."""
    clock, source = FakeClock(), random.Random(seed)
    bucket = full(clock, remaining=20, seconds=10, limit=20)
    kinds = [None, Background(0.5), Background(1.0), Background(0.9)]
    scopes, held = [], {}

    async def caller(number):
        kind = source.choice(kinds)
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            permit = bucket.try_acquire(kind) or await bucket.acquire(background=kind)
            held[number] = kind
            try:
                await anyio.sleep_forever()
            finally:
                del held[number]
                source.choice([bucket.unsent, bucket.unanswered])(permit)

    async with anyio.create_task_group() as tasks:
        for number in range(60):
            tasks.start_soon(caller, number)
        await settle()
        for _ in range(10):
            for scope in source.sample(scopes, 8):
                scope.cancel()
            await clock.advance(source.choice([0, 3, 10]))
            assert bucket.window.in_flight == len(held)
            assert len([kind for kind in held.values() if kind]) == sum(
                part.in_flight for part in bucket._turns._parts.values()
            )
        tasks.cancel_scope.cancel()
    assert bucket.window.in_flight == 0
    assert not bucket._turns
    await clock.advance(1000)
    await bucket.acquire(background=kinds[1])


# Connections


async def test_the_foreground_passes_the_gate_first(anyio_backend):
    """And within each class whoever came first."""
    gate, order = Gate(1), []

    async def call(name, background):
        await gate.enter(background, 10, lambda: None)
        order.append(name)
        gate.leave()

    assert gate.take()
    async with anyio.create_task_group() as tasks:
        for name in ("b1", "b2", "f1", "f2"):
            tasks.start_soon(call, name, name[0] == "b")
            await settle()
        assert not gate.take()
        gate.leave()
    assert order == ["f1", "f2", "b1", "b2"]
    assert gate.value == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_property_cancellation_loses_no_place(seed, anyio_backend):
    """Cancelled while they wait, in the moment in which a place is given to them, or behind the gate."""
    source, places = random.Random(seed), 3
    gate, inside, scopes = Gate(places), 0, []

    async def call():
        nonlocal inside
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            if not gate.take():
                await gate.enter(source.random() < 0.5, 10, lambda: None)
            inside += 1
            try:
                assert inside <= places
                await settle(source.randrange(5))
            finally:
                inside -= 1
                gate.leave()
                for other in source.sample(scopes, len(scopes) // 8):
                    other.cancel()

    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(call)
            await settle(source.randrange(3))
    assert gate.value == places
    assert not gate._foreground
    assert not gate._background


async def test_calls_of_the_foreground_pass_the_connections_first():
    """With one connection, taken by background work that has more to do: the call is the next to go."""
    order = []
    gates = {}

    class Slow(Script):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            name = request.url.path.rpartition("/")[2]
            if name != "auth":
                order.append(name)
                gates[name] = anyio.Event()
                await gates[name].wait()
            return await super().handle_async_request(request)

    async with opened(Slow(SIM), max_connections=1) as soracom, anyio.create_task_group() as tasks:
        await soracom.login()
        slow = soracom.with_options(quota_share=1.0)
        for name in ("b1", "b2", "b3"):
            tasks.start_soon(slow.sims.get, name)
            await settle()
        tasks.start_soon(soracom.sims.get, "f1")
        await settle()
        for number in range(4):
            await until(lambda number=number: len(order) > number)
            gates[order[-1]].set()
    assert order == ["b1", "f1", "b2", "b3"]
