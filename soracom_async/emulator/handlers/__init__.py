"""What the operations do: one function each, in one module a topic, found by operationId."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from ..._core.operation import Operation
    from ..protocol.messages import Request
    from ..state.collections import Shelf
    from ..state.world import (
        Operator,
        Session,
        User,
        World,
    )

MOST = 1000
"""The most items of one page; the API's own listings are mostly kept to a hundred."""


@define(slots=True)
class Call:
    """One execution of an operation: what came in, who asks, and the state to work on.

    Whatever a handler does goes through `operator`, which is the asking one's own: so nobody sees another's data.
    """

    world: World
    operation: Operation[Any]
    path: dict[str, str]
    query: dict[str, Any]
    body: Any
    """JSON, checked against the operation's type; bytes where the operation takes something else."""
    session: Session | None
    request: Request
    """The request itself, for what is not among the above: its headers, its address."""
    token_ttl: float | None = None
    """Overrides the life of a token that is asked for."""

    @property
    def signed_in(self) -> Session:
        """The session of an operation that needs one."""
        assert self.session is not None, f"{self.operation} has no session"  # noqa: S101
        return self.session

    @property
    def user(self) -> User:
        """Who asks."""
        return self.signed_in.user

    @property
    def operator(self) -> Operator:
        """Whose data it is about."""
        return self.signed_in.user.operator

    def shelf(self, kind: str) -> Shelf:
        """Return the operator's things of a kind: `call.shelf("event handler")`."""
        return self.operator.shelf(kind)

    def offer(self, content: bytes, content_type: str = "application/octet-stream") -> str:
        """Put a file on the storage host, and return the URL that gives it to whoever has it, for a while."""
        return self.request.storage + self.world.storage.offer(content, content_type, self.world.wall())

    @property
    def now(self) -> int:
        """The time in milliseconds."""
        return self.world.milliseconds()

    def limit(self, default: int = 100, most: int = MOST) -> int:
        """Return how many items the page is to have."""
        limit = self.query.get("limit", default)
        if limit < 1:
            raise Refusal("COM0003", "limit is less than 1")
        return int(min(limit, most))


Handler = Callable[[Call], Any]
"""Returns what becomes the body: a value, a page, a whole answer, or None for no content."""
H = TypeVar("H", bound=Handler)

HANDLERS: dict[str, Handler] = {}


def handles(*operation_ids: str) -> Callable[[H], H]:
    """Let a function answer the named operations."""

    def register(handler: H) -> H:
        for operation_id in operation_ids:
            assert operation_id not in HANDLERS, f"two handlers for {operation_id}"  # noqa: S101
            HANDLERS[operation_id] = handler
        return handler

    return register


def load() -> dict[str, Handler]:
    """Return all handlers."""
    for topic in walk_packages(__path__, f"{__name__}."):
        import_module(topic.name)
    return HANDLERS
