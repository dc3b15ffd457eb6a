from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import anyio
import httpx
import pytest
import respx
from extras import needs
from servers import LOGIN, SIM, Connection, Received, Script, answering, logged_in, opened, reply, serving

from soracom_async import (
    AuthKey,
    ConfigurationError,
    NotFound,
    ServerError,
    Soracom,
)

fastapi: Any = import_module("fastapi") if find_spec("fastapi") else None


def key() -> AuthKey:
    return AuthKey("keyId-1", "secret-1")


# In a web application


@needs("fastapi")
@pytest.mark.asyncio
async def test_one_session_serves_a_fastapi_application():
    """A session opened in the lifespan serves 100 requests: one login, few connections, errors as answers."""

    async def handle(request: Received, connection: Connection) -> None:
        name = request.target.rpartition("/")[2]
        await connection.send(reply({"simId": name}) if name != "none" else reply({"code": "SEM0001"}, 404))

    async with serving(logged_in(handle)) as server:

        @contextlib.asynccontextmanager
        async def lifespan(app):
            async with opened(server.url, max_connections=10) as app.state.soracom:
                yield

        app = fastapi.FastAPI(lifespan=lifespan)

        def session(request: fastapi.Request):
            return request.app.state.soracom

        needed = fastapi.Depends(session)

        async def read(sim_id: str, soracom=needed):
            try:
                return {"id": (await soracom.sims.get(sim_id)).sim_id}
            except NotFound as error:
                raise fastapi.HTTPException(404, error.code) from error

        app.get("/{sim_id}")(read)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as web:
            answers = await asyncio.gather(*(web.get(f"/{n}") for n in range(100)))
            assert [answer.json()["id"] for answer in answers] == [str(n) for n in range(100)]
            missing = await web.get("/none")
            assert (missing.status_code, missing.json()["detail"]) == (404, "SEM0001")
        assert sum(r.target == "/v1/auth" for r in server.requests) == 1
        assert server.most_open <= 11
        with pytest.raises(ConfigurationError, match="closed"):
            await app.state.soracom.sims.get("1")
    gc.collect()


@needs("aiohttp")
@pytest.mark.asyncio
async def test_one_session_serves_an_aiohttp_application():
    """A session in a cleanup context of aiohttp serves concurrent requests over real sockets, and is closed after."""
    from aiohttp import ClientSession, web

    soracom_of = web.AppKey("soracom", Soracom)

    async with serving(answering(reply(SIM))) as server:

        async def lifespan(app):
            async with opened(server.url) as app[soracom_of]:
                yield

        async def read(request):
            sim = await request.app[soracom_of].sims.get(request.match_info["sim_id"])
            return web.json_response({"status": sim.status})

        app = web.Application()
        app.cleanup_ctx.append(lifespan)
        app.router.add_get("/{sim_id}", read)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]

        async def ask(client, number):
            async with client.get(f"http://127.0.0.1:{port}/{number}") as answer:
                return (await answer.json())["status"]

        async with ClientSession() as client:
            assert await asyncio.gather(*(ask(client, n) for n in range(50))) == ["active"] * 50
        await runner.cleanup()
        with pytest.raises(ConfigurationError, match="closed"):
            await app[soracom_of].sims.get("1")
        assert sum(r.target == "/v1/auth" for r in server.requests) == 1
    gc.collect()


# asyncio's own tools around calls


async def slow(request: Received, connection: Connection) -> None:
    if request.target.endswith("slow"):
        await anyio.sleep_forever()
    await connection.send(reply(SIM))


@pytest.mark.asyncio
async def test_asyncio_timeout_around_a_call():
    """`asyncio.timeout` ends a call with TimeoutError and leaves the session sound."""
    async with serving(logged_in(slow)) as server, opened(server.url) as soracom:
        await soracom.login()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await soracom.sims.get("slow")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(soracom.sims.get("slow"), 0.05)
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert soracom._session._sender.gate.value == 100
    gc.collect()


@pytest.mark.asyncio
async def test_cancelling_a_task():
    """`task.cancel()` ends a call with CancelledError; a session closed by a cancelled task is closed."""
    begun = asyncio.Event()

    async def handle(request: Received, connection: Connection) -> None:
        begun.set()
        await slow(request, connection)

    async with serving(logged_in(handle)) as server:
        sessions = []

        async def work() -> None:
            async with opened(server.url) as soracom:
                sessions.append(soracom)
                await soracom.sims.get("slow")

        task = asyncio.create_task(work())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()
        with pytest.raises(ConfigurationError, match="closed"):
            await sessions[0].sims.get("1")
    gc.collect()


@pytest.mark.asyncio
async def test_a_task_group_of_asyncio():
    """One call that fails cancels its siblings and nothing else; the error arrives in a group of Python's."""
    transport = Script(lambda r: httpx.Response(404 if r.url.path.endswith("/none") else 200, json=SIM))
    async with opened(transport) as soracom:
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                for name in ("1", "2", "none", "3"):
                    group.create_task(soracom.sims.get(name))
        assert [type(error) for error in caught.value.exceptions] == [NotFound]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(soracom.sims.get("1")) for _ in range(20)]
        assert {task.result().sim_id for task in tasks} == {"1"}


@pytest.mark.asyncio
async def test_gather_keeps_errors_apart():
    """`gather(return_exceptions=True)` gives each call its own result or error."""
    transport = Script(lambda r: httpx.Response(500 if r.url.path.endswith("/bad") else 200, json=SIM))
    async with opened(transport, max_retries=0) as soracom:
        results = await asyncio.gather(*(soracom.sims.get(name) for name in ("1", "bad", "1")), return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["Sim", "ServerError", "Sim"]


@pytest.mark.asyncio
async def test_nothing_is_left_running():
    """After `async with` no task of ours lives on."""
    async with serving(answering(reply(SIM))) as server:
        before = asyncio.all_tasks()
        async with opened(server.url) as soracom:
            await asyncio.gather(*(soracom.sims.get("1") for _ in range(20)))
            assert {t for t in asyncio.all_tasks() - before if "serve" not in repr(t)} == set()


@pytest.mark.asyncio
async def test_listings_in_asyncio(jumping_clock):
    """`async for`, with an early break and with read-ahead, under asyncio with warnings as errors."""
    page = httpx.Response(200, json=[SIM] * 3, headers={"x-soracom-next-key": "k"})
    transport = Script(page, httpx.Response(200, json=[SIM]))
    async with opened(transport, clock=jumping_clock) as soracom:
        async for sim in soracom.sims.list():
            assert sim.sim_id == "1"
            break
        transport.steps[:] = [page, httpx.Response(200, json=[SIM])]
        async with soracom.sims.list().ahead(2) as sims:
            assert len([sim async for sim in sims]) == 4
    gc.collect()


# respx, as its users write


@pytest.mark.asyncio
@respx.mock
async def test_respx_mock_patches_our_own_connections():
    """`@respx.mock` needs no transport of ours: routes, side effects and call counts are as with httpx."""
    login = respx.post("https://g.api.soracom.io/v1/auth").respond(json=LOGIN)
    route = respx.get("https://g.api.soracom.io/v1/sims/1").mock(
        side_effect=[httpx.Response(200, json=SIM), httpx.ConnectError, httpx.Response(404, json={"code": "SEM0001"})]
    )
    async with Soracom(key(), max_retries=0) as soracom:
        assert (await soracom.sims.get("1")).status == "active"
        with pytest.raises(Exception, match="ConnectError") as caught:
            await soracom.sims.get("1")
        assert not caught.value.sent
        with pytest.raises(NotFound) as caught:
            await soracom.sims.get("1")
        assert caught.value.code == "SEM0001"
    assert login.call_count == 1
    assert route.call_count == 3
    assert route.calls.last.request.headers["x-soracom-token"] == "token"
    assert login.calls.last.request.content.startswith(b"{")


@pytest.mark.asyncio
async def test_the_mock_of_respx_as_a_fixture(respx_mock):
    """The fixture of respx, with a pattern, a body and the headers of quota and paging."""
    respx_mock.post(path="/v1/auth").respond(json=LOGIN)
    respx_mock.get(url__regex=r".*/v1/sims\?limit=2$").respond(json=[SIM, SIM], headers={"x-soracom-next-key": "a+b"})
    respx_mock.get(path="/v1/sims", params={"last_evaluated_key": "a+b"}).respond(json=[SIM])
    async with Soracom(key(), coverage="jp") as soracom:
        assert len(await soracom.sims.list(limit=2).collect()) == 3
    assert {call.request.url.host for call in respx_mock.calls} == {"api.soracom.io"}


@pytest.mark.asyncio
async def test_what_respx_does_not_know_is_an_error_and_no_request(respx_mock):
    """A call without route fails the user's test as always, and reaches nobody."""
    respx_mock.post(path="/v1/auth").respond(json=LOGIN)
    async with Soracom(key()) as soracom:
        with pytest.raises(AssertionError, match="not mocked"):
            await soracom.sims.get("1")


@pytest.mark.anyio
async def test_tools_that_patch_the_transport_of_httpx(monkeypatch):
    """pytest-httpx, vcrpy and OpenTelemetry patch its class: given as `transport=`, it carries all requests."""
    seen = []

    async def answer(self, request):
        seen.append(request.url.path)
        return httpx.Response(200, json=LOGIN if request.method == "POST" else SIM)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    async with Soracom(key(), transport=httpx.AsyncHTTPTransport()) as soracom:
        assert (await soracom.sims.get("1")).status == "active"
    assert seen == ["/v1/auth", "/v1/sims/1"]


# One loop, one process


def in_a_child(act) -> str:
    """Fork, act in the child, and return what it said there; the child ends without any clean-up of pytest's."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests may have left threads behind
        pid = os.fork()
    if pid == 0:
        try:
            try:
                said = act()
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            os.write(write, said.encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


async def use(soracom: Soracom) -> str:
    return (await soracom.sims.get("1")).sim_id


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@needs_fork
def test_fork():
    """A session used in a forked process: a clear error there, and the parent's session goes on."""
    soracom = opened(Script(SIM))

    async def parent() -> None:
        await soracom.login()
        said = in_a_child(lambda: asyncio.run(use(soracom)))
        assert said.startswith("ConfigurationError")
        assert "another process" in said
        assert await use(soracom) == "1"

    asyncio.run(parent())


@needs_fork
def test_fork_within_a_running_loop():
    """Where the loop itself goes on in the child, as trio's does, the session refuses all the same."""
    trio = pytest.importorskip("trio")
    soracom = opened(Script(SIM))

    def enter() -> str:
        soracom._session.enter()
        return "nothing"

    async def parent() -> None:
        await soracom.login()
        assert in_a_child(enter).startswith("ConfigurationError: this session belongs to another process")
        assert await use(soracom) == "1"

    trio.run(parent)


@needs_fork
def test_a_session_made_before_the_fork_may_be_used_after_it():
    """A session that was only made, as at import of an application, belongs to the process that first uses it."""
    soracom = opened(Script(SIM))
    assert in_a_child(lambda: asyncio.run(use(soracom))) == "1"
    assert asyncio.run(use(soracom)) == "1"


@pytest.mark.asyncio
async def test_a_failing_service_does_not_hang_an_application(jumping_clock):
    """500 for ever: each of 30 concurrent requests gets its error."""
    async with opened(Script(500), clock=jumping_clock, max_retries=1) as soracom:
        results = await asyncio.gather(*(soracom.sims.get("1") for _ in range(30)), return_exceptions=True)
    assert all(isinstance(result, ServerError) for result in results)
