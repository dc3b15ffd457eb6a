"""An emulator whose time jumps whenever everybody waits, and a session of its root user."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from soracom_async import Soracom
from soracom_async.emulator import Emulator, JumpingClock

START = datetime(2025, 1, 1, tzinfo=UTC)
"""The emulator's time at its start."""


@pytest.fixture
def emulator():
    return Emulator(sims=20, groups=2, clock=JumpingClock())


@pytest.fixture
async def soracom(emulator, anyio_backend):
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock) as soracom:
        yield soracom


@pytest.fixture
async def camera(soracom):
    """The camera that records always: since 7 days, with a gap that ends 29 hours before the start."""
    return (await soracom.sora_cam.devices.list())[0].device_id


@pytest.fixture
def hours_ago():
    """Return a time so many hours before the start."""
    return lambda hours: START - timedelta(hours=hours)
