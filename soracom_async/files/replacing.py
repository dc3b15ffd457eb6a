"""Files that have their name only once they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


@contextmanager
def replacing(final: str) -> Iterator[IO[bytes]]:
    """Open a file that gets its name at the end, or is removed if anything goes wrong.

    A pipe or a device is opened as it is: no file must take its place. All but the writing is done at once and not in
    threads: what a thread did after a cancellation nobody would undo.
    """
    if os.path.isdir(final or "."):
        raise IsADirectoryError(f"{final} is a directory: name a file in it")
    if os.path.exists(final) and not os.path.isfile(final):
        with open(final, "wb", buffering=0) as special:  # unbuffered, so that closing it writes nothing
            yield special
        return
    part = os.path.join(os.path.dirname(final), f".{os.urandom(8).hex()}.part")
    file = open(part, "xb")  # noqa: SIM115 - only what it made is removed
    try:
        yield file
        file.close()
        os.replace(part, final)
    except BaseException:
        with suppress(OSError):  # of a full disk, again
            file.close()
        os.unlink(part)
        raise
