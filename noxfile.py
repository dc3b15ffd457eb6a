"""The checks of the project: `nox` runs all but `fuzz` and `soak`, `nox -s types` one; CONTRIBUTING.md has times."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["style", "types", "tests", "bare", "coverage", "benchmarks", "dist"]
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, as the README does."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and demand every branch of what is written by hand."""
    session.install("-e", ".[fuzz]")
    session.run("coverage", "erase")
    # Not pytest --cov: pytest imports the fixtures of the package before that would count.
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", "--skip-covered", "--fail-under=100")


BARE = (
    "bulk cli client codec contrib core credentials http jobs session tables "
    "emulator/test_emulator_bodies.py emulator/test_emulator_checks.py emulator/test_emulator_control.py "
    "emulator/test_emulator_data.py emulator/test_emulator_faults.py emulator/test_emulator_files.py "
    "emulator/test_emulator_service.py"
)
"""The tests of what an extra takes part in, and some of the emulator, whose JSON an extra may read."""


@nox.session
def bare(session: nox.Session) -> None:
    """Run the tests of what the extras take part in without any of them; what an extra brings is left out."""
    session.install(".[test-bare]")
    session.run("pytest", *(session.posargs or [f"tests/{each}" for each in BARE.split()]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ask for much more of what the emulator's own document allows."""
    session.install(".[fuzz]")
    session.run("pytest", "tests/emulator/test_emulator_openapi.py", env={"EXAMPLES": "100"})


@nox.session
def soak(session: nox.Session) -> None:
    """Let faults of all kinds meet many tasks for an hour, or for so many seconds: `nox -s soak -- 600`."""
    session.install(".[test]")
    seconds = float(session.posargs[0]) if session.posargs else 3600.0
    each = seconds / 4  # two event loops, in process and over sockets
    session.run("pytest", "-n", "0", "-s", f"--timeout={each + 300}", "tests/soak", env={"SOAK": str(each)})


@nox.session
def types(session: nox.Session) -> None:
    """Check all types, with mypy and with pyright."""
    session.install(".[benchmark,test]", "mypy", "pandas-stubs", "pyright", "nox")
    session.run("mypy", "soracom_async", "codegen", "benchmarks", "examples", "noxfile.py")
    session.run("pyright", "soracom_async")
    with session.chdir(session.create_tmp()):  # of what is installed, not of the tree
        session.run("pyright", "--ignoreexternal", "--verifytypes", "soracom_async")


@nox.session
def style(session: nox.Session) -> None:
    """Check style and layout."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


SHORT = (
    "bulk --rounds 1 --keys 110 --crash-keys 60 --limit 50 --scale 60 --latency 60 --loop 4",
    "call --rounds 1 --calls 50",
    "decode --rounds 1",
    "emulator --rounds 1 --requests 100",
    "expiry --calls 200 --tasks 10",
    "page --rounds 1 --pages 5",
    "quota --limit 20 --seconds 1 --calls 40 --tasks 10 --window aligned --round up --only soracom",
    "startup --rounds 1",
    "stream --sims 5000",
    "tables --sims 3000",
)
"""The benchmarks with as little work as shows that they run."""


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run every benchmark, as short as can be, with nothing installed but its extra."""
    session.install(".[benchmark]")
    for each in SHORT:
        session.run("python", "-m", *f"benchmarks.{each}".split())


@nox.session
def dist(session: nox.Session) -> None:
    """Build both archives, check them, and run the demo from the wheel."""
    session.install("build", "twine")
    target = Path(session.create_tmp()).resolve()
    shutil.rmtree(target / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(target / "dist"))
    archives = sorted(map(str, (target / "dist").iterdir()))
    session.run("twine", "check", "--strict", *archives)
    wheel = next(name for name in archives if name.endswith(".whl"))
    session.install("--force-reinstall", f"{wheel}[cli]")
    with session.chdir(target):  # not the tree
        session.run("soracom-async", "demo", "--sims", "1000")
