"""Proxies of the environment: `soracom_async._http.pool`."""

from __future__ import annotations

import gc

import anyio
import anyio.lowlevel
import pytest
from clock import settle
from extras import missing, needs
from ports import unused_port
from servers import (
    LOGIN,
    SIM,
    Connection,
    Received,
    answering,
    opened,
    reply,
    serving,
)

from soracom_async import (
    ConfigurationError,
)
from soracom_async._http.pool import http_for
from soracom_async._http.proxies import proxy_of

pytestmark = pytest.mark.anyio


async def proxied(request: Received, connection: Connection) -> None:
    """Answer as a proxy: everything asked of it is an absolute address."""
    assert request.target.startswith("http://soracom.test/v1/")
    await connection.send(reply(LOGIN if request.target.endswith("/auth") else SIM))


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
async def test_the_proxy_of_the_environment_is_used(monkeypatch, variable):
    """Requests go to the proxy, in absolute form, also where it is named without scheme."""
    async with serving(proxied) as server:
        monkeypatch.setenv(variable, f"{server.host}:{server.port}")
        async with opened_at("http://soracom.test") as soracom:
            assert (await soracom.sims.get("1")).sim_id == "1"
        assert [r.target for r in server.requests] == [
            "http://soracom.test/v1/auth",
            "http://soracom.test/v1/sims/1",
        ]


async def test_the_proxy_survives_mass_cancellation(monkeypatch):
    """Through a proxy, too, calls cancelled in their hundreds lose no slot of the pool."""
    async with serving(proxied) as server:
        monkeypatch.setenv("http_proxy", server.url)
        async with opened_at("http://soracom.test", max_connections=4) as soracom:
            await soracom.sims.get("1")
            for round_ in range(40):
                async with anyio.create_task_group() as group:
                    for _ in range(20):
                        group.start_soon(soracom.sims.get, "1")
                        group.start_soon(fresh_login, soracom)
                    await settle(round_ % 12)
                    group.cancel_scope.cancel()
            async with anyio.create_task_group() as group:
                for _ in range(200):
                    group.start_soon(soracom.sims.get, "1")
        assert len(server.requests) >= 200
    gc.collect()


async def fresh_login(soracom) -> None:
    """Call an operation that passes no gate."""
    await soracom.call("auth", auth_key_id="keyId-1", auth_key="x")


def opened_at(url, **settings):
    return opened(url, insecure=True, **settings)


async def test_loopback_goes_through_no_proxy(monkeypatch):
    """An emulator on the same machine is reached directly, whatever proxy the environment names."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    async with serving(answering(reply(SIM))) as server, opened(server.url) as soracom:
        await soracom.sims.get("1")
        assert server.requests[0].target == "/v1/auth"


def test_which_proxy_the_environment_names(monkeypatch):
    """By scheme, else for all; none without a variable, none for a host that is excepted."""
    assert proxy_of("https://g.api.soracom.io") is None
    monkeypatch.setenv("all_proxy", "http://every:1")
    assert proxy_of("https://g.api.soracom.io") == "http://every:1"
    monkeypatch.setenv("https_proxy", "secure:2")
    assert proxy_of("https://g.api.soracom.io") == "http://secure:2"
    assert proxy_of("http://g.api.soracom.io") == "http://every:1"
    for host in ("localhost:8089", "127.0.0.1", "127.1.2.3:80", "[::1]:8089"):
        assert proxy_of(f"http://{host}") is None
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_of("https://g.api.soracom.io") is None
    monkeypatch.setenv("NO_PROXY", "g.api.soracom.io:8443")
    assert proxy_of("https://g.api.soracom.io") == "http://secure:2"
    assert proxy_of("https://g.api.soracom.io:8443") is None
    monkeypatch.setenv("no_proxy", "g.api.soracom.io:443")
    assert proxy_of("https://g.api.soracom.io") is None
    monkeypatch.setenv("no_proxy", "example.com:80")
    assert proxy_of("http://example.com") is None
    assert proxy_of("https://example.com") == "http://secure:2"


EXCEPTED = {
    "*": ("a.test:1", "10.0.0.1:1", "[fd00::1]:1"),
    "a.test": ("a.test:1", "b.a.test:1", "A.Test:1"),
    ".a.test": ("a.test:1", "b.a.test:1", "c.b.a.test:1"),
    "a.test.": ("a.test:1",),
    "*.a.test": ("b.a.test:1", "c.b.a.test:1"),
    "A.TEST:8443": ("a.test:8443", "b.a.test:8443"),
    ".a.test:8443": ("b.a.test:8443",),
    "x.test , a.test": ("a.test:1",),
    "x.test a.test": ("a.test:1",),
    "x.test,\t*": ("a.test:1",),
    "10.0.0.0/8": ("10.0.0.1:1", "10.255.255.255:1", "[::ffff:10.1.2.3]:1"),
    "10.1.2.3/8": ("10.0.0.1:1",),
    "10.0.0.1": ("10.0.0.1:1",),
    "10.0.0.1:8443": ("10.0.0.1:8443",),
    "fd00::1": ("[fd00::1]:1", "[FD00:0::1]:1"),
    "[fd00::1]": ("[fd00::1]:1",),
    "[fd00::1]:8443": ("[fd00::1]:8443",),
    "fd00::/8": ("[fd00::1]:1",),
    "[fd00::]/8": ("[fd00::1]:1",),
    "[fd00::/8]": ("[fd00::1]:1",),
}
"""Hosts that each entry of NO_PROXY excepts."""

NOT_EXCEPTED = {
    "": ("a.test:1",),
    ",": ("a.test:1", "10.0.0.1:1"),
    ".": ("a.test:1",),
    "a.test": ("ba.test:1", "a.test.example:1", "test:1"),
    "*.a.test": ("a.test:1",),
    "a.test:8443": ("a.test:443", "a.test:18443"),
    "a.test:https": ("a.test:443",),
    "10.0.0.0/8": ("11.0.0.1:1", "a.test:1", "[fd00::1]:1"),
    "10.0.0.1:8443": ("10.0.0.1:443",),
    "0.0.1": ("10.0.0.1:1",),
    "10.0.0.0/99": ("10.0.0.1:1",),
    "[fd00::1]:8443": ("[fd00::1]:443",),
    "[fd00::1": ("[fd00::2]:1",),
    "fd00::1": ("[fd00::2]:1", "fd00:1"),
}
"""Hosts that each entry of NO_PROXY does not except."""


@pytest.mark.parametrize(
    ("names", "host", "excepted"),
    [
        (names, host, excepted)
        for table, excepted in ((EXCEPTED, True), (NOT_EXCEPTED, False))
        for names, hosts in table.items()
        for host in hosts
    ],
)
def test_what_no_proxy_excepts(monkeypatch, names, host, excepted):
    """Names, addresses and networks, with or without a port, as curl and Go have them."""
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", names)
    assert proxy_of(f"https://{host}") == (None if excepted else "http://proxy:1")


def test_the_settings_of_the_system(monkeypatch):
    """Where the system has a proxy of its own, and not the environment, it also says which hosts it is not for."""
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://system:1"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == "a.test")
    monkeypatch.setattr("sys.platform", "darwin")
    assert proxy_of("https://a.test") is None
    assert proxy_of("https://b.test") == "http://system:1"


async def test_each_endpoint_has_its_own_way(monkeypatch):
    """`with_options(endpoint=…)` asks the environment again: one goes by the proxy, the other is excepted."""
    async with serving(proxied) as proxy, serving(answering(reply(SIM))) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        for first, second in (("http://soracom.test", server.url), (server.url, "http://soracom.test")):
            async with opened_at(first) as soracom:
                await soracom.sims.get("1")
                await soracom.with_options(endpoint=second).sims.get("1")
        assert [r.target for r in server.requests] == ["/v1/sims/1", "/v1/auth", "/v1/sims/1"]
        assert len(proxy.requests) == 3


@pytest.mark.parametrize("choice", [None, "aiohttp"])
@pytest.mark.parametrize(
    "proxy",
    [
        "gopher://h:1",
        "gopher://user:hush@h:1",
        "http://h:port",
        "http://user:hush@h:99999",
        "h:0",
        "http://",
        "http://[",
        "a b:1",
        "http://user:hush/hush@h:1",
        "http://user:hush#hush@h:1",
        "http://user:hush?hush@h:1",
        "http://user:hush@[h:1",
        "http://user:hush@",
    ],
)
async def test_a_proxy_that_cannot_work_is_a_clear_error(monkeypatch, proxy, choice, anyio_backend_name):
    """One that nothing speaks or reaches is refused before anything is sent, not at each call; no secret is shown."""
    if choice and (anyio_backend_name == "trio" or missing("httpx_aiohttp")):
        pytest.skip("aiohttp is not there, or runs under asyncio only")
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ConfigurationError, match="the proxy that the environment names cannot be used: ") as caught:
        http_for("https://g.api.soracom.io", choice, 10)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@needs("httpx_aiohttp")
async def test_aiohttp_speaks_to_no_socks_proxy(monkeypatch):
    """It would take it for one of http, and fail at each call."""
    monkeypatch.setenv("https_proxy", "socks5://h:1")
    with pytest.raises(ConfigurationError, match="aiohttp"):
        http_for("https://g.api.soracom.io", "aiohttp", 10)
