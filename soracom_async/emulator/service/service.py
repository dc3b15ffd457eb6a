"""The emulated service: a request in, an answer out; knows no server and no HTTP library."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from attrs import define, field

from .. import handlers
from ..domain import permissions, tokens
from ..fallback import resource as generic
from ..protocol.errors import Refusal
from ..protocol.messages import (
    Page,
    Request,
    Response,
    encode,
)
from ..state.world import Served
from . import validation as checks
from .faults import Faults
from .routing import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..._core.operation import Operation
    from ..state.world import Session, World
    from .rate_limits import Grant, Quota, Throttling

log: logging.Logger = logging.getLogger("soracom_async.emulator")

Paging = Literal["both", "link", "key"]
"""Which headers announce the next page; of the real operations some send only one."""


@define(slots=True)
class Asked:
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


class Service:
    """The order of things: route, faults, quota, token, checks, handler."""

    def __init__(
        self,
        world: World,
        quota: Quota,
        operations: Iterable[Operation[Any]],
        *,
        token_ttl: float | None = None,
        latency: float = 0.0,
        paging: Paging = "both",
        throttling: Throttling = "quota",
    ) -> None:
        self.world: World = world
        self.quota = quota
        self.token_ttl = token_ttl
        self.latency = latency
        self.paging = paging
        self.throttling: Throttling = throttling
        self.requests: int = 0
        self.throttled: int = 0
        self.logins: int = 0
        self.counts: Counter[str] = Counter()
        self.operations: tuple[Operation[Any], ...] = tuple(operations)
        self.faults: Faults = Faults(self.operations, lambda: self.world)
        self.lock: threading.Lock = threading.Lock()
        """Held while a request changes the world, so that nobody saves half of a change."""
        self.watchers: list[Callable[[Served], object]] = []
        """Called with each request that was answered."""
        self._router = Router(self.operations)
        self._handlers = handlers.load()

    def begin(self, world: World) -> None:
        """Begin anew, with another world."""
        self.world = world
        self.requests = self.throttled = self.logins = 0
        self.counts.clear()
        self.quota.clear()
        self.faults.clear()

    async def handle(self, request: Request) -> Response:
        """Answer a request, after the latency and with the faults that were ordered."""
        asked = self._ask(request)
        began = self.world.now()
        if self.latency:
            await self.world.clock.sleep(self.latency)
        response = await self.faults.answer(asked, self) if self.faults.active else self.answer(asked)
        if response.next_key is not None and asked.operation is not None:
            response.headers |= self._announced(response.next_key, asked.operation, request)
        if response.status == 429:
            self.throttled += 1
        self._note(asked, response.status, self.world.now() - began)
        return response

    def answer(self, asked: Asked) -> Response:
        """Answer a request at once and faultlessly."""
        with self.lock:
            grant = self.grant(asked)
            if not grant.granted:
                return self.throttle(asked)
            try:
                if asked.operation is None:
                    raise asked.problem or Refusal("COM0001", asked.request.path)
                response = self._execute(asked, asked.operation)
            except Refusal as refusal:
                return self.refuse(asked, refusal)
            except Exception:
                log.exception("%s fails", asked.operation and asked.operation.id)
                return self.refuse(asked, Refusal("COM0500"))
        response.headers |= grant.headers
        return response

    def grant(self, asked: Asked) -> Grant:
        """Count the request, once, against its bucket: a group of an operator, or an operation of an address."""
        if asked.grant is None:
            asked.grant = self._take(asked.operation, asked.session, asked.request.address)
        return asked.grant

    def refuse(self, asked: Asked, refusal: Refusal) -> Response:
        """Return the answer that a refusal makes."""
        body = encode(refusal.body(asked.request.headers.get("x-soracom-lang", "en")))
        headers = {"content-type": "application/json"} | refusal.headers | self.grant(asked).headers
        return Response(refusal.status, headers, body)

    def throttle(self, asked: Asked, says: Throttling | None = None) -> Response:
        """Return the answer to what is more than the quota allows."""
        response = self.refuse(asked, Refusal("COM0004"))
        response.headers = {"content-type": "application/json"} | self.grant(asked).refusal(says or self.throttling)
        return response

    def _ask(self, request: Request) -> Asked:
        self.requests += 1
        session = tokens.find(self.world, request)
        try:
            operation, path = self._router.match(request.method, request.path)
        except Refusal as problem:
            return Asked(request, session, None, {}, problem)
        self.counts[operation.id] += 1
        return Asked(request, session, operation, path)

    def _note(self, asked: Asked, status: int, took: float) -> None:
        user, request, before = asked.session.user if asked.session else None, asked.request, self.world.served
        served = Served(
            self.world.milliseconds(),
            user.operator.id if user else None,
            user.name if user else None,
            request.address,
            request.method,
            request.path,
            asked.operation.id if asked.operation else None,
            status,
            before[-1].number + 1 if before else 1,
            took,
            ", ".join(asked.faults),
        )
        before.append(served)
        for watcher in self.watchers:
            watcher(served)

    def _take(self, operation: Operation[Any] | None, session: Session | None, address: str) -> Grant:
        now = self.world.now()
        if operation is None:
            return self.quota.take((address, None), "", "", now)
        if operation.secured and session is not None:
            return self.quota.take((session.user.operator.id, operation.group), operation.group, operation.id, now)
        bucket = address, operation.id if not operation.secured else operation.group
        return self.quota.take(bucket, operation.group, operation.id, now)

    def _execute(self, asked: Asked, operation: Operation[Any]) -> Response:
        session, path, request = asked.session, asked.path, asked.request
        if operation.secured:
            if session is None:
                raise Refusal("AUM0002")
            if self.world.now() >= session.expires:
                self.world.sessions.pop(session.token, None)
                raise Refusal("AUM0003")
            # One's own operator is the only one there is; another's name is as good as an unknown one.
            if path.get("operator_id", session.user.operator.id) != session.user.operator.id:
                raise Refusal("AUM0007")
            permissions.check(self.world, session, operation, path, request)
        handler = self._handlers.get(operation.id, generic.answer)
        checks.check_path(operation, path)
        query = checks.check_query(operation, request.query)
        body = checks.check_body(operation, request.body)
        call = handlers.Call(self.world, operation, path, query, body, session, request, self.token_ttl)
        result = handler(call)
        asked.session = call.session  # a login has one only now
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
