"""The waiters of a quota window: `soracom_async._session.limiter`."""

import logging
import random

import anyio
import pytest
from clock import settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soracom_async import RateLimited
from soracom_async._core.operation import Effect, Operation
from soracom_async._core.outcome import Response
from soracom_async._session.limiter import (
    Bucket,
    Limiter,
    Rounding,
    by_group,
)
from soracom_async._session.quota import UNLIMITED

pytestmark = pytest.mark.anyio

GET_SIM = Operation("getSim", "GET", "/sims/{sim_id}", "Sim", Effect.READ)
LIST_SIMS = Operation("listSims", "GET", "/sims", "Sim", Effect.READ)
AUTH = Operation("auth", "POST", "/auth", "Auth", Effect.SET, secured=False)


def told(limit: int, remaining: int, seconds: int) -> Response:
    """Return a response that tells its quota window."""
    names = ("limit", "remaining", "seconds-before-refresh")
    headers = {
        f"x-soracom-ratelimit-{name}": str(value)
        for name, value in zip(names, (limit, remaining, seconds), strict=False)
    }
    return Response(200, headers, b"")


def full(clock, remaining=0, seconds=10, limit=100):
    """Return a bucket of which one answer told."""
    bucket = Bucket("Sim", clock, Rounding())
    now = clock.now()
    bucket.answered(bucket.try_acquire(), told(limit, remaining, seconds), now)
    return bucket


async def test_waiters_go_in_order_when_the_window_turns(clock):
    """Those who wait get their permits after the turn, the first of them alone, in the order in which they came."""
    bucket, got = full(clock), []

    async def wait(i):
        permit = await bucket.acquire()
        got.append(i)
        bucket.answered(permit, told(100, 99 - i, 10), clock.now())

    async with anyio.create_task_group() as tasks:
        for i in range(5):
            tasks.start_soon(wait, i)
            await settle()
        await clock.advance(9.5)
        assert got == []
        await clock.advance(0.5)
        assert got[0] == 0
        await clock.advance(1)
    assert got == [0, 1, 2, 3, 4]
    assert bucket.window.in_flight == 0


async def test_nobody_overtakes_those_who_wait(clock):
    """While somebody waits, a newcomer waits too, even if a permit has just come free."""
    bucket = full(clock, remaining=1)
    permit = bucket.try_acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bucket.acquire)
        await settle()
        clock.time += 10  # the window has turned, and the one who waits does not know it yet
        assert bucket.try_acquire() is None
        bucket.unsent(permit)
    assert bucket.window.in_flight == 1


async def test_when_the_first_is_cancelled_the_next_watches_the_clock(clock):
    """The first in the queue watches the clock for all; cancelled, it leaves that to the next."""
    bucket, got = full(clock), []

    async def wait():
        got.append(await bucket.acquire())

    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as first:
                first.start_soon(bucket.acquire)
                await clock.until_sleeping()
                tasks.start_soon(wait)
                await settle()
                scope.cancel()
        await clock.until_sleeping()
        await clock.advance(10)
    assert len(got) == 1


async def test_after_a_429_one_goes_before_the_others(clock):
    """A call that was refused by the service is the next to go."""
    bucket, got = full(clock), []

    async def wait(name, again):
        permit = await bucket.acquire(again=again)
        got.append(name)
        bucket.answered(permit, told(100, 90, 10), clock.now())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "new", False)
        await settle()
        tasks.start_soon(wait, "refused", True)
        await settle()
        await clock.advance(10)
        await clock.advance(1)
    assert got == ["refused", "new"]


async def test_an_answer_wakes_those_who_wait_for_the_first(clock):
    """Behind the probes of an unknown quota all wait for an answer, not for any time."""
    bucket = Bucket("Sim", clock, Rounding())
    probes = [bucket.try_acquire() for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(bucket.acquire)
        await settle()
        assert clock.sleeping == 0
        for probe in probes:
            bucket.answered(probe, Response(200, {}, b""), clock.now())
    assert bucket.window.in_flight == 10


async def test_not_waiting_raises_at_once(clock):
    """With `wait=False` a used-up quota is an error that says when it is renewed."""
    bucket = full(clock, seconds=30)
    with pytest.raises(RateLimited, match=r"the quota of Sim is used up; it is renewed in 30\.0 s") as caught:
        await bucket.acquire("getSim", wait=False)
    assert (caught.value.retry_after, caught.value.operation, caught.value.status) == (30.0, "getSim", 429)
    assert bucket.window.in_flight == 0


async def test_not_waiting_still_waits_for_the_first_answer(clock):
    """With `wait=False` a call behind the probes waits for their answer: nobody knows yet whether there is quota."""
    bucket, refused = Bucket("Sim", clock, Rounding()), []

    async def call():
        try:
            await bucket.acquire(wait=False)
        except RateLimited as error:
            refused.append(error)

    probes = [bucket.try_acquire() for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await settle()
        assert not refused
        for probe in probes:
            bucket.answered(probe, told(4, 0, 60), clock.now())
    assert len(refused) == 1
    assert bucket.window.in_flight == 0


async def test_closing_the_window_for_a_time(clock):
    """`Retry-After` without quota headers makes all wait that long."""
    bucket = Bucket("Sim", clock, Rounding())
    bucket.answered(bucket.try_acquire(), Response(200, {}, b""), clock.now())
    bucket.answered(bucket.try_acquire(), Response(429, {"retry-after": "5"}, b""), clock.now())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bucket.acquire)
        await settle()
        assert clock.slept == [5]
        await clock.advance(5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_property_cancellation_loses_no_permit(seed, anyio_backend):
    """Tasks cancelled at random, waiting or holding a permit: what is free and what is held make up the limit."""
    from clock import FakeClock

    clock, source = FakeClock(), random.Random(seed)
    bucket = full(clock, remaining=20, seconds=10, limit=20)
    scopes, held = [], set()

    async def caller(i):
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            permit = bucket.try_acquire() or await bucket.acquire()
            held.add(i)
            try:
                await anyio.sleep_forever()
            finally:
                held.discard(i)
                source.choice([bucket.unsent, bucket.unanswered])(permit)

    async with anyio.create_task_group() as tasks:
        for i in range(40):
            tasks.start_soon(caller, i)
        await settle()
        for _ in range(10):
            for scope in source.sample(scopes, 8):
                scope.cancel()
            await clock.advance(source.choice([0, 3, 10]))
            assert bucket.window.in_flight == len(held)
        tasks.cancel_scope.cancel()
    assert bucket.window.in_flight == 0
    await clock.advance(1000)
    bucket.answered(bucket.try_acquire(), told(20, 19, 10), clock.now())
    given_out = 0
    for _ in range(20):
        given_out += bucket.try_acquire() is not None
        clock.time += 0.1  # permits may be spread over a second
    assert given_out == 19


def test_buckets_are_shared_by_group_and_apart_by_endpoint(clock):
    """Operations of one group draw on one bucket of their endpoint; those without a token each have their own."""
    limits = Limiter(clock)
    assert limits.bucket("g", GET_SIM) is limits.bucket("g", LIST_SIMS)
    assert limits.bucket("g", GET_SIM) is limits.bucket("g", GET_SIM)
    assert limits.bucket("jp", GET_SIM) is not limits.bucket("g", GET_SIM)
    assert by_group(AUTH) == "auth"
    assert set(limits.view("g")) == {"Sim"}


def test_the_key_of_a_bucket_is_one_function(clock):
    """Whoever knows better what shares a quota replaces one function."""
    limits = Limiter(clock, key=lambda operation: operation.path)
    assert limits.bucket("g", GET_SIM) is not limits.bucket("g", LIST_SIMS)


async def test_other_hosts_have_no_quota():
    """Whatever their headers say, a permit is there at once, and nothing is counted."""
    permit = UNLIMITED.try_acquire()
    assert permit is not None
    UNLIMITED.unsent(permit)
    UNLIMITED.unanswered(permit)
    UNLIMITED.answered(permit, told(1, 0, 60), 0.0)
    assert await UNLIMITED.acquire("download", wait=False) is permit


async def test_the_answer_to_a_refused_token_may_be_of_another_quota(clock):
    """A request whose token is refused is nobody's, so its numbers are not those of the bucket; it counts as spent."""
    bucket = Bucket("Sim", clock, Rounding())
    bucket.answered(bucket.try_acquire(), told(100, 10, 60), clock.now())
    permit = bucket.try_acquire()
    clock.time += 1
    other = told(900, 899, 60)
    bucket.answered(permit, Response(401, other.headers, b""), clock.now())
    assert bucket.view().remaining == 9
    assert bucket.window.in_flight == 0


async def test_a_permit_that_is_free_at_once_is_no_wait(clock, monkeypatch, caplog):
    """What was reserved and never sent goes to the next before anything is told."""
    caplog.set_level(logging.INFO, "soracom_async")
    bucket = full(clock, remaining=1)
    permit = bucket.try_acquire()

    async def free() -> None:
        bucket.unsent(permit)

    monkeypatch.setattr("anyio.lowlevel.checkpoint", free)
    await bucket.acquire()
    assert bucket.window.in_flight == 1
    assert not caplog.records
