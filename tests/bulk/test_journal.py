"""The journal of a run: claims, states, and what is on disk when."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import asynccontextmanager

import anyio
import pytest
from clock import settle, until

from soracom_async import NotFound
from soracom_async.bulk import JournalError, failures, status
from soracom_async.bulk import _schema as schema
from soracom_async.bulk._lock import Lock
from soracom_async.bulk._store import Store
from soracom_async.bulk.claims import ERROR_LENGTH, Claim, Identity, State
from soracom_async.bulk.journal import Journal

pytestmark = pytest.mark.anyio

ACT = Identity("sendSmsToSim", {"payload": "hello"}, "OP0012345678", repeatable=False, parameter="sim_id")
SET = Identity("suspendSim", {}, "OP0012345678", repeatable=True, parameter="sim_id")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.db"


@asynccontextmanager
async def opened(path, identity=SET, **options):
    opened = await Journal.open(path, identity, **options)
    try:
        yield opened
    finally:
        await opened.aclose()


async def run(path, identity=SET, *, keys=(), states=(), **options):
    """Claim keys and settle them in these states, None leaving one under way; return the answers to the claims."""
    async with opened(path, identity, **options) as journal:
        answers = [await journal.claim(key) for key in keys]
        for key, answer, state in zip(keys, answers, states, strict=False):
            if answer is Claim.BEGIN and state is not None:
                journal.settle(key, state, NotFound("no such thing", status=404) if state is not State.DONE else None)
    return answers


class Disk:
    """A disk that does not write until it may, or that fails."""

    def __init__(self, monkeypatch):
        self.free = threading.Event()
        self.free.set()
        self.batches = []
        write = Store.write

        def slow(store, settled, requests):
            assert self.free.wait(30)
            self.batches.append((len(settled), len(requests)))
            return write(store, settled, requests)

        monkeypatch.setattr(Store, "write", slow)


@pytest.fixture
def disk(monkeypatch):
    disk = Disk(monkeypatch)
    yield disk
    disk.free.set()


def full(monkeypatch):
    """Let no database grow any more than it has; return how to give it space."""
    limits = []
    connect = schema.connect

    def small(path, mode):
        connection = connect(path, mode)
        if mode == "rw" and path.endswith(".db"):
            connection.execute("PRAGMA max_page_count = 6")
            limits.append(connection)
        return connection

    monkeypatch.setattr(schema, "connect", small)
    return lambda: limits[-1].execute("PRAGMA max_page_count = 100000")


# What a claim is answered


async def test_a_key_begins_once_and_what_is_done_is_not_done_again(path):
    keys = ["a", "b", "a"]
    assert await run(path, keys=keys, states=[State.DONE, State.FAILED]) == [Claim.BEGIN, Claim.BEGIN, Claim.DUPLICATE]
    assert await run(path, keys=keys) == [Claim.DONE, Claim.BEGIN, Claim.DUPLICATE]
    assert status(path).counts == {State.DONE: 1, State.BEGUN: 1, State.FAILED: 0, State.UNKNOWN: 0}


@pytest.mark.parametrize(
    ("identity", "options", "answer"),
    [(SET, {}, Claim.BEGIN), (ACT, {}, Claim.UNKNOWN), (ACT, {"repeat_unknown": True}, Claim.BEGIN)],
)
@pytest.mark.parametrize("state", [None, State.UNKNOWN])
async def test_what_was_under_way_begins_again_only_if_it_may(path, identity, options, answer, state):
    """A key that did not end, and one that ended without an answer."""
    await run(path, identity, keys=["a"], states=[state])
    assert await run(path, identity, keys=["a"], **options) == [answer]
    counts = status(path).counts
    assert counts[State.BEGUN if answer is Claim.BEGIN else State.UNKNOWN] == 1


async def test_an_act_that_failed_begins_again(path):
    await run(path, ACT, keys=["a"], states=[State.FAILED])
    assert await run(path, ACT, keys=["a"], states=[State.FAILED]) == [Claim.BEGIN]
    (failure,) = failures(path)
    assert (failure.text, failure.attempts, failure.state) == ("a", 2, State.FAILED)
    assert failure.arguments == {"sim_id": "a"}
    assert failure.error == "NotFound: request: 404: no such thing"


async def test_a_claim_returns_behind_its_commit(path, disk):
    """The event loop runs on while the disk writes, and the key is on disk when the claim returns."""
    async with opened(path) as journal, anyio.create_task_group() as group:
        answers = []

        async def claim():
            answers.append(await journal.claim("a", row="7"))

        disk.free.clear()
        group.start_soon(claim)
        await settle()
        assert answers == []
        assert status(path).total == 0
        disk.free.set()
        await until(lambda: answers)
        assert answers == [Claim.BEGIN]
        now = status(path)
        assert now.running
        assert now.process == os.getpid()
        assert now.counts[State.BEGUN] == 1


async def test_many_claims_share_one_transaction(path, disk):
    async with opened(path) as journal, anyio.create_task_group() as group:
        for number in range(32):
            group.start_soon(journal.claim, str(number))
    assert disk.batches == [(0, 32)]


# What is taken back


async def test_a_claim_that_is_cancelled_is_as_if_it_had_never_been(path, disk):
    async with opened(path, ACT) as journal:
        disk.free.clear()
        with anyio.move_on_after(0.01):
            await journal.claim("a")
        disk.free.set()
        assert await journal.claim("b") is Claim.BEGIN
        assert await journal.claim("a") is Claim.BEGIN
        journal.unclaim("a")
    assert status(path).total == 1


async def test_a_claim_that_is_cancelled_as_its_answer_comes_is_taken_back(path, monkeypatch):
    async with opened(path, ACT) as journal:
        with anyio.CancelScope() as scope:
            written = journal._written

            def cancel(batch):
                scope.cancel()
                written(batch)

            monkeypatch.setattr(journal._writer, "_written", cancel)
            await journal.claim("a")
        assert scope.cancelled_caught
        monkeypatch.undo()
    assert status(path).counts[State.BEGUN] == 0


async def test_a_claim_that_is_taken_back_leaves_what_a_former_run_knew(path):
    await run(path, ACT, keys=["a"], states=[State.FAILED])
    async with opened(path, ACT) as journal:
        assert await journal.claim("a") is Claim.BEGIN
        journal.unclaim("a")
        assert await journal.claim("a") is Claim.BEGIN
        journal.unclaim("a")
        (failure,) = journal.failures()
    assert (failure.attempts, failure.error) == (1, "NotFound: request: 404: no such thing")
    async with opened(path, ACT):
        assert status(path).runs == 3


async def test_only_what_began_can_end(path):
    async with opened(path) as journal:
        with pytest.raises(KeyError):
            journal.settle("a", State.DONE)
        with pytest.raises(KeyError):
            journal.unclaim("a")


# What is kept


async def test_failures_are_told_while_the_run_goes_on(path):
    """With what was settled a moment ago, its row, and an error of bounded length."""
    async with opened(path) as journal:
        for key in ("a", "b", '{"n":1,"sim_id":"c"}'):
            await journal.claim(key, row="12")
        journal.settle("a", State.FAILED, ValueError("x" * 10_000))
        journal.settle("b", State.UNKNOWN)
        journal.settle('{"n":1,"sim_id":"c"}', State.FAILED, TimeoutError())
        first, second, third = journal.failures()
        assert (first.row, len(first.error)) == ("12", ERROR_LENGTH)
        assert (second.state, second.error) == (State.UNKNOWN, "")
        assert (third.arguments, third.error) == ({"n": 1, "sim_id": "c"}, "TimeoutError")
    assert [each.text for each in journal.failures()] == ["a", "b", '{"n":1,"sim_id":"c"}']


async def test_failures_wait_for_what_was_settled_while_the_disk_was_busy(path, disk):
    async with opened(path) as journal, anyio.create_task_group() as group:
        await journal.claim("a")
        disk.free.clear()
        group.start_soon(journal.claim, "b")
        await settle()
        journal.settle("a", State.FAILED)
        threading.Timer(0.05, disk.free.set).start()
        assert [each.text for each in journal.failures()] == ["a"]


async def test_any_text_can_be_a_key(path):
    keys = ["", "日本", "\ud800", "a\0b", "' OR 1=1", "x" * 100_000]
    assert await run(path, keys=keys, states=[State.DONE] * 6) == [Claim.BEGIN] * 6
    assert await run(path, keys=keys) == [Claim.DONE] * 6


async def test_a_closed_journal_is_one_file_of_its_owner(path):
    await run(path, keys=["a"])
    assert [each.name for each in path.parent.iterdir()] == ["run.db"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_it_is_closed_once_and_for_all(path):
    async with opened(path) as journal:
        await journal.aclose()
        with pytest.raises(JournalError, match="is closed"):
            await journal.claim("a")


async def test_closing_writes_all_also_when_it_is_cancelled(path, disk):
    journal = await Journal.open(path, SET)
    await journal.claim("a")
    disk.free.clear()
    journal.settle("a", State.DONE)
    threading.Timer(0.05, disk.free.set).start()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await journal.aclose()
    assert status(path).counts[State.DONE] == 1
    assert status(path).closed


async def test_a_journal_that_cannot_be_opened_says_so(path):
    async with opened(path) as journal:
        with pytest.raises(JournalError, match="in use by process"):
            await Journal.open(path, SET)
        assert await journal.claim("a") is Claim.BEGIN
    with pytest.raises(JournalError, match="belongs to the operation suspendSim"):
        await Journal.open(path, ACT)


async def test_an_opening_that_is_cancelled_leaves_the_journal_free(path):
    with anyio.CancelScope() as scope:
        scope.cancel()
        await Journal.open(path, SET)
    assert not status(path).running
    assert await run(path, keys=["a"]) == [Claim.BEGIN]


# A disk that fails


async def test_a_full_disk_stops_the_claims_and_loses_no_end(path, monkeypatch):
    """Claims that wait and later ones say so; when there is space again at the end, how keys ended is written."""
    space = full(monkeypatch)
    async with opened(path) as journal:
        assert await journal.claim("a") is Claim.BEGIN
        journal.settle("a", State.DONE)
        with pytest.raises(JournalError, match=r"run\.db: the disk is full: free space"):
            await journal.claim("x" * 50_000)
        with pytest.raises(JournalError, match="the disk is full"):
            await journal.claim("b")
        space()
    assert status(path).closed
    assert await run(path, keys=["a", "b"]) == [Claim.DONE, Claim.BEGIN]


async def test_ends_that_cannot_be_written_are_told(path, monkeypatch):
    journal = await Journal.open(path, ACT)
    assert await journal.claim("a") is Claim.BEGIN

    def failing(*_):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_WRITE"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", failing)
        with pytest.raises(JournalError, match=r"run\.db: the disk failed"):
            await journal.claim("b")
        journal.settle("a", State.DONE)
        with pytest.raises(JournalError, match="How 1 keys ended could not be written"):
            await journal.aclose()
    assert not status(path).closed
    assert await run(path, ACT, keys=["a", "b"]) == [Claim.UNKNOWN, Claim.BEGIN]


async def test_a_mark_that_cannot_be_written_stops_the_claims(path, monkeypatch):
    """The key is on disk as begun, and was not sent."""
    journal = await Journal.open(path, ACT)
    await journal.claim("a")

    def failing(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Lock, "write", failing)
        journal.settle("a", State.DONE)
        with pytest.raises(JournalError, match="the disk is full"):
            await journal.claim("b")
        await journal.aclose()
    assert await run(path, ACT, keys=["a", "b"]) == [Claim.DONE, Claim.UNKNOWN]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves and deletes no open file")
@pytest.mark.parametrize("lose", [lambda path: path.unlink(), lambda path: path.rename(path.with_name("moved.db"))])
@pytest.mark.parametrize("late", [True, False])
async def test_a_journal_that_is_taken_away_stops_the_claims(path, lose, late):
    """What is written there would be lost, and the next run would send all once more."""
    journal = await Journal.open(path, ACT)
    await journal.claim("a")
    lose(path)
    if not late:
        with pytest.raises(JournalError, match=r"run\.db: it was moved or deleted while a run uses it"):
            await journal.claim("b")
    journal.settle("a", State.DONE)
    with pytest.raises(JournalError, match="it was moved or deleted"):
        await journal.aclose()
    with pytest.raises(JournalError, match="the file is gone, and those that the last run left"):
        await Journal.open(path, ACT)
    if (moved := path.with_name("moved.db")).exists():
        moved.rename(path)
        assert await run(path, ACT, keys=["a", "b"]) == [Claim.UNKNOWN, Claim.BEGIN]


async def test_a_journal_that_cannot_be_closed_says_so(path, monkeypatch):
    journal = await Journal.open(path, ACT)
    await journal.claim("a")

    def failing(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Lock, "write", failing)
        with pytest.raises(JournalError, match="Input/output error"):
            await journal.aclose()
    assert await run(path, ACT, keys=["a"]) == [Claim.UNKNOWN]


async def test_a_disk_that_does_not_answer_is_an_error(path, disk, monkeypatch):
    monkeypatch.setattr(sys.modules[Journal.__module__], "PATIENCE", 0.05)
    journal = await Journal.open(path, ACT)
    disk.free.clear()
    with pytest.raises(JournalError, match=r"run\.db: the disk does not answer"):
        await journal.claim("a")
    with pytest.raises(JournalError, match="the disk does not answer"):
        await journal.claim("b")
    with pytest.raises(JournalError, match="the disk does not answer"):
        journal.failures()
    with pytest.raises(JournalError, match="the disk does not answer"):
        await journal.aclose()
    disk.free.set()
    await until(lambda: not status(path).running)


# Threads, processes and event loops

PROGRAM = """
import os, sys, time, warnings
import anyio
from soracom_async.bulk import JournalError
from soracom_async.bulk.claims import Identity, State
from soracom_async.bulk.journal import Journal
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads

async def main():
    journal = await Journal.open(sys.argv[1], Identity("suspendSim", {}, "OP0012345678", True, "sim_id"))
    await journal.claim("a")
"""


def program(path, backend, text, *, expected=0):
    code = f"{PROGRAM}{text}\nanyio.run(main, backend={backend!r})\nprint('end')"
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == expected, done.stderr
    return done.stdout


def test_a_journal_is_free_soon_after_its_event_loop(path, monkeypatch, anyio_backend_name):
    """It was left open there: what was under way is as after a crash."""
    monkeypatch.setattr("soracom_async.bulk._writer.LOOK", 0.02)

    async def leave():
        journal = await Journal.open(path, ACT)
        for key in ("1", "2"):
            await journal.claim(key)
        journal.settle("1", State.DONE)
        await journal.claim("3")

    anyio.run(leave, backend=anyio_backend_name)
    while status(path).running:
        threading.Event().wait(0.01)
    found = status(path)
    assert not found.closed
    assert (found.counts[State.DONE], found.counts[State.BEGUN]) == (1, 2)
    answers = anyio.run(lambda: run(path, ACT, keys=("1", "2", "3", "4")), backend=anyio_backend_name)
    assert answers == [Claim.DONE, Claim.UNKNOWN, Claim.UNKNOWN, Claim.BEGIN]


async def test_a_journal_left_open_keeps_no_process_alive(path, anyio_backend):
    """The event loop ends, and the process: what was claimed is known."""
    assert program(path, anyio_backend, "") == "end\n"
    assert status(path).counts[State.BEGUN] == 1
    assert not status(path).running
    assert await run(path, keys=["a"]) == [Claim.BEGIN]


FORKED = """
    child = os.fork()
    if child == 0:
        try:
            await journal.claim("b")
        except JournalError as error:
            print(error, flush=True)
        await journal.aclose()
        time.sleep(float(sys.stdin.readline() or 0))
        os._exit(0)
    {}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
async def test_a_forked_child_may_not_use_it_and_does_not_close_it(path, anyio_backend):
    text = FORKED.format("os.waitpid(child, 0); await journal.claim('c'); await journal.aclose()")
    assert "belongs to another process: open one in each process" in program(path, anyio_backend, text)
    assert status(path).total == 2
    assert status(path).closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
async def test_a_forked_child_does_not_hold_the_lock_behind_its_parent(path, anyio_backend):
    """The parent dies, the child lives, and the journal is free."""
    code = f"{PROGRAM}{FORKED.format('os._exit(0)')}\nanyio.run(main, backend={anyio_backend!r})"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:  # noqa: ASYNC220
        assert b"belongs to another process" in parent.stdout.readline()
        assert parent.wait(30) == 0
        assert await run(path, keys=["a"]) == [Claim.BEGIN]
        parent.stdin.write(b"0\n")
