"""What all tests share: both event loops, an environment without anybody's settings, and a clock."""

from __future__ import annotations

import os

import pytest
from clock import FakeClock

OTHERS = ("SORACOM_", "SSL_CERT_")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    """Run an async test under asyncio and under trio."""
    return request.param


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """Take away what the environment of whoever runs the tests says of proxies, certificates and credentials."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(OTHERS):
            monkeypatch.delenv(name)


@pytest.fixture
def clock():
    """A clock that stands still until the test moves it."""
    return FakeClock()


@pytest.fixture
def jumping_clock():
    """A clock on which every sleep ends at once, in order."""
    return FakeClock(auto=True)
