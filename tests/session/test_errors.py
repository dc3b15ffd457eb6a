"""What an error tells: the whole answer, attempts and time, and never a secret."""

from __future__ import annotations

import copy
import json
import pickle
import re
import traceback
from urllib.parse import quote

import httpx
import pytest
from leaks import canary, sings
from servers import SIM, Script, opened

from soracom_async import (
    APIError,
    AuthenticationFailed,
    AuthKey,
    BadRequest,
    DecodeError,
    Forbidden,
    NotFound,
    RootUser,
    ServerError,
    Soracom,
    SoracomError,
    SwitchUser,
    TransportError,
)
from soracom_async._codec.redaction import Redaction, secrets_in
from soracom_async._codec.responses import READ_OF_PAGE
from soracom_async.errors import Code

pytestmark = pytest.mark.anyio


async def error_of(answer: object, **settings: object) -> APIError:
    async with opened(Script(answer), max_retries=0, **settings) as soracom:
        with pytest.raises(APIError) as caught:
            await soracom.sims.get("1")
    return caught.value


@pytest.mark.parametrize("code", Code)
async def test_a_known_code_says_what_helps(code):
    """The hint is a note of the traceback; the text of the error stays one line, that of the service."""
    error = await error_of(httpx.Response(400, json={"code": code, "message": "no"}))
    assert error.code == code
    assert str(error) == f"getSim: 400 {code}: no"
    assert error.hint == code.hint
    assert traceback.format_exception_only(error)[1:] == [f"{code.hint}\n"]
    for same in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (same.hint, traceback.format_exception_only(same)) == (
            error.hint,
            traceback.format_exception_only(error),
        )


async def test_a_code_that_is_not_known():
    """It has no hint, as an answer without a code."""
    for body in ({"code": "SEM0001", "message": "no"}, {"message": "no"}):
        error = await error_of(httpx.Response(400, json=body))
        assert error.hint == ""
        assert len(traceback.format_exception_only(error)) == 1


async def test_a_login_that_fails_has_a_hint_too():
    """Once, although the error is made of another."""
    answer = httpx.Response(401, json={"code": "AUM0002", "message": "no"})
    async with opened(Script(SIM, login=answer)) as soracom:
        with pytest.raises(AuthenticationFailed) as caught:
            await soracom.sims.get("1")
    assert caught.value.hint == Code.CREDENTIALS_WRONG.hint
    assert caught.value.__notes__ == [caught.value.hint]


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "text/html", ""])
@pytest.mark.parametrize("around", ["{}", "\ufeff{}", " \r\n{}\n"])
async def test_an_error_that_is_called_a_text(kind, around, jumping_clock):
    """A gateway of the service does that: it is the API's error all the same, and passes as any 500 does."""
    content = around.format('{"code": "AGW0005", "message": "失敗しました"}')
    answer = httpx.Response(500, content=content.encode(), headers={"content-type": kind} if kind else {})
    error = await error_of(answer)
    assert isinstance(error, ServerError)
    assert (error.code, error.message) == (Code.INTERNAL_ERROR, "失敗しました")
    assert error.body == {"code": "AGW0005", "message": "失敗しました"}
    async with opened(Script(answer, SIM), clock=jumping_clock) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"


async def test_a_text_that_has_a_secret_in_it():
    """Also in another encoding than UTF-8 it is taken out."""
    headers = {"content-type": "text/plain; charset=Shift_JIS"}
    content = json.dumps({"code": "X", "message": "トークン secret-1"}, ensure_ascii=False).encode("shift_jis")
    error = await error_of(httpx.Response(500, content=content, headers=headers))
    assert error.message == "トークン **********"


async def test_the_whole_body():
    """All that the JSON says, not only code and message."""
    body = {"code": "SEM0001", "message": "no", "messageArgs": [1, {"a": None}], "more": True}
    error = await error_of(httpx.Response(404, json=body))
    assert isinstance(error, NotFound)
    assert error.body == body
    assert str(error) == "getSim: 404 SEM0001: no"


@pytest.mark.parametrize("body", [["a"], "text", 1, None, {}])
async def test_json_of_another_form(body):
    """It is there as it came, and the text shows it."""
    error = await error_of(httpx.Response(400, content=json.dumps(body)))
    assert error.body == body
    assert str(error).endswith(f"bytes): {json.dumps(body)}")


async def test_a_page_of_a_gateway():
    """The text shows its first 200 characters, in one line; the body has all of it."""
    page = "<html>\n<h1>Bad\x07 gateway</h1>" + "x" * 1000
    error = await error_of(httpx.Response(502, text=page, headers={"content-type": "text/html"}))
    assert isinstance(error, ServerError)
    assert error.body == page
    shown = "<html> <h1>Bad  gateway</h1>" + "x" * 172
    assert str(error) == f"getSim: 502: the answer has no error message (text/html, {len(page)} bytes): {shown}"


async def test_a_page_of_64_megabytes():
    """The body of the error has its beginning: nothing is looked for in what nobody reads."""
    error = await error_of(httpx.Response(502, content=b"<p>" + b"x" * (64 * 1024 * 1024 - 3)))
    assert error.body.startswith("<p>x")
    assert len(error.body) < READ_OF_PAGE
    assert "67108864 bytes" in str(error)


@pytest.mark.parametrize("content", [b"", b" \n "])
async def test_an_answer_without_a_body(content):
    """Nothing is shown of nothing."""
    error = await error_of(httpx.Response(400, content=content))
    assert str(error) == f"getSim: 400: the answer has no error message (no content type, {len(content)} bytes)"


async def test_bytes_that_are_no_text():
    """They are shown as far as they can be."""
    error = await error_of(httpx.Response(400, content=b"\xff\xfe\x00abc"))
    assert "abc" in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "name", ["X-Soracom-Request-Id", "X-Request-Id", "x-amzn-RequestId", "x-amz-request-id", "X-Amz-Cf-Id", "CF-Ray"]
)
async def test_the_request_id(name):
    """What support asks for stands in the text."""
    error = await error_of(httpx.Response(403, json={"code": "X", "message": "no"}, headers={name: "abc-1"}))
    assert isinstance(error, Forbidden)
    assert error.request_id == "abc-1"
    assert error.headers[name.lower()] == "abc-1"
    assert str(error) == "getSim: 403 X: no [request abc-1]"


async def test_headers_that_are_permissions_are_kept_back():
    """Cookies, and the address of a redirect, are nobody's business."""
    headers = {"set-cookie": canary(), "location": f"https://x.test/?sig={canary()}", "x-a": "1"}
    error = await error_of(httpx.Response(302, headers=headers))
    assert error.headers["x-a"] == "1"
    assert not sings(vars(error))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
async def test_a_copy_tells_the_same(copied, jumping_clock):
    """Also through a pickle, as between processes."""
    answer = httpx.Response(503, json={"code": "X", "message": "no"}, headers={"x-request-id": "abc-1"})
    async with opened(Script(answer), clock=jumping_clock) as soracom:
        with pytest.raises(ServerError) as caught:
            await soracom.sims.get("1")
    error = copied(caught.value)
    assert str(error) == str(caught.value)
    assert vars(error) == vars(caught.value)
    assert error.attempts == 6


@pytest.mark.parametrize(
    "error",
    [TransportError("x", sent=False), DecodeError("x", garbled=True), SoracomError("x"), BadRequest("x", status=400)],
)
def test_every_error_can_be_copied(error):
    """With its attempts and its time."""
    error.attempts, error.elapsed = 3, 1.25
    other = pickle.loads(pickle.dumps(error))
    assert str(other) == str(error)
    assert str(error).endswith("x (after 3 attempts in 1.2 s)")
    assert vars(other) == vars(error)


async def test_a_transport_error_tells_how_often(jumping_clock):
    """Also where there was no answer at all."""
    async with opened(Script(httpx.ConnectError("refused")), clock=jumping_clock) as soracom:
        await soracom.login()
        with pytest.raises(TransportError, match=r"refused \(after 6 attempts in \d+\.\d s\)") as caught:
            await soracom.sims.get("1")
    assert caught.value.attempts == 6


async def test_a_refused_login_tells_all(jumping_clock):
    """AuthenticationFailed has what the answer had."""
    answer = httpx.Response(400, json={"code": "AUM0011", "message": "no", "a": 1}, headers={"x-request-id": "abc-1"})
    async with opened(Script(SIM, login=answer)) as soracom:
        with pytest.raises(AuthenticationFailed) as caught:
            await soracom.sims.get("1")
    error = caught.value
    assert (error.status, error.code, error.body["a"], error.request_id) == (400, "AUM0011", 1, "abc-1")
    assert error.attempts == 1


# Secrets

TOKEN = "eyJ" + canary() + ".eyJ" + canary() + "." + canary()


def echoed(form: str):
    """Return an answer that quotes the request in some form, headers and body."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {f"x-echo-{name}": value for name, value in request.headers.items() if value.isascii()}
        said = "\n".join([f"{name}: {value}" for name, value in request.headers.items()])
        body = request.content.decode()
        match form:
            case "html":
                return httpx.Response(500, text=f"<pre>{said}\n\n{body}</pre>", headers=headers)
            case "json":
                return httpx.Response(
                    500, json={"code": "X", "message": f"bad: {said} {body}", "request": [body, said]}
                )
            case "quoted":
                return httpx.Response(500, text=quote(said + body))
            case "escaped":
                return httpx.Response(500, text=json.dumps(json.dumps(body)))
            case "slashed":
                return httpx.Response(500, text=json.dumps([body, said]).replace("/", r"\/") + "<")
            case "numbered":
                markup = "\"&'+<>"
                return httpx.Response(
                    500, text="".join(f"&#{ord(each)};" if each in markup else each for each in said + body)
                )
            case "small":
                small = re.sub("%..", lambda found: found[0].lower(), quote(said + body, safe=""))
                return httpx.Response(500, text=small)
            case "wide":
                return httpx.Response(500, content=f"<pre>{said}\n\n{body}</pre>".encode("utf-16"))
            case "cut":
                return httpx.Response(500, text=" " * (READ_OF_PAGE - 10) + TOKEN)
        return httpx.Response(500, text=f"{'x' * 150} {said} {body}")

    return answer


FORMS = ["html", "json", "quoted", "escaped", "slashed", "numbered", "small", "wide", "cut", "late"]


@pytest.mark.parametrize("form", FORMS)
async def test_an_answer_that_quotes_the_request(form):
    """Token, key, and the passwords that were arguments: neither in the text, nor in the body, nor in the headers."""
    login = {"apiKey": "api-" + canary(), "token": TOKEN, "operatorId": "OP0000000001", "userName": None}
    transport = Script(echoed(form), login=login)
    async with opened(transport, max_retries=0) as soracom:
        with pytest.raises(ServerError) as caught:
            await soracom.operator.update_password(current_password=canary("1"), new_password=canary('"&/<2'))
    for text in (
        str(caught.value),
        repr(caught.value),
        repr(vars(caught.value)),
        pickle.dumps(caught.value).decode("latin-1"),
    ):
        assert not sings(text.replace(r"\x00", "")), text
    assert "500" in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "credentials",
    [
        lambda: AuthKey("keyId-1", "secret-" + canary("0123456")),
        lambda: RootUser("a@b.test", canary("pass"), one_time_password=lambda: canary("000000")),
        lambda: SwitchUser(AuthKey("keyId-1", "secret-" + canary()), "OP2", "other"),
    ],
)
async def test_a_login_that_is_quoted(form, credentials):
    """The credentials themselves show nowhere."""
    transport = Script(SIM, login=echoed(form))
    async with Soracom(credentials(), endpoint="http://soracom.test", transport=transport, max_retries=0) as soracom:
        with pytest.raises(ServerError) as caught:
            await soracom.login()
    for text in (str(caught.value), repr(vars(caught.value))):
        assert not sings(text), text


def test_what_looks_like_a_secret():
    """Also secrets of others: tokens, and what a page names as one."""
    redaction = Redaction(())
    assert redaction.text(f"a {TOKEN} b") == "a ********** b"
    assert redaction.text("secret-0123456789abcdef") == "**********"
    assert redaction.page('{"password": "abc", "name": "x"}') == '{"password": "**********", "name": "x"}'
    assert redaction.page("Authorization: Bearer abc; ok") == "Authorization: Bearer **********; ok"
    assert redaction.page("the token is invalid") == "the token is invalid"
    assert "abc" not in repr(Redaction(["abcd"]))


def test_short_secrets_leave_the_text_readable():
    """To take out a password of one letter would leave nothing."""
    assert Redaction(["a", ""]).text("banana") == "banana"
    assert Redaction(["bana"]).data({"x": ["banana", 1], "bana": None}) == {
        "x": ["**********na", 1],
        "**********": None,
    }


@pytest.mark.parametrize(
    ("content", "secrets"),
    [
        (
            b'{"password": "a", "name": "b", "nested": [{"authKey": "c"}], "tokens": ["d", {"x": "e"}]}',
            ["a", "c", "d", "e"],
        ),
        (b"no JSON", []),
        (b"[" * 100_000, []),
        (b'"password"', []),
        (None, []),
    ],
)
def test_the_secrets_of_a_body(content, secrets):
    """By their names, however deep."""
    assert list(secrets_in(content)) == secrets
