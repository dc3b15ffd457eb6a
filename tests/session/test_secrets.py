from __future__ import annotations

import copy
import json
import logging
import pickle
import socket
from functools import partial

import anyio
import httpx
import pytest
from leaks import canary, report_of, sings
from servers import SIM, Connection, Received, reply, serving

from soracom_async import (
    APIError,
    ApiToken,
    AuthenticationFailed,
    AuthKey,
    BadRequest,
    ConfigurationError,
    Conflict,
    DecodeError,
    Forbidden,
    NotFound,
    RateLimited,
    RequestTimeout,
    RootUser,
    SamUser,
    ServerError,
    Soracom,
    SoracomError,
    SwitchUser,
    TransportError,
    Unauthorized,
    errors,
    structure,
)

pytestmark = pytest.mark.anyio


def code() -> str:
    return canary("000")


def credentials_of(kind: str):
    """Return credentials of a kind, with a canary in every secret."""
    if kind == "switch":
        return SwitchUser(AuthKey("keyId-1", canary()), "OP2", "other")
    return {
        "key": partial(AuthKey, "keyId-1"),
        "root": partial(RootUser, "root@example.com", one_time_password=code),
        "sam": partial(SamUser, "OP1", "user", one_time_password=code),
        "token": partial(ApiToken, canary("key")),
    }[kind](canary())


KINDS = ["key", "root", "sam", "switch", "token"]


def login_answer() -> dict:
    return {"apiKey": canary("key"), "token": canary("token"), "operatorId": "OP1", "userName": None}


@pytest.fixture
def silence(caplog):
    """Listen to every logger at the lowest level; fail where one of them gives a canary away."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("soracom_async", "httpx", "httpcore", "asyncio", "anyio", "h11"):
            caplog.set_level(logging.DEBUG, logger=name)
    yield caplog
    for record in caplog.get_records("call"):
        if record.name.startswith("httpcore") and "ProtocolError" in record.getMessage():
            continue  # at DEBUG, httpcore itself quotes an answer that is no HTTP; ours is what our errors make of it
        assert not sings(logging.Formatter("%(name)s %(message)s").format(record))
        assert not sings(record.__dict__)


def scan(error: BaseException) -> None:
    """Fail where an error gives a canary away, in text, attributes, copies, or tracebacks with locals."""
    report = report_of(error)
    assert "soracom_async/" in report
    assert not sings(report), report
    for text in (str(error), repr(error), repr(error.args), repr(vars(error))):
        assert not sings(text)
    if isinstance(error, SoracomError):
        assert not sings(pickle.dumps(error).decode("latin-1"))


async def answer(data: bytes, request: Received, connection: Connection) -> None:
    await connection.send(data)


async def cut(data: bytes, request: Received, connection: Connection) -> None:
    await connection.send(data)
    await connection.end()


async def reset(request: Received, connection: Connection) -> None:
    await connection.reset()


async def never(request: Received, connection: Connection) -> None:
    await anyio.sleep_forever()


def whole(*args, **kwargs):
    return partial(answer, reply(*args, **kwargs))


def half(**changes):
    """Return a login's answer in which something is missing (None) or wrong."""
    data = login_answer() | changes
    return whole({name: value for name, value in data.items() if value is not None})


def too_short(connection_stays: bool = True):
    """Return a login's answer whose length ends before the token, which then stands where the next answer begins."""
    data = reply(login_answer())
    head, _, body = data.partition(b"\r\n\r\n")
    length = body.index(canary("token").encode())
    return partial(answer, head.replace(b"%d" % len(body), b"%d" % length) + b"\r\n\r\n" + body)


def refusal(status: int, code: str = "AUM0002"):
    return whole({"code": code, "message": "no"}, status)


LOGINS = {
    "refused": (refusal(401), AuthenticationFailed),
    "bad request": (refusal(400), AuthenticationFailed),
    "forbidden": (refusal(403), AuthenticationFailed),
    "throttled": (refusal(429), RateLimited),
    "broken": (refusal(500), ServerError),
    "html": (whole(b"<html></html>", 503, {"content-type": "text/html"}), ServerError),
    "redirect": (whole(None, 302, {"location": "http://127.0.0.1:1/"}), AuthenticationFailed),
    "not JSON": (whole(b"<html></html>"), DecodeError),
    "empty": (whole(None), DecodeError),
    "array": (lambda *a: whole([login_answer()])(*a), DecodeError),
    "text": (lambda *a: whole(canary("token"))(*a), DecodeError),
    "cut JSON": (lambda *a: whole(json.dumps(login_answer()).encode()[:-3])(*a), DecodeError),
    "no operator": (lambda *a: half(operatorId=None)(*a), DecodeError),
    "no key": (lambda *a: half(apiKey=None)(*a), DecodeError),
    "no token": (lambda *a: half(token=None, secret=canary())(*a), DecodeError),
    "operator of another kind": (lambda *a: half(operatorId=["OP1"])(*a), DecodeError),
    "token of another kind": (lambda *a: half(token={"value": canary()})(*a), DecodeError),
    "tokens in a list": (lambda *a: half(token=[canary()])(*a), DecodeError),
    "more tokens": (lambda *a: half(operatorId=None, refreshToken=canary(), idToken=canary())(*a), DecodeError),
    "token over two lines": (lambda *a: half(token=canary("a\r\nb"))(*a), SoracomError),
    "token of no ASCII": (lambda *a: half(token=canary("é\u3000"))(*a), SoracomError),
    "token of a lone surrogate": (lambda *a: half(token=canary("\ud800"))(*a), SoracomError),
    "cut off": (lambda *a: partial(cut, reply(login_answer())[:-5])(*a), TransportError),
    "wrong length": (lambda *a: too_short()(*a), SoracomError),
    "reset": (reset, TransportError),
    "never": (never, RequestTimeout),
    "gzip that is none": (lambda *a: whole(canary().encode(), 200, {"content-encoding": "gzip"})(*a), TransportError),
    "no HTTP": (lambda *a: partial(cut, canary("\r\n\r\n").encode())(*a), TransportError),
    "a header that is none": (
        lambda *a: partial(cut, f"HTTP/1.1 200 OK\r\n{canary()}\r\n\r\n".encode())(*a),
        TransportError,
    ),
}


def session(kind: str, url: str, way: str, **settings) -> Soracom:
    transport = httpx.AsyncHTTPTransport() if way == "httpx" else None
    return Soracom(credentials_of(kind), endpoint=url, transport=transport, **settings)


WAYS = ["own", "httpx"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", LOGINS)
@pytest.mark.parametrize("kind", ["root", "switch"])
async def test_a_login_that_fails_gives_nothing_away(kind, what, way, silence):
    """However a login goes wrong: an error of ours that shows no password, no code and no token anywhere."""
    step, error = LOGINS[what]

    async def handle(request: Received, connection: Connection) -> None:
        if kind == "switch" and request.target == "/v1/auth":
            await whole(login_answer())(request, connection)
        else:
            await step(request, connection)

    timeout = 0.05 if what == "never" else 20
    async with serving(handle) as server, session(kind, server.url, way, timeout=timeout, max_retries=0) as soracom:
        with pytest.raises(error) as caught:
            await soracom.sims.get("1")
        scan(caught.value)
        with pytest.raises(SoracomError) as again:  # the connection, if kept, may hold the rest of an answer
            await soracom.sims.get("1")
        scan(again.value)
        assert not sings(repr(soracom) + str(soracom) + repr(soracom._session.__dict__))


CALLS = {
    "401": (refusal(401), Unauthorized),
    "403": (refusal(403), Forbidden),
    "403 of the token": (refusal(403, "AGW0002"), (Forbidden, AuthenticationFailed)),
    "404": (refusal(404), NotFound),
    "409": (refusal(409), Conflict),
    "400": (refusal(400), BadRequest),
    "429": (refusal(429), RateLimited),
    "500": (refusal(500), ServerError),
    "302": (whole(None, 302, {"location": "http://127.0.0.1:1/"}), APIError),
    "not JSON": (whole(b"no"), DecodeError),
    "an array": (whole([]), DecodeError),
    "cut off": (partial(cut, reply(SIM)[:-4]), TransportError),
    "reset": (reset, TransportError),
    "never": (never, RequestTimeout),
    "no HTTP": (partial(cut, b"no\r\n\r\n"), TransportError),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_fails_gives_nothing_away(kind, what, way, silence):
    """Whatever a call ends in, its error shows neither the token that it carried nor the credentials behind it."""
    step, error = CALLS[what]

    async def handle(request: Received, connection: Connection) -> None:
        if request.target.startswith("/v1/auth"):
            await whole(login_answer())(request, connection)
        elif request.target.endswith("/token"):
            await whole({"token": canary("renewed")})(request, connection)
        else:
            assert sings(request.headers["x-soracom-token"])
            await step(request, connection)

    timeout = 0.05 if what == "never" else 20
    async with serving(handle) as server, session(kind, server.url, way, timeout=timeout, max_retries=0) as soracom:
        with pytest.raises(error) as caught:
            await soracom.sims.send_sms("1", payload="x")
        scan(caught.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_connection_gives_nothing_away(kind, silence):
    """Nobody listens: the error names the address and nothing else."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    async with session(kind, f"http://127.0.0.1:{port}", "own", max_retries=1) as soracom:
        with pytest.raises(TransportError, match=str(port)) as caught:
            await soracom.sims.get("1")
        scan(caught.value)


class Broken(httpx.AsyncBaseTransport):
    """A transport with a bug, at the login or after it."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def handle_async_request(self, request):
        if request.url.path.startswith(self.path):
            raise ZeroDivisionError("a bug of the caller's")
        return httpx.Response(200, json=login_answer() if request.url.path.startswith("/v1/auth") else SIM)


@pytest.mark.parametrize("path", ["/v1/auth", "/v1/sims"])
@pytest.mark.parametrize("kind", KINDS[:-1])
async def test_a_bug_in_the_callers_transport_gives_nothing_away(kind, path, silence):
    """The caller's own error passes through our frames, and their locals show nothing."""
    async with Soracom(credentials_of(kind), endpoint="http://soracom.test", transport=Broken(path)) as soracom:
        with pytest.raises(ZeroDivisionError) as caught:
            await soracom.sims.update_speed_class("1", speed_class="s1.fast")
        scan(caught.value)


@pytest.mark.parametrize("at", ["/v1/auth", "/v1/sims"])
async def test_a_cancelled_call_gives_nothing_away(at, silence):
    """The traceback of a cancellation, which debuggers show, is as silent as any other."""
    waiting = anyio.Event()
    seen = []

    async def handle(request: Received, connection: Connection) -> None:
        if request.target.startswith(at):
            waiting.set()
            await anyio.sleep_forever()
        await whole(login_answer())(request, connection)

    async def call() -> None:
        try:
            await soracom.sims.send_sms("1", payload="x")
        except anyio.get_cancelled_exc_class() as error:
            scan(error)
            seen.append(error)
            raise

    async with serving(handle) as server, session("sam", server.url, "own") as soracom:
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await waiting.wait()
            group.cancel_scope.cancel()
    assert len(seen) == 1


async def test_a_token_of_half_a_character_is_a_decode_error(monkeypatch, silence):
    """The decoder of the standard library lets it through: then it must be ours that refuses it."""
    monkeypatch.setattr("soracom_async._codec.codec._loads", json.loads)
    step, _ = LOGINS["token of a lone surrogate"]
    async with serving(step) as server, session("root", server.url, "own") as soracom:
        with pytest.raises(DecodeError) as caught:
            await soracom.sims.get("1")
        scan(caught.value)


async def test_those_who_wait_for_a_login_share_a_silent_error(silence):
    """50 tasks behind one login that is refused: each gets an error of its own, and none gives anything away."""
    caught = []

    async def call() -> None:
        with pytest.raises(AuthenticationFailed) as error:
            await soracom.sims.get("1")
        caught.append(error.value)

    async with serving(refusal(401)) as server, session("root", server.url, "own") as soracom:
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(call)
    assert len(caught) == 50
    for error in caught:
        scan(error)


async def test_a_closed_session_gives_nothing_away(silence):
    """ConfigurationError that says to open a new one."""
    soracom = session("root", "http://127.0.0.1:1", "own")
    async with soracom:
        pass
    with pytest.raises(ConfigurationError, match="closed") as caught:
        await soracom.sims.get("1")
    scan(caught.value)


def clumsy(value):
    def give():
        return value

    return give


async def failing() -> str:
    raise ZeroDivisionError("no code today")


@pytest.mark.parametrize("give", [clumsy(canary().encode()), clumsy([canary()]), clumsy(""), clumsy(None)])
async def test_a_one_time_password_of_another_kind_gives_nothing_away(give, silence):
    """A callable that returns no string: ConfigurationError that says so, without what it returned."""
    credentials = RootUser("root@example.com", canary(), one_time_password=give)
    async with Soracom(credentials, endpoint="http://127.0.0.1:1") as soracom:
        with pytest.raises(ConfigurationError, match="one_time_password") as caught:
            await soracom.sims.get("1")
        scan(caught.value)


async def test_a_one_time_password_that_fails_gives_nothing_away(silence):
    """The callable's own error reaches the caller, and our frames show nothing."""
    credentials = RootUser("root@example.com", canary(), one_time_password=failing)
    async with Soracom(credentials, endpoint="http://127.0.0.1:1") as soracom:
        with pytest.raises(ZeroDivisionError) as caught:
            await soracom.sims.get("1")
        scan(caught.value)


async def test_success_is_logged_without_secrets(silence):
    """A login, a renewal after 401, and calls, with every logger at its lowest level."""
    refused = []

    async def handle(request: Received, connection: Connection) -> None:
        if request.target == "/v1/auth":
            await whole(login_answer())(request, connection)
        elif not refused:
            refused.append(request)
            await refusal(401)(request, connection)
        else:
            await whole(SIM)(request, connection)

    for way in WAYS:
        refused.clear()
        async with serving(handle) as server, session("root", server.url, way) as soracom:
            await soracom.sims.get("1")
            assert not sings(repr(soracom._session.tokens.current))
            assert sings(soracom._session.token().reveal())
    assert any(record.name.startswith("httpcore") for record in silence.records)
    assert any(record.name == "soracom_async" for record in silence.records)


def test_the_answer_of_a_login_shows_no_secret():
    """AuthResponse in repr and str, with what the document does not declare, and within containers."""
    from soracom_async.api.auth import AuthRequest, AuthResponse

    extra = {"refreshToken": canary(), "tokens": [canary()], "secret": {"a": canary()}, "mfaOTPCode": canary()}
    answer = structure(login_answer() | extra, AuthResponse)
    assert sings(answer.token)
    for text in (repr(answer), str(answer), f"{answer!r}", repr([answer]), repr({"a": answer})):
        assert not sings(text), text
        assert "OP1" in text
    odd = structure(login_answer() | {"token": [canary()], "apiKey": {"value": canary()}}, AuthResponse)
    assert not sings(repr(odd)), repr(odd)
    request = AuthRequest(auth_key=canary(), password=canary(), mfa_otp_code=canary(), email="a@example.com")
    assert not sings(repr(request))
    assert "a@example.com" in repr(request)


EXAMPLES = [
    SoracomError("x"),
    ConfigurationError("x"),
    DecodeError("x"),
    TransportError("x", operation="getSim", sent=False),
    RequestTimeout("x", operation="getSim"),
    APIError("x", status=418, code="C", operation="getSim"),
    AuthenticationFailed("x", status=401, code="AUM0001", operation="auth"),
    RateLimited("x", status=429, operation="getSim", retry_after=3.5),
    *(APIError.of_status(status)("x", status=status) for status in (400, 401, 403, 404, 409, 429, 500, 599)),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("through", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
def test_an_error_survives_pickling_and_copying(error, through):
    """Errors cross processes: the same class, text and attributes."""
    error.add_note("a note")
    other = through(error)
    assert type(other) is type(error)
    assert (str(other), repr(other), vars(other), other.args) == (str(error), repr(error), vars(error), error.args)


def test_every_error_is_of_one_tree():
    """Each error that the module names is a SoracomError, and each status has its class."""
    public = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(public) == 14
    assert all(issubclass(cls, SoracomError) for cls in public)
    expected = {400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 429: RateLimited}
    for status in range(300, 600):
        assert APIError.of_status(status) is expected.get(status, ServerError if status >= 500 else APIError)
