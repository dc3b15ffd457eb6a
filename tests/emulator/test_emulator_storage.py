"""The storage host to which the API leads for files."""

from __future__ import annotations

import httpx
import pytest
from plain import log_in, open_client

from soracom_async import Soracom

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stored(client):
    await client.put("/files/private/a.txt", content=b"hello", headers={"content-type": "text/plain"})
    return (await client.get("/files/private/a.txt")).headers["location"]


async def test_a_url_is_a_permission(emulator, stored):
    """Whoever has it may read, for a while, and do nothing else."""
    async with httpx.AsyncClient(transport=emulator.transport) as anybody:
        answer = await anybody.get(stored)
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"hello", "text/plain")
        assert (await anybody.put(stored, content=b"x")).status_code == 405
        assert (await anybody.get(stored + "x")).status_code == 403
        emulator.advance(3601)
        assert (await anybody.get(stored)).status_code == 403


async def test_urls_that_are_over_are_forgotten(emulator, client, stored):
    """They take no memory for ever."""
    emulator.advance(3601)
    assert (await client.get("/files/private/a.txt")).headers["location"] != stored
    assert len(emulator.world.storage.to_state()) == 1


async def test_who_sends_a_token_there_is_found_out(emulator, clock, stored):
    """A client that follows redirects with all its headers is served, as it would be; and it is counted."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        assert await soracom.files.get("private", "a.txt") == b"hello"
    assert emulator.leaks == 0
    async with open_client(emulator) as careless:
        careless.follow_redirects = True
        assert (await log_in(careless, emulator.root_user)).status_code == 200
        assert (await careless.get("/files/private/a.txt")).content == b"hello"
    assert emulator.leaks == 1


@pytest.mark.parametrize(
    ("settings", "status"), [({}, 403), ({"status": 404, "seconds": 2}, 404), ({"status": 503}, 503)]
)
async def test_files_that_are_not_there_yet(emulator, client, settings, status):
    """With a fault, a URL is refused at first; the answer that names it is as ever."""
    await client.put("/files/private/a.txt", content=b"hello")
    async with httpx.AsyncClient(transport=emulator.transport) as anybody:
        with emulator.fault("file-delay", count=1, **settings) as fault:
            delayed, (exported, other) = await url_in(client), [await url_in(client, "export") for _ in range(2)]
        assert fault.hits == 1
        assert [(await anybody.get(url)).status_code for url in (delayed, exported, other)] == [status, 200, 200]
        emulator.advance(settings.get("seconds", 5) - 1)
        assert (await anybody.get(delayed)).status_code == status
        emulator.advance(1)
        assert (await anybody.get(delayed)).content == b"hello"
        with emulator.fault("file-delay", operation="exportLatestBilling", **settings):
            exported = await url_in(client, "export")
        assert (await anybody.get(exported)).status_code == status


async def url_in(client, how=""):
    """Return the URL that a redirect or an export leads to."""
    if how == "export":
        return (await client.post("/bills/latest/export")).json()["url"]
    return (await client.get("/files/private/a.txt")).headers["location"]


async def test_urls_of_different_lives(emulator, client, clock):
    """Each ends in its own time, also in a state that was saved."""
    storage = emulator.world.storage
    urls = [storage.offer(b"x", "text/plain", 0, life) for life in (30, 10, 20)]
    again = type(storage).from_state(dict(storage.to_state()))
    for each in (storage, again):
        each.offer(b"y", "text/plain", 15, 1)
        assert [url in each.to_state() for url in urls] == [True, False, True]
        each.offer(b"y", "text/plain", 25, 1)
        assert [url in each.to_state() for url in urls] == [True, False, False]
        assert len(each.to_state()) == 2
        each.delay(f"see {urls[2]}", 100, 404)
    assert storage.offer(b"x", "text/plain", 0, 30) == urls[0]
