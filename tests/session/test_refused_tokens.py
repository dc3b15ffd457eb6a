"""Tokens that the service refuses, by 401 or by 403 with a code that says so: one renewal, one replay."""

from __future__ import annotations

import itertools

import anyio
import httpx
import pytest
from bodies import in_flight, in_process, leads
from servers import LOGIN, SIM, Script, opened

from soracom_async import (
    APIError,
    ApiToken,
    AuthenticationFailed,
    AuthKey,
    Forbidden,
    Soracom,
    SwitchUser,
    Unauthorized,
    bulk,
)
from soracom_async._session.sender import MAX_REPLAYS
from soracom_async.emulator import Emulator
from soracom_async.errors import Code

pytestmark = pytest.mark.anyio


def said(code: str, status: int = 403, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "as told"}, headers=headers)


REFUSALS = {
    "401": httpx.Response(401),
    "no token": said("AUM0001"),
    "token": said("AUM0013"),
    "key or token": said("AGW0002"),
    "text": httpx.Response(
        403, text='\ufeff {"code": "AGW0002", "message": "no"}\n', headers={"content-type": "text/plain"}
    ),
}
OTHERS = {
    "permission": said("AUM0017"),
    "permission of SIMs": said("SEM0049"),
    "a new code": said("AUM9999"),
    "no code": httpx.Response(403, json={"message": "AGW0002"}),
    "a list": httpx.Response(403, json=["AGW0002"]),
    "a firewall": httpx.Response(403, text="<html>AGW0002</html>", headers={"content-type": "text/html"}),
    "nothing": httpx.Response(403),
    "a long answer": httpx.Response(403, json={"code": "AGW0002", "message": "x" * 100_000}),
    "another status": said("AGW0002", 400),
}
each_refusal = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)


class Numbered(Script):
    """Gives the tokens `token-1`, `token-2` …; refuses those of `bad`, and answers the others with `steps`."""

    def __init__(self, refusal: httpx.Response, *steps: object, bad: tuple[int, ...] = (1,)) -> None:
        super().__init__(*steps, login=self.log_in)
        self.refusal = refusal
        self.bad = {f"token-{number}" for number in bad}
        self.switched: list[str] = []
        self._numbers = itertools.count(1)

    def log_in(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={**LOGIN, "token": f"token-{next(self._numbers)}"})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        token = request.headers.get("x-soracom-token", "")
        if request.url.path == "/v1/auth/switch_user":
            self.switched.append(token)
            return httpx.Response(200, json={**LOGIN, "token": f"token-{next(self._numbers)}"})
        if token in self.bad:
            self.requests.append(request)
            return httpx.Response(self.refusal.status_code, headers=self.refusal.headers, content=self.refusal.content)
        return await super().handle_async_request(request)


@each_refusal
async def test_one_renewal_and_one_replay(refusal):
    """Also of an operation that acts: what a refused token asked for was not executed."""
    transport = Numbered(refusal, SIM)
    async with opened(transport, max_retries=0) as soracom:
        assert (await soracom.sims.send_sms("1", payload="x")) is not None
        assert (await soracom.sims.get("1")).sim_id == "1"
    assert len(transport.logins) == 2
    assert [request.headers["x-soracom-token"] for request in transport.requests] == ["token-1", "token-2", "token-2"]


@pytest.mark.parametrize("answer", OTHERS.values(), ids=OTHERS)
async def test_what_a_new_token_would_not_help(answer):
    """The error comes at once, and the token stays."""
    transport = Script(answer, SIM)
    async with opened(transport) as soracom:
        with pytest.raises(APIError) as caught:
            await soracom.sims.get("1")
        assert caught.value.status == answer.status_code
        assert not isinstance(caught.value, Unauthorized)
        await soracom.sims.get("1")
    assert len(transport.logins) == 1
    assert len(transport.requests) == 2


async def test_a_token_that_is_refused_again():
    """The class follows the status, code and hint tell that it is about the token; there is no third request."""
    transport = Script(said("AGW0002"))
    async with opened(transport) as soracom:
        with pytest.raises(Forbidden) as caught:
            await soracom.sims.get("1")
    error = caught.value
    assert (error.status, error.code, error.attempts) == (403, Code.KEY_OR_TOKEN_INVALID, 2)
    assert "the token was refused" in error.hint
    assert (len(transport.logins), len(transport.requests)) == (2, 2)


@each_refusal
async def test_a_token_that_worked_is_replaced_several_times(refusal):
    """It may be revoked again and again, but not for ever."""
    transport = Script(lambda request: refuse())

    def refuse() -> httpx.Response:
        soracom._session.tokens.current.worked = True  # as if it had served another call meanwhile
        return refusal

    async with opened(transport) as soracom:
        with pytest.raises(APIError):
            await soracom.sims.get("1")
    assert len(transport.requests) == MAX_REPLAYS + 1


@each_refusal
async def test_many_calls_with_one_stale_token(refusal):
    """One renewal for all of them."""
    transport = Numbered(refusal, SIM, bad=())
    async with opened(transport) as soracom:
        await soracom.sims.get("1")
        transport.bad = {"token-1"}
        async with bulk.run(soracom.sims.get, [str(number) for number in range(50)], concurrency=50) as results:
            assert all([isinstance(result, bulk.Ok) async for result in results])
    assert len(transport.logins) == 2


@each_refusal
async def test_listings_streams_and_requests(refusal):
    """They take the same path."""
    for call in (
        lambda soracom: soracom.sims.list().collect(),
        lambda soracom: soracom.request("GET", "/sims"),
        lambda soracom: soracom.call("listSims"),
    ):
        transport = Numbered(refusal, [SIM])
        async with opened(transport) as soracom:
            assert len(await call(soracom)) == 1
        assert len(transport.logins) == 2
    transport = Numbered(refusal, httpx.Response(200, content=b"content"))
    async with opened(transport) as soracom, soracom.stream("getFile", scope="private", path="a") as answer:
        assert await answer.read() == b"content"
    assert len(transport.logins) == 2


@each_refusal
async def test_what_a_refused_request_says_of_the_quota(refusal):
    """It may be of another quota, so it is not believed, whether the body is read whole or in chunks."""
    other = {"x-soracom-ratelimit-limit": "9", "x-soracom-ratelimit-remaining": "1"}
    other["x-soracom-ratelimit-seconds-before-refresh"] = "60"
    refused = httpx.Response(refusal.status_code, headers={**refusal.headers, **other}, content=refusal.content)
    async with opened(Numbered(refused, [SIM])) as soracom:
        await soracom.groups.list().collect()
        assert limits(soracom) == [None, None]
    async with opened(Numbered(refused, [SIM])) as soracom:
        async with soracom.stream("getFile", scope="private", path="a"):
            assert limits(soracom) == [None, None]
        assert in_flight(soracom) == 0
    denied = httpx.Response(403, headers=other, json={"code": "AUM0017"})
    async with opened(Script(denied)) as soracom:
        with pytest.raises(Forbidden):
            await soracom.groups.get("1")
        with pytest.raises(Forbidden):
            async with soracom.stream("getFile", scope="private", path="a"):
                pytest.fail("there is nothing to read")
        assert limits(soracom) == [None, 9, 9]


def limits(soracom: Soracom) -> list[int | None]:
    """Return the limits of the buckets that were used, the login's among them."""
    return sorted((limit.limit for limit in soracom.rate_limits().values()), key=lambda limit: limit or 0)


@each_refusal
@pytest.mark.parametrize("renew", [True, False])
async def test_a_token_without_credentials(refusal, renew):
    """It cannot be renewed once it is refused: the error says so, and asks for new ones."""
    transport = Script(refusal)
    token = ApiToken("api-key", "token", renew=renew)
    async with Soracom(token, endpoint="http://soracom.test", transport=transport) as soracom:
        with pytest.raises(AuthenticationFailed, match="have run out: give new ones, or credentials that can log in"):
            await soracom.sims.get("1")
    assert len(transport.requests) == 1


@each_refusal
async def test_a_login_that_is_refused(refusal):
    """It is not repeated, whatever it is refused with."""
    transport = Script(SIM, login=refusal)
    async with opened(transport) as soracom:
        with pytest.raises(AuthenticationFailed):
            await soracom.sims.get("1")
    assert (len(transport.logins), len(transport.requests)) == (1, 0)


def switching(transport: httpx.AsyncBaseTransport) -> Soracom:
    user = SwitchUser(AuthKey("keyId-1", "secret-1"), "OP0000000002", "user")
    return Soracom(user, endpoint="http://soracom.test", transport=transport)


@each_refusal
async def test_a_switched_user(refusal):
    """Source and target log in anew once the target's token is refused."""
    transport = Numbered(refusal, SIM, bad=(2,))
    async with switching(transport) as soracom:
        await soracom.sims.get("1")
    assert len(transport.logins) == 2
    assert transport.switched == ["token-1", "token-3"]


@each_refusal
async def test_a_source_that_may_not_switch(refusal):
    """The token of the source is new, so that it is refused is the end."""
    transport = Script(refusal)
    async with switching(transport) as soracom:
        with pytest.raises(AuthenticationFailed):
            await soracom.sims.get("1")
    assert (len(transport.logins), len(transport.requests)) == (1, 1)


async def test_another_host_says_nothing_of_the_token():
    """What the host of a file refuses is refused without a token."""

    def answer(request: httpx.Request) -> httpx.Response:
        return leads("http://storage.test/a") if request.url.host == "soracom.test" else said("AGW0002")

    transport = Script(answer)
    async with opened(transport) as soracom:
        with pytest.raises(Forbidden, match="storage.test refuses the download"):
            await soracom.files.get("private", "a")
    assert len(transport.logins) == 1
    async with in_process(Script(said("AGW0002"))) as soracom:
        with anyio.fail_after(10), pytest.raises(Forbidden):
            await soracom.with_options(max_retries=0).download("http://storage.test/a", to="x")
        assert soracom._session.tokens.current is None


async def test_a_token_that_the_emulator_refuses():
    """As an order of faults can have it."""
    emulator = Emulator(sims=1)
    async with Soracom(emulator.auth_key, transport=emulator.transport) as soracom:
        with emulator.fault("unauthorized", operation="listSims", status=403, code="AGW0002", count=1):
            assert len(await soracom.sims.list().collect()) == 1
        assert emulator.counts["auth"] == 2
        with emulator.fault("unauthorized", operation="listSims", status=403), pytest.raises(Forbidden) as caught:
            await soracom.sims.list().collect()
        assert caught.value.code == Code.TOKEN_INVALID
        assert emulator.counts["auth"] == 3
