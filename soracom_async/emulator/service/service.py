"""The emulated service: it answers requests, and knows no server and no HTTP library."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ..domain import permissions, tokens
from ..protocol.errors import Refusal
from ..protocol.messages import (
    Page,
    Request,
    Response,
    encode,
)
from ..state.world import AuditEntry
from . import validation
from .areas import area_of
from .call import Call
from .context import RequestContext
from .faults import Faults
from .routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..._core.operation import Operation
    from ..state.accounts import Session
    from ..state.world import World
    from .call import Handler
    from .rate_limits import Grant, Quota, Throttling

log: logging.Logger = logging.getLogger("soracom_async.emulator")

Paging = Literal["both", "link", "key"]
"""Which headers announce the next page; some operations of the real service send only one."""

TokenStatus = Literal[401, 403]
"""How a token that is missing, wrong or expired is refused; the real service does both."""


class Service:
    """Answers requests, in this order: route, faults, quota, token, checks, handler."""

    def __init__(
        self,
        world: World,
        quota: Quota,
        operations: Iterable[Operation[Any]],
        handlers: Mapping[str, Handler],
        fallback: Handler,
        *,
        token_ttl: float | None = None,
        token_status: TokenStatus = 401,
        latency: float = 0.0,
        paging: Paging = "both",
        throttling: Throttling = "quota",
        search_delay: float = 0.0,
    ) -> None:
        self.world: World = world
        self.quota = quota
        self.token_ttl = token_ttl
        self.token_status: TokenStatus = token_status
        self.latency = latency
        self.paging = paging
        self.throttling: Throttling = throttling
        self.search_delay = search_delay
        self.requests: int = 0
        self.throttled: int = 0
        self.logins: int = 0
        self.counts: Counter[str] = Counter()
        self.operations: tuple[Operation[Any], ...] = tuple(operations)
        self.faults: Faults = Faults(self.operations, lambda: self.world)
        self.lock: threading.Lock = threading.Lock()
        """Held while a request changes the world, so that no half of a change is saved."""
        self.watchers: list[Callable[[AuditEntry], object]] = []
        """Functions that are called with each answered request."""
        self._router = Router(self.operations)
        self._handlers = handlers
        self._fallback = fallback

    def begin(self, world: World) -> None:
        """Start again with another world."""
        self.world = world
        self.requests = self.throttled = self.logins = 0
        self.counts.clear()
        self.quota.clear()
        self.faults.clear()

    async def handle(self, request: Request) -> Response:
        """Answer a request, after the latency and with the faults that hit it."""
        context = self._ask(request)
        began = self.world.now()
        if self.latency:
            await self.world.clock.sleep(self.latency)
        response = await self.faults.answer(context, self) if self.faults.active else self.answer(context)
        if response.next_key is not None and context.operation is not None:
            response.headers |= self._announced(response.next_key, context.operation, request)
        if response.status == 429:
            self.throttled += 1
        self._note(context, response.status, self.world.now() - began)
        return response

    def answer(self, context: RequestContext) -> Response:
        """Answer a request at once and without faults."""
        with self.lock:
            grant = self.grant(context)
            if not grant.granted:
                return self.throttle(context)
            try:
                if context.operation is None:
                    raise context.problem or Refusal("COM9001", context.request.path)
                response = self._execute(context, context.operation)
            except Refusal as refusal:
                return self.refuse(context, refusal)
            except Exception:
                log.exception("%s fails", context.operation and context.operation.id)
                return self.refuse(context, Refusal.internal_error())
        response.headers |= grant.headers
        return response

    def grant(self, context: RequestContext) -> Grant:
        """Count the request, once, in its bucket: a group of an operator, or an operation of an address."""
        if context.grant is None:
            context.grant = self._take(context.operation, context.session, context.request.address)
        return context.grant

    def refuse(self, context: RequestContext, refusal: Refusal) -> Response:
        """Return the response to a refused request."""
        body = encode(refusal.body(context.request.language, area_of(context.operation)))
        headers = {"content-type": "application/json"} | refusal.headers | self.grant(context).headers
        return Response(refusal.status, headers, body)

    def throttle(self, context: RequestContext, says: Throttling | None = None) -> Response:
        """Return the response to a request above the quota."""
        response = self.refuse(context, Refusal("COM9004"))
        response.headers = {"content-type": "application/json"} | self.grant(context).refusal(says or self.throttling)
        return response

    def _ask(self, request: Request) -> RequestContext:
        self.requests += 1
        session = tokens.find(self.world, request)
        try:
            operation, path = self._router.match(request.method, request.path)
        except Refusal as problem:
            return RequestContext(request, session, None, {}, problem)
        self.counts[operation.id] += 1
        return RequestContext(request, session, operation, path)

    def _note(self, context: RequestContext, status: int, took: float) -> None:
        user, request, before = context.session.user if context.session else None, context.request, self.world.served
        served = AuditEntry(
            self.world.milliseconds(),
            user.operator.id if user else None,
            user.name if user else None,
            request.address,
            request.method,
            request.path,
            context.operation.id if context.operation else None,
            status,
            before[-1].number + 1 if before else 1,
            took,
            ", ".join(context.faults),
        )
        before.append(served)
        for watcher in self.watchers:
            watcher(served)

    def _take(self, operation: Operation[Any] | None, session: Session | None, address: str) -> Grant:
        now = self.world.now()
        if operation is None:
            return self.quota.take((address, None), "", "", now)
        if operation.secured and session is not None and tokens.lives(self.world, session):
            return self.quota.take((session.user.operator.id, operation.group), operation.group, operation.id, now)
        bucket = address, operation.id if not operation.secured else operation.group
        return self.quota.take(bucket, operation.group, operation.id, now)

    def _execute(self, context: RequestContext, operation: Operation[Any]) -> Response:
        session, path, request = context.session, context.path, context.request
        if operation.secured:
            try:
                session = tokens.check(self.world, session, request)
            except Refusal as refusal:
                raise refusal.with_status(self.token_status) from None
            permissions.check_operator(session, operation, path)
            permissions.check(self.world, session, operation, path, request)
        handler = self._handlers.get(operation.id, self._fallback)
        validation.check_path(operation, path)
        query = validation.check_query(operation, request.query)
        body = validation.check_body(operation, request.body)
        call = Call(
            self.world,
            operation,
            path,
            query,
            body,
            session,
            request,
            self.token_ttl,
            self.search_delay + context.stale,
        )
        result = handler(call)
        if isinstance(result, Page) and result.next_key is not None:
            call.give(result.next_key)
        context.session = call.session  # after a login, the session exists only now
        if operation.id == "auth":
            self.logins += 1
        return _response(operation, result)

    def _announced(self, key: str, operation: Operation[Any], request: Request) -> dict[str, str]:
        """Return the headers that announce the next page."""
        headers = {}
        if self.paging != "link":
            headers["x-soracom-next-key"] = key
        if self.paging != "key":
            resume = operation.paging.parameter if operation.paging else "last_evaluated_key"
            where = f"/v1{request.path.removeprefix('/v1')}?{resume}={quote(key, safe='')}"
            headers["link"] = f"<{where}>; rel=next"
        return headers


def _response(operation: Operation[Any], result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(operation.status)
    if isinstance(result, Page):
        return Response(operation.status, {"content-type": "application/json"}, result.body, result.next_key)
    return Response(operation.status, {"content-type": "application/json"}, encode(result))
