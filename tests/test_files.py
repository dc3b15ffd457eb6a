"""Files and other bodies piece by piece: `soracom_async.files`, `_session.redirects`, `_http.streaming`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import logging
import math
import os
import socket
import zlib
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from clock import settle, until
from leaks import canary, report_of, sings
from servers import LOGIN, Connection, Received, Script, answering, opened, reply, serving, serving_app

from soracom_async import (
    ApiToken,
    ConfigurationError,
    DecodeError,
    Forbidden,
    NotFound,
    RequestTimeout,
    ServerError,
    Soracom,
    TransportError,
    Unauthorized,
)
from soracom_async._http.streaming import IN_HAND, Incoming
from soracom_async.files.downloads import with_progress

pytestmark = pytest.mark.anyio

PIECE = 65_536
"""Bytes that are read from a file at once."""

ROUTES = [(loop, way) for way in ("own", "httpx") for loop in ("asyncio", "trio")] + [("asyncio", "aiohttp")]
every_way = pytest.mark.parametrize(("anyio_backend", "way"), ROUTES)
"""Every way to send, under each event loop that it runs under."""


def over(way: str, url: str, **settings) -> Soracom:
    """Open a session whose requests go by one of the ways."""
    transport = {"own": None, "httpx": httpx.AsyncHTTPTransport(), "aiohttp": "aiohttp"}[way]
    return Soracom(ApiToken("api-key", "token"), endpoint=url, transport=transport, **settings)


class Sink:
    """An ASGI application that takes every upload, and counts what has come of it."""

    def __init__(self) -> None:
        self.uploads: list[tuple[str, str, dict[str, str], bytes]] = []
        self.received = 0

    async def __call__(self, scope, receive, send) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            self.received = len(body)
            if not message.get("more_body", False):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.uploads.append((scope["method"], scope["raw_path"].decode(), headers, body))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


def in_process(transport: httpx.AsyncBaseTransport, endpoint: str = "http://soracom.test", **settings) -> Soracom:
    """Open a session through a transport that needs no socket and no login."""
    return Soracom(ApiToken("api-key", "token"), endpoint=endpoint, transport=transport, **settings)


class Reading(httpx.AsyncBaseTransport):
    """A transport that reads each upload before it answers what `steps` say, the last one for ever."""

    def __init__(self, *steps: int) -> None:
        self.steps = list(steps)
        self.bodies: list[bytes] = []
        self.headers: list[httpx.Headers] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.headers.append(request.headers)
        if request.url.path == "/v1/auth":
            return httpx.Response(200, json=LOGIN)
        self.bodies.append(b"".join([piece async for piece in request.stream]))
        status = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return httpx.Response(status, json={"code": "TST0001", "message": "as told"})


async def given(*pieces):
    """Give pieces as an asynchronous stream."""
    for piece in pieces:
        await anyio.lowlevel.checkpoint()
        yield piece


# Uploads


@every_way
async def test_an_upload_arrives_whole(way, tmp_path):
    """Bytes, text, a file and a stream; each with its length, or in chunks where nobody knows it, and its type."""
    big = os.urandom(3 * PIECE + 5)
    (tmp_path / "big").write_bytes(big)
    (tmp_path / "empty").touch()
    sink = Sink()
    async with serving_app(sink) as url, over(way, url) as soracom:
        put = soracom.files.put
        await put("private", "a/b c.bin", content=b"bytes")
        await put("private", "text", content="文字")
        await put("private", "file", content=tmp_path / "big", content_type="image/png")
        await put("private", "empty", content=tmp_path / "empty")
        await put("private", "stream", content=given(b"one", b"", bytearray(b"two"), memoryview(b"three"), big))
        await put("private", "none", content=given())
        await soracom.soralets.upload("s", content=tmp_path / "big")
    assert [(method, path) for method, path, *_ in sink.uploads] == [
        *(("PUT", f"/v1/files/private/{name}") for name in ("a/b%20c.bin", "text", "file", "empty", "stream", "none")),
        ("POST", "/v1/soralets/s/versions"),
    ]
    assert [body for *_, body in sink.uploads] == [
        b"bytes",
        "文字".encode(),
        big,
        b"",
        b"onetwothree" + big,
        b"",
        big,
    ]
    octets = "application/octet-stream"
    text = "text/plain; charset=utf-8"
    assert [headers["content-type"] for *_, headers, _ in sink.uploads] == [
        octets,
        text,
        "image/png",
        octets,
        octets,
        octets,
        octets,
    ]
    told = [headers.get("content-length", headers.get("transfer-encoding")) for *_, headers, _ in sink.uploads]
    assert told == ["5", "6", str(len(big)), "0", "chunked", "chunked", str(len(big))]
    assert all(headers["x-soracom-token"] == "token" for *_, headers, _ in sink.uploads)


@every_way
async def test_a_stream_is_sent_while_it_is_made(way):
    """The next piece is made only when the service has the one before: nothing is gathered first."""
    sink = Sink()

    async def pieces():
        for number in range(1, 9):
            yield b"x" * 10_000
            await until(lambda: sink.received >= number * 10_000)  # noqa: B023 - called at once

    async with serving_app(sink) as url, over(way, url) as soracom:
        await soracom.files.put("private", "a", content=pieces())
    assert len(sink.uploads[0][3]) == 80_000


async def test_a_big_file_is_never_held_whole(tmp_path):
    """Of 64 MiB no more than one piece is read ahead of what is sent; progress tells each piece."""
    size = 1 << 26
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    told: list[tuple[int, int | None]] = []
    ahead = []

    class Counting(Reading):
        async def handle_async_request(self, request):
            sent = 0
            async for piece in request.stream:
                ahead.append(told[-1][0] - sent)
                sent += len(piece)
            return httpx.Response(200)

    async with in_process(Counting()) as soracom:
        content = with_progress(tmp_path / "big", lambda *step: told.append(step))
        await soracom.files.put("private", "big", content=content)
    assert max(ahead) == PIECE
    assert told == [(done, size) for done in range(PIECE, size + 1, PIECE)]


async def test_progress_of_each_kind():
    """Bytes and text have a total, a stream has none; two who watch both hear of it; nobody else is disturbed."""
    told: list[tuple[int, int | None]] = []
    more: list[int] = []
    transport = Reading(200)

    async def put(content):
        told.clear()
        await soracom.files.put("private", "a", content=with_progress(content, lambda *step: told.append(step)))
        return told

    async with in_process(transport) as soracom:
        assert await put(bytes(PIECE + 1)) == [(PIECE, PIECE + 1), (PIECE + 1, PIECE + 1)]
        assert await put("文字") == [(6, 6)]
        assert await put(b"") == []
        assert await put(given(b"a", b"", b"bc")) == [(1, None), (3, None)]
        assert await put(with_progress(b"abc", lambda done, total: more.append(done))) == [(3, 3)]
        assert more == [3]
        watched = with_progress(b"abc", lambda done, total: more.append(done))
        assert [piece async for piece in watched] == [b"abc"]
    assert [len(body) for body in transport.bodies] == [PIECE + 1, 6, 0, 3, 3]
    assert transport.headers[0]["content-length"] == str(PIECE + 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (5, "must be bytes, text, the pathlib.Path of a file or an asynchronous iterable of bytes, not int"),
        ([b"a"], "asynchronous iterable of bytes, not list"),
        ("\ud800", "half a character"),
    ],
)
async def test_progress_of_what_cannot_be_sent(content, message):
    """What is no content is named at once."""
    with pytest.raises(ConfigurationError, match=message):
        with_progress(content, print)


async def test_what_cannot_be_sent_is_named(tmp_path):
    """An open file, a missing one, a directory, a pipe and half a character: nothing is sent, no token is fetched."""
    os.mkfifo(tmp_path / "pipe")
    transport = Script(200)
    async with in_process(transport) as soracom:
        put = partial(soracom.files.put, "private", "a")
        with open(__file__, "rb") as file:  # noqa: ASYNC230
            with pytest.raises(ConfigurationError, match="pathlib.Path of a file .* not BufferedReader"):
                await put(content=file)
        with pytest.raises(ConfigurationError, match=r"none' cannot be read: No such file"):
            await put(content=tmp_path / "none")
        with pytest.raises(ConfigurationError, match="cannot be read: .*embedded null"):
            await put(content=Path("a\0b"))
        for name in ("", "pipe"):
            with pytest.raises(ConfigurationError, match="is no file: give a stream of bytes instead"):
                await put(content=tmp_path / name)
        with pytest.raises(ConfigurationError, match="half a character"):
            await put(content="\ud800")
        with pytest.raises(ConfigurationError, match="content must be bytes, text.* not dict"):
            await soracom.soralets.upload("s", content={"a": 1})
        assert transport.requests == []
        assert soracom._session._gate.value == 100
        assert in_flight(soracom) == 0


def in_flight(soracom: Soracom) -> int:
    return sum(bucket.window.in_flight for bucket in soracom._session.limits._buckets.values())


async def test_json_is_content_too():
    """Where a body may be anything, what is neither bytes nor text nor a stream is sent as JSON."""
    transport = Reading(201)
    async with in_process(transport) as soracom:
        await soracom.sora_cam.devices.data.create_entry("1", data={"a": [1, "é"]})
        await soracom.sora_cam.devices.data.create_entry("1", data=b"{}", content_type="application/cbor")
    assert transport.bodies == ['{"a":[1,"é"]}'.encode(), b"{}"]
    assert [headers["content-type"] for headers in transport.headers] == ["application/json", "application/cbor"]


@every_way
async def test_a_file_that_changes_while_it_is_sent(way, tmp_path, jumping_clock):
    """One that grows is sent as long as it was; one that shrinks is an error by name, and nothing is repeated."""
    path = tmp_path / "log"
    path.write_bytes(bytes(3 * PIECE))
    sink = Sink()

    def grow(done, total):
        with path.open("ab") as file:
            file.write(b"more")

    def shrink(done, total):
        os.truncate(path, done)

    async with serving_app(sink) as url, over(way, url, clock=jumping_clock) as soracom:
        await soracom.files.put("private", "a", content=with_progress(path, grow))
        assert sink.uploads[0][3] == bytes(3 * PIECE)
        with pytest.raises(ConfigurationError, match="became shorter while it was sent"):
            await soracom.files.put("private", "a", content=with_progress(path, shrink))
        await soracom.files.put("private", "a", content=path)
        assert len(sink.uploads) == 2
        assert in_flight(soracom) == 0
    gc.collect()  # nothing was left open


class Custom(Exception):
    """An error of the caller's."""


@every_way
@pytest.mark.parametrize(
    ("broken", "error"),
    [(5, ConfigurationError), ("text", ConfigurationError), (Custom, Custom), (httpx.ReadError("x"), httpx.ReadError)],
)
async def test_a_stream_that_breaks(way, broken, error, jumping_clock):
    """What is no bytes is named; the stream's own error comes out as itself, is not repeated, and ends the stream."""
    ended = []

    async def pieces():
        try:
            yield b"x"
            if not isinstance(broken, int | str):
                raise broken
            yield broken
        finally:
            ended.append(True)

    sink = Sink()
    async with serving_app(sink) as url, over(way, url, clock=jumping_clock) as soracom:
        with pytest.raises(error) as caught:
            await soracom.files.put("private", "a", content=pieces())
        if error is ConfigurationError:
            assert f"the stream must give bytes, not {type(broken).__name__}" in str(caught.value)
        assert ended == [True]
        await soracom.files.put("private", "a", content=b"next")
        assert sink.uploads[-1][3] == b"next"
        assert in_flight(soracom) == 0
    gc.collect()


@every_way
async def test_an_upload_that_is_cancelled(way):
    """The stream is ended, the connection closed, the permit settled, and the next call goes through."""
    ended = []
    sink = Sink()

    async def endless():
        try:
            while True:
                yield b"x" * 1000
                if sink.received >= 5000:
                    scope.cancel()
                await anyio.lowlevel.checkpoint()
        finally:
            ended.append(True)

    async with serving_app(sink) as url, over(way, url) as soracom:
        with anyio.CancelScope() as scope:
            await soracom.files.put("private", "a", content=endless())
        assert scope.cancelled_caught
        await until(lambda: ended)
        assert soracom._session._gate.value == 100
        assert in_flight(soracom) == 0
        await soracom.files.put("private", "b", content=b"next")
        assert [path for _, path, *_ in sink.uploads] == ["/v1/files/private/b"]
    gc.collect()


async def test_a_file_is_sent_again_with_a_new_token(tmp_path):
    """A 401 renews the token, and a file, like bytes, is sent again from its first byte."""
    (tmp_path / "file").write_bytes(b"content")
    transport = Reading(401, 503, 200)
    done = []
    async with opened(transport, max_retries=1) as soracom:
        content = with_progress(tmp_path / "file", lambda *step: done.append(step))
        await soracom.files.put("private", "a", content=content)
    assert transport.bodies == [b"content"] * 3
    assert done == [(7, 7)] * 3
    gc.collect()


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (503, ServerError)])
async def test_a_stream_that_was_read_is_not_sent_again(status, error):
    """It cannot be: the error says so, and the next call has a new token."""
    transport = Reading(status, 200)
    async with opened(transport) as soracom:
        with pytest.raises(error, match="as told; the stream that was its body has been read, so the call is not"):
            await soracom.files.put("private", "a", content=given(b"once"))
        await soracom.files.put("private", "a", content=given(b"again"))
    assert transport.bodies == [b"once", b"again"]


async def test_a_stream_of_which_nothing_was_read_is_sent_again(jumping_clock):
    """A refused connection leaves the stream as it was: it is sent at the second attempt."""

    class Refusing(Reading):
        async def handle_async_request(self, request):
            if not self.headers:
                self.headers.append(request.headers)
                raise httpx.ConnectError("refused")
            return await super().handle_async_request(request)

    transport = Refusing(200)
    async with in_process(transport, clock=jumping_clock) as soracom:
        await soracom.files.put("private", "a", content=given(b"whole"))
    assert transport.bodies == [b"whole"]
    assert len(transport.headers) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_upload_that_acts_is_sent_once(status, tmp_path):
    """Each upload of a soralet makes a version: a failure is not repeated, from whatever it is sent."""
    (tmp_path / "code").write_bytes(b"code")
    transport = Reading(status)
    async with in_process(transport) as soracom:
        for content in (b"code", tmp_path / "code", given(b"code")):
            with pytest.raises(ServerError):
                await soracom.soralets.upload("s", content=content)
    assert transport.bodies == [b"code"] * 3


async def test_an_upload_that_acts_and_was_surely_not_executed_is_repeated(jumping_clock):
    """After 429 it is sent again."""
    transport = Reading(429, 201)
    async with in_process(transport, clock=jumping_clock) as soracom:
        await soracom.soralets.upload("s", content=with_progress(b"code", lambda *step: None))
    assert transport.bodies == [b"code"] * 2


async def test_the_timeout_of_an_upload_is_for_each_piece():
    """While a piece is made no time-out runs; for its sending, and for the answer, it begins anew."""
    making, left = [], []

    async def pieces():
        for _ in range(3):
            making.append(anyio.current_effective_deadline())
            yield b"x"

    class Timing(Reading):
        async def handle_async_request(self, request):
            async for _ in request.stream:
                left.append(anyio.current_effective_deadline() - anyio.current_time())
            left.append(anyio.current_effective_deadline() - anyio.current_time())
            return httpx.Response(200)

    async with in_process(Timing(), timeout=3600) as soracom:
        await soracom.files.put("private", "a", content=pieces())
    assert making == [math.inf] * 3
    assert len(left) == 4
    assert all(1800 < seconds <= 3600 for seconds in left)


@pytest.mark.parametrize("way", ["own", "httpx"])
async def test_a_service_that_stops_reading_is_a_timeout(way):
    """The stream waits for the service, for so long as the time-out says; then the connection is closed."""

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        await anyio.sleep_forever()

    async def endless():
        while True:
            yield bytes(1 << 20)

    async with serving(answering(reply(None)), accept=accept) as server:
        async with over(way, server.url, timeout=0.5, max_retries=0) as soracom:
            with pytest.raises(RequestTimeout, match="putFile"):
                await soracom.files.put("private", "a", content=endless())
    gc.collect()


# Downloads: the API leads to a storage host


async def gone(connection: Connection) -> None:
    """Wait until the client is."""
    while True:
        await connection.stream.receive()


def storage(*answers: bytes, seen: list[Received] | None = None):
    """Return what serves `answers` in turn, the last one for ever."""
    left = list(answers)

    async def handle(request: Received, connection: Connection) -> None:
        if seen is not None:
            seen.append(request)
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return handle


def leading_to(url: str) -> bytes:
    """Return an answer that leads elsewhere."""
    return reply(None, 302, {"location": url})


CONTENT = bytes(range(256)) * 1000


@every_way
async def test_a_file_comes_from_the_host_that_the_api_names(way, tmp_path):
    """As bytes, piece by piece and into a file; not one header of ours but the program's name goes there."""
    async with serving(storage(reply(CONTENT, headers={"content-type": "image/png"}))) as host:
        async with serving(answering(leading_to(f"{host.url}/bucket/file?signature=1"))) as server:
            async with over(way, server.url) as soracom:
                assert await soracom.files.get("private", "/a//b c/") == CONTENT
                assert await soracom.call("getFile", scope="private", path="a/b c") == CONTENT
                async with soracom.stream("getFile", scope="private", path="a/b c") as answer:
                    assert (answer.status, answer.content_type) == (200, "image/png")
                    assert (answer.length, answer.headers["content-length"]) == (256_000, "256000")
                    assert b"".join([piece async for piece in answer]) == CONTENT
                    assert await answer.read() == b""
                    assert repr(answer) == "Download(status=200, content_type='image/png', length=256000)"
                told = []
                done = await soracom.download(
                    "getFile", to=tmp_path / "file", progress=lambda *step: told.append(step), scope="private", path="b"
                )
            assert [r.target for r in server.requests] == ["/v1/files/private/a/b%20c"] * 3 + ["/v1/files/private/b"]
            assert all(r.headers["x-soracom-token"] == "token" for r in server.requests)
            assert server.accepted == 1
    assert done == 256_000
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert told[-1] == (256_000, 256_000)
    assert [step[0] for step in told] == sorted({step[0] for step in told})
    assert len(host.requests) == 4
    for request in host.requests:
        assert (request.method, request.target) == ("GET", "/bucket/file?signature=1")
        assert not any(name.startswith("x-soracom") for name in request.headers)
        assert request.headers["host"] == f"127.0.0.1:{host.port}"
        assert request.headers["accept-encoding"] == "identity"
        assert not set(request.headers) & {"authorization", "cookie"}
    assert host.accepted == 1


@every_way
async def test_an_exported_file_by_its_url(way, tmp_path):
    """A URL of an answer is fetched without a login, and without any header of ours."""
    async with serving(storage(reply(b"a,b\n"))) as host:
        async with Soracom(ApiToken("key", "token"), endpoint=host.url) as soracom:
            assert await soracom.download(f"{host.url}/exports/1.csv?x=%2F#top", to=str(tmp_path / "1.csv")) == 4
        async with over(way, host.url) as soracom, soracom.stream(host.url) as answer:
            assert await answer.read() == b"a,b\n"
    assert (tmp_path / "1.csv").read_bytes() == b"a,b\n"
    assert [request.target for request in host.requests] == ["/exports/1.csv?x=%2F", "/"]
    for request in host.requests:
        assert not any(name.startswith("x-soracom") for name in request.headers)


@every_way
async def test_a_download_is_given_while_it_comes(way):
    """The host sends the next piece only when the one before was read: nothing is gathered first."""
    read = 0

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 80000\r\n\r\n")
        for number in range(8):
            await until(lambda: read >= number * 10_000)  # noqa: B023 - called at once
            await connection.send(b"x" * 10_000)

    async with serving(handle) as host, over(way, host.url) as soracom, soracom.stream(f"{host.url}/a") as answer:
        async for piece in answer:
            read += len(piece)
    assert read == 80_000


@every_way
@pytest.mark.parametrize("decoded", ["gzip", "deflate", "chunks"])
async def test_a_body_that_is_encoded(way, decoded):
    """Compressed, or in chunks: the pieces are the content; what its length will be nobody knows."""
    compressed = {"gzip": gzip.compress, "deflate": zlib.compress, "chunks": chunked}[decoded](CONTENT)
    name = "transfer-encoding" if decoded == "chunks" else "content-encoding"
    value = "chunked" if decoded == "chunks" else decoded
    async with serving(storage(reply(compressed, headers={name: value}))) as host:
        async with over(way, host.url) as soracom:
            for _ in range(2):
                async with soracom.stream(f"{host.url}/a") as answer:
                    assert answer.length is None
                    assert await answer.read() == CONTENT
        assert host.accepted == 1


def chunked(content: bytes, size: int = 1000) -> bytes:
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def test_a_body_that_the_transport_decoded_is_left_alone():
    """A transport in process may hand over what it has read and decoded: that is the content."""

    class Decoding(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"content"))

    async with in_process(Decoding()) as soracom:
        assert await answer_of(soracom, "https://storage.test/a") == b"content"


async def test_a_piece_that_holds_no_content():
    """Where a piece has but the head of what is compressed, the first piece is that of the content."""
    compressed = gzip.compress(CONTENT)

    class Sliced(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield compressed[:10]
            yield compressed[10:]

    async with in_process(Giving(Sliced(), content_encoding="gzip")) as soracom:
        async with soracom.stream("https://storage.test/a") as answer:
            assert [piece async for piece in answer] == [CONTENT]


async def test_an_empty_body_marked_as_compressed_is_empty():
    """No body at all is no error, though it says that it is compressed."""
    empty = reply(None, 200, {"content-encoding": "gzip"})
    async with serving(storage(empty)) as host, over("own", host.url) as soracom:
        async with soracom.stream(f"{host.url}/a") as answer:
            assert await answer.read() == b""


WHOLE = reply(CONTENT)
BROKEN = {
    "too short": [WHOLE[:-1000], Connection.end],
    "reset": [WHOLE[:-1000], Connection.reset],
    "a chunk cut short": [reply(chunked(CONTENT)[:-100], headers={"transfer-encoding": "chunked"}), Connection.end],
    "a chunk that is none": [reply(b"5\r\nhello\r\nxyz\r\n", headers={"transfer-encoding": "chunked"}), Connection.end],
    "a gzip cut short": [reply(gzip.compress(CONTENT)[:-9], headers={"content-encoding": "gzip"})],
    "nonsense as gzip": [reply(b"this is no gzip", headers={"content-encoding": "gzip"})],
    "an unknown encoding": [reply(b"???", headers={"content-encoding": "br"})],
}


@every_way
@pytest.mark.parametrize("what", BROKEN)
async def test_a_download_that_breaks_off(way, what, tmp_path):
    """TransportError; nothing is left of the file, one that was there before stays, and the session goes on."""

    async def handle(request: Received, connection: Connection) -> None:
        for step in BROKEN[what] if request.target.startswith("/broken") else [WHOLE]:
            if isinstance(step, bytes):
                await connection.send(step)
            else:
                await step(connection)

    (tmp_path / "file").write_bytes(b"before")
    async with serving(handle) as host, over(way, host.url, max_retries=0) as soracom:
        with pytest.raises(TransportError, match=r"download \(GET URL\) at http://127.0.0.1:.*: ") as caught:
            await soracom.download(f"{host.url}/broken?signature={canary()}", to=tmp_path / "file")
        assert not sings(report_of(caught.value))
        assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"before")]
        with pytest.raises(TransportError):
            async with soracom.stream(f"{host.url}/broken") as answer:
                for _ in range(2):
                    with pytest.raises(TransportError):
                        await answer.read()
                await answer.read()
        assert await answer_of(soracom, f"{host.url}/whole") == CONTENT
    gc.collect()


async def answer_of(soracom: Soracom, url: str) -> bytes:
    async with soracom.stream(url) as answer:
        return await answer.read()


@every_way
async def test_a_download_that_stalls(way, tmp_path):
    """No piece within the time-out: RequestTimeout, no file, and the connection is closed."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(WHOLE[:1000])
        await gone(connection)

    async with serving(handle) as host, over(way, host.url, timeout=0.3, max_retries=0) as soracom:
        with pytest.raises(RequestTimeout, match="download"):
            await soracom.download(f"{host.url}/a", to=tmp_path / "file")
        assert list(tmp_path.iterdir()) == []
        await until(lambda: not host.open)
    gc.collect()


async def test_the_timeout_of_a_download_is_for_each_piece():
    """It begins anew with each piece, for a stream and for a file as bytes."""
    left = []

    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self):
            for _ in range(3):
                left.append(anyio.current_effective_deadline() - anyio.current_time())
                yield b"x"

    class Serving(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            if request.url.host == "soracom.test":
                return httpx.Response(302, headers={"location": "https://storage.test/a"})
            return httpx.Response(200, stream=Pieces())

    async with in_process(Serving(), timeout=3600) as soracom:
        assert await answer_of(soracom, "https://storage.test/a") == b"xxx"
        assert await soracom.files.get("private", "a") == b"xxx"
    assert len(left) == 6
    assert all(1800 < seconds <= 3600 for seconds in left)


# What is left early


@every_way
@pytest.mark.parametrize("size", [1, 1000, 300_000])
async def test_a_download_left_early(way, size):
    """Breaking off leaves no generator unfinished and no connection in use, however small the pieces are."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(head + chunked(bytes(150_000), size).removesuffix(b"0\r\n\r\n"))
        await gone(connection)

    async with serving(handle) as host, over(way, host.url) as soracom:
        for _ in range(3):
            async with soracom.stream(f"{host.url}/a") as answer:
                async for _ in answer:
                    break
            async with soracom.stream(f"{host.url}/a"):
                pass
        with pytest.raises(ConfigurationError, match="the answer is closed: read it within its 'async with'"):
            await answer.read()
        await until(lambda: not host.open)
    gc.collect()


@every_way
async def test_a_host_that_is_not_there(way):
    """A refused connection was not sent; the error names the host, and not what was asked of it."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with over(way, url, max_retries=0) as soracom:
        with pytest.raises(TransportError, match=rf"download \(GET URL\) at {url}: Connect") as caught:
            await answer_of(soracom, f"{url}/a?signature={canary()}")
        assert not caught.value.sent
        assert not sings(report_of(caught.value))


@every_way
async def test_a_connection_is_kept_where_all_has_come(way):
    """An answer that is left before its last piece is read, but after it came, costs no new connection."""
    async with serving(storage(reply(b"x" * 100), reply(chunked(bytes(50), 10), headers=CHUNKED), WHOLE)) as host:
        async with over(way, host.url) as soracom:
            for _ in range(2):
                async with soracom.stream(f"{host.url}/a") as answer:
                    assert await anext(answer)
            assert await answer_of(soracom, f"{host.url}/a") == CONTENT
        assert host.accepted == 1


CHUNKED = {"transfer-encoding": "chunked"}


async def test_an_endless_body_that_never_waits_is_ended():
    """A transport in process may give pieces without end and without waiting: leaving ends its generator."""
    given = []
    ended = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self):
            try:
                while True:
                    given.append(True)
                    yield bytes(1000)
            finally:
                ended.append(True)

    class Counting(httpx.AsyncByteStream):
        """Pieces that are made by no generator."""

        def __aiter__(self):
            return self

        async def __anext__(self):
            return bytes(PIECE)

    for stream in (Endless(), Counting()):
        async with in_process(Giving(stream)) as soracom, soracom.stream("https://storage.test/a") as answer:
            async for _ in answer:
                break
    assert ended == [True]
    assert len(given) <= IN_HAND / 1000 + 2
    gc.collect()


class Giving(httpx.AsyncBaseTransport):
    """A transport that answers everything with a stream."""

    def __init__(self, stream: httpx.AsyncByteStream, **headers: str) -> None:
        self.stream = stream
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle_async_request(self, request):
        return httpx.Response(200, headers=self.headers, stream=self.stream)


async def test_a_body_with_a_bug_is_not_hidden():
    """An error of the caller's transport reaches the caller as it is, and its answer is closed."""
    closed = []

    class Buggy(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"x"
            raise ZeroDivisionError

        async def aclose(self):
            closed.append(True)

    async with in_process(Giving(Buggy())) as soracom:
        with pytest.raises(ZeroDivisionError):
            await answer_of(soracom, "https://storage.test/a")
    assert closed == [True]


@every_way
async def test_a_download_that_is_cancelled(way, tmp_path):
    """Nothing is left: no part of the file, no connection, no unfinished generator."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(WHOLE[:-1000])
        await gone(connection)

    async with serving(handle) as host, over(way, host.url) as soracom:
        with anyio.CancelScope() as scope:
            await soracom.download(f"{host.url}/a", to=tmp_path / "a", progress=lambda *step: scope.cancel())
        assert scope.cancelled_caught
        assert list(tmp_path.iterdir()) == []
        await until(lambda: not host.open)
        assert soracom._session._gate.value == 100
    gc.collect()


@pytest.mark.parametrize("passes", range(0, 40, 3))
@pytest.mark.parametrize("way", ["own", "httpx"])
async def test_cancellation_at_any_point_of_a_download(way, passes, tmp_path):
    """Cancelled after so many passes of the loop, there is the whole file or none, and no connection in use."""
    async with serving(storage(WHOLE)) as host:
        async with serving(answering(leading_to(f"{host.url}/b"))) as server, over(way, server.url) as soracom:
            async with anyio.create_task_group() as group:
                group.start_soon(
                    partial(soracom.download, "getFile", to=tmp_path / "a", scope="private", path="a"),
                )
                await settle(passes)
                group.cancel_scope.cancel()
            for path in tmp_path.iterdir():
                assert (path.name, path.read_bytes()) == ("a", CONTENT)
            assert soracom._session._gate.value == 100
            assert in_flight(soracom) == 0
            assert await soracom.files.get("private", "a") == CONTENT
        await until(lambda: not host.open)
    gc.collect()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("way", ["own", "httpx", "aiohttp"])
async def test_cancellation_by_asyncio_itself(way, tmp_path):
    """`task.cancel()`, as asyncio.timeout and a web server use it, leaves nothing either: down and up."""
    (tmp_path / "up").write_bytes(CONTENT)

    async def handle(request: Received, connection: Connection) -> None:
        if request.method == "GET":
            await connection.send(WHOLE[:-1000])
        await gone(connection)

    async with serving(handle) as host, over(way, host.url) as soracom:
        for call in (
            partial(soracom.download, f"{host.url}/a", to=tmp_path / "down"),
            partial(soracom.files.put, "private", "a", content=tmp_path / "up"),
        ):
            begun = len(host.requests)
            task = asyncio.ensure_future(call())
            await until(lambda: len(host.requests) > begun)  # noqa: B023 - called at once
            await settle(100)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert [path.name for path in tmp_path.iterdir()] == ["up"]
        await until(lambda: not host.open)
        assert soracom._session._gate.value == 100
        assert in_flight(soracom) == 0
    gc.collect()


async def test_where_a_file_cannot_be_written(tmp_path):
    """A directory, one that is missing, and a full disk: OSError, nothing is left, the session goes on."""
    async with serving(storage(WHOLE)) as host, over("own", host.url) as soracom:
        url = f"{host.url}/a"
        with pytest.raises(IsADirectoryError, match="is a directory: name a file in it"):
            await soracom.download(url, to=tmp_path)
        with pytest.raises(FileNotFoundError):
            await soracom.download(url, to=tmp_path / "none" / "file")
        with pytest.raises(Custom):
            await soracom.download(url, to=tmp_path / "file", progress=fail)
        assert list(tmp_path.iterdir()) == []
        assert await soracom.download(url, to=tmp_path / ("long" * 60)) == len(CONTENT)
        assert host.open <= 1
    gc.collect()


def fail(done, total):
    raise Custom


async def test_a_full_disk(tmp_path, monkeypatch):
    """What cannot be written, even at the last moment, leaves nothing."""
    import errno
    import io

    class Full(io.BytesIO):
        def __exit__(self, *how):
            raise OSError(errno.ENOSPC, "no space left")

    def open_(path, mode):
        Path(path).touch()
        return Full()

    monkeypatch.setattr("soracom_async.files.downloads.open", open_, raising=False)
    async with serving(storage(WHOLE)) as host, over("own", host.url) as soracom:
        with pytest.raises(OSError, match="no space left"):
            await soracom.download(f"{host.url}/a", to=tmp_path / "file")
        assert list(tmp_path.iterdir()) == []


# Where answers lead


def at(hosts: dict[str, httpx.Response], asked: list[str], **settings) -> Soracom:
    """Open a session in a world of several hosts; what is asked of them is noted."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host in ("api.test", "soracom.test") or not any(
            name.startswith("x-soracom") for name in request.headers
        )
        asked.append(str(request.url))
        return hosts[str(request.url).partition("?")[0]]

    return in_process(Script(answer), **{"endpoint": "https://api.test", **settings})


def leads(url: str | None, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers=[] if url is None else [(b"location", url.encode())])


FILE = "https://api.test/v1/files/private/a"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_host_may_lead_on(status):
    """By any status, by whole and by relative addresses; the session's own host is asked without its token."""
    asked: list[str] = []
    hosts = {
        FILE: leads("//one.test/b?x=1"),
        "https://one.test/b": leads("../c/d?y=2", status),
        "https://one.test/c/d": leads("https://[2001:db8::1]:8443"),
        "https://[2001:db8::1]:8443/": leads("https://api.test/e", 308),
        "https://api.test/e": httpx.Response(200, content=b"content"),
    }
    async with at(hosts, asked) as soracom:
        assert await soracom.files.get("private", "a") == b"content"
        async with soracom.stream("getFile", scope="private", path="a") as answer:
            assert await answer.read() == b"content"
    assert asked[: len(hosts)] == [
        FILE,
        "https://one.test/b?x=1",
        "https://one.test/c/d?y=2",
        "https://[2001:db8::1]:8443/",
        "https://api.test/e",
    ]


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "ftp://storage.test/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https:",
        "https://",
        "https:///a",
        "https://user:password@storage.test/",
        "https://storage.test\\@other.test/",
        "https://storage.test:port/",
        "https://storage.test:99999/",
        "https://a..b/",
        "https://" + "a" * 64 + ".test/",
        "https://[::1/",
        "https://storage.test/a b",
        "https://storage.test/\u00e9",
    ],
)
async def test_an_answer_that_leads_nowhere(location):
    """What is no address of http or https is a DecodeError that does not show it; nothing is asked there."""
    asked: list[str] = []
    hosts = {FILE: leads(location)}
    async with at(hosts, asked) as soracom:
        for call in (soracom.files.get("private", "a"), soracom.download("getFile", to="x", scope="private", path="a")):
            with pytest.raises(DecodeError, match="getFile: this leads to no address of http or https"):
                await call
    assert asked == [FILE] * 2


@pytest.mark.parametrize(
    "url", ["ftp://storage.test/a", "/exports/1.csv", "https://user@storage.test/a", "http://a..b/"]
)
async def test_a_url_that_is_none(url):
    """It is refused before anything is sent."""
    asked: list[str] = []
    async with at({}, asked) as soracom:
        with pytest.raises(ConfigurationError, match="download: this leads to no address of http or https"):
            await soracom.download(url, to="x")
        with pytest.raises(ConfigurationError, match="a URL takes no arguments, and scope, path was given"):
            soracom.stream(url, scope="private", path="a")
        with pytest.raises(ConfigurationError, match="no operation 'getFiel'; close to it: getFile"):
            soracom.stream("getFiel", scope="private", path="a")
        with pytest.raises(ConfigurationError, match="name an operation or a URL: NoneType is neither"):
            soracom.stream(None)
    assert asked == []


async def test_nothing_is_fetched_unencrypted():
    """From https it never goes to http, neither from the API nor from another host, nor by a URL."""
    asked: list[str] = []
    hosts = {
        FILE: leads("http://storage.test/a"),
        "https://one.test/": leads("http://one.test/"),
        "http://soracom.test/v1/files/private/a": leads("https://one.test/"),
    }
    async with at(hosts, asked) as soracom:
        with pytest.raises(DecodeError, match="getFile: this leads to http://storage.test, which is not https"):
            await soracom.files.get("private", "a")
        with pytest.raises(DecodeError, match="download: this leads to http://one.test, which is not https"):
            await answer_of(soracom, "https://one.test")
        with pytest.raises(ConfigurationError, match="download: this leads to http://one.test, which is not https"):
            await answer_of(soracom, "http://one.test")
        with pytest.raises(DecodeError, match="which is not https"):
            await soracom.with_options(endpoint="http://soracom.test").files.get("private", "a")
    assert not any(url.startswith("http://") and "soracom.test" not in url for url in asked)


async def test_a_circle_of_hosts():
    """Hosts that lead to one another are followed five times."""
    asked: list[str] = []
    hosts = {
        FILE: leads("https://one.test/"),
        "https://one.test/": leads("https://two.test/"),
        "https://two.test/": leads("https://one.test/"),
    }
    async with at(hosts, asked) as soracom:
        with pytest.raises(DecodeError, match="getFile: this leads through more than 5 addresses"):
            await soracom.files.get("private", "a")
    assert len(asked) == 6


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound), (400, Exception)])
async def test_a_host_that_refuses(status, error, jumping_clock):
    """Its status, not its words: they may quote the permission. Nothing is repeated, the token stays."""
    asked: list[str] = []
    refusal = httpx.Response(status, content=canary().encode())
    hosts = {FILE: leads("https://one.test/a?signature=" + canary()), "https://one.test/a": refusal}
    async with at(hosts, asked, clock=jumping_clock) as soracom:
        for call in (soracom.files.get("private", "a"), soracom.download("getFile", to="x", scope="private", path="a")):
            with pytest.raises(error) as caught:
                await call
            assert str(caught.value) == f"getFile: {status}: https://one.test refuses the download"
            assert caught.value.status == status
            assert not sings(report_of(caught.value))
    assert len(asked) == 4


async def test_a_host_that_fails_for_a_while(jumping_clock):
    """A failure that may pass is asked again, after a delay that grows or that the host names."""
    left = [503, httpx.ConnectError("refused"), 429, httpx.ReadError("lost")]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        step = left.pop(0) if left else 200
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step, headers={"retry-after": "7"} if step == 429 else {}, content=b"content")

    async with in_process(Script(answer), clock=jumping_clock) as soracom:
        assert await answer_of(soracom, "https://one.test/a") == b"content"
        assert len(jumping_clock.slept) == 4
        assert 7 <= jumping_clock.slept[2] <= 7.2
        left[:] = [httpx.ConnectError("refused")] * 2
        with pytest.raises(
            TransportError, match=r"download \(GET URL\) at https://one\.test: ConnectError: refused"
        ) as caught:
            await answer_of(soracom.with_options(max_retries=1), "https://one.test/a?" + canary())
        assert not sings(report_of(caught.value))
        assert not caught.value.sent
    assert len(asked) == 7


async def test_a_url_is_shown_nowhere(jumping_clock, caplog):
    """The query of a URL is a permission: neither logs nor reprs have it, nor any traceback."""
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []
    url = "https://one.test/a?signature=" + canary()
    hosts = {FILE: leads(url), "https://one.test/a": httpx.Response(503)}
    async with at(hosts, asked, clock=jumping_clock) as soracom:
        streams = [soracom.stream(url), soracom.stream("getFile", scope="private", path="a")]
        assert not sings(repr(streams))
        for stream in streams:
            with pytest.raises(ServerError) as caught:
                async with stream:
                    pytest.fail("there is nothing to read")
            assert not sings(report_of(caught.value))
        hosts["https://one.test/a"] = httpx.Response(200)
        async with soracom.stream(url) as answer:
            assert not sings(repr(answer))
    assert sings(asked)
    assert not sings([record.__dict__ for record in caplog.records])


async def test_a_file_that_breaks_off_is_read_again(jumping_clock):
    """`files.get` gives the whole file or an error: what broke off is asked for again, as any other read is."""

    async def broken(request: Received, connection: Connection) -> None:
        await connection.send(WHOLE[:-1] if len(host.requests) < 3 else WHOLE)
        if len(host.requests) < 3:
            await connection.end()

    async with serving(broken) as host, serving(answering(leading_to(f"{host.url}/a"))) as server:
        async with over("own", server.url, clock=jumping_clock) as soracom:
            assert await soracom.files.get("private", "a") == CONTENT
        assert len(server.requests) == 1
    assert len(host.requests) == 3


async def test_the_gate_bounds_files_that_are_read_whole():
    """With max_connections=2 no more than two files are under way; an open stream holds nobody up."""
    under_way = most = 0

    async def handle(request: Received, connection: Connection) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await connection.send(WHOLE[:1000])
        await settle(50)
        under_way -= 1
        await connection.send(WHOLE[1000:])

    async with serving(handle) as host, serving(answering(leading_to(f"{host.url}/a"))) as server:
        async with over("own", server.url, max_connections=2) as soracom:
            await soracom.files.get("private", "a")
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(soracom.files.get, "private", "a")
            assert most <= 2
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(5):
                    await stack.enter_async_context(soracom.stream("getFile", scope="private", path="a"))
                assert await soracom.files.get("private", "a") == CONTENT


async def test_a_connection_to_a_host_that_is_not_asked_again_is_closed():
    """Of a host that ended its idle connection nothing is left once another is opened."""
    end = anyio.Event()

    async def once(request: Received, connection: Connection) -> None:
        await connection.send(WHOLE)
        await end.wait()
        await connection.end()

    async with serving(once) as one, serving(storage(WHOLE)) as two, over("own", one.url) as soracom:
        await answer_of(soracom, f"{one.url}/a")
        http = soracom._session._ways.to(one.url)
        (line,) = http._lines[one.url]
        end.set()
        await until(line.has_expired)
        await answer_of(soracom, f"{two.url}/a")
        assert http._lines[one.url] == []
        assert line._connection.is_closed()


# Answers of the API itself


@every_way
async def test_an_answer_of_the_api_as_a_stream(way, tmp_path):
    """A JPEG, or JSON as it came; an error before the first piece is the error that it always is."""
    jpeg = reply(b"\xff\xd8jpeg", headers={"content-type": "image/jpeg"})
    page = reply(gzip.compress(b'[{"simId":"1"}]'), headers={"content-encoding": "gzip"})
    refusal = reply({"code": "SEM0001", "message": "no such SIM"}, 404)
    async with serving(answering(jpeg, jpeg, page, refusal)) as server, over(way, server.url) as soracom:
        assert await soracom.sims.downlink_rtsp("1", command="snapshot") == b"\xff\xd8jpeg"
        size = await soracom.download("sendDownlinkRtsp", to=tmp_path / "a.jpg", sim_id="1", command="snapshot")
        assert size == 6
        async with soracom.stream("listSims", limit=1) as answer:
            assert await answer.read() == b'[{"simId":"1"}]'
        with pytest.raises(NotFound) as caught:
            async with soracom.stream("getSim", sim_id="1"):
                pytest.fail("there is nothing to read")
        assert (caught.value.code, caught.value.message) == ("SEM0001", "no such SIM")
        assert server.accepted == 1
    assert (tmp_path / "a.jpg").read_bytes() == b"\xff\xd8jpeg"
    assert server.requests[0].headers["accept"] == "*/*"
    assert server.requests[2].headers["accept"] == "application/json"


async def test_a_stream_renews_the_token_and_repeats(jumping_clock):
    """What happens before the first piece is what happens to every call: 401, 503, 429, no connection."""
    transport = Script(401, 503, 429, httpx.ConnectError("x"), {"simId": "1"})
    async with opened(transport, clock=jumping_clock) as soracom:
        async with soracom.stream("getSim", sim_id="1") as answer:
            assert json.loads(await answer.read()) == {"simId": "1"}
    assert len(transport.requests) == 5
    assert len(transport.logins) == 2


async def test_an_error_that_does_not_come_whole(jumping_clock):
    """An error whose body breaks off, or takes too long, is no answer: a read is repeated."""

    async def handle(request: Received, connection: Connection) -> None:
        number = len(server.requests)
        if number == 1:
            await connection.send(reply(b"x" * 100, 500)[:-50])
            await connection.end()
        elif number == 2:
            await connection.send(reply(b"x" * 100, 500)[:-50])
        else:
            await connection.send(reply([]))

    async with serving(handle) as server, over("own", server.url, clock=jumping_clock, timeout=0.5) as soracom:
        async with soracom.stream("listSims") as answer:
            assert await answer.read() == b"[]"
        assert len(server.requests) >= 3
    gc.collect()


async def test_a_stream_is_entered_once():
    """A second `async with` on the same stream is a clear error; one that failed to begin may be tried again."""
    transport = Script(404, {"simId": "1"})
    async with opened(transport) as soracom:
        stream = soracom.stream("getSim", sim_id="1")
        with pytest.raises(NotFound):
            async with stream:
                pytest.fail("there is nothing to read")
        async with stream as answer:
            with pytest.raises(ConfigurationError, match="this stream was entered before: call 'stream' again"):
                async with stream:
                    pytest.fail("it is open")
            assert await answer.read()
    with pytest.raises(ConfigurationError, match="closed: open a new one"):
        async with soracom.stream("https://storage.test/a"):
            pytest.fail("the session is closed")


async def test_an_answer_knows_what_its_limit_is():
    """Reading it whole within a limit is an error in time, and gives the connection up."""
    released = []

    async def pieces():
        yield b"x"
        await anyio.sleep_forever()

    async def release(whole: bool) -> None:
        released.append(whole)

    incoming = Incoming("https://api.test", 200, [], pieces(), release)
    outcome = await incoming.whole(60, limit=0.05)
    assert (outcome.sent, outcome.timeout) == (True, True)
    assert released == [False]


# Files


async def test_the_root_and_the_slashes():
    """Empty parts go, each part is quoted; `/` is the root, which can be listed and, by name only, deleted."""
    transport = Script(lambda request: httpx.Response(200, json=[] if request.method == "GET" else None))
    async with in_process(transport) as soracom:
        files = soracom.files
        await files.list("private", "/").collect()
        await files.list("private", "").collect()
        await files.list("private", "a//b c/").collect()
        await files.list("private", "a", limit=5).collect()
        await files.delete("private", "/a/b?")
        await files.delete_directory("private", "a/b/")
        await files.delete_directory("private", "/")
        await files.find(scope="private", prefix="a/b").collect()
        for call in (
            lambda: files.get("private", "/"),
            lambda: files.get_metadata("private", ""),
            lambda: files.put("private", "//", content=b""),
            lambda: files.delete("private", "/"),
        ):
            with pytest.raises(ConfigurationError, match="is empty: give the path of a file"):
                await call()
        with pytest.raises(ConfigurationError, match="path='' is empty: give '/' to mean the root"):
            await files.delete_directory("private", "")
        for path in ("a/../b", "./a", "a/%2e%2e/b", "a/\x00"):
            with pytest.raises(ConfigurationError, match="path"):
                await files.delete_directory("private", path)
        with pytest.raises(ConfigurationError, match="path must be a string, not PosixPath"):
            await files.get("private", Path("a"))
    base = "/v1/files"
    assert [(r.method, r.url.raw_path.decode()) for r in transport.requests] == [
        ("GET", f"{base}/private//"),
        ("GET", f"{base}/private//"),
        ("GET", f"{base}/private/a/b%20c/"),
        ("GET", f"{base}/private/a/?limit=5"),
        ("DELETE", f"{base}/private/a/b%3F"),
        ("DELETE", f"{base}/private/a/b/"),
        ("DELETE", f"{base}/private//"),
        ("GET", f"{base}?scope=private&prefix=a%2Fb"),
    ]


async def test_files_are_listed_and_found():
    """Listings give typed entries, page by page."""
    pages = [
        httpx.Response(200, json=[{"filename": "a", "contentLength": 1}], headers={"x-soracom-next-key": "k%2F"}),
        httpx.Response(200, json=[{"filename": "b", "isDirectory": True}]),
    ]
    for listing in ("list", "find"):
        transport = Script(*pages)
        async with in_process(transport) as soracom:
            arguments = ("private", "/") if listing == "list" else ()
            keywords = {} if listing == "list" else {"scope": "private", "prefix": "x"}
            entries = await getattr(soracom.files, listing)(*arguments, **keywords).collect()
        assert [(entry.filename, entry.content_length, entry.is_directory) for entry in entries] == [
            ("a", 1, None),
            ("b", None, True),
        ]
        assert transport.requests[1].url.params["last_evaluated_key"] == "k/"


@every_way
async def test_what_a_file_is_without_its_content(way):
    """HEAD gives the headers; the length is that of the file, though there is no body."""
    head = b'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\nETag: "1"\r\ncontent-type: text/csv\r\n\r\n'
    async with serving(answering(head)) as server, over(way, server.url) as soracom:
        for _ in range(2):
            told = await soracom.files.get_metadata("private", "a.csv")
            assert (told["content-length"], told["etag"], told["content-type"]) == ("5000", '"1"', "text/csv")
        assert (await soracom.call("getFileMetadata", scope="private", path="a"))["etag"] == '"1"'
        async with soracom.stream("getFileMetadata", scope="private", path="a") as answer:
            assert (answer.length, await answer.read()) == (5000, b"")
        assert server.accepted == 1
    assert {request.method for request in server.requests} == {"HEAD"}
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("redirected", [True, False])
async def test_a_file_may_come_at_once(redirected):
    """A service that gives the content itself is as good as one that leads to it."""
    steps = [leads("https://storage.test/a")] if redirected else []
    transport = Script(*steps, httpx.Response(200, content=b"content"))
    async with in_process(transport, "https://soracom.test") as soracom:
        assert await soracom.files.get("private", "a") == b"content"
