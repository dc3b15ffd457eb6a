"""Standard output and error on which printing never fails: on any encoding, closed, or not there at all."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_PLAIN = str.maketrans({"…": "..."})
"""What we print beyond ASCII; anything else comes from names, paths and answers."""


class LenientStream:
    """A text stream: what its encoding lacks is escaped, and what can no longer be written is left out."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:
        """The encoding of the stream, by which rich chooses its lines."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def fileno(self) -> int:
        """Return the file descriptor; raises OSError if there is none."""
        if self._stream is None:
            raise OSError("there is no such stream")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write a text, as far as that is possible."""
        try:
            if self._stream is not None:
                self._stream.write(self._written(text))
        except (OSError, ValueError):
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, as far as that is possible."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            self._lose()

    def put(self, text: str) -> None:
        """Write a text and all that is buffered; raises OSError if that is not possible, now or before."""
        try:
            if self._stream is None:
                raise ValueError("there is none")
            self._stream.write(self._written(text))
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._lose()
            raise OSError(f"standard output: {getattr(error, 'strerror', None) or error}") from None

    def _written(self, text: str) -> str:
        """Return a text as the encoding can write it."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.translate(_PLAIN).encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text

    def _lose(self) -> None:
        """Write nothing from now on; Python would try once more at its end, and end with an error."""
        stream, self._stream = self._stream, None
        with suppress(AttributeError, OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
            finally:
                os.close(nowhere)


@contextmanager
def lenient_streams() -> Iterator[None]:
    """Let nothing that is printed fail."""
    before = sys.stdout, sys.stderr
    mine = LenientStream(sys.stdout), LenientStream(sys.stderr)
    sys.stdout, sys.stderr = mine
    try:
        yield
    finally:
        for stream in mine:
            with suppress(OSError, ValueError):
                stream.fileno()  # what has no file has no buffer either
                stream.flush()
        sys.stdout, sys.stderr = before


def put(line: str) -> None:
    """Print a line of data on standard output; raises OSError if it cannot be written."""
    stream = sys.stdout
    assert isinstance(stream, LenientStream)  # noqa: S101 - the command runs within lenient_streams
    stream.put(f"{line}\n")
