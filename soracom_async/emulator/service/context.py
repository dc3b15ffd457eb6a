"""A request on its way through the service, and what a fault may ask of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

if TYPE_CHECKING:
    from ..._core.operation import Operation
    from ..protocol.errors import Refusal
    from ..protocol.messages import Request, Response
    from ..state.world import Session, World
    from .rate_limits import Grant, Throttling


@define(slots=True)
class RequestContext:
    """A request, and what was found out about it."""

    request: Request
    session: Session | None
    operation: Operation[Any] | None
    """None where there is no such route; `problem` says why."""
    path: dict[str, str]
    problem: Refusal | None = None
    grant: Grant | None = None
    """What its bucket of the quota said, once it was asked."""
    faults: list[str] = field(factory=list)
    """The kinds of faults that hit it."""


class Responder(Protocol):
    """What makes the responses."""

    world: World

    def answer(self, context: RequestContext) -> Response:
        """Answer a request at once and without faults."""
        ...

    def refuse(self, context: RequestContext, refusal: Refusal) -> Response:
        """Return the response that a refusal makes."""
        ...

    def throttle(self, context: RequestContext, says: Throttling | None = None) -> Response:
        """Return the response to what is more than the quota allows."""
        ...
