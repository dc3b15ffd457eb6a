"""What type checkers say of typical calls and of wrong ones; each checker runs where it is installed."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

from codegen.__main__ import PROSE
from codegen.wording import Prose
from soracom_async._codec.codec import CODEC
from soracom_async._core.request import plan
from soracom_async._registry import load
from soracom_async.api._groups import Groups

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "tests" / "typing" / name for name in ("accepted.py", "refused.py")]


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_group_is_called():
    """The accepted calls have one of every group at least."""
    text = FILES[0].read_text("utf-8")
    assert set(re.findall(r"soracom\.(\w+)", text)) >= {name for name in vars(Groups) if not name.startswith("_")}


def test_every_wrong_call_is_marked():
    """Each wrong call names what mypy says of it: a comment without an error is an error itself."""
    text = FILES[1].read_text("utf-8")
    assert len(re.findall(r"# type: ignore\[[\w, -]+\]$", text, re.MULTILINE)) > 30


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_mypy():
    """Mypy strict accepts the typical calls and refuses the wrong ones."""
    run("mypy", "--strict", "--follow-imports=silent", *map(str, FILES))


def free_names(example: ast.Module) -> list[str]:
    """Return the names that an example uses and does not define: a session, and arguments of its method."""
    nodes = list(ast.walk(example))
    used = {node.id: type(node.ctx) for node in nodes if isinstance(node, ast.Name)}
    defined = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined |= {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return sorted(used.keys() - defined - vars(builtins).keys() - {"soracom"})


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_examples_of_docstrings(tmp_path):
    """The examples in docstrings pass mypy strict; what they use and do not define is an argument of their method."""
    text = "from typing import Any\nfrom soracom_async import Soracom\n"
    for id_, described in Prose.read(PROSE).operations.items():
        if described.example:
            names = free_names(ast.parse(described.example))
            assert set(names) <= set(plan(load(id_), CODEC).names), f"{id_} does not have all of {names}"
            arguments = "".join(f", {name}: Any" for name in names)
            body = textwrap.indent(described.example.strip(), "    ")
            text += f"\n\nasync def {id_}(soracom: Soracom{arguments}) -> None:\n{body}\n"
    file = tmp_path / "examples_of_docstrings.py"
    file.write_text(text, encoding="utf-8")
    assert text.count("async def") > 50
    run("mypy", "--strict", "--follow-imports=silent", str(file))


@pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is not installed")
def test_pyright():
    """So does pyright."""
    run("pyright", "--pythonpath", sys.executable, *map(str, FILES))
