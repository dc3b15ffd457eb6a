"""The groups of one operator."""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..protocol.errors import Refusal
from .paging import first_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Group = dict[str, Any]
"""A group as the API shows it."""


class Groups:
    """Groups in the order of their identifiers."""

    def __init__(self, operator_id: str) -> None:
        self._operator_id = operator_id
        self._groups: dict[str, Group] = {}
        self._order: list[str] = []

    @classmethod
    def from_state(cls, state: list[Group], operator_id: str) -> Groups:
        """Return the groups that a state file has."""
        groups = cls(operator_id)
        groups._groups = {group["groupId"]: group for group in state}
        groups._order = sorted(groups._groups)
        return groups

    def to_state(self) -> list[Group]:
        """Return what a state file has of these groups."""
        return [self._groups[group_id] for group_id in self._order]

    def __contains__(self, group_id: object) -> bool:
        return group_id in self._groups

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def create(
        self, group_id: str, at: int, tags: dict[str, str] | None = None, configuration: dict[str, Any] | None = None
    ) -> Group:
        """Add a group."""
        # The service sends each time twice, as was seen in 2019; the document has only the names that end in Time.
        group = self._groups[group_id] = {
            "groupId": group_id,
            "operatorId": self._operator_id,
            "createdAt": at,
            "lastModifiedAt": at,
            "createdTime": at,
            "lastModifiedTime": at,
            "configuration": configuration or {},
            "tags": tags or {},
        }
        insort(self._order, group_id)
        return group

    def get(self, group_id: str) -> Group:
        """Return a group."""
        try:
            return self._groups[group_id]
        except KeyError:
            raise Refusal.no_group(group_id) from None

    def change(self, group_id: str, at: int) -> Group:
        """Return a group to be changed."""
        group = self.get(group_id)
        group["lastModifiedAt"] = group["lastModifiedTime"] = at
        return group

    def delete(self, group_id: str) -> None:
        """Remove a group; its SIMs are in no group any more."""
        self.get(group_id)
        del self._groups[group_id]
        self._order.remove(group_id)

    def after(self, group_id: str, limit: int, wanted: Callable[[Group], bool]) -> tuple[list[Group], str | None]:
        """Return up to `limit` groups after `group_id`, and the key of the next page."""
        rest = (self._groups[each] for each in self._order[bisect_right(self._order, group_id) :])
        return first_page(filter(wanted, rest), limit, key=itemgetter("groupId"))
