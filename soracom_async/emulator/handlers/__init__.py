"""The handlers: one function for each operation, found by operationId, in one module for each topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..service.call import Handler

H = TypeVar("H", bound=Handler)

HANDLERS: dict[str, Handler] = {}


def handles(*operation_ids: str) -> Callable[[H], H]:
    """Register a function as the handler of these operations."""

    def register(handler: H) -> H:
        for operation_id in operation_ids:
            assert operation_id not in HANDLERS, f"two handlers for {operation_id}"  # noqa: S101
            HANDLERS[operation_id] = handler
        return handler

    return register
