"""One exchange of a request and what comes of it: `soracom_async._http.exchange`."""

from __future__ import annotations

import gc
import gzip
import zlib

import anyio
import anyio.lowlevel
import httpcore
import httpx
import pytest
from ports import unused_port
from servers import (
    GZIP_NONSENSE,
    SIM,
    Connection,
    Received,
    answering,
    logged_in,
    opened,
    reply,
    response_of,
    serving,
)

from soracom_async import (
    APIError,
    DecodeError,
    RequestTimeout,
    ServerError,
    TransportError,
)
from soracom_async._core.outcome import TransportFailure
from soracom_async._http.connections import ERRORS as HTTPCORE_ERRORS
from soracom_async._http.httpx_transport import ERRORS as HTTPX_ERRORS

pytestmark = pytest.mark.anyio


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
    async with opened("https://name.invalid", max_retries=0) as soracom:
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
    "a part that nobody asked for": [reply(SIM, 206, {"content-range": "bytes 0-30/31"})],
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
    """A megabyte of JSON, whole and in chunks, compressed or not."""
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


ERRORS = {httpx: HTTPX_ERRORS, httpcore: HTTPCORE_ERRORS}

UNSENT = ["ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError", "LocalProtocolError"]


SENT = ["ReadTimeout", "ReadError", "WriteTimeout", "WriteError", "RemoteProtocolError"]


@pytest.mark.parametrize("library", [httpx, httpcore])
@pytest.mark.parametrize("name", UNSENT + SENT)
def test_what_each_error_means(library, name):
    """Each error of httpx and httpcore is unsent or perhaps sent, whatever the way knew, and a time-out or not."""
    for sent in (True, False):
        outcome = ERRORS[library].failure(getattr(library, name)("why"), sent=sent)
        assert isinstance(outcome, TransportFailure)
        assert outcome.sent is (name in SENT)
        assert outcome.timeout is name.endswith("Timeout")
        assert name in outcome.reason


@pytest.mark.parametrize("library", [httpx, httpcore])
@pytest.mark.parametrize("name", ["TimeoutException", "NetworkError", "ProtocolError"])
def test_what_the_general_errors_mean(library, name):
    """For an error that does not say how far the request got, the way's own knowledge counts."""
    for sent in (True, False):
        assert ERRORS[library].failure(getattr(library, name)("why"), sent=sent).sent is sent


def test_every_error_of_both_libraries_is_known():
    """No error of transport that the installed httpx and httpcore can raise is missing from the table."""
    roots = (httpx.TransportError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)
    pending, known = [*roots, httpcore.ProxyError, httpcore.UnsupportedProtocol, httpx.DecodingError], 0
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        library = httpx if issubclass(cls, httpx.HTTPError) else httpcore
        assert ERRORS[library].failure(cls("why"), sent=True) is not None, cls
        known += 1
    assert known > 20


@pytest.mark.parametrize("error", [ValueError("x"), httpx.InvalidURL("x"), OSError("x"), RuntimeError("x")])
def test_other_errors_are_not_ours(error):
    """What is no error of transport is left to whoever made it."""
    for errors in ERRORS.values():
        assert errors.failure(error, sent=False) is None


def test_an_error_gives_no_bytes_away():
    """Messages of h11 quote what was on the wire, which may be a token: that part is left out."""
    for text in ("Illegal header value b'can-ary'", "illegal status line: bytearray(b'can-ary')", 'bad b"can-ary"'):
        outcome = HTTPCORE_ERRORS.failure(httpcore.LocalProtocolError(text), sent=True)
        assert "can-ary" not in outcome.reason
        assert text.split()[0] in outcome.reason


async def test_an_answer_of_html_says_so(way):
    """An error page from before the API server: its status, no code, and a message that tells what came."""
    page = reply(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"})
    async with serving(answering(page)) as server, way(server.url, max_retries=0) as soracom:
        with pytest.raises(ServerError, match="text/html") as caught:
            await soracom.sims.get("1")
    assert caught.value.status == 502
    assert caught.value.code == ""


async def test_a_success_that_is_no_json(way):
    """A whole answer of 200 with a page in it, time and again, is a DecodeError."""
    page = reply(b"<html>maintenance</html>", 200, {"content-type": "text/html"})
    async with serving(answering(page)) as server, way(server.url) as soracom:
        with pytest.raises(DecodeError, match="getSim"):
            await soracom.with_options(max_retries=0).sims.get("1")
        assert len(server.requests) == 2


def test_the_servers_answer_as_told():
    """The tests' own helper turns each kind of step into an answer or an error."""
    request = httpx.Request("GET", "http://soracom.test/")
    assert response_of(503, request).status_code == 503
    assert response_of({"a": 1}, request).json() == {"a": 1}
    assert response_of(lambda r: httpx.Response(201, text=r.method), request).text == "GET"
    with pytest.raises(httpx.ReadError):
        response_of(httpx.ReadError("x"), request)
