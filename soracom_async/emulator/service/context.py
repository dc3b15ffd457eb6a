"""A request on its way through the service, and the functions of the service that faults use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

if TYPE_CHECKING:
    from ..._core.operation import Operation
    from ..protocol.errors import Refusal
    from ..protocol.messages import Request, Response
    from ..state.accounts import Session
    from ..state.world import World
    from .rate_limits import Grant, Throttling


@define(slots=True)
class RequestContext:
    """A request, with its route, its grant of the quota, and its faults."""

    request: Request
    session: Session | None
    operation: Operation[Any] | None
    """None if there is no such route; `problem` says why."""
    path: dict[str, str]
    problem: Refusal | None = None
    grant: Grant | None = None
    """The answer of its bucket of the quota; None before the request is counted."""
    faults: list[str] = field(factory=list)
    """The kinds of faults that hit it."""
    stale: float = 0.0
    """By how many seconds more than usual a search is behind the changes of SIMs."""


class Responder(Protocol):
    """Makes the responses."""

    world: World

    def answer(self, context: RequestContext) -> Response:
        """Answer a request at once and without faults."""
        ...

    def refuse(self, context: RequestContext, refusal: Refusal) -> Response:
        """Return the response to a refused request."""
        ...

    def throttle(self, context: RequestContext, says: Throttling | None = None) -> Response:
        """Return the response to a request above the quota."""
        ...
