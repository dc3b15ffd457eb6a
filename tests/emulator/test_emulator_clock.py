"""A clock that jumps where everybody waits: for tests that take no time, and the same way in each run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import socket
import threading
import time

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from clock import settle

from soracom_async import Soracom
from soracom_async._clock import wait
from soracom_async.emulator import Emulator, JumpingClock, idleness
from soracom_async.emulator import clock as clocks

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


async def real_wait(kind, loopback):
    """Wait for 50 ms of the machine's time, as a user's test does."""
    if kind == "thread":
        await anyio.to_thread.run_sync(time.sleep, 0.05)
    elif kind == "timer":
        await anyio.sleep(0.05)
    elif kind == "own thread":  # that of a database driver, which sets an event by itself
        done, token = anyio.Event(), anyio.lowlevel.current_token()

        def work():
            time.sleep(0.05)
            anyio.from_thread.run_sync(done.set, token=token)

        threading.Thread(target=work).start()
        await done.wait()
    elif kind in ("timer of a thread", "another loop"):
        done, token = anyio.Event(), anyio.lowlevel.current_token()

        def wake():
            anyio.from_thread.run_sync(done.set, token=token)

        async def wait():
            await asyncio.sleep(0.05)
            wake()

        if kind == "another loop":
            threading.Thread(target=asyncio.run, args=[wait()]).start()
        else:
            threading.Timer(0.05, wake).start()
        await done.wait()
    elif kind == "executor":
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)
    elif kind == "socket":
        async with await anyio.connect_tcp(*loopback) as stream:
            assert await stream.receive() == b"late"
    else:
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            await checkpoint()


@pytest.fixture
def loopback():
    """A server that answers each of its clients after 50 ms."""

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                time.sleep(0.05)
                client.sendall(b"late")
                client.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    "kind",
    ["thread", "own thread", "timer of a thread", "another loop", "executor", "timer", "socket", "spin"],
)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_real_wait_moves_nothing(kind, times, loopback, anyio_backend):
    """Time stands still while somebody works: it jumps when all that is left waits for it."""
    if kind == "executor" and anyio_backend == "trio":
        pytest.skip("an executor of asyncio")
    clock = JumpingClock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 100)
        for _ in range(times):
            await real_wait(kind, loopback)
            assert clock.now() == 0
    assert clock.now() == 100


async def test_a_thousand_sleepers_wait_for_one_another():
    """They wake in order, and in no time."""
    clock, woken = JumpingClock(), []

    async def sleep(number):
        await clock.sleep(number % 10)
        woken.append(number % 10)

    begun = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for number in range(1000):
            tasks.start_soon(sleep, number)
    assert woken == sorted(woken)
    assert time.monotonic() - begun < 5


async def test_who_sleeps_shorter_comes_first_though_later():
    """Another task may begin to sleep while one waits already."""
    clock, woken = JumpingClock(), []

    async def sleep(seconds):
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleep, 20)
        await settle(3)
        tasks.start_soon(sleep, 10)
        await settle(3)
        with anyio.move_on_after(0.001):
            await sleep(5)
    assert woken == [10, 20]


async def test_two_clocks_do_not_wait_for_each_other():
    """Each jumps, though both watch."""
    first, second = JumpingClock(), JumpingClock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(first.sleep, 10)
        tasks.start_soon(second.sleep, 20)
    assert (first.now(), second.now()) == (10, 20)


def test_one_clock_in_two_loops():
    """The earliest sleep of both is the next."""
    clock, woken = JumpingClock(), []

    async def sleep(*several):
        for seconds in several:
            await clock.sleep(seconds)
            woken.append(clock.now())

    threads = [threading.Thread(target=asyncio.run, args=[sleep(*each)]) for each in ((10, 10), (15, 15))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(woken) == woken
    assert clock.now() == 30


async def test_nothing_holds_time_up_for_ever(monkeypatch, loopback):
    """What may never end is waited for a while: an open connection, a poller, a task or a thread that never rests."""
    monkeypatch.setattr(clocks, "PATIENCE", 0.05)
    monkeypatch.setattr(clocks, "LONGEST", 0.2)
    clock = JumpingClock()

    async def until(now, pause):
        while clock.now() < now:
            await pause()

    async with await anyio.connect_tcp(*loopback) as stream, anyio.create_task_group() as tasks:
        await stream.receive()
        tasks.start_soon(until, 40, lambda: anyio.sleep(0.01))
        await clock.sleep(10)
        tasks.start_soon(until, 40, checkpoint)
        await clock.sleep(10)
        ended = threading.Event()

        def spin():
            while not ended.is_set():
                pass

        threading.Thread(target=spin).start()
        try:
            await clock.sleep(10)
        finally:
            ended.set()
        await clock.sleep(10)
    assert clock.now() == 40


class Silent:
    """An event loop that does not tell what it waits for."""

    def time(self):
        return 0.0


async def test_the_thread_of_a_database_driver(monkeypatch):
    """It waits for work in C, which looks like work: only the first time is held up by it, its work is every time."""
    monkeypatch.setattr(clocks, "PATIENCE", 0.5)
    clock, work, token = JumpingClock(), queue.SimpleQueue(), anyio.lowlevel.current_token()

    def drive():
        while (done := work.get()) is not None:
            time.sleep(0.05)
            anyio.from_thread.run_sync(done.set, token=token)

    thread = threading.Thread(target=drive)
    thread.start()
    try:
        await clock.sleep(10)
        begun = time.monotonic()
        for _ in range(5):
            await clock.sleep(10)
        assert time.monotonic() - begun < 2
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.sleep, 100)
            done = anyio.Event()
            work.put(done)
            await done.wait()
            assert clock.now() == 60
    finally:
        work.put(None)
        thread.join()


def test_what_a_loop_does_not_tell_counts_as_idle(monkeypatch):
    """A pipe that is read is something under way; a server that waits for clients, or what cannot be known, is not."""

    async def look():
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            loop.add_reader(listening, int)
            assert not idleness.sockets()
            loop.remove_reader(listening)
        ends = os.pipe()
        loop.add_reader(ends[0], int)
        assert idleness.sockets()
        loop.remove_reader(ends[0])
        for end in ends:
            os.close(end)
        assert not idleness.timers()
        monkeypatch.setattr(asyncio, "get_running_loop", Silent)
        assert not idleness.sockets()
        assert not idleness.timers()
        monkeypatch.undo()

    asyncio.run(look())


@pytest.mark.parametrize("what", ["sockets", "calls"])
async def test_what_is_under_way_is_waited_for_but_not_for_ever(what, monkeypatch):
    """A socket or a call in a thread that shows no end: after half a second without a step of any task, time jumps."""
    for each in ("sockets", "calls", "timers"):
        monkeypatch.setattr(idleness, each, lambda busy=each == what: busy)
    clock = JumpingClock()
    monkeypatch.setattr(clock._threads, "work", lambda *_: False)
    monkeypatch.setattr(clock._threads, "of_others", lambda: False)
    assert not clock._quiet(began=0.0, since=0.0, now=clocks.PATIENCE - 0.001)
    assert clock._quiet(began=0.0, since=0.0, now=clocks.PATIENCE)


async def test_a_call_is_known_before_a_thread_has_begun_it():
    """A task that holds a place in the pool of threads waits for it."""
    pool, somebody = anyio.to_thread.current_default_thread_limiter(), object()
    assert not idleness.calls()
    await pool.acquire_on_behalf_of(somebody)
    assert idleness.calls()
    pool.release_on_behalf_of(somebody)
