"""The fixtures for the tests of users' programs: under every way to run async tests, and at no cost where unused."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import pathlib
import subprocess
import sys
import tomllib

import pytest
from extras import BACKENDS

from soracom_async import Soracom
from soracom_async.contrib.pytest_plugin import pytest_configure, soracom, soracom_emulator  # noqa: F401 - fixtures

ROOT = pathlib.Path(__file__).parents[2]
PLUGIN = "soracom_async.contrib.pytest_plugin"


@pytest.mark.anyio
async def test_a_session_on_an_emulator_of_ones_own(soracom: Soracom, soracom_emulator):  # noqa: F811
    """There are 100 SIMs, and what is waited for takes no time."""
    assert len(await soracom.sims.list().collect()) == 100
    assert soracom_emulator.counts["listSims"] > 0
    await soracom_emulator.clock.sleep(3600)
    assert (await soracom.groups.list().collect())[0].tags == {"name": "group-1"}


def test_the_environment_changes_nothing(monkeypatch, request):
    """Where the shell of whoever runs the tests points programs elsewhere, the fixture stays with its emulator."""
    monkeypatch.setenv("SORACOM_ENDPOINT", "http://localhost:1/elsewhere")
    session = request.getfixturevalue("soracom")
    assert len(asyncio.run(session.sims.list().collect())) == 100


def test_the_marker_sets_it_up(request):
    """Its settings are the emulator's; of several the nearest goes first."""
    pytest_configure(request.config)
    request.applymarker(pytest.mark.soracom(sims=7))
    request.applymarker(pytest.mark.soracom(sims=5, groups=0))
    emulator = request.getfixturevalue("soracom_emulator")
    session = request.getfixturevalue("soracom")
    assert len(asyncio.run(session.sims.list().collect())) == len(emulator.operator.fleet) == 7
    assert not list(emulator.operator.groups)


USERS = '''
import asyncio
import pytest

async def north(soracom):
    """A user's own function."""
    group = await soracom.groups.create(tags={"name": "north"})
    async for sim in soracom.sims.list():
        await soracom.sims.set_group(sim.sim_id, group_id=group.group_id)
    return group

def test_by_hand(soracom, soracom_emulator):
    group = asyncio.run(north(soracom))
    assert soracom_emulator.counts["setGroupToSim"] + soracom_emulator.counts["setSimGroup"] == 100

@pytest.mark.soracom(sims=10, rate_limit=5)
class TestTogether:
    @pytest.mark.RUNNER
    async def test_quota(self, soracom, soracom_emulator):
        await north(soracom)
        assert soracom_emulator.clock.now() >= 60
        assert soracom_emulator.throttled == 0

    @pytest.mark.RUNNER
    @pytest.mark.soracom(sims=2)
    async def test_faults(self, soracom, soracom_emulator):
        with soracom_emulator.fault("reset-before", count=1) as fault:
            async with soracom:
                await north(soracom)
        assert fault.hits == 1
        assert len(soracom_emulator.operator.fleet) == 2
'''
PLAIN = """
import sys

def test_nothing():
    assert "soracom_async.contrib.pytest_plugin" in sys.modules
    heavy = {"httpx", "cattrs", "anyio", "attrs", "soracom_async.client", "soracom_async.emulator"}
    assert heavy.isdisjoint(sys.modules)
"""


def users(folder: pathlib.Path, content: str, *words: str) -> str:
    """Run a user's tests in a process of their own, every warning an error, and return what is printed."""
    (folder / "test_users.py").write_text(content)
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-W", "error", "--strict-markers", *words]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_under_pytest_asyncio(tmp_path):
    """In its strict mode."""
    words = ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"]
    assert "3 passed" in users(tmp_path, USERS.replace("RUNNER", "asyncio"), *words)


def test_under_anyio(tmp_path):
    """Under asyncio and under trio, as anyio's own fixture has it."""
    assert f"{1 + 2 * len(BACKENDS)} passed" in users(
        tmp_path, USERS.replace("RUNNER", "anyio"), "-p", "anyio.pytest_plugin"
    )


def test_it_costs_nothing_where_it_is_not_used(tmp_path):
    """A run without the fixtures imports nothing of the library, and its fixtures say what they are."""
    assert "1 passed" in users(tmp_path, PLAIN)
    listed = users(tmp_path, PLAIN, "--fixtures", "--markers")
    assert "@pytest.mark.soracom(**settings): the settings of `soracom_emulator`" in listed


def test_pytest_finds_it():
    """The distribution says where it is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"soracom": PLUGIN}
    for entry in importlib.metadata.entry_points(group="pytest11", name="soracom"):
        assert entry.value == PLUGIN
