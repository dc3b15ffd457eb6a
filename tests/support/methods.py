"""All methods of all groups of a client, by the words that lead to them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from soracom_async._resource import Resource
from soracom_async.api._groups import Groups


def methods(soracom: Any) -> Iterator[tuple[str, Any]]:
    """Give each method of the client with its dotted words: `operator.auth_keys.delete`."""
    for name in vars(Groups):
        if not name.startswith("_"):
            yield from _of(getattr(soracom, name), name)


def _of(group: Resource, words: str) -> Iterator[tuple[str, Any]]:
    for name, member in inspect.getmembers(type(group)):
        if name.startswith("_"):
            continue
        if isinstance(member, type):
            yield from _of(getattr(group, name), f"{words}.{name}")
        else:
            yield f"{words}.{name}", getattr(group, name)
