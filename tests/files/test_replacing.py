"""Files that have their name only once they are whole: `soracom_async.files.replacing`."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import anyio
import pytest
from bodies import CONTENT

from soracom_async import Soracom
from soracom_async.bulk.claims import Failure, State
from soracom_async.bulk.results import write_failures
from soracom_async.emulator import Emulator
from soracom_async.files.replacing import named, replacing, write_all

NO_PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def written(path: Path, content: bytes = b"new") -> None:
    with replacing(str(path)) as file:
        write_all(file, content)


def test_a_directory_that_is_missing_is_told_by_the_name_of_the_file(tmp_path):
    path = tmp_path / "none" / "a.csv"
    with pytest.raises(FileNotFoundError) as raised:
        written(path)
    assert str(raised.value) == f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: {str(path)!r}"


def test_a_name_that_cannot_be_taken_is_told(tmp_path):
    """Something else has it by the time that the file is whole; nothing stays of the file."""
    path = tmp_path / "a.csv"
    with pytest.raises(OSError, match=r": '[^']*a\.csv'$") as raised, replacing(str(path)) as file:
        file.write(b"new")
        path.mkdir()
    assert raised.value.filename == str(path)
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_link_stays(tmp_path):
    """What it leads to is replaced, in its own directory."""
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a.csv", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    written(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["link", "there"]
    assert os.listdir(tmp_path / "there") == ["a.csv"]


@NO_PIPES
def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(path := tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    written(path, CONTENT)
    reader.join(20)
    assert read == [CONTENT]
    assert path.is_fifo()


def test_an_error_that_names_another_file_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as raised, named("mine.csv"):
        (tmp_path / "other.csv").open()
    assert raised.value.filename == str(tmp_path / "other.csv")


def test_an_error_without_a_number_stays_as_it_is():
    with pytest.raises(OSError, match=r"^odd$") as raised, named("mine.csv"):
        raise OSError("odd")
    assert raised.value.filename is None


@FULL
@pytest.mark.anyio
async def test_a_download_to_a_full_disk(anyio_backend):
    """The error names the file, and the device stays what it is."""
    async with Emulator(sims=0) as emulator, Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        await soracom.files.put("private", "a", content=CONTENT)
        async with soracom.stream("getFile", scope="private", path="a") as answer:
            with pytest.raises(OSError, match="'/dev/full'") as raised:
                await answer.save("/dev/full")
    assert raised.value.errno == errno.ENOSPC
    assert await anyio.Path("/dev/full").is_char_device()


@FULL
@pytest.mark.parametrize("name", ["failed.csv", "failed.jsonl"])
def test_failures_on_a_full_disk(name, tmp_path):
    """The error names the file; what a link leads to stays a device."""
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match=name) as raised:
        write_failures(lambda: [Failure("a", {"sim_id": "a"}, State.FAILED, "NotFound", 1, None)], tmp_path / name)
    assert raised.value.errno == errno.ENOSPC
    assert (tmp_path / name).is_char_device()


def test_failures_that_cannot_be_read_leave_the_file_of_before(tmp_path):
    """It is often the input of the run that failed."""
    path = tmp_path / "failed.csv"
    path.write_text("sim_id\n1\n", encoding="utf-8")

    def failures():
        yield Failure("a", {"sim_id": "a"}, State.FAILED, "NotFound", 1, None)
        raise OSError(errno.EIO, "the disk fails", "run.db")

    with pytest.raises(OSError, match="the disk fails"):
        write_failures(failures, path)
    assert path.read_text(encoding="utf-8") == "sim_id\n1\n"
    assert os.listdir(tmp_path) == ["failed.csv"]
