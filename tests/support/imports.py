"""What a program imports, asked of a fresh interpreter."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import soracom_async

ROOT = pathlib.Path(soracom_async.__file__).parent


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
