"""Files and other bodies that are read or sent in chunks. Guide: Harvest Files.

For example:

    async with soracom.stream("getFile", scope="private", path="a/b.csv") as answer:
        async for chunk in answer: ...

    await soracom.files.put("private", "a/b.csv", content=with_progress(Path("b.csv"), print))
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Protocol

from anyio.to_thread import run_sync

from .._codec.responses import failure
from .._core.operation import Operation
from .._core.outcome import TransportFailure
from .._http.exchange import Request
from .._iteration import SharedIterator
from ..errors import ConfigurationError
from .content import Content
from .replacing import named, replacing, write_all
from .uploads import Progress, Watched

__all__ = ["Content", "Download", "Progress", "Streaming", "with_progress"]


def with_progress(content: Content, progress: Progress) -> Content:
    """Return content for an upload that calls `progress(done, total)` for each chunk.

    The total of a stream is None. If the sending is repeated, the count of bytes begins again.
    """
    return Watched(content, progress)


class Body(Protocol):
    """A response whose body is still to be read."""

    @property
    def request(self) -> Request:
        """What was asked."""
        ...

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by lower-case names."""
        ...

    @property
    def length(self) -> int | None:
        """The bytes that the body will have; None if nobody knows."""
        ...

    async def receive(self, timeout: float) -> bytes | TransportFailure | None:
        """Return the next chunk, None at the end, or why none came within `timeout` seconds."""
        ...

    async def aclose(self) -> None:
        """Give the connection back, or give it up."""
        ...


class Download(SharedIterator[bytes]):
    """An answer whose body is read as it comes: `async for chunk in answer`, `read()` or `save(path)`, once.

    If the connection to a storage host breaks, the body goes on where it was, or what comes again is left out; for
    that `max_retries` counts as for a call, from the last byte that came. Reading raises RequestTimeout if nothing
    comes for the time-out of the session, TransportError if the body breaks off for good, or if the host has another
    in its place, and what the methods raise. `async with` closes it at the end, or `aclose` does.
    """

    _usage = "'async for chunk in answer', or 'await answer.read()'"

    def __init__(self, response: Body, operation: Operation[Any], timeout: float) -> None:
        super().__init__()
        self._response = response
        self._operation = operation
        self._timeout = timeout
        self._open = True

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by lower-case names."""
        return self._response.headers

    @property
    def content_type(self) -> str:
        """The content type, as the host names it; empty if it does not."""
        return self.headers.get("content-type", "")

    @property
    def length(self) -> int | None:
        """The bytes of the whole body; None if the host does not say."""
        return self._response.length

    async def _refill(self) -> None:
        if not self._open:
            raise ConfigurationError("the answer is closed: read it within its 'async with'")
        chunk = await self._response.receive(self._timeout)
        if chunk is None:
            raise StopAsyncIteration
        if isinstance(chunk, TransportFailure):
            raise failure(self._operation, chunk, self._response.request.endpoint)
        self._items.append(chunk)

    async def read(self) -> bytes:
        """Return the rest of the body."""
        return b"".join([chunk async for chunk in self])

    async def save(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> int:
        """Write the rest of the body to a file and return how many bytes that were.

        The file has its name only once it is whole; until then it stands beside it, and it is removed if anything goes
        wrong. A pipe or a device is written to. `progress(done, total)` is called for each chunk. Raises OSError if the
        file cannot be written.
        """
        done, name = 0, os.fspath(path)
        with replacing(name) as file:
            async for chunk in self:
                with named(name):
                    await run_sync(write_all, file, chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, self.length)
        return done

    async def __aenter__(self) -> Download:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connection back, or give it up if the body has not come to its end."""
        self._open = False
        await self._response.aclose()

    def __repr__(self) -> str:
        return f"Download(status={self.status}, content_type={self.content_type!r}, length={self.length})"


class Streaming:
    """What `stream` returns: `async with` gives the answer as soon as its head has come, and closes it at the end.

    Where no `async with` fits, as in a proxy that hands the answer on, `await stream.open()` gives the same `Download`,
    and its `aclose` ends it.
    """

    def __init__(self, begin: Callable[[], Awaitable[Body]], operation: Operation[Any], timeout: float) -> None:
        self._begin = begin
        self._operation = operation
        self._timeout = timeout
        self._opened = False
        self._download: Download | None = None

    async def open(self) -> Download:
        """Return the answer as soon as its head has come; whoever calls this closes it. Raises what calls raise."""
        if self._opened:
            raise ConfigurationError("this stream was opened before: call 'stream' again")
        self._opened = True  # also while another task waits for the head
        try:
            self._download = Download(await self._begin(), self._operation, self._timeout)
        except BaseException:
            self._opened = False
            raise
        return self._download

    async def __aenter__(self) -> Download:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._download is not None  # noqa: S101 - it was entered
        await self._download.aclose()

    async def save(self, to: str | os.PathLike[str], progress: Progress | None) -> int:
        """Write the whole body to a file."""
        async with self as download:
            return await download.save(to, progress=progress)
