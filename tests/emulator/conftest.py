"""An emulator with a clock that stands still, and plain httpx clients logged in to it."""

from __future__ import annotations

import pytest
from plain import log_in, open_client
from planner import Planner

from soracom_async import Soracom
from soracom_async.emulator import Emulator


@pytest.fixture
def emulator(clock):
    return Emulator(sims=30, groups=3, clock=clock)


@pytest.fixture
async def client(emulator, anyio_backend):
    """The root user's."""
    async with open_client(emulator) as client:
        assert (await log_in(client, emulator.root_user)).status_code == 200
        yield client


@pytest.fixture
def planner(emulator, client):
    return Planner(emulator, client)


@pytest.fixture
async def soracom(emulator, clock, anyio_backend):
    """A session of the root user."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        yield soracom


@pytest.fixture
async def other(emulator, anyio_backend):
    """Another operator's root user's."""
    operator = emulator.add_operator("other@example.com", sims=5, groups=1)
    async with open_client(emulator) as client:
        client.operator = operator
        assert (await log_in(client, emulator.credentials_of(operator))).status_code == 200
        yield client
