"""The emulator where there are no directories to read: imported from a zip file, or frozen into a program."""

from __future__ import annotations

import importlib.resources
import inspect
import pathlib
import pkgutil
import runpy
import subprocess
import sys
import tomllib
import types
import zipfile

import pytest
from extras import needs
from plain import open_client

import soracom_async
from soracom_async.emulator import Emulator, handlers
from soracom_async.emulator.handlers.topics import TOPICS, load

ROOT = pathlib.Path(soracom_async.__file__).parent
PROGRAM = """
import anyio, httpx, soracom_async
from soracom_async import Soracom
from soracom_async.cli import main
from soracom_async.emulator import Emulator
from soracom_async.emulator.handlers import HANDLERS

async def use():
    async with Emulator(sims=3) as emulator, Soracom(emulator.auth_key, endpoint=emulator.url) as soracom:
        assert len(await soracom.sims.list().collect()) == 3
        async with httpx.AsyncClient(base_url=emulator.url) as client:
            assert "<html" in (await client.get("/_emulator")).text
            assert len((await client.get("/_emulator/openapi.json")).json()["paths"]) > 300

assert ".zip" in soracom_async.__file__
anyio.run(use)
assert main(["demo", "--sims", "3", "--changes", "2"]) == 0
print(len(HANDLERS))
"""


@needs("rich", "uvicorn")
def test_from_a_zip_file(tmp_path):
    """Handlers, pages and commands are all there."""
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in ROOT.rglob("*"):
            if "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(ROOT.parent))
    program = f"import sys; sys.path.insert(0, {str(archive)!r})\n{PROGRAM}"
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=50)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.splitlines()[-1]) == len(load())


def test_every_module_of_handlers_is_named():
    """A program that packs the emulator sees them, since nobody looks for them in a directory."""
    found = {module.name for module in pkgutil.walk_packages(handlers.__path__, f"{handlers.__name__}.")}
    with_handlers = {name for name in found if "@handles(" in inspect.getsource(importlib.import_module(name))}
    assert {topic.__name__ for topic in TOPICS} == with_handlers


@pytest.mark.anyio
async def test_a_page_that_was_not_packed_is_named(monkeypatch):
    """Whoever froze the program is told what is missing."""
    monkeypatch.setattr(importlib.resources, "files", lambda package: pathlib.Path("/nowhere"))
    async with open_client(Emulator(sims=0)) as client:
        answer = await client.get("http://emulator/_emulator")
    assert answer.status_code == 501
    assert "page.html is missing" in answer.json()["message"]
    assert "--collect-data soracom_async" in answer.json()["message"]


def test_pyinstaller_is_told(monkeypatch):
    """Its hook is where the distribution says, and names the data and what is imported by name."""
    hooks = types.ModuleType("PyInstaller.utils.hooks")
    hooks.collect_data_files = lambda package: [(str(path), package) for path in ROOT.rglob("*.html")]
    hooks.collect_submodules = lambda package: [f"{package}.sim", f"{package}.group"]
    for name in ("PyInstaller", "PyInstaller.utils"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    module, _, name = project["entry-points"]["pyinstaller40"]["hook-dirs"].partition(":")
    (directory,) = getattr(importlib.import_module(module), name)()
    (hook,) = pathlib.Path(directory).glob("hook-*.py")
    assert hook.name == "hook-soracom_async.py"
    said = runpy.run_path(str(hook))
    assert len(said["datas"]) == 1
    assert {"soracom_async.api.sim", "soracom_async.models", "soracom_async.bulk"} <= set(said["hiddenimports"])
