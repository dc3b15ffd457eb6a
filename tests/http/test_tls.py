"""TLS and its certificates: `soracom_async._http.tls`."""

from __future__ import annotations

import gc
import ssl

import anyio
import anyio.lowlevel
import pytest
import trustme
from clock import until
from servers import (
    SIM,
    Connection,
    answering,
    opened,
    reply,
    serving,
)

from soracom_async import (
    ConfigurationError,
    RequestTimeout,
    TransportError,
)
from soracom_async._http.tls import tls

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def server_side(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


async def test_tls_by_the_certificates_of_the_environment(trusted, server_side):
    """SSL_CERT_FILE is obeyed; the connection is kept, though tickets of TLS 1.3 come behind the handshake."""
    async with serving(answering(reply(SIM)), tls=server_side) as server:
        async with opened(server.url) as soracom:
            for _ in range(5):
                assert (await soracom.sims.get("1")).sim_id == "1"
        assert server.scheme == "https"
        assert server.accepted == 1


@pytest.mark.filterwarnings("ignore:Exception in callback:pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_nobody_vouches_for_is_refused(server_side):
    """Without the authority no request is sent: TransportError with sent=False that names the certificate."""
    with suppressed_handshakes():
        async with (
            serving(answering(reply(SIM)), tls=server_side) as server,
            opened(server.url, max_retries=0) as soracom,
        ):
            with pytest.raises(TransportError, match="certificate verify failed") as caught:
                await soracom.sims.get("1")
            assert not caught.value.sent
            assert server.requests == []


def suppressed_handshakes():
    """Keep anyio's listener from logging the handshake that the client broke off, as it must."""
    import contextlib
    import logging

    @contextlib.contextmanager
    def quiet():
        logger = logging.getLogger("anyio.streams.tls")
        logger.disabled = True
        try:
            yield
        finally:
            logger.disabled = False

    return quiet()


async def test_a_service_that_speaks_no_tls_is_not_reached():
    """https to a plain port ends in TransportError with sent=False, and the socket is closed."""

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await connection.end()

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with opened(server.url.replace("http:", "https:"), max_retries=0) as soracom:
            with pytest.raises(TransportError) as caught:
                await soracom.sims.get("1")
        assert not caught.value.sent
    gc.collect()


async def test_a_handshake_that_never_ends_is_cut_off():
    """A time-out within the TLS handshake: RequestTimeout with sent=False, and the socket is closed."""
    begun = anyio.Event()

    async def accept(connection: Connection) -> None:
        await connection.stream.receive()
        begun.set()
        await connection.stream.receive()  # until the client gives up

    async with serving(answering(reply(SIM)), accept=accept) as server:
        async with opened(server.url.replace("http:", "https:"), max_retries=0, timeout=1) as soracom:
            with pytest.raises(RequestTimeout) as caught:
                await soracom.sims.get("1")
            assert begun.is_set()
            assert not caught.value.sent
            await until(lambda: not server.open)
    gc.collect()


def test_one_context_is_shared(trusted, monkeypatch):
    """Every session uses the same TLS context, as long as the environment names the same certificates."""
    first = tls()
    assert tls() is first
    monkeypatch.delenv("SSL_CERT_FILE")
    assert tls() is not first
    assert tls() is tls()
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    """As a shell leaves it: the usual certificates are trusted."""
    usual = tls()
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setenv("SSL_CERT_DIR", "")
    assert tls() is usual


def test_a_missing_certificate_file_is_a_clear_error(monkeypatch, tmp_path):
    """SSL_CERT_FILE that names no file: ConfigurationError that names the variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        tls()
