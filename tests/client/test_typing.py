"""What type checkers say of typical calls and of wrong ones; each checker runs where it is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

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


@pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is not installed")
def test_pyright():
    """So does pyright."""
    run("pyright", "--pythonpath", sys.executable, *map(str, FILES))
