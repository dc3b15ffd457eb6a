"""Downloads, from the API and from the host that it names: `soracom_async.files.downloads`."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from bodies import (
    CONTENT,
    WHOLE,
    Custom,
    answer_of,
    chunked,
    every_way,
    gone,
    in_flight,
    in_process,
    leading_to,
    over,
    storage,
)
from clock import settle, until
from leaks import canary, report_of, sings
from servers import Connection, Received, answering, reply, serving

from soracom_async import (
    ApiToken,
    ConfigurationError,
    RequestTimeout,
    Soracom,
    TransportError,
)

pytestmark = pytest.mark.anyio


# Downloads: the API leads to a storage host


@every_way
async def test_a_file_comes_from_the_host_that_the_api_names(way, tmp_path):
    """As bytes, chunk by chunk and into a file; not one header of ours but the program's name goes there."""
    async with serving(storage(reply(CONTENT, headers={"content-type": "image/png"}))) as host:
        async with serving(answering(leading_to(f"{host.url}/bucket/file?signature=1"))) as server:
            async with over(way, server.url) as soracom:
                assert await soracom.files.get("private", "/a//b c/") == CONTENT
                assert await soracom.call("getFile", scope="private", path="a/b c") == CONTENT
                async with soracom.stream("getFile", scope="private", path="a/b c") as answer:
                    assert (answer.status, answer.content_type) == (200, "image/png")
                    assert (answer.length, answer.headers["content-length"]) == (256_000, "256000")
                    assert b"".join([chunk async for chunk in answer]) == CONTENT
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


BROKEN = {
    "too short": [WHOLE[:-1000], Connection.end],
    "reset": [WHOLE[:-1000], Connection.reset],
    "a chunk cut short": [reply(chunked(CONTENT)[:-100], headers={"transfer-encoding": "chunked"}), Connection.end],
    "a chunk that is none": [reply(b"5\r\nhello\r\nxyz\r\n", headers={"transfer-encoding": "chunked"}), Connection.end],
    "a gzip cut short": [reply(gzip.compress(CONTENT)[:-9], headers={"content-encoding": "gzip"})],
    "garbage behind a gzip": [reply(gzip.compress(CONTENT) + b"garbage", headers={"content-encoding": "gzip"})],
    "a gzip that is damaged": [reply(gzip.compress(CONTENT)[:20] + b"?" * 99, headers={"content-encoding": "gzip"})],
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


@every_way
async def test_a_download_that_stalls(way, tmp_path):
    """No chunk within the time-out: RequestTimeout, no file, and the connection is closed."""

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
    """It starts again with each chunk, for a stream and for a file as bytes."""
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


@every_way
async def test_several_tasks_read_one_download(way):
    """Each chunk goes to exactly one of them."""
    async with serving(storage(reply(chunked(CONTENT), headers={"transfer-encoding": "chunked"}))) as host:
        chunks: list[bytes] = []

        async def work(answer) -> None:
            async for chunk in answer:
                chunks.append(chunk)
                await anyio.lowlevel.checkpoint()

        async with over(way, host.url) as soracom, soracom.stream(f"{host.url}/a") as answer:
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(work, answer)
    assert b"".join(chunks) == CONTENT


@every_way
async def test_two_tasks_that_enter_one_stream(way):
    """One has it, and the other is told so. What was given up before it was open may be opened again."""
    seen = []
    async with serving(storage(WHOLE)) as host, over(way, host.url) as soracom:
        stream = soracom.stream(f"{host.url}/a")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.open()

        async def read():
            try:
                async with stream as answer:
                    seen.append(await answer.read() == CONTENT)
            except ConfigurationError as error:
                seen.append("opened before" in str(error))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            tasks.start_soon(read)
        assert seen == [True, True]
        assert len(host.requests) == 1


@every_way
async def test_without_async_with(way):
    """A proxy opens an answer in one place and closes it in another."""
    async with serving(storage(WHOLE)) as host, over(way, host.url) as soracom:
        stream = soracom.stream(f"{host.url}/a")
        answer = await stream.open()
        assert answer.length == len(CONTENT)
        assert await answer.read() == CONTENT
        await answer.aclose()
        await answer.aclose()
        with pytest.raises(ConfigurationError, match="the answer is closed"):
            await anext(answer)
        with pytest.raises(ConfigurationError, match="opened before: call 'stream' again"):
            await stream.open()
        async with await soracom.stream(f"{host.url}/a").open() as answer:
            await anext(answer)
        with pytest.raises(ConfigurationError, match="the answer is closed"):
            await anext(answer)


# What is left early


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
        assert soracom._session._sender.gate.value == 100
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
            assert soracom._session._sender.gate.value == 100
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
        assert soracom._session._sender.gate.value == 100
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
        def close(self):
            if not self.closed:
                super().close()
                raise OSError(errno.ENOSPC, "no space left")

    def open_(path, mode):
        Path(path).touch()
        return Full()

    monkeypatch.setattr("soracom_async.files.replacing.open", open_, raising=False)
    async with serving(storage(WHOLE)) as host, over("own", host.url) as soracom:
        with pytest.raises(OSError, match="no space left"):
            await soracom.download(f"{host.url}/a", to=tmp_path / "file")
        assert list(tmp_path.iterdir()) == []
