from __future__ import annotations

import gc
import gzip
import random
import socket
import ssl
import zlib

import anyio
import anyio.lowlevel
import httpcore
import httpx
import pytest
import trustme
from clock import settle, until
from hypothesis import given
from hypothesis import strategies as st
from servers import (
    GZIP_NONSENSE,
    LOGIN,
    SIM,
    Connection,
    Received,
    Script,
    answering,
    logged_in,
    opened,
    reply,
    response_of,
    serving,
)

from soracom_async import (
    APIError,
    ConfigurationError,
    DecodeError,
    RequestTimeout,
    ServerError,
    TransportError,
)
from soracom_async._http.connections import Connections, is_readable
from soracom_async._http.exchange import no_answer
from soracom_async._http.pool import (
    NoAnswer,
    Request,
    http_for,
    proxy_of,
)
from soracom_async._http.tls import tls

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["own", "httpx"])
def way(request):
    """Return how to open a session at an address: by our own connections, or through a transport of httpx."""

    def open_(url, *, max_connections=100, **settings):
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=max_connections + 1))
        if request.param == "own":
            transport = None
        from soracom_async import AuthKey, Soracom

        return Soracom(
            AuthKey("keyId-1", "secret-1"),
            endpoint=url,
            transport=transport,
            max_connections=max_connections,
            **settings,
        )

    return open_


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# Reuse


async def test_one_task_uses_one_connection(way):
    """Calls one after the other, the login among them, go over one connection."""
    async with serving(answering(reply(SIM))) as server, way(server.url) as soracom:
        for _ in range(20):
            assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.accepted == 1
        assert len(server.requests) == 21


async def test_connections_opened_do_not_exceed_the_tasks():
    """50 tasks whose answers are slow open 50 connections, not one for every request."""
    tasks, rounds = 50, 10
    waiting: list[Connection] = []
    together = False

    async def handle(request: Received, connection: Connection) -> None:
        # Every task's request is under way before any is answered: what a latency does, without a clock.
        waiting.append(connection)
        if not together or len(waiting) == tasks:
            ready = waiting[:]
            waiting.clear()
            for each in ready:
                await each.send(reply(SIM))

    async def work() -> None:
        for _ in range(rounds):
            await soracom.sims.get("1")

    async with serving(logged_in(handle)) as server, opened(server.url) as soracom:
        await soracom.sims.get("1")  # the quota is known now: there is none
        together = True
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(work)
        assert len(server.requests) == tasks * rounds + 2
        assert server.accepted == tasks


async def test_the_gate_bounds_the_connections(way):
    """With max_connections=3 a hundred tasks never have more than 3 connections."""
    async with serving(answering(reply(SIM))) as server, way(server.url, max_connections=3) as soracom:
        await soracom.sims.get("1")
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(soracom.sims.get, "1")
        assert server.accepted <= 3
        assert len(server.requests) == 102


async def test_a_login_passes_no_gate(way):
    """With max_connections=1 the call that holds the gate can log in: a full gate does not wait for itself."""
    async with serving(answering(reply(SIM))) as server, way(server.url, max_connections=1) as soracom:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(soracom.sims.get, "1")
        assert len(server.requests) == 6


async def test_an_answer_that_closes_the_connection_is_followed_by_a_new_one(way):
    """After `connection: close` the next call opens a connection of its own."""
    closing = reply(SIM, headers={"connection": "close"})
    async with serving(answering(closing, reply(SIM))) as server, way(server.url) as soracom:
        for _ in range(3):
            await soracom.sims.get("1")
        assert server.accepted == 2


async def test_a_kept_connection_that_was_closed_meanwhile_is_not_used():
    """The service closes the idle connection: the next call, even one that acts, goes out once over a new one."""
    end = anyio.Event()

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(reply(SIM))
        if connection.number == 1:
            await end.wait()
            await connection.end()

    async with serving(logged_in(handle)) as server, opened(server.url, max_retries=0) as soracom:
        await soracom.sims.get("1")
        (line,) = (line for lines in soracom._session._http._lines.values() for line in lines)
        assert not line.has_expired()
        end.set()
        await until(line.has_expired)
        await soracom.sims.send_sms("1", payload="x")
        assert server.accepted == 2
        assert [r.method for r in server.requests] == ["POST", "GET", "POST"]


async def test_a_kept_connection_that_dies_under_a_read_is_replaced_at_once(jumping_clock):
    """A reset before the first byte of the answer over a kept connection: the read is repeated without waiting."""

    async def handle(request: Received, connection: Connection) -> None:
        if connection.number == 1 and len(server.requests) == 3:
            await connection.reset()
        else:
            await connection.send(reply(SIM))

    async with serving(logged_in(handle)) as server, opened(server.url, clock=jumping_clock) as soracom:
        await soracom.sims.get("1")
        await soracom.sims.get("1")
        assert server.accepted == 2
        assert len(server.requests) == 4
        assert jumping_clock.slept == []


async def test_an_answer_that_came_before_its_request_is_not_taken(jumping_clock):
    """What a service sends unasked behind an answer never becomes the answer of the next request."""
    stray = reply(SIM) + reply({"simId": "stray"})
    async with (
        serving(answering(stray, reply(SIM))) as server,
        opened(server.url, clock=jumping_clock) as soracom,
    ):
        await soracom.sims.get("1")
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.accepted == 2


# Cancellation


@pytest.mark.timeout(120)
async def test_mass_cancellation_under_contention_loses_no_connection(way):
    """3,000 calls cancelled at random points by 5 connections: no slot is lost, and the next 200 calls all succeed."""
    gate, dice = 5, random.Random(7)

    async def handle(request: Received, connection: Connection) -> None:
        if "/slow" in request.target:
            await anyio.lowlevel.checkpoint()
        await connection.send(reply(SIM, headers={"connection": "close"} if dice.random() < 0.1 else None))

    async def one(scope: anyio.CancelScope, name: str) -> None:
        with scope:
            if name == "act":
                await soracom.sims.send_sms("1", payload="x")
            else:
                await soracom.sims.get(name)

    async with serving(logged_in(handle)) as server, way(server.url, max_connections=gate) as soracom:
        await soracom.sims.get("1")
        for _ in range(60):
            scopes = [anyio.CancelScope() for _ in range(50)]
            async with anyio.create_task_group() as group:
                for scope in scopes:
                    group.start_soon(one, scope, dice.choice(["1", "slow", "act"]))
                dice.shuffle(scopes)
                for scope in scopes:
                    for _ in range(dice.randrange(4)):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
        answered = 0
        async with anyio.create_task_group() as group:

            async def count() -> None:
                nonlocal answered
                await soracom.sims.get("1")
                answered += 1

            for _ in range(200):
                group.start_soon(count)
        assert answered == 200
        assert soracom._session._gate.value == gate
        window = soracom._session.limits.bucket(soracom._options.endpoint, operation()).window
        assert window.in_flight == 0
        # Abandoned connections are closed; the server sees that a moment later.
        await until(lambda: server.open <= gate)
    gc.collect()


def operation():
    from soracom_async.api.sim import GET_SIM

    return GET_SIM


@pytest.mark.parametrize("passes", range(12))
async def test_cancellation_at_any_point_closes_or_keeps_the_connection(passes):
    """Cancelled after so many passes of the loop, a request leaves no open connection outside of the free list."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(reply(SIM))

    async with serving(handle) as server:
        connections = Connections()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        answer = await connections.send(request, 5)
        assert answer.status == 200
        async with anyio.create_task_group() as group:
            group.start_soon(connections.send, request, 5)
            group.start_soon(connections.send, request, 5)
            await settle(passes)
            group.cancel_scope.cancel()
        kept = sum(len(lines) for lines in connections._lines.values())
        await until(lambda: server.open <= kept)
        await connections.aclose()
        await until(lambda: not server.open)
    gc.collect()


async def test_a_request_cancelled_before_it_begins_leaves_no_connection_open():
    """A scope that is cancelled already: the kept connection is closed, not forgotten."""
    async with serving(answering(reply(SIM))) as server:
        connections = Connections()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        await connections.send(request, 5)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connections.send(request, 5)
        assert scope.cancelled_caught
        kept = sum(len(lines) for lines in connections._lines.values())
        await until(lambda: server.open <= kept)
        await connections.aclose()
    gc.collect()


async def test_closing_closes_what_is_under_way_as_soon_as_it_ends():
    """A session closed under a call that still waits for its answer leaves no connection open."""
    asked, go = anyio.Event(), anyio.Event()

    async def handle(request: Received, connection: Connection) -> None:
        asked.set()
        await go.wait()
        await connection.send(reply(SIM))

    async with serving(logged_in(handle)) as server:
        soracom = opened(server.url)
        async with anyio.create_task_group() as group:
            group.start_soon(soracom.sims.get, "1")
            await asked.wait()
            await soracom.aclose()
            go.set()
        await until(lambda: not server.open)
    gc.collect()


# Time-outs


async def test_the_timeout_is_total(way):
    """A byte now and then, each well within the time-out, does not keep a call alive."""
    dripping = reply({"simId": "1" * 10_000})

    async def handle(request: Received, connection: Connection) -> None:
        for byte in dripping:
            await connection.send(bytes([byte]))
            await anyio.sleep(0.005)  # the server's slowness is what is tested

    async with serving(logged_in(handle)) as server, way(server.url) as soracom:
        await soracom.login()
        with pytest.raises(RequestTimeout) as caught:
            await soracom.with_options(timeout=0.5, max_retries=0).sims.get("1")
        assert caught.value.sent
        assert caught.value.operation == "getSim"
        assert "0.5 s" in str(caught.value)


async def test_no_answer_in_time_is_a_timeout_and_the_connection_is_closed(way):
    """A service that reads and says nothing: RequestTimeout, and nothing is left open."""

    async def handle(request: Received, connection: Connection) -> None:
        await anyio.sleep_forever()

    async with serving(logged_in(handle)) as server:
        async with way(server.url) as soracom:
            await soracom.login()
            with pytest.raises(RequestTimeout):
                await soracom.with_options(timeout=0.5, max_retries=0).sims.send_sms("1", payload="x")
        assert len(server.requests) == 2
    gc.collect()


# No answer


async def test_a_refused_connection_was_not_sent(way):
    """Nobody listens: TransportError that says that nothing was sent."""
    async with way(f"http://127.0.0.1:{unused_port()}", max_retries=0) as soracom:
        with pytest.raises(TransportError) as caught:
            await soracom.sims.get("1")
    assert not caught.value.sent
    assert not isinstance(caught.value, RequestTimeout)
    assert caught.value.operation == "auth"


async def test_an_unknown_host_was_not_sent():
    """A name that does not resolve: TransportError that says that nothing was sent."""
    async with opened("http://name.invalid", max_retries=0) as soracom:
        with pytest.raises(TransportError) as caught:
            await soracom.sims.get("1")
    assert not caught.value.sent


CUT = reply(SIM)[:-4]
NO_ANSWERS = {
    "closed without an answer": [Connection.end],
    "reset without an answer": [Connection.reset],
    "closed within the head": [CUT[:20], Connection.end],
    "closed within the body": [CUT, Connection.end],
    "no HTTP": [b"SSH-2.0-OpenSSH\r\n\r\n", Connection.end],
    "a head without end": [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 30_000, Connection.end],
    "a length that is none": [b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", Connection.end],
    "a chunk that is none": [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", Connection.end],
    "nonsense as gzip": [reply(GZIP_NONSENSE, headers={"content-encoding": "gzip"})],
    "a gzip cut short": [reply(gzip.compress(b"[]" * 99)[:-9], headers={"content-encoding": "gzip"})],
}


@pytest.mark.parametrize("what", NO_ANSWERS)
async def test_what_is_no_whole_answer_may_have_been_executed(way, what, jumping_clock):
    """Cut off, reset or nonsense: TransportError with sent=True, a POST that acts is not repeated, a read is."""
    seen = []

    async def handle(request: Received, connection: Connection) -> None:
        seen.append(request.method)
        for step in NO_ANSWERS[what]:
            if isinstance(step, bytes):
                await connection.send(step)
            else:
                await step(connection)

    async with serving(logged_in(handle)) as server, way(server.url, clock=jumping_clock, max_retries=2) as soracom:
        with pytest.raises(TransportError) as caught:
            await soracom.sims.send_sms("1", payload="x")
        assert caught.value.sent
        assert seen == ["POST"]
        with pytest.raises(TransportError):
            await soracom.sims.get("1")
        assert seen == ["POST", "GET", "GET", "GET"]


async def test_a_reset_before_the_request_was_read_is_repeated_for_a_read(way, jumping_clock):
    """A connection reset as soon as it is accepted is a transport error like any other: a read gets through."""

    async def accept(connection: Connection) -> None:
        if connection.number in (1, 2):
            await connection.reset()

    async with (
        serving(answering(reply(SIM)), accept=accept) as server,
        way(server.url, clock=jumping_clock) as soracom,
    ):
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.accepted == 3


async def test_a_big_answer_and_a_chunked_one_arrive_whole(way):
    """A megabyte of JSON, in one piece and in chunks, compressed or not."""
    sims = [{"simId": str(n), "tags": {"name": "x" * 100}} for n in range(8000)]
    plain = reply(sims).partition(b"\r\n\r\n")[2]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (plain[i : i + 4000] for i in range(0, len(plain), 4000)))
    answers = [
        reply(plain),
        reply(chunks + b"0\r\n\r\n", headers={"transfer-encoding": "chunked"}),
        reply(gzip.compress(plain), headers={"content-encoding": "gzip"}),
        reply(zlib.compress(plain), headers={"Content-Encoding": "deflate"}),
    ]
    async with serving(answering(*answers)) as server, way(server.url) as soracom:
        for _ in answers:
            assert [sim.sim_id for sim in await soracom.sims.list().collect()] == [str(n) for n in range(8000)]
        assert server.accepted == 1


async def test_an_empty_body_marked_as_compressed_is_empty(way):
    """204 with `content-encoding: gzip` and no body is no error."""
    empty = reply(None, 204, {"content-encoding": "gzip"})
    async with serving(answering(empty)) as server, way(server.url) as soracom:
        assert await soracom.sims.delete_tag("1", "name") is None


# TLS


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def server_side(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


async def test_tls_by_the_certificates_of_the_environment(trusted, server_side):
    """SSL_CERT_FILE is obeyed; the connection is kept, though tickets of TLS 1.3 come behind the handshake."""
    async with serving(answering(reply(SIM)), tls=server_side) as server:
        async with opened(server.url) as soracom:
            for _ in range(5):
                assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.scheme == "https"
        assert server.accepted == 1


@pytest.mark.filterwarnings("ignore:Exception in callback:pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_nobody_vouches_for_is_refused(server_side):
    """Without the authority no request is sent: TransportError with sent=False that names the certificate."""
    with suppressed_handshakes():
        async with (
            serving(answering(reply(SIM)), tls=server_side) as server,
            opened(server.url, max_retries=0) as soracom,
        ):
            with pytest.raises(TransportError, match="certificate verify failed") as caught:
                await soracom.sims.get("1")
            assert not caught.value.sent
            assert server.requests == []


def suppressed_handshakes():
    """Keep anyio's listener from logging the handshake that the client broke off, as it must."""
    import contextlib
    import logging

    @contextlib.contextmanager
    def quiet():
        logger = logging.getLogger("anyio.streams.tls")
        logger.disabled = True
        try:
            yield
        finally:
            logger.disabled = False

    return quiet()


async def test_a_service_that_speaks_no_tls_is_not_reached():
    """https to a plain port ends in TransportError with sent=False, and the socket is closed."""

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await connection.end()

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with opened(server.url.replace("http:", "https:"), max_retries=0) as soracom:
            with pytest.raises(TransportError) as caught:
                await soracom.sims.get("1")
        assert not caught.value.sent
    gc.collect()


async def test_a_handshake_that_never_ends_is_cut_off():
    """A time-out within the TLS handshake: RequestTimeout with sent=False, and the socket is closed."""
    begun = anyio.Event()

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        begun.set()
        await connection.stream.receive()  # until the client gives up

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with opened(server.url.replace("http:", "https:"), max_retries=0, timeout=1) as soracom:
            with pytest.raises(RequestTimeout) as caught:
                await soracom.sims.get("1")
            assert begun.is_set()
            assert not caught.value.sent
            await until(lambda: not server.open)
    gc.collect()


def test_one_context_is_shared(trusted, monkeypatch):
    """Every session uses the same TLS context, as long as the environment names the same certificates."""
    first = tls()
    assert tls() is first
    monkeypatch.delenv("SSL_CERT_FILE")
    assert tls() is not first
    assert tls() is tls()
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname


def test_a_missing_certificate_file_is_a_clear_error(monkeypatch, tmp_path):
    """SSL_CERT_FILE that names no file: ConfigurationError that names the variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        tls()


# Proxies


async def proxied(request: Received, connection: Connection) -> None:
    """Answer as a proxy: everything asked of it is an absolute address."""
    assert request.target.startswith("http://soracom.test/v1/")
    await connection.send(reply(LOGIN if request.target.endswith("/auth") else SIM))


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
async def test_the_proxy_of_the_environment_is_used(monkeypatch, variable):
    """Requests go to the proxy, in absolute form, also where it is named without scheme."""
    async with serving(proxied) as server:
        monkeypatch.setenv(variable, f"{server.host}:{server.port}")
        async with opened_at("http://soracom.test") as soracom:
            assert (await soracom.sims.get("1")).sim_id == "1"
        assert [r.target for r in server.requests] == [
            "http://soracom.test/v1/auth",
            "http://soracom.test/v1/sims/1",
        ]


async def test_the_proxy_survives_mass_cancellation(monkeypatch):
    """Through a proxy, too, calls cancelled in their hundreds lose no slot of the pool."""
    async with serving(proxied) as server:
        monkeypatch.setenv("http_proxy", server.url)
        async with opened_at("http://soracom.test", max_connections=4) as soracom:
            await soracom.sims.get("1")
            for round_ in range(40):
                async with anyio.create_task_group() as group:
                    for _ in range(20):
                        group.start_soon(soracom.sims.get, "1")
                        group.start_soon(fresh_login, soracom)
                    await settle(round_ % 12)
                    group.cancel_scope.cancel()
            async with anyio.create_task_group() as group:
                for _ in range(200):
                    group.start_soon(soracom.sims.get, "1")
        assert len(server.requests) >= 200
    gc.collect()


async def fresh_login(soracom) -> None:
    """Call an operation that passes no gate."""
    await soracom.call("auth", auth_key_id="keyId-1", auth_key="x")


def opened_at(url, **settings):
    return opened(url, **settings)


async def test_loopback_goes_through_no_proxy(monkeypatch):
    """An emulator on the same machine is reached directly, whatever proxy the environment names."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    async with serving(answering(reply(SIM))) as server, opened(server.url) as soracom:
        await soracom.sims.get("1")
        assert server.requests[0].target == "/v1/auth"


def test_which_proxy_the_environment_names(monkeypatch):
    """By scheme, else for all; none without a variable, none for a host that is excepted."""
    assert proxy_of("https://g.api.soracom.io") is None
    monkeypatch.setenv("all_proxy", "http://every:1")
    assert proxy_of("https://g.api.soracom.io") == "http://every:1"
    monkeypatch.setenv("https_proxy", "secure:2")
    assert proxy_of("https://g.api.soracom.io") == "http://secure:2"
    assert proxy_of("http://g.api.soracom.io") == "http://every:1"
    for host in ("localhost:8089", "127.0.0.1", "127.1.2.3:80", "[::1]:8089"):
        assert proxy_of(f"http://{host}") is None
    for names in (".soracom.io", "soracom.io", "example.com, g.api.soracom.io", "*"):
        monkeypatch.setenv("NO_PROXY", names)
        assert proxy_of("https://g.api.soracom.io") is None
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert proxy_of("https://g.api.soracom.io") == "http://secure:2"


@pytest.mark.parametrize("proxy", ["gopher://h:1", "http://h:port"])
def test_a_proxy_that_cannot_work_is_a_clear_error(monkeypatch, proxy):
    """A proxy of a kind that nothing speaks is refused when the session is opened, not at the first call."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ConfigurationError, match="proxy"):
        http_for("https://g.api.soracom.io", None, 10)


# Other transports


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("by_name", [True, False])
async def test_the_transport_of_aiohttp(by_name):
    """httpx-aiohttp as `transport=`: calls, errors, a time-out, and a path that arrives as it was quoted."""
    from httpx_aiohttp import AiohttpTransport

    transport = "aiohttp" if by_name else AiohttpTransport()

    async def handle(request: Received, connection: Connection) -> None:
        if "slow" in request.target:
            await anyio.sleep_forever()
        await connection.send(reply(SIM) if "bad" not in request.target else reply({"code": "X1"}, 400))

    async with serving(logged_in(handle)) as server, with_transport(server.url, transport) as soracom:
        for _ in range(3):
            assert (await soracom.sims.get("1")).sim_id == "1"
        await soracom.sims.delete_tag("1", "a/b ?#%2f+名前")
        with pytest.raises(APIError) as caught:
            await soracom.sims.get("bad")
        assert caught.value.code == "X1"
        with pytest.raises(RequestTimeout):
            await soracom.with_options(timeout=0.05, max_retries=0).sims.get("slow")
        assert server.accepted == 1
        assert server.requests[4].target == "/v1/sims/1/tags/a%2Fb%20%3F%23%252f%2B%E5%90%8D%E5%89%8D"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("end", [Connection.end, Connection.reset])
async def test_aiohttp_never_repeats_a_post_that_acts_and_was_read(end, jumping_clock):
    """httpx-aiohttp calls a lost connection a time-out of connecting; the request was sent all the same."""
    from httpx_aiohttp import AiohttpTransport

    async def handle(request: Received, connection: Connection) -> None:
        await end(connection)

    transport = AiohttpTransport()
    async with (
        serving(logged_in(handle)) as server,
        with_transport(server.url, transport, clock=jumping_clock) as soracom,
    ):
        with pytest.raises(TransportError) as caught:
            await soracom.sims.send_sms("1", payload="x")
        assert caught.value.sent
        assert not isinstance(caught.value, RequestTimeout)
        assert [r.target for r in server.requests] == ["/v1/auth", "/v1/sims/1/send_sms"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_aiohttp_refused(jumping_clock):
    """A refused connection was not sent, through aiohttp as well."""
    from httpx_aiohttp import AiohttpTransport

    url = f"http://127.0.0.1:{unused_port()}"
    async with with_transport(url, AiohttpTransport(), max_retries=0) as soracom:
        with pytest.raises(TransportError) as caught:
            await soracom.sims.send_sms("1", payload="x")
    assert not caught.value.sent


def with_transport(url, transport, **settings):
    from soracom_async import AuthKey, Soracom

    return Soracom(AuthKey("keyId-1", "secret-1"), endpoint=url, transport=transport, **settings)


async def test_a_transport_is_closed_with_the_session():
    """`aclose` closes the caller's transport, once."""
    transport = Script(SIM)
    async with opened(transport) as soracom:
        await soracom.sims.get("1")
        assert not transport.closed
    assert transport.closed


async def test_an_endpoint_with_a_path_goes_before_the_target(way):
    """`endpoint=` may have a path of its own, as behind a gateway."""
    seen = []

    async def handle(request: Received, connection: Connection) -> None:
        seen.append(request.target)
        await connection.send(reply(LOGIN if request.target.endswith("/auth") else SIM))

    async with serving(handle) as server, way(f"{server.url}/gateway/") as soracom:
        await soracom.sims.get("1")
    assert seen == ["/gateway/v1/auth", "/gateway/v1/sims/1"]


@given(name=st.text(min_size=1), query=st.text())
def test_both_ways_send_the_same_line(name, query):
    """httpx's own ideas of quoting change nothing in the paths and queries that we prepare."""
    from soracom_async._codec.codec import CODEC
    from soracom_async._core.request import BadArgument, prepare
    from soracom_async.api.group import LIST_SUBSCRIBERS_IN_GROUP

    try:
        arguments = {"group_id": name, "last_evaluated_key": query.encode("utf-8", "ignore").decode()}
        target = prepare(LIST_SUBSCRIBERS_IN_GROUP, arguments, CODEC).target
    except BadArgument:
        return
    base = httpx.URL("http://soracom.test")
    assert base.copy_with(raw_path=base.raw_path.rstrip(b"/") + target).raw_path == target


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_foreign_redirect_is_not_followed(way, status):
    """No request, and so no header of ours, reaches the host that a redirect names; the caller gets its status."""

    async def foreign(request: Received, connection: Connection) -> None:
        await connection.send(reply(SIM))

    async with serving(foreign) as other:
        away = reply(None, status, {"location": f"{other.url}/stolen"})
        async with serving(answering(away)) as server, way(server.url) as soracom:
            with pytest.raises(APIError) as caught:
                await soracom.sims.get("1")
            assert caught.value.status == status
            assert server.requests[-1].headers["x-soracom-token"] == "token"
        assert other.requests == []
        assert other.accepted == 0


async def test_what_is_sent(way):
    """Key and token go with every call but the login; a POST without body says so; extra spaces nowhere."""
    async with serving(answering(reply(SIM))) as server, way(server.url, language="ja") as soracom:
        await soracom.sims.activate("1")
        await soracom.sims.update_speed_class("1", speed_class="s1.fast")
    login, act, update = server.requests
    assert "x-soracom-token" not in login.headers
    assert "x-soracom-api-key" not in login.headers
    for request in (act, update):
        assert request.headers["x-soracom-api-key"] == "api-key"
        assert request.headers["x-soracom-token"] == "token"
        assert request.headers["x-soracom-lang"] == "ja"
        assert request.headers["host"] == f"127.0.0.1:{server.port}"
        assert request.headers["user-agent"].startswith("soracom-async/")
    assert act.headers["content-length"] == "0"
    assert "content-type" not in act.headers
    assert update.headers["content-type"] == "application/json"
    assert update.body == b'{"speedClass":"s1.fast"}'


# The table of errors

UNSENT = ["ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "LocalProtocolError"]
SENT = ["ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError"]


@pytest.mark.parametrize("library", [httpx, httpcore])
@pytest.mark.parametrize("name", UNSENT + SENT)
def test_what_each_error_means(library, name):
    """Each error of httpx and httpcore is unsent or perhaps sent, whatever the way knew, and a time-out or not."""
    for sent in (True, False):
        outcome = no_answer(getattr(library, name)("why"), sent=sent)
        assert isinstance(outcome, NoAnswer)
        assert outcome.sent is (name in SENT)
        assert outcome.timeout is name.endswith("Timeout")
        assert name in outcome.reason


@pytest.mark.parametrize("library", [httpx, httpcore])
@pytest.mark.parametrize("name", ["TimeoutException", "NetworkError", "ProtocolError"])
def test_what_the_general_errors_mean(library, name):
    """For an error that does not say how far the request got, the way's own knowledge counts."""
    for sent in (True, False):
        assert no_answer(getattr(library, name)("why"), sent=sent).sent is sent


def test_every_error_of_both_libraries_is_known():
    """No error of transport that the installed httpx and httpcore can raise is missing from the table."""
    roots = (httpx.TransportError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
    pending, known = [*roots, httpcore.ProxyError, httpcore.UnsupportedProtocol, httpx.DecodingError], 0
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        assert no_answer(cls("why"), sent=True) is not None, cls
        known += 1
    assert known > 20


@pytest.mark.parametrize("error", [ValueError("x"), httpx.InvalidURL("x"), OSError("x"), RuntimeError("x")])
def test_other_errors_are_not_ours(error):
    """What is no error of transport is left to whoever made it."""
    assert no_answer(error, sent=False) is None


def test_an_error_gives_no_bytes_away():
    """Messages of h11 quote what was on the wire, which may be a token: that part is left out."""
    for text in ("Illegal header value b'can-ary'", "illegal status line: bytearray(b'can-ary')", 'bad b"can-ary"'):
        outcome = no_answer(httpcore.LocalProtocolError(text), sent=True)
        assert "can-ary" not in outcome.reason
        assert text.split()[0] in outcome.reason


async def test_a_transport_that_breaks_is_not_hidden():
    """An error of the caller's transport that is not httpx's reaches the caller as it is, and the session goes on."""
    broken = KeyError("bug")
    async with opened(Script(broken, SIM)) as soracom:
        with pytest.raises(KeyError) as caught:
            await soracom.sims.get("1")
        assert caught.value is broken
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert soracom._session._gate.value == 100


async def test_an_answer_of_html_says_so(way):
    """An error page from before the API server: its status, no code, and a message that tells what came."""
    page = reply(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"})
    async with serving(answering(page)) as server, way(server.url, max_retries=0) as soracom:
        with pytest.raises(ServerError, match="text/html") as caught:
            await soracom.sims.get("1")
    assert caught.value.status == 502
    assert caught.value.code == ""


async def test_a_success_that_is_no_json(way):
    """A whole answer of 200 with a page in it is a DecodeError, not repeated."""
    page = reply(b"<html>maintenance</html>", 200, {"content-type": "text/html"})
    async with serving(answering(page)) as server, way(server.url) as soracom:
        with pytest.raises(DecodeError, match="getSim"):
            await soracom.sims.get("1")
        assert len(server.requests) == 2


def test_the_servers_answer_as_told():
    """The tests' own helper turns each kind of step into an answer or an error."""
    request = httpx.Request("GET", "http://soracom.test/")
    assert response_of(503, request).status_code == 503
    assert response_of({"a": 1}, request).json() == {"a": 1}
    assert response_of(lambda r: httpx.Response(201, text=r.method), request).text == "GET"
    with pytest.raises(httpx.ReadError):
        response_of(httpx.ReadError("x"), request)


async def test_an_older_kept_connection_that_ended_is_closed():
    """Of two kept connections the one used last serves; the end of the other is noticed and its socket closed."""
    together: list[Connection] = []

    async def handle(request: Received, connection: Connection) -> None:
        together.append(connection)
        if len(together) == 2:
            for each in together[:2]:
                await each.send(reply(SIM))
        elif len(together) > 2:
            await connection.send(reply(SIM))

    async def watch(connection: Connection) -> None:
        connections_of_server[connection.number] = connection

    connections_of_server: dict[int, Connection] = {}
    async with serving(handle, accept=watch) as server:
        connections = Connections()
        request = Request(server.url, "GET", b"/v1/sims/1", [(b"host", b"x")], None)
        async with anyio.create_task_group() as group:
            group.start_soon(connections.send, request, 20)
            group.start_soon(connections.send, request, 20)
        (lines,) = connections._lines.values()
        older, newer = lines
        port = older._wire._stream.extra(anyio.abc.SocketAttribute.local_port)
        (ended,) = (
            connection
            for connection in connections_of_server.values()
            if connection.stream.extra(anyio.abc.SocketAttribute.remote_port) == port
        )
        await ended.end()
        await until(older.has_expired)
        await connections.send(request, 20)
        assert lines == [newer]
        assert server.accepted == 2
        await connections.aclose()
    gc.collect()


def test_readable_without_poll(monkeypatch):
    """Where the system has no `poll`, `select` tells as well whether an idle connection has ended."""
    import select

    monkeypatch.delattr(select, "poll")
    one, other = socket.socketpair()
    with one:
        assert not is_readable(one)
        other.close()
        assert is_readable(one)
    assert is_readable(one)
    assert is_readable(None)
