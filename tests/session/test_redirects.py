"""Redirects to other hosts, and what is followed: `soracom_async._session.redirects`."""

from __future__ import annotations

import contextlib
import logging

import anyio
import anyio.lowlevel
import httpx
import pytest
from bodies import CONTENT, WHOLE, answer_of, in_process, leading_to, leads, over, storage
from clock import settle, until
from leaks import canary, report_of, sings
from servers import Connection, Received, Script, answering, serving

from soracom_async import (
    APIError,
    ConfigurationError,
    DecodeError,
    Forbidden,
    NotFound,
    ServerError,
    Soracom,
    TransportError,
)

pytestmark = pytest.mark.anyio


def at(hosts: dict[str, httpx.Response], asked: list[str], **settings) -> Soracom:
    """Open a session in a world of several hosts; what is asked of them is noted."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host in ("api.test", "soracom.test") or not any(
            name.startswith("x-soracom") for name in request.headers
        )
        asked.append(str(request.url))
        return hosts[str(request.url).partition("?")[0]]

    return in_process(Script(answer), **{"endpoint": "https://api.test", **settings})


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


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_that_is_closed_for_long(status, jumping_clock):
    """The error comes at once and says for how long the host asked to wait, as one of the API does."""
    asked: list[str] = []
    busy = httpx.Response(status, headers={"retry-after": "3600"})
    hosts = {FILE: leads("https://one.test/a"), "https://one.test/a": busy}
    async with at(hosts, asked, clock=jumping_clock) as soracom:
        for call in (soracom.files.get("private", "a"), soracom.download("https://one.test/a", to="x")):
            with pytest.raises(APIError) as caught:
                await call
            assert (caught.value.status, caught.value.retry_after) == (status, 3600.0)
    assert jumping_clock.slept == []
    assert len(asked) == 3


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
        http = soracom._session._sender._transports.to(one.url)
        (line,) = http._idle[one.url]
        end.set()
        await until(line.has_expired)
        await answer_of(soracom, f"{two.url}/a")
        assert http._idle[one.url] == []
        assert line._connection.is_closed()
