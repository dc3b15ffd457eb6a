"""Bulk runs over operations of the emulator: keys, results, what stops a run, and what is known when one is cut off."""

from __future__ import annotations

import csv
import itertools
import json
import random
import sys
from collections import Counter
from functools import partial

import anyio
import anyio.lowlevel
import httpx
import pytest
from clock import FakeClock, settle, until

from soracom_async import (
    AuthenticationFailed,
    AuthKey,
    ConfigurationError,
    Forbidden,
    NotFound,
    RateLimited,
    ServerError,
    Soracom,
    TransportError,
    bulk,
)
from soracom_async._background import CURRENT
from soracom_async.bulk.claims import InMemory, State
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

SIM_IDS = [f"{8942310022000000000 + number}" for number in range(1, 301)]
WRONG = "8942319999999999999"


@pytest.fixture
def clock():
    """A clock on which every sleep ends at once."""
    return FakeClock(auto=True)


@pytest.fixture
def emulator(clock):
    """A fleet of 300 SIMs."""
    return Emulator(sims=300, clock=clock, rate_limit=100_000)


@pytest.fixture
async def soracom(emulator):
    """A session with the emulator."""
    async with opened(emulator) as soracom:
        yield soracom


def opened(emulator, credentials=None, **settings):
    settings = {"transport": emulator.transport, "clock": emulator.clock, **settings}
    return Soracom(credentials or emulator.auth_key, **settings)


class Noting(httpx.AsyncBaseTransport):
    """The emulator's transport, which notes when each request came."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.seen = []

    async def handle_async_request(self, request):
        self.seen.append((request.url.path, self.emulator.clock.now()))
        return await self.emulator.transport.handle_async_request(request)

    def times(self, end):
        """Return when the requests came whose path has this end."""
        return [time for path, time in self.seen if path.endswith(end)]


class Executed(Noting):
    """Counts what the service executed, by SIM: all that it did not refuse."""

    def __init__(self, emulator):
        super().__init__(emulator)
        self.executed = Counter()

    async def handle_async_request(self, request):
        refused = False
        try:
            response = await super().handle_async_request(request)
            refused = 400 <= response.status_code < 500  # an SMS to a SIM that is not active
            return response
        finally:
            if request.url.path.endswith("/send_sms") and not refused:
                self.executed[request.url.path.split("/")[-2]] += 1


class Refusing(Noting):
    """Refuses to suspend SIMs, with 403 and a code."""

    def __init__(self, emulator, code):
        super().__init__(emulator)
        self.code = code

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        if request.url.path.endswith("/suspend"):
            return httpx.Response(403, json={"code": self.code, "message": "no"})
        return response


def kinds(results):
    """Return the results' classes by their keys."""
    return {result.key: type(result) for result in results}


# Keys


async def test_a_listing_as_keys(soracom, emulator):
    """Each model is taken by its identifier, and is the key of its result."""
    results = await bulk.run(soracom.sims.suspend, soracom.sims.list(limit=100)).collect()
    assert {result.key.sim_id for result in results} == set(SIM_IDS)
    assert {result.value.status for result in results} == {"suspended"}
    assert emulator.counts["suspendSim"] == 300


async def test_rows_of_a_file_as_keys(soracom, tmp_path):
    """Their columns are arguments, by their Python names or those on the wire; a wrong one is refused at once."""
    path = tmp_path / "plan.csv"
    path.write_text(f"simId,speed_class\n{SIM_IDS[0]},s1.fast\n{WRONG},s1.slow\n{SIM_IDS[2]},s1.slow\n")
    run = bulk.run(soracom.sims.update_speed_class, bulk.rows(path))
    assert run.total == 3
    results = {result.key.number: result for result in await run.collect()}
    assert results[2].value.speed_class == "s1.fast"
    assert results[4].value.speed_class == "s1.slow"
    assert isinstance(results[3].error, NotFound)

    path.write_text(f"sim_id,speed\n{SIM_IDS[0]},s1.fast\n")
    with pytest.raises(ConfigurationError, match=r"plan\.csv: .*no argument 'speed'; did you mean 'speed_class'"):
        bulk.run(soracom.sims.update_speed_class, bulk.rows(path))
    path.write_text(f"sim_id,note\n{SIM_IDS[0]},7\n")
    with pytest.raises(
        ConfigurationError, match=r"no argument 'note'.*; a column that is no argument needs a # before"
    ):
        bulk.run(soracom.sims.update_speed_class, bulk.rows(path))
    path.write_text(f"{SIM_IDS[0]}\n{SIM_IDS[1]}\n")  # bare IDs
    with pytest.raises(ConfigurationError, match=r"plan\.csv: .*; the first line must name the arguments"):
        bulk.run(soracom.sims.suspend, bulk.rows(path))
    path.write_text(f"sim_id\n{SIM_IDS[0]}\n")
    with pytest.raises(ConfigurationError, match=r"plan\.csv: .*needs the argument 'speed_class'.*partial"):
        bulk.run(soracom.sims.update_speed_class, bulk.rows(path))
    path.write_text(f"sim_id,speed_class\n{SIM_IDS[0]},s1.fast\n")
    with pytest.raises(ConfigurationError, match="'speed_class' is given for all keys already"):
        bulk.run(partial(soracom.sims.update_speed_class, speed_class="s1.slow"), bulk.rows(path))


async def test_duplicates_are_sent_once(soracom, emulator):
    """In whatever form they come; they are counted, and the total is that of the results."""
    keys = [SIM_IDS[0], {"sim_id": SIM_IDS[1]}, SIM_IDS[0], SIM_IDS[1], SIM_IDS[2]]
    async with bulk.run(soracom.sims.get, keys) as run:
        assert run.total == 5
        results = [result async for result in run]
    assert (len(results), run.total, run.done) == (3, 3, 3)
    summary = run.summary()
    assert (summary.total, summary.ok, summary.duplicates, summary.done) == (3, 3, 2, 3)
    assert str(summary).startswith("3 of 3 keys in ")
    assert "2 duplicates" in str(summary)
    assert emulator.counts["getSim"] == 3


async def test_a_key_that_cannot_be_sent_fails_by_itself(soracom, emulator):
    """Nothing is sent for it; all others are."""
    keys = [SIM_IDS[0], 5, {"sim": "1"}, None]
    results = await bulk.run(soracom.sims.get, keys).collect()
    assert [type(result) for result in results if result.key == SIM_IDS[0]] == [bulk.Ok]
    assert len([result for result in results if isinstance(result, bulk.Failed)]) == 3
    assert all(isinstance(result.error, ConfigurationError) for result in results if result.key != SIM_IDS[0])
    assert emulator.counts["getSim"] == 1


async def test_a_function_makes_keys_of_items(soracom):
    """The result has the item; an item of which it makes no key fails by itself."""
    items = [{"id": SIM_IDS[0]}, {"id": SIM_IDS[1]}, {}]
    results = await bulk.run(soracom.sims.get, items, key=lambda item: item["id"]).collect()
    assert sorted(len(result.key) for result in results if isinstance(result, bulk.Ok)) == [1, 1]
    (failed,) = [result for result in results if isinstance(result, bulk.Failed)]
    assert failed.key == {}
    assert isinstance(failed.error, KeyError)


async def test_the_value_of_a_listing_is_the_list_of_its_items(soracom):
    """All pages of it."""
    (result,) = await bulk.run(soracom.sims.session_events, SIM_IDS[:1]).collect()
    assert result.value == await soracom.sims.session_events(SIM_IDS[0]).collect()


async def test_async_iterables_are_read_as_they_come(soracom):
    """Their number is not known."""

    async def keys():
        for sim_id in SIM_IDS[:5]:
            yield sim_id

    async with bulk.run(soracom.sims.get, keys()) as run:
        assert run.total is None
        assert len([result async for result in run]) == 5
    assert str(run.summary()).startswith("5 keys in ")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["1", "2"], "the keys: updateSimSpeedClass needs the argument 'speed_class'"),
        ({"sim_id": "1", "speed_class": "s1.fast"}, "a mapping is one key: give a list of mappings"),
        (type("Frame", (list,), {"columns": ["sim_id"]})(), "a Frame as keys would be the names of its columns"),
        (b"abc", "iterable of keys, not bytes"),
    ],
)
async def test_keys_that_would_all_fail_are_refused_at_once(soracom, keys, message):
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match=message):
        bulk.run(soracom.sims.update_speed_class, keys)


async def test_items_without_a_key_fail_each(soracom, emulator):
    """They are not one key that comes again and again."""
    sims = await soracom.sims.list().collect()
    run = bulk.run(soracom.groups.get, sims[:3], key=lambda sim: sim.group_id if sim is sims[0] else None)
    results = await run.collect()
    assert run.summary().duplicates == 0
    errors = sorted(str(result.error) for result in results if result.key is not sims[0])
    assert [error[: error.index(",")] for error in errors] == [
        f"key= gives None for Sim(sim_id='{sim.sim_id}'" for sim in sims[1:3]
    ]
    plan = await bulk.plan(soracom.groups.get, sims[1:3], key=lambda _: None)
    assert (plan.keys, plan.invalid, plan.duplicates) == (2, 2, 0)


async def test_models_that_would_all_fail_are_refused_at_once(soracom):
    """They give no argument but what is in the path."""
    with pytest.raises(ConfigurationError, match="the keys: updateSimSpeedClass needs the argument 'speed_class'"):
        bulk.run(soracom.sims.update_speed_class, soracom.sims.list())
    with pytest.raises(ConfigurationError, match="createGroup takes no single value for a key: give mappings"):
        bulk.run(soracom.groups.create, ["one", "two"])
    with pytest.raises(ConfigurationError, match="the keys: a Group has no sim_id: say what to take, as in key="):
        bulk.run(soracom.sims.get, soracom.groups.list())
    with pytest.raises(ConfigurationError, match="the keys: a Sim is named by sim_id, and group_id is another thing"):
        bulk.run(soracom.groups.delete, soracom.sims.list())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"canary": -1}, "canary=-1 must be"),
        ({"canary": True}, "canary=True must be"),
        ({"canary": 1.5}, "canary=1.5 must be"),
        ({"max_failures": -1}, "max_failures=-1 must be a number of keys, a share"),
        ({"max_failures": 1.5}, "max_failures=1.5 must be"),
        ({"max_failures": "5"}, "max_failures='5' must be"),
        ({"max_failures": "101%"}, "max_failures='101%' must be"),
        ({"max_failures": True}, "max_failures=True must be"),
        ({"pace": 0}, "pace=0 must be keys a second"),
        ({"pace": "10"}, "pace='10' must be"),
        ({"pace": "0/s"}, "pace='0/s' must be"),
        ({"pace": "10/d"}, "pace='10/d' must be"),
        ({"pace": float("inf")}, "pace=inf must be"),
        ({"pace": True}, "pace=True must be"),
        ({"quota_share": 0}, "quota_share=0 must be"),
        ({"quota_share": 1.5}, "quota_share=1.5 must be"),
        ({"repeat_unknown": True}, "repeat_unknown= is about what a journal remembers"),
        ({"name": "mine"}, "function of your own"),
        ({"concurrency": 0}, "concurrency=0 must be"),
        ({"key": "sim_id"}, "key='sim_id' must be a function"),
        ({"total": "300"}, "total='300' must be the number of keys"),
        ({"total": True}, "total=True must be the number of keys"),
        ({"journal": 5}, "journal=5 must be the path of a file"),
        ({"journal": b"x.db"}, "journal=b'x.db' must be the path of a file"),
    ],
)
async def test_settings_that_cannot_work(soracom, settings, message):
    """Each is named, before anything is sent."""
    with pytest.raises(ConfigurationError, match=message):
        bulk.run(soracom.sims.get, SIM_IDS, **settings)


async def test_a_function_of_ones_own_needs_a_name_for_its_journal():
    """Nothing else tells it from others."""

    async def own(key):
        return key

    with pytest.raises(ConfigurationError, match="a journal needs name="):
        bulk.run(own, SIM_IDS, journal="x.db")


# What stops a run


async def test_the_canary_goes_first_and_alone(emulator):
    """The others wait until all of it has come back, whether the results are consumed or not."""
    emulator.fault("latency", operation="suspendSim", count=3, seconds=5)
    transport = Noting(emulator)
    async with (
        opened(emulator, transport=transport) as soracom,
        bulk.run(soracom.sims.suspend, SIM_IDS[:50], canary=3, concurrency=10) as run,
    ):
        await until(lambda: run.summary().ok >= 10)
        assert len([result async for result in run]) == 50
    times = transport.times("/suspend")
    assert max(times[:3]) + 5 <= min(times[3:])


async def test_a_canary_that_fails_stops_the_run(soracom, emulator):
    """Nothing else is sent; the results of the canary come before the error."""
    keys = [SIM_IDS[0], WRONG, *SIM_IDS[1:]]
    got = []
    async with bulk.run(soracom.sims.suspend, keys, canary=2) as run:
        await until(lambda: run.summary().done == 2)
        await settle(100)
        assert emulator.counts["suspendSim"] == 2
        with pytest.raises(bulk.Stopped) as stopped:
            async for result in run:
                got.append(result)
        with pytest.raises(bulk.Stopped):
            await anext(run)
    assert kinds(got) == {SIM_IDS[0]: bulk.Ok, WRONG: bulk.Failed}
    assert stopped.value.reason == "one of the first 2 keys, the canary, failed"
    assert (stopped.value.summary.ok, stopped.value.summary.failed) == (1, 1)
    assert stopped.value.__cause__ is None
    assert emulator.counts["suspendSim"] == 2


async def test_the_canary_is_of_keys_that_are_sent(soracom, emulator):
    """Duplicates are none of it; a canary larger than the fleet is all of it."""
    keys = [SIM_IDS[0]] * 5 + [WRONG, *SIM_IDS[1:]]
    with pytest.raises(bulk.Stopped) as stopped:
        await bulk.run(soracom.sims.get, keys, canary=2, concurrency=1).collect()
    assert emulator.counts["getSim"] == 2
    assert len(stopped.value.results) == 2
    assert len(await bulk.run(soracom.sims.get, SIM_IDS[:5], canary=20).collect()) == 5


async def test_the_canary_goes_before_the_others_with_one_task(soracom):
    """Nobody waits for itself."""
    with anyio.fail_after(10):
        assert len(await bulk.run(soracom.sims.get, SIM_IDS[:9], canary=3, concurrency=1).collect()) == 9


@pytest.mark.parametrize(("max_failures", "sent"), [(0, 11), (2, 13), ("1%", 14), (0.01, 14), (0.0, 11), ("2.5%", 18)])
async def test_too_many_failures_stop_the_run(soracom, emulator, max_failures, sent):
    """More than so many keys, or more than that share of all; what was under way comes back."""
    keys = [*SIM_IDS[:10], *(f"{WRONG[:-3]}{number:03}" for number in range(290))]
    with pytest.raises(bulk.Stopped, match=r"of 300 keys failed, and max_failures is") as stopped:
        await bulk.run(soracom.sims.get, keys, max_failures=max_failures, concurrency=1).collect()
    assert emulator.counts["getSim"] == sent
    assert stopped.value.summary.done == len(stopped.value.results) == sent


async def test_failures_are_counted_before_they_are_consumed(soracom, emulator):
    """Nobody has to look for the run to stop."""
    keys = [f"{WRONG[:-3]}{number:03}" for number in range(290)]
    async with bulk.run(soracom.sims.get, keys, max_failures=3, concurrency=4) as run:
        await until(lambda: run.summary().failed >= 4)
        await settle(100)
        assert 4 <= emulator.counts["getSim"] <= 8
        with pytest.raises(bulk.Stopped):
            async for _ in run:
                pass
        assert run.summary().failed == emulator.counts["getSim"] <= 8


async def test_a_share_of_an_unknown_number_is_judged_late(soracom, emulator):
    """Once 100 keys are done, or at the end: two of the first three are no reason to stop."""
    wrong = [f"{WRONG[:-3]}{number:03}" for number in range(20)]
    few = await bulk.run(soracom.sims.get, iter([*wrong[:2], *SIM_IDS[:50]]), max_failures="5%").collect()
    assert len(few) == 52
    with pytest.raises(bulk.Stopped, match="3 of 13 keys failed, and max_failures is 5%"):
        await bulk.run(soracom.sims.get, iter([*wrong[:3], *SIM_IDS[:10]]), max_failures="5%").collect()
    before = emulator.counts["getSim"]
    with pytest.raises(bulk.Stopped, match="20 of 100 keys failed"):
        keys = iter([*wrong, *SIM_IDS])
        await bulk.run(soracom.sims.get, keys, max_failures="5%", concurrency=1).collect()
    assert emulator.counts["getSim"] - before == 100


async def test_at_the_end_of_unknown_keys_all_are_judged(soracom):
    """Also if the keys end when nothing is under way any more."""

    async def keys():
        yield WRONG
        await settle(200)

    with pytest.raises(bulk.Stopped, match="1 of 1 keys failed, and max_failures is 50%"):
        await bulk.run(soracom.sims.get, keys(), max_failures="50%").collect()


@pytest.mark.parametrize("code", ["AUM0017", "SEM0049"])
async def test_a_missing_permission_stops_the_run(emulator, code):
    """It would be missing for every key; the error is the cause."""
    transport = Refusing(emulator, code)
    async with opened(emulator, transport=transport) as soracom:
        with pytest.raises(bulk.Stopped, match=f"this concerns all keys: suspendSim: 403 {code}") as stopped:
            await bulk.run(soracom.sims.suspend, SIM_IDS, concurrency=4).collect()
    assert isinstance(stopped.value.__cause__, Forbidden)
    assert len(transport.times("/suspend")) <= 8


async def test_a_quota_that_is_closed_for_long_stops_the_run(emulator):
    """Each further key would fail as well, without a request; one that is closed for a while is waited for."""
    emulator.fault("throttle", operation="getSim", count=1, says="retry-after")
    async with opened(emulator) as soracom:
        assert Counter(kinds(await bulk.run(soracom.sims.get, SIM_IDS[:40]).collect()).values()) == {bulk.Ok: 40}
    emulator.fault("throttle", operation="getSim", count=1, says="retry-after")
    async with opened(emulator, max_wait=5) as soracom:
        with pytest.raises(bulk.Stopped, match="this concerns all keys: getSim: 429") as stopped:
            await bulk.run(soracom.sims.get, SIM_IDS, concurrency=4).collect()
    assert isinstance(stopped.value.__cause__, RateLimited)
    assert stopped.value.__cause__.retry_after > 5
    assert stopped.value.summary.failed <= 4


async def test_any_other_403_is_of_its_key(soracom, emulator):
    """Nobody knows what it means for others."""
    emulator.fault("error", operation="getSim", status=403, count=1)
    results = await bulk.run(soracom.sims.get, SIM_IDS[:10]).collect()
    assert sorted(kinds(results).values(), key=str) == sorted([bulk.Failed] + [bulk.Ok] * 9, key=str)


async def test_wrong_credentials_stop_the_run(emulator):
    """No request is sent."""
    async with opened(emulator, AuthKey("keyId-wrong", "secret-wrong")) as soracom:
        with pytest.raises(bulk.Stopped) as stopped:
            await bulk.run(soracom.sims.suspend, SIM_IDS, concurrency=4).collect()
    assert isinstance(stopped.value.__cause__, AuthenticationFailed)
    assert emulator.counts["suspendSim"] == 0
    assert stopped.value.summary.done <= 8


async def test_a_closed_session_stops_the_run(emulator):
    """At once, and a wrong key alone does not."""
    soracom = opened(emulator)
    await soracom.login()
    results = await bulk.run(soracom.sims.get, ["..", SIM_IDS[0]]).collect()
    assert kinds(results) == {"..": bulk.Failed, SIM_IDS[0]: bulk.Ok}
    await soracom.aclose()
    with pytest.raises(bulk.Stopped, match="the session is closed"):
        await bulk.run(soracom.sims.get, SIM_IDS, concurrency=4).collect()


async def test_a_run_stops_though_its_keys_do_not_come(soracom):
    """The loop does not wait for the next key."""

    async def keys():
        yield WRONG
        await anyio.sleep_forever()

    with anyio.fail_after(10):
        async with bulk.run(soracom.sims.get, keys(), max_failures=0) as run:
            got = []
            with pytest.raises(bulk.Stopped):
                async for result in run:
                    got.append(result)
            with pytest.raises(bulk.Stopped):
                await anext(run)
    assert kinds(got) == {WRONG: bulk.Failed}


async def test_a_generator_of_keys_is_closed_with_the_run(soracom):
    """Nobody else holds it: under trio, collecting it open would be a warning."""
    ends = []

    async def keys():
        try:
            for number in itertools.count():
                yield str(number)
        finally:
            await anyio.lowlevel.checkpoint()
            ends.append("closed")

    with pytest.raises(bulk.Stopped):
        await bulk.run(soracom.sims.get, keys(), max_failures=3).collect()
    assert ends == ["closed"]
    with anyio.CancelScope() as scope:
        async with bulk.run(soracom.sims.get, keys()) as run:
            async for _ in run:
                scope.cancel()
    assert ends == ["closed"] * 2


async def test_the_caller_may_stop_a_run(soracom, emulator):
    """What is under way ends, and its results come before the error."""
    got = []
    async with bulk.run(soracom.sims.get, SIM_IDS, concurrency=4) as run:
        with pytest.raises(bulk.Stopped, match="enough"):
            async for result in run:
                got.append(result)
                run.stop("enough")
    assert len(got) == emulator.counts["getSim"] <= 9
    assert {type(result) for result in got} == {bulk.Ok}


async def test_an_error_of_the_keys_comes_before_the_stop(soracom):
    """Each is told once by the loop, and the stop for ever after."""

    class Keys:
        read = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            self.read += 1
            if self.read == 2:
                raise OSError("once")
            return WRONG

    async with bulk.run(soracom.sims.get, Keys(), max_failures=0) as run:
        assert isinstance(await anext(run), bulk.Failed)
        with pytest.raises((OSError, bulk.Stopped)):
            await anext(run)
        for _ in range(2):
            with pytest.raises(bulk.Stopped):
                await anext(run)


@pytest.mark.parametrize(("pace", "seconds"), [(10, 0.1), ("10/s", 0.1), ("600/min", 0.1), ("7200 / h", 0.5), (0.5, 2)])
async def test_keys_go_at_a_pace(emulator, pace, seconds):
    """One after the other, however many may be under way; duplicates cost no time."""
    transport = Noting(emulator)
    async with opened(emulator, transport=transport) as soracom:
        await soracom.login()
        results = await bulk.run(soracom.sims.get, [SIM_IDS[0], *SIM_IDS[:5]], pace=pace).collect()
    assert len(results) == 5
    times = [time for sim_id in SIM_IDS[:5] for time in transport.times(sim_id)]
    assert [later - sooner for sooner, later in itertools.pairwise(times)] == pytest.approx([seconds] * 4)


async def test_a_run_is_background_work(soracom):
    """With its share of the quota; the task that runs it is not."""
    seen = []

    async def own(key):
        seen.append(CURRENT.get())

    await bulk.run(own, range(3), quota_share=0.8).collect()
    assert {each.share for each in seen} == {0.8}
    assert len(set(map(id, seen))) == 1
    assert CURRENT.get() is None


# How calls end


SMS = {"payload": "hello", "encoding_type": 1}


@pytest.mark.parametrize(
    ("kind", "details", "error"),
    [
        ("reset-after", {}, TransportError),
        ("error", {"status": 500, "done": True}, ServerError),
        ("error", {"status": 503}, ServerError),
        ("garbage", {}, Exception),
    ],
)
async def test_an_act_without_an_answer_is_unknown(soracom, emulator, kind, details, error):
    """Nobody knows whether it was executed, so nobody says that it failed; it is not sent again."""
    emulator.fault(kind, operation="sendSmsToSim", count=1, **details)
    sms = partial(soracom.sims.send_sms, **SMS)
    async with bulk.run(sms, SIM_IDS[:1]) as run:
        (result,) = [result async for result in run]
    assert isinstance(result, bulk.Unknown)
    assert isinstance(result.error, error)
    assert emulator.counts["sendSmsToSim"] == 1
    assert (run.summary().unknown, run.summary().failed) == (1, 0)


@pytest.mark.parametrize("status", [400, 404, 409, 429])
async def test_an_act_that_was_refused_failed(emulator, status):
    """It certainly was not executed."""
    emulator.fault("error", operation="sendSmsToSim", status=status)
    soracom = opened(emulator, max_retries=0)
    async with soracom:
        (result,) = await bulk.run(partial(soracom.sims.send_sms, **SMS), SIM_IDS[:1]).collect()
    assert isinstance(result, bulk.Failed)


async def test_what_sets_a_state_fails(emulator):
    """It may be sent again without harm: nothing about it is unknown."""
    emulator.fault("error", operation="suspendSim", status=503)
    async with opened(emulator, max_retries=0) as soracom:
        (result,) = await bulk.run(soracom.sims.suspend, SIM_IDS[:1]).collect()
    assert isinstance(result, bulk.Failed)


async def test_too_many_unknown_stop_a_run(soracom, emulator):
    """They count as failures."""
    emulator.fault("reset-after", operation="sendSmsToSim")
    sms = partial(soracom.sims.send_sms, **SMS)
    with pytest.raises(bulk.Stopped, match="3 of 300 keys failed"):
        await bulk.run(sms, SIM_IDS, max_failures=2, concurrency=1).collect()


@pytest.mark.parametrize(("name", "kind"), [(None, bulk.Failed), ("mine", bulk.Unknown)])
@pytest.mark.parametrize("error", [KeyError("x"), TransportError("x", sent=True), ServerError("x", status=500)])
async def test_an_error_of_ones_own_function(name, kind, error):
    """A function that has a name and may not be repeated is an act: only what proves it failed."""

    async def own(key):
        raise error

    (result,) = await bulk.run(own, [1], name=name).collect()
    assert type(result) is kind
    assert result.error is error
    if name:
        assert type((await bulk.run(own, [1], name=name, repeatable=True).collect())[0]) is bulk.Failed


@pytest.mark.parametrize("error", [NotFound("x", status=404), TransportError("x", sent=False), ConfigurationError("x")])
async def test_an_error_that_proves_it(error):
    """Nothing was executed, whatever the function does."""

    async def own(key):
        raise error

    (result,) = await bulk.run(own, [1], name="mine").collect()
    assert type(result) is bulk.Failed


async def test_credentials_in_ones_own_function_are_its_own(emulator):
    """It may call on the sessions of several operators: one of them does not stop the others."""

    async def own(key):
        if key == 1:
            raise AuthenticationFailed("x", status=401)

    assert len(await bulk.run(own, range(100)).collect()) == 100


# Cut off


class Recording(InMemory):
    """Claims that note what they are told."""

    def __init__(self, *args):
        super().__init__(*args)
        self.told = {}
        self.closed = 0

    async def claim(self, text, row=None):
        self.told[text] = "begun"
        return await super().claim(text, row)

    def settle(self, text, state, error=None):
        self.told[text] = state
        super().settle(text, state, error)

    def unclaim(self, text):
        self.told[text] = "unclaimed"
        super().unclaim(text)

    async def aclose(self):
        self.closed += 1


@pytest.fixture
def claims(monkeypatch):
    """The claims of the run."""
    made = Recording("sim_id")
    monkeypatch.setattr(sys.modules["soracom_async.bulk.run"], "InMemory", lambda parameter: made)
    return made


async def cut_off(run, condition):
    """Cancel a run when `condition` holds."""
    with anyio.CancelScope() as scope:
        async with run:
            await until(condition)
            await settle(50)
            scope.cancel()
            await anext(run)
    assert scope.cancelled_caught


async def test_an_act_that_is_cut_off_is_unknown(emulator, claims, clock):
    """Its request has left; those that wait for quota have sent nothing, and are as if they had never begun."""
    emulator = Emulator(sims=300, clock=FakeClock(), rate_limit=5)
    emulator.fault("latency", operation="sendSmsToSim", seconds=60)
    async with opened(emulator) as soracom:
        sms = partial(soracom.sims.send_sms, **SMS)
        await cut_off(
            bulk.run(sms, SIM_IDS, concurrency=20), lambda: len(claims.told) == 20 and emulator.clock.sleeping
        )
    states = list(claims.told.values())
    assert states.count(State.UNKNOWN) == emulator.counts["sendSmsToSim"] > 0
    assert states.count("unclaimed") == 20 - states.count(State.UNKNOWN)
    assert claims.closed == 1


async def test_what_sets_a_state_stays_begun_when_it_is_cut_off(claims):
    """The next run sends it again."""
    emulator = Emulator(sims=300, clock=FakeClock(), rate_limit=100)
    emulator.fault("latency", operation="suspendSim", seconds=60)
    async with opened(emulator) as soracom:
        await cut_off(bulk.run(soracom.sims.suspend, SIM_IDS, concurrency=2), lambda: emulator.counts["suspendSim"] > 0)
    assert set(claims.told.values()) <= {"begun", "unclaimed"}
    assert list(claims.told.values()).count("begun") == emulator.counts["suspendSim"]


async def test_a_call_that_waits_to_be_repeated_was_not_executed(claims):
    """It was refused with 429."""
    emulator = Emulator(sims=300, clock=FakeClock(), rate_limit=100)
    emulator.fault("throttle", operation="sendSmsToSim")
    transport = Noting(emulator)
    async with opened(emulator, transport=transport) as soracom:
        run = bulk.run(partial(soracom.sims.send_sms, **SMS), SIM_IDS[:1])
        await cut_off(run, lambda: transport.times("/send_sms") and emulator.clock.sleeping > 0)
    assert list(claims.told.values()) == ["unclaimed"]


async def test_ones_own_function_that_is_cut_off(claims):
    """What it did nobody knows; one without a name has no identity that could be told."""

    async def own(key):
        await anyio.sleep_forever()

    await cut_off(bulk.run(own, ["a"], name="mine"), lambda: "a" in claims.told)
    assert claims.told == {"a": State.UNKNOWN}
    claims.told.clear()
    await cut_off(bulk.run(own, ["b"], name="mine", repeatable=True), lambda: "b" in claims.told)
    assert claims.told == {"b": "begun"}
    claims.told.clear()
    await cut_off(bulk.run(own, ["c"]), lambda: True)
    assert claims.told == {}


async def test_what_ones_own_function_has_sent_is_not_known(claims):
    """One of its calls acted, another waits: the key is no less unknown for that."""
    emulator = Emulator(sims=300, clock=FakeClock(), rate_limit=100)
    emulator.fault("throttle", operation="getSim")
    async with opened(emulator) as soracom:

        async def own(sim_id):
            await soracom.sims.send_sms(sim_id, **SMS)
            await soracom.sims.get(sim_id)

        await cut_off(bulk.run(own, SIM_IDS[:1], name="mine"), lambda: emulator.clock.sleeping > 0)
    assert claims.told == {SIM_IDS[0]: State.UNKNOWN}


async def test_a_run_within_a_run(claims):
    """The inner one knows of its own calls alone: one has left, the others wait for quota."""
    emulator = Emulator(sims=300, clock=FakeClock(), rate_limit=5)
    emulator.fault("latency", operation="sendSmsToSim", seconds=60)
    async with opened(emulator) as soracom:

        async def outer(key):
            await bulk.run(partial(soracom.sims.send_sms, **SMS), SIM_IDS[:20]).collect()

        await cut_off(bulk.run(outer, [1]), lambda: len(claims.told) == 20 and emulator.clock.sleeping)
    states = list(claims.told.values())
    assert states.count(State.UNKNOWN) == emulator.counts["sendSmsToSim"] > 0
    assert states.count("unclaimed") == 20 - states.count(State.UNKNOWN)


async def test_claims_that_cannot_be_made_stop_the_run(soracom, emulator, claims, monkeypatch):
    """A full disk: nothing is sent whose beginning is not recorded."""

    async def claim(text, row=None):
        if len(claims.told) == 3:
            raise OSError("no space left on the disk")
        return await InMemory.claim(claims, text, row)

    async def counted(text, row=None):
        claims.told[text] = "begun"
        return await claim(text, row)

    monkeypatch.setattr(claims, "claim", counted)
    with pytest.raises(bulk.Stopped, match="no space left on the disk") as stopped:
        await bulk.run(soracom.sims.suspend, SIM_IDS, concurrency=1).collect()
    assert isinstance(stopped.value.__cause__, OSError)
    assert emulator.counts["suspendSim"] == 2


async def test_a_claim_that_comes_behind_the_stop_is_taken_back(soracom, emulator, claims, monkeypatch):
    """Its disk was slow; nothing is sent for it."""
    gate, waiting = anyio.Event(), []

    async def claim(text, row=None):
        if text == WRONG:
            await until(lambda: len(waiting) == 2)
        else:
            waiting.append(text)
            await gate.wait()
        return await Recording.claim(claims, text, row)

    monkeypatch.setattr(claims, "claim", claim)
    async with bulk.run(soracom.sims.get, [WRONG, *SIM_IDS], max_failures=0, concurrency=3) as run:
        await until(lambda: run.summary().failed == 1)
        gate.set()
        with pytest.raises(bulk.Stopped):
            async for _ in run:
                pass
    assert emulator.counts["getSim"] == 1
    assert sorted(map(str, claims.told.values())) == ["State.FAILED", "unclaimed", "unclaimed"]


# Results


async def test_collect_within_the_async_with(soracom):
    """It may be entered by hand, too."""
    async with bulk.run(soracom.sims.get, SIM_IDS[:3]) as run:
        assert len(await run.collect()) == 3


async def test_failures_are_a_file_that_is_valid_input(soracom, emulator, tmp_path):
    """Rows with their numbers and errors; the same arguments come back from it."""
    source, failed = tmp_path / "plan.csv", tmp_path / "failed.csv"
    source.write_text(f"sim_id,speed_class\n{SIM_IDS[0]},s1.fast\n{WRONG},s1.slow\n{SIM_IDS[2]},\n")
    async with bulk.run(soracom.sims.update_speed_class, bulk.rows(source)) as run:
        assert len([result async for result in run]) == 3
        assert run.export_failures(failed) == 2
    with failed.open(newline="", encoding="utf-8") as file:
        lines = {line["sim_id"]: line for line in csv.DictReader(file)}
    assert lines[WRONG]["speed_class"] == "s1.slow"
    assert lines[WRONG]["#row"] == "3"
    assert "404" in lines[WRONG]["#error"]
    assert lines[WRONG]["#attempts"] == "1"
    assert "needs the argument 'speed_class'" in lines[SIM_IDS[2]]["#error"]
    assert [*map(dict, bulk.rows(failed))] == [*map(dict, list(bulk.rows(source))[1:])] or {
        row["sim_id"] for row in bulk.rows(failed)
    } == {WRONG, SIM_IDS[2]}
    again = await bulk.run(soracom.sims.update_speed_class, bulk.rows(failed)).collect()
    assert {type(result) for result in again} == {bulk.Failed}


async def test_failures_as_json_lines(soracom, tmp_path):
    """Values keep their types; so do they in the cells of CSV."""
    key = {"group_id": "none", "tags": [{"tagName": "a", "tagValue": "b"}]}
    async with bulk.run(soracom.groups.put_tags, [key]) as run:
        assert isinstance((await anext(run)).error, NotFound)
        for name in ("failed.jsonl", "failed.csv"):
            assert run.export_failures(tmp_path / name) == 1
    said = json.loads((tmp_path / "failed.jsonl").read_text("utf-8"))
    assert {name: said[name] for name in key} == key
    assert said["#row"] is None
    for name in ("failed.jsonl", "failed.csv"):
        (result,) = await bulk.run(soracom.groups.put_tags, bulk.rows(tmp_path / name)).collect()
        assert isinstance(result.error, NotFound), result


async def test_what_may_have_been_executed_is_exported_only_if_asked(soracom, emulator, tmp_path):
    """Whoever runs the file again would repeat it."""
    emulator.fault("reset-after", operation="sendSmsToSim", count=1)
    async with bulk.run(partial(soracom.sims.send_sms, **SMS), SIM_IDS[:2]) as run:
        assert len([result async for result in run]) == 2
        assert run.export_failures(tmp_path / "failed.csv") == 0
        assert run.export_failures(tmp_path / "all.csv", unknown=True) == 1
    assert (tmp_path / "failed.csv").read_text() == "#row,#error,#attempts\n"


async def test_failures_of_ones_own_function(tmp_path):
    """By what its keys are; one without a name too."""

    async def own(key):
        raise NotFound("none", status=404)

    async with bulk.run(own, ["a", 5, {"x": "1"}]) as run:
        assert len([result async for result in run]) == 3
        assert run.export_failures(tmp_path / "failed.csv") == 3
    assert sorted(tuple(row.items()) for row in bulk.rows(tmp_path / "failed.csv")) == [
        (("key", "5"),),
        (("key", "a"),),
        (("x", "1"),),
    ]


async def test_secrets_are_in_no_file(soracom, tmp_path):
    """The file of failures has what tells the keys apart, and no more."""
    key = {"sim_id": WRONG, "registration_secret": "12345678"}
    async with bulk.run(soracom.sims.register, [key]) as run:
        await anext(run)
        run.export_failures(tmp_path / "failed.csv", unknown=True)
    text = (tmp_path / "failed.csv").read_text()
    assert WRONG in text
    assert "12345678" not in text


async def test_secrets_are_in_no_repr_of_a_result(soracom, tmp_path):
    """A result, its key and a row of a file are soon printed; the caller's item stays what it is."""
    path = tmp_path / "plan.csv"
    path.write_text(f"sim_id,registration_secret\n{WRONG},12345678\n")
    [result] = await bulk.run(soracom.sims.register, bulk.rows(path)).collect()
    for text in (repr(result), repr(result.key), repr([*bulk.rows(path)]), f"{result}"):
        assert WRONG in text
        assert "12345678" not in text
    assert result.key == {"sim_id": WRONG, "registration_secret": "12345678"}
    assert "12345678" not in repr(bulk.Ok({"password": "12345678"}, {"token": "12345678"}))


async def test_a_key_that_no_file_can_have(soracom, tmp_path):
    """It is written as it is escaped."""
    async with bulk.run(soracom.sims.get, ["\ud800"]) as run:
        assert isinstance(await anext(run), bulk.Failed)
        for name in ("failed.csv", "failed.jsonl"):
            assert run.export_failures(tmp_path / name) == 1
            assert "\\ud800" in (tmp_path / name).read_text("utf-8")


async def test_an_export_that_cannot_be_written(soracom, tmp_path):
    """The error names the file."""
    async with bulk.run(soracom.sims.get, [WRONG]) as run:
        await anext(run)
        with pytest.raises(OSError, match="nowhere"):
            run.export_failures(tmp_path / "nowhere" / "failed.csv")


async def test_the_summary_of_a_run_that_has_not_begun(soracom):
    """Nothing is done, in no time."""
    summary = bulk.run(soracom.sims.get, SIM_IDS).summary()
    assert (summary.total, summary.done, summary.seconds) == (300, 0, 0.0)


async def test_the_summary_counts_what_nobody_consumed(soracom, clock):
    """And its time ends with the run."""
    async with bulk.run(soracom.sims.get, SIM_IDS[:5]) as run:
        await until(lambda: run.summary().ok == 5)
        assert run.done == 0
        await clock.sleep(3)
    seconds = run.summary().seconds
    await clock.sleep(5)
    assert run.summary().seconds == seconds >= 3


# A journal


async def test_a_run_goes_on_where_it_was(soracom, emulator, tmp_path):
    """What is done is not sent again; what failed is."""
    journal = tmp_path / "run.db"
    keys = [*SIM_IDS[:5], WRONG]
    first = await bulk.run(soracom.sims.suspend, keys[:3], journal=journal).collect()
    assert {type(result) for result in first} == {bulk.Ok}
    async with bulk.run(soracom.sims.suspend, keys, journal=journal) as run:
        results = kinds([result async for result in run])
        with pytest.raises(bulk.JournalError):
            await bulk.run(soracom.sims.suspend, keys, journal=journal).collect()
    assert results == {**dict.fromkeys(keys[:3], bulk.Skipped), **dict.fromkeys(keys[3:5], bulk.Ok), WRONG: bulk.Failed}
    assert run.summary().skipped == 3
    assert run.export_failures(tmp_path / "failed.csv") == 1, "also when the journal is closed"
    again = kinds(await bulk.run(soracom.sims.suspend, keys, journal=journal).collect())
    assert again == {**dict.fromkeys(keys[:5], bulk.Skipped), WRONG: bulk.Failed}
    assert emulator.counts["suspendSim"] == 7


async def test_what_is_done_costs_no_time_of_the_pace(soracom, clock, tmp_path):
    """A run that goes on is at the new keys at once."""
    journal = tmp_path / "run.db"
    await bulk.run(soracom.sims.suspend, SIM_IDS[:50], journal=journal).collect()
    begun = clock.now()
    results = await bulk.run(soracom.sims.suspend, SIM_IDS[:52], journal=journal, pace="1/min").collect()
    assert len(results) == 52
    assert 60 <= clock.now() - begun < 180


async def test_an_unknown_act_stays_unknown(soracom, emulator, tmp_path):
    """Until it is asked for again."""
    journal = tmp_path / "run.db"
    sms = partial(soracom.sims.send_sms, **SMS)
    emulator.fault("reset-after", operation="sendSmsToSim", count=1)
    await bulk.run(sms, SIM_IDS[:1], journal=journal).collect()
    (result,) = await bulk.run(sms, SIM_IDS[:1], journal=journal).collect()
    assert result == bulk.Unknown(SIM_IDS[0])
    assert emulator.counts["sendSmsToSim"] == 1
    (result,) = await bulk.run(sms, SIM_IDS[:1], journal=journal, repeat_unknown=True).collect()
    assert isinstance(result, bulk.Ok)
    assert emulator.counts["sendSmsToSim"] == 2


@pytest.mark.parametrize("seed", range(2))
async def test_cut_off_again_and_again_no_act_is_done_twice(tmp_path, seed):
    """Whatever the service does, and whenever a run is cut off: each key ends once, and none is executed twice."""
    chance = random.Random(seed)
    emulator = Emulator(sims=300, clock=FakeClock(auto=True), rate_limit=100_000)
    emulator.fault("reset-after", operation="sendSmsToSim", probability=0.1)
    emulator.fault("error", operation="sendSmsToSim", probability=0.1, status=503, done=True)
    emulator.fault("latency", operation="sendSmsToSim", probability=0.5, seconds=1)
    transport = Executed(emulator)
    keys = SIM_IDS[:60]
    async with opened(emulator, transport=transport) as soracom:
        sms = partial(soracom.sims.send_sms, **SMS)
        for _ in range(15):
            with anyio.CancelScope() as scope:
                async with bulk.run(sms, keys, journal=tmp_path / "run.db", concurrency=5) as run:
                    left, passes = chance.randrange(8), chance.randrange(40)
                    async for result in run:
                        left -= not isinstance(result, bulk.Skipped)
                        if left < 0:
                            await settle(passes)
                            scope.cancel()
        results = await bulk.run(sms, keys, journal=tmp_path / "run.db", concurrency=5).collect()
    assert sorted(result.key for result in results) == keys
    assert set(transport.executed.values()) == {1}, "none was executed twice"
    refused = {result.key for result in results if isinstance(result, bulk.Failed)}
    unsent = {result.key for result in results if isinstance(result, bulk.Unknown)} - transport.executed.keys()
    assert refused | unsent | transport.executed.keys() == set(keys)
    assert not refused & transport.executed.keys()


async def test_a_journal_of_another_run_is_refused(soracom, emulator, tmp_path):
    """Nothing is sent, and a run that could not begin may be tried again."""
    journal = tmp_path / "run.db"
    await bulk.run(soracom.sims.suspend, SIM_IDS[:1], journal=journal).collect()
    run = bulk.run(soracom.sims.activate, SIM_IDS[:1], journal=journal)
    for _ in range(2):
        with pytest.raises(bulk.JournalError, match="suspendSim"):
            await run.collect()
    assert emulator.counts["activateSim"] == 0


async def test_a_journal_that_cannot_be_closed(soracom, claims, monkeypatch, caplog):
    """Its error is raised, or told to the error that is raised already."""

    async def aclose():
        raise bulk.JournalError("journal x: the disk is full")

    monkeypatch.setattr(claims, "aclose", aclose)
    with pytest.raises(bulk.JournalError, match="the disk is full"):
        await bulk.run(soracom.sims.get, SIM_IDS[:1]).collect()
    assert not caplog.records
    with pytest.raises(KeyError) as raised:
        async with bulk.run(soracom.sims.get, SIM_IDS[:1]):
            raise KeyError("mine")
    assert raised.value.__notes__ == ["journal x: the disk is full"]
    assert [record.message for record in caplog.records] == ["journal x: the disk is full"]


# Dry runs


async def test_a_dry_run_sends_nothing(soracom, emulator):
    """It has no results."""
    async with bulk.run(soracom.sims.suspend, SIM_IDS, dry_run=True) as run:
        assert [result async for result in run] == []
        plan = await run.plan()
    assert (plan.keys, plan.requests) == (300, 300)
    assert run.summary().done == 0
    assert emulator.counts["suspendSim"] == 0


async def test_only_a_dry_run_has_a_plan(soracom):
    """Another would read its keys twice."""
    with pytest.raises(ConfigurationError, match="dry_run=True"):
        await bulk.run(soracom.sims.suspend, SIM_IDS).plan()
