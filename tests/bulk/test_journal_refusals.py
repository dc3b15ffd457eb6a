"""Journals that are refused: one clear line, which names both sides and says what to do; nothing is changed."""

import errno
import logging
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext

import pytest
from attrs import evolve

from soracom_async.bulk import JournalError, failures, status
from soracom_async.bulk import _lock as locks
from soracom_async.bulk import _schema as schema
from soracom_async.bulk._lock import Lock, Mark
from soracom_async.bulk._opening import open_store
from soracom_async.bulk._store import Request, Store
from soracom_async.bulk.claims import Claim, Identity

ACT = Identity("sendSmsToSim", {"payload": "hello"}, "OP0012345678", repeatable=False, parameter="sim_id")
SET = Identity("suspendSim", {}, "OP0012345678", repeatable=True, parameter="sim_id")


def opened(path, identity=ACT, *, repeat_unknown=False):
    return open_store(str(path), identity, repeat_unknown=repeat_unknown, library="1.0")


def refused(path, identity=ACT, **options):
    """Return why a journal is refused."""
    with pytest.raises(JournalError) as caught:
        opened(path, identity, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert os.path.realpath(path) in message
    return message


def keys_of(path, identity=ACT, **options):
    """Claim two keys and close the journal; return the answers."""
    store = opened(path, identity, **options)
    requests = [Request("a", None), Request("b", None)]
    store.write([], requests)
    store.close(clean=True)
    return [each.claim for each in requests]


def changed(path, statement, *values):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.db"


@pytest.fixture
def closed(path):
    """A journal of a run that came to its end."""
    keys_of(path)
    return path


@pytest.fixture
def killed(path):
    """A journal of a run that was killed."""
    store = opened(path)
    store.write([], [Request("a", None)])
    files = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    store.close(clean=True)
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    return path


# Another run


@pytest.mark.parametrize(
    ("identity", "theirs", "ours"),
    [
        (evolve(ACT, operation="suspendSim"), "operation sendSmsToSim", "suspendSim"),
        (evolve(ACT, arguments={"payload": "bye"}), 'fixed arguments {"payload":"hello"}', '{"payload":"bye"}'),
        (evolve(ACT, operator="OP0087654321"), "operator OP0012345678", "OP0087654321"),
    ],
)
def test_a_journal_of_another_run(closed, identity, theirs, ours):
    before = closed.read_bytes()
    message = refused(closed, identity)
    assert f"belongs to the {theirs}, and this run has {ours}: name another journal" in message
    assert closed.read_bytes() == before
    assert [each.name for each in closed.parent.iterdir()] == ["run.db"]


def test_long_arguments_are_shown_in_part(closed):
    message = refused(closed, evolve(ACT, arguments={"payload": "x" * 5000}))
    assert len(message) < 600
    assert "…" in message


def test_the_order_of_arguments_makes_no_other_run(path):
    keys_of(path, evolve(ACT, arguments={"a": 1, "b": [2]}))
    assert keys_of(path, evolve(ACT, arguments={"b": [2], "a": 1})) == [Claim.UNKNOWN] * 2


# In use


def test_a_journal_in_use(path):
    """Also by this process; and not behind the end of its run."""
    store = opened(path)
    message = refused(path)
    assert f"is in use by process {os.getpid()}, this one: wait for the end of that run" in message
    store.close(clean=True)
    assert keys_of(path) == [Claim.BEGIN] * 2


def test_a_journal_in_use_by_another_process(path):
    code = "import sys; from test_journal_refusals import opened; opened(sys.argv[1]); print(flush=True); input()"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, os.path.dirname(__file__)])}
    command = [sys.executable, "-c", code, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        process.stdout.readline()
        assert f"is in use by process {process.pid}: wait" in refused(path)
        assert status(path).process == process.pid
        process.kill()
    assert status(path).process is None
    assert keys_of(path) == [Claim.BEGIN] * 2


def test_a_lock_whose_text_is_gone_is_a_lock(path):
    store = opened(path)
    os.truncate(f"{path}-lock", 0)
    assert "is in use by another process: wait" in refused(path)
    assert status(path).running
    assert status(path).process == 0
    store.close(clean=True)


def test_one_who_only_looks_is_waited_for(path, monkeypatch):
    """`bulk status` holds the lock for a moment."""
    answers = iter([False, False, True])
    locked = locks._locked

    def busy(descriptor, *, shared):
        return next(answers, True) and locked(descriptor, shared=shared)

    monkeypatch.setattr(locks, "_locked", busy)
    assert keys_of(path) == [Claim.BEGIN] * 2


def test_a_lock_file_that_its_last_owner_removed_is_made_anew(path, monkeypatch):
    """It was removed between its opening and its locking: a lock on it would keep nobody away."""
    gone = [1, 1]
    locked = locks._locked

    def removing(descriptor, *, shared):
        if gone and gone.pop():
            os.unlink(f"{path}-lock")
            if not gone:
                (path.parent / "run.db-lock").touch()
        return locked(descriptor, shared=shared)

    monkeypatch.setattr(locks, "_locked", removing)
    store = opened(path)
    assert "is in use" in refused(path)
    store.close(clean=True)


# Not a journal


def test_an_empty_file_is_a_new_journal(path):
    path.touch()
    assert keys_of(path) == [Claim.BEGIN] * 2


def test_a_link_leads_to_the_journal(closed):
    link = closed.parent / "link.db"
    link.symlink_to(closed)
    assert keys_of(link) == [Claim.UNKNOWN] * 2
    assert sorted(each.name for each in closed.parent.iterdir()) == ["link.db", "run.db"]


def of_text(path):
    path.write_text("sim_id\n8981000000000000001\n" * 100)
    return "it is no journal, or its beginning is damaged: name a new file"


def of_a_few_bytes(path):
    path.write_bytes(b"SQLite format 3\0")
    return "it is no journal, or its beginning is damaged"


def of_another_program(path):
    changed(path, "CREATE TABLE things (id)")
    return "it is a database of another program: name a new file"


def a_directory(path):
    path.mkdir()
    return "it is a directory: name a file"


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path)[-100:] if len(str(path)) < 100 else os.path.relpath(path))
    return "it is no regular file: name a file"


def newer(path):
    keys_of(path)
    changed(path, "PRAGMA user_version = 2")
    return "its format is 2, and this version of soracom_async knows 1: upgrade soracom_async"


@pytest.mark.parametrize("make", [of_text, of_a_few_bytes, of_another_program, a_directory, a_socket, newer])
@pytest.mark.parametrize("use", [refused, status, failures], ids=["run", "status", "failures"])
def test_what_is_no_journal(path, make, use, monkeypatch):
    monkeypatch.chdir(path.parent)
    reason = make(path)
    before = None if path.is_dir() or path.is_socket() else path.read_bytes()
    if use is refused:
        assert reason in refused(path)
    else:
        with pytest.raises(JournalError, match=reason.split(",")[0]):
            list(use(path))
    assert before is None or path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["run.db"]


def test_a_directory_that_is_missing(tmp_path):
    assert "its directory does not exist: create it" in refused(tmp_path / "missing" / "run.db")


@pytest.mark.parametrize("use", [refused, status, failures], ids=["run", "status", "failures"])
def test_a_directory_that_is_a_file(closed, use):
    with pytest.raises(JournalError, match="Not a directory") if use is not refused else nullcontext():
        assert "Not a directory" in use(closed / "run.db")


def test_what_the_operating_system_refuses(path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(errno.EACCES, "Permission denied", f"{path}-lock")

    (path.parent / "run.db-lock").mkdir()
    assert "Is a directory" in refused(path)
    (path.parent / "run.db-lock").rmdir()
    monkeypatch.setattr(locks.os, "open", forbidden)
    assert f"Permission denied ({path}-lock)" in refused(path)


def test_there_is_nothing_to_tell_of_no_journal(path):
    for look in (status, failures):
        with pytest.raises(JournalError, match="there is none"):
            look(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SQLITE_FULL", "the disk is full: free space and run again"),
        ("SQLITE_BUSY_SNAPSHOT", "another program locks it: close that and run again"),
        ("SQLITE_READONLY", "it is read-only"),
        ("SQLITE_CANTOPEN", "check the permissions"),
        ("SQLITE_IOERR_FSYNC", "the disk failed"),
        ("SQLITE_CORRUPT", "is damaged"),
        ("SQLITE_MISUSE", "cannot be used"),
    ],
)
def test_what_sqlite_says_is_explained(path, name, reason):
    error = sqlite3.OperationalError("bad luck")
    error.sqlite_errorname = name
    message = str(schema.explained(str(path), error))
    assert reason in message
    assert "bad luck" in message


def test_a_database_that_another_program_locks(closed, monkeypatch):
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(closed, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another program locks it: close that and run again" in refused(closed)
    assert keys_of(closed) == [Claim.UNKNOWN] * 2


def test_a_full_disk_leaves_no_half_of_a_journal(path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(schema.os, "replace", full)
        assert "the disk is full" in refused(path)
    assert list(path.parent.iterdir()) == []


def test_a_full_disk_has_no_space_for_a_lock(closed, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(locks.os, "write", full)
        assert "the disk is full" in refused(closed)
    assert keys_of(closed) == [Claim.UNKNOWN] * 2


def test_a_full_disk_has_no_space_for_the_first_commit(closed, monkeypatch):
    """The journal is free behind that, and as it was."""

    def full(*_, **__):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Store, "begin", full)
        assert "the disk is full" in refused(closed)
    assert [each.name for each in closed.parent.iterdir()] == ["run.db"]
    assert keys_of(closed) == [Claim.UNKNOWN] * 2


# Damaged


def test_a_page_that_was_overwritten(closed):
    content = bytearray(closed.read_bytes())
    content[-4096:] = b"x" * 4096
    closed.write_bytes(content)
    message = refused(closed, SET)
    assert "is damaged" in message
    assert "restore a copy of it, or move it away and begin a new one, which sends all keys again" in message


def test_a_table_that_is_missing(closed):
    changed(closed, "DROP TABLE keys")
    assert "is damaged (no such table: keys)" in refused(closed)


def test_what_it_says_of_itself_is_missing(closed):
    changed(closed, "DELETE FROM meta")
    assert "is damaged" in refused(closed)
    with pytest.raises(JournalError, match="is damaged"):
        status(closed)


def test_what_it_says_of_itself_cannot_be_read(closed):
    changed(closed, "UPDATE meta SET arguments = '{'")
    assert "is damaged" in refused(closed)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET arguments = NULL",
        "UPDATE meta SET arguments = 5",
        "UPDATE meta SET operation = x'00ff'",
        "UPDATE meta SET sequence = 'many'",
        "UPDATE meta SET created = 1 << 62",
        "UPDATE keys SET key = x'00ff', state = 'failed' WHERE key = 'a'",
    ],
)
def test_values_of_other_types_are_damage(closed, statement):
    """SQLite holds a column to no type, and takes NULL only where the page says so: pages get damaged."""
    with closing(sqlite3.connect(closed, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '')")
    changed(closed, statement)
    with pytest.raises(JournalError, match="is damaged"):
        (list(failures(closed)), status(closed))


def test_a_path_that_no_file_can_have(tmp_path):
    for tell in (status, failures):
        with pytest.raises(JournalError, match="a.*b.db': embedded null byte: name a file"):
            tell(tmp_path / "a\0b.db")


def test_a_state_that_another_program_changed(closed):
    changed(closed, "UPDATE keys SET state = 'failed' WHERE key = 'a'")
    assert "parts of it are older than others, or another program changed it" in refused(closed)


# Lost commits


def cut_off(path):
    (path.parent / "run.db-wal").unlink()
    return "the last 1 of its commits are lost"


def alone(path):
    cut_off(path)
    (path.parent / "run.db-lock").unlink()
    return "it was not closed, and the file that marks its last commit is missing"


def gone(path):
    path.unlink()
    return "the file is gone, and those that the last run left beside it are still there"


def log_alone(path):
    (path.parent / "run.db-lock").unlink()
    return gone(path)


def exchanged(path):
    for each in list(path.parent.iterdir()):
        if each.name != "run.db-lock":
            each.unlink()
    other = path.parent / "other.db"
    opened(other).close(clean=True)
    other.rename(path)
    return "it is not the journal that was last used here"


@pytest.mark.parametrize("lose", [cut_off, alone, gone, log_alone, exchanged])
def test_lost_commits_stop_acts(killed, lose):
    """Keys that nobody knows of may have been sent: only the caller can say that they may be sent again."""
    reason = lose(killed)
    message = refused(killed)
    assert f"{reason}: some keys may have been sent that it does not know" in message
    assert "pass repeat_unknown=True, which may send those a second time" in message
    assert keys_of(killed, repeat_unknown=True) == [Claim.BEGIN] * 2
    assert keys_of(killed) == [Claim.UNKNOWN] * 2


@pytest.mark.parametrize("lose", [cut_off, alone, gone, log_alone, exchanged])
def test_lost_commits_are_logged_where_keys_may_be_sent_again(killed, lose, caplog):
    identity = evolve(ACT, repeatable=True)
    lose(killed)
    with caplog.at_level(logging.WARNING):
        assert keys_of(killed, identity) == [Claim.BEGIN] * 2
    (record,) = caplog.records
    assert "may send some keys a second time" in record.getMessage()


def test_a_run_that_was_killed_goes_on(killed):
    assert keys_of(killed) == [Claim.UNKNOWN, Claim.BEGIN]


def test_a_mark_that_was_overwritten_is_none(killed):
    with open(f"{killed}-lock", "r+b") as file:
        file.write(b"?")
    assert "the file that marks its last commit is missing" in refused(killed)


def test_a_creation_that_was_cut_off_is_no_loss(path):
    """A lock without a mark, and half of a new journal."""
    (path.parent / "run.db-lock").touch()
    (path.parent / "run.db-new").write_bytes(b"SQLite format 3\0")
    assert keys_of(path) == [Claim.BEGIN] * 2
    lock = Lock.acquire(str(path))
    lock.write(Mark("0123456789abcdef", 0))
    lock.release(remove=True)
    assert [each.name for each in path.parent.iterdir()] == ["run.db"]
