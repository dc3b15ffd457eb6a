"""A session and its event loops: one at a time, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import warnings
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest
from clock import until
from servers import LOGIN, SIM, Connection, Received, Script, logged_in, opened, reply, serving

from soracom_async import ApiToken, AuthenticationFailed, AuthKey, ConfigurationError, Soracom
from soracom_async._session.binding import Binding

trio = pytest.importorskip("trio")


async def use(soracom: Soracom) -> str:
    return (await soracom.sims.get("1")).sim_id


def test_a_session_goes_on_in_the_next_loop():
    """A session at the head of a module, used by one `asyncio.run` after the other: one login, one known quota."""
    transport = Script(httpx.Response(200, json=SIM, headers=quota(70)))
    soracom = opened(transport)
    for _ in range(3):
        assert asyncio.run(use(soracom)) == "1"
    assert len(transport.logins) == 1
    assert soracom.rate_limits()["Sim"].remaining == 70
    asyncio.run(soracom.aclose())
    with pytest.raises(ConfigurationError, match="closed"):
        asyncio.run(use(soracom))


def quota(remaining: int) -> dict[str, str]:
    return {
        "x-soracom-ratelimit-limit": "100",
        "x-soracom-ratelimit-remaining": str(remaining),
        "x-soracom-ratelimit-seconds-before-refresh": "60",
    }


@pytest.mark.parametrize("run", [asyncio.run, trio.run])
@pytest.mark.parametrize("then", [asyncio.run, trio.run])
def test_from_one_library_to_the_other(run, then):
    """Also from asyncio to trio, and back."""
    transport = Script(SIM)
    soracom = opened(transport)
    assert run(use, soracom) == "1" if run is trio.run else run(use(soracom)) == "1"
    assert then(use, soracom) == "1" if then is trio.run else then(use(soracom)) == "1"
    assert len(transport.logins) == 1


class Service:
    """A server in a thread with an event loop of its own, so that it outlives those of the tests."""

    def __init__(self) -> None:
        self.url = ""
        self._ready = threading.Event()
        self._stop: anyio.Event
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.server = None
        self._loop: asyncio.AbstractEventLoop

    async def _serve(self) -> None:
        async def handle(request: Received, connection: Connection) -> None:
            await connection.send(reply(SIM))

        async with serving(logged_in(handle)) as server:
            self.server, self.url, self._stop = server, server.url, anyio.Event()
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> Service:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@pytest.mark.parametrize("transport", [None, httpx.AsyncHTTPTransport])
@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_the_connections_of_a_loop_are_closed_at_its_end(library, transport):
    """No socket stays open, no warning comes, and the next loop opens its own."""
    with Service() as service:
        soracom = opened(service.url, transport=transport and transport())
        for number in range(1, 4):
            if library == "trio":
                trio.run(use, soracom)
            else:
                asyncio.run(use(soracom))
            assert service.server.accepted == number
        gc.collect()
        asyncio.run(soracom.aclose())


@pytest.mark.parametrize("transport", [lambda: None, httpx.AsyncHTTPTransport])
def test_a_loop_that_is_closed_without_a_word(transport):
    """A loop that does not finalize its generators: its connections are dropped, and the session goes on."""
    with Service() as service, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        soracom = Soracom(AuthKey("keyId-1", "secret-1"), endpoint=service.url, transport=transport())
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(use(soracom)) == "1"
        loop.close()
        assert asyncio.run(use(soracom)) == "1"
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(use(soracom)) == "1"
        loop.close()
        asyncio.run(soracom.aclose())
        del soracom, loop
        gc.collect()


def test_closing_in_the_next_loop():
    """`aclose` after the loop has ended is no error, nor is a second one."""
    soracom = opened(Script(SIM))
    asyncio.run(use(soracom))
    asyncio.run(soracom.aclose())
    asyncio.run(soracom.aclose())


def test_closing_what_was_never_used():
    """A session that no loop ever saw is closed in any."""
    soracom = opened(Script(SIM))
    asyncio.run(soracom.aclose())
    with pytest.raises(ConfigurationError, match="closed"):
        asyncio.run(use(soracom))


def test_a_session_is_entered_in_the_next_loop():
    """`async with` in one loop, without leaving it properly, then in another."""
    soracom = opened(Script(SIM))

    async def enter() -> str:
        async with soracom:
            return await use(soracom)

    asyncio.run(use(soracom))
    assert asyncio.run(enter()) == "1"


def test_what_an_ended_loop_left_under_way_does_not_count():
    """A login and calls that ended with their loop hold up nobody in the next."""
    hang = [True]

    class Hanging(Script):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if hang[0]:
                await asyncio.get_running_loop().create_future()
            return await super().handle_async_request(request)

    soracom = opened(Hanging(SIM))
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(use(soracom)) for _ in range(20)]
    for _ in range(20):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    hang[0] = False
    assert asyncio.run(use(soracom)) == "1"
    for task in tasks:
        task._log_destroy_pending = False  # asyncio's own complaint about what the test left
        with contextlib.suppress(RuntimeError):  # asyncio: its loop is closed
            task.get_coro().close()
    assert asyncio.run(use(soracom)) == "1"
    buckets = soracom._session.limiter._buckets.values()
    assert [bucket.window.in_flight for bucket in buckets] == [0] * len(buckets)


def test_two_living_loops():
    """A session used from a second loop while the first lives: a clear error, also from `aclose`."""
    soracom = opened(Script(SIM))
    caught: list[str] = []

    def other() -> None:
        for what in (use(soracom), soracom.aclose()):
            try:
                asyncio.run(what)
            except ConfigurationError as error:
                caught.append(str(error))

    async def first() -> None:
        await use(soracom)
        thread = threading.Thread(target=other)
        thread.start()
        await asyncio.to_thread(thread.join)
        assert await use(soracom) == "1"

    asyncio.run(first())
    assert len(caught) == 2
    assert all("belongs to another event loop, which lives" in each for each in caught)


def test_every_way_in_knows_its_loop():
    """Listings, login, operator and `call` refuse the other loop as well."""
    soracom = opened(Script(SIM))

    async def collect():
        await soracom.sims.list().collect()

    async def enter():
        async with soracom:
            pass

    async def call():
        await soracom.call("getSim", sim_id="1")

    loop = asyncio.new_event_loop()
    loop.run_until_complete(soracom.login())
    for way in (soracom.login, soracom.operator_id, soracom.api_token, soracom.logout, collect, enter, call):

        async def run(way=way):
            await way()

        with pytest.raises(ConfigurationError, match="another event loop"):
            asyncio.run(run())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_a_session_that_nobody_closed_is_closed_by_the_collector():
    """A session that is forgotten while its loop runs: its connections are closed there, without a warning."""
    closed = []

    class Seen(Script):
        async def aclose(self) -> None:
            closed.append(True)

    async def run() -> None:
        soracom = opened(Seen(SIM))
        await use(soracom)
        del soracom
        gc.collect()
        for _ in range(10):
            await asyncio.sleep(0)
        assert closed == [True]

    asyncio.run(run())


@pytest.mark.anyio
async def test_closing_takes_a_bounded_time(jumping_clock, monkeypatch):
    """A transport that never closes does not hold up the end of the session."""
    monkeypatch.setattr("soracom_async._session.binding.CLOSING_SECONDS", 0.01)

    async def never() -> None:
        await anyio.sleep_forever()

    binding = Binding(lambda: None, never, lambda: None)
    binding.enter()
    with anyio.fail_after(10):
        await binding.aclose()


# The token for the next session


@pytest.mark.anyio
async def test_a_token_is_taken_along(clock):
    """The next session starts from it without a login, and knows how long it lives."""
    first = Script(SIM)
    async with opened(first, clock=clock, token_ttl=3600) as soracom:
        await soracom.sims.get("1")
        await clock.advance(1000)
        token = await soracom.api_token()
    assert isinstance(token, ApiToken)
    assert token.ttl == 2600
    assert abs(token.expires_at - datetime.now(UTC) - timedelta(seconds=2600)) < timedelta(seconds=60)
    assert LOGIN["token"] not in repr(token).replace("token=", "")
    second = Script(SIM)
    async with Soracom(token, endpoint="http://soracom.test", transport=second, clock=clock) as soracom:
        assert await use(soracom) == "1"
        assert second.requests[0].headers["x-soracom-token"] == LOGIN["token"]
        assert 2500 < soracom._session.tokens.current.ttl <= 2600
    assert second.logins == []


@pytest.mark.anyio
async def test_a_token_in_hand_is_renewed_before_it_is_given(clock):
    """`api_token` logs in if there is no token, and again if it ran out."""
    transport = Script(SIM)
    async with opened(transport, clock=clock, token_ttl=600) as soracom:
        assert (await soracom.api_token()).ttl == 600
        await clock.advance(600)
        assert (await soracom.api_token()).ttl == 600
    assert len(transport.logins) == 2


@pytest.mark.anyio
async def test_a_token_of_unknown_life_stays_one(clock):
    """Nobody knows how long it lives, and nothing is made up."""
    given = ApiToken("api-key", "token")
    async with Soracom(given, endpoint="http://soracom.test", transport=Script(SIM), clock=clock) as soracom:
        assert await soracom.api_token() == given


@pytest.mark.anyio
async def test_a_token_that_has_ended_is_not_tried(clock):
    """The time at which it ended is named, and nothing is sent."""
    transport = Script(SIM)
    ended = ApiToken("api-key", "token", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    async with Soracom(ended, endpoint="http://soracom.test", transport=transport, clock=clock) as soracom:
        with pytest.raises(AuthenticationFailed, match=r"the token ended at \d{4}-.*: give new ones"):
            await use(soracom)
    assert transport.requests == transport.logins == []


@pytest.mark.parametrize("at", ["2030-01-01", 1_900_000_000, datetime(2030, 1, 1)])
def test_the_end_of_a_token_is_a_time_with_a_zone(at):
    """Anything else is refused with what it must be."""
    with pytest.raises(ConfigurationError, match="expires_at=.* must be a datetime with a time zone"):
        Soracom(ApiToken("api-key", "token", expires_at=at))


# Closing


@pytest.mark.anyio
async def test_what_is_under_way_at_the_end_opens_no_connection():
    """A call that waits before its repetition when the session is closed ends with an error, and leaves no socket."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(reply({"code": "X", "message": "later"}, 503, {"retry-after": "0.2"}))
        asked.set()

    asked = anyio.Event()
    async with serving(logged_in(handle)) as server, anyio.create_task_group() as tasks:
        soracom = opened(server.url)

        async def call() -> None:
            with pytest.raises(ConfigurationError, match="closed"):
                await soracom.sims.get("1")

        tasks.start_soon(call)
        await asked.wait()
        await soracom.aclose()
    assert len(server.requests) == 2
    assert server.open == 0


class SlowToClose(Script):
    async def aclose(self) -> None:
        await anyio.sleep(0.05)
        await super().aclose()


@pytest.mark.anyio
async def test_a_session_that_is_being_closed_takes_no_call():
    """Neither meanwhile, nor after a second `aclose`."""
    transport = SlowToClose(SIM)
    soracom = opened(transport)
    await use(soracom)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(soracom.aclose)
        await anyio.lowlevel.checkpoint()
        await soracom.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await use(soracom)
    assert transport.closed


@pytest.mark.parametrize("steps", range(4))
def test_closing_that_is_cancelled_closes_all_the_same(steps):
    """`asyncio.wait_for(soracom.aclose(), …)`, or a task that is cancelled meanwhile: no socket is left."""

    async def handle(request: Received, connection: Connection) -> None:
        await anyio.sleep(0.02)
        await connection.send(reply(SIM))

    async def main() -> None:
        async with serving(logged_in(handle)) as server:
            soracom = opened(server.url)
            await asyncio.gather(*(use(soracom) for _ in range(4)))
            assert server.open > 1
            closing = asyncio.create_task(soracom.aclose())
            for _ in range(steps):
                await asyncio.sleep(0)
            closing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await closing
            await soracom.aclose()  # if the task had not begun
            await until(lambda: not server.open)

    asyncio.run(main())
