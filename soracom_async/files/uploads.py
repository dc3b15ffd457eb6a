"""Bodies that are read while they are sent: files, streams, and whatever is sent under a progress callback."""

from __future__ import annotations

import inspect
import math
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, BinaryIO

import anyio
from anyio.to_thread import run_sync

from .._core.request import BadArgument, sendable
from ..errors import ConfigurationError
from .content import Content

Progress = Callable[[int, int | None], None]
"""Is called with the bytes done and the bytes in all; None for those if nobody knows."""

CHUNK_SIZE = 65_536
"""Bytes read from a file at once."""


class Watched(AsyncIterable[bytes]):
    """Content whose progress is told while it is sent."""

    def __init__(self, content: Content, progress: Progress) -> None:
        try:
            self.content: Any = sendable("content", content)
        except BadArgument as error:
            raise ConfigurationError(str(error)) from None
        self.progress = progress

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks to anybody but an upload, which sends what is within."""
        async with Upload(self) as upload:
            upload.begin()
            async for chunk in upload:
                yield chunk


class Upload:
    """One body: `begin` opens it for each attempt to send it, leaving the `async with` closes it."""

    def __init__(self, content: Content) -> None:
        self._watchers: list[Progress] = []
        while isinstance(content, Watched):
            self._watchers.append(content.progress)
            content = content.content
        self._content: Any = content
        self._is_stream = not isinstance(content, bytes | os.PathLike)
        self._read: Callable[[], Awaitable[bytes]]
        self._file: BinaryIO | None = None
        self._scope: anyio.CancelScope | None = None
        self._timeout = 0.0
        self._done = 0
        self._begun = False
        self.length: int | None = None
        """The bytes of the body, once it has begun; None for a stream."""
        self.error: Exception | None = None
        """What reading the body raised."""

    @property
    def spent(self) -> bool:
        """Whether this is a stream that was read from: it cannot be sent again."""
        return self._begun and self._is_stream

    async def __aenter__(self) -> Upload:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
        # A generator was handed over in the call, so nobody else may hold it. Where aiohttp, which reads it in a task
        # of its own, is cancelled while it waits for a chunk, that ends the generator.
        if self._begun and inspect.isasyncgen(self._content) and not self._content.ag_running:
            with anyio.CancelScope(shield=True):
                await self._content.aclose()

    def begin(self) -> None:
        """Begin at the first byte; raises ConfigurationError for a file that cannot be read."""
        self._close()
        self._done = 0
        if self._is_stream:
            self._stream = aiter(self._content)
            self._read = self._of_stream
        elif isinstance(self._content, bytes):
            self.length = len(self._content)
            self._read = self._of_bytes
        else:
            # Not in a thread: if the call were cancelled meanwhile, nobody would get the file, to close it.
            self._file, self.length = _opened(self._content)
            self._read = self._of_file

    def govern(self, scope: anyio.CancelScope, timeout: float) -> None:
        """Move the deadline of `scope` by `timeout` seconds for each chunk; waiting for a chunk is not counted."""
        self._scope, self._timeout = scope, timeout

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._begun = True
        self._postpone(math.inf)
        try:
            chunk = await self._read()
            self._done += len(chunk)
            for progress in self._watchers if chunk else ():
                progress(self._done, self.length)
        except Exception as error:
            self.error = error
            raise
        finally:
            self._postpone(anyio.current_time() + self._timeout)
        if not chunk:
            self._close()
            raise StopAsyncIteration
        return chunk

    async def _of_bytes(self) -> bytes:
        return bytes(memoryview(self._content)[self._done : self._done + CHUNK_SIZE])

    async def _of_file(self) -> bytes:
        assert self._file is not None  # noqa: S101 - `begin` opened it
        assert self.length is not None  # noqa: S101 - and measured it
        if self._done == self.length:
            return b""
        chunk = await run_sync(self._file.read, min(CHUNK_SIZE, self.length - self._done))
        if not chunk:
            raise ConfigurationError(f"the file {os.fspath(self._content)} became shorter while it was sent")
        return chunk

    async def _of_stream(self) -> bytes:
        async for chunk in self._stream:
            if not isinstance(chunk, bytes | bytearray | memoryview):
                raise ConfigurationError(f"the stream must give bytes, not {type(chunk).__name__}")
            if chunk:
                return bytes(chunk)
        return b""

    def _postpone(self, deadline: float) -> None:
        if self._scope is not None:
            self._scope.deadline = deadline

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()


def _opened(path: os.PathLike[str]) -> tuple[BinaryIO, int]:
    try:
        told = os.stat(path)
        if not stat.S_ISREG(told.st_mode):  # a pipe, once opened, would hold everything up
            raise ConfigurationError(f"{os.fspath(path)} is no file: give a stream of bytes instead")
        return open(path, "rb"), told.st_size
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"the file {os.fspath(path)!r} cannot be read: {why}") from None
