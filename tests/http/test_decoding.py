"""Content-Encoding undone, whatever it says and however large it becomes: `soracom_async._http.decoding`."""

from __future__ import annotations

import gc
import gzip
import random
import sys
import tracemalloc
import zlib
from functools import partial

import anyio
import httpx
import pytest
from bodies import answer_of, every_way, in_process, over, storage
from hypothesis import given
from hypothesis import strategies as st
from servers import SIM, Connection, Received, Script, answering, reply, serving

from soracom_async import AuthKey, ConfigurationError, RequestTimeout, Soracom, TransportError
from soracom_async._http.codecs import PIECE, BadBody
from soracom_async._http.decoding import Decoder, codings

pytestmark = pytest.mark.anyio

HALVES = b'{"simId":"1",', b'"status":"active"}'
BOTH = b"".join(HALVES)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def members(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part) for part in parts)


GOOD = {
    "one member": ("gzip", members(BOTH)),
    "two members": ("gzip", members(*HALVES)),
    "members that are empty": ("gzip", members(b"", *HALVES, b"")),
    "a member each byte": ("gzip", members(*(bytes([byte]) for byte in BOTH))),
    "zlib": ("deflate", zlib.compress(BOTH)),
    "zlib of several streams": ("deflate", b"".join(map(zlib.compress, HALVES))),
    "raw deflate": ("deflate", raw_deflate(BOTH)),
    "gzip called deflate": ("deflate", members(BOTH)),
    "another case": ("GZip", members(*HALVES)),
    "its old name": ("x-gzip", members(BOTH)),
    "spaces": (" gzip ,", members(BOTH)),
    "named twice": ("gzip, gzip", members(BOTH)),
    "applied twice": ("gzip, gzip", gzip.compress(members(*HALVES))),
    "two codings": ("deflate, gzip", gzip.compress(zlib.compress(BOTH))),
    "with identity": ("identity, gzip", members(BOTH)),
    "identity": ("Identity", BOTH),
    "nothing": ("", BOTH),
    "aws-chunked": ("aws-chunked", BOTH),
    "gzip and aws-chunked": ("gzip,aws-chunked", members(BOTH)),
    "aws-chunked and gzip": ("AWS-Chunked, GZIP", members(*HALVES)),
    "what nobody knows": ("x-secret", BOTH),
}
"""Encodings, and bodies that mean BOTH."""

STORED = {
    "plain as gzip": ("gzip", BOTH),
    "plain as deflate": ("deflate", BOTH),
    "plain as zstd": ("zstd", BOTH),
    "plain as several": ("deflate, gzip", BOTH),
    "gzip as several": ("zstd, gzip", members(BOTH)),
}
"""The same, where somebody told a storage host what is not true."""

BAD = {
    "cut": ("gzip", members(BOTH)[:-1]),
    "cut in the second member": ("gzip", members(*HALVES)[:-3]),
    "cut in the head of the second member": ("gzip", members(HALVES[0]) + members(HALVES[1])[:5]),
    "garbage behind": ("gzip", members(BOTH) + b"garbage"),
    "zeros behind": ("gzip", members(BOTH) + bytes(9)),
    "a wrong checksum": ("gzip", members(BOTH)[:-8] + bytes(8)),
    "a wrong first checksum": ("gzip", members(BOTH)[:-8] + bytes(8) + members(BOTH)),
    "the inner one cut": ("gzip, gzip", gzip.compress(members(BOTH)[:-1])),
    "zlib cut": ("deflate", zlib.compress(BOTH)[:-1]),
    "zlib with garbage": ("deflate", zlib.compress(BOTH) + b"garbage"),
    "raw deflate cut": ("deflate", raw_deflate(BOTH)[:-2]),
    "raw deflate with garbage": ("deflate", raw_deflate(BOTH) + b"garbage"),
    "too many": (", ".join(["gzip"] * 6), members(BOTH)),
}
"""Encodings, and bodies that are not what they claim."""


@every_way
@pytest.mark.parametrize("what", GOOD)
async def test_what_is_encoded_arrives_whole(way, what, tmp_path):
    """As JSON, as a stream and as a file, from the API and from a storage host."""
    encoding, body = GOOD[what]
    answer = reply(body, headers={"Content-Encoding": encoding})
    async with serving(answering(answer)) as server, serving(storage(answer)) as host:
        async with over(way, server.url) as soracom:
            assert (await soracom.sims.get("1")).status == "active"
            async with soracom.stream("getSim", sim_id="1") as stream:
                assert await stream.read() == BOTH
            assert await answer_of(soracom, f"{host.url}/a") == BOTH
            assert await soracom.download(f"{host.url}/a", to=tmp_path / "a") == len(BOTH)
        assert (server.accepted, host.accepted) == (1, 1)
    assert (tmp_path / "a").read_bytes() == BOTH


@every_way
@pytest.mark.parametrize("what", STORED)
async def test_what_a_storage_host_says_may_not_be_true(way, what):
    """Bytes that are not in the encoding are given as they are."""
    encoding, body = STORED[what]
    async with serving(storage(reply(body, headers={"content-encoding": encoding}))) as host:
        async with over(way, host.url) as soracom:
            assert await answer_of(soracom, f"{host.url}/a") == BOTH
        assert host.accepted == 1


@every_way
@pytest.mark.parametrize("what", BAD)
async def test_what_is_cut_or_followed_by_garbage_is_an_error(way, what, tmp_path):
    """As JSON, as a stream and as a file: nothing is taken for the whole."""
    encoding, body = BAD[what]
    answer = reply(body, headers={"content-encoding": encoding})
    async with serving(answering(answer)) as server, serving(storage(answer)) as host:
        async with over(way, server.url, max_retries=0) as soracom:
            with pytest.raises(TransportError, match="encoding"):
                await soracom.sims.get("1")
            for read in (soracom.stream("getSim", sim_id="1"), soracom.stream(f"{host.url}/a")):
                with pytest.raises(TransportError, match="encoding"):
                    async with read as stream:
                        await stream.read()
            with pytest.raises(TransportError, match="encoding"):
                await soracom.download(f"{host.url}/a", to=tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    gc.collect()


@pytest.mark.parametrize("what", ["plain as gzip", "plain as deflate", "plain as zstd"])
async def test_the_api_is_taken_at_its_word(what):
    """What the API calls encoded must be that."""
    encoding, body = STORED[what]
    async with serving(answering(reply(body, headers={"content-encoding": encoding}))) as server:
        async with over("own", server.url, max_retries=0) as soracom:
            with pytest.raises(TransportError, match=f"not in the encoding '{encoding}' that it claims"):
                await soracom.sims.get("1")


@pytest.mark.parametrize("name", ["br", "zstd"])
async def test_an_encoding_whose_decoder_is_missing(name, monkeypatch, jumping_clock):
    """The error names the extra, and nothing is asked for again."""
    for module in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)
    body = b"\x28\xb5\x2f\xfd" + bytes(20)
    answer = reply(body, headers={"content-encoding": name})
    async with serving(answering(answer)) as server, over("own", server.url, clock=jumping_clock) as soracom:
        extra = rf'encoded as {name}.*pip install "soracom-async\[encodings\]"'
        with pytest.raises(TransportError, match=extra):
            await soracom.sims.get("1")
        with pytest.raises(TransportError, match=extra):
            await answer_of(soracom, f"{server.url}/a")
        assert len(server.requests) == 2


def packed(name: str, data: bytes) -> bytes:
    """Return data in one of the encodings of the extra; the test is skipped without it."""
    if name == "br":
        return pytest.importorskip("brotli").compress(data)
    return pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd").compress(data)


@every_way
@pytest.mark.parametrize("name", ["br", "zstd"])
async def test_the_encodings_of_the_extra(way, name):
    """They are undone alone, around one another and over several members; what is cut or followed by more is not."""
    several = packed(name, HALVES[0]) + packed(name, HALVES[1]) if name == "zstd" else packed(name, BOTH)
    good = [(name, packed(name, BOTH)), (f"{name}, gzip", members(packed(name, BOTH))), (name.upper(), several)]
    bad = [packed(name, BOTH)[:-1], packed(name, BOTH) + b"garbage"]
    answers = [
        *(reply(body, headers={"content-encoding": encoding}) for encoding, body in good),
        *(reply(body, headers={"content-encoding": name}) for body in bad),
    ]
    async with serving(answering(*answers)) as server, over(way, server.url, max_retries=0) as soracom:
        for _ in good:
            assert (await soracom.sims.get("1")).status == "active"
        for _ in bad:
            with pytest.raises(TransportError, match=f"not in the encoding '{name}'"):
                await soracom.sims.get("1")


@pytest.mark.parametrize("text", [BOTH, BOTH * 50, b"simId,status\n1,active\n", bytes(range(256))])
async def test_plain_bytes_without_a_mark(text):
    """Brotli and deflate have no mark to be known by: what breaks at once was not meant."""
    for name in ("br", "deflate"):
        if name == "br":
            pytest.importorskip("brotli")
        assert decoded(name, [text], stored=True) == text
        assert decoded(name, [text[:2], text[2:]], stored=True) == text
        with pytest.raises(BadBody):
            decoded(name, [text])


@pytest.mark.parametrize("name", ["br", "zstd", "gzip", "deflate"])
def test_what_is_cut_or_followed_by_garbage_was_meant(name):
    """A storage host's body that begins as it claims is not taken for a plain one."""
    for content in (BOTH, random.Random(1).randbytes(5000)):
        good = {"gzip": gzip.compress, "deflate": zlib.compress}.get(name, partial(packed, name))(content)
        assert decoded(name, [good], stored=True) == content
        for bad in (good + b"garbage", good[:-1]):
            with pytest.raises(BadBody):
                decoded(name, [bad], stored=True)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_no_body_is_empty_whatever_its_encoding(encoding):
    """204, or an answer of no bytes: there is nothing to undo."""
    answer = reply(None, 200, {"content-encoding": encoding})
    async with serving(answering(answer)) as server, over("own", server.url) as soracom:
        assert await answer_of(soracom, f"{server.url}/a") == b""
        assert await soracom.sims.delete_tag("1", "name") is None


async def test_a_transport_that_read_the_body_itself():
    """Its raw bytes are decoded here, if it still has them: httpx itself stops at the first member."""

    class Reading(httpx.AsyncBaseTransport):
        """Reads the body as a cache would, from bytes or from a stream."""

        def __init__(self, stream: httpx.AsyncByteStream | None) -> None:
            self.stream = stream

        async def handle_async_request(self, request):
            if self.stream is None:
                body = members(*HALVES)
                return httpx.Response(200, headers={"content-encoding": "gzip"}, content=body)
            response = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=self.stream)
            await response.aread()
            return response

    class One(httpx.AsyncByteStream):
        async def __aiter__(self):
            yield members(BOTH)

    for stream in (None, One()):
        async with in_process(Reading(stream)) as soracom:
            assert (await soracom.sims.get("1")).status == "active"
            assert await answer_of(soracom, "https://storage.test/a") == BOTH


# The bound


BOMB = gzip.compress(gzip.compress(bytes(16 << 20)))
"""A few hundred bytes that are 16 MB."""

LARGE = 1 << 18


@every_way
async def test_a_body_that_becomes_too_large(way, jumping_clock, tmp_path):
    """JSON, files and errors: it is refused before it is large, and not asked for again; the session goes on."""
    bomb = gzip.compress(bytes(16 << 20))
    bad = [
        reply(bomb, headers={"content-encoding": "gzip"}),
        reply(BOMB, headers={"content-encoding": "gzip, gzip"}),
        reply(b"x" * (LARGE + 1)),
        reply(b"%x\r\n%b\r\n0\r\n\r\n" % (LARGE + 1, b"x" * (LARGE + 1)), headers={"transfer-encoding": "chunked"}),
        reply(bomb, 500, {"content-encoding": "gzip"}),
        reply(members(*[b""] * 30_000), headers={"content-encoding": "gzip"}),
        reply(b"x" * (LARGE + 1), 404),
    ]
    answers = [*bad, reply(SIM)]
    async with serving(answering(*answers)) as server, serving(storage(bad[0])) as host:
        async with over(way, server.url, clock=jumping_clock, max_response_size=LARGE) as soracom:
            tracemalloc.start()
            for _ in bad:
                with pytest.raises(TransportError, match=f"max_response_size={LARGE} bytes: raise that") as caught:
                    await soracom.sims.get("1")
                assert caught.value.sent
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
            tracemalloc.stop()
            assert len(server.requests) == len(bad)
            assert (await soracom.sims.get("1")).sim_id == "1"
            assert (await soracom.with_options(max_response_size=50).sims.get("1")).sim_id == "1"
            with pytest.raises(TransportError, match="max_response_size=5 bytes"):
                await soracom.with_options(max_response_size=5).sims.get("1")
            assert await soracom.download(f"{host.url}/a", to=tmp_path / "a") == 16 << 20
    assert jumping_clock.slept == []
    gc.collect()


@every_way
async def test_a_stream_has_no_bound_but_its_error_has(way):
    """A stream of the API may be as long as it likes; an error in its place is read whole. So is a file as bytes."""
    whole = reply(b"x" * 5000)
    async with serving(storage(whole)) as host:
        leading = reply(None, 302, {"location": f"{host.url}/a"})
        async with serving(answering(whole, reply(b"x" * 5000, 400), leading)) as server:
            async with over(way, server.url, max_response_size=1000) as soracom:
                async with soracom.stream("getSim", sim_id="1") as answer:
                    assert len(await answer.read()) == 5000
                with pytest.raises(TransportError, match="max_response_size=1000 bytes"):
                    async with soracom.stream("getSim", sim_id="1"):
                        pytest.fail("there is nothing to read")
                with pytest.raises(TransportError, match="max_response_size=1000 bytes"):
                    await soracom.files.get("private", "a")
    gc.collect()


@every_way
async def test_a_body_that_goes_on_for_ever_and_becomes_nothing(way, tmp_path):
    """The time-out of a chunk ends it, though there is always something to read."""

    async def handle(request: Received, connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\n\r\n")
        while True:
            await connection.send(members(*[b""] * 100))

    async with serving(handle) as host, serving(answering(reply(None, 302, {"location": f"{host.url}/a"}))) as server:
        async with over(way, server.url, timeout=0.2, max_retries=0) as soracom:
            with anyio.fail_after(5):
                with pytest.raises(RequestTimeout, match="nothing more of the answer within 0.2 s"):
                    await soracom.download(f"{host.url}/a", to=tmp_path / "a")
                with pytest.raises(RequestTimeout, match="nothing more of the answer within 0.2 s"):
                    await soracom.files.get("private", "a")
    gc.collect()


async def test_a_file_of_unknown_length_that_is_too_large():
    """One that comes in chunks is refused as soon as it is."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (5000, b"x" * 5000)
    async with serving(storage(reply(body, headers={"transfer-encoding": "chunked"}))) as host:
        async with serving(answering(reply(None, 302, {"location": f"{host.url}/a"}))) as server:
            async with over("own", server.url, max_response_size=1000) as soracom:
                with pytest.raises(TransportError, match="max_response_size=1000 bytes"):
                    await soracom.files.get("private", "a")


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "64M"])
def test_a_bound_that_is_none(size):
    """It is a whole number of bytes."""
    with pytest.raises(ConfigurationError, match="max_response_size=.* must be 1 byte or more"):
        Soracom(AuthKey("keyId-1", "secret-1"), max_response_size=size)


async def test_a_transport_that_read_too_much():
    """What a transport in process read by itself is bounded as well."""
    async with in_process(Script({"simId": "1" * 5000}), max_response_size=1000) as soracom:
        with pytest.raises(TransportError, match="max_response_size=1000 bytes"):
            await soracom.sims.get("1")


# The decoder alone


def decoded(encoding: str, chunks: list[bytes], *, stored: bool = False) -> bytes:
    decoder = Decoder(codings({"content-encoding": encoding}), stored=stored)
    pieces = [piece for chunk in chunks for piece in decoder.feed(chunk)] + list(decoder.end())
    assert all(0 < len(piece) <= (8 * PIECE if encoding == "br" else PIECE) for piece in pieces)
    return b"".join(pieces)


@given(parts=st.lists(st.binary(max_size=200), min_size=1), size=st.integers(1, 50), seed=st.integers(0, 9))
def test_however_a_body_is_cut_into_chunks(parts, size, seed):
    """One byte at a time, or all at once: the content is the same, and a missing last byte is noticed."""
    whole = b"".join(parts)
    bodies = {
        "gzip": members(*parts),
        "deflate": raw_deflate(whole) if seed % 2 else zlib.compress(whole),
        "deflate, gzip": members(zlib.compress(whole)),
    }
    for encoding, body in bodies.items():
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        assert decoded(encoding, chunks) == whole
        with pytest.raises(BadBody):
            decoded(encoding, [*chunks[:-1], chunks[-1][:-1]])


def test_a_large_body_comes_in_pieces():
    """No piece is larger than what is decoded at once, whatever is pending where one ends."""
    noise = random.Random(1).randbytes(PIECE)
    for content in (bytes(3 * PIECE), noise * 2 + bytes(PIECE), b"ab" * PIECE):
        assert decoded("gzip", [gzip.compress(content)]) == content
        assert decoded("gzip", [gzip.compress(content), gzip.compress(content)]) == content * 2
        assert decoded("gzip, gzip", [gzip.compress(gzip.compress(content))]) == content
        for name in ("br", "zstd"):
            with_extra = packed(name, content)
            assert len(decoded(name, [with_extra])) == len(content)
    assert decoded("deflate", [b"\x03", b"\x00"]) == b""


@pytest.mark.parametrize(
    "text", [b"a", b"ab", b"abc", b"simId,status\n", b"Hello, world", "日本語".encode(), bytes(99)]
)
def test_plain_bytes_of_any_kind(text):
    """Whatever they begin with, they come as they are, if a storage host has them."""
    assert decoded("gzip", [text], stored=True) == text
    assert decoded("zstd", [text[:1], text[1:], b"", text * 9, b""], stored=True) == text * 10
    with pytest.raises(BadBody):
        decoded("gzip", [text])


def test_a_frame_that_may_be_skipped():
    """zstd allows frames without content before the others."""
    body = packed("zstd", BOTH)
    assert decoded("zstd", [b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + body]) == BOTH
