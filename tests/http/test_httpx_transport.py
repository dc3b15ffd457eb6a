"""Transports of httpx and aiohttp: `soracom_async._http.httpx_transport`."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import httpx
import pytest
from extras import needs
from hypothesis import given
from hypothesis import strategies as st
from ports import unused_port
from servers import (
    LOGIN,
    SIM,
    Connection,
    Received,
    Script,
    logged_in,
    opened,
    reply,
    serving,
)

from soracom_async import (
    APIError,
    RequestTimeout,
    TransportError,
)

pytestmark = pytest.mark.anyio


# Other transports


needs_aiohttp = needs("httpx_aiohttp")


@needs_aiohttp
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


@needs_aiohttp
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


@needs_aiohttp
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_aiohttp_refused(jumping_clock):
    """A refused connection was not sent, and is no time-out, through aiohttp as well."""
    from httpx_aiohttp import AiohttpTransport

    url = f"http://127.0.0.1:{unused_port()}"
    async with with_transport(url, AiohttpTransport(), max_retries=0) as soracom:
        with pytest.raises(TransportError) as caught:
            await soracom.sims.send_sms("1", payload="x")
    assert not caught.value.sent
    assert not isinstance(caught.value, RequestTimeout)


def with_transport(url, transport, **settings):
    from soracom_async import AuthKey, Soracom

    return Soracom(AuthKey("keyId-1", "secret-1"), endpoint=url, transport=transport, **settings)


async def test_a_url_that_is_longer_than_httpx_takes_is_not_sent():
    """Its error is the library's own, and is not repeated: no repetition makes the URL shorter."""
    async with opened(transport := Script(SIM)) as soracom:
        with pytest.raises(TransportError, match="getSim .* URL component 'path' too long") as caught:
            await soracom.sims.get("1" * 70_000)
        assert not caught.value.sent
        assert transport.requests == []


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


# The table of errors


async def test_a_transport_that_breaks_is_not_hidden():
    """An error of the caller's transport that is not httpx's reaches the caller as it is, and the session goes on."""
    broken = KeyError("bug")
    async with opened(Script(broken, SIM)) as soracom:
        with pytest.raises(KeyError) as caught:
            await soracom.sims.get("1")
        assert caught.value is broken
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert soracom._session._sender.gate.value == 100
