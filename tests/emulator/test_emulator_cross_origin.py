"""Pages of other origins: what a browser asks for before and after it lets them call the emulator."""

from __future__ import annotations

import httpx
import pytest
from extras import needs
from plain import log_in, open_client, refused

from soracom_async.emulator import Emulator
from soracom_async.errors import ConfigurationError

pytestmark = pytest.mark.anyio

PAGE = "http://localhost:3000"
ASKED = {"origin": PAGE, "access-control-request-method": "PUT", "access-control-request-headers": "x-soracom-token,a"}
ALLOW, EXPOSE = "access-control-allow-origin", "access-control-expose-headers"


def made(clock, allow_origin):
    return Emulator(sims=3, clock=clock, allow_origin=allow_origin)


@pytest.mark.parametrize(
    ("allowed", "says"),
    [(PAGE, PAGE), (["HTTP://LocalHost:3000/", "https://b.example"], PAGE), ("*", "*"), ([PAGE, "*"], "*")],
)
async def test_a_preflight_request(clock, allowed, says):
    """It is answered for every path, costs no quota, and is no request of its own."""
    emulator = made(clock, allowed)
    emulator.fault("reset-before")
    async with open_client(emulator) as client:
        for path in ("/sims", "/sims/8942310022000000001/tags", "/auth", "/nowhere"):
            answer = await client.options(path, headers=ASKED)
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer.headers[ALLOW] == says
            assert {"GET", "PUT", "POST", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))
            assert answer.headers["access-control-allow-headers"] == "x-soracom-token,a"
            assert int(answer.headers["access-control-max-age"]) > 0
            assert answer.headers["vary"].startswith("Origin")
        plain = {name: value for name, value in ASKED.items() if not name.endswith("headers")}
        plain |= {"access-control-request-private-network": "true"}
        answer = await client.options("/sims", headers=plain)
        assert "x-soracom-api-key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-allow-private-network"] == "true"
    assert emulator.requests == 0


@pytest.mark.parametrize("fault", [None, "html", "error", "throttle", "unauthorized", "garbage", "empty", "drip"])
async def test_every_answer_can_be_read(clock, fault):
    """Successes, errors and faults alike, with the quota and the key of the next page."""
    emulator = made(clock, PAGE)
    async with open_client(emulator, origin=PAGE) as client:
        await log_in(client, emulator.auth_key)
        if fault:
            emulator.fault(fault, **({"seconds": 0} if fault == "drip" else {}))
        for path in ("/sims?limit=1", "/sims/none", "/nowhere"):
            answer = await client.get(path)
            assert (answer.headers[ALLOW], answer.headers["vary"]) == (PAGE, "Origin")
            exposed = set(answer.headers[EXPOSE].split(", "))
            assert {name for name in answer.headers if name.startswith("x-soracom-")} <= exposed
            assert {"link", "retry-after"} <= exposed


async def test_what_is_not_allowed(clock):
    """Another origin, or none, gets what it would get without the option; a cache is told that it differs."""
    emulator = made(clock, PAGE)
    async with open_client(emulator) as client:
        for headers in (ASKED | {"origin": "http://localhost:3001"}, {}):
            answer = await client.options("/sims", headers=headers)
            assert refused(answer, 405, "COM9002")
            assert ALLOW not in answer.headers
            assert answer.headers["vary"] == "Origin"
        assert refused(await client.options("/sims", headers={"origin": PAGE}), 405, "COM9002")


async def test_without_the_option(clock):
    """Nothing is said of origins."""
    emulator = Emulator(sims=3, clock=clock)
    async with open_client(emulator) as client:
        for answer in (await client.options("/sims", headers=ASKED), await client.get("/sims", headers=ASKED)):
            assert answer.status_code in (401, 405)
            assert {"vary", ALLOW, EXPOSE}.isdisjoint(answer.headers)


async def test_files(clock):
    """After a redirect to the storage host the browser names no origin, and the page gets its file."""
    emulator = made(clock, PAGE)
    async with open_client(emulator, origin=PAGE) as client:
        await log_in(client, emulator.auth_key)
        await client.put("/files/private/a.txt", content=b"text")
        found = await client.get("/files/private/a.txt")
        assert found.headers[ALLOW] == PAGE
        assert "location" in found.headers[EXPOSE]
        where = found.headers["location"]
    async with httpx.AsyncClient(transport=emulator.transport, headers={"origin": "null"}) as browser:
        asked = {"access-control-request-method": "GET"}
        assert (await browser.options(where, headers=asked)).headers[ALLOW] == "*"
        file = await browser.get(where)
        assert (file.content, file.headers[ALLOW]) == (b"text", "*")


async def test_the_control_api_stays_closed(clock):
    """Pages of other origins have no business there, whatever the option says."""
    emulator = made(clock, "*")
    async with open_client(emulator, origin=PAGE) as client:
        answer = await client.options("http://emulator/_emulator/reset", headers=ASKED)
        assert (answer.status_code, ALLOW in answer.headers) == (405, False)


@needs("uvicorn")
async def test_over_a_socket(clock):
    """A server answers as the transport does."""
    async with made(clock, PAGE) as emulator, httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client:
        assert (await client.options("/sims", headers=ASKED)).headers[ALLOW] == PAGE
        assert (await client.get("/sims", headers=ASKED)).headers[ALLOW] == PAGE


@pytest.mark.parametrize(
    "wrong",
    [
        "", "localhost:3000", "http://", "http://a/b", "http://a?b", "http://u@a", "http://[", "http://a:x",
        "http://a:0", "http://a b", "https://日本..jp",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(wrong):
    """An origin is a scheme, a host and perhaps a port."""
    with pytest.raises(ConfigurationError, match="is no origin"):
        Emulator(sims=0, allow_origin=wrong)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://a.example:443", "https://a.example"),
        ("https://日本.example:8443", "https://xn--wgv71a.example:8443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("null", "null"),
    ],
)
async def test_an_origin_is_what_the_browser_says(clock, given, origin):
    """The port that a scheme implies is left out, and a name has ASCII letters only."""
    emulator = made(clock, given)
    async with open_client(emulator, origin=origin) as client:
        assert (await client.get("/sims")).headers[ALLOW] == origin
