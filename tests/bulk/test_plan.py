"""Plans: what a run would send, without a change."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clock import FakeClock

from soracom_async import ConfigurationError, ServerError, Soracom, bulk, operations
from soracom_async.bulk.claims import State as KeyState
from soracom_async.bulk.journal import Journal
from soracom_async.bulk.recorded import Recorded
from soracom_async.bulk.states import State
from soracom_async.bulk.targets import Target
from soracom_async.emulator import Emulator
from soracom_async.emulator.state.sims import sim_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def emulator(jumping_clock: FakeClock) -> Emulator:
    """120 SIMs that are active, but for five that are suspended."""
    made = Emulator(sims=120, groups=1, clock=jumping_clock, rate_limit=60)
    for number in range(1, 121):
        made.operator.fleet.change(number).status = "active"
    return made


@pytest.fixture
async def soracom(emulator: Emulator, jumping_clock: FakeClock, anyio_backend: str) -> AsyncIterator[Soracom]:
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=jumping_clock) as soracom:
        for number in range(1, 6):
            await soracom.sims.suspend(sim_id(number))
        emulator.counts.clear()
        yield soracom


def sims(first: int, last: int) -> list[str]:
    return [sim_id(number) for number in range(first, last + 1)]


def read(path: Path) -> bytes:
    return path.read_bytes()


def listed(path: Path) -> list[str]:
    return os.listdir(path)


def write(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


async def test_few_keys_are_read_one_by_one(soracom: Soracom, emulator: Emulator) -> None:
    plan = await bulk.plan(soracom.sims.suspend, [*sims(4, 8), sim_id(4), "8942310099999999999"])
    assert (plan.keys, plan.duplicates, plan.requests) == (6, 1, 6)
    assert (plan.unchanged, plan.missing, plan.untold) == (2, 1, 0)
    assert emulator.counts == {"getSim": 6}


async def test_one_is_told_of_in_the_singular(soracom: Soracom) -> None:
    await soracom.sims.get(sim_id(1))  # the quota is known
    text = str(await bulk.plan(soracom.sims.suspend, [sim_id(1)])).splitlines()
    assert text[1].split(";")[0] == "1 key"
    assert text[2].split(";")[0] == "1 request"


async def test_many_keys_are_looked_for_in_a_listing(soracom: Soracom, emulator: Emulator) -> None:
    plan = await bulk.plan(soracom.sims.suspend, sims(1, 120))
    assert (plan.keys, plan.requests, plan.unchanged, plan.missing, plan.untold) == (120, 120, 5, 0, 0)
    assert emulator.counts == {"listSims": 2}


async def test_those_that_no_listing_has_are_read_or_untold(soracom: Soracom, emulator: Emulator) -> None:
    strangers = [f"{8942310099000000000 + number}" for number in range(51)]
    plan = await bulk.plan(soracom.sims.suspend, [*sims(1, 60), *strangers[:50]])
    assert (plan.unchanged, plan.missing, plan.untold) == (5, 50, 0)
    plan = await bulk.plan(soracom.sims.suspend, [*sims(1, 60), *strangers])
    assert (plan.unchanged, plan.missing, plan.untold) == (5, 0, 51)
    assert "51 may change nothing: the present state is not known" in str(plan)


async def test_a_listing_costs_no_more_than_reading_each(
    soracom: Soracom, emulator: Emulator, monkeypatch: Any
) -> None:
    monkeypatch.setattr("soracom_async.bulk.present.PAGE", 1)
    plan = await bulk.plan(soracom.sims.suspend, sims(70, 120))
    assert emulator.counts["listSims"] <= 51
    assert plan.unchanged == 0


async def test_models_show_their_state_themselves(soracom: Soracom, emulator: Emulator) -> None:
    plan = await bulk.plan(soracom.sims.suspend, soracom.sims.list(limit=100))
    assert (plan.keys, plan.unchanged, plan.untold) == (120, 5, 0)
    assert emulator.counts == {"listSims": 2}
    listed = await soracom.sims.list(limit=100).collect()
    plan = await bulk.plan(soracom.sims.activate, listed, key=lambda sim: sim.sim_id)
    assert (plan.requests, plan.unchanged) == (120, 115)


async def test_arguments_are_compared_with_what_the_thing_shows(soracom: Soracom, emulator: Emulator) -> None:
    sim = await soracom.sims.get(sim_id(1))
    other = next(speed for speed in ("s1.minimum", "s1.fast") if speed != sim.speed_class)
    to = partial(soracom.sims.update_speed_class, speed_class=sim.speed_class)
    assert (await bulk.plan(to, [sim_id(1)])).unchanged == 1
    rows = [{"sim_id": sim_id(1), "speed_class": speed} for speed in (other, sim.speed_class)]
    plan = await bulk.plan(soracom.sims.update_speed_class, rows)
    assert (plan.requests, plan.unchanged, plan.conflicts) == (2, 0, 1)
    assert "1 contradict another one" in str(plan)
    # What the call leaves to the service cannot be compared.
    plan = await bulk.plan(partial(soracom.sims.set_expiry_time, expiry_time=2_000_000_000_000), [sim_id(1)])
    assert (plan.untold, plan.unchanged) == (1, 0)


async def test_group_and_termination(soracom: Soracom) -> None:
    group = (await soracom.groups.list().collect())[0]
    await soracom.sims.set_group(sim_id(1), group_id=group.group_id)
    await soracom.sims.unset_group(sim_id(2))
    await soracom.sims.enable_termination(sim_id(1))
    await soracom.sims.disable_termination(sim_id(2))
    both = sims(1, 2)
    assert (await bulk.plan(partial(soracom.sims.set_group, group_id=group.group_id), both)).unchanged == 1
    assert (await bulk.plan(soracom.sims.unset_group, both)).unchanged == 1
    assert (await bulk.plan(soracom.sims.enable_termination, both)).unchanged == 1
    assert (await bulk.plan(soracom.sims.disable_termination, both)).unchanged == 1


async def test_nothing_is_read_where_nothing_shows_it(soracom: Soracom, emulator: Emulator) -> None:
    plan = await bulk.plan(partial(soracom.sims.send_sms, payload="x", encoding_type=1), sims(1, 3))
    assert (plan.effect.value, plan.repeatable, plan.untold, plan.requests) == ("act", False, 3, 3)
    assert (plan.name, plan.operation) == ("sendSmsToSim", operations["sendSmsToSim"])
    assert emulator.counts == {}
    assert "acts each time" in str(plan)


async def test_keys_that_would_fail_are_named(soracom: Soracom, tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    write(path, "simId,speedClass\n1,s1.fast\n2,\n")
    plan = await bulk.plan(soracom.sims.update_speed_class, bulk.rows(path))
    assert (plan.keys, plan.invalid, plan.requests) == (2, 1, 1)
    assert "speed_class" in plan.reasons[0]
    assert "row 3" in plan.reasons[0]
    assert f"  {plan.reasons[0]}" in str(plan).splitlines()
    plan = await bulk.plan(soracom.sims.suspend, range(9))  # numbers, which may have lost zeros
    assert (plan.invalid, len(plan.reasons)) == (9, 5)
    plan = await bulk.plan(soracom.sims.suspend, [sim_id(1)], key=lambda item: item.no)
    assert plan.invalid == 1
    write(path, "sim_id,speed\n1,s1.fast\n")
    with pytest.raises(ConfigurationError, match=r"plan\.csv.*no argument 'speed'"):
        await bulk.plan(soracom.sims.suspend, bulk.rows(path))


async def test_rows_of_a_file_that_contradict_each_other_are_refused(
    soracom: Soracom, tmp_path: Path, emulator: Emulator
) -> None:
    path = tmp_path / "plan.csv"
    write(path, f"sim_id,speed_class\n{sim_id(1)},s1.fast\n{sim_id(1)},s1.minimum\n")
    with pytest.raises(ConfigurationError, match="line 3 has another 'speed_class' for the same sim_id than line 2"):
        bulk.run(soracom.sims.update_speed_class, bulk.rows(path))
    write(path, f"sim_id,payload\n{sim_id(1)},one\n{sim_id(1)},two\n")  # two messages for one SIM
    plan = await bulk.plan(partial(soracom.sims.send_sms, encoding_type=1), bulk.rows(path))
    assert plan.requests == 2
    assert emulator.counts == {}


async def test_the_quota_tells_windows_and_seconds(soracom: Soracom) -> None:
    assert soracom.rate_limits()["Sim"].remaining == 55  # of 60: five SIMs were suspended
    plan = await bulk.plan(soracom.sims.get, sims(1, 55))
    assert (plan.windows, plan.seconds) == (1, 0.0)
    plan = await bulk.plan(soracom.sims.get, [f"{number}" for number in range(235)])
    assert plan.windows == 4
    assert plan.seconds is not None
    assert 120 < plan.seconds <= 180
    assert "4 windows of the quota, at least 3 min" in str(plan)
    half = await bulk.plan(soracom.sims.get, [f"{number}" for number in range(235)], quota_share=0.5)
    assert half.windows == 8
    paced = await bulk.plan(soracom.sims.get, sims(1, 11), pace="60/h")
    assert paced.seconds == 600
    assert (await bulk.plan(soracom.groups.get, ["a"])).windows is None
    assert "not known yet" in str(await bulk.plan(soracom.groups.get, ["a"]))
    assert (await bulk.plan(soracom.groups.get, ["a"], pace=1.0)).seconds == 0
    long = await bulk.plan(soracom.groups.get, map(str, range(5000)), pace="1000/h")
    assert "at least 5.0 h" in str(long)
    assert "quota" not in str(long)
    assert (await bulk.plan(soracom.sims.get, [])).windows == 0


async def test_the_same_from_a_dry_run(soracom: Soracom, emulator: Emulator, tmp_path: Path) -> None:
    async with bulk.run(soracom.sims.suspend, sims(1, 8), dry_run=True, journal=tmp_path / "run.db") as run:
        assert [result async for result in run] == []
        plan = await run.plan()
    assert plan == await bulk.plan(soracom.sims.suspend, sims(1, 8))
    assert emulator.counts == {"getSim": 16}
    assert listed(tmp_path) == []


async def test_reading_that_is_not_permitted_is_no_obstacle(emulator: Emulator, jumping_clock: FakeClock) -> None:
    emulator.fault("error", operation="getSim", status=403)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=jumping_clock) as soracom:
        plan = await bulk.plan(soracom.sims.suspend, sims(1, 8))
    assert (plan.requests, plan.untold) == (8, 8)


async def test_other_errors_of_reading_are_raised(emulator: Emulator, jumping_clock: FakeClock) -> None:
    emulator.fault("error", operation="getSim", status=500)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=jumping_clock, max_retries=0) as soracom:
        with pytest.raises(ServerError):
            await bulk.plan(soracom.sims.suspend, sims(1, 8))


async def test_functions_of_your_own_have_a_plan_too() -> None:
    async def call(key: int) -> int:
        return key

    plan = await bulk.plan(call, [1, 1, 2])
    assert (plan.keys, plan.duplicates, plan.requests) == (3, 0, 3)  # without a name no key has an identity
    assert str(plan).startswith("your function: acts each time")
    plan = await bulk.plan(call, [1, 1, 2], name="call", repeatable=True)
    assert (plan.keys, plan.duplicates, plan.requests) == (2, 1, 2)
    assert str(plan).startswith("call: sets a state")


async def test_the_loop_has_its_turn_while_keys_are_read(soracom: Soracom) -> None:
    plan = await bulk.plan(soracom.sims.get, (f"{number}" for number in range(2500)))
    assert plan.keys == 2500


async def begin(path: Path, soracom: Soracom, states: dict[str, KeyState | None]) -> None:
    """Write a journal of `soracom.sims.suspend`, closed."""
    identity = await Target.of(soracom.sims.suspend).identity()
    journal = await Journal.open(path, identity)
    for text, state in states.items():
        await journal.claim(text)
        if state is not None:
            journal.settle(text, state)
    await journal.aclose()


async def test_a_journal_tells_what_is_done(soracom: Soracom, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    await begin(
        path,
        soracom,
        {sim_id(6): KeyState.DONE, sim_id(7): KeyState.FAILED, sim_id(8): None, sim_id(9): KeyState.UNKNOWN},
    )
    before = read(path)
    plan = await bulk.plan(soracom.sims.suspend, sims(5, 10), journal=path)
    assert (plan.keys, plan.done, plan.unknown, plan.requests, plan.unchanged) == (6, 1, 0, 5, 1)
    assert "1 done before" in str(plan)
    assert read(path) == before
    with pytest.raises(bulk.JournalError, match="belongs to the operation suspendSim.*activateSim"):
        await bulk.plan(soracom.sims.activate, sims(5, 10), journal=path)
    write(tmp_path / "notes.txt", "no journal, but some text of more than a hundred characters" * 3)
    with pytest.raises(bulk.JournalError, match=r"notes\.txt"):
        await bulk.plan(soracom.sims.suspend, sims(5, 10), journal=tmp_path / "notes.txt")
    with pytest.raises(bulk.JournalError, match="a directory"):
        await bulk.plan(soracom.sims.suspend, sims(5, 10), journal=tmp_path)


async def test_a_journal_of_an_act_tells_what_may_have_been_done(soracom: Soracom, tmp_path: Path) -> None:
    send = partial(soracom.sims.send_sms, payload="x", encoding_type=1)
    journal = await Journal.open(tmp_path / "run.db", await Target.of(send).identity())
    await journal.claim(sim_id(1))
    journal.settle(sim_id(1), KeyState.UNKNOWN)
    await journal.aclose()
    plan = await bulk.plan(send, sims(1, 3), journal=tmp_path / "run.db")
    assert (plan.unknown, plan.requests) == (1, 2)
    plan = await bulk.plan(send, sims(1, 3), journal=tmp_path / "run.db", repeat_unknown=True)
    assert (plan.unknown, plan.requests) == (0, 3)


async def test_a_journal_that_breaks_while_it_is_read_is_named(soracom: Soracom, tmp_path: Path) -> None:
    await begin(tmp_path / "run.db", soracom, {sim_id(1): KeyState.DONE})
    with Recorded(tmp_path / "run.db", await Target.of(soracom.sims.suspend).identity()) as recorded:
        assert recorded.state(sim_id(1)) is KeyState.DONE
        assert recorded.state(sim_id(2)) is None
    with pytest.raises(bulk.JournalError, match=r"run\.db"):
        recorded.state(sim_id(1))
    write(tmp_path / "cut.db", read(tmp_path / "run.db")[:4096])
    with pytest.raises(bulk.JournalError, match=r"cut\.db is damaged"):
        await bulk.plan(soracom.sims.suspend, sims(1, 2), journal=tmp_path / "cut.db")


async def test_an_error_of_the_keys_is_theirs(soracom: Soracom, tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield sim_id(1)
        raise OSError("the disk of the keys")

    await begin(tmp_path / "run.db", soracom, {})
    with pytest.raises(OSError, match="the disk of the keys"):
        await bulk.plan(soracom.sims.suspend, broken(), journal=tmp_path / "run.db")


def test_every_operation_of_this_kind_is_known() -> None:
    """The rule finds what sets a status, a group, a speed class, an expiry or a protection, of all kinds of things."""
    found = {name: state for name in operations if (state := State.of(operations[name]))}
    assert found["suspendSim"].sets == ("status", "suspended")
    assert found["terminateGadget"].names == ("product_id", "serial_number")
    assert found["setSimGroup"].fields == ("group_id",)
    assert found["updateSpeedClass"].reader.id == "getSubscriber"
    assert all(state.reader.effect.value == "read" and state.listing.paging for state in found.values())
    assert len(found) == 46
    assert State.of(operations["sendSmsToSim"]) is None
