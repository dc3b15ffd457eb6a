"""A bulk run that is killed again and again, and started again each time: nothing is lost, no act is done twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from functools import partial

import anyio
import pytest
from anyio import to_thread
from extras import needs

from soracom_async.bulk import failures, status
from soracom_async.bulk.claims import State
from soracom_async.emulator import Emulator

KEYS = 2000
KILLS = 20
LONGEST = 100.0
"""Seconds after which a program that was not killed is stuck."""
FAULTS = ("reset-before", "reset-after", "truncate", "error", "unauthorized")

SIM_IDS = [f"{8942310022000000000 + number}" for number in range(1, KEYS + 1)]

PROGRAM = """
import asyncio, sys
from functools import partial
from soracom_async import AuthKey, Soracom, bulk

async def main(url, key_id, key, journal, operation, first, count):
    keys = [str(int(first) + number) for number in range(int(count))]
    async with Soracom(AuthKey(key_id, key), endpoint=url, max_retries=0) as soracom:
        if operation == "createGroup":
            function, keys = soracom.groups.create, [{"tags": {"name": key}} for key in keys]
        else:
            function = partial(soracom.sims.put_tags, tags=[{"tagName": "moved", "tagValue": "yes"}])
        async with bulk.run(function, keys, journal=journal) as run:
            print("+", end="", flush=True)
            async for result in run:
                if not isinstance(result, bulk.Skipped):
                    print(".", end="", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


class Runs:
    """Starts the program again and again, and kills it."""

    def __init__(self, emulator, journal, operation):
        key = emulator.auth_key
        arguments = emulator.url, key.auth_key_id, key.auth_key.reveal(), str(journal), operation, SIM_IDS[0], str(KEYS)
        self.command = [sys.executable, "-c", PROGRAM, *arguments]

    async def run(self, *, kill_after=None, delay=0.0):
        """Kill the program so many seconds behind so many signs of life; without, wait for its end."""
        await to_thread.run_sync(partial(self._run, kill_after, delay))

    def _run(self, kill_after, delay):
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                if kill_after is not None:
                    process.stdout.read(kill_after)
                    try:
                        process.wait(delay)
                    except subprocess.TimeoutExpired:
                        process.send_signal(signal.SIGKILL)
                _, errors = process.communicate(timeout=LONGEST)
            finally:
                process.kill()
        assert process.returncode in (0, -signal.SIGKILL), errors.decode()
        assert kill_after is not None or process.returncode == 0


async def killed_and_ended(emulator, journal, operation):
    """Run with faults: killed 20 times at random moments, then to the end; return the counts of its journal."""
    chance = random.Random(11)
    for kind in FAULTS:
        emulator.fault(kind, operation=operation, probability=0.004)
    runs = Runs(emulator, journal, operation)
    for _ in range(KILLS):
        await runs.run(kill_after=chance.randrange(1, 2 * KEYS // KILLS - 50), delay=chance.uniform(0, 0.02))
        assert not status(journal).running
    assert not status(journal).closed
    for _ in range(20):
        await runs.run()
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
