from __future__ import annotations

import json
from functools import partial

import anyio
import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from servers import LOGIN, SIM, Script, opened

from soracom_async import (
    APIError,
    DecodeError,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
    Soracom,
    TransportError,
)
from soracom_async._core.headers import retry_after
from soracom_async._core.operation import Effect
from soracom_async._core.outcome import Response, TransportFailure
from soracom_async._core.retry import (
    BASE,
    CAP,
    HEALING_SECONDS,
    Attempts,
    Budget,
    Retry,
    Stop,
)

pytestmark = pytest.mark.anyio

READ, SET, ACT = Effect.READ, Effect.SET, Effect.ACT
DATE = "Wed, 04 Jun 2026 10:00:00 GMT"


def lowest(low: float, high: float) -> float:
    return low


def highest(low: float, high: float) -> float:
    return high


def answered(status: int, retry_after: int | None = None, window: bool = False) -> Response:
    """Return an error response that names a time to wait, its quota window, or neither."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    if window:
        headers |= {"x-soracom-ratelimit-remaining": "0", "x-soracom-ratelimit-seconds-before-refresh": "30"}
    return Response(status, headers, b"")


def unanswered(sent: bool, stale: bool = False) -> TransportFailure:
    return TransportFailure("the connection broke", sent, stale=stale)


# The arithmetic

outcomes = st.one_of(
    st.builds(
        answered,
        st.integers(300, 599),
        st.none() | st.integers(0, 86_400),
        st.booleans(),
    ),
    st.builds(unanswered, st.booleans(), st.booleans()),
)
effects = st.sampled_from(Effect)


@given(effect=effects, outcomes=st.lists(outcomes, max_size=60), max_retries=st.integers(0, 10), left=st.floats(0, 50))
def test_a_call_always_ends(effect, outcomes, max_retries, left):
    """Whatever comes, a call is repeated at most max_retries times after failures and four times that after 429s."""
    attempts, budget, repeated = Attempts(max_retries), Budget(left=left), 0
    for outcome in outcomes:
        decision = attempts.decide(effect, outcome, budget, 0.0)
        if isinstance(decision, Stop):
            break
        repeated += 1
        assert decision.after >= 0
        assert budget.left >= 0
    assert repeated <= 5 * max_retries
    assert attempts.failures <= max_retries + 1


@given(outcome=outcomes, max_retries=st.integers(1, 10))
def test_what_acts_is_repeated_only_if_it_was_not_executed(outcome, max_retries):
    """For an operation that acts: after 429 and where nothing was sent; never otherwise."""
    decision = Attempts(max_retries).decide(ACT, outcome, Budget(), 0.0)
    unexecuted = outcome.status == 429 if isinstance(outcome, Response) else not outcome.sent
    assert isinstance(decision, Retry) is unexecuted


@given(effect=st.sampled_from([READ, SET]), status=st.integers(300, 599))
def test_a_read_is_repeated_after_what_may_pass(effect, status):
    """A read and a set-to-state: after 429 and the passing 5xx, not after what the request itself is to blame for."""
    decision = Attempts(3).decide(effect, answered(status), Budget(), 0.0)
    assert isinstance(decision, Retry) is (status in (408, 425, 429, 500, 502, 503, 504, *range(520, 525)))


@given(failures=st.integers(0, 40), named=st.none() | st.integers(0, 86_400))
def test_the_jitter_is_full_and_capped(failures, named):
    """The n-th wait lies between 0 and min(20, 0.5 * 2^n) s, or just above what the service named."""
    outcome, ceiling = answered(503, named), min(CAP, BASE * 2.0**failures)
    shortest, longest = (
        Attempts(100, failures=failures).decide(READ, outcome, Budget(), 0.0, uniform).after
        for uniform in (lowest, highest)
    )
    if named is None:
        assert (shortest, longest) == (0, ceiling)
    else:
        assert (shortest, longest) == (named, named + 0.1 * ceiling)


def test_the_jitter_differs_between_calls():
    """By default two calls do not come back at the same moment."""
    waits = {Attempts(10, failures=5).decide(READ, answered(429), Budget(), 0.0).after for _ in range(20)}
    assert len(waits) > 15


def test_zero_seconds_are_zero_seconds():
    """`Retry-After: 0` is a value and no absence: only the jitter's tenth is waited for."""
    assert retry_after({"retry-after": "0"}) == 0.0
    assert Attempts(3).decide(READ, answered(429, 0), Budget(), 0.0, lowest) == Retry(0.0)
    assert Attempts(3).decide(READ, answered(429, 0), Budget(), 0.0, highest) == Retry(0.1 * BASE)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("999999999", 999_999_999.0),
        ("9999999999", None),
        ("Wed, 04 Jun 2026 10:00:30 GMT", 30.0),
        ("Wed, 04 Jun 2026 09:59:00 GMT", 0.0),
        ("Wed, 04 Jun 2036 10:00:00 GMT", 315_619_200.0),
        ("Wed, 04 Jun 2026 10:00:30", None),
        ("", None),
        ("-1", None),
        ("1.5", 1.5),
        ("soon", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(value, seconds):
    """Whole seconds, or a date against the answer's own date; anything else is as if nothing was said."""
    assert retry_after({"retry-after": value, "date": DATE}) == seconds


@given(st.text(), st.text())
def test_retry_after_survives_anything(value, date):
    """No header makes the reader fail."""
    seconds = retry_after({"retry-after": value, "date": date})
    assert seconds is None or seconds >= 0


def test_a_date_without_a_date_says_nothing():
    """Our own clock is never asked: it may be wrong."""
    assert retry_after({"retry-after": DATE}) is None
    assert retry_after({}) is None


def test_a_429_that_tells_its_window_costs_a_quarter_and_no_budget():
    """The limiter waits for the turn: no wait here, no spending, and four times as many of them."""
    attempts, budget = Attempts(2), Budget(left=0.0)
    for _ in range(8):
        assert attempts.decide(ACT, answered(429, 30, window=True), budget, 0.0) == Retry(0.0)
    assert isinstance(attempts.decide(ACT, answered(429, 30, window=True), budget, 0.0), Stop)


def test_a_stale_connection_is_replaced_at_once_but_only_once():
    """The first time without any wait, from then on like every other failure."""
    attempts = Attempts(3)
    assert attempts.decide(READ, unanswered(sent=True, stale=True), Budget(), 0.0, highest) == Retry(0.0)
    assert attempts.decide(READ, unanswered(sent=True, stale=True), Budget(), 0.0, highest) == Retry(2 * BASE)


@given(st.lists(st.booleans(), max_size=300))
def test_the_budget_stays_within_its_bounds(events):
    """Never below zero, never above its capacity, and ten successes pay for one repetition."""
    budget, spent = Budget(capacity=10.0, left=10.0), 0
    for success in events:
        if success:
            budget.earn()
        else:
            spent += budget.spend(0.0)
        assert 0 <= budget.left <= 10.0
    assert spent <= 10 + 0.1 * sum(events) + 1e-6


def test_the_budget_heals_by_time():
    """Empty, it affords one repetition every few seconds, and after ten minutes it is full."""
    budget = Budget(left=0.0, healed_at=1000.0)
    assert not budget.spend(1000.0)
    assert budget.spend(1000.0 + HEALING_SECONDS / 100)
    assert not budget.spend(1000.0 + HEALING_SECONDS / 100)
    assert budget.spend(1000.0 + 10 * HEALING_SECONDS)
    assert budget.left == budget.capacity - 1


def test_a_stale_connection_costs_nothing():
    """The service did not fail: an empty budget is no reason to give up."""
    budget = Budget(left=0.0)
    assert Attempts(3).decide(READ, unanswered(sent=True, stale=True), budget, 0.0) == Retry(0.0)
    assert budget.left == 0


# Through the session


async def calls(soracom: Soracom) -> dict[Effect, partial]:
    """Return one call of each effect."""
    await soracom.login()
    return {
        READ: partial(soracom.sims.get, "1"),
        SET: partial(soracom.sims.activate, "1"),
        ACT: partial(soracom.sims.send_sms, "1", payload="x"),
    }


def test_the_operations_have_the_effects_that_these_tests_assume():
    """getSim reads, activateSim sets, sendSmsToSim acts."""
    from soracom_async.api.sim import ACTIVATE_SIM, GET_SIM, SEND_SMS_TO_SIM

    assert [GET_SIM.effect, ACTIVATE_SIM.effect, SEND_SMS_TO_SIM.effect] == [READ, SET, ACT]


@pytest.mark.parametrize("effect", [READ, SET])
@pytest.mark.parametrize("failure", [500, 502, 503, 504, httpx.ReadTimeout("x"), httpx.ReadError("x")])
async def test_what_can_be_repeated_is(effect, failure, jumping_clock):
    """A read and a set-to-state get through two failures, waiting longer on average, never beyond its ceiling."""
    transport = Script(failure, failure, SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        await (await calls(soracom))[effect]()
    assert len(transport.requests) == 3
    assert len(jumping_clock.slept) == 2
    assert all(0 <= slept <= ceiling for slept, ceiling in zip(jumping_clock.slept, (0.5, 1.0), strict=True))


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ReadTimeout("x"), RequestTimeout),
        (httpx.WriteTimeout("x"), RequestTimeout),
        (httpx.ReadError("x"), TransportError),
        (httpx.RemoteProtocolError("x"), TransportError),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
    ],
)
async def test_a_post_that_acts_is_sent_once(failure, error, jumping_clock):
    """After a time-out of reading, a broken connection or 5xx an SMS may be out already: exactly one request."""
    transport = Script(failure, SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        with pytest.raises(error):
            await (await calls(soracom))[ACT]()
    assert len(transport.requests) == 1
    assert jumping_clock.slept == []


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x"), 429])
async def test_a_post_that_acts_is_repeated_where_it_was_not_executed(failure, jumping_clock):
    """A refused connection and a 429 are repeated even for what acts, with the same body."""
    transport = Script(failure, {})
    async with opened(transport, clock=jumping_clock) as soracom:
        await (await calls(soracom))[ACT]()
    assert [r.content for r in transport.requests] == [b'{"payload":"x"}'] * 2


async def test_a_bare_429_backs_off_with_full_jitter(jumping_clock, monkeypatch):
    """Without any header: waits that double at their ceiling, drawn again each time, and no minute by default."""
    ceilings = []

    def uniform(low, high):
        ceilings.append((low, high))
        return high

    monkeypatch.setattr(Attempts.decide, "__defaults__", (uniform,))
    transport = Script(429, 429, 429, SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        await (await calls(soracom))[READ]()
    assert ceilings == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0)]
    assert jumping_clock.slept == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 04 Jun 2026 10:00:30 GMT", "date": DATE}, 30.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(headers, seconds, status, jumping_clock):
    """The service's own number of seconds goes before ours: not less, and not more than a tenth of the jitter."""
    transport = Script(httpx.Response(status, headers=headers), SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        call = (await calls(soracom))[READ]
        begun = jumping_clock.now()
        await call()
    assert seconds <= jumping_clock.now() - begun <= seconds + 0.05 + 1e-6
    assert len(transport.requests) == 2


def window(remaining: int, seconds: int, status: int = 200) -> httpx.Response:
    headers = {
        "x-soracom-ratelimit-limit": "60",
        "x-soracom-ratelimit-remaining": str(remaining),
        "x-soracom-ratelimit-seconds-before-refresh": str(seconds),
    }
    return httpx.Response(status, headers=headers, json=SIM)


async def test_a_429_with_zero_seconds_before_the_window_turns_is_no_minute(jumping_clock):
    """`seconds-before-refresh: 0` is a value: the repetition comes within about a second."""
    transport = Script(window(0, 0, 429), SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        call = (await calls(soracom))[READ]
        begun = jumping_clock.now()
        await call()
    assert jumping_clock.now() - begun <= 1.5


async def test_a_429_waits_for_its_window(jumping_clock):
    """The window's headers say when: not before, and no more than the second that they leave uncertain."""
    transport = Script(window(0, 17, 429), window(59, 60))
    async with opened(transport, clock=jumping_clock) as soracom:
        call = (await calls(soracom))[ACT]
        begun = jumping_clock.now()
        await call()
    assert 16 <= jumping_clock.now() - begun <= 18.5


async def test_a_429_without_waiting_is_the_callers(jumping_clock):
    """`wait=False`: RateLimited at once, with the seconds until a repetition makes sense."""
    transport = Script(window(0, 17, 429))
    async with opened(transport, clock=jumping_clock, wait=False) as soracom:
        call = (await calls(soracom))[READ]
        for _ in range(2):  # the second is refused without being sent
            with pytest.raises(RateLimited) as caught:
                await call()
            assert 16 <= caught.value.retry_after <= 18
            assert caught.value.status == 429
    assert len(transport.requests) == 1
    assert jumping_clock.slept == []


async def test_a_429_that_never_ends_does(jumping_clock):
    """A service that refuses for ever gets the call's error in the end, with what it said."""
    transport = Script(httpx.Response(429, headers={"retry-after": "3"}, json={"code": "X", "message": "slow"}))
    async with opened(transport, clock=jumping_clock, max_retries=2) as soracom:
        with pytest.raises(RateLimited) as caught:
            await (await calls(soracom))[READ]()
    assert caught.value.retry_after == 3.0
    assert (caught.value.code, caught.value.message) == ("X", "slow")
    assert len(transport.requests) == 3


@pytest.mark.parametrize("failure", [503, 429, httpx.ConnectError("x"), httpx.ReadTimeout("x")])
async def test_no_retries_are_no_retries(failure, jumping_clock):
    """`max_retries=0`: one request, whatever went wrong, for a session and for single calls."""
    transport = Script(failure)
    async with opened(transport, clock=jumping_clock, max_retries=0) as soracom:
        for call in (await calls(soracom)).values():
            with pytest.raises((APIError, TransportError)):
                await call()
        assert len(transport.requests) == 3
    transport = Script(failure)
    async with opened(transport, clock=jumping_clock) as soracom:
        await soracom.login()
        with pytest.raises((APIError, TransportError)):
            await soracom.with_options(max_retries=0).sims.get("1")
    assert len(transport.requests) == 1
    assert jumping_clock.slept == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 418, 501])
async def test_what_will_not_pass_is_not_repeated(status, jumping_clock):
    """An answer that blames the request is the caller's at once."""
    transport = Script(status)
    async with opened(transport, clock=jumping_clock) as soracom:
        with pytest.raises(APIError) as caught:
            await (await calls(soracom))[READ]()
    assert caught.value.status == status
    assert len(transport.requests) == 1


async def test_a_storm_is_stopped_by_the_budget(jumping_clock):
    """1,000 calls that all fail: the requests are the calls and the budget, not six times the calls."""
    transport = Script(503)
    failed = 0

    async def call() -> None:
        nonlocal failed
        with pytest.raises(ServerError):
            await soracom.sims.get("1")
        failed += 1

    async with opened(transport, clock=jumping_clock) as soracom:
        await soracom.login()
        for _ in range(20):
            async with anyio.create_task_group() as group:
                for _ in range(50):
                    group.start_soon(call)
    assert failed == 1000
    assert 1000 < len(transport.requests) <= 1000 + 100


async def test_a_storm_is_forgotten(jumping_clock):
    """25 failing polls use the budget up; ten minutes later a single 503 is repeated again."""
    transport = Script(503)
    async with opened(transport, clock=jumping_clock) as soracom:
        for _ in range(25):
            with pytest.raises(ServerError):
                await soracom.sims.get("1")
        jumping_clock.time += HEALING_SECONDS
        transport.steps[:] = [503, SIM]
        assert (await soracom.sims.get("1")).sim_id == "1"


@pytest.mark.parametrize("answer", [408, 425, 520, 521, 522, 523, 524])
async def test_faults_of_gateways_pass(answer, jumping_clock):
    """On a read they are repeated; what acts is not."""
    transport = Script(answer, answer, SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"
        transport.steps[:] = [answer]
        with pytest.raises(APIError):
            await soracom.sims.send_sms("1", payload="x")
    assert len(transport.requests) == 4


@pytest.mark.parametrize("content", [b"", b'{"simId": "1', b"<html>", b"\xff"])
async def test_a_garbled_answer_to_a_read_is_asked_for_again(content, jumping_clock):
    """Also of a listing; the third answer is whole."""
    transport = Script(*[httpx.Response(200, content=content)] * 2, SIM)
    async with opened(transport, clock=jumping_clock) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"
        transport.steps[:] = [*[httpx.Response(200, content=content)] * 2, httpx.Response(200, json=[SIM])]
        assert len(await soracom.sims.list().collect()) == 1


async def test_a_success_pays_for_repetitions(jumping_clock):
    """After a storm, successes fill the budget again: the next failure is repeated."""
    transport = Script(503)
    async with opened(transport, clock=jumping_clock) as soracom:
        await soracom.login()
        for _ in range(30):
            with pytest.raises(ServerError):
                await soracom.sims.get("1")
        transport.steps[:] = [SIM]
        for _ in range(20):
            await soracom.sims.get("1")
        transport.steps[:] = [503, SIM]
        assert (await soracom.sims.get("1")).sim_id == "1"


async def test_a_login_is_repeated_too(jumping_clock):
    """A login that fails with 503 and then not at all is no failed call."""
    transport = Script(SIM)
    answers = [503, httpx.ReadTimeout("x"), LOGIN]

    def login(request):
        step = answers.pop(0)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step) if step == 503 else httpx.Response(200, json=step)

    transport.login = login
    async with opened(transport, clock=jumping_clock) as soracom:
        assert (await soracom.sims.get("1")).sim_id == "1"
    assert len(transport.logins) == 3


async def test_cancelled_while_waiting_to_repeat(clock):
    """A call cancelled in its back-off sends nothing more and leaves the session sound."""
    transport = Script(503, SIM)
    async with opened(transport, clock=clock) as soracom:
        await soracom.login()
        async with anyio.create_task_group() as group:
            group.start_soon(soracom.sims.get, "1")
            await clock.until_sleeping()
            group.cancel_scope.cancel()
        assert clock.sleeping == 0
        assert len(transport.requests) == 1
        assert (await soracom.sims.get("1")).sim_id == "1"


# Answers that are errors


def error_of(**answer):
    return httpx.Response(answer.pop("status", 404), **answer)


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (error_of(json={"code": "SEM0001", "message": "no such SIM"}), "SEM0001", "no such SIM"),
        (error_of(json={"code": 42, "message": "a number"}), "42", "a number"),
        (error_of(json={"code": 0, "message": "zero"}), "0", "zero"),
        (error_of(json={"message": "no code"}), "", "no code"),
        (error_of(json={"code": None, "message": "null"}), "", "null"),
        (error_of(json={"code": "X"}), "X", "(application/json"),
        (error_of(json=["code"]), "", "(application/json"),
        (error_of(json="text"), "", "(application/json"),
        (error_of(html="<h1>Not found</h1>"), "", "(text/html; charset=utf-8, 18 bytes)"),
        (error_of(content=b""), "", "(no content type, 0 bytes)"),
        (error_of(content=b"\xff\xfe\x00"), "", "(no content type, 3 bytes)"),
        (error_of(content=b'{"code": "X", "mess'), "", "(no content type, 19 bytes)"),
        (error_of(content=b"[" * 100_000), "", "(no content type, 100000 bytes)"),
        (error_of(json={"code": "X", "message": "名前がありません"}), "X", "名前がありません"),
    ],
)
async def test_every_form_of_error_is_understood(answer, code, message, jumping_clock):
    """The unified form, and whatever else may come from before the API server."""
    async with opened(Script(answer), clock=jumping_clock) as soracom:
        with pytest.raises(NotFound) as caught:
            await soracom.sims.get("1")
    error = caught.value
    assert (error.status, error.code, error.operation, error.retry_after) == (404, code, "getSim", None)
    assert message in error.message
    assert "getSim" in str(error)
    assert "404" in str(error)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is not JSON"),
        (b"<html>", "it is not JSON"),
        (b'{"simId": "1', "it is not JSON"),
        (b'\xff{"simId": "1"}', "it is not JSON"),
        (b"[]", "it is a JSON array"),
        (b"null", "it is a JSON value"),
        (b'"text"', "it is a JSON string"),
        (b"1", "it is a JSON number"),
        (b"true", "it is a JSON boolean"),
        (b"[" * 100_000, "it is not JSON"),
    ],
)
@pytest.mark.parametrize("effect", [READ, ACT])
async def test_a_success_that_is_no_object_is_a_decode_error(content, problem, effect, jumping_clock):
    """200 with what is no object, or no JSON at all: DecodeError with operation and size.

    A read is repeated if the body was garbled. What acts was executed, and is not.
    """
    transport = Script(httpx.Response(200, content=content))
    async with opened(transport, clock=jumping_clock) as soracom:
        call = (await calls(soracom))[effect]
        with pytest.raises(DecodeError, match=problem) as caught:
            await call()
    garbled = problem == "it is not JSON"
    assert str(len(content)) in str(caught.value)
    assert caught.value.garbled is garbled
    assert len(transport.requests) == caught.value.attempts == (6 if garbled and effect is READ else 1)


async def test_nesting_without_end_is_a_decode_error(jumping_clock, monkeypatch):
    """Also where the decoder of the standard library, which gives up by recursion, is the one in use."""
    monkeypatch.setattr("soracom_async._codec.codec._loads", json.loads)
    async with opened(Script(httpx.Response(200, content=b"[" * 100_000)), clock=jumping_clock) as soracom:
        try:
            await soracom.sims.get("1")
        except Exception as error:
            kind = type(error)  # a traceback of that depth is more than pytest can take
    assert kind is DecodeError


@pytest.mark.parametrize("content", [b"{}", b'"x"', b"", b"[{]"])
async def test_a_listing_that_is_no_array_is_a_decode_error(content, jumping_clock):
    """200 with what is no array, where a listing was asked for."""
    async with opened(Script(httpx.Response(200, content=content)), clock=jumping_clock) as soracom:
        with pytest.raises(DecodeError, match="listSims"):
            await soracom.sims.list().collect()


async def test_no_content_is_asked_of_no_body(jumping_clock):
    """Where nothing is promised, whatever stands in the body is no error."""
    async with opened(Script(httpx.Response(204), httpx.Response(200, content=b"ok")), clock=jumping_clock) as soracom:
        assert await soracom.sims.delete_tag("1", "name") is None
        assert await soracom.sims.delete_tag("1", "name") is None


# With respx, as users write their tests


async def test_respx_as_transport(jumping_clock):
    """A router of respx in an httpx transport answers in turn."""
    router = respx.Router(base_url="http://soracom.test/v1")
    router.post("/auth").respond(json=LOGIN)
    route = router.get("/sims/1")
    route.side_effect = [httpx.Response(503), httpx.ReadTimeout, httpx.Response(200, json=SIM)]
    async with opened(httpx.MockTransport(router.async_handler), clock=jumping_clock) as soracom:
        assert (await soracom.sims.get("1")).status == "active"
    assert route.call_count == 3
