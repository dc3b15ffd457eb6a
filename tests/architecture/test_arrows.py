"""The arrows that must never be between the rooms of the package, and that none of them form a circle."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from arrows import Tree, circles, within

import soracom_async

TREE = Tree(Path(soracom_async.__file__).parent)
CORE = [module for module in TREE.modules if within(module, ["_core"])]
IMPURE = ["time", "asyncio", "socket", "threading", "logging", "os", "select", "selectors", "sched", "subprocess"]
IMPURE += ["signal", "pathlib", "urllib.request", "_thread"]
OUTSIDE = ["codegen", "tests", "benchmarks", "hypothesis", "respx", "pytest"]
"""What a user doesn't have: parts of the project that aren't shipped, and the libraries of the tests."""


@pytest.mark.parametrize("module", CORE)
def test_the_core_knows_nothing_but_attrs_and_the_standard_library(module):
    """`_core` imports no other room and no other library, not even for typing."""
    for name in TREE.imports(module, typing=True):
        top = name.partition(".")[0]
        assert top in sys.stdlib_module_names or top == "attrs" or within(name, ["soracom_async._core"]), name


def test_the_core_knows_no_clock_no_task_and_no_socket():
    """What decides is pure: nothing that waits, reads or writes is imported there."""
    impure = TREE.importers(IMPURE, typing=True)
    assert [module for module in impure if within(module, ["_core"])] == []


def test_the_core_says_what_it_knows_and_what_it_must_not():
    """Each file of `_core` opens with a sentence of what it knows and what it must not know."""
    for module in CORE:
        if module != "_core":
            first = (ast.get_docstring(ast.parse(TREE.modules[module].read_text("utf-8"))) or "").lower()
            assert "know" in first, module
            assert "must not" in first, module


def test_the_api_does_not_know_the_session():
    """`api` -> `_session` never at run time."""
    assert TREE.forbidden(["api"], ["_session", "client"], typing=False) == []


def test_the_session_does_not_know_what_stands_on_it():
    """`_session` -> `api`, `bulk`, `jobs`, `tables` never; the login alone calls operations of the API."""
    assert TREE.forbidden(["_session"], ["api"], but=["_session.login"]) == []
    assert TREE.forbidden(["_session"], ["bulk", "jobs", "tables"]) == []


@pytest.mark.parametrize("room", ["files", "_codec", "credentials", "_http"])
def test_what_the_session_stands_on_does_not_know_it(room):
    """These rooms -> `_session` never."""
    assert TREE.forbidden([room], ["_session"]) == []


@pytest.mark.parametrize("module", TREE.modules)
def test_nothing_shipped_knows_what_is_not(module):
    """No module imports what a user doesn't have; the plugin of pytest may import pytest."""
    names = TREE.imports(module, typing=True)
    if module == "contrib.pytest_plugin":
        names -= {"pytest"}
    assert [name for name in names if within(name, OUTSIDE)] == []


@pytest.mark.parametrize("module", TREE.modules)
def test_only_the_command_line_and_contrib_know_the_emulator(module):
    """`emulator` is imported by itself, by `cli` and by `contrib` only."""
    if not within(module, ["emulator", "cli", "contrib"]):
        assert [name for name in TREE.targets(module, typing=True) if within(name, ["emulator"])] == []


@pytest.mark.parametrize(
    ("room", "closed"),
    [
        ("state", "handlers"),
        ("state", "service"),
        ("domain", "handlers"),
        ("domain", "service"),
        ("fallback", "handlers"),
    ],
)
def test_the_inner_walls_of_the_emulator(room, closed):
    """Records and their rules know no request, and what answers when nothing else does knows no handler."""
    assert TREE.forbidden([f"emulator.{room}"], [f"emulator.{closed}"]) == []


def test_no_part_of_the_emulator_knows_its_face():
    """Only the package itself imports `emulator/emulator.py`."""
    parts = [module for module in TREE.modules if within(module, ["emulator"]) and module != "emulator"]
    assert TREE.forbidden(parts, ["emulator.emulator"]) == []


def test_only_one_room_imports_an_http_library_at_run_time():
    """`_http` is the only importer of HTTP libraries; the emulator's transport is one, too."""
    but = ["_http", "emulator.serving.transport", "contrib"]
    assert (
        TREE.importers(
            ["httpx", "httpcore", "aiohttp", "httpx_aiohttp", "h11", "urllib3", "requests"], typing=False, but=but
        )
        == []
    )


def test_time_comes_from_the_clock():
    """`_clock.py` is the only module outside of the emulator, the command line and contrib that imports `time`."""
    assert TREE.importers(["time"], typing=False, but=["_clock", "emulator", "contrib", "cli"]) == []


def test_no_rooms_import_each_other_in_a_circle():
    """The top-level modules and packages form no circle, types and imports in functions included."""
    assert circles(TREE.rooms()) == []


def test_no_rooms_of_the_emulator_import_each_other_in_a_circle():
    """Nor do the emulator's."""
    assert circles(TREE.rooms("emulator")) == []


def test_no_modules_import_each_other_in_a_circle():
    """Nor do any modules at run time, imports in functions included."""
    assert circles(TREE.graph(typing=False)) == []


# That the rules bite


@pytest.fixture
def tree(tmp_path):
    """Return how to make a package from the texts of its modules."""

    def make(**texts: str) -> Tree:
        for name, text in texts.items():
            path = tmp_path / "house" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            for directory in (path.parent, tmp_path / "house"):
                (directory / "__init__.py").touch()
            path.write_text(text)
        return Tree(tmp_path / "house")

    return make


FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {}\n"


@pytest.mark.parametrize(
    "text",
    [
        "import house.b.c",
        "from house.b import c",
        "from house.b.c import name",
        "from .b import c",
        "from .b.c import name",
        "def late():\n    from .b.c import name\n",
    ],
)
def test_a_forbidden_arrow_is_found(tree, text):
    """However it is written, and wherever."""
    house = tree(a=text, b__c="", d="")
    assert house.forbidden(["a"], ["b"], typing=False) == ["a -> b.c"]
    assert house.forbidden(["a"], ["b"], but=["a"]) == []
    assert house.forbidden(["a"], ["d"]) == []
    assert house.forbidden(["b"], ["a"]) == []


def test_an_arrow_for_types_counts_if_asked(tree):
    """What is imported for type checkers alone is left out at run time; its `else` is not."""
    house = tree(a=FOR_TYPES.format("from . import b") + "else:\n    from . import c\n", b="", c="")
    assert house.targets("a", typing=False) == {"c"}
    assert house.targets("a", typing=True) == {"b", "c"}


def test_a_name_of_the_package_itself_is_an_arrow_to_it(tree):
    """Relative imports of names and the package's own name lead to its `__init__`."""
    house = tree(a="from . import name", b="import house")
    assert house.graph(typing=False) == {"": set(), "a": {""}, "b": {""}}


def test_a_library_is_found(tree):
    """By any of its modules, but not by the beginning of its name."""
    house = tree(a="import httpx", b="from httpx import _client", c="import httpx_other", d="def f(): import httpx._x")
    assert house.importers(["httpx"], typing=False) == ["a", "b", "d"]
    assert house.importers(["httpx"], typing=False, but=["a"]) == ["b", "d"]


def test_a_circle_is_found(tree):
    """Between modules at run time, also a late one; between rooms also for types and over other modules."""
    house = tree(a="def late():\n    from . import b\n", b="from .c import x", c="from . import a", d="from . import a")
    assert circles(house.graph(typing=False)) == [["a", "b", "c"]]
    assert circles(house.rooms()) == [["a", "b", "c"]]


def test_a_circle_of_rooms_needs_no_circle_of_modules(tree):
    """Two rooms import each other by modules that have nothing to do with each other."""
    house = tree(a__one="from house.b import one", a__two="", b__one="", b__two=FOR_TYPES.format("import house.a.two"))
    assert circles(house.graph(typing=True)) == []
    assert circles(house.rooms()) == [["a", "b"]]


def test_a_circle_within_a_room(tree):
    """The rooms of a package are its modules and packages; what lies outside of it doesn't count."""
    house = tree(
        a__one__x="import house.a.two", a__two="import house.a.one.y", a__one__y="import house.b", b="import house.a"
    )
    assert circles(house.rooms("a")) == [["a.one", "a.two"]]
    assert circles(house.rooms()) == [["a", "b"]]


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("if typing.TYPE_CHECKING:\n    import a", set()),
        ("if not typing.TYPE_CHECKING:\n    import a", {"a"}),
        ("if x or TYPE_CHECKING:\n    import a", {"a"}),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import a", {"a"}),
        ("def f():\n    import a.b as c", {"a.b"}),
        ("import_module('a.b')", {"a.b"}),
        ("importlib.import_module('.a', __package__)", {"package.a"}),
        ("__import__('a')", {"a"}),
        ("import_module(name)", set()),
        ("from . import a", {"package.a"}),
    ],
)
def test_every_form_of_an_import_is_seen(tmp_path, text, imports):
    """Those in functions, by name and in any other condition than that of types."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text(text, "utf-8")
    assert Tree(package).imports("module", typing=False) == imports
