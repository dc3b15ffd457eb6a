from __future__ import annotations

import logging
import socket
import threading

import anyio
import httpx
import pytest
from plain import log_in

from soracom_async.emulator import Emulator

Server = pytest.importorskip("soracom_async.emulator.serving.server", "uvicorn", exc_type=ImportError).Server

pytestmark = pytest.mark.anyio


async def test_it_serves_on_loopback():
    """Over a socket the answers are the same, also to a path with an encoded slash and to an empty body."""
    async with (
        Emulator(sims=5) as emulator,
        httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client,
    ):
        assert emulator.url.startswith("http://127.0.0.1:")
        assert (await log_in(client, emulator.auth_key)).status_code == 200
        sims = (await client.get("/sims")).json()
        assert len(sims) == 5
        sim_id = sims[0]["simId"]
        assert (await client.post(f"/sims/{sim_id}/suspend")).json()["status"] == "suspended"
        assert (await client.get(f"/groups%2F..%2Fsims/{sim_id}")).status_code == 404
        assert (await client.post("/auth/logout")).status_code == 204
        assert emulator.counts["suspendSim"] == 1
        with pytest.raises(RuntimeError, match="already"):
            await emulator.__aenter__()
    with pytest.raises(RuntimeError, match="async with"):
        _ = emulator.url
    assert "soracom-emulator" not in {thread.name for thread in threading.enumerate()}
    await emulator.__aexit__(None, None, None)


async def test_a_client_that_goes_away_harms_nothing():
    """A request that is cut off in its body has no effect, and the next one is answered."""
    async with Emulator(sims=1) as emulator:
        address = emulator.url.removeprefix("http://").split(":")
        stream = await anyio.connect_tcp(address[0], int(address[1]))
        await stream.send(b"POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        await stream.aclose()
        async with httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
            assert (await log_in(client, emulator.auth_key)).status_code == 200
        assert emulator.requests == 1


async def test_the_logs_of_the_process_are_left_alone(tmp_path, capfd):
    """Handlers stay open, no level changes, and neither the emulator nor uvicorn writes of requests that go well."""
    handler = logging.FileHandler(tmp_path / "own.log", mode="w")
    access = logging.getLogger("uvicorn.access")
    names = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
    states = [(logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names]
    logging.getLogger("own").addHandler(handler)
    access.addHandler(handler)
    try:
        async with Emulator(sims=1) as emulator, httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
            assert (await log_in(client, emulator.auth_key)).status_code == 200
            logging.getLogger("own").warning("still written")
        assert access.handlers == [handler]
        assert states == [(logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names]
    finally:
        logging.getLogger("own").removeHandler(handler)
        access.removeHandler(handler)
        handler.close()
    assert (tmp_path / "own.log").read_text() == "still written\n"
    assert capfd.readouterr() == ("", "")


async def test_it_serves_again():
    """An emulator that was left can be entered again, with what it remembers."""
    emulator = Emulator(sims=1)
    for _ in range(2):
        async with emulator, httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
            assert (await log_in(client, emulator.auth_key)).status_code == 200
    assert emulator.logins == 2


async def test_a_taken_port_is_an_error():
    """A port that is in use is an error at once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for name in ("port", "storage_port"):
            with pytest.raises(OSError, match="in use"):
                await Emulator(sims=1, **{name: taken.getsockname()[1]}).__aenter__()


async def test_a_server_that_dies_at_its_start_is_an_error(monkeypatch):
    """Nobody waits for a server that will not come."""
    emulator = Emulator(sims=1)
    server = Server(emulator.answer, emulator.clock, "127.0.0.1", 0)
    monkeypatch.setattr(server._server, "run", lambda sockets: None)
    with pytest.raises(RuntimeError, match="did not start"):
        await server.start()


async def test_it_serves_on_ipv6():
    """An IPv6 address is written in brackets."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    async with Emulator(sims=1, host="::1") as emulator:
        assert emulator.url.startswith("http://[::1]:")
        async with httpx.AsyncClient(base_url=emulator.url) as client:
            assert (await client.get("/nothing")).status_code == 404
