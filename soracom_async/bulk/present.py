"""The present states of things, read as sparingly as possible: how many of the calls of a run would change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define

from .._tasks import together
from ..errors import Forbidden, NotFound
from .states import State

FEW = 50
"""Up to so many things are read one by one; more are looked for in a listing."""
PAGE = 100
"""How many items of a listing are asked for at once."""

Name = tuple[str, ...]
"""What names a thing in a path."""


@define(eq=False)
class Present:
    """What is wanted of things, compared with what they show."""

    state: State
    waiting: dict[Name, Mapping[str, Any]] = Factory(dict)
    """The things that are still to be read, with what they should show."""
    unchanged: int = 0
    """How many show it already."""
    missing: int = 0
    """How many are not there."""
    conflicts: int = 0
    """How many calls set what another one sets to another state."""
    _vague: int = 0
    """How many calls do not say what they set."""

    @property
    def untold(self) -> int:
        """Of how many calls it is not known whether they would change anything."""
        return len(self.waiting) + self._vague

    def add(self, arguments: Mapping[str, Any], item: Any) -> None:
        """Take what one call would set; `item` is the key, which may be the thing itself as a listing shows it."""
        wanted = self.state.wanted(arguments)
        name = tuple(str(arguments.get(each)) for each in self.state.names)
        if wanted is None:
            self._vague += 1
        elif isinstance(item, self.state.model) and self._name(item) == name:
            self.unchanged += self.state.shows(item, wanted)
        elif name in self.waiting:
            self.conflicts += 1
        else:
            self.waiting[name] = wanted

    async def read(self, client: Any, concurrency: int) -> None:
        """Read what is waiting; what then remains is `untold`.

        A listing costs no more requests than reading each thing would. Raises what the calls raise, but not for a thing
        that is not there, nor if the user is not permitted to read.
        """
        try:
            if len(self.waiting) > FEW:
                await self._from_listing(client)
            if len(self.waiting) <= FEW:
                await self._each(client, concurrency)
        except Forbidden:
            pass  # the plan says how many could not be told

    async def _from_listing(self, client: Any) -> None:
        listing = self.state.listing
        limit = {"limit": PAGE} if any(each.name == "limit" for each in listing.query) else {}
        pages = len(self.waiting)
        async for page in client._pages(listing, **limit).by_page():
            for item in page.items:
                self._compare(self._name(item), item)
            pages -= 1
            if not self.waiting or not pages:
                return

    async def _each(self, client: Any, concurrency: int) -> None:
        names = iter(list(self.waiting))

        async def read() -> None:
            for name in names:
                arguments = dict(zip(self.state.names, name, strict=True))
                try:
                    self._compare(name, await client._call(self.state.reader, **arguments))
                except NotFound:
                    del self.waiting[name]
                    self.missing += 1

        await together(*[read] * min(concurrency, len(self.waiting)))

    def _compare(self, name: Name, item: Any) -> None:
        wanted = self.waiting.pop(name, None)
        if wanted is not None:
            self.unchanged += self.state.shows(item, wanted)

    def _name(self, item: Any) -> Name:
        return tuple(str(getattr(item, each)) for each in self.state.names)
