"""`soracom-async export`, against an emulator that the environment names."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from extras import needs

from soracom_async.cli import main
from soracom_async.emulator import Emulator

Serve = Callable[..., Emulator]
Export = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def emulator(serve: Serve) -> Emulator:
    """An emulator of 20 SIMs, whose directory is the present one."""
    return serve()


@pytest.fixture
def export(capsysbinary: pytest.CaptureFixture[bytes]) -> Export:
    """Return what runs the command: its exit code, standard output, and the lines of standard error."""

    def run(*words: str) -> tuple[int, str, list[str]]:
        code = main(["export", *words])
        captured = capsysbinary.readouterr()
        return code, captured.out.decode(), captured.err.decode().splitlines()

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_group_is_written_as_csv(emulator: Emulator, export: Export) -> None:
    code, out, err = export("sims", "--to", "fleet.csv")
    assert (code, out, len(err)) == (0, "", 1)
    assert re.fullmatch(r"fleet\.csv: 20 rows in \d+ .+", err[0])
    written = rows(Path("fleet.csv").read_text("utf-8"))
    assert len(written) == 20
    assert written[0]["sim_id"].isdecimal()
    assert "session_status.online" in written[0]


def test_the_listing_may_be_named(emulator: Emulator, export: Export) -> None:
    assert export("sims", "list", "--to", "one.csv", "--columns", "sim_id,status")[0] == 0
    assert Path("one.csv").read_text("utf-8").splitlines()[0] == "sim_id,status"


def test_conditions_choose_the_items(emulator: Emulator, export: Export) -> None:
    every = rows(export("sims", "--to", "-", "--columns", "sim_id,status")[1])
    status = every[0]["status"]
    chosen = rows(export("sims", "--to", "-", "--where", f"status={status}", "--columns", "sim_id,status")[1])
    others = rows(export("sims", "--to", "-", "--where", f"status!={status}", "--columns", "sim_id,status")[1])
    assert chosen == [row for row in every if row["status"] == status]
    assert others == [row for row in every if row["status"] != status]


def test_json_lines_go_to_standard_output(emulator: Emulator, export: Export) -> None:
    code, out, err = export("sims", "--to", "-", "--format", "jsonl")
    assert (code, err) == (0, [])
    assert len([json.loads(line)["simId"] for line in out.splitlines()]) == 20


@needs("xlsxwriter", "openpyxl")
def test_excel_is_written(emulator: Emulator, export: Export) -> None:
    from openpyxl import load_workbook

    assert export("sims", "--to", "fleet.xlsx")[0] == 0
    book = load_workbook("fleet.xlsx", read_only=True)
    assert len(list(book.active.iter_rows())) == 21
    book.close()


@needs("pyarrow")
def test_parquet_is_written(emulator: Emulator, export: Export) -> None:
    from pyarrow import parquet

    assert export("subscribers", "--to", "fleet.parquet")[0] == 0
    assert parquet.read_table("fleet.parquet").num_rows == 20


def test_a_listing_in_one_answer_is_written(emulator: Emulator, export: Export) -> None:
    code, _, err = export("roles", "--to", "roles.csv")
    assert code == 0
    assert err[0].startswith("roles.csv: ")


def test_a_listing_takes_arguments(emulator: Emulator, export: Export) -> None:
    assert export("sims", "--set", "limit=5", "--to", "fleet.csv")[0] == 0
    assert emulator.counts["listSims"] >= 4
    assert len(rows(Path("fleet.csv").read_text("utf-8"))) == 20


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sim", "--to", "x.csv"], "there is no group 'sim'; close to it: sims"),
        (["sims", "get", "--to", "x.csv"], "'sims get' is no listing"),
        (["groups", "list-subscribers", "--to", "x.csv"], "'groups list-subscribers' needs group_id: "),
        (["sims", "--to", "x.doc"], "--to x.doc: name a file that ends in .csv, .jsonl, .xlsx, .parquet"),
        (["sims", "--to", "x"], "--to x: name a file that ends in"),
        (["sims", "--to", "x.csv", "--where", "state=active"], "Sim has no column 'state': is 'status' meant?"),
        (["sims", "--to", "x.csv", "--set", "limit=all"], "--set limit: limit='all' is no whole number"),
        (["sims", "--to", "x.csv", "--columns", "sim_id,state"], "Sim has no column 'state': is 'status' meant?"),
        (["sims", "--to", "x.csv", "--profile", "south"], "south"),
    ],
)
def test_what_cannot_work_is_one_line_and_nothing_is_sent(
    emulator: Emulator, export: Export, words: list[str], says: str
) -> None:
    code, out, err = export(*words)
    assert (code, out, len(err)) == (2, "", 1), err
    assert err[0].startswith("soracom-async: ")
    assert says in err[0]
    assert emulator.requests == 0
    assert not Path("x.csv").exists()


@needs("xlsxwriter")
def test_a_missing_extra_is_one_line(emulator: Emulator, export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    code, out, err = export("sims", "--to", "fleet.xlsx")
    assert (code, out, len(err)) == (2, "", 1)
    assert "pip install 'soracom-async[excel]'" in err[0]
    assert emulator.requests == 0
    assert not Path("fleet.xlsx").exists()


def test_a_missing_directory_is_one_line(emulator: Emulator, export: Export) -> None:
    code, out, err = export("sims", "--to", "absent/fleet.csv")
    assert (code, out, len(err)) == (2, "", 1)
    assert "absent" in err[0]
    assert "No such file or directory" in err[0]


@pytest.mark.parametrize("words", [["--columns", "a,,b"], ["--where", "status"], ["--where", "=x"]])
def test_bad_options_are_named(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", "sims", "--to", "x.csv", *words])
    assert ended.value.code == 2
    assert repr(words[1]) in capsys.readouterr().err


def test_what_the_service_refuses_is_one_line(emulator: Emulator, export: Export) -> None:
    emulator.fault("error", operation="listSims", status=403)
    code, _, err = export("sims", "--to", "fleet.csv")
    assert (code, len(err)) == (3, 1)
    assert "listSims: 403" in err[0]
    assert not Path("fleet.csv").exists()


def test_without_a_standard_output_nothing_is_sent(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    for words in (["export", "sims", "--to", "-"], ["whoami"]):
        assert main(words) in (2, 3)
    assert emulator.counts["listSims"] == 1  # that of whoami


full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@full
def test_a_full_disk_is_one_line(emulator: Emulator, export: Export) -> None:
    code, _, err = export("sims", "--to", "/dev/full", "--format", "csv")
    assert (code, err) == (3, ["soracom-async: /dev/full: No space left on device"])
    assert not Path("/dev/full").is_file()  # it was not replaced


def run(*words: str, **settings: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "error", "-m", "soracom_async", "export", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **settings)  # type: ignore[call-overload,no-any-return]


@full
def test_a_full_standard_output_is_one_line(emulator: Emulator) -> None:
    with open("/dev/full", "wb") as out, run("sims", "--to", "-", stdout=out) as process:
        _, err = process.communicate(timeout=50)
    assert process.returncode == 3
    assert err.decode().splitlines() == ["soracom-async: standard output: No space left on device"]


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise there")
def test_a_broken_pipe_is_one_line(emulator: Emulator) -> None:
    read, write = os.pipe()
    os.close(read)
    with run("sims", "--to", "-", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=50)
    assert process.returncode == 3
    assert err.decode().splitlines() == ["soracom-async: standard output: Broken pipe"]
