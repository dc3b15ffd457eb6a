"""`soracom-async bulk`, against an emulator that the environment names: what is sent, what is told, how it ends."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from soracom_async import Soracom
from soracom_async import bulk as library
from soracom_async.cli import main
from soracom_async.emulator import Emulator

Serve = Callable[..., Emulator]
SIMS = [f"89423100220000000{number:02}" for number in range(1, 21)]
ABSENT = "8942310022000009999"


def written(path: str, rows: list[str], header: str = "sim_id") -> None:
    Path(path).write_text("\n".join([header, *rows, ""]), "utf-8")


@pytest.fixture
def emulator(serve: Serve) -> Emulator:
    """An emulator of 20 SIMs, and a file of the first five."""
    served = serve(subscriptions="plan01s")
    written("sims.csv", SIMS[:5])
    return served


@pytest.fixture
def bulk(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str], list[str]]]:
    """Return what runs the command: its exit code, and the lines of standard output and error, without times."""

    def run(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(["bulk", *words])
        captured = capsys.readouterr()
        err = re.sub(r" keys? in [^:]+:", " keys in T:", captured.err)
        return code, captured.out.splitlines(), err.splitlines()

    return run


Bulk = Callable[..., tuple[int, list[str], list[str]]]
SUSPEND = ("sims", "suspend", "--from", "sims.csv")


def test_every_row_of_a_file_is_done(emulator: Emulator, bulk: Bulk) -> None:
    code, out, err = bulk(*SUSPEND)
    assert (code, out) == (0, [])
    assert err == ["5 of 5 keys in T: 5 done"]
    assert emulator.counts["suspendSim"] == 5


def test_json_has_a_line_for_each_key_and_one_for_the_summary(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [SIMS[0], ABSENT])
    code, out, _ = bulk(*SUSPEND, "--json")
    assert code == 1
    *lines, last = [json.loads(line) for line in out]
    first, second = sorted(lines, key=lambda line: line["row"])
    assert first.pop("value")["simId"] == SIMS[0]
    assert first == {"arguments": {"sim_id": SIMS[0]}, "row": 2, "result": "ok"}
    assert second["result"] == "failed"
    assert second["error"]["type"] == "NotFound"
    assert second["error"]["status"] == 404
    assert last["summary"].pop("seconds") > 0
    assert last == {
        "summary": {"total": 2, "ok": 1, "failed": 1, "unknown": 0, "skipped": 0, "duplicates": 0},
        "stopped": None,
        "interrupted": False,
    }


def test_what_failed_is_named_with_its_row(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [SIMS[0], ABSENT, SIMS[0]])
    code, out, err = bulk(*SUSPEND, "--journal", "run.db")
    assert (code, out) == (1, [])
    assert err[0].startswith(f"failed: {ABSENT} (row 3): suspendSim: 404 ")
    assert err[1] == "2 of 2 keys in T: 1 done, 1 failed; 1 duplicate left out"
    assert err[2] == "Keys that failed: soracom-async bulk failures run.db --to failed.csv"
    assert len(err) == 3


def test_many_failures_are_told_of_in_part(serve: Serve, bulk: Bulk) -> None:
    serve()
    written("sims.csv", [str(8942310022000009000 + number) for number in range(30)])
    code, _, err = bulk(*SUSPEND)
    assert code == 1
    assert len([line for line in err if line.startswith("failed: ")]) == 20
    assert err[20:] == ["More keys failed or are unknown.", "30 of 30 keys in T: 0 done, 30 failed"]


def test_the_same_line_goes_on(emulator: Emulator, bulk: Bulk) -> None:
    assert bulk(*SUSPEND, "--journal", "run.db")[0] == 0
    written("sims.csv", SIMS[:7])
    code, _, err = bulk(*SUSPEND, "--journal", "run.db", "--json")
    assert code == 0
    assert err == ["7 of 7 keys in T: 2 done, 5 done before"]
    assert emulator.counts["suspendSim"] == 7


def test_a_journal_of_another_run_is_refused(emulator: Emulator, bulk: Bulk) -> None:
    assert bulk(*SUSPEND, "--journal", "run.db")[0] == 0
    code, out, err = bulk("sims", "activate", "--from", "sims.csv", "--journal", "run.db")
    assert (code, out, len(err)) == (2, [], 1)
    assert "suspendSim" in err[0]
    assert "activateSim" in err[0]
    assert emulator.counts["activateSim"] == 0


def test_a_journal_tells_how_far_it_is(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [*SIMS[:3], ABSENT])
    bulk(*SUSPEND, "--journal", "run.db")
    code, out, err = bulk("status", "run.db")
    assert (code, err) == (0, [])
    assert "suspendSim" in "\n".join(out)
    code, out, _ = bulk("status", "run.db", "--json")
    assert code == 0
    assert json.loads(out[0])["operation"] == "suspendSim"
    assert bulk("failures", "run.db", "--to", "failed.csv") == (0, [], ["failed.csv: 1 row"])
    assert ABSENT in Path("failed.csv").read_text()
    code, _, err = bulk("sims", "suspend", "--from", "failed.csv")
    assert (code, err[-1]) == (1, "1 of 1 keys in T: 0 done, 1 failed")


def test_a_journal_that_is_none_is_one_line(bulk: Bulk, tmp_path: Path) -> None:
    for words in (["status", str(tmp_path / "none.db")], ["failures", str(tmp_path / "none.db"), "--to", "x.csv"]):
        code, out, err = bulk(*words)
        assert (code, out, len(err)) == (2, [], 1)
        assert "none.db" in err[0]


def test_failures_that_cannot_be_written_are_one_line(emulator: Emulator, bulk: Bulk) -> None:
    bulk(*SUSPEND, "--journal", "run.db")
    code, _, err = bulk("failures", "run.db", "--to", "absent/failed.csv")
    assert (code, len(err)) == (2, 1)
    assert err[0] == "soracom-async: absent/failed.csv: No such file or directory"


def test_a_dry_run_changes_nothing(emulator: Emulator, bulk: Bulk) -> None:
    code, out, _ = bulk(*SUSPEND, "--dry-run")
    assert code == 0
    assert "5" in "\n".join(out)
    code, out, _ = bulk(*SUSPEND, "--dry-run", "--json")
    assert code == 0
    assert json.loads(out[0])["keys"] == 5
    assert emulator.counts["suspendSim"] == 0


def test_a_dry_run_asks_for_nothing(emulator: Emulator, bulk: Bulk) -> None:
    assert bulk("sims", "terminate", "--from", "sims.csv", "--dry-run")[0] == 0
    assert emulator.counts["terminateSim"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sims", "suspnd", "--from", "sims.csv"], "'sims' has no 'suspnd'; close to it: suspend"),
        (["sims", "suspend", "--from", "none.csv"], "none.csv cannot be read: No such file or directory"),
        (["sims", "suspend", "--from", "other.csv"], "did you mean 'sim_id'?"),
        (["sims", "suspend", "--from", "sims.csv", "--key", "imsi"], "sims.csv has no column 'imsi'; it has sim_id"),
        (["sims", "suspend", "--where", "state=active"], "Sim has no column 'state': is 'status' meant?"),
        (["sims", "suspend", "--from", "sims.csv", "--pace", "fast"], "pace='fast'"),
        (
            ["sims", "delete-tag", "--from", "sims.csv"],
            "deleteSimTag needs 'tag_name': name a column so, or give it by --set tag_name=…",
        ),
        (["sims", "delete-tag", "--from", "sims.csv", "--key", "sim_id"], "deleteSimTag needs 'tag_name': "),
        (["sims", "suspend", "--from", "sims.csv", "--set", "speed=1"], "speed"),
        (["sims", "list", "--from", "sims.csv"], "sim_id"),
        (["sims", "suspend", "--from", "sims.csv", "--profile", "south"], "south"),
        (["stats", "air", "sims", "get", "--all"], "'stats air sims' has no 'list'; it has get"),
    ],
)
def test_what_cannot_work_is_one_line_and_nothing_is_sent(
    emulator: Emulator, bulk: Bulk, words: list[str], says: str
) -> None:
    written("other.csv", SIMS[:2], header="simid")
    code, out, err = bulk(*words)
    assert (code, out, len(err)) == (2, [], 1), err
    assert err[0].startswith("soracom-async: ")
    assert says in err[0]
    assert emulator.requests == 0


def test_arguments_of_all_keys_are_set(emulator: Emulator, bulk: Bulk) -> None:
    words = ["sims", "update-speed-class", "--from", "sims.csv", "--set", "speed-class=s1.fast"]
    code, _, err = bulk(*words)
    assert (code, err) == (0, ["5 of 5 keys in T: 5 done"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["auth_key=x"], "--set auth_key would show a secret to all on this machine: give it in --from FILE"),
        (["limit=many"], "--set limit: limit='many' is no whole number"),
        (["from=2026", "from=2027"], "--set from is there twice"),
    ],
)
def test_arguments_that_cannot_be_set_are_named(emulator: Emulator, bulk: Bulk, given: list[str], says: str) -> None:
    words = ["sims", "get-data", "--from", "sims.csv"]
    for each in given:
        words += ["--set", each]
    assert bulk(*words) == (2, [], [f"soracom-async: {says}"])
    assert emulator.requests == 0


def test_the_keys_are_those_of_a_listing(emulator: Emulator, bulk: Bulk) -> None:
    code, out, _ = bulk("sims", "get", "--all", "--json")
    assert code == 0
    got = [json.loads(line) for line in out[:-1]]
    assert sorted(line["arguments"]["sim_id"] for line in got) == SIMS
    status = got[0]["value"]["status"]
    right = sorted(line["arguments"]["sim_id"] for line in got if line["value"]["status"] == status)
    code, out, _ = bulk("sims", "get", "--where", f"status={status}", "--json")
    assert sorted(json.loads(line)["arguments"]["sim_id"] for line in out[:-1]) == right


def test_a_column_and_a_field_may_be_the_key(emulator: Emulator, bulk: Bulk) -> None:
    written("fleet.csv", [f"north,{sim}" for sim in SIMS[:3]], header="site,sim_id")
    assert bulk("sims", "suspend", "--from", "fleet.csv", "--key", "sim_id")[0] == 0
    assert bulk("sims", "get", "--all", "--key", "sim_id")[0] == 0
    assert (emulator.counts["suspendSim"], emulator.counts["getSim"]) == (3, 20)


@pytest.mark.parametrize("words", [[], ["--all", "--from", "sims.csv"], ["--where", "status=active", "--from", "x"]])
def test_the_keys_are_named_in_one_way(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bulk", "sims", "suspend", *words])
    assert ended.value.code == 2
    says = "name the keys by --from FILE, or by --all or --where of the listing"
    assert capsys.readouterr().err.splitlines()[-1] == f"soracom-async bulk: error: {says}"


def test_standard_input_may_be_the_file(emulator: Emulator, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("sims.csv").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        code, _, err = bulk("sims", "suspend", "--from", "-")
    assert (code, err) == (0, ["5 of 5 keys in T: 5 done"])


def test_too_many_failures_stop_it(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [ABSENT, *SIMS])
    code, _, err = bulk(*SUSPEND, "--max-failures", "0", "--concurrency", "1", "--journal", "run.db")
    assert code == 3
    assert emulator.counts["suspendSim"] < 5
    assert err[0].startswith(f"failed: {ABSENT} ")
    assert "Go on: soracom-async bulk sims suspend --from sims.csv --max-failures 0" in "\n".join(err)
    assert err[-1].startswith("soracom-async: ")


def test_a_canary_that_fails_stops_it(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [ABSENT, *SIMS])
    code, out, err = bulk(*SUSPEND, "--canary", "2", "--json")
    assert code == 3
    assert emulator.counts["suspendSim"] == 2
    assert json.loads(out[-1])["stopped"] is not None
    assert "Without --journal, a new run begins with the first key again." in err


def test_refused_credentials_stop_it(emulator: Emulator, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-0123456789abcdef")
    code, _, err = bulk(*SUSPEND)
    assert code == 3
    assert "auth: 401 " in err[-1]
    assert emulator.counts["suspendSim"] == 0


# What cannot be undone


class Terminal:
    """A standard input at which somebody sits."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self._answer


@pytest.fixture
def sitting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return what makes somebody sit at a terminal, with an answer."""

    def sit(answer: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        monkeypatch.setattr("soracom_async.cli.console.LenientStream.isatty", lambda _: True)
        monkeypatch.setenv("TERM", "dumb")

    return sit


TERMINATE = ("sims", "terminate", "--from", "sims.csv")


def test_without_a_terminal_nothing_final_is_sent(emulator: Emulator, bulk: Bulk) -> None:
    code, out, err = bulk(*TERMINATE)
    assert (code, out, len(err)) == (2, [], 1)
    assert "terminateSim cannot be undone" in err[0]
    assert "--yes" in err[0]
    assert emulator.counts["terminateSim"] == 0


@pytest.mark.parametrize("answer", ["no\n", "\n", ""])
def test_no_is_no(emulator: Emulator, bulk: Bulk, sitting: Callable[[str], None], answer: str) -> None:
    sitting(answer)
    code, _, err = bulk(*TERMINATE)
    assert code == 3
    assert "terminateSim cannot be undone: 5 keys, operator OP" in err[0]
    assert err[-1].endswith("nothing was sent")
    assert emulator.counts["terminateSim"] == 0


def test_yes_is_yes(emulator: Emulator, bulk: Bulk, sitting: Callable[[str], None]) -> None:
    sitting("yes\n")
    assert bulk(*TERMINATE)[0] in (0, 1)
    assert emulator.counts["terminateSim"] == 5


def test_a_script_says_yes(emulator: Emulator, bulk: Bulk) -> None:
    assert bulk(*TERMINATE, "--yes")[0] in (0, 1)
    assert emulator.counts["terminateSim"] == 5


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("terminateSim", True), ("deleteSimTag", True), ("sendSmsToSim", True), ("suspendSim", False), ("getSim", False)],
)
def test_what_is_final(operation: str, expected: bool) -> None:
    from soracom_async import operations
    from soracom_async.cli.confirming import final

    assert final(operations[operation]) is expected


def test_ctrl_c_at_the_question_sends_nothing(
    emulator: Emulator, bulk: Bulk, sitting: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting("yes\n")
    monkeypatch.setattr(Terminal, "readline", lambda _: signal.raise_signal(signal.SIGINT))
    before = signal.getsignal(signal.SIGINT)
    assert bulk(*TERMINATE)[0] == 130
    assert emulator.counts["terminateSim"] == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_what_may_have_been_done_is_unknown(emulator: Emulator, bulk: Bulk) -> None:
    emulator.fault("reset-after", operation="sendSmsToSim", count=1)
    words = ["sims", "send-sms", "--from", "sims.csv", "--set", "payload=hello", "--journal", "run.db", "--yes"]
    code, out, err = bulk(*words, "--json", "--concurrency", "1")
    assert code == 1
    first = json.loads(out[0])
    assert first["result"] == "unknown"
    assert first["error"].keys() == {"type", "message"}
    assert json.loads(out[-1])["summary"]["unknown"] == 1
    assert err[0].startswith(f"unknown: {SIMS[0]} (row 2): ")
    assert err[-1].endswith(": soracom-async bulk failures run.db --unknown --to unknown.csv")
    sent = emulator.counts["sendSmsToSim"]
    code, out, err = bulk(*words)
    assert (code, emulator.counts["sendSmsToSim"]) == (1, sent)
    assert err[0] == f"unknown: {SIMS[0]} (row 2): a former run ended before its answer came"
    assert bulk("failures", "run.db", "--to", "failed.csv")[2] == ["failed.csv: 0 rows"]
    assert bulk("failures", "run.db", "--to", "failed.csv", "--unknown")[2] == ["failed.csv: 1 row"]
    code, _, err = bulk(*words, "--repeat-unknown")
    assert (code, emulator.counts["sendSmsToSim"]) == (0, sent + 1)


def test_a_journal_in_use_is_told_of(emulator: Emulator, bulk: Bulk) -> None:
    async def use() -> None:
        async with Soracom() as soracom:
            async with library.run(soracom.sims.suspend, SIMS[:2], journal="run.db") as results:
                await results.collect()
                told.append(await run_sync(partial(bulk, "status", "run.db")))
                told.append(await run_sync(partial(bulk, "status", "run.db", "--json")))

    told: list[tuple[int, list[str], list[str]]] = []
    asyncio.run(use())
    assert f"used by process {os.getpid()}" in "\n".join(told[0][1])
    assert json.loads(told[1][1][0])["running"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--max-failures", "many"], "'many' is not a whole number, 0 or more, nor a share such as 5%"),
        (["--max-failures", "-1"], "'-1' is not a whole number, 0 or more, nor a share such as 5%"),
        (["--max-failures", "150%"], "'150' is not a number above 0, up to 100"),
        (["--quota-share", "0"], "'0' is not a number above 0, up to 1"),
        (["--quota-share", "half"], "'half' is not a number above 0, up to 1"),
        (["--canary", "-1"], "'-1' is not a whole number, 0 or more"),
        (["--where", "status"], "'status' is not of the form NAME=VALUE"),
    ],
)
def test_bad_numbers_are_named(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bulk", *SUSPEND, *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(says)


def test_a_share_of_failures_is_taken(emulator: Emulator, bulk: Bulk) -> None:
    written("sims.csv", [ABSENT, *SIMS])
    code, _, err = bulk(*SUSPEND, "--max-failures", "50%")
    assert code == 1, err


# On a terminal and in a pipe


def test_a_terminal_gets_a_bar(
    serve: Serve, bulk: Bulk, sitting: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rich")
    serve(latency=0.05)
    written("sims.csv", [*SIMS, ABSENT])
    sitting("")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("NO_COLOR", "1")
    code, _, err = bulk(*SUSPEND, "--concurrency", "2")
    assert code == 1
    shown = "\n".join(err)
    assert "━" in shown
    assert "21/21" in shown
    assert "1 failed" in shown
    assert "left" in shown
    assert "\x1b[3" not in shown
    assert "21 of 21 keys" in shown


def test_elsewhere_a_line_comes_now_and_then(serve: Serve, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soracom_async.cli.bulk_view.EVERY", 0.01)
    serve(latency=0.05)
    written("sims.csv", SIMS)
    code, _, err = bulk(*SUSPEND, "--concurrency", "2")
    assert code == 0
    assert any(" of 20 keys; " in line and "/s, " in line and "quota " in line for line in err[:-1])
    assert err[-1] == "20 of 20 keys in T: 20 done"


def test_the_count_of_a_listing_is_not_known(serve: Serve, bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soracom_async.cli.bulk_view.EVERY", 0.01)
    serve(latency=0.05)
    code, _, err = bulk("sims", "get", "--all", "--concurrency", "2")
    assert code == 0
    assert err[-1] == "20 keys in T: 20 done"
