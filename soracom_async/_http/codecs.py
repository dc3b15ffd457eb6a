"""Decompressors of one shape: each gives what it is fed in pieces of bounded size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, Protocol

PIECE: Final = 1 << 20
"""Bytes that are decompressed at once."""

SLICE: Final = 1 << 14
"""Bytes that are given to a member which is not the first: there may be thousands, and each copies what it leaves."""

WINDOW_LOG: Final = 23
"""The largest window of zstd, as RFC 9659 has it for HTTP: 8 MiB."""


class BadBody(Exception):
    """A body that cannot be given: too large, or not what it claims to be; `permanent` if it always will be so."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


def wrong(coding: str) -> BadBody:
    """Return the error that says that a body is not in a coding."""
    return BadBody(f"the body is not in the encoding {coding!r} that it claims")


class Codec(Protocol):
    """A decompressor."""

    @property
    def finished(self) -> bool:
        """Whether the body may end here."""
        ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` becomes, in pieces that are not empty; raises BadBody."""
        ...


class Members:
    """gzip or zlib: one member, or several behind one another. Of raw deflate, whose end nothing proves, one."""

    GZIP, ZLIB, RAW = 31, 15, -15

    def __init__(self, coding: str, form: int) -> None:
        self._coding = coding
        self._form = form
        self._member: Any = zlib.decompressobj(form)

    @property
    def finished(self) -> bool:
        """Whether a member has ended, and no other has begun."""
        return bool(self._member.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` becomes; raises BadBody."""
        view, at, size, more = memoryview(data), 0, len(data), False
        while at < len(view) or more:
            if self._member.eof:
                if self._form == self.RAW:
                    raise wrong(self._coding)
                self._member, size = zlib.decompressobj(self._form), SLICE
            part = view[at : at + size]
            try:
                piece = self._member.decompress(part, PIECE)
            except zlib.error:
                raise wrong(self._coding) from None
            left = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            at += len(part) - len(left)
            more = len(piece) == PIECE and not self._member.eof
            if piece:
                yield piece


class Frames:
    """zstd: frames behind one another."""

    def __init__(self) -> None:
        self._zstd = _installed("zstd", "compression.zstd", "backports.zstd")
        self._frame = self._new()

    @property
    def finished(self) -> bool:
        """Whether a frame has ended, and no other has begun."""
        return bool(self._frame.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` becomes; raises BadBody."""
        for start in range(0, len(data), SLICE):
            part, more = data[start : start + SLICE], False
            while part or more:
                if self._frame.eof:
                    self._frame = self._new()
                try:
                    piece = self._frame.decompress(part, PIECE)
                except self._zstd.ZstdError:
                    raise wrong("zstd") from None
                part, more = self._frame.unused_data, not self._frame.needs_input and not self._frame.eof
                if piece:
                    yield piece

    def _new(self) -> Any:
        return self._zstd.ZstdDecompressor(
            options={self._zstd.DecompressionParameter.window_log_max: WINDOW_LOG},
        )


class Brotli:
    """Brotli: one stream, whose decoder refuses what is behind it."""

    def __init__(self) -> None:
        self._brotli = _installed("br", "brotli", "brotlicffi")
        self._decoder = self._brotli.Decompressor()

    @property
    def finished(self) -> bool:
        """Whether the stream has ended."""
        return bool(self._decoder.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` becomes; raises BadBody."""
        while True:
            try:
                piece = self._decoder.process(data, output_buffer_limit=PIECE)
            except self._brotli.error:
                raise wrong("br") from None
            if not piece:
                return
            yield piece
            data = b""


def _installed(coding: str, *names: str) -> Any:
    for name in names:
        with suppress(ImportError):
            return import_module(name)
    raise BadBody(
        f"the body is encoded as {coding}, which nothing that is installed can undo: "
        'pip install "soracom-async[encodings]"',
        permanent=True,
    )
