"""Content-Encoding undone piece by piece, whatever the transport: however small a body is that becomes large."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Final

from .codecs import BadBody, Brotli, Codec, Frames, Members, wrong

MAX_CODINGS: Final = 5
"""Codings one around the other that are undone, as many as curl and urllib3 undo."""

SNIFFED: Final = 1024
"""Bytes after which what has decoded to nothing yet is taken for what it claims to be."""

ENOUGH: Final = 8
"""Bytes that tell what a body is not."""

_TEXT: Final = re.compile(rb"[\t\n\r -~]{8,64}")
"""The beginning of plain text, which nothing that is compressed has."""

_NAMES: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate", "br": "br", "zstd": "zstd"}
"""The codings that can be undone. Others, such as `aws-chunked`, say nothing of the bytes that come."""


def codings(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the codings of a body that can be undone, in the order of undoing."""
    told = headers.get("content-encoding")
    return () if told is None else _codings(told)


@lru_cache(maxsize=64)
def _codings(told: str) -> tuple[str, ...]:
    names = (_NAMES.get(name.strip().lower()) for name in told.split(","))
    return tuple(name for name in names if name is not None)[::-1]


class Decoder:
    """Undoes all codings of one body.

    With `stored` they are what somebody once told a storage host of the bytes, true or not: bytes that are not in a
    coding are given as they are. A coding that is named twice may well have been applied once.
    """

    __slots__ = ("_layers",)

    def __init__(self, names: Sequence[str], *, stored: bool) -> None:
        self._layers = [_Layer(name, lenient=stored or name in names[:depth]) for depth, name in enumerate(names)]

    @staticmethod
    def of(headers: Mapping[str, str], *, stored: bool) -> Decoder | None:
        """Return what undoes the codings that the headers name; None if there is none."""
        names = codings(headers)
        return Decoder(names, stored=stored) if names else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the pieces that `data` becomes, none of them empty; raises BadBody."""
        if len(self._layers) > MAX_CODINGS:
            raise BadBody(f"the body claims {len(self._layers)} encodings, one around the other")
        return self._through(iter((data,)), self._layers)

    def end(self) -> Iterator[bytes]:
        """Give what is left at the end of the body; raises BadBody if that is not its end."""
        for depth, layer in enumerate(self._layers):
            yield from self._through(layer.end(), self._layers[depth + 1 :])

    def _through(self, pieces: Iterator[bytes], layers: Sequence[_Layer]) -> Iterator[bytes]:
        for layer in layers:
            pieces = chain.from_iterable(map(layer.feed, pieces))
        return pieces


class _Layer:
    """One coding of a body: as long as it is not clear how to undo it, its beginning is kept."""

    __slots__ = ("_codec", "_head", "_lenient", "_name", "_settled")

    def __init__(self, name: str, *, lenient: bool) -> None:
        self._name = name
        self._lenient = lenient
        self._settled = False
        self._head = b""
        self._codec: Codec | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give what `data` becomes; raises BadBody."""
        if not self._settled:
            data = self._head + data
            if len(data) < ENOUGH:
                self._head = data
                return iter(())
            return self._first(data)
        if self._codec is None:
            return iter((data,) if data else ())
        return self._codec.feed(data)

    def end(self) -> Iterator[bytes]:
        """Give what was kept; raises BadBody if this is not the end of the body."""
        if not self._settled and self._head:
            yield from self._first(self._head, last=True)
        if self._codec is not None and not self._codec.finished:
            raise wrong(self._name)

    def _first(self, head: bytes, *, last: bool = False) -> Iterator[bytes]:
        """Give the first pieces of a body."""
        codec = _by_magic(self._name, head)
        if codec is not None:
            return self._settle(codec, codec.feed(head))
        for make in _guesses(self._name, head):
            codec = make()
            pieces = codec.feed(head)
            try:
                piece = next(pieces, None)
            except BadBody:
                if _ends_within(head, make()):
                    raise  # it was meant: what is behind its end is wrong
                continue
            if piece is not None:
                return self._settle(codec, chain((piece,), pieces))
            if last or len(head) >= SNIFFED:
                return self._settle(codec, iter(()))
            self._head = head
            return iter(())
        if not self._lenient:
            raise wrong(self._name)
        return self._settle(None, iter((head,)))

    def _settle(self, codec: Codec | None, pieces: Iterator[bytes]) -> Iterator[bytes]:
        self._settled, self._codec, self._head = True, codec, b""
        return pieces


def _by_magic(name: str, head: bytes) -> Codec | None:
    """Return the codec of a body that begins with the mark of its coding; None if there is no mark."""
    if name in ("gzip", "deflate") and head.startswith(b"\x1f\x8b"):
        return Members(name, Members.GZIP)
    if name == "zstd" and (
        head.startswith(b"\x28\xb5\x2f\xfd") or (0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18")
    ):
        return Frames()
    return None


def _guesses(name: str, head: bytes) -> Iterator[Callable[[], Codec]]:
    """Give what makes the codecs of a body that may be in a coding without a mark: one that breaks was not meant."""
    if _TEXT.fullmatch(head[:64]):
        return
    if name == "deflate":
        if head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0:
            yield partial(Members, name, Members.ZLIB)
        yield partial(Members, name, Members.RAW)
    elif name == "br":
        yield Brotli


def _ends_within(head: bytes, codec: Codec) -> bool:
    """Return whether a body that breaks has an end before it does."""

    def ends_with(byte: int) -> bool:
        list(codec.feed(bytes((byte,))))
        return codec.finished

    try:
        return any(map(ends_with, head))
    except BadBody:
        return False
