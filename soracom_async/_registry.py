"""All operations of the API by their operationId, each loaded when it is first asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ._core.operation import Operation
from .errors import ConfigurationError


class Operations(Mapping[str, Operation[Any]]):
    """The table of operations, read-only: `operations["getSim"].path` is `/sims/{sim_id}`."""

    __slots__ = ()

    def __getitem__(self, operation_id: str) -> Operation[Any]:
        from .api.operations import MODULES

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


CASE = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])"
"""Where a new word begins in camelCase: `getSIMs` has the words `get` and `SIMs`."""


def load(operation_id: str) -> Operation[Any]:
    """Return an operation by its operationId; its module is imported at the first use.

    Raises ConfigurationError if there is no such operation.
    """
    from .api.operations import MODULES

    module = MODULES.get(operation_id)
    if module is None:
        near = difflib.get_close_matches(operation_id, MODULES, n=3)
        hint = f"; close to it: {', '.join(near)}" if near else ""
        raise ConfigurationError(f"there is no operation {operation_id!r}{hint}")
    constant = re.sub(CASE, "_", operation_id).upper()
    operation: Operation[Any] = getattr(import_module(f"{__package__}.api.{module}"), constant)
    return operation


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


_index = cache(_Index)


def find(method: str, path: str) -> Operation[Any] | None:
    """Return an operation on whose quota a request certainly draws; `path` is without `/v1`.

    The first time, all modules of the API are imported for that.
    """
    return _index().find(method, path)
