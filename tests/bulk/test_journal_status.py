"""What a journal tells while it is used, when its run was killed, and when all is done; telling changes nothing."""

import errno
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from soracom_async.bulk import JournalError, failures, status
from soracom_async.bulk import _lock as locks
from soracom_async.bulk import _schema as schema
from soracom_async.bulk._opening import open_store
from soracom_async.bulk._store import Request, Settled
from soracom_async.bulk.claims import Identity, State

ACT = Identity("sendSmsToSim", {"payload": "hello"}, "OP0012345678", repeatable=False, parameter="sim_id")
SET = Identity("suspendSim", {}, "OP0012345678", repeatable=True, parameter="sim_id")
STATES = {"done": State.DONE, "failed": State.FAILED, "unknown": State.UNKNOWN}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.db"


def begun(path, identity=ACT, keys=("done", "failed", "unknown", "left")):
    """Open a journal and claim keys; settle those that are named for a state."""
    store = open_store(str(path), identity, repeat_unknown=False, library="1.2.3")
    requests = [Request(key, "9") for key in keys]
    store.write([], requests)
    store.write(
        [Settled(each.flight, STATES[each.key], "why") for each in requests if each.flight and each.key in STATES], []
    )
    return store


def disk(path):
    contents = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    return {name: content for name, content in contents.items() if content}


def test_a_run_is_watched_while_it_goes_on(path):
    store = begun(path)
    before = disk(path)
    for _ in range(3):
        now = status(path)
        told = list(failures(path))
    assert disk(path) == before
    assert now.running
    assert not now.closed
    assert now.identity == ACT
    assert now.library == "1.2.3"
    assert now.runs == 1
    assert now.path == str(path)
    assert now.counts == dict.fromkeys(State, 1)
    assert now.total == 4
    assert datetime.now(UTC) - timedelta(minutes=5) < now.created <= now.changed <= datetime.now(UTC)
    assert [(each.text, each.state, each.row) for each in told] == [
        ("failed", State.FAILED, "9"),
        ("unknown", State.UNKNOWN, "9"),
    ]
    store.write([], [Request("more", None)])
    assert status(path).total == 5
    store.close(clean=True)
    assert [*disk(path)] == ["run.db"]


@pytest.mark.parametrize(("identity", "lost"), [(ACT, [("left", State.UNKNOWN)]), (SET, [])])
def test_what_a_killed_run_left_under_way_is_unknown_if_it_may_not_be_repeated(path, identity, lost):
    begun(path, identity).close(clean=False)
    before = disk(path)
    now = status(path)
    assert not now.running
    assert not now.closed
    assert now.counts[State.BEGUN] == 1
    told = [(each.text, each.state) for each in failures(path)]
    assert told == [("failed", State.FAILED), ("unknown", State.UNKNOWN), *lost]
    assert disk(path) == before


def test_a_journal_that_is_closed_is_read_without_a_trace(path):
    begun(path).close(clean=True)
    before = disk(path)
    assert status(path).closed
    assert len(list(failures(path))) == 3
    assert disk(path) == before
    assert [each.name for each in path.parent.iterdir()] == ["run.db"]


def test_a_reader_keeps_no_run_from_its_end(path, monkeypatch):
    """The write-ahead log stays for one who reads all the time; the next run goes on."""
    monkeypatch.setattr("soracom_async.bulk._store.PAUSE", 0.0)
    store = begun(path, SET)
    with closing(schema.connect(str(path), "ro")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM keys").fetchall()
        store.close(clean=True)
    assert status(path).closed
    begun(path, SET).close(clean=True)
    assert [*disk(path)] == ["run.db"]


def test_a_transaction_that_was_cut_off_is_rolled_back(path):
    """A machine that died as a run was opened leaves a rollback journal beside the database."""
    begun(path, SET, keys=[str(number) for number in range(500)]).close(clean=True)
    with closing(schema.connect(str(path), "rw")) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE keys SET state = 'done', error = hex(randomblob(100))")
        image = disk(path)
        connection.execute("ROLLBACK")
    assert "run.db-journal" in image
    for name, content in image.items():
        (path.parent / name).write_bytes(content)
    assert status(path).counts[State.BEGUN] == 500
    begun(path, SET).close(clean=True)


def test_many_failures_are_read_in_pages(path, monkeypatch):
    keys = [str(number) for number in range(25)]
    store = open_store(str(path), SET, repeat_unknown=False, library="1")
    requests = [Request(key, None) for key in keys]
    store.write([], requests)
    store.write([Settled(each.flight, State.FAILED, None) for each in requests], [])
    monkeypatch.setattr(sys.modules[status.__module__], "PAGE", 10)
    assert [each.text for each in failures(path)] == keys
    store.close(clean=True)


def test_what_cannot_be_read_is_told(path, monkeypatch):
    begun(path).close(clean=True)

    def forbidden(*_):
        raise PermissionError(errno.EACCES, "Permission denied", f"{path}-lock")

    monkeypatch.setattr(locks.os, "open", forbidden)
    for look in (status, failures):
        with pytest.raises(JournalError, match="Permission denied"):
            look(path)
