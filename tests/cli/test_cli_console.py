"""What the command prints arrives in any encoding, and never fails: closed, full, without a reader, or not there."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest
from extras import needs

from soracom_async.cli import main
from soracom_async.cli.console import LenientStream, lenient_streams

ENVIRONMENTS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp932": {"PYTHONIOENCODING": "cp932"},
    "C": {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
}
COMMAND = [sys.executable, "-W", "error", "-m", "soracom_async"]


def run(environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it prints."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    run = subprocess.run([*COMMAND, *words], env=given | environment, capture_output=True, timeout=50)
    encoding = environment.get("PYTHONIOENCODING", "ascii")
    return run.returncode, run.stdout.decode(encoding), run.stderr.decode(encoding)


@needs("rich", "uvicorn")
@pytest.mark.parametrize("encoding", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--help"], 0, "emulator"),
        (["demo", "--help"], 0, "--tasks"),
        (["emulator", "--help"], 0, "KIND[:OPERATION][:NAME=VALUE]"),
        (["emulator", "--fault", "help"], 0, "throttle:says="),
        (["emulator", "--fault", "ä東😀"], 1, "there is no fault"),
        (["emulator", "--port", "東😀"], 2, "is not a whole number"),
        (["emulator", "--state", "/ä東😀/state"], 1, "/state"),
        (["demo", "--sims", "3", "--changes", "2"], 0, "SIMs changed"),
    ],
    ids=lambda each: "-".join(each).encode("ascii", "replace").decode() if isinstance(each, list) else None,
)
def test_every_line_on_every_console(encoding, words, code, says):
    """The text is there, and what the encoding lacks is written in another way."""
    ended, out, err = run(ENVIRONMENTS[encoding], *words)
    assert (ended, says in out + err) == (code, True), out + err
    assert "Traceback" not in err
    if encoding == "ascii" and "NAME=VALUE" in out:
        assert "NAME=VALUE]..." in out


@needs("uvicorn")
@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
def test_the_log_loses_no_line(encoding):
    """A path with any characters is printed as well."""
    environment = os.environ | ENVIRONMENTS[encoding]
    words = ["emulator", "--port", "0", "--fault", "latency:all:seconds=0"]
    with subprocess.Popen(
        [*COMMAND, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[-1].decode()
            httpx.get(f"{url}/v1/subscribers/transfer_token/東😀")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert b"/v1/subscribers/transfer_token/" in out


@needs("rich", "uvicorn")
@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&-", "> /dev/full", "| true", "| head -n 1"])
@pytest.mark.parametrize("words", ["emulator --help", "emulator --fault help", "demo --sims 3 --changes 2"])
def test_where_nobody_reads(how, words):
    """Nothing that cannot be printed is an error."""
    line = f"set -o pipefail; {sys.executable} -W error -m soracom_async {words} {how}"
    ended = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True, timeout=50)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs("uvicorn")
@pytest.mark.parametrize("words", [["--fault", "help"], ["--fault", "none"], ["--port", "x"]])
def test_without_a_console(monkeypatch, words):
    """A program without a console, as with pythonw, has no standard output at all."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    try:
        code = main(["emulator", *words])
    except SystemExit as ended:
        code = ended.code
    assert code == {"help": 0, "none": 1, "x": 2}[words[1]]
    assert sys.stdout is sys.stderr is None


def test_a_stream_that_is_not_there():
    """It is no terminal, has no file, and takes everything."""
    stream = LenientStream(None)
    assert (stream.isatty(), stream.encoding, stream.write("abc")) == (False, "utf-8", 3)
    stream.flush()
    with pytest.raises(OSError, match="no such stream"):
        stream.fileno()


def test_a_stream_that_is_closed(monkeypatch):
    """It takes everything; what it had before is still there."""
    closed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", closed)
    with lenient_streams():
        print("first", flush=True)
        assert closed.getvalue() == "first\n"
        assert sys.stdout.fileno
        assert not sys.stdout.isatty()
        assert not sys.stdout.closed
        closed.close()
        assert not sys.stdout.isatty()
        sys.stdout.flush()
        print("second")
    assert sys.stdout is closed


def test_a_full_disk():
    """What is buffered cannot be written: it is left out, and so is the rest."""

    class Full(io.StringIO):
        def flush(self):
            raise OSError("No space left on device")

    full = Full()
    stream = LenientStream(full)
    stream.write("first")
    stream.flush()
    stream.write("second")
    assert full.getvalue() == "first"


def test_what_an_encoding_lacks_is_escaped():
    """Nothing is left out, and what it has stays."""
    written = io.BytesIO()
    stream = LenientStream(io.TextIOWrapper(written, "cp932", newline="\n"))
    stream.write("東…😀µ")
    stream.flush()
    assert re.fullmatch(r"東(…|\.\.\.)\\U0001f600(\\xb5|μ)", written.getvalue().decode("cp932"))
