"""Tests of a function that uses Soracom, on the emulator: no account, no network, no waiting.

    pip install ".[test]"
    pytest -n 0 examples/test_with_emulator.py

The fixtures `soracom` and `soracom_emulator` come with the library. Their clock jumps whenever everybody waits.
"""

import pytest

from soracom_async import Soracom, TransportError
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests under asyncio."""
    return "asyncio"


async def count_active(soracom: Soracom) -> int:
    """Count the active SIMs: the function under test."""
    return len([sim async for sim in soracom.sims.list(limit=5) if sim.status == "active"])


@pytest.mark.soracom(sims=20, rate_limit=2)
async def test_a_short_quota_is_waited_out(soracom: Soracom, soracom_emulator: Emulator) -> None:
    """Four pages need two windows of the quota, and no request is refused."""
    assert await count_active(soracom) == 18
    assert soracom_emulator.counts["listSims"] == 4
    assert soracom_emulator.throttled == 0


@pytest.mark.soracom(sims=5)
async def test_a_lost_response_is_repeated(soracom: Soracom, soracom_emulator: Emulator) -> None:
    """A listing is repeated by itself."""
    with soracom_emulator.fault("reset-after", operation="listSims", count=1):
        await count_active(soracom)
    assert soracom_emulator.counts["listSims"] == 2


@pytest.mark.soracom(sims=5)
async def test_a_network_that_stays_away_is_an_error(soracom: Soracom, soracom_emulator: Emulator) -> None:
    """After some repetitions the caller has to know."""
    with soracom_emulator.fault("reset-before", operation="listSims"), pytest.raises(TransportError):
        await count_active(soracom)
