"""The keeper of the token: `soracom_async._session.tokens` and `_core.token`."""

import anyio
import pytest
from clock import settle

from soracom_async import AuthenticationFailed, TransportError
from soracom_async._core.token import UNKNOWN_AGEING, Lease, State
from soracom_async._secret import Secret
from soracom_async._session.tokens import Tokens

pytestmark = pytest.mark.anyio


class Logins:
    """A login that takes a second of the clock, or what it is told, and counts."""

    def __init__(self, clock, ttl=180.0, takes=1.0):
        self.clock, self.ttl, self.takes = clock, ttl, takes
        self.begun = self.ended = self.at_once = self.most_at_once = 0
        self.error = None
        self.given = []

    async def __call__(self, present):
        self.begun += 1
        self.given.append(present)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        born = self.clock.now()
        try:
            if self.takes:
                await self.clock.sleep(self.takes)
            if self.error is not None:
                raise self.error
        finally:
            self.at_once -= 1
        self.ended += 1
        return lease(born, self.ttl, f"token-{self.ended}")


def lease(born=0.0, ttl=180.0, token="token"):
    return Lease(Secret("key"), Secret(token), "OP0000000001", None, born, ttl)


async def gather(tokens, count):
    """Ask for a lease in many tasks; return what they got once the first has begun to wait."""
    got = []

    async def ask():
        try:
            got.append(await tokens.lease())
        except Exception as error:
            got.append(error)

    return got, ask


def test_ages_of_a_token():
    """A token is fresh, then ageing for a fifth of its life, then expired a twentieth before its end."""
    it = lease(born=1000.0, ttl=180.0)
    assert it.state(1000.0) is State.FRESH
    assert it.state(1143.9) is State.FRESH
    assert it.state(1144.0) is State.AGEING
    assert it.state(1170.9) is State.AGEING
    assert it.state(1171.0) is State.EXPIRED


def test_margins_of_a_long_life_are_bounded():
    """A token of two days is renewed a quarter of an hour before its end."""
    it = lease(ttl=172_800.0)
    assert it.ageing_at == 172_800.0 - 900.0
    assert it.expired_at == 172_800.0 - 60.0
    assert it.cool_down == 60.0


def test_a_token_of_unknown_life_is_exchanged_soon_and_never_given_up():
    """Where nobody knows when a token ends, it ages after a minute and stays in use."""
    it = lease(ttl=None)
    assert it.state(UNKNOWN_AGEING - 1) is State.FRESH
    assert it.state(1e9) is State.AGEING
    assert it.cool_down == 60.0


async def test_a_thousand_tasks_at_expiry_make_one_login(clock):
    """All tasks that find the token expired wait for one login."""
    logins = Logins(clock)
    tokens = Tokens(logins, clock)
    got, ask = await gather(tokens, 1000)
    async with anyio.create_task_group() as tasks:
        for _ in range(1000):
            tasks.start_soon(ask)
        await clock.until_sleeping()
        await clock.advance(1)
    assert logins.begun == 1
    assert len({id(it) for it in got}) == 1
    clock.time += 180
    got, ask = await gather(tokens, 1000)
    async with anyio.create_task_group() as tasks:
        for _ in range(1000):
            tasks.start_soon(ask)
        await clock.until_sleeping()
        await clock.advance(1)
    assert logins.begun == 2
    assert len(got) == 1000
    assert {it.token.reveal() for it in got} == {"token-2"}


async def test_five_hundred_refusals_of_one_token_make_one_renewal(clock):
    """Only the first refusal of a token counts; those that come in later find the new one."""
    logins = Logins(clock, takes=0)
    tokens = Tokens(logins, clock)
    stale = await tokens.lease()

    async def refused():
        tokens.reject(stale)
        await tokens.lease()

    async with anyio.create_task_group() as tasks:
        for _ in range(500):
            tasks.start_soon(refused)
    assert logins.begun == 2


async def test_while_ageing_one_renews_and_the_others_go_on(clock):
    """An ageing token keeps nobody waiting but the one who renews it."""
    logins = Logins(clock)
    logins.takes = 0
    tokens = Tokens(logins, clock)
    old = await tokens.lease()
    logins.takes = 5.0
    clock.time += 150
    assert tokens.fresh() is None
    got, ask = await gather(tokens, 50)
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
        await settle()
        assert got == [old] * 49
        await clock.advance(5)
    assert got[-1].token.reveal() == "token-2"
    assert logins.given == [None, old]
    assert tokens.fresh() is got[-1]


@pytest.mark.parametrize("waiters", [1, 50])
async def test_when_the_leader_is_cancelled_the_next_takes_over(clock, waiters):
    """Cancelling the task that logs in harms none of those who wait, and there are never two logins at once."""
    logins = Logins(clock)
    tokens = Tokens(logins, clock)
    got, ask = await gather(tokens, waiters)
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as leader:
            async with anyio.create_task_group() as first:
                first.start_soon(tokens.lease)
                await clock.until_sleeping()
                for _ in range(waiters):
                    tasks.start_soon(ask)
                await settle()
                leader.cancel()
        await clock.until_sleeping()
        await clock.advance(1)
    assert (logins.begun, logins.ended, logins.most_at_once) == (2, 1, 1)
    assert [it.token.reveal() for it in got] == ["token-1"] * waiters


async def test_those_who_wait_share_the_failure_and_the_next_tries_anew(clock):
    """A failed login is the error of all who waited for it, and not of those who come afterwards."""
    logins = Logins(clock)
    logins.error = TransportError("down", operation="auth", sent=False)
    tokens = Tokens(logins, clock)
    got, ask = await gather(tokens, 20)
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(ask)
        await clock.until_sleeping()
        await clock.advance(1)
    assert logins.begun == 1
    assert all(isinstance(error, TransportError) and error.operation == "auth" and not error.sent for error in got)
    assert len({id(error) for error in got}) == 20
    logins.error, logins.takes = None, 0
    assert (await tokens.lease()).token.reveal() == "token-1"


async def test_a_failed_renewal_leaves_the_good_token_in_use_and_cools_down(clock):
    """While the token is still good a failure harms nobody, and the next attempt waits a little."""
    logins = Logins(clock, takes=0)
    tokens = Tokens(logins, clock)
    old = await tokens.lease()
    clock.time += 150
    logins.error = AuthenticationFailed("no", status=401)
    for _ in range(10):
        assert await tokens.lease() is old
    assert logins.begun == 2
    clock.time += old.cool_down
    assert await tokens.lease() is old
    assert logins.begun == 3
    clock.time += 30
    with pytest.raises(AuthenticationFailed):
        await tokens.lease()


async def test_a_renewal_that_fails_after_the_end_of_the_token_is_an_error(clock):
    """If the token ends while its renewal is under way, the failure cannot be hidden any more."""
    logins = Logins(clock)
    logins.takes = 0
    tokens = Tokens(logins, clock)
    await tokens.lease()
    clock.time += 150
    logins.takes, logins.error = 60.0, TransportError("down")
    got, ask = await gather(tokens, 1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await clock.until_sleeping()
        await clock.advance(60)
    assert isinstance(got[0], TransportError)


async def test_a_refused_token_is_not_replaced_twice(clock):
    """A late refusal of an old token does not drop the new one."""
    tokens = Tokens(Logins(clock, takes=0), clock)
    old = await tokens.lease()
    tokens.reject(old)
    new = await tokens.lease()
    tokens.reject(old)
    assert tokens.current is new
    assert await tokens.lease() is new


def test_a_lease_shows_no_secret():
    """What a lease prints names the operator, not the key or token."""
    it = Lease(Secret("canary-key"), Secret("canary-token"), "OP1", "user", 0.0, 180.0)
    assert "canary" not in repr(it)
