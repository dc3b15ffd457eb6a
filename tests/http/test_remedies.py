"""Failures that no repetition mends fail at once and say what to do: `soracom_async._http.remedies`."""

from __future__ import annotations

import datetime
import gc
import logging
import ssl

import httpcore
import httpx
import pytest
import trustme
from bodies import every_way, gone, in_process, over
from servers import SIM, Connection, Received, Script, answering, opened, reply, serving

from soracom_async import TransportError
from soracom_async._http.connections import ERRORS as HTTPCORE_ERRORS
from soracom_async._http.httpx_transport import ERRORS as HTTPX_ERRORS

pytestmark = pytest.mark.anyio

EXPIRED = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def quiet():
    """Keep anyio's listener from logging the handshakes that the client breaks off, as it must."""
    logger = logging.getLogger("anyio.streams.tls")
    logger.disabled = True
    yield
    logger.disabled = False


CERTIFICATES = {
    "of nobody known": ("127.0.0.1", None, False, "set SSL_CERT_FILE to a file of the certificates to trust"),
    "of another host": ("other.test", None, True, "check the endpoint: the certificate is for another host"),
    "expired": ("127.0.0.1", EXPIRED, True, "check the clock of this machine, and the certificate of the host"),
}


@pytest.mark.filterwarnings("ignore:Exception in callback:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("quiet")
@every_way
@pytest.mark.parametrize("what", CERTIFICATES)
async def test_a_certificate_that_does_not_hold_is_refused_once(
    way, what, authority, tmp_path, monkeypatch, jumping_clock
):
    """Whatever is wrong with it, a read is not repeated, nothing was sent, and the error says what to do."""
    name, expiry, trusted, advice = CERTIFICATES[what]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name, not_after=expiry).configure_cert(context)
    if trusted:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with serving(answering(reply(SIM)), tls=context) as server:
        async with over(way, server.url, clock=jumping_clock) as soracom:
            for call in (soracom.sims.get("1"), soracom.download(f"{server.url}/a", to=tmp_path / "a")):
                with pytest.raises(TransportError, match=advice) as caught:
                    await call
                assert not caught.value.sent
        assert server.requests == []
    assert jumping_clock.slept == []
    gc.collect()


@every_way
async def test_a_port_without_tls_is_asked_once(way, jumping_clock):
    """An address of https whose port speaks plain HTTP: nothing is repeated."""

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await connection.end()

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with over(way, server.url.replace("http:", "https:"), clock=jumping_clock) as soracom:
            with pytest.raises(TransportError, match="check the scheme and the port of the endpoint"):
                await soracom.sims.get("1")
        assert server.accepted == 1
    gc.collect()


@every_way
async def test_a_host_that_wants_a_certificate_of_ours_is_asked_once(
    way, authority, tmp_path, monkeypatch, jumping_clock
):
    """In TLS 1.3 that shows only when the answer is read."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def accept(connection: Connection) -> None:
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        server_side = context.wrap_bio(received, to_send, server_side=True)
        with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
            while True:
                try:
                    server_side.do_handshake()
                except ssl.SSLWantReadError:
                    await connection.send(to_send.read())
                    received.write(await connection.stream.receive())
        await connection.send(to_send.read())  # the alert
        await gone(connection)

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with over(way, server.url.replace("http:", "https:"), clock=jumping_clock) as soracom:
            with pytest.raises(TransportError, match="wants a certificate of the client's") as caught:
                await soracom.sims.get("1")
    assert caught.value.attempts == 1
    gc.collect()


@pytest.mark.parametrize(("scheme", "status"), [("https", 403), ("https", 407), ("https", 501), ("http", 407)])
@pytest.mark.parametrize(("anyio_backend", "way"), [("asyncio", None), ("trio", None), ("asyncio", "aiohttp")])
async def test_a_proxy_that_refuses_is_asked_once(way, scheme, status, monkeypatch, jumping_clock):
    """Its 407, or any other status for good, in answer to CONNECT; and its 407 to a request that it should pass on."""

    async def refuse(request: Received, connection: Connection) -> None:
        await connection.send(reply(b"no", status, {"proxy-authenticate": "Basic"}))

    async with serving(refuse) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        url = f"{scheme}://10.0.0.1"
        async with over(way, url, clock=jumping_clock) as soracom:
            advice = "https_proxy=http://USER:PASSWORD@HOST" if status == 407 else "name the host in NO_PROXY"
            with pytest.raises(TransportError, match=f"{status}.*{advice}") as caught:
                await soracom.sims.get("1")
            assert not caught.value.sent
            with pytest.raises(TransportError, match=advice):
                async with soracom.stream(f"{url}/a"):
                    pytest.fail("there is nothing to read")
        assert [request.method for request in proxy.requests] == ["CONNECT" if scheme == "https" else "GET"] * 2
    assert jumping_clock.slept == []
    gc.collect()


async def test_a_proxy_without_time_is_asked_again(monkeypatch, jumping_clock):
    """A status of a proxy that may pass is repeated, also for what acts: nothing was sent."""

    async def refuse(request: Received, connection: Connection) -> None:
        await connection.send(reply(b"no", 503))

    async with serving(refuse) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        async with over("own", "https://api.test", clock=jumping_clock, max_retries=2) as soracom:
            with pytest.raises(TransportError, match="503"):
                await soracom.sims.send_sms("1", payload="x")
        assert len(proxy.requests) == 3
    gc.collect()


async def test_a_transport_that_knows_no_such_scheme_is_asked_once(jumping_clock):
    """A transport of the caller's that takes other addresses only says so once."""
    transport = Script(httpx.UnsupportedProtocol("Request URL has an unsupported protocol 'http://'."))
    async with in_process(transport, clock=jumping_clock) as soracom:
        with pytest.raises(TransportError, match="unsupported protocol.*use an address of http or https") as caught:
            await soracom.sims.get("1")
    assert not caught.value.sent
    assert len(transport.requests) == 1


async def test_a_login_that_cannot_succeed_is_tried_once(jumping_clock):
    """The login is a call like any other."""
    transport = Script(SIM, login=httpx.ProxyError("407 Proxy Authentication Required"))
    async with opened(transport, clock=jumping_clock) as soracom:
        with pytest.raises(TransportError, match="PASSWORD@HOST"):
            await soracom.sims.get("1")
    assert len(transport.logins) == 1


@pytest.mark.parametrize("errors", [HTTPCORE_ERRORS, HTTPX_ERRORS])
@pytest.mark.parametrize(
    ("text", "permanent"),
    [
        ("407 Proxy Authentication Required", True),
        ("403 Forbidden", True),
        ("405", True),
        ("502 Bad Gateway", False),
        ("429 Too Many Requests", False),
        ("Invalid username/password", True),
        ("Requested NO AUTHENTICATION REQUIRED from proxy server, but got NO ACCEPTABLE METHODS.", True),
        ("Proxy Server could not connect: Connection not allowed by ruleset.", True),
        ("Proxy Server could not connect: Host unreachable.", False),
        ("", False),
    ],
)
def test_what_a_proxy_says(errors, text, permanent):
    """A refusal is for good, a host that the proxy does not reach is not; nothing was sent in any case."""
    library = httpcore if errors is HTTPCORE_ERRORS else httpx
    outcome = errors.failure(library.ProxyError(text), sent=True)
    assert (outcome.permanent, outcome.sent) == (permanent, False)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "SSL_CERT_FILE"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "scheme and the port"),
        ("[SSL: RECORD_LAYER_FAILURE] record layer failure (_ssl.c:1000)", "scheme and the port"),
        ("[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name (_ssl.c:1006)", "check the endpoint"),
        ("[SSL: TLSV1_ALERT_ACCESS_DENIED] tlsv1 alert access denied (_ssl.c:1006)", "check the endpoint"),
        ("[SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error (_ssl.c:1006)", None),
        ("[SSL: INTERNAL_ERROR] internal error", None),
        ("[Errno 111] Connection refused", None),
    ],
)
def test_a_cause_that_is_told_in_words_alone(text, advice):
    """A transport of the caller's may not keep the exception of TLS itself."""
    outcome = HTTPX_ERRORS.failure(httpx.ConnectError(text), sent=True)
    assert outcome.permanent is (advice is not None)
    assert advice is None or advice in outcome.reason


def test_a_circle_of_causes_ends():
    """An exception that is its own cause does not hold the search for a cause up."""
    error, cause = httpx.ConnectError("x"), ValueError("y")
    error.__cause__, cause.__cause__ = cause, error
    assert not HTTPX_ERRORS.failure(error, sent=True).permanent


def test_a_broken_handshake_may_pass():
    """An error of TLS that says nothing of certificates or versions is no reason to give up."""
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLError(1, "[SSL: INTERNAL_ERROR] internal error")
    assert not HTTPX_ERRORS.failure(error, sent=True).permanent
