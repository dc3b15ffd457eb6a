"""An emulator on loopback, which the environment names: what the command finds by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from soracom_async.emulator import Emulator


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Return what serves an emulator with these settings, in another thread, in a directory of its own."""
    pytest.importorskip("uvicorn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SORACOM_PROFILE_DIR", str(tmp_path / "profiles"))
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def serving(**settings: object) -> Emulator:
            emulator = portal.call(lambda: Emulator(**{"sims": 20, **settings}))  # type: ignore[arg-type]
            stack.enter_context(portal.wrap_async_context_manager(emulator))
            key = emulator.auth_key
            monkeypatch.setenv("SORACOM_AUTH_KEY_ID", key.auth_key_id)
            monkeypatch.setenv("SORACOM_AUTH_KEY", key.auth_key.reveal())
            monkeypatch.setenv("SORACOM_ENDPOINT", emulator.url)
            return emulator

        yield serving
