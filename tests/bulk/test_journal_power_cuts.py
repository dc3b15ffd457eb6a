"""A journal whose machine lost its power: a clear error or a correct resume, never a wrong one."""

import os
import random
import shutil

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from soracom_async.bulk import JournalError
from soracom_async.bulk._opening import open_store
from soracom_async.bulk._store import Request, Settled
from soracom_async.bulk.claims import Claim, Identity, State

ACT = Identity("sendSmsToSim", {"payload": "hello"}, "OP0012345678", repeatable=False, parameter="sim_id")
SET = Identity("suspendSim", {}, "OP0012345678", repeatable=True, parameter="sim_id")


EXAMPLES = int(os.environ.get("POWER_CUTS", "6"))
"""Of each kind of damage."""


class Machine:
    """A directory with a journal, the runs that use it, and what is true of its keys."""

    def __init__(self, directory, identity, chance):
        self.directory, self.identity, self.chance = directory, identity, chance
        self.path = str(directory / "run.db")
        self.keys = [f"8981{chance.randrange(10**15):015d}" for _ in range(chance.choice([5, 300]))]
        self.sent = set()
        """Keys that a run was told to send, and of which it never said that they were not executed."""
        self.done = set()
        self.images = []
        """What the disk looked like at some times."""

    def open(self, **options):
        return open_store(self.path, self.identity, **{"repeat_unknown": False, "library": "1"} | options)

    def run(self, store, commits):
        """Claim and settle at random."""
        flights = []
        for _ in range(commits):
            settled = []
            for flight in self.chance.sample(flights, self.chance.randint(0, len(flights))):
                flights.remove(flight)
                state = self.chance.choice([State.DONE, State.DONE, State.FAILED, State.UNKNOWN, None])
                settled.append(Settled(flight, state, "no" * self.chance.randrange(100)))
                if state is State.DONE:
                    self.done.add(flight.key)
                elif state is not State.UNKNOWN:
                    self.sent.discard(flight.key)
            requests = [Request(key, None) for key in self.chance.choices(self.keys, k=self.chance.randint(0, 20))]
            store.write(settled, requests)
            self.judge(requests)
            flights += [each.flight for each in requests if each.flight]
            self.look()

    def judge(self, requests):
        """Check the answers to claims."""
        for each in requests:
            if each.claim is Claim.BEGIN:
                assert self.identity.repeatable or each.key not in self.sent, f"{each.key} is sent twice"
                self.sent.add(each.key)
            elif each.claim is Claim.DONE:
                assert each.key in self.done, f"{each.key} is left out"
            elif each.claim is Claim.UNKNOWN:
                assert each.key in self.sent
                assert not self.identity.repeatable

    def look(self):
        """Keep what the disk looks like now."""
        image = {path.name: path.read_bytes() for path in self.directory.iterdir() if not path.name.endswith("-shm")}
        self.images.append(image)

    def crash(self, store):
        """End a run as the death of its process does: the disk stays as it is, and nobody says anything."""
        self.restore(self.images[-1])
        store.close(clean=False)  # of files that are not there any more

    def restore(self, image):
        """Make the disk look like that."""
        shutil.rmtree(self.directory)
        self.directory.mkdir()
        for name, content in image.items():
            (self.directory / name).write_bytes(content)


def kept(image):
    """Return what a refusal must leave as it was."""
    return {name: content for name, content in image.items() if content and not name.endswith("-lock")}


def whole(image, images, chance):
    return image


def log_gone(image, images, chance):
    return {name: content for name, content in image.items() if not name.endswith("-wal")}


def lock_gone(image, images, chance):
    return {name: content for name, content in image.items() if not name.endswith("-lock")}


def database_alone(image, images, chance):
    return {name: content for name, content in image.items() if name.endswith(".db")}


def cut(name):
    def damage(image, images, chance):
        if not image.get(name):
            return image
        content = image[name]
        tail = chance.choice([chance.randrange(len(content) + 1), min(len(content), 4096 * chance.randrange(1, 4))])
        return image | {name: content[: len(content) - tail]}

    return damage


def zeroed(name):
    def damage(image, images, chance):
        if not image.get(name):
            return image
        content = image[name]
        tail = chance.randrange(len(content) + 1)
        return image | {name: content[: len(content) - tail] + bytes(tail)}

    return damage


def both_cut(image, images, chance):
    return cut("run.db")(cut("run.db-wal")(image, images, chance), images, chance)


def older(name):
    def damage(image, images, chance):
        if name == "run.db" and "run.db-lock" not in image:
            return image  # a journal that was closed is one file: an older copy of it is as good as any
        old = chance.choice(images)
        rest = {other: content for other, content in image.items() if other != name}
        return rest | ({name: old[name]} if name in old else {})

    return damage


DAMAGES = {
    "whole": whole,
    "log gone": log_gone,
    "lock gone": lock_gone,
    "database alone": database_alone,
    "database cut": cut("run.db"),
    "log cut": cut("run.db-wal"),
    "both cut": both_cut,
    "database zeroed": zeroed("run.db"),
    "log zeroed": zeroed("run.db-wal"),
    "older database": older("run.db"),
    "older log": older("run.db-wal"),
    "lock cut": cut("run.db-lock"),
}


@pytest.mark.parametrize("identity", [ACT, SET], ids=["act", "set"])
@pytest.mark.parametrize("damage", DAMAGES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_sent_twice_or_left_out_behind_a_power_cut(tmp_path_factory, damage, identity, seed):
    """Runs that end at random, and a disk that lost some of what was written: refused, or resumed as it was."""
    chance = random.Random(seed)
    directory = tmp_path_factory.mktemp("machine")
    machine = Machine(directory, identity, chance)
    try:
        for _ in range(chance.randint(1, 3)):
            store = machine.open()
            machine.look()
            machine.run(store, chance.randint(0, 12))
            if chance.random() < 0.3:
                store.close(clean=True)
                machine.look()
            else:
                machine.crash(store)
        image = DAMAGES[damage](machine.images[-1], machine.images, chance)
        machine.restore(image)
        try:
            store = machine.open()
        except JournalError as error:
            event(f"{damage}: {str(error).split(': ', 1)[-1][:40]}")
            assert image != machine.images[-1], "a journal that is whole must open"
            machine.look()
            assert kept(machine.images[-1]) == kept(image)
            return
        event(f"{damage}: resumed")
        requests = [Request(key, None) for key in machine.keys]
        store.write([], requests)
        machine.judge(requests)
        store.close(clean=True)
        assert sorted(path.name for path in directory.iterdir()) == ["run.db"]
    finally:
        shutil.rmtree(directory)
