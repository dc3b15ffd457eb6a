"""Which hosts may be asked in plain http: `soracom_async._http.hosts`, `soracom_async._http.pool`."""

from __future__ import annotations

import httpx
import pytest
from bodies import leading_to, over, storage
from servers import SIM, Script, answering, opened, serving

from soracom_async import AuthKey, ConfigurationError, Soracom

pytestmark = pytest.mark.anyio

KEY = AuthKey("keyId-1", "secret-1")

LOCAL = [
    "localhost",
    "emulator.localhost:8089",
    "127.0.0.1",
    "127.9.9.9:1",
    "127.1",
    "0.0.0.0:8000",
    "[::1]:8089",
    "[::]",
    "[::ffff:127.0.0.1]",
    "emulator",
    "soracom_emulator:8089",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1:8080",
    "169.254.1.1",
    "[fd00::1]",
    "[fe80::1]",
    "[::ffff:10.0.0.1]",
]

PUBLIC = [
    "g.api.soracom.io",
    "api.soracom.io:443",
    "localhost.example.com",
    "emulator.internal",
    "8.8.8.8",
    "134744072",
    "0x08080808",
    "010.0.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.2.1",
    "203.0.113.7",
    "198.18.0.1",
    "100.64.0.1",
    "[2001:db8::1]",
    "[2606:4700::1]",
    "[::ffff:8.8.8.8]",
]


@pytest.mark.parametrize("host", LOCAL)
def test_plain_http_to_a_host_of_ones_own(host):
    """This machine, a container, a private network: nothing leaves the house."""
    assert repr(Soracom(KEY, endpoint=f"http://{host}")) == f"Soracom(endpoint='http://{host}')"
    assert Soracom(KEY, endpoint=f"http://{host}", transport="aiohttp").with_options(endpoint=f"http://{host}/v1")


@pytest.mark.parametrize("host", PUBLIC)
def test_plain_http_to_any_other_host(host, monkeypatch):
    """It is refused however the address is given, unless `insecure=True`; https never is."""
    url = f"http://{host}"
    message = "is plain http: everybody on the way could read keys and tokens. Use https, or pass insecure=True"
    with pytest.raises(ConfigurationError, match=message):
        Soracom(KEY, endpoint=url)
    with pytest.raises(ConfigurationError, match=message):
        Soracom(KEY, endpoint=url, transport="aiohttp")
    with pytest.raises(ConfigurationError, match=message):
        Soracom(KEY).with_options(endpoint=url)
    assert repr(Soracom(KEY, endpoint=url, insecure=True)) == f"Soracom(endpoint='{url}')"
    assert Soracom(KEY, insecure=True).with_options(endpoint=url)
    assert Soracom(KEY, endpoint=f"https://{host}")
    monkeypatch.setenv("SORACOM_ENDPOINT", url)
    with pytest.raises(ConfigurationError, match=message):
        Soracom(KEY)
    with pytest.raises(ConfigurationError, match=message):
        Soracom(KEY, endpoint="https://api.test").with_options(coverage="g")
    monkeypatch.setenv("SORACOM_AUTH_KEY_ID", "keyId-1")
    monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-1")
    with pytest.raises(ConfigurationError, match=message):
        Soracom.from_env()
    assert Soracom.from_env(insecure=True)


def test_a_profile_that_names_plain_http(monkeypatch, tmp_path):
    """The endpoint of a profile is no better than any."""
    (tmp_path / "default.json").write_text(
        '{"authKeyId": "keyId-1", "authKey": "secret-1", "endpoint": "http://api.example.com"}'
    )
    (tmp_path / "default.json").chmod(0o600)
    monkeypatch.setenv("SORACOM_PROFILE_DIR", str(tmp_path))
    for open_ in (Soracom, Soracom.from_profile):
        with pytest.raises(ConfigurationError, match="insecure=True"):
            open_()
        assert open_(insecure=True)


async def test_a_transport_of_the_callers_own_is_not_questioned():
    """It may encrypt by itself."""
    async with opened(Script(SIM)) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"
        assert (await soracom.with_options(endpoint="http://other.test").sims.get("1")).sim_id == "1"
    assert Soracom(KEY, endpoint="http://soracom.test", transport=httpx.AsyncHTTPTransport())


async def test_a_redirect_to_plain_http_leaves_no_house():
    """From the emulator, which is plain http itself, nobody is led to a public host in the clear."""
    async with serving(answering(leading_to("http://storage.example.com/a?signature=1"))) as server:
        async with over("own", server.url) as soracom:
            with pytest.raises(ConfigurationError, match="http://storage.example.com is plain http"):
                await soracom.files.get("private", "a")
            with pytest.raises(ConfigurationError, match="http://storage.example.com is plain http"):
                async with soracom.stream("http://storage.example.com/a"):
                    pytest.fail("there is nothing to read")
            assert soracom._session._sender.gate.value == 100


async def test_a_redirect_within_the_house():
    """A storage host on this machine is asked as before."""
    async with serving(storage(b"HTTP/1.1 200 X\r\ncontent-length: 1\r\n\r\na")) as host:
        async with serving(answering(leading_to(f"{host.url}/a"))) as server, over("own", server.url) as soracom:
            assert await soracom.files.get("private", "a") == b"a"
