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
