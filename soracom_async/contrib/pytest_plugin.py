"""Fixtures for the tests of programs that use Soracom: `soracom` and `soracom_emulator`. Costs nothing until used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..client import Soracom
    from ..emulator import Emulator

MARKER = "soracom(**settings): the settings of `soracom_emulator`, those of Emulator: sims=10, rate_limit=5, …"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def soracom_emulator(request: pytest.FixtureRequest) -> Emulator:
    """Give an emulator of the test's own, in process: 100 SIMs, and time that jumps if everybody waits.

    `@pytest.mark.soracom(sims=10, rate_limit=5)` sets it up otherwise, with the settings of `Emulator`.
    """
    from ..emulator import Emulator, JumpingClock

    settings: dict[str, Any] = {"clock": JumpingClock()}
    for marker in reversed(list(request.node.iter_markers("soracom"))):  # the test's own goes before its class's
        settings |= marker.kwargs
    return Emulator(**settings)


@pytest.fixture
def soracom(soracom_emulator: Emulator) -> Soracom:
    """Give a session of the emulator's root user, for whatever event loop first uses it."""
    from ..client import Soracom
    from ..options import ENDPOINTS

    return Soracom(
        soracom_emulator.auth_key,
        endpoint=ENDPOINTS["g"],  # whatever the environment of the tests says
        transport=soracom_emulator.transport,
        clock=soracom_emulator.clock,
    )
