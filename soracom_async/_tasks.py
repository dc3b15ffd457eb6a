"""Tasks that produce items for a consumer, and that no one else owns."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")


class Producer(Generic[T]):
    """An `async with` whose tasks produce items: they begin with it and end with it.

    `tasks` of them run at once, and at most `buffer` items wait to be consumed.
    """

    def __init__(self, tasks: int, buffer: int) -> None:
        self._count = tasks
        self._buffer = buffer
        self._error: Exception | None = None
        """What ended the production, for the consumer: it is raised behind the items that came before it."""
        self._group: TaskGroup
        self._items: MemoryObjectReceiveStream[T]

    async def _produce(self, send: MemoryObjectSendStream[T]) -> None:
        """Send items until there are no more; runs in each of the tasks."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        send, self._items = anyio.create_memory_object_stream[T](self._buffer)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        with send:
            for _ in range(self._count):
                self._group.start_soon(self._run, send.clone())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._group.cancel_scope.cancel()
            # The group is not told how the body of the `async with` ended: it would wrap the body's error in a group.
            await self._group.__aexit__(None, None, None)
        finally:
            self._items.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            return await self._items.receive()
        except anyio.EndOfStream:
            if self._error is not None:
                raise self._error from None
            raise StopAsyncIteration from None

    async def _run(self, send: MemoryObjectSendStream[T]) -> None:
        with send:
            await self._produce(send)
