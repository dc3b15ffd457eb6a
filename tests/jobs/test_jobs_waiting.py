"""Waiting for jobs: how often they are asked for, by whom, and what goes wrong meanwhile."""

from __future__ import annotations

import anyio
import pytest
from clock import FakeClock, until

from soracom_async import (
    ConfigurationError,
    DecodeError,
    Forbidden,
    NotFound,
    ServerError,
    Soracom,
    bulk,
    structure,
    unstructure,
)
from soracom_async._background import CURRENT
from soracom_async.emulator import Emulator, JumpingClock
from soracom_async.jobs import JobFailed, JobTimeout
from soracom_async.jobs.waiting import pause

pytestmark = pytest.mark.anyio

POLL = "getExportedFile"


@pytest.mark.parametrize(
    ("expected", "asked"),
    [
        (5, [1, 5, 7.5, 11.25, 16.875, 25.3125, 37.96875, 56.953125, 85.4296875, 115.4296875]),
        (100, [1, 31, 61, 91, 100, 130, 160]),
        (1, [1, 2, 3, 4.5, 6.75]),
    ],
)
def test_how_often_a_job_is_asked_for(expected, asked):
    """Soon, then when it should be done, then ever more slowly, but twice a minute at least."""
    times, now = [], 0.0
    for _ in asked:
        now += pause(now, expected)
        times.append(now)
    assert times == asked


def test_a_job_of_an_hour_costs_few_requests():
    """Of a quota of hundreds a minute."""
    count, now = 0, 0.0
    while now < 3600:
        now += pause(now, 5)
        count += 1
    assert count < 130


async def test_one_task_asks_for_all(soracom, emulator):
    """So many tasks may wait for a job as like; each gets it."""
    job = await soracom.jobs.start("exportSubscribers")
    done = []

    async def wait():
        done.append(await job.wait())

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(wait)
    assert done == [job] * 20
    assert emulator.counts[POLL] == 2


async def test_those_who_wait_share_an_error(soracom, emulator):
    """It is asked for once, and all are told; whoever waits again has it asked again."""
    job = await soracom.jobs.start("exportSubscribers")
    errors = []

    async def wait():
        with pytest.raises(ServerError) as caught:
            await job.wait()
        errors.append(caught.value)

    with emulator.fault("error", operation=POLL):
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(wait)
    assert len(errors) == 5
    assert len(set(map(id, errors))) == 1
    assert emulator.counts[POLL] == 6  # one question, with its repetitions
    await job.wait()


async def test_a_waiter_that_is_cancelled_costs_nothing(soracom, emulator):
    """Whoever asks at that moment, another goes on."""
    job = await soracom.jobs.start("exportSubscribers")
    emulator.fault("latency", operation=POLL, seconds=3)

    async def leave():
        with anyio.CancelScope() as scope:
            tasks.start_soon(cancel, scope)
            await job.wait()
        assert scope.cancelled_caught

    async def cancel(scope):
        await emulator.clock.sleep(2)  # the question is under way, since a second
        assert emulator.counts[POLL] == 1
        scope.cancel()

    async def wait():
        await job.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leave)
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(wait)
    assert job.state == "exported"


async def test_a_time_out_ends_the_waiting_and_not_the_job(soracom, emulator):
    """It can be waited for again."""
    job = await soracom.jobs.start("exportSubscribers")
    began = emulator.clock.now()
    with emulator.fault("job-state", state="processing"):
        with pytest.raises(JobTimeout, match=r"is processing after 300 s; it goes on: wait for it again") as caught:
            await job.wait(timeout=300)
    assert emulator.clock.now() - began == 300
    assert (caught.value.job, caught.value.state) == (job, "processing")
    assert await job.wait() is job


async def test_a_job_that_never_ends(soracom, emulator):
    """It is waited for an hour."""
    began = emulator.clock.now()
    with (
        emulator.fault("job-state", state="something new"[:9]),
        pytest.raises(JobTimeout, match="is something after 3"),
    ):
        await soracom.jobs.run("exportSubscribers")
    assert 3600 <= emulator.clock.now() - began <= 3610


async def test_a_question_that_hangs_is_cut_off(soracom, emulator):
    """The time-out counts whatever the waiting is for."""
    job = await soracom.jobs.start("exportSubscribers")
    with emulator.fault("latency", operation=POLL, seconds=5000), pytest.raises(JobTimeout, match="is under way after"):
        await job.wait(timeout=10)
    await job.wait()


@pytest.mark.parametrize(("start", "state"), [("exportSubscribers", "failed"), ("startAnalysisQueries", "FAILED")])
async def test_a_job_that_fails(soracom, emulator, tmp_path, start, state):
    """`wait` says so, and whatever needs the file; the job knows its state."""
    arguments = {"sql": "SELECT 1"} if start == "startAnalysisQueries" else {}
    job = await soracom.jobs.start(start, **arguments)
    with emulator.fault("job-state", state=state):
        with pytest.raises(JobFailed, match=f"the job of {start} .* is {state}$") as caught:
            await job.wait()
        assert (caught.value.reason, caught.value.state, job.state, job.over) == ("", state, state, True)
        with pytest.raises(JobFailed):
            await job.save(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


async def test_faults_that_pass(soracom, emulator, tmp_path):
    """A 500 now and then, a token that ends, a file that is not there yet: the job goes on."""
    emulator.fault("error", operation=POLL, count=2)
    emulator.fault("token-death", operation=POLL, count=1)
    emulator.fault("file-delay", operation=POLL)
    job = await soracom.jobs.run("exportSubscribers")
    await job.save(tmp_path / "a.csv")
    assert emulator.logins == 2
    assert emulator.leaks == 0


async def test_a_job_that_is_not_known_at_first(soracom, emulator):
    """For ten seconds after its start that means nothing; after them it does."""
    emulator.fault("error", status=404, operation=POLL, until=6)
    job = await soracom.jobs.run("exportSubscribers")
    assert job.state == "exported"
    emulator.fault("error", status=404, operation=POLL)
    began = emulator.clock.now()
    with pytest.raises(NotFound):
        await soracom.jobs.run("exportSubscribers")
    assert 10 < emulator.clock.now() - began < 20
    with pytest.raises(NotFound):
        await job.poll()


async def test_a_url_that_ran_out(soracom, emulator, tmp_path):
    """A new one is asked for: always if it is old, and once if the host refuses it."""
    job = await soracom.jobs.run("exportSubscribers")
    emulator.advance(30)
    await job.save(tmp_path / "a.csv")
    assert emulator.counts[POLL] == 2
    emulator.advance(7200)
    await job.save(tmp_path / "b.csv")
    assert emulator.counts[POLL] == 3
    emulator.world.storage._offers.clear()  # the host has lost its files
    await job.save(tmp_path / "c.csv")
    assert emulator.counts[POLL] == 4
    with emulator.fault("file-delay", operation=POLL, seconds=1000):
        emulator.advance(100)
        with pytest.raises(Forbidden):
            await job.save(tmp_path / "d.csv")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "b.csv", "c.csv"]


async def test_an_answer_without_the_url(soracom, emulator, tmp_path):
    """It is asked for once more; then the error says what is missing."""
    job = await soracom.jobs.start("exportSubscribers")
    with emulator.fault("job-state", state="exported"):
        with pytest.raises(DecodeError, match="is exported, but the answer names no URL of its file"):
            await job.save(tmp_path / "a.csv")
    await job.save(tmp_path / "a.csv")


@pytest.mark.parametrize("url", [None, "", 5, ["https://a.test/b"]])
async def test_an_answer_whose_url_is_none(soracom, emulator, tmp_path, url):
    """It is the same as no URL at all."""
    send = soracom._call

    async def call(operation, /, **arguments):
        answer = await send(operation, **arguments)
        return structure({**unstructure(answer), "url": url}, operation.result) if operation.id == POLL else answer

    soracom.__dict__["_call"] = call
    job = await soracom.jobs.run("exportSubscribers")
    assert job.url is None
    with pytest.raises(DecodeError, match="is exported, but the answer names no URL of its file"):
        await job.save(tmp_path / "a.csv")


async def test_an_answer_that_names_no_job(soracom, emulator):
    """It cannot be waited for."""

    async def empty(operation, /, **arguments):
        return operation.result()

    soracom.jobs._context.client.__dict__["_call"] = empty
    with pytest.raises(DecodeError, match="exportSubscribers: the answer names neither the job nor its file"):
        await soracom.jobs.start("exportSubscribers")


async def test_progress(soracom, tmp_path):
    """It is told for the file."""
    told = []
    job = await soracom.jobs.run("exportSubscribers")
    await job.save(tmp_path / "a.csv", progress=lambda done, total: told.append((done, total)))
    size = (tmp_path / "a.csv").stat().st_size
    assert told[-1] == (size, size)


async def test_a_full_disk(soracom, tmp_path):
    """The error is that of the system, and nothing stays."""
    job = await soracom.jobs.run("exportSubscribers")

    def full(done, total):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left on device"):
        await job.save(tmp_path / "a.csv", progress=full)
    assert list(tmp_path.iterdir()) == []


async def test_waiting_is_work_in_the_background(soracom):
    """All jobs of a client are one beside a bulk run; what the caller asks for itself is in the foreground."""
    seen, send = {}, soracom._call

    async def call(operation, /, **arguments):
        seen.setdefault(operation.id, set()).add(CURRENT.get())
        return await send(operation, **arguments)

    soracom.__dict__["_call"] = call
    for start in ("exportSubscribers", "exportLatestBilling"):
        await soracom.jobs.run(start)
    assert seen["exportSubscribers"] == {None}
    (background,) = seen[POLL]
    assert background is not None
    seen.clear()
    await (await soracom.jobs.start("exportSubscribers")).poll()
    assert seen[POLL] == {None}
    assert CURRENT.get() is None


async def test_a_session_that_is_closed(emulator):
    """Whoever waits is told."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock) as soracom:
        job = await soracom.jobs.start("exportSubscribers")
    with pytest.raises(ConfigurationError, match="closed"):
        await job.wait()


async def test_the_clock_of_the_session_counts(anyio_backend):
    """On a clock that stands still, nothing is asked before its time."""
    clock = FakeClock()
    emulator = Emulator(sims=1, clock=clock)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        job = await soracom.jobs.start("exportSubscribers")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(job.wait)
            for asked, seconds in ((0, 0.9), (1, 0.1), (1, 3.9), (2, 0.2)):
                await clock.until_sleeping(2)
                await clock.advance(seconds)
                await until(lambda asked=asked: emulator.counts[POLL] == asked)


async def test_a_job_beside_a_bulk_run(anyio_backend):
    """On a quota that both draw on, neither waits for the end of the other."""
    emulator = Emulator(sims=1, clock=JumpingClock(), rate_limit=20)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock) as soracom:
        left = []

        async def run():
            async with bulk.run(soracom.files.get_exported, map(str, range(200))) as results:
                async for result in results:
                    assert isinstance(result.error, NotFound)
            left.append("run")

        async def export():
            began = emulator.clock.now()
            await soracom.jobs.run("exportSubscribers")
            left.append(emulator.clock.now() - began)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            tasks.start_soon(export)
    seconds, end = left
    assert end == "run"
    assert seconds <= 130
    assert emulator.throttled == 0
