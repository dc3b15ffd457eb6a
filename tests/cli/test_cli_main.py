"""`soracom-async`: what it says before anything runs, and how it ends."""

import runpy
import subprocess
import sys

import pytest
from extras import needs

from soracom_async import __version__
from soracom_async.cli import arguments, main
from soracom_async.emulator.state.sims import NUMBERS


def ending(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    """Return the exit code and the last line of what argparse says."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    captured = capsys.readouterr()
    return caught.value.code, (captured.err or captured.out).splitlines()[-1]


def test_python_m_is_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import soracom_async.__main__  # noqa: F401 - does nothing

    monkeypatch.delitem(sys.modules, "soracom_async.__main__")
    # pytest's own importer, which takes care of packages with fixtures, cannot run a module.
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if "Assertion" not in type(each).__name__])
    monkeypatch.setattr(sys, "argv", ["soracom-async", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("soracom_async", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"soracom-async {__version__}\n"


def test_help_imports_no_extra() -> None:
    program = (
        "import sys; from soracom_async.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: assert not {'rich', 'uvicorn', 'httpx'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "demo" in run.stdout
    assert "emulator" in run.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "the following arguments are required: command"),
        (["demo", "--sims", "0"], "'0' is not a whole number, 1 to 999999999"),
        (["demo", "--tasks", "many"], "'many' is not a whole number, 1 or more"),
        (["demo", "--sims", "5", "--changes", "7"], "--changes 7 is more than there are SIMs: --sims 5"),
        (["emulator", "--port", "65536"], "'65536' is not a whole number, 0 to 65535"),
        (["emulator", "--window", "nan"], "'nan' is not a number, more than 0"),
        (["emulator", "--token-ttl", "soon"], "'soon' is not a number, more than 0"),
        (["emulator", "--speed", "-1"], "'-1' is not a number, 0 or more"),
        (["emulator", "--latency", "inf"], "'inf' is not a number, 0 or more"),
        (["emulator", "--subscription", "plan01s=0"], "'0' is not a number, more than 0"),
        (["emulator", "--rate-limit", "0"], "'0' is not a whole number, 1 or more"),
        (["emulator", "--rate-limit", "Sim=x"], "'x' is not a whole number, 1 or more"),
    ],
)
def test_bad_words_are_named(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    code, line = ending(capsys, *words)
    assert code == 2
    assert line.endswith(says)


@needs("rich", "trio", "uvicorn")
@pytest.mark.parametrize(
    ("words", "missing", "says"),
    [
        (["demo"], ["rich"], 'rich is missing: pip install "soracom-async[cli]"'),
        (["demo", "--backend", "trio"], ["trio"], 'trio is missing: pip install "soracom-async[trio]"'),
        (["demo"], ["rich", "uvicorn"], 'rich, uvicorn are missing: pip install "soracom-async[cli]"'),
        (["emulator"], ["uvicorn"], 'uvicorn is missing: pip install "soracom-async[emulator]"'),
    ],
)
def test_a_missing_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], missing: list[str], says: str
) -> None:
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(words) == 1
    assert capsys.readouterr().err == f"soracom-async: {says}\n"


@needs("rich", "uvicorn")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("of trio", [KeyboardInterrupt()])])
def test_an_interruption_leaves_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def run(_: object) -> int:
        raise error

    monkeypatch.setattr("soracom_async.cli.demo.run", run)
    assert main(["demo"]) == 130
    assert capsys.readouterr() == ("", "")


def test_the_emulator_has_a_number_for_every_sim_that_may_be_asked_for() -> None:
    assert arguments.MOST_SIMS == NUMBERS
