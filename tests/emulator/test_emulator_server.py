from __future__ import annotations

import contextlib
import logging
import socket
import struct
import sys
import threading

import anyio
import httpx
import pytest
from plain import log_in, open_client

from soracom_async.emulator import Emulator
from soracom_async.errors import ConfigurationError

Server = pytest.importorskip(
    "soracom_async.emulator.serving.server", reason="needs uvicorn", exc_type=ImportError
).Server

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


@pytest.mark.parametrize("address", [{"port": 70000}, {"port": 0, "storage_port": 70000}, {"host": "é..x", "port": 0}])
async def test_an_address_that_is_none_is_named(address):
    """As one that is taken, and whatever the system says of it."""
    with pytest.raises(OSError) as raised:  # noqa: PT011 - its text is the system's
        await Emulator(sims=0, **address).__aenter__()
    assert raised.value.filename == f"{address.get('host', '127.0.0.1')}:{address.get('storage_port', address['port'])}"


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


async def test_without_uvicorn_it_names_the_extra(monkeypatch):
    """In process, it works all the same."""
    emulator = Emulator(sims=1)
    monkeypatch.delitem(sys.modules, "soracom_async.emulator.serving.server")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ConfigurationError, match=r'uvicorn is missing: pip install "soracom-async\[emulator\]"'):
        await emulator.__aenter__()
    async with open_client(emulator) as client:
        assert (await log_in(client, emulator.auth_key)).status_code == 200


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


GET = b"GET /v1/sims HTTP/1.1\r\nHost: x\r\n\r\n"
WAYS = {
    "whole": GET,
    "pipelined": GET * 5,
    "half a head": GET[:20],
    "half a body": b"POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
    "garbage": b"\x16\x03\x01\x00\xa5\x01" * 10,
    "no length": b"POST /v1/auth HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    "no chunk": b"POST /v1/auth HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an upgrade": b"GET /v1/sims HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "no path": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "no text": b"GET /v1/%ff\xff?limit=%ff HTTP/1.1\r\nHost: \xff\r\nX-Soracom-Token: \xff\r\n\r\n",
    "no host": b"GET /v1/sims HTTP/1.1\r\nHost: [x\r\n\r\n",
    "no origin": b"POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nOrigin: http://[\r\n\r\n",
}
FAULTS = [(), ("reset-before",), ("truncate",), ("drip",), ("empty",)]
FAULTS += [("latency", each) for each in ("reset-before", "reset-after", "truncate", "drip")]


async def visit(emulator, sent, how):
    """Send bytes over a connection of its own, and leave: by a reset, by a close, or after half a close."""
    host, port = emulator.url.removeprefix("http://").split(":")
    stream = await anyio.connect_tcp(host, int(port))
    with contextlib.suppress(OSError, anyio.BrokenResourceError, anyio.EndOfStream):
        await stream.send(sent)
        if how == "half":
            await stream.send_eof()
            while True:
                await stream.receive()
        if how == "late":
            await stream.receive(1)
        if how in ("reset", "late"):
            linger = struct.pack("ii", 1, 0)
            stream.extra(anyio.abc.SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    await anyio.aclose_forcefully(stream) if how == "close" else await stream.aclose()


@pytest.mark.parametrize("kinds", FAULTS, ids="+".join)
async def test_whatever_a_client_does_the_server_prints_no_traceback(kinds, capfd, caplog):
    """It comes, sends what it likes, and goes when it likes, with every fault and without one."""
    async with Emulator(sims=3) as emulator:
        for kind in kinds:
            emulator.fault(kind, **({"seconds": 0.02} if kind in ("latency", "drip") else {}))
        with anyio.fail_after(30):
            async with anyio.create_task_group() as tasks:
                for sent in WAYS.values():
                    for how in ("reset", "close", "half"):
                        tasks.start_soon(visit, emulator, sent, how)
                tasks.start_soon(visit, emulator, GET, "late")
            emulator.faults.clear()
            async with httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
                assert (await log_in(client, emulator.auth_key)).status_code == 200
    assert "Traceback" not in capfd.readouterr().err + caplog.text
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("kind", ["latency", "drip"])
async def test_who_still_waits_at_the_end_is_let_go(kind, capfd, caplog):
    """The connection is closed, without a traceback."""
    async with anyio.create_task_group() as tasks:
        async with Emulator(sims=3) as emulator:
            emulator.fault(kind, seconds=10_000)

            async def wait():
                async with httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
                    with pytest.raises(httpx.TransportError):
                        await client.get("/sims", timeout=30)

            tasks.start_soon(wait)
            while not emulator.requests:  # noqa: ASYNC110
                await anyio.sleep(0.01)
    assert "Traceback" not in capfd.readouterr().err + caplog.text
