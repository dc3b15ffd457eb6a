"""The emulated service: a request in, an answer out; knows no server and no HTTP library."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from . import checks, handlers, tokens
from .messages import Page, Request, Response, encode
from .refusals import Refusal
from .routes import Router

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.operation import Operation
    from .quota import Grant, Quota
    from .world import Session, World

Paging = Literal["both", "link", "key"]
"""Which headers announce the next page; of the real operations some send only one."""


class Service:
    """The order of things: route, quota, token, checks, handler."""

    def __init__(
        self,
        world: World,
        quota: Quota,
        operations: Iterable[Operation[Any]],
        *,
        token_ttl: float | None = None,
        latency: float = 0.0,
        paging: Paging = "both",
    ) -> None:
        self.world = world
        self.quota = quota
        self.token_ttl = token_ttl
        self.latency = latency
        self.paging = paging
        self.requests: int = 0
        self.throttled: int = 0
        self.logins: int = 0
        self.counts: Counter[str] = Counter()
        self._router = Router(operations)
        self._handlers = handlers.load()

    async def handle(self, request: Request) -> Response:
        """Answer a request, after the latency."""
        if self.latency:
            await self.world.clock.sleep(self.latency)
        return self.answer(request)

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        self.requests += 1
        grant: Grant | None = None
        session = tokens.find(self.world, request)
        try:
            try:
                operation, path = self._router.match(request.method, request.path)
            except Refusal:
                grant = self._grant(None, session, request)
                raise
            self.counts[operation.id] += 1
            grant = self._grant(operation, session, request)
            if not grant.granted:
                self.throttled += 1
                raise Refusal("COM0004")
            response = self._execute(operation, path, session, request)
        except Refusal as refusal:
            body = encode(refusal.body(request.headers.get("x-soracom-lang", "en")))
            response = Response(refusal.status, {"content-type": "application/json"} | refusal.headers, body)
        response.headers |= grant.headers if grant else {}
        return response

    def _grant(self, operation: Operation[Any] | None, session: Session | None, request: Request) -> Grant:
        """Count the request against its bucket: a group of an operator, or an operation of an address."""
        now = self.world.now()
        if operation is None:
            return self.quota.take((request.address, None), "", "", now)
        if operation.secured and session is not None:
            return self.quota.take((session.user.operator.id, operation.group), operation.group, operation.id, now)
        bucket = request.address, operation.id if not operation.secured else operation.group
        return self.quota.take(bucket, operation.group, operation.id, now)

    def _execute(
        self, operation: Operation[Any], path: dict[str, str], session: Session | None, request: Request
    ) -> Response:
        if operation.secured:
            if session is None:
                raise Refusal("AUM0002")
            if self.world.now() >= session.expires:
                self.world.sessions.pop(session.token, None)
                raise Refusal("AUM0003")
            # One's own operator is the only one there is; another's name is as good as an unknown one.
            if path.get("operator_id", session.user.operator.id) != session.user.operator.id:
                raise Refusal("AUM0007")
        handler = self._handlers.get(operation.id)
        if handler is None:
            raise Refusal("COM0005", operation.id)
        query = checks.check_query(operation, request.query)
        body = checks.check_body(operation, request.body)
        call = handlers.Call(self.world, operation, path, query, body, session, self.token_ttl)
        result = handler(call)
        if operation.id == "auth":
            self.logins += 1
        return self._respond(operation, request, result)

    def _respond(self, operation: Operation[Any], request: Request, result: Any) -> Response:
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(operation.status)
        if not isinstance(result, Page):
            return Response(operation.status, {"content-type": "application/json"}, encode(result))
        response = Response(operation.status, {"content-type": "application/json"}, result.body)
        if result.next_key is not None:
            if self.paging != "link":
                response.headers["x-soracom-next-key"] = result.next_key
            if self.paging != "key":
                resume = operation.paging.parameter if operation.paging else "last_evaluated_key"
                where = f"/v1{request.path.removeprefix('/v1')}?{resume}={quote(result.next_key, safe='')}"
                response.headers["link"] = f"<{where}>; rel=next"
        return response
