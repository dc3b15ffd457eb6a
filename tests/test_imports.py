from __future__ import annotations

import ast
import json
import pathlib
import subprocess
import sys

import pytest

import soracom_async

ROOT = pathlib.Path(soracom_async.__file__).parent
HEAVY = ("httpx", "httpcore", "cattrs", "jwt", "aiohttp", "starlette", "uvicorn", "rich", "trio")


def loaded_after(program: str) -> set[str]:
    """Run a program in a fresh interpreter and return what was imported at its end."""
    program += "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, cwd=ROOT.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def of_api(modules: set[str]) -> set[str]:
    return {name for name in modules if name == "soracom_async.api" or name.startswith("soracom_async.api.")}


def test_the_import_loads_nothing_heavy():
    """`import soracom_async` alone: no module of the API, no HTTP library, no converter, no JWT."""
    modules = loaded_after("import soracom_async")
    assert of_api(modules) == set()
    assert modules.isdisjoint(HEAVY)
    assert "anyio" not in modules


OPENING = """
import asyncio, soracom_async
from soracom_async import AuthKey, NotFound, Soracom
async def main():
    async with Soracom(AuthKey("keyId-1", "secret-1")) as soracom:
        soracom.with_options(timeout=5)
        repr(soracom)
asyncio.run(main())
"""


def test_opening_a_session_loads_no_module_of_the_api():
    """Opened and closed unused, a session has loaded no operation, no model, no converter and no HTTP library."""
    modules = loaded_after(OPENING)
    assert of_api(modules) == set()
    assert modules.isdisjoint(HEAVY)


def test_a_group_loads_its_own_module_only():
    """The first use of `soracom.groups` loads the groups, not the SIMs."""
    modules = of_api(loaded_after(OPENING + "soracom_async.Soracom(AuthKey('k', 's')).groups"))
    assert "soracom_async.api.group" in modules
    assert modules.isdisjoint({"soracom_async.api.sim", "soracom_async.api.subscriber", "soracom_async.api.operator"})


def test_every_public_name_resolves():
    """Each name of `__all__` is there, `dir` shows them, others are AttributeErrors, and `import *` works."""
    for name in soracom_async.__all__:
        assert getattr(soracom_async, name) is not None
    assert dir(soracom_async) == sorted(soracom_async.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = soracom_async.nothing
    scope: dict[str, object] = {}
    exec("from soracom_async import *", scope)
    assert set(soracom_async.__all__) <= set(scope)
    contract = [
        "Soracom",
        "AuthKey",
        "RootUser",
        "SamUser",
        "SwitchUser",
        "ApiToken",
        "Pages",
        "Page",
        "bulk",
        "structure",
        "unstructure",
        "SoracomError",
        "APIError",
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "Conflict",
        "RateLimited",
        "ServerError",
        "AuthenticationFailed",
        "TransportError",
        "RequestTimeout",
        "DecodeError",
        "ConfigurationError",
    ]
    assert set(contract) <= set(soracom_async.__all__)


# The arrows that must never be


def imports(path: pathlib.Path, *, typing: bool) -> set[str]:
    """Return what a module of the package imports, by absolute names, whether at its top or within functions."""
    package = path.relative_to(ROOT.parent).with_suffix("").parts[:-1]
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING" and not typing:
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            found.add(".".join(base))
            found.update(".".join([*base, alias.name]) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def modules_of(*rooms: str) -> list[pathlib.Path]:
    """Return the files of rooms: packages or single modules."""
    return [
        path
        for room in rooms
        for path in (sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"])
    ]


SHIPPED = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", modules_of("_core"), ids=lambda path: path.stem)
def test_the_core_knows_nothing_but_attrs_and_the_standard_library(path):
    """`_core` imports no other room and no other library, not even for typing."""
    for name in imports(path, typing=True):
        top = name.partition(".")[0]
        assert top in sys.stdlib_module_names or top == "attrs" or within(name, ("soracom_async._core",)), name


@pytest.mark.parametrize("module", ["time", "asyncio", "socket", "threading", "logging", "os"])
def test_the_core_knows_no_clock_no_task_and_no_socket(module):
    """What decides is pure: none of these is imported there."""
    for path in modules_of("_core"):
        assert not any(within(name, (module,)) for name in imports(path, typing=True)), path


def test_the_api_does_not_know_the_session():
    """`api` -> `_session` never at run time."""
    for path in modules_of("api"):
        names = imports(path, typing=False)
        assert not any(within(name, ("soracom_async._session", "soracom_async.client")) for name in names), path


def test_the_session_does_not_know_the_api():
    """`_session` -> `api` never at run time."""
    for path in modules_of("_session"):
        if path.stem != "login":  # it calls the operations that log in
            assert not any(within(name, ("soracom_async.api",)) for name in imports(path, typing=False)), path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_shipped_knows_what_is_not(path):
    """No module imports `codegen`, `tests` or `benchmarks`, nor a test's library."""
    names = imports(path, typing=True)
    if path.stem == "pytest_plugin":
        names -= {"pytest"}
    assert not any(within(name, ("codegen", "tests", "benchmarks", "hypothesis", "respx", "pytest")) for name in names)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_and_contrib_know_the_emulator(path):
    """`emulator` is imported by itself, by `cli` and by `contrib` only."""
    if path.relative_to(ROOT).parts[0] not in ("emulator", "cli", "contrib"):
        assert not any(within(name, ("soracom_async.emulator",)) for name in imports(path, typing=True))


def test_only_one_module_imports_httpx_at_run_time():
    """`_http` is the only importer of httpx and httpcore; the emulator's transport is one, too."""
    importers = {
        str(path.relative_to(ROOT))
        for path in SHIPPED
        if any(within(name, ("httpx", "httpcore")) for name in imports(path, typing=False))
    }
    allowed = {"_http/pool.py", "_http/connections.py", "_http/httpx_transport.py", "emulator/serving/transport.py"}
    assert {name for name in importers if not name.startswith(("contrib/", "cli/"))} <= allowed


def test_time_comes_from_the_clock():
    """`_clock.py` is the only module outside of the emulator, the command line and contrib that imports `time`."""
    importers = {
        str(path.relative_to(ROOT))
        for path in SHIPPED
        if any(within(n, ("time",)) for n in imports(path, typing=False))
    }
    assert {name for name in importers if not name.startswith(("emulator/", "contrib/", "cli/"))} <= {"_clock.py"}


def test_the_core_says_what_it_knows_and_what_it_must_not():
    """Each file of `_core` opens with a sentence of what it knows and what it must not know."""
    for path in modules_of("_core"):
        if path.stem != "__init__":
            first = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").lower()
            assert "know" in first, path
            assert "must not" in first, path
