"""The kinds of faults: each is a small function around the response that there would be without it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from attrs import define, frozen

from ..protocol.errors import Refusal
from ..protocol.messages import Delivery, Response, decode, encode

if TYPE_CHECKING:
    from .context import RequestContext, Responder
    from .rate_limits import Throttling

CallNext = Callable[[], Awaitable[Response]]
"""Returns the response without the fault."""


@define(slots=True)
class FaultContext:
    """One request that one fault hits."""

    request: RequestContext
    service: Responder
    memory: dict[str, str]
    """What the fault stores between requests."""
    call_next: CallNext

    @property
    def key(self) -> str | None:
        """The key of the requested page; None: the first page."""
        operation = self.request.operation
        assert operation is not None, "faults of pages hit listings only"  # noqa: S101
        assert operation.paging is not None, "faults of pages hit listings only"  # noqa: S101
        return parse_qs(self.request.request.query).get(operation.paging.parameter, [None])[0]


@frozen(slots=True)
class Kind:
    """A kind of fault."""

    act: Callable[..., Awaitable[Response]]
    paged: bool
    """Whether it hits listings only."""
    secured: bool
    """Whether it hits only operations that need a token, and so no login."""
    only: tuple[str, ...]
    """The operations that it hits, by their operationIds; all if there is none."""
    details: dict[str, Any]
    """Its settings, with their default values."""

    @property
    def text(self) -> str:
        """A sentence that describes it."""
        return inspect.getdoc(self.act) or ""


KINDS: dict[str, Kind] = {}


def _kind(name: str, *, paged: bool = False, secured: bool = False, only: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Register a function as a kind of fault; its keyword arguments are the settings."""

    def register(act: Any) -> Any:
        parameters = inspect.signature(act).parameters.values()
        details = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
        KINDS[name] = Kind(act, paged, secured, only, details)
        return act

    return register


@_kind("latency")
async def _latency(fault: FaultContext, *, seconds: float = 1.0) -> Response:
    """The answer comes `seconds` late."""
    await fault.service.world.clock.sleep(seconds)
    return await fault.call_next()


@_kind("reset-before")
async def _reset_before(fault: FaultContext) -> Response:
    """The connection is reset before the request has its effect."""
    return Response(0, delivery=Delivery(head=False))


@_kind("reset-after")
async def _reset_after(fault: FaultContext) -> Response:
    """The connection is reset after the request has had its effect, without an answer."""
    response = await fault.call_next()
    response.delivery = Delivery(head=False)
    return response


@_kind("truncate")
async def _truncate(fault: FaultContext) -> Response:
    """The connection ends in the middle of the body."""
    response = await fault.call_next()
    response.delivery = Delivery(head=bool(response.body), upto=len(response.body) // 2)
    return response


@_kind("drip")
async def _drip(fault: FaultContext, *, seconds: float = 10.0, pieces: int = 10) -> Response:
    """The body comes in `pieces` chunks, which take `seconds` in all."""
    response = await fault.call_next()
    response.delivery = Delivery(chunk=-(-len(response.body) // pieces), pause=seconds / pieces)
    return response


@_kind("garbage")
async def _garbage(fault: FaultContext) -> Response:
    """A body is not JSON, although its content type says so."""
    response = await fault.call_next()
    if response.body:
        response.body = b'{"simId": "\xff\x00\xfe'
    return response


@_kind("empty")
async def _empty(fault: FaultContext) -> Response:
    """The body is empty."""
    response = await fault.call_next()
    response.body = b""
    return response


@_kind("html")
async def _html(fault: FaultContext, *, status: int = 502, done: bool = False) -> Response:
    """A proxy answers with an HTML page, before the request has its effect or, if `done`, after it."""
    if done:
        await fault.call_next()
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
    return Response(status, {"content-type": "text/html"}, page.encode())


@_kind("error")
async def _error(fault: FaultContext, *, status: int = 500, done: bool = False) -> Response:
    """The API answers with an error, before the request has its effect or, if `done`, after it."""
    if done:
        await fault.call_next()
    refusal = Refusal.internal_error()
    if status != refusal.status:  # only the 500 is known to come as plain text
        refusal.status, refusal.headers = status, {}
    raise refusal


@_kind("throttle")
async def _throttle(fault: FaultContext, *, says: Throttling | None = None) -> Response:
    """The answer is 429, whatever is left of the quota; `says` chooses its headers."""
    return fault.service.throttle(fault.request, says)


@_kind("unauthorized", secured=True)
async def _unauthorized(fault: FaultContext, *, status: int = 401, code: str = "AUM0013") -> Response:
    """A valid token is refused; the service also does that with 403, and with code AGW0002."""
    raise Refusal(code).with_status(status)


@_kind("token-death", secured=True)
async def _token_death(fault: FaultContext) -> Response:
    """A token ends before its time."""
    session, fault.request.session = fault.request.session, None
    if session is not None:
        fault.service.world.sessions.pop(session.token, None)
    return await fault.call_next()


@_kind("stale-search", only=("searchSims", "searchSubscribers"))
async def _stale_search(fault: FaultContext, *, seconds: float = 60.0) -> Response:
    """A search finds SIMs as they were `seconds` before; the last 10,000 changes of them are known."""
    fault.request.stale += seconds
    return await fault.call_next()


@_kind("repeat-page", paged=True)
async def _repeat_page(fault: FaultContext) -> Response:
    """Each page but the first announces itself as the next page."""
    response = await fault.call_next()
    if response.status < 300:
        response.next_key = fault.key or response.next_key
    return response


@_kind("loop-pages", paged=True)
async def _loop_pages(fault: FaultContext) -> Response:
    """The last page announces the second page as the next page."""
    response = await fault.call_next()
    if fault.key is None and response.next_key is not None:
        fault.memory["second"] = response.next_key
    elif response.next_key is None and response.status < 300:
        response.next_key = fault.memory.get("second")
    return response


@_kind(
    "job-state",
    only=(
        "getAnalysisQueries", "getBatchJob", "getDiagnostic", "getExportedFile", "getOrder", "getPacketCaptureSession",
        "getProfileOrder", "getSimPacketCaptureSession", "getSoraCamDeviceExportedImage",
        "getSoraCamDeviceExportedVideo",
    ),
)  # fmt: skip
async def _job_state(fault: FaultContext, *, state: str = "failed") -> Response:
    """A job that takes its time is said to be in `state`, without the URL of a file."""
    response = await fault.call_next()
    if response.status < 300:
        body = {name: value for name, value in decode(response.body).items() if name != "url"}
        response.body = encode(body | {"orderStatus" if "orderStatus" in body else "status": state})
    return response


@_kind("file-delay")
async def _file_delay(fault: FaultContext, *, seconds: float = 5.0, status: int = 403) -> Response:
    """Files whose URLs are in the answer are not there for `seconds`; the storage host answers `status`."""
    response = await fault.call_next()
    named = response.headers.get("location", "") + response.body.decode(errors="replace")
    world = fault.service.world
    world.storage.delay(named, world.wall() + seconds, status)
    return response
