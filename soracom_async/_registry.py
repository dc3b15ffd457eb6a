"""All operations of the API by their operationId, each loaded when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._cached import cached
from ._core.operation import Operation


class Operations(Mapping[str, Operation[Any]]):
    """The table of operations, read-only: `operations["getSim"].path` is `/sims/{sim_id}`."""

    __slots__ = ()

    def __getitem__(self, operation_id: str) -> Operation[Any]:
        from .api.operations import MODULES, load

        if operation_id not in MODULES:
            raise KeyError(operation_id)
        return load(operation_id)

    def __contains__(self, operation_id: object) -> bool:
        from .api.operations import MODULES

        return operation_id in MODULES

    def __iter__(self) -> Iterator[str]:
        from .api.operations import MODULES

        return iter(MODULES)

    def __len__(self) -> int:
        from .api.operations import MODULES

        return len(MODULES)

    def __repr__(self) -> str:
        return f"<{len(self)} operations>"


operations: Mapping[str, Operation[Any]] = Operations()
"""Every operation of the API, by its operationId."""


class _Index:
    """Tells which operation's quota a path draws on."""

    def __init__(self) -> None:
        self._by_length: dict[int, list[tuple[list[str], Operation[Any]]]] = {}
        self._by_first: dict[str, dict[str, Operation[Any]]] = {}
        for operation in operations.values():
            parts = operation.path.split("/")
            self._by_length.setdefault(len(parts), []).append((parts, operation))
            self._by_first.setdefault(parts[1], {})[operation.group] = operation

    def find(self, method: str, path: str) -> Operation[Any] | None:
        """Return the operation of this route, else one of its path, else one whose group has all such paths."""
        given = path.split("/")
        alike = [
            (operation.method == method, [part == wanted for part, wanted in zip(parts, given, strict=True)], operation)
            for parts, operation in self._by_length.get(len(given), ())
            if all(part == wanted or part.startswith("{") for part, wanted in zip(parts, given, strict=True))
        ]
        if alike:
            return max(alike, key=lambda each: each[:2])[2]  # a literal goes before a parameter
        groups = self._by_first.get("".join(given[1:2]), {})
        return next(iter(groups.values())) if len(groups) == 1 else None


_index = cached(_Index)


def find(method: str, path: str) -> Operation[Any] | None:
    """Return an operation on whose quota a request surely draws; `path` is without `/v1`.

    The first time, all modules of the API are imported for that.
    """
    return _index().find(method, path)
