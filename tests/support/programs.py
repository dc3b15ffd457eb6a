"""The example programs, run in this process against an emulator that the environment names."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from soracom_async.emulator import Emulator

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Emulator]:
    """Serve an emulator that `Soracom()` finds by the environment."""
    with start_blocking_portal() as portal:
        emulator = portal.call(lambda: Emulator(**settings))
        with portal.wrap_async_context_manager(emulator):
            key = emulator.auth_key
            monkeypatch.setenv("SORACOM_AUTH_KEY_ID", key.auth_key_id)
            monkeypatch.setenv("SORACOM_AUTH_KEY", key.auth_key.reveal())
            monkeypatch.setenv("SORACOM_ENDPOINT", emulator.url)
            yield emulator


def load(name: str) -> ModuleType:
    """Return an example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> object:
    """Run an example as a program; return what it exits with: 0, a number, or what it says of an error."""
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
    try:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    except SystemExit as ended:
        return ended.code or 0
    return 0
