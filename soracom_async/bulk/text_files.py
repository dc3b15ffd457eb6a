"""A text file of the caller's, read as often as it takes: its encoding is found out, and what is no text is refused."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import stat
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from attrs import frozen

from ..errors import ConfigurationError

Source = str | os.PathLike[str] | IO[bytes] | IO[str]

LONGEST = 2**20
"""The most characters of a line."""
CHUNK = 2**16
BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",  # it begins as that of UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
WIDE = "\u0800"
"""From here on, UTF-8 takes three bytes: text in another encoding does not look like that by accident."""

_OTHERS = {
    b"PK\x03\x04": "a workbook of Excel (.xlsx) or an archive: save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "a workbook of Excel (.xls): save the sheet as CSV UTF-8",
    b"\x1f\x8b": "compressed by gzip: decompress it first",
    b"PAR1": "a Parquet file: write it as CSV first",
    b"SQLite format 3\0": "an SQLite database: write the failures of a journal as CSV first",
}
"""What is given instead of text, by its first bytes."""


@frozen
class _Damage:
    """The first place of a file that is no text in an encoding."""

    line: int
    wide: bool
    """Whether a character of three bytes or more came before it."""


class TextFile:
    """A file, by its path or open in either mode; what is open, or no regular file, is copied first.

    `encoding` is that of its bytes; None finds it out: UTF-8, UTF-16 or UTF-32 with a byte order mark, or cp932. The
    whole file is checked. Raises ConfigurationError if it cannot be read, or is no text in that encoding.
    """

    def __init__(self, source: Source, encoding: str | None = None) -> None:
        self.path: Path | None = None
        self._absolute: Path
        self.name: str
        """What errors call it."""
        self._copy: IO[bytes] | None = None
        if isinstance(source, str | os.PathLike):
            self.path, self.name = Path(source), os.fspath(source)
            self._absolute = self.path.absolute()  # it is read again, also behind a chdir
        elif hasattr(source, "read"):
            self.name = str(getattr(source, "name", "the file"))
        else:
            raise _no_file(source)
        try:
            if self.path is None:
                encoding = self._keep(source) or encoding
            elif not stat.S_ISREG(self.path.stat().st_mode):
                with self.path.open("rb") as file:
                    self._keep(file)
            self.encoding: str = self._found() if encoding is None else self._checked(encoding)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from None

    def lines(self) -> Iterator[str]:
        """Give the lines with their ends, from the first, without a byte order mark. Several may read at once."""
        number = 0
        try:
            with io.TextIOWrapper(self._open(), self.encoding, newline="") as file:
                while line := file.readline(LONGEST + 1):
                    number += 1
                    if len(line) > LONGEST:
                        raise self.error(
                            f"has more than {LONGEST} characters: that is neither CSV nor JSON lines", number
                        )
                    yield line.removeprefix("\ufeff") if number == 1 else line
        except OSError as error:
            raise self._unreadable(error) from None
        except UnicodeDecodeError:
            raise self.error(f"or one after it is not {self.encoding}: the file has changed", number + 1) from None

    def error(self, what: str, line: int | None = None) -> ConfigurationError:
        """Return the error that says what is wrong with the file, or with one of its lines."""
        return ConfigurationError(f"{self.name} {what}" if line is None else f"{self.name}: line {line} {what}")

    def _unreadable(self, error: Exception) -> ConfigurationError:
        return self.error(f"cannot be read: {getattr(error, 'strerror', None) or error}")

    def _keep(self, file: Any) -> str | None:
        """Copy what an open file still has; return the encoding of the copy, if the file has text."""
        kept = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # it lives as long as this object
        self._copy = kept
        weakref.finalize(self, kept.close)
        nothing = file.read(0)
        if not isinstance(nothing, str | bytes):
            raise _no_file(file)
        text = isinstance(nothing, str)
        reader: Any = _Encoded(file) if text else file
        shutil.copyfileobj(reader, kept, CHUNK)
        return "utf-8" if text else None

    def _open(self) -> io.BufferedReader:
        return open(self._absolute, "rb") if self._copy is None else io.BufferedReader(_FromStart(self._copy))

    def _chunks(self) -> Iterator[bytes]:
        with self._open() as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def _found(self) -> str:
        """Return the encoding that the file has."""
        start = next(self._chunks(), b"")
        for magic, kind in _OTHERS.items():
            if start.startswith(magic):
                raise self.error(f"is {kind}")
        wide = next((name for mark, name in BOMS.items() if start.startswith(mark)), None)
        if wide is not None:
            return self._checked(wide)
        damage = self._damage("utf-8")
        if damage is None:
            return "utf-8"
        if damage.wide:
            raise self.error("is UTF-8, but damaged: a byte here is no text. Save the file again", damage.line)
        other = self._damage("cp932")
        if other is not None:
            raise self.error(
                f"is neither UTF-8 (see line {damage.line}) nor cp932 (see line {other.line}): "
                "save it as UTF-8, or name its encoding, as in encoding='latin-1'"
            )
        return "cp932"

    def _checked(self, encoding: str) -> str:
        try:
            damage = self._damage(encoding)
        except (LookupError, TypeError):
            raise ConfigurationError(f"encoding={encoding!r} is no text encoding that Python knows") from None
        if damage is not None:
            raise self.error(f"is not {encoding}: save the file as UTF-8, or name the encoding it has", damage.line)
        return encoding

    def _damage(self, encoding: str) -> _Damage | None:
        """Return where the file is no text in an encoding; raises LookupError if there is no such encoding."""
        b"?".decode(encoding, "ignore")  # some codecs are not of text
        decoder = codecs.getincrementaldecoder(encoding)()
        line, wide = 1, False
        chunks = self._chunks()
        while True:
            chunk = next(chunks, b"")
            try:
                text, broken = decoder.decode(chunk, final=not chunk), False
            except UnicodeDecodeError as error:
                text, broken = error.object[: error.start].decode(encoding, "ignore"), True
            if "\0" in text:
                line += text[: text.index("\0")].count("\n")
                raise self.error(
                    f"has a NUL character: it is no {encoding}; if it is text, name its encoding: 'utf-16-le'", line
                )
            line, wide = line + text.count("\n"), wide or (not text.isascii() and max(text) >= WIDE)
            if broken:
                return _Damage(line, wide)
            if not chunk:
                return None


def _no_file(source: object) -> ConfigurationError:
    return ConfigurationError(f"a path or an open file is needed, not {type(source).__name__}")


class _FromStart(io.RawIOBase):
    """A reader of a shared file, with a place of its own."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file: Any = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._file.seek(self._place)
        read: int = self._file.readinto(buffer)
        self._place += read
        return read


class _Encoded:
    """The text of a file, as bytes of UTF-8."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(size).encode("utf-8", "surrogatepass")
