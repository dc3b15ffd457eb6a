"""Listings of SIMs, page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..protocol.messages import Page
from .paging import first_page
from .sims import Side, Sim, imsi, sim_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SCAN = 10_000
"""How many SIMs a filtered listing looks at for one page. Such a page can be short without being the last one."""


class SimList(ABC):
    """SIMs in the order of their numbers. The time for a page depends on its length, not on the number of SIMs."""

    @abstractmethod
    def __contains__(self, number: int) -> bool:
        """Tell whether there is a SIM of that number."""

    @abstractmethod
    def after(self, number: int) -> Iterator[int]:
        """Return the numbers of all SIMs after `number`."""

    @abstractmethod
    def look(self, number: int) -> Sim:
        """Return a SIM to be read; changes of it may be lost."""

    @abstractmethod
    def texts(self, numbers: Iterable[int], side: Side) -> list[bytes]:
        """Return the JSON of each of these SIMs."""

    def json(self, number: int, side: Side) -> bytes:
        """Return a SIM's JSON."""
        return self.texts((number,), side)[0]

    def page(
        self,
        side: Side,
        after: int,
        limit: int,
        wanted: Callable[[Sim], bool] | None = None,
        among: Iterable[int] | None = None,
    ) -> Page:
        """Return up to `limit` SIMs after the number `after`; `among` restricts the numbers that are looked at."""
        numbers, next_key = first_page(
            self.after(after) if among is None else among,
            limit,
            key=sim_id if side == "sim" else imsi,
            wanted=None if wanted is None else lambda number: wanted(self.look(number)),
            scan=SCAN,
        )
        return Page(b"[" + b",".join(self.texts(numbers, side)) + b"]", next_key)
