"""Uploads of each kind of content: `soracom_async.files.uploads` and `files.content`."""

from __future__ import annotations

import gc
import math
import os
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from bodies import PIECE, Custom, every_way, in_flight, in_process, over
from clock import until
from servers import LOGIN, Connection, Script, answering, opened, reply, serving, serving_app

from soracom_async import (
    ConfigurationError,
    Forbidden,
    RequestTimeout,
    ServerError,
    Unauthorized,
)
from soracom_async.files.downloads import with_progress

pytestmark = pytest.mark.anyio


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


class Reading(httpx.AsyncBaseTransport):
    """A transport that reads each upload before it answers what `steps` say, the last one for ever."""

    def __init__(self, *steps: int, code: str = "TST0001") -> None:
        self.code = code
        self.steps = list(steps)
        self.bodies: list[bytes] = []
        self.headers: list[httpx.Headers] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.headers.append(request.headers)
        if request.url.path == "/v1/auth":
            return httpx.Response(200, json=LOGIN)
        self.bodies.append(b"".join([chunk async for chunk in request.stream]))
        status = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return httpx.Response(status, json={"code": self.code, "message": "as told"})


async def given(*chunks):
    """Give chunks as an asynchronous stream."""
    for chunk in chunks:
        await anyio.lowlevel.checkpoint()
        yield chunk


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
        "application/json",
    ]
    told = [headers.get("content-length", headers.get("transfer-encoding")) for *_, headers, _ in sink.uploads]
    assert told == ["5", "6", str(len(big)), "0", "chunked", "chunked", str(len(big))]
    assert all(headers["x-soracom-token"] == "token" for *_, headers, _ in sink.uploads)


@every_way
async def test_a_stream_is_sent_while_it_is_made(way):
    """The next chunk is made only when the service has the one before: nothing is gathered first."""
    sink = Sink()

    async def chunks():
        for number in range(1, 9):
            yield b"x" * 10_000
            await until(lambda: sink.received >= number * 10_000)  # noqa: B023 - called at once

    async with serving_app(sink) as url, over(way, url) as soracom:
        await soracom.files.put("private", "a", content=chunks())
    assert len(sink.uploads[0][3]) == 80_000


async def test_a_big_file_is_never_held_whole(tmp_path):
    """Of 64 MiB no more than one chunk is read ahead of what is sent; progress tells each chunk."""
    size = 1 << 26
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    told: list[tuple[int, int | None]] = []
    ahead = []

    class Counting(Reading):
        async def handle_async_request(self, request):
            sent = 0
            async for chunk in request.stream:
                ahead.append(told[-1][0] - sent)
                sent += len(chunk)
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
        assert [chunk async for chunk in watched] == [b"abc"]
    assert [len(body) for body in transport.bodies] == [PIECE + 1, 6, 0, 3, 3]
    assert transport.headers[0]["content-length"] == str(PIECE + 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (5, "must be bytes, text, the pathlib.Path of a file or an asynchronous iterable of bytes, not int"),
        ([b"a"], "asynchronous iterable of bytes, not list"),
        ("\ud800", "a lone surrogate"),
    ],
)
async def test_progress_of_what_cannot_be_sent(content, message):
    """What is no content is named at once."""
    with pytest.raises(ConfigurationError, match=message):
        with_progress(content, print)


async def test_what_cannot_be_sent_is_named(tmp_path):
    """An open file, a missing one, a directory, a pipe and a lone surrogate: nothing is sent, no token is fetched."""
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
        with pytest.raises(ConfigurationError, match="a lone surrogate"):
            await put(content="\ud800")
        with pytest.raises(ConfigurationError, match="content must be bytes, text.* not dict"):
            await soracom.soralets.upload("s", content={"a": 1})
        assert transport.requests == []
        assert soracom._session._sender.gate.value == 100
        assert in_flight(soracom) == 0


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


@every_way
@pytest.mark.parametrize(
    ("broken", "error"),
    [(5, ConfigurationError), ("text", ConfigurationError), (Custom, Custom), (httpx.ReadError("x"), httpx.ReadError)],
)
async def test_a_stream_that_breaks(way, broken, error, jumping_clock):
    """What is no bytes is named; the stream's own error comes out as itself, is not repeated, and ends the stream."""
    ended = []

    async def chunks():
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
            await soracom.files.put("private", "a", content=chunks())
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
        assert soracom._session._sender.gate.value == 100
        assert in_flight(soracom) == 0
        await soracom.files.put("private", "b", content=b"next")
        assert [path for _, path, *_ in sink.uploads] == ["/v1/files/private/b"]
    gc.collect()


@pytest.mark.parametrize("status", [401, 403])
async def test_a_file_is_sent_again_with_a_new_token(status, tmp_path):
    """A refused token is renewed, and a file, like bytes, is sent again from its first byte."""
    (tmp_path / "file").write_bytes(b"content")
    transport = Reading(status, 503, 200, code="AGW0002")
    done = []
    async with opened(transport, max_retries=1) as soracom:
        content = with_progress(tmp_path / "file", lambda *step: done.append(step))
        await soracom.files.put("private", "a", content=content)
    assert transport.bodies == [b"content"] * 3
    assert done == [(7, 7)] * 3
    gc.collect()


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (403, Forbidden), (503, ServerError)])
async def test_a_stream_that_was_read_is_not_sent_again(status, error):
    """It cannot be: the error says so, and the next call has a new token."""
    transport = Reading(status, 200, code="AUM0013")
    async with opened(transport) as soracom:
        with pytest.raises(error, match="as told; the stream that was its body has been read, so the call is not"):
            await soracom.files.put("private", "a", content=given(b"once"))
        await soracom.files.put("private", "a", content=given(b"again"))
    assert transport.bodies == [b"once", b"again"]
    assert sum("x-soracom-token" not in headers for headers in transport.headers) == (1 if status == 503 else 2)


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
    """While a chunk is made no time-out runs; for its sending, and for the answer, it starts again."""
    making, left = [], []

    async def chunks():
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
        await soracom.files.put("private", "a", content=chunks())
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
