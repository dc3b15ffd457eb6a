"""Files that have their name only once they are whole, and errors that name them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def replacing(final: str) -> Iterator[BinaryIO]:
    """Open a file that gets its name at the end, or is removed if anything goes wrong.

    A pipe or a device is written to: no file takes its place. A link stays, and what it leads to is replaced. All but
    the writing is done at once and not in threads: what a thread did after a cancellation nobody would undo.
    """
    if os.path.isdir(final or "."):
        raise IsADirectoryError(f"{final} is a directory: name a file in it")
    if os.path.exists(final) and not os.path.isfile(final):
        with open(final, "wb", buffering=0) as device:  # unbuffered, so that closing it writes nothing
            yield device
        return
    whole = os.path.realpath(final)
    part = os.path.join(os.path.dirname(whole), f".{os.urandom(8).hex()}.part")
    with named(final, part):
        file = open(part, "xb")  # noqa: SIM115 - only what it made is removed
    try:
        yield file
        with named(final, part):
            file.close()
            os.replace(part, whole)
    except BaseException:
        with suppress(OSError):  # of a full disk, again
            file.close()
        os.unlink(part)
        raise


@contextmanager
def named(path: str, *others: str) -> Iterator[None]:
    """Let an OSError name the file of the user, if it names none (of a full disk) or one of `others`."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, *others):
            error.filename = path
            del error.filename2  # the second name of a renaming
        raise


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of some bytes, also to an unbuffered file, which takes as many as it can."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
