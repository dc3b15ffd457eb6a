"""A session as its user sees it, against the emulator: `soracom_async.client`, `_session`, `_login`."""

import gc
import inspect
import sys
import weakref
from unittest.mock import create_autospec

import anyio
import jwt
import pytest
from clock import FakeClock
from extras import needs

import soracom_async
from soracom_async import (
    ApiToken,
    AuthenticationFailed,
    AuthKey,
    ConfigurationError,
    NotFound,
    RateLimited,
    RootUser,
    Soracom,
    SwitchUser,
    Unauthorized,
    bulk,
)
from soracom_async.emulator import Emulator
from soracom_async.emulator.domain.permissions import ADMINISTRATOR

pytestmark = pytest.mark.anyio

SIM_IDS = [f"{8942310022000000000 + number}" for number in range(1, 5001)]


@pytest.fixture
def emulator(jumping_clock):
    """A small fleet on a clock that jumps, shared with the session."""
    return Emulator(sims=250, clock=jumping_clock, rate_limit=100_000)


def opened(emulator, credentials=None, **settings):
    """Return a session with the emulator, on its clock."""
    settings = {"transport": emulator.transport, "clock": emulator.clock, **settings}
    return Soracom(emulator.auth_key if credentials is None else credentials, **settings)


async def test_the_first_program(emulator):
    """List, read and change SIMs: typed objects, and the change is seen in the next listing."""
    async with opened(emulator) as soracom:
        sims = await soracom.sims.list(limit=100).collect()
        assert len(sims) == 250
        sim = await soracom.sims.get(sims[0].sim_id)
        assert sim.sim_id == SIM_IDS[0]
        assert sim.created_time.tzinfo is not None
        changed = await soracom.sims.update_speed_class(sim.sim_id, speed_class="s1.fast")
        assert changed.speed_class == "s1.fast"
        await soracom.sims.suspend(sim.sim_id)
        async for sim in soracom.sims.list():
            assert sim.status == "suspended"
            break
        with pytest.raises(NotFound) as caught:
            await soracom.sims.get("1")
        error = caught.value
        assert (error.status, error.operation, error.code, bool(error.message)) == (404, "getSim", "SEM9001", True)


@pytest.mark.parametrize("paging", ["both", "link", "key"])
async def test_listings_by_either_header(jumping_clock, paging):
    """A listing is whole whichever of the two headers the service sends."""
    emulator = Emulator(sims=95, clock=jumping_clock, paging=paging)
    async with opened(emulator) as soracom:
        subscribers = await soracom.subscribers.list(limit=10).collect()
        assert len({subscriber.imsi for subscriber in subscribers}) == 95


async def test_any_operation_by_its_id(emulator):
    """`call` takes the operationId and the arguments by name; of a listing it returns one page."""
    async with opened(emulator) as soracom:
        assert (await soracom.call("getSim", sim_id=SIM_IDS[3])).sim_id == SIM_IDS[3]
        assert len(await soracom.call("listSims", limit=7)) == 7
        assert (await soracom.call("getOperator")).operator_id == emulator.operator_id
        with pytest.raises(ConfigurationError, match="no operation 'getSims'; close to it: .*getSim"):
            await soracom.call("getSims")
        with pytest.raises(ConfigurationError, match="has no argument 'sim'; did you mean 'sim_id'"):
            await soracom.call("getSim", sim="1", sim_id="2")
        with pytest.raises(ConfigurationError, match="needs the argument 'sim_id'"):
            await soracom.call("getSim")


async def test_the_operator_is_the_sessions_own(emulator):
    """`operator_id` may be left out; before the first login the session logs in to know it."""
    async with opened(emulator) as soracom:
        keys = await soracom.operator.auth_keys.list()
        assert keys
        assert await soracom.operator_id() == emulator.operator_id
        assert (await soracom.operator.get(emulator.operator_id)).operator_id == emulator.operator_id


async def test_groups_of_methods():
    """A group is made once; an unknown one is named, and completion shows those that there are."""
    soracom = Soracom(AuthKey("keyId", "secret"))
    assert soracom.sims is soracom.sims
    assert {"sims", "subscribers", "groups", "operator"} <= set(dir(soracom))
    with pytest.raises(AttributeError, match="no group 'simz'; it has .*sims"):
        _ = soracom.simz
    assert repr(soracom) == "Soracom(endpoint='https://g.api.soracom.io')"


async def test_five_thousand_calls_through_three_expiries():
    """Tokens run out three times on the way, and no call fails; each renewal is one login."""
    clock = FakeClock(auto=True)
    emulator = Emulator(sims=5000, clock=clock, rate_limit=100_000)
    async with opened(emulator, token_ttl=180) as soracom:
        failed = []

        async def work(sim_id):
            await clock.sleep(0.7)
            return await soracom.sims.get(sim_id)

        async with bulk.run(work, SIM_IDS, concurrency=50) as results:
            async for result in results:
                if isinstance(result, bulk.Failed):
                    failed.append(result)
        assert failed == []
        assert results.done == 5000
    lived = clock.now() - 1000
    assert lived > 3 * 180
    assert 4 <= emulator.logins <= lived / 144 + 1  # a token ages after 144 of its 180 seconds
    assert emulator.counts["getSim"] == 5000


async def test_a_thousand_tasks_make_one_login(emulator):
    """However many tasks begin at once, one login serves them all."""
    async with opened(emulator) as soracom, anyio.create_task_group() as tasks:
        for number in range(1000):
            tasks.start_soon(soracom.sims.get, SIM_IDS[number % 250])
    assert emulator.logins == 1
    assert emulator.counts["getSim"] == 1000


async def test_early_death_of_a_token(emulator):
    """A token that the service drops is renewed once, and every call in hand is made again."""
    async with opened(emulator) as soracom:
        await soracom.login()
        emulator.revoke_tokens()
        async with bulk.run(soracom.sims.get, SIM_IDS[:200], concurrency=100) as results:
            assert all([isinstance(result, bulk.Ok) async for result in results])
        assert emulator.logins == 2


async def test_a_token_that_dies_again_and_again(jumping_clock):
    """Even where tokens live much shorter than asked for, no call fails."""
    emulator = Emulator(sims=100, clock=jumping_clock, token_ttl=3, rate_limit=100_000)
    async with opened(emulator) as soracom:

        async def work(sim_id):
            await jumping_clock.sleep(0.5)
            return await soracom.sims.get(sim_id)

        async with bulk.run(work, SIM_IDS[:100] * 3, concurrency=10) as results:
            assert all([isinstance(result, bulk.Ok) async for result in results])
    assert emulator.logins > 3


async def test_quota_is_kept_without_a_429(jumping_clock):
    """A bulk run over several windows waits for each turn, and the service never has to refuse."""
    emulator = Emulator(sims=250, clock=jumping_clock, rate_limit=60)
    async with opened(emulator) as soracom:
        async with bulk.run(soracom.sims.get, SIM_IDS[:250], concurrency=50) as results:
            assert all([isinstance(result, bulk.Ok) async for result in results])
        limit = soracom.rate_limits()["Sim"]
        assert (limit.limit, limit.remaining) == (60, 50)
        assert 0 < limit.refresh_in <= 60
    assert emulator.throttled == 0


async def test_not_waiting(emulator, jumping_clock):
    """With `wait=False` a call that would have to wait for quota raises at once, and the session goes on."""
    emulator = Emulator(sims=10, clock=jumping_clock, rate_limit=5)
    async with opened(emulator) as soracom:
        quick = soracom.with_options(wait=False)
        for _ in range(5):
            await quick.sims.get(SIM_IDS[0])
        before = jumping_clock.now()
        with pytest.raises(RateLimited) as caught:
            await quick.sims.get(SIM_IDS[0])
        assert jumping_clock.now() == before
        assert caught.value.operation == "getSim"
        assert 59 <= caught.value.retry_after <= 60
        assert (await soracom.sims.get(SIM_IDS[0])).sim_id == SIM_IDS[0]
    assert emulator.throttled == 0


async def test_options_of_one_call_are_not_kept(emulator):
    """A program may give each call a time-out of its own: nothing grows."""
    async with opened(emulator) as soracom:
        other = soracom.with_options(timeout=5)
        await other.sims.get(SIM_IDS[0])
        options = weakref.ref(other._options)
        del other
        gc.collect()
        assert options() is None


async def test_options_share_session_token_and_quota(emulator):
    """`with_options` gives another view of the same session; closing it closes nothing."""
    async with opened(emulator, endpoint="https://one.example") as soracom:
        await soracom.login()
        other = soracom.with_options(endpoint="https://two.example/v1/", language="ja", timeout=5, max_retries=0)
        async with other:
            assert (await other.sims.get(SIM_IDS[0])).sim_id == SIM_IDS[0]
        assert repr(other) == "Soracom(endpoint='https://two.example')"
        with pytest.raises(NotFound) as english:
            await soracom.sims.get("1")
        with pytest.raises(NotFound) as japanese:
            await other.sims.get("1")
        assert english.value.message.isascii()
        assert not japanese.value.message.isascii()
        assert set(soracom.rate_limits()) == {"auth", "Sim"}
        assert set(other.rate_limits()) == {"Sim"}
        assert repr(soracom.with_options(coverage="jp")) == "Soracom(endpoint='https://api.soracom.io')"
    assert emulator.logins == 1


async def test_logins_of_every_kind(emulator):
    """Root user, SAM user, AuthKey, a token in hand, and a switched user all end in a session."""
    for credentials in (emulator.root_user, emulator.sam_user, emulator.auth_key):
        async with opened(emulator, credentials) as soracom:
            assert await soracom.operator_id() == emulator.operator_id
            assert soracom.coverage_types == ("jp", "g")
            assert soracom.unverified_claims()["operator"]["operatorId"] == emulator.operator_id


async def test_wrong_credentials(emulator):
    """Credentials that the service refuses are an error of their own, which names the login."""
    async with opened(emulator, RootUser("nobody@example.com", "wrong")) as soracom:
        with pytest.raises(AuthenticationFailed) as caught:
            await soracom.sims.get(SIM_IDS[0])
    assert caught.value.operation == "auth"
    assert isinstance(caught.value, Unauthorized)


async def handed_over(emulator):
    """Return a key and token as another program would have got them."""
    async with opened(emulator) as soracom:
        await soracom.login()
        lease = soracom._session.tokens.current
        return lease.api_key.reveal(), lease.token.reveal()


async def test_a_token_in_hand_is_renewed_by_itself(emulator, jumping_clock):
    """A key and token are used as they are, and renewed through `generateAuthToken` before they end."""
    key, token = await handed_over(emulator)
    async with opened(emulator, ApiToken(key, token)) as soracom:
        await soracom.sims.get(SIM_IDS[0])
        assert emulator.counts["generateAuthToken"] == 0
        jumping_clock.time += 120
        await soracom.sims.get(SIM_IDS[0])
        assert emulator.counts["generateAuthToken"] == 1
        jumping_clock.time += 3400
        await soracom.sims.get(SIM_IDS[0])
        assert emulator.counts["generateAuthToken"] == 2
    assert emulator.logins == 1


async def test_a_token_that_cannot_be_renewed(emulator):
    """Where a token in hand is refused, or must not be renewed, the error says what to do."""
    key, token = await handed_over(emulator)
    async with opened(emulator, ApiToken(key, token, renew=False)) as soracom:
        await soracom.sims.get(SIM_IDS[0])
        emulator.revoke_tokens()
        with pytest.raises(AuthenticationFailed, match="have run out: give new ones"):
            await soracom.sims.get(SIM_IDS[0])
    async with opened(emulator, ApiToken("key", "no.such.token")) as soracom:
        with pytest.raises(ConfigurationError, match="pass operator_id"):
            await soracom.operator.get()


async def test_switching_to_another_user(emulator):
    """A session may switch to a user of another operator that trusts its own."""
    other = emulator.add_operator("other@example.com", sims=3)
    user = emulator.credentials_of(other)
    other.trusted.add(emulator.operator_id)
    switched = SwitchUser(emulator.auth_key, other.id, emulator.sam_user.user_name)
    assert user is not None
    emulator.world.add_user(other, emulator.sam_user.user_name, "pass-word-1").roles.append(ADMINISTRATOR)
    async with opened(emulator, switched, token_ttl=86_400) as soracom:
        assert await soracom.operator_id() == other.id
        assert len(await soracom.sims.list().collect()) == 3
        assert soracom._session.tokens.current.ttl == 3600


async def test_one_time_passwords(emulator, jumping_clock):
    """The code is asked for at a login, and a renewal spares it while the token is good."""
    asked = 0

    async def code():
        nonlocal asked
        asked += 1
        return emulator.one_time_password()

    async with opened(emulator) as soracom:
        await soracom.operator.enable_mfa()
        await soracom.operator.verify_mfa_otp(mfa_otp_code=emulator.one_time_password())
    root = emulator.root_user
    with_code = RootUser(root.email, root.password.reveal(), one_time_password=code)
    async with opened(emulator, with_code, token_ttl=180) as soracom:
        await soracom.sims.get(SIM_IDS[0])
        jumping_clock.time += 150
        await soracom.sims.get(SIM_IDS[0])
        assert (asked, emulator.counts["generateAuthToken"]) == (1, 1)
        emulator.revoke_tokens()
        await soracom.sims.get(SIM_IDS[0])
        assert asked == 2
    async with opened(emulator, RootUser(root.email, root.password.reveal(), one_time_password=lambda: 5)) as soracom:
        with pytest.raises(ConfigurationError, match="must return the code as a string, not int"):
            await soracom.login()


async def test_an_extension_that_is_refused_falls_back_to_a_login(emulator, jumping_clock):
    """If the token cannot be extended, the session logs in again, with a new code."""
    root = emulator.root_user
    user = RootUser(root.email, root.password.reveal(), one_time_password=lambda: "000000")
    async with opened(emulator, user, token_ttl=180) as soracom:
        await soracom.login()
        jumping_clock.time += 150
        emulator.revoke_tokens()
        await soracom.login()
    assert emulator.logins == 2


async def test_logging_out(emulator):
    """After a log-out the token is dead, and the next call logs in again."""
    async with opened(emulator) as soracom:
        await soracom.logout()
        with pytest.raises(ConfigurationError, match="no token yet"):
            _ = soracom.coverage_types
        await soracom.login()
        await soracom.logout()
        assert emulator.counts["logout"] == 1
        await soracom.sims.get(SIM_IDS[0])
    assert emulator.logins == 2


async def test_a_closed_session_says_so(emulator):
    """After closing, every way to use the session is a clear error, and nothing is sent."""
    async with opened(emulator) as soracom:
        await soracom.sims.get(SIM_IDS[0])
    await soracom.aclose()
    sent = emulator.requests
    for use in (soracom.sims.get(SIM_IDS[0]), soracom.sims.list().collect(), soracom.login(), soracom.__aenter__()):
        with pytest.raises(ConfigurationError, match="closed: open a new one"):
            await use
    assert emulator.requests == sent


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token_ttl": 179}, "token_ttl=179 is out of range: the API takes 180 to 172800"),
        ({"token_ttl": 172_801}, "token_ttl=172801 is out of range"),
        ({"token_ttl": True}, "token_ttl=True"),
        ({"token_ttl": 600.0}, "token_ttl=600.0"),
        ({"coverage": "eu"}, "coverage='eu' is not known: use 'g'"),
        ({"coverage": []}, r"coverage=\[\] is not known"),
        ({"endpoint": "g.api.soracom.io"}, "endpoint must be an address such as"),
        ({"endpoint": "https://user:canary@host"}, "endpoint must be an address"),
        ({"endpoint": "https://host/?x=1"}, "endpoint must be an address"),
        ({"endpoint": 5}, "endpoint must be an address"),
        ({"endpoint": "https://host:99999"}, "endpoint must be an address"),
        ({"language": "de"}, "language='de' is not known"),
        ({"max_wait": -1}, "max_wait=-1 must be a number of seconds, 0 or more"),
        ({"max_wait": float("nan")}, "max_wait=nan must be"),
        ({"max_wait": "120"}, "max_wait='120' must be"),
        ({"timeout": 0}, "timeout=0 must be a positive number"),
        ({"timeout": "5"}, "timeout='5' must be"),
        ({"max_retries": -1}, "max_retries=-1 must be 0 or more"),
        ({"max_connections": 0}, "max_connections=0 must be 1 or more"),
        ({"endpoint": "http://a..b"}, "endpoint must be an address"),
        ({"transport": "requests"}, "transport must be an httpx async transport or 'aiohttp', not 'requests'"),
    ],
)
def test_bad_settings(settings, message):
    """What cannot work is refused when the session is made, by its name and with what to do."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        Soracom(AuthKey("keyId", "secret"), **settings)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("credentials", ["keyId", ("a", "b"), 5])
def test_credentials_of_no_kind(credentials):
    """Anything but credentials is refused, and what they could be is said."""
    with pytest.raises(ConfigurationError, match="credentials must be AuthKey, RootUser"):
        Soracom(credentials)


@pytest.mark.parametrize("half", [AuthKey("keyId", ""), AuthKey("", "secret"), RootUser("a@example.com", "")])
def test_half_a_pair(half):
    """Half of a credential pair is refused when the session is made."""
    with pytest.raises(ConfigurationError):
        Soracom(half)


def test_settings_from_environment_and_profile(monkeypatch, tmp_path):
    """Credentials, coverage and endpoint are found in the environment, or else in a profile of the command line."""
    (tmp_path / "default.json").write_text(
        '{"authKeyId": "keyId-1", "authKey": "secret-1", "tokenTimeoutSeconds": 600}'
    )
    (tmp_path / "default.json").chmod(0o600)
    monkeypatch.setenv("SORACOM_PROFILE_DIR", str(tmp_path))
    assert repr(Soracom()) == "Soracom(endpoint='https://api.soracom.io')"
    assert repr(Soracom(coverage="g")) == "Soracom(endpoint='https://g.api.soracom.io')"
    assert repr(Soracom.from_profile("default", timeout=5)) == "Soracom(endpoint='https://api.soracom.io')"
    monkeypatch.setenv("SORACOM_AUTH_KEY_ID", "keyId-2")
    monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-2")
    monkeypatch.setenv("SORACOM_ENDPOINT", "http://127.0.0.1:8089/")
    assert repr(Soracom.from_env()) == "Soracom(endpoint='http://127.0.0.1:8089')"
    assert repr(Soracom(endpoint="https://x.example")) == "Soracom(endpoint='https://x.example')"
    monkeypatch.delenv("SORACOM_ENDPOINT")
    assert repr(Soracom.from_env(coverage="jp")) == "Soracom(endpoint='https://api.soracom.io')"
    assert repr(Soracom.from_env()) == "Soracom(endpoint='https://g.api.soracom.io')"


ADDRESSES = [
    ({}, {}, "https://g.api.soracom.io"),
    ({}, {"COVERAGE_TYPE": "jp"}, "https://api.soracom.io"),
    ({"coverage": "g"}, {"COVERAGE_TYPE": "jp"}, "https://g.api.soracom.io"),
    ({}, {"ENDPOINT": "http://localhost:1/v1/"}, "http://localhost:1"),
    ({}, {"ENDPOINT": "http://localhost:1", "COVERAGE_TYPE": "jp"}, "http://localhost:1"),
    ({"coverage": "jp"}, {"ENDPOINT": "http://localhost:1"}, "http://localhost:1"),
    ({"endpoint": "https://x.example"}, {"ENDPOINT": "http://localhost:1"}, "https://x.example"),
    ({"endpoint": "https://x.example", "coverage": "jp"}, {"COVERAGE_TYPE": "g"}, "https://x.example"),
    ({"endpoint": "https://x.example"}, {"ENDPOINT": "nonsense", "COVERAGE_TYPE": "eu"}, "https://x.example"),
    ({"coverage": "jp"}, {"ENDPOINT": "", "COVERAGE_TYPE": ""}, "https://api.soracom.io"),
]


@pytest.mark.parametrize("source", ["code", "environment", "profile"])
@pytest.mark.parametrize(("settings", "variables", "address"), ADDRESSES)
def test_the_address_by_precedence(monkeypatch, tmp_path, source, settings, variables, address):
    """endpoint=, SORACOM_ENDPOINT, coverage=, SORACOM_COVERAGE_TYPE: wherever the credentials come from."""
    if source != "code" and variables.get("ENDPOINT") == "nonsense":
        source = "code"  # what is read for credentials is checked as a whole
    for name, value in variables.items():
        monkeypatch.setenv(f"SORACOM_{name}", value)
    credentials = [AuthKey("keyId", "secret")] if source == "code" else []
    if source == "environment":
        monkeypatch.setenv("SORACOM_AUTH_KEY_ID", "keyId-1")
        monkeypatch.setenv("SORACOM_AUTH_KEY", "secret-1")
    elif source == "profile":
        (tmp_path / "default.json").write_text('{"authKeyId": "keyId-1", "authKey": "s", "coverageType": "g"}')
        (tmp_path / "default.json").chmod(0o600)
        monkeypatch.setenv("SORACOM_PROFILE_DIR", str(tmp_path))
    assert repr(Soracom(*credentials, **settings)) == f"Soracom(endpoint={address!r})"
    if settings:
        other = Soracom(AuthKey("keyId", "secret"), endpoint="https://first.example").with_options(**settings)
        assert repr(other) == f"Soracom(endpoint={address!r})"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ENDPOINT", "nonsense", "environment: SORACOM_ENDPOINT must be an address such as"),
        ("ENDPOINT", "https://user:canary@host", "environment: SORACOM_ENDPOINT must be an address such as"),
        ("COVERAGE_TYPE", "eu", "environment: SORACOM_COVERAGE_TYPE must be 'g'"),
    ],
)
def test_an_address_of_the_environment_that_is_none(monkeypatch, name, value, message):
    """Where credentials are given in code, too, the variable is named, and what it held is not shown."""
    monkeypatch.setenv(f"SORACOM_{name}", value)
    with pytest.raises(ConfigurationError, match=message) as caught:
        Soracom(AuthKey("keyId", "secret"))
    assert "canary" not in str(caught.value)


async def test_an_answer_that_is_no_json(emulator):
    """A picture comes as the bytes that it is."""
    async with opened(emulator) as soracom:
        online = await anext(aiter(soracom.query.sims(session_status="ONLINE")))
        picture = await soracom.sims.downlink_rtsp(online.sim_id, command="snapshot")
        assert picture.startswith(b"\xff\xd8")


@needs("httpx_aiohttp", "uvicorn")
async def test_aiohttp_by_name(anyio_backend, monkeypatch):
    """`transport="aiohttp"` uses its connections under asyncio, and says what is wrong under trio or without it."""
    async with Emulator(sims=3) as served:
        async with Soracom(served.auth_key, endpoint=served.url, transport="aiohttp", max_retries=0) as soracom:
            if anyio_backend == "asyncio":
                assert (await soracom.sims.get(SIM_IDS[0])).sim_id == SIM_IDS[0]
            else:
                with pytest.raises(ConfigurationError, match="under asyncio only"):
                    await soracom.sims.get(SIM_IDS[0])
        monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
        async with Soracom(served.auth_key, endpoint=served.url, transport="aiohttp") as soracom:
            with pytest.raises(ConfigurationError, match=r'pip install "soracom-async\[aiohttp\]"'):
                await soracom.sims.get(SIM_IDS[0])


@pytest.mark.parametrize(
    "numbers",
    [
        {"sims": -1},
        {"sims": 10**9},
        {"groups": -1},
        {"rate_limit": 0},
        {"rate_limit": {"Sim": 0}},
        {"window": 0},
        {"token_ttl": 0},
        {"token_status": 404},
        {"latency": -1},
        {"search_delay": -1},
        {"search_delay": float("inf")},
    ],
)
def test_an_emulator_of_nothing(numbers):
    """Numbers with which no service could work are refused by name."""
    with pytest.raises(ConfigurationError, match=f"^{next(iter(numbers))}="):
        Emulator(**numbers)


async def test_verified_claims(emulator):
    """With a key, or a set of keys, the token's signature is verified."""
    async with opened(emulator) as soracom:
        await soracom.login()
        with pytest.raises(jwt.InvalidTokenError):
            soracom.verified_claims("x" * 64, ["HS256"])


def test_the_package_names_what_it_has():
    """Every public name is there, and no other is invented."""
    for name in soracom_async.__all__:
        assert getattr(soracom_async, name) is not None
    assert set(dir(soracom_async)) == set(soracom_async.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = soracom_async.nothing


@pytest.mark.parametrize("name", ["from_env", "from_profile"])
@pytest.mark.parametrize(("wrong", "hint"), [("coverge", "; did you mean 'coverage'?"), ("zzz", "")])
def test_an_unknown_setting_is_named(name, wrong, hint):
    """A misspelt keyword is a TypeError that names the public method and the setting that is close."""
    with pytest.raises(TypeError) as caught:
        getattr(Soracom, name)(**{wrong: "g"})
    assert str(caught.value) == f"{name}() got an unexpected keyword argument {wrong!r}{hint}"


async def test_groups_are_attributes_for_tools():
    """The class shows its groups without a client: to `inspect`, and to mocks that check what they are asked."""
    mock = create_autospec(Soracom, instance=True)
    await mock.sims.get("sim-1")
    mock.sims.get.assert_awaited_once_with("sim-1")
    with pytest.raises(TypeError):
        await mock.sims.get()
    assert inspect.signature(Soracom.sims.get).parameters.keys() == {"sim_id"}
    with pytest.raises(TypeError, match="getSim needs a session"):
        await Soracom.sims.get("sim-1")
    with pytest.raises(TypeError, match="listSims needs a session"):
        Soracom.sims.list()
