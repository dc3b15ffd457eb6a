"""Waits that a server asks for: each has a bound, and the user is told."""

from __future__ import annotations

import logging

import anyio
import httpx
import pytest
from clock import settle, until
from servers import LOGIN, SIM, Script, opened

from soracom_async import RateLimited, ServerError

pytestmark = pytest.mark.anyio


def counted(remaining: object, seconds: object = None, status: int = 200, **more: str) -> httpx.Response:
    headers = {"x-soracom-ratelimit-limit": "100", "x-soracom-ratelimit-remaining": str(remaining), **more}
    if seconds is not None:
        headers["x-soracom-ratelimit-seconds-before-refresh"] = str(seconds)
    return httpx.Response(status, json=SIM, headers=headers)


@pytest.mark.parametrize("seconds", [None, "1.5", "-3", "soon", "9" * 40, "99999999", ""])
async def test_a_session_never_hangs(seconds, jumping_clock):
    """The quota is used up, and when it is renewed nobody can say: the calls go on within a minute."""
    transport = Script(*(counted(left, seconds) for left in (3, 2, 1, 0)), counted(99, 60))
    async with opened(transport, clock=jumping_clock) as soracom:
        begun = jumping_clock.now()
        for _ in range(6):
            await soracom.sims.get("1")
        assert jumping_clock.now() - begun <= 61
    assert len(transport.requests) == 6


@pytest.mark.parametrize("seconds", [None, "99999999", "soon"])
async def test_a_429_without_a_time_ends_too(seconds, jumping_clock):
    """Refused for ever with a count of 0 and no time: an error after some windows, not a wait without end."""
    transport = Script(counted(0, seconds, status=429))
    async with opened(transport, clock=jumping_clock) as soracom:
        with pytest.raises(RateLimited) as caught:
            await soracom.sims.get("1")
    assert caught.value.attempts == len(transport.requests) == 6
    assert caught.value.elapsed <= 600


@pytest.mark.parametrize("status", [503, 429, 500])
@pytest.mark.parametrize("named", ["3600", "86400", "121", "Wed, 03 Jun 2026 11:00:00 GMT"])
async def test_a_long_retry_after_is_not_waited_for(status, named, jumping_clock):
    """The error comes at once and says for how long the service asked to wait."""
    headers = {"retry-after": named, "date": "Wed, 03 Jun 2026 10:00:00 GMT"}
    transport = Script(httpx.Response(status, json={"code": "X", "message": "later"}, headers=headers))
    async with opened(transport, clock=jumping_clock) as soracom:
        await soracom.login()
        with pytest.raises((ServerError, RateLimited)) as caught:
            await soracom.sims.get("1")
        assert caught.value.retry_after == (float(named) if named.isdecimal() else 3600.0)
        assert jumping_clock.slept == []
    assert len(transport.requests) == 1


@pytest.mark.parametrize("seconds", [121, 3000, "3600"])
async def test_a_429_that_names_a_far_reset_is_not_waited_for(seconds, jumping_clock):
    """Its window may turn in an hour: the call that was refused does not stand still for so long."""
    transport = Script(counted(0, seconds, status=429))
    async with opened(transport, clock=jumping_clock) as soracom:
        with pytest.raises(RateLimited) as caught:
            await soracom.sims.get("1")
    assert caught.value.retry_after == float(seconds)
    assert (caught.value.attempts, caught.value.elapsed) == (1, 0.0)


async def test_a_retry_after_is_waited_for_up_to_max_wait(jumping_clock):
    """`max_wait` is the session's, or that of some calls."""
    busy = httpx.Response(503, json={"code": "X", "message": "later"}, headers={"retry-after": "300"})
    async with opened(Script(busy, SIM), clock=jumping_clock, max_wait=600) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert max(jumping_clock.slept) >= 300
    async with opened(Script(busy), clock=jumping_clock, max_wait=600) as soracom:
        with pytest.raises(ServerError):
            await soracom.with_options(max_wait=10).sims.get("1")


async def test_a_login_does_not_wait_for_hours_either(jumping_clock):
    """`Retry-After: 3600` on the login itself: an error at once."""
    busy = httpx.Response(503, json={"code": "X", "message": "later"}, headers={"retry-after": "3600"})
    async with opened(Script(SIM, login=busy), clock=jumping_clock) as soracom:
        with pytest.raises(ServerError) as caught:
            await soracom.sims.get("1")
    assert caught.value.retry_after == 3600


async def test_a_window_that_was_closed_for_long_fails_the_calls_at_once(clock):
    """A 429 with a `Retry-After` of half an hour: nobody waits for it in the queue, and later calls are not sent."""
    closed = httpx.Response(429, json={"code": "X", "message": "no"}, headers={"retry-after": "1800"})
    transport = Script(closed, SIM)
    failed: list[float | None] = []

    async def call() -> None:
        try:
            await soracom.sims.get("1")
        except RateLimited as error:
            failed.append(error.retry_after)

    async with opened(transport, clock=clock) as soracom:
        await soracom.login()
        await call()
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(call)
        await clock.advance(1000)
        await call()
        assert failed == [1800.0] * 21 + [800.0]
        assert len(transport.requests) == 1
        await clock.advance(800)
        assert (await soracom.sims.get("1")).sim_id == "1"


async def test_those_in_the_queue_learn_that_the_window_was_closed(clock):
    """Calls that wait for the first answers fail when one of these closes the window for long."""
    closed = httpx.Response(429, json={"code": "X", "message": "no"}, headers={"retry-after": "1800"})
    failed = []

    async def call() -> None:
        with pytest.raises(RateLimited):
            await soracom.sims.get("1")
        failed.append(1)

    async with opened(Script(closed), clock=clock) as soracom:
        await soracom.login()
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(call)
    assert len(failed) == 50


async def test_an_absurd_retry_after_closes_the_window_for_an_hour_at_most(jumping_clock, clock):
    """One wrong answer does not end the session: after an hour it asks again."""
    closed = httpx.Response(429, json={"code": "X", "message": "no"}, headers={"retry-after": "999999999"})
    async with opened(Script(closed, SIM), clock=clock) as soracom:
        with pytest.raises(RateLimited) as caught:
            await soracom.sims.get("1")
        assert caught.value.retry_after == 999_999_999
        await clock.advance(3600)
        assert (await soracom.sims.get("1")).sim_id == "1"


async def test_many_windows_in_the_queue_are_waited_for(jumping_clock):
    """400 calls on a quota of 100 a minute wait for three windows: `max_wait` has nothing to do with it."""
    left = [100]

    def answer(request: httpx.Request) -> httpx.Response:
        window = int(jumping_clock.now() // 60)
        if left[0] <= 0 or window != answer.window:
            left[0], answer.window = 100, window
        left[0] -= 1
        return counted(left[0], 60 - int(jumping_clock.now() % 60))

    answer.window = -1
    async with opened(Script(answer), clock=jumping_clock, max_wait=5) as soracom:
        await soracom.login()
        async with anyio.create_task_group() as tasks:
            for _ in range(400):
                tasks.start_soon(soracom.sims.get, "1")


# What the log says


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "soracom_async" and r.levelno >= level]


async def test_a_wait_for_quota_is_told_once_a_window(clock, caplog):
    """Bucket, seconds and how many wait, once, however many calls there are."""
    caplog.set_level(logging.INFO, "soracom_async")
    async with opened(Script(counted(0, 30), counted(99, 60)), clock=clock) as soracom:
        await soracom.sims.get("1")
        async with anyio.create_task_group() as tasks:
            for _ in range(12):
                tasks.start_soon(soracom.sims.get, "1")
            await settle()
            (line,) = [each for each in lines(caplog) if "quota" in each]
            assert line.startswith("the quota of Sim is used up: 12 calls wait for 30.0 s, until ")
            await clock.advance(30)
            await clock.advance(1)
    assert len([each for each in lines(caplog) if "quota" in each]) == 1


async def test_one_call_that_waits_is_told_in_the_singular(clock, caplog):
    """And a call that is alone does not need a second one to be told of."""
    caplog.set_level(logging.INFO, "soracom_async")
    async with opened(Script(counted(0, 30), counted(99, 60)), clock=clock) as soracom:
        await soracom.sims.get("1")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(soracom.sims.get, "1")
            await settle()
            assert any("1 call waits for 30.0 s" in each for each in lines(caplog))
            await clock.advance(31)


async def test_each_request_login_renewal_and_repetition_is_told(clock, caplog):
    """Requests with status and time at DEBUG, the rest at INFO."""
    caplog.set_level(logging.DEBUG, "soracom_async")
    transport = Script(503, SIM)
    async with opened(transport, clock=clock, token_ttl=600) as soracom:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(soracom.sims.get, "1")
            await clock.until_sleeping()
            await clock.advance(1)
        await clock.advance(550)
        await soracom.sims.get("1")
    said = lines(caplog, logging.DEBUG)
    assert "auth (POST /auth): 200 in 0.000 s" in said
    assert "logged in; the token lives 600 s" in said
    assert "getSim (GET /sims/{sim_id}): 503 in 0.000 s" in said
    assert any(each.startswith("getSim: 503; again in 0.") for each in said)
    assert "getSim (GET /sims/{sim_id}): 200 in 0.000 s" in said
    assert sum("the token lives 600 s" in each for each in said) == 2
    assert not any(secret in "\n".join(said) for secret in (LOGIN["token"] + '"', "secret-1", LOGIN["apiKey"]))
    debug = [r for r in caplog.records if r.levelno == logging.DEBUG and r.name == "soracom_async"]
    assert all(" in " in record.getMessage() for record in debug)


async def test_a_long_wait_before_a_repetition_says_until_when(jumping_clock, caplog):
    """What is waited for, how long, and the time of day at which it goes on."""
    caplog.set_level(logging.INFO, "soracom_async")
    busy = httpx.Response(503, json={"code": "X", "message": "later"}, headers={"retry-after": "30"})
    async with opened(Script(busy, SIM), clock=jumping_clock) as soracom:
        await soracom.sims.get("1")
    (line,) = [each for each in lines(caplog) if each.startswith("getSim")]
    assert line.startswith("getSim: 503; again in 30.")
    assert " s, at " in line
    assert line.endswith(" UTC")


async def test_a_long_wait_for_a_connection_is_told(caplog, monkeypatch):
    """All connections are in use for long: it is said who waits, and for what."""
    monkeypatch.setattr("soracom_async._session.sender.TOLD_AFTER", 0.01)
    caplog.set_level(logging.INFO, "soracom_async")
    done = anyio.Event()

    class Slow(Script):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path != "/v1/auth":
                await done.wait()
            return await super().handle_async_request(request)

    async with opened(Slow(SIM), max_connections=1) as soracom, anyio.create_task_group() as tasks:
        await soracom.login()
        tasks.start_soon(soracom.sims.get, "1")
        tasks.start_soon(soracom.sims.get, "2")
        await until(lambda: any("connection" in each for each in lines(caplog)))
        done.set()
    assert "getSim waits for a connection: all 1 are in use" in lines(caplog)
    assert soracom._session._sender.gate.value == 1


async def test_a_long_wait_for_the_first_answers_is_told(caplog, monkeypatch):
    """While no answer has told the quota, few requests go out: if those take long, the others say so, once."""
    monkeypatch.setattr("soracom_async._session.limiter.TOLD_AFTER", 0.01)
    caplog.set_level(logging.INFO, "soracom_async")
    answer = anyio.Event()

    class Slow(Script):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path != "/v1/auth":
                await answer.wait()
            return await super().handle_async_request(request)

    async with opened(Slow(counted(99, 60))) as soracom, anyio.create_task_group() as tasks:
        await soracom.login()
        for _ in range(7):
            tasks.start_soon(soracom.sims.get, "1")
        await until(lambda: any("quota" in each for each in lines(caplog)))
        await anyio.sleep(0.03)
        answer.set()
    told = [each for each in lines(caplog) if "quota" in each]
    assert told == ["the quota of Sim is not known yet: 3 calls wait for the first answer"]


async def test_a_failure_tells_how_often_and_how_long(jumping_clock):
    """The error has the attempts and the seconds, and its text says both."""
    async with opened(Script(503), clock=jumping_clock) as soracom:
        await soracom.login()
        begun = jumping_clock.now()
        with pytest.raises(ServerError) as caught:
            await soracom.sims.get("1")
    error = caught.value
    assert error.attempts == 6
    assert error.elapsed == pytest.approx(jumping_clock.now() - begun)
    assert str(error) == f"getSim: 503 TST0001: as told (after 6 attempts in {error.elapsed:.1f} s)"
