"""Downloads that break off go on, or begin again: `soracom_async._session.resuming`."""

from __future__ import annotations

import gc
import gzip
import re

import anyio
import httpx
import pytest
from bodies import CONTENT, WHOLE, answer_of, every_way, gone, in_flight, in_process, leading_to, over
from leaks import canary, report_of, sings
from servers import Connection, Received, answering, reply, serving

from soracom_async import Forbidden, RequestTimeout, TransportError
from soracom_async._core.ranges import Part, proof_of

pytestmark = pytest.mark.anyio

HALF = len(CONTENT) // 2
TAG = {"etag": '"v1"'}
DATES = {"last-modified": "Wed, 04 Jun 2025 10:00:00 GMT", "date": "Wed, 04 Jun 2025 10:01:00 GMT"}
YOUNG = {"last-modified": "Wed, 04 Jun 2025 10:00:00 GMT", "date": "Wed, 04 Jun 2025 10:00:59 GMT"}


class Storage:
    """A storage host whose answers break off as told: the bytes of each that come, None for all of them."""

    def __init__(self, *lengths: int | None, content: bytes = CONTENT, ranges: bool = True, **headers: str) -> None:
        self.lengths = list(lengths)
        self.content = content
        self.ranges = ranges
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked: list[str | None] = []

    async def __call__(self, request: Received, connection: Connection) -> None:
        asked = request.headers.get("range")
        self.asked.append(asked)
        answer = self.answer(int(re.fullmatch("bytes=([0-9]+)-", asked)[1]) if asked and self.ranges else None)
        length = self.lengths.pop(0) if self.lengths else None
        if length is None:
            await connection.send(answer)
        else:
            head, _, body = answer.partition(b"\r\n\r\n")
            await connection.send(head + b"\r\n\r\n" + body[:length])
            await connection.end()

    def answer(self, first: int | None) -> bytes:
        size = len(self.content)
        if first is None:
            return reply(self.content, headers=self.headers)
        told = {"content-range": f"bytes {first}-{size - 1}/{size}", **self.headers}
        return reply(self.content[first:], 206, told)


@every_way
@pytest.mark.parametrize("proof", [TAG, DATES, {**TAG, **DATES}])
async def test_a_download_goes_on_where_it_was(way, proof, tmp_path, jumping_clock):
    """The part that is missing is asked for, if it is still the same; a stream and a file are whole."""
    host = Storage(1000, 2000, None, 0, 10, 5, **proof)
    expected = proof.get("etag") or proof["last-modified"]
    async with serving(host) as server, over(way, server.url, clock=jumping_clock) as soracom:
        done = await soracom.download(f"{server.url}/a?signature={canary()}", to=tmp_path / "a")
        assert (done, (tmp_path / "a").read_bytes()) == (len(CONTENT), CONTENT)
        assert await answer_of(soracom, f"{server.url}/a") == CONTENT
        parts = [request for request in server.requests if "range" in request.headers]
        assert host.asked == [None, "bytes=1000-", "bytes=3000-", None, None, "bytes=10-", "bytes=15-"]
        assert all(request.headers["if-range"] == expected for request in parts)
        assert not any(name.startswith("x-soracom") for request in parts for name in request.headers)
        assert len(jumping_clock.slept) == 5
        assert soracom._session._sender.gate.value == 100
    gc.collect()


@every_way
@pytest.mark.parametrize("headers", [TAG, DATES, {}, YOUNG, {"etag": 'W/"v1"'}])
async def test_a_host_without_ranges(way, headers, tmp_path, jumping_clock):
    """It gives the whole again: what was given before is left out, proved by its tag or by the bytes themselves."""
    host = Storage(1000, 500, 70_000, None, ranges=False, **headers)
    async with serving(host) as server, over(way, server.url, clock=jumping_clock) as soracom:
        assert await soracom.download(f"{server.url}/a", to=tmp_path / "a") == len(CONTENT)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(host.asked) == 4
    if headers not in (TAG, DATES):
        assert host.asked == [None] * 4
    gc.collect()


@every_way
async def test_a_read_that_is_cancelled(way, jumping_clock):
    """What came meanwhile is lost, so the rest is asked for again: no end that is none, and no byte twice."""

    class Slow(Storage):
        async def __call__(self, request: Received, connection: Connection) -> None:
            if self.asked:
                await super().__call__(request, connection)
            else:
                self.asked.append(None)
                await connection.send(self.answer(None)[:1000])
                await gone(connection)

    host = Slow(**TAG)
    async with serving(host) as server, over(way, server.url, clock=jumping_clock) as soracom:
        async with soracom.stream(f"{server.url}/a") as answer:
            parts = [await anext(answer)]
            with anyio.move_on_after(0.02):
                await anext(answer)
            parts += [chunk async for chunk in answer]
    assert b"".join(parts) == CONTENT
    gc.collect()


async def test_a_read_of_the_api_that_is_cancelled():
    """The API itself has no ranges: reading on is an error, not an end."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(WHOLE[:1000])
        await gone(connection)

    async with serving(handle) as server, over("own", server.url) as soracom:
        async with soracom.stream("getFile", scope="private", path="a") as answer:
            await anext(answer)
            with anyio.move_on_after(0.02):
                await anext(answer)
            with pytest.raises(TransportError, match="a read of the body was cancelled: what came of it is lost"):
                await anext(answer)


@every_way
async def test_a_compressed_body_begins_again(way, jumping_clock):
    """The range of what is compressed is none of the content: the whole is asked for, and decoded, again."""
    body = gzip.compress(CONTENT, 0)
    host = Storage(HALF, None, content=body, content_encoding="gzip", **TAG)
    async with serving(host) as server, over(way, server.url, clock=jumping_clock) as soracom:
        assert await answer_of(soracom, f"{server.url}/a") == CONTENT
    assert host.asked == [None, None]
    gc.collect()


async def test_a_body_in_chunks_goes_on(jumping_clock):
    """Whose length nobody knew: the part tells it."""
    host = Storage(HALF, None, **TAG)
    plain = host.answer

    def answer(first):
        if first is not None:
            return plain(first)
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
        return reply(body, headers={"transfer-encoding": "chunked", **TAG})

    host.answer = answer
    async with serving(host) as server, over("own", server.url, clock=jumping_clock) as soracom:
        assert await answer_of(soracom, f"{server.url}/a") == CONTENT
    assert host.asked[1].startswith("bytes=")
    gc.collect()


OTHERS = {
    "a wrong beginning": (206, {"content-range": f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}", **TAG}, CONTENT[7:]),
    "another length": (206, {"content-range": f"bytes 1000-{len(CONTENT)}/{len(CONTENT) + 1}"}, CONTENT[1000:] + b"x"),
    "no range": (206, TAG, CONTENT[1000:]),
    "a range that is none": (206, {"content-range": "bytes 1000-999/5"}, b""),
    "many ranges": (206, {"content-type": "multipart/byteranges; boundary=x"}, CONTENT[1000:]),
    "another tag": (206, {"content-range": f"bytes 1000-{len(CONTENT) - 1}/*", "etag": '"v2"'}, CONTENT[1000:]),
    "a tag that is weak": (200, {"etag": 'W/"v1"'}, CONTENT),
    "another whole": (200, {"etag": '"v2"'}, CONTENT),
    "a whole without a tag": (200, {}, CONTENT),
    "a whole that is longer": (200, TAG, CONTENT + b"x"),
    "another encoding": (
        206,
        {"content-range": f"bytes 1000-{len(CONTENT) - 1}/*", "content-encoding": "gzip"},
        gzip.compress(CONTENT[1000:]),
    ),
    "another status": (203, TAG, CONTENT),
    "more than all": (206, {"content-range": "bytes 1000-300999/*"}, CONTENT[1000:] + bytes(45_000)),
}


@every_way
@pytest.mark.parametrize("what", OTHERS)
async def test_what_is_not_the_rest(way, what, tmp_path, jumping_clock):
    """It is an error, of which nothing is kept, and never taken for the rest."""
    status, headers, body = OTHERS[what]
    host = Storage(1000, None, **TAG)
    whole = host.answer
    host.answer = lambda first: whole(None) if first is None else reply(body, status, headers)
    async with serving(host) as server, over(way, server.url, clock=jumping_clock) as soracom:
        with pytest.raises(TransportError, match="the host has another in its place: begin again") as caught:
            await soracom.download(f"{server.url}/a?signature={canary()}", to=tmp_path / "a")
        assert not sings(report_of(caught.value))
        assert list(tmp_path.iterdir()) == []
        async with soracom.stream(f"{server.url}/a") as answer:
            host.lengths = [None]
            assert await answer.read() == CONTENT
    gc.collect()


@pytest.mark.parametrize("content", [CONTENT[:500], b"other" + CONTENT[5:], CONTENT[:999]])
async def test_bytes_that_are_not_the_same(content, jumping_clock):
    """Where the host proves nothing, what comes again is compared; the error stays."""
    host = Storage(1000)
    whole = host.answer

    def answer(first):
        host.content = content if len(host.asked) > 1 else CONTENT
        return whole(None)

    host.answer = answer
    async with serving(host) as server, over("own", server.url, clock=jumping_clock) as soracom:
        async with soracom.stream(f"{server.url}/a") as stream:
            for _ in range(2):
                with pytest.raises(TransportError, match="begin again"):
                    await stream.read()
        assert len(host.asked) == 2
    gc.collect()


async def test_a_body_of_unknown_length_that_is_shorter_now(jumping_clock):
    """Less than was given before is not the whole."""
    bodies = [CONTENT[:1000], CONTENT[:500]]

    async def handle(request: Received, connection: Connection) -> None:
        body = bodies.pop(0)
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        await connection.send(reply(chunk + b"0\r\n\r\n" * (not bodies), headers={"transfer-encoding": "chunked"}))
        await connection.end()

    async with serving(handle) as server, over("own", server.url, clock=jumping_clock) as soracom:
        with pytest.raises(TransportError, match="begin again"):
            await answer_of(soracom, f"{server.url}/a")
        assert len(server.requests) == 2
    gc.collect()


async def test_a_part_that_ends_early(jumping_clock):
    """A host may give less than was asked for: the rest is asked for again."""
    host = Storage(1000, **TAG)

    def answer(first):
        if first is None:
            return reply(CONTENT, headers=TAG)
        last = min(first + 100_000, len(CONTENT)) - 1
        return reply(CONTENT[first : last + 1], 206, {"content-range": f"bytes {first}-{last}/{len(CONTENT)}"})

    host.answer = answer
    async with serving(host) as server, over("own", server.url, clock=jumping_clock) as soracom:
        assert await answer_of(soracom, f"{server.url}/a") == CONTENT
    assert host.asked == [None, "bytes=1000-", "bytes=101000-", "bytes=201000-"]
    gc.collect()


@every_way
async def test_a_download_that_stalls_goes_on(way, jumping_clock):
    """Silence is a break too."""
    host = Storage(**TAG)

    async def handle(request: Received, connection: Connection) -> None:
        if "range" in request.headers:
            await host(request, connection)
        else:
            await connection.send(host.answer(None)[:5000])
            await anyio.sleep_forever()

    async with serving(handle) as server, over(way, server.url, clock=jumping_clock, timeout=0.3) as soracom:
        assert await answer_of(soracom, f"{server.url}/a") == CONTENT
    gc.collect()


@every_way
async def test_a_download_that_breaks_off_for_ever(way, tmp_path, jumping_clock):
    """`max_retries` bounds how often it goes on where nothing more comes, and the budget of the session all of them."""
    host = Storage(100, *[0] * 1000, **TAG)
    async with serving(host) as server, over(way, server.url, clock=jumping_clock, max_retries=3) as soracom:
        with pytest.raises(TransportError, match=r"download \(GET URL\)"):
            await soracom.download(f"{server.url}/a", to=tmp_path / "a")
        assert len(host.asked) == 4
        budget = soracom._session._sender._budget
        budget.left, budget.healed_at = 0, jumping_clock.now()
        with pytest.raises(TransportError):
            await soracom.download(f"{server.url}/a", to=tmp_path / "a")
        assert len(host.asked) == 5
        with pytest.raises(TransportError):
            await soracom.with_options(max_retries=0).download(f"{server.url}/a", to=tmp_path / "a")
        assert len(host.asked) == 6
    assert list(tmp_path.iterdir()) == []
    gc.collect()


async def test_a_download_of_many_breaks(tmp_path, jumping_clock):
    """As long as more comes each time it goes on, until the budget of the session is used up."""
    host = Storage(*[100] * 60, **TAG)
    async with serving(host) as server, over("own", server.url, clock=jumping_clock, max_retries=1) as soracom:
        assert await soracom.download(f"{server.url}/a", to=tmp_path / "a") == len(CONTENT)
        host.lengths = [100] * 1000
        with pytest.raises(TransportError):
            await soracom.download(f"{server.url}/a", to=tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(host.asked) < 300


async def test_a_part_that_is_not_there(tmp_path, jumping_clock):
    """416: the whole is asked for, and is the same or another."""
    host = Storage(1000, **TAG)
    whole = host.answer
    host.answer = lambda first: whole(None) if first is None else reply(b"no", 416)
    async with serving(host) as server, over("own", server.url, clock=jumping_clock) as soracom:
        assert await soracom.download(f"{server.url}/a", to=tmp_path / "a") == len(CONTENT)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert host.asked == [None, "bytes=1000-", None]


async def test_a_url_that_has_run_out(jumping_clock):
    """What the host says to the request for the rest is the error."""
    host = Storage(1000, **TAG)
    whole = host.answer
    host.answer = lambda first: whole(None) if first is None else reply(b"expired", 403)
    async with serving(host) as server, over("own", server.url, clock=jumping_clock) as soracom:
        with pytest.raises(Forbidden, match="refuses the download"):
            await answer_of(soracom, f"{server.url}/a")
    gc.collect()


async def test_a_file_of_the_api_asks_for_a_new_address(tmp_path, jumping_clock):
    """The API leads to the host again, since the address may have run out; quota and token are used as ever."""
    host = Storage(1000, None, **TAG)
    async with serving(host) as storage, serving(answering(leading_to(f"{storage.url}/a"))) as server:
        async with over("own", server.url, clock=jumping_clock) as soracom:
            assert await soracom.download("getFile", to=tmp_path / "a", scope="private", path="a") == len(CONTENT)
            assert in_flight(soracom) == 0
        assert len(server.requests) == 2
    assert host.asked == [None, "bytes=1000-"]
    gc.collect()


@every_way
async def test_an_answer_of_the_api_begins_again_while_nothing_was_given(way, jumping_clock):
    """An answer of the API itself is read again if it broke off before its first chunk, and is an error behind it."""
    whole = reply(b"x" * 1000)
    left = [whole[:-1000], whole, whole[:-1]]

    async def handle(request: Received, connection: Connection) -> None:
        answer = left.pop(0)
        await connection.send(answer)
        if answer != whole:
            await connection.end()

    async with serving(handle) as server, over(way, server.url, clock=jumping_clock) as soracom:
        async with soracom.stream("getSim", sim_id="1") as answer:
            assert await answer.read() == b"x" * 1000
        with pytest.raises(TransportError):
            async with soracom.stream("getSim", sim_id="1") as answer:
                await answer.read()
        assert len(server.requests) == 3
    gc.collect()


async def test_an_answer_of_what_acts_is_not_asked_for_again(jumping_clock):
    """A picture that a camera is told to take is not taken twice."""
    whole = reply(b"x" * 1000)

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(whole[:-1000])
        await connection.end()

    async with serving(handle) as server, over("own", server.url, clock=jumping_clock) as soracom:
        with pytest.raises(TransportError):
            await soracom.download("sendDownlinkRtsp", to="x", sim_id="1", command="snapshot")
        assert len(server.requests) == 1
    gc.collect()


async def test_a_transport_that_gives_too_little():
    """A transport in process checks no length: what is missing is noticed all the same."""

    class Short(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"abc"

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": "5"}, stream=Short())

    class Giving(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return answer(request)

    async with in_process(Giving(), max_retries=0) as soracom:
        with pytest.raises(TransportError, match="the body ends after 3 of 5 bytes"):
            await answer_of(soracom, "https://storage.test/a")


@every_way
async def test_a_part_that_nobody_asked_for(way, jumping_clock, tmp_path):
    """206 to a request for the whole is never the whole; the next answer may be."""
    part = reply(CONTENT[:1000], 206, {"content-range": f"bytes 0-999/{len(CONTENT)}"})
    left = [part, part, reply(CONTENT)] * 2 + [part]

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    async with serving(handle) as host, serving(answering(leading_to(f"{host.url}/a"))) as server:
        async with over(way, server.url, clock=jumping_clock) as soracom:
            assert await soracom.download(f"{host.url}/a", to=tmp_path / "a") == len(CONTENT)
            assert await soracom.files.get("private", "a") == CONTENT
            for call in (soracom.files.get("private", "a"), soracom.download(f"{host.url}/a", to=tmp_path / "b")):
                with pytest.raises(TransportError, match=r"a part \(206\) that nobody asked for"):
                    await call
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    gc.collect()


async def test_a_timeout_while_going_on(jumping_clock):
    """What fails for good while the rest is asked for is raised, and asking again is an error again."""

    class Short(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield b"abc"
            raise httpx.ReadError("lost")

    class Breaking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            if "range" in request.headers:
                raise httpx.ReadTimeout("slow")
            return httpx.Response(200, headers={"content-length": "5", **TAG}, stream=Short())

    async with in_process(Breaking(), max_retries=1, clock=jumping_clock) as soracom:
        async with soracom.stream("https://storage.test/a") as answer:
            assert await anext(answer) == b"abc"
            with pytest.raises(RequestTimeout):
                await anext(answer)
            with pytest.raises(TransportError, match="lost"):
                await anext(answer)


@pytest.mark.parametrize(
    ("headers", "proof"),
    [
        (TAG, '"v1"'),
        ({"etag": '""'}, '""'),
        ({"etag": 'W/"v1"', **DATES}, None),
        ({"etag": "v1"}, None),
        ({"etag": '"'}, None),
        (DATES, "Wed, 04 Jun 2025 10:00:00 GMT"),
        (YOUNG, None),
        ({"last-modified": "yesterday", "date": DATES["date"]}, None),
        ({"last-modified": DATES["date"]}, None),
        ({"last-modified": "Wed, 04 Jun 2025 10:00:00", "date": DATES["date"]}, None),
        ({}, None),
    ],
)
def test_what_proves_a_body_to_be_the_same(headers, proof):
    """A strong tag, or a date that is old enough; a weak tag does not."""
    assert proof_of(headers) == proof


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bytes 0-9/10", Part(0, 9, 10)),
        ("Bytes 5-9/*", Part(5, 9, None)),
        ("bytes 5-10/10", None),
        ("bytes 5-4/10", None),
        ("bytes */10", None),
        ("bytes=0-9/10", None),
        ("items 0-9/10", None),
        ("bytes 0-9/10, bytes 20-29/40", None),
        ("", None),
        ("bytes " + "9" * 40 + "-1/2", None),
    ],
)
def test_what_a_content_range_says(text, part):
    """The part and the whole, or nothing."""
    assert Part.of({"content-range": text}) == part
