"""What all tests share: both event loops, an environment without anybody's settings, and a clock."""

from __future__ import annotations

import os

import pytest
from clock import FakeClock
from extras import can_run, missing

OTHERS = ("SORACOM_", "SSL_CERT_")


def pytest_report_header():
    """Say once what is left out."""
    absent = missing("trio", "httpx_aiohttp")
    return [f"left out, since not installed: {', '.join(absent)}"] if absent else []


def pytest_collection_modifyitems(config, items):
    """Leave out the event loop and the transports that are not installed."""
    left_out = [item for item in items if not can_run(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if can_run(item)]


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
