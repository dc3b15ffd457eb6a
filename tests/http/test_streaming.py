"""Bodies of responses as they come: `soracom_async._http.streaming`."""

from __future__ import annotations

import gc
import gzip
import json
import zlib

import anyio
import anyio.lowlevel
import httpx
import pytest
from bodies import CONTENT, PIECE, WHOLE, answer_of, chunked, every_way, gone, in_process, over, storage
from clock import until
from servers import Connection, Received, Script, answering, opened, reply, serving

from soracom_async import (
    ConfigurationError,
    NotFound,
)
from soracom_async._http.connections import ERRORS
from soracom_async._http.exchange import IN_HAND, Request
from soracom_async._http.streaming import StreamingResponse

pytestmark = pytest.mark.anyio

REQUEST = Request("https://api.test", "GET", b"/", [], None)


# Downloads: the API leads to a storage host


@every_way
async def test_a_download_is_given_while_it_comes(way):
    """The host sends the next chunk only when the one before was read: nothing is gathered first."""
    read = 0

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 80000\r\n\r\n")
        for number in range(8):
            await until(lambda: read >= number * 10_000)  # noqa: B023 - called at once
            await connection.send(b"x" * 10_000)

    async with serving(handle) as host, over(way, host.url) as soracom, soracom.stream(f"{host.url}/a") as answer:
        async for chunk in answer:
            read += len(chunk)
    assert read == 80_000


@every_way
@pytest.mark.parametrize("decoded", ["gzip", "deflate", "chunks"])
async def test_a_body_that_is_encoded(way, decoded):
    """Compressed, or in chunks: the chunks are the content; what its length will be nobody knows."""
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


async def test_a_body_that_the_transport_decoded_is_left_alone():
    """A transport in process may hand over what it has read and decoded: that is the content."""

    class Decoding(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"content"))

    async with in_process(Decoding()) as soracom:
        assert await answer_of(soracom, "https://storage.test/a") == b"content"


async def test_a_piece_that_holds_no_content():
    """Where a chunk has but the head of what is compressed, the first chunk is that of the content."""
    compressed = gzip.compress(CONTENT)

    class Sliced(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield compressed[:10]
            yield compressed[10:]

    async with in_process(Giving(Sliced(), content_encoding="gzip")) as soracom:
        async with soracom.stream("https://storage.test/a") as answer:
            assert [chunk async for chunk in answer] == [CONTENT]


async def test_an_empty_body_marked_as_compressed_is_empty():
    """No body at all is no error, though it says that it is compressed."""
    empty = reply(None, 200, {"content-encoding": "gzip"})
    async with serving(storage(empty)) as host, over("own", host.url) as soracom:
        async with soracom.stream(f"{host.url}/a") as answer:
            assert await answer.read() == b""


# What is left early


@every_way
@pytest.mark.parametrize("size", [1, 1000, 300_000])
async def test_a_download_left_early(way, size):
    """Breaking off leaves no generator unfinished and no connection in use, however small the chunks are."""
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
async def test_a_connection_is_kept_where_all_has_come(way):
    """An answer that is left before its last chunk is read, but after it came, costs no new connection."""
    async with serving(storage(reply(b"x" * 100), reply(chunked(bytes(50), 10), headers=CHUNKED), WHOLE)) as host:
        async with over(way, host.url) as soracom:
            for _ in range(2):
                async with soracom.stream(f"{host.url}/a") as answer:
                    assert await anext(answer)
            assert await answer_of(soracom, f"{host.url}/a") == CONTENT
        assert host.accepted == 1


CHUNKED = {"transfer-encoding": "chunked"}


async def test_an_endless_body_that_never_waits_is_ended():
    """A transport in process may give chunks without end and without waiting: leaving ends its generator."""
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


# Answers of the API itself


@every_way
async def test_an_answer_of_the_api_as_a_stream(way, tmp_path):
    """A JPEG, or JSON as it came; an error before the first chunk is the error that it always is."""
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
    """What happens before the first chunk is what happens to every call: 401, 503, 429, no connection."""
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
            with pytest.raises(ConfigurationError, match="this stream was opened before: call 'stream' again"):
                async with stream:
                    pytest.fail("it is open")
            assert await answer.read()
    with pytest.raises(ConfigurationError, match="closed: open a new one"):
        async with soracom.stream("https://storage.test/a"):
            pytest.fail("the session is closed")


async def test_an_answer_knows_what_its_limit_is():
    """Reading it whole within a limit is an error in time, and gives the connection up."""
    released = []

    async def chunks():
        yield b"x"
        await anyio.sleep_forever()

    async def release(whole: bool) -> None:
        released.append(whole)

    incoming = StreamingResponse(REQUEST, 200, [], chunks(), release, ERRORS)
    outcome = await incoming.whole(60, limit=0.05)
    assert (outcome.sent, outcome.timeout) == (True, True)
    assert released == [False]
