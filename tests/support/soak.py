"""Many tasks on one session, faults of all kinds, cancellations and dying tokens; and what must hold all the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from bodies import in_flight
from clock import settle

from soracom_async import RateLimited, Soracom, SoracomError, TransportError, bulk
from soracom_async._clock import Clock
from soracom_async.emulator import Emulator
from soracom_async.emulator.service.rate_limits import THROTTLINGS

SIMS = 200
TASKS = 200
ACTIONS = 4
"""Of each task."""

CONNECTIONS = 50
"""What `max_connections` is."""

FAULTS: dict[str, dict[str, Any]] = {
    "latency": {"seconds": 3.0},
    "reset-before": {},
    "reset-after": {},
    "truncate": {},
    "drip": {"seconds": 2.0},
    "garbage": {},
    "empty": {},
    "html": {"status": 502},
    "error": {"status": 500, "done": True},
    "throttle": {},
    "unauthorized": {},
    "token-death": {},
}
PAGE_FAULTS: dict[str, dict[str, Any]] = {"repeat-page": {}, "loop-pages": {}}
PROBABILITIES = 0.003, 0.01, 0.02
"""Of each fault, for each request: one of them in a round."""


def emulator_for(seed: int, clock: Clock) -> Emulator:
    """Return an emulator where much goes wrong; an odd seed has listings that run in a circle too."""
    chance = random.Random(seed)
    throttling, probability = chance.choice(THROTTLINGS), chance.choice(PROBABILITIES)
    emulator = Emulator(
        sims=SIMS, subscriptions="plan01s", seed=seed, rate_limit=900, clock=clock, throttling=throttling
    )
    for kind, details in (FAULTS | PAGE_FAULTS if seed % 2 else FAULTS).items():
        emulator.fault(kind, probability=probability, **details)
    return emulator


class Soak:
    """One round: `run` does all, and fails with an AssertionError where a call was lost, mixed up or doubled."""

    def __init__(self, emulator: Emulator, soracom: Soracom, seed: int, bound: float) -> None:
        self.emulator = emulator
        self.soracom = soracom
        self.seed = seed
        self.circular = bool(seed % 2)
        """Whether listings may run in a circle."""
        self.clock: Clock = emulator.clock
        self.bound = bound
        """Seconds of the clock within which each action ends: some windows of quota for each of its attempts."""
        self.done: Counter[str] = Counter()
        """How many actions ended in which way."""
        self.longest = 0.0
        """Seconds of the longest action."""
        self.created: dict[str, range] = {}
        """How often each group may have been created, by its name."""
        self.actions: list[Callable[[random.Random, str], Awaitable[None]]] = [
            self.read, self.read, self.change, self.create, self.create,
            self.list, self.read_ahead, self.share, self.run_in_bulk, self.store,
        ]  # fmt: skip

    async def run(self) -> None:
        """Let all tasks work to their end, and see what is left."""
        async with anyio.create_task_group() as chaos:
            chaos.start_soon(self.revoke)
            async with anyio.create_task_group() as tasks:
                for number in range(TASKS):
                    tasks.start_soon(self.work, number)
            chaos.cancel_scope.cancel()
        self.emulator.faults.clear()
        await self.check()

    async def revoke(self) -> None:
        """End all tokens from time to time."""
        chance = random.Random(self.seed)
        while True:
            await self.clock.sleep(chance.uniform(30, 150))
            self.emulator.revoke_tokens()

    async def work(self, number: int) -> None:
        """Do one thing after the other, some of them cancelled on the way."""
        chance = random.Random(f"{self.seed} {number}")
        for count in range(ACTIONS):
            action, name = chance.choice(self.actions), f"soak-{number}-{count}"
            begun, problem = self.clock.now(), ""
            try:
                async with perhaps_cancelled(chance, self.clock):
                    await action(chance, name)
                    self.done["whole"] += 1
            except SoracomError as error:
                self.done[type(error).__name__] += 1
                problem = str(error)
            took = self.clock.now() - begun
            self.longest = max(self.longest, took)
            assert self.circular or "circle" not in problem, f"{action.__name__}: {problem}"
            assert took < self.bound, f"{action.__name__} took {took:.0f} s"

    def any_sim(self, chance: random.Random) -> str:
        """Return the identifier of a SIM."""
        return f"{8942310022000000000 + chance.randint(1, SIMS)}"

    async def read(self, chance: random.Random, name: str) -> None:
        """A read gives what was asked for."""
        sim_id = self.any_sim(chance)
        assert (await self.soracom.sims.get(sim_id)).sim_id == sim_id

    async def change(self, chance: random.Random, name: str) -> None:
        """A change is one of that SIM."""
        sim_id, speed = self.any_sim(chance), chance.choice(["s1.minimum", "s1.slow", "s1.fast"])
        sim = await self.soracom.sims.update_speed_class(sim_id, speed_class=speed)
        assert sim.sim_id == sim_id

    async def create(self, chance: random.Random, name: str) -> None:
        """A group is created once, or not at all if the error says so."""
        self.created[name] = range(2)
        try:
            group = await self.soracom.groups.create(tags={"name": name})
        except RateLimited:
            self.created[name] = range(1)
            raise
        except TransportError as error:
            self.created[name] = range(2 if error.sent else 1)
            raise
        assert group.tags == {"name": name}
        self.created[name] = range(1, 2)

    async def list(self, chance: random.Random, name: str) -> None:
        """A listing has each SIM once, unless its pages run in a circle, and ends."""
        seen: list[Any] = []
        stop = chance.choice([1, 70, SIMS * 3])
        async for sim in self.soracom.sims.list(limit=50):
            seen.append(sim.sim_id)
            if len(seen) >= stop:
                break
        self.check_listed(seen, stop)

    async def read_ahead(self, chance: random.Random, name: str) -> None:
        """A listing that is read ahead is the same one."""
        seen: list[Any] = []
        stop = chance.choice([1, 70, SIMS * 3])
        async with self.soracom.sims.list(limit=50).ahead(2) as sims:
            async for sim in sims:
                seen.append(sim.sim_id)
                if len(seen) >= stop:
                    break
        self.check_listed(seen, stop)

    async def share(self, chance: random.Random, name: str) -> None:
        """Several tasks that draw on one iterator get each SIM once."""
        seen: list[Any] = []
        failed: list[SoracomError] = []
        sims = aiter(self.soracom.sims.list(limit=50))

        async def draw() -> None:
            try:
                async for sim in sims:
                    seen.append(sim.sim_id)
            except SoracomError as error:
                failed.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(draw)
        if failed:
            raise failed[0]
        self.check_listed(seen, SIMS)

    def check_listed(self, seen: list[Any], stop: int) -> None:
        """All that was listed comes once, and none is missing."""
        if not self.circular:
            assert len(set(seen)) == len(seen) == min(stop, SIMS)

    async def run_in_bulk(self, chance: random.Random, name: str) -> None:
        """Each key has one result, its own; a run that is left early leaves nothing behind."""
        keys = list(dict.fromkeys(self.any_sim(chance) for _ in range(12)))
        stop = chance.choice([3, len(keys)])
        seen: list[str] = []
        async with bulk.run(self.soracom.sims.get, keys, concurrency=4) as results:
            async for result in results:
                seen.append(result.key)
                if isinstance(result, bulk.Ok):
                    assert result.value.sim_id == result.key
                if len(seen) == stop:
                    break
        assert len(set(seen)) == len(seen) == min(stop, len(keys))
        assert set(seen) <= set(keys)

    async def store(self, chance: random.Random, name: str) -> None:
        """A file comes back as it was stored, or a part of it is read and the rest left."""
        content = chance.randbytes(chance.choice([10, 200_000]))
        await self.soracom.files.put("private", f"{name}.bin", content=content)
        async with self.soracom.stream("getFile", scope="private", path=f"{name}.bin") as answer:
            if chance.random() < 0.3:
                async for chunk in answer:
                    assert content.startswith(bytes(chunk))
                    break
            else:
                assert await answer.read() == content

    async def check(self) -> None:
        """Nothing is held any more, nothing was doubled, and the session is as good as new."""
        assert in_flight(self.soracom) == 0, "permits are left"
        groups = self.emulator.operator.groups
        counts = Counter(groups.get(group_id)["tags"].get("name") for group_id in groups)
        wrong = {name: counts[name] for name, allowed in self.created.items() if counts[name] not in allowed}
        assert not wrong, f"groups were created too often or not at all: {wrong}"
        assert self.emulator.leaks == 0, "the storage host got a token"
        assert self.done["whole"] > TASKS, f"hardly anything went well: {self.done}"
        assert await self.seconds_of(TASKS) < self.bound, "the session is no good any more"
        took = []
        for _ in range(5):  # a busy machine may be late
            await self.clock.sleep(61.0)
            await self.seconds_of(1)  # knows the quota of a new window
            with self.emulator.fault("latency", operation="getSim", seconds=20.0):
                took.append(await self.seconds_of(CONNECTIONS))
            if took[-1] < 40.0:
                return
        raise AssertionError(f"not all {CONNECTIONS} connections are free: {took}")

    async def seconds_of(self, reads: int) -> float:
        """Return how long so many concurrent reads take."""
        begun = self.clock.now()
        async with anyio.create_task_group() as tasks:
            for number in range(reads):
                tasks.start_soon(self.read, random.Random(number), "")
        return self.clock.now() - begun


@asynccontextmanager
async def perhaps_cancelled(chance: random.Random, clock: Clock) -> AsyncIterator[None]:
    """Cancel one of four bodies, after some passes of the event loop or seconds of the clock."""
    if chance.random() >= 0.25:
        yield
        return
    passes, seconds = chance.randint(0, 60), chance.choice([0.0, chance.uniform(0, 90)])
    failed: SoracomError | None = None
    async with anyio.create_task_group() as tasks:

        async def cancel() -> None:
            await settle(passes)
            if seconds:
                await clock.sleep(seconds)
            tasks.cancel_scope.cancel()

        tasks.start_soon(cancel)
        try:
            yield
        except SoracomError as error:
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
