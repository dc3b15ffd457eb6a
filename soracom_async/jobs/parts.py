"""A job in parts: several exports of one camera, of which a few are under way at once."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from .._tasks import together
from ..errors import BadRequest, ConfigurationError, NotFound
from .errors import JobFailed
from .job import Context, Job
from .table import Kind

if TYPE_CHECKING:
    from ..files.downloads import Progress

AT_ONCE = 4
"""How many parts are under way at once."""
Order = Callable[[Mapping[str, Any]], Awaitable[Job]]
"""Starts one export."""


class Part(Job):
    """One export of several. It is ordered when it is waited for, unless it was before; then it has an `id`."""

    def __init__(
        self,
        context: Context,
        kind: Kind,
        where: Mapping[str, Any],
        arguments: Mapping[str, Any],
        order: Order,
        suffix: str,
    ) -> None:
        super().__init__(context, kind, None, where, suffix=suffix)
        self.arguments: Mapping[str, Any] = arguments
        """The arguments with which it is ordered; its times are in epoch milliseconds."""
        self._order = order
        self._ordering = anyio.Lock()

    async def begin(self) -> None:
        """Order it, if nobody did."""
        async with self._ordering:
            if self.id is None:
                job = await self._order(self.arguments)
                self._begin_as(job.id, job.result)

    async def _until_over(self) -> None:
        await self.begin()
        await super()._until_over()


class Parts(Job):
    """Several exports as one job. `save` orders, waits for and saves one after the other, a few at once.

    The file of a camera's export is there for 10 minutes. So `start` and `wait` order the first few parts only, and
    `save` orders the others as it goes: no file waits for the ones before it. `skipped` are the arguments of parts that
    are left out, since nothing was recorded then.
    """

    def __init__(
        self,
        context: Context,
        kind: Kind,
        where: Mapping[str, Any],
        parts: Sequence[Part],
        skipped: Sequence[Mapping[str, Any]],
        suffix: str,
        *,
        unsure: bool,
    ) -> None:
        super().__init__(context, kind, None, where, suffix=suffix)
        self.skipped: list[Mapping[str, Any]] = list(skipped)
        """The arguments of the parts that were left out, since nothing was recorded then."""
        self._parts = list(parts)
        self._total = len(self._parts)
        self._ordered = 0
        """How many parts, of the first ones, were ordered by `save` and `wait`."""
        self._unsure = unsure
        """Whether nobody knows what was recorded: then it is the service that refuses a part without a recording."""
        self._refusal: Exception | None = None
        self._ordering = anyio.Lock()
        self._saved: set[Path] = set()

    @property
    def parts(self) -> Sequence[Job]:
        """The exports, in the order of their times; one that is not ordered yet has no `id`."""
        return tuple(self._parts)

    @property
    def _under_way(self) -> list[Part]:
        """The parts that are ordered."""
        return [part for part in self._parts if part.id is not None]

    @property
    def state(self) -> str | None:
        """The state of the first ordered part that is not done; that of the last one, if all are."""
        ordered = self._under_way
        open_ = [part for part in ordered if part.state not in self.kind.done]
        return next((part.state for part in (*open_, *ordered[-1:])), None)

    @property
    def result(self) -> list[Any]:
        """The last answers about the parts that are ordered."""
        return [part.result for part in self._under_way]

    @property
    def url(self) -> None:
        """None: each of the parts has a URL."""
        return

    @property
    def over(self) -> bool:
        """Whether all parts have ended."""
        return all(part.over for part in self._parts)

    async def poll(self) -> str | None:
        """Ask for each part that is under way, and return the state."""
        for part in self._under_way:
            if not part.over:
                await part.poll()
        return self.state

    async def save(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> list[Path]:
        """Save each part and return the paths, numbered in the order of time, as in `night-001.mp4`.

        Parts in which nothing was recorded have no number. `progress(done, None)` is called with the bytes of all
        parts. A part that fails does not stop the others: its JobFailed is raised behind them. Whoever calls `save`
        again with the same path saves what is missing; a part that failed is not ordered again, since that costs
        export time: start a job of its `arguments`. Raises what `save` of one job raises.
        """
        target = self._target(path)
        failures: list[JobFailed] = []
        paths: dict[int, Path] = {}
        done: dict[int, int] = {}
        waiting = iter(range(self._total))

        async def work() -> None:
            for number in waiting:
                part = await self._part(number)
                if part is None:
                    return
                paths[number] = target.with_stem(f"{target.stem}-{number + 1:0{max(3, len(str(self._total)))}}")
                if paths[number] not in self._saved:
                    try:
                        await part.save(paths[number], progress=progress and partial(tell, number))
                    except JobFailed as error:
                        failures.append(error)
                        continue
                    self._saved.add(paths[number])

        def tell(number: int, count: int, _: int | None) -> None:
            done[number] = count
            assert progress is not None  # noqa: S101 - else nobody calls this
            progress(sum(done.values()), None)

        await together(*[work] * AT_ONCE)
        if failures:
            if len(failures) > 1:
                failures[0].add_note(f"{len(failures)} parts failed; the others are saved")
            raise failures[0]
        return [paths[number] for number in sorted(paths)]

    async def order(self) -> None:
        """Order the first few parts. Raises the service's refusal, if nothing at all was recorded."""
        await self._part(AT_ONCE - 1)
        if not self._parts and self._refusal is not None:
            raise self._refusal

    async def _part(self, index: int) -> Part | None:
        """Return a part, which is ordered now, if it was not; None if there are not so many."""
        async with self._ordering:
            while self._ordered <= index and self._ordered < len(self._parts):
                part = self._parts[self._ordered]
                try:
                    await part.begin()
                except Exception as error:
                    if not (self._unsure and isinstance(error, BadRequest | NotFound)):
                        if ordered := self._under_way:
                            ids = ", ".join(str(each.id) for each in ordered)
                            error.add_note(f"these parts were ordered before, and can be taken up: {ids}")
                        raise
                    self._refusal = error
                    self.skipped.append(part.arguments)
                    del self._parts[self._ordered]
                else:
                    self._ordered += 1
            return self._parts[index] if index < self._ordered else None

    async def _open(self) -> Any:
        raise ConfigurationError(f"{self} makes several files: save them, or stream each of its 'parts'")

    async def _until_over(self) -> None:
        await self.order()
        await together(*(part._until_over for part in self._under_way))

    def _check(self) -> None:
        for part in self._under_way:
            part._check()

    def __str__(self) -> str:
        return f"the job of {self.kind.start} in {len(self._parts)} parts"

    def __repr__(self) -> str:
        return f"<Parts {self.kind.start}: {len(self._under_way)} of {len(self._parts)} ordered, state={self.state!r}>"
