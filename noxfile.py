"""The checks of the project: `nox` runs them all, `nox -s tests-3.12` one of them."""

from __future__ import annotations

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and demand every branch of what is written by hand."""
    session.install("-e", ".[test]")
    session.run("coverage", "run", "-m", "pytest")  # the fixtures of the package are imported before --cov counts
    session.run("coverage", "report", "--skip-covered", "--fail-under=100")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ask for much more of what the emulator's own document allows."""
    session.install(".[fuzz]")
    session.run("pytest", "tests/emulator/test_emulator_openapi.py", env={"EXAMPLES": "100"})


@nox.session
def types(session: nox.Session) -> None:
    """Check all types, with mypy and with pyright."""
    session.install(".[benchmark,test]", "mypy", "pyright", "nox")
    session.run("mypy", "soracom_async", "codegen", "benchmarks", "examples", "noxfile.py")
    session.run("pyright", "soracom_async")
    session.run("pyright", "--ignoreexternal", "--verifytypes", "soracom_async")


@nox.session
def style(session: nox.Session) -> None:
    """Check style and layout."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
