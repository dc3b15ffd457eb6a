"""A bulk run that is killed again and again, and started again each time: nothing is lost, no act is done twice."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import random
from collections import Counter
from functools import partial

import anyio
import pytest
from anyio import to_thread
from extras import needs

from soracom_async import Soracom, bulk
from soracom_async.bulk import failures, status
from soracom_async.bulk.claims import State
from soracom_async.emulator import Emulator

KEYS = 2000
KILLS = 20
LONGEST = 100.0
"""Seconds after which a program that was not killed is stuck."""
FAULTS = ("reset-before", "reset-after", "truncate", "error", "unauthorized")

SIM_IDS = [f"{8942310022000000000 + number}" for number in range(1, KEYS + 1)]

PROCESSES = multiprocessing.get_context(
    "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
)
"""Each run is a process of its own, forked from one that has all modules and no threads."""


def program(signs, url, credentials, journal, operation):
    """Run over all keys, and give a sign of life at the beginning and behind each call."""

    async def main():
        async with Soracom(credentials, endpoint=url, max_retries=0) as soracom:
            if operation == "createGroup":
                function, keys = soracom.groups.create, [{"tags": {"name": key}} for key in SIM_IDS]
            else:
                function = partial(soracom.sims.put_tags, tags=[{"tagName": "moved", "tagValue": "yes"}])
                keys = SIM_IDS
            async with bulk.run(function, keys, journal=journal) as run:
                signs.send(None)
                async for result in run:
                    if not isinstance(result, bulk.Skipped):
                        signs.send(None)
        signs.send("end")

    asyncio.run(main())


def run_once(*arguments, kill_after=None, delay=0.0):
    """Kill the program so many seconds behind so many signs of life; without, wait for its end."""
    receiver, sender = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=program, args=(sender, *arguments))
    process.start()
    sender.close()
    try:
        for count in itertools.count(1):
            assert receiver.poll(LONGEST), "stuck"
            if receiver.recv() == "end":
                break
            if count == kill_after:
                process.join(delay)
                return
    finally:
        process.kill()
        process.join()
        receiver.close()
        process.close()


@pytest.fixture(autouse=True)
def modules():
    """Let the process that is forked have the modules of a session."""
    PROCESSES.set_forkserver_preload(
        ["soracom_async.bulk", "soracom_async.api.group", "soracom_async.api.sim", "httpx"]
    )


async def killed_and_ended(emulator, journal, operation):
    """Run with faults: killed 20 times at random moments, then to the end; return the counts of its journal."""
    chance = random.Random(11)
    for kind in FAULTS:
        emulator.fault(kind, operation=operation, probability=0.004)
    run = partial(run_once, emulator.url, emulator.auth_key, str(journal), operation)
    for _ in range(KILLS):
        moment = {"kill_after": chance.randrange(1, 2 * KEYS // KILLS - 50), "delay": chance.uniform(0, 0.02)}
        await to_thread.run_sync(partial(run, **moment))
        assert not status(journal).running
    assert not status(journal).closed
    for _ in range(20):
        await to_thread.run_sync(run)
        counts = status(journal).counts
        if not counts[State.FAILED]:
            break
    assert counts[State.FAILED] == counts[State.BEGUN] == 0
    return counts


@needs("uvicorn")
@pytest.mark.timeout(200)
def test_an_act_is_never_done_twice(tmp_path):
    """What was under way at a kill is unknown; all else is done. The emulator has no group twice."""

    async def main():
        async with Emulator(sims=0, groups=0, rate_limit=1_000_000, window=1.0, seed=5) as emulator:
            counts = await killed_and_ended(emulator, tmp_path / "run.db", "createGroup")
            groups, _ = emulator.operator.groups.after("", 2 * KEYS, lambda group: True)
            made = Counter(group["tags"]["name"] for group in groups)
        assert set(made.values()) == {1}
        assert counts[State.DONE] + counts[State.UNKNOWN] == KEYS
        assert 0 < counts[State.UNKNOWN] < KEYS // 2
        assert KEYS - counts[State.UNKNOWN] <= len(made) <= KEYS
        assert set(SIM_IDS) - set(made) <= unknown_of(tmp_path / "run.db")

    anyio.run(main)


@needs("uvicorn")
@pytest.mark.timeout(200)
def test_what_may_be_repeated_is_done_for_every_key(tmp_path):
    """What was under way at a kill is sent again: in the end the emulator has every SIM changed."""

    async def main():
        async with Emulator(sims=KEYS, rate_limit=1_000_000, window=1.0, seed=5) as emulator:
            counts = await killed_and_ended(emulator, tmp_path / "run.db", "putSimTags")
            fleet = emulator.operator.fleet
            changed = sum(fleet.look(number).tags.get("moved") == "yes" for number in fleet.numbers)
        assert counts == {State.DONE: KEYS, State.BEGUN: 0, State.FAILED: 0, State.UNKNOWN: 0}
        assert changed == KEYS

    anyio.run(main)


def unknown_of(journal):
    """Return the names of the groups of which the journal does not know whether they were made."""
    return {failure.arguments["tags"]["name"] for failure in failures(journal)}
