"""The state that is saved and loaded: every answer afterwards is as it was before."""

from __future__ import annotations

import json
import random
import re
import time

import pytest
from clock import FakeClock
from plain import log_in, open_client, refused

from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator import Emulator, JumpingClock
from soracom_async.emulator.state.fleet import Fleet
from soracom_async.emulator.state.groups import Groups
from soracom_async.emulator.state.storage import Storage
from soracom_async.emulator.state.world import World
from soracom_async.errors import ConfigurationError

SIM = "/sims/8942310022000000001"


def names(data, root, found):
    """Collect what identifies things in answers, by its name in paths: `groupId` is `group_id`."""
    if isinstance(data, list):
        for each in data[:3]:
            names(each, root, found)
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str):
                word = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
                found.setdefault((root, word), value)
                found.setdefault(word, value)
            names(value, root, found)


async def looked_at(client, found):
    """Return the answers to all that can be asked without changing anything, following names from answer to answer."""
    answers = {}
    for operation in [load(name) for name in MODULES] * 2:
        if operation.method != "GET":
            continue
        root = operation.path.split("/")[1]
        words = re.findall(r"\{(\w+)\}", operation.path)
        path = operation.path.format(**{word: found.get((root, word), found.get(word, "none")) for word in words})
        query = "&".join(f"{each.wire}={'2' if each.type is int else '1'}" for each in operation.query if each.required)
        answer = await client.get(f"{path}?{query}")
        body = re.sub(rb"(https://storage\.emulator\.test/)[^\"]*", rb"\1", answer.content)
        answers[operation.id, path] = answer.status_code, body
        if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
            names(answer.json(), root, found)
    return answers


async def lived_in(emulator, client):
    """Do a little of everything."""
    own = f"/operators/{emulator.operator_id}"
    done = [
        await client.post(f"{SIM}/suspend"),
        await client.put(f"{SIM}/tags", json=[{"tagName": "name", "tagValue": "käse"}]),
        await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"}),
        await client.post(f"{SIM}/profiles/8942310022000000001/add_subscription", json={"subscription": "planX1"}),
        await client.post("/groups", json={"tags": {"name": "north"}}),
        await client.post(f"{own}/users/guest", json={}),
        await client.post(f"{own}/users/guest/auth_keys"),
        await client.post(f"{own}/company_information", json=dict.fromkeys(COMPANY, "x")),
        await client.post("/credentials/mine", json={"type": "username-password-credentials", "credentials": {}}),
        await client.put("/files/private/a/b.txt", content=b"\xff\x00"),
        await client.post(f"{own}/mfa"),
        await client.post("/auth/password_reset_token/issue", json={"email": "root@example.com"}),
        await client.post("/subscribers/transfer_token/issue", json=TRANSFER),
    ]
    for answer in done:
        assert answer.status_code < 300, (answer.request.url, answer.text)


COMPANY = ("companyName", "countryCode", "zipCode", "department", "contactPersonName", "phoneNumber")
TRANSFER = {
    "transferImsi": ["001010000000002"],
    "transferDestinationOperatorEmail": "other@example.com",
    "transferDestinationOperatorId": "OP0000000001",
}


@pytest.mark.anyio
@pytest.mark.parametrize("late", [False, True], ids=["looked at before it is saved", "looked at afterwards only"])
async def test_every_answer_is_as_it_was(tmp_path, clock, anyio_backend, late):
    """With the same tokens, at the same time, whether what is made when looked at was made before or not."""
    emulator = Emulator(sims=6, groups=2, seed=3, clock=clock)
    path = tmp_path / "state.json"
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        await lived_in(emulator, client)
        emulator.advance(100)
        if late:
            emulator.save(path)
        before = await looked_at(client, found := {"operator_id": emulator.operator_id})
        if not late:
            emulator.save(path)
            before = await looked_at(client, dict(found))
    assert sum(status == 200 for status, _ in before.values()) > 100
    loaded = Emulator.load(path, clock=FakeClock(5.0))
    async with open_client(loaded, **{name: client.headers[name] for name in TOKENS}) as client:
        after = await looked_at(client, {"operator_id": loaded.operator_id} if late else dict(found))
        assert after.keys() == before.keys()
        for asked, answer in before.items():
            assert after[asked] == answer, asked
        assert loaded.world.uuid() == emulator.world.uuid()
    assert (path.stat().st_mode & 0o777) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


TOKENS = ("x-soracom-api-key", "x-soracom-token")


@pytest.mark.anyio
async def test_credentials_and_permissions_to_come_survive(emulator, client, other, tmp_path):
    """Users log in with what they had, tokens end when they would have, mailed tokens do what they were sent for."""
    transfer = TRANSFER | {"transferDestinationOperatorId": other.operator.id}
    token = (await client.post("/subscribers/transfer_token/issue", json=transfer)).json()["token"]
    await client.post("/auth/password_reset_token/issue", json={"email": "root@example.com"})
    emulator.world.mail("x@example.com", "anything", {"a": [1, "b"]})
    emulator.world.mail("x@example.com", "of all", (emulator.operator, [emulator.operator.users["sam"]]))
    gone = emulator.add_operator("gone@example.com")
    emulator.world.mail("gone@example.com", "of an operator", (gone, 1))
    emulator.world.mail("gone@example.com", "of a user", gone.users[None])
    gone_key = emulator.world.add_key(gone.users[None])
    await log_in(client, emulator.credentials_of(gone))
    del emulator.world.operators[gone.id]
    await log_in(client, emulator.root_user, tokenTimeoutSeconds=180)
    emulator.advance(100)
    emulator.save(tmp_path / "state")
    loaded = Emulator.load(tmp_path / "state", clock=FakeClock())
    assert (loaded.operator_id, loaded.auth_key, loaded.root_user, loaded.sam_user) == (
        emulator.operator_id,
        emulator.auth_key,
        emulator.root_user,
        emulator.sam_user,
    )
    assert [mail.purpose for mail in loaded.mails] == ["transfer of SIMs", "password reset", "anything", "of all"]
    assert loaded.mails[2].subject == {"a": [1, "b"]}
    assert loaded.mails[3].subject == [loaded.operator, [loaded.operator.users["sam"]]]
    assert gone_key.id not in loaded.world.keys
    async with open_client(loaded, **{name: client.headers[name] for name in TOKENS}) as again:
        assert (await again.get(SIM)).status_code == 200
        loaded.advance(80)
        assert refused(await again.get(SIM), 401, "AUM0013")
        assert (await log_in(again, loaded.auth_key)).status_code == 200
        assert (await log_in(again, loaded.sam_user)).status_code == 200
        assert (
            await log_in(again, loaded.credentials_of(loaded.world.operators[other.operator.id]))
        ).status_code == 200
        answer = await again.post("/subscribers/transfer_token/verify", json={"token": token})
        assert answer.json() == {"transferredImsi": ["001010000000002"]}
        verify = {"token": loaded.mails[0].token, "password": "Another-1"}
        assert (await again.post("/auth/password_reset_token/verify", json=verify)).status_code == 200
    assert loaded.root_user.password.reveal() == "Another-1"
    # A SIM that left and one that came are so again.
    loaded.save(tmp_path / "state")
    third = Emulator.load(tmp_path / "state", clock=FakeClock())
    assert [len(operator.fleet) for operator in third.world.operators.values()] == [29, 6]


@pytest.mark.anyio
async def test_files_can_still_be_fetched(emulator, tmp_path):
    """A URL that was given out is good for as long as it was."""
    path, _, query = emulator.world.storage.offer(b"\xff\x00", "text/plain", emulator.world.wall()).partition("?")
    emulator.save(tmp_path / "state")
    loaded = Emulator.load(tmp_path / "state", clock=FakeClock())
    async with open_client(loaded) as client:
        url = f"https://storage.emulator.test{path}?{query}"
        assert (await client.get(url)).content == b"\xff\x00"
        loaded.advance(3600)
        assert (await client.get(url)).status_code == 403


def test_time_goes_on(tmp_path, monkeypatch):
    """By the machine's clock it is today, moved on as it was, never earlier; by another clock it is when it was."""
    real = time.time()
    emulator = Emulator(sims=0)
    emulator.advance(1000)
    emulator.save(tmp_path / "state")
    monkeypatch.setattr(time, "time", lambda: real + 500)
    assert Emulator.load(tmp_path / "state").world.wall() == pytest.approx(real + 1500, abs=5)
    monkeypatch.setattr(time, "time", lambda: real - 500)
    loaded = Emulator.load(tmp_path / "state")
    assert loaded.world.wall() == pytest.approx(real + 1000, abs=5)
    assert loaded.world.ahead == 1000
    assert Emulator.load(tmp_path / "state", clock=JumpingClock()).world.wall() == pytest.approx(real + 1000, abs=5)


@pytest.mark.anyio
async def test_beginning_anew(emulator, client, tmp_path):
    """A reset brings back what was there at first, or what was loaded; quota, counts and faults begin again."""
    key = emulator.auth_key
    path = tmp_path / "state"
    await client.post(f"{SIM}/suspend")
    emulator.save(path)
    emulator.fault("error")
    emulator.advance(5)
    emulator.reset()
    assert (emulator.requests, emulator.logins, emulator.throttled, emulator.counts) == (0, 0, 0, {})
    assert emulator.auth_key == key
    assert refused(await client.get(SIM), 401, "AGW0002")
    assert (await log_in(client, emulator.auth_key)).status_code == 200
    answer = await client.get(SIM)
    assert answer.json()["status"] != "suspended"
    assert answer.headers["x-soracom-ratelimit-remaining"] == "999"
    loaded = Emulator.load(path, clock=FakeClock(), rate_limit=9)
    assert not emulator.loaded
    assert loaded.loaded
    for _ in range(2):
        async with open_client(loaded) as again:
            await log_in(again, loaded.root_user)
            assert (await again.get(SIM)).json()["status"] == "suspended"
            await again.post(f"{SIM}/activate")
        loaded.reset()


def test_a_million_sims_are_a_small_file(tmp_path):
    """Only what changed is saved."""
    Emulator(sims=1_000_000).save(tmp_path / "state")
    assert (tmp_path / "state").stat().st_size < 50_000


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is no state of a soracom_async emulator"),
        (b"\xff", "is no state"),
        (b"[1]", "is no state"),
        (b'{"format": "x", "version": 1}', "is no state"),
        (b'{"format": "state of a soracom_async emulator", "version": 99}', "is of version 99, .* reads version 1"),
        (b'{"format": "state of a soracom_async emulator", "version": 1}', "is damaged"),
    ],
)
def test_another_file_is_refused(tmp_path, content, problem):
    """An error says what is wrong with it."""
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"state {problem}"):
        Emulator.load(tmp_path / "state")
    with pytest.raises(FileNotFoundError):
        Emulator.load(tmp_path / "none")


def test_a_byte_order_mark_is_skipped(emulator, tmp_path):
    """Some editors put one before the text."""
    path = tmp_path / "state"
    emulator.save(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Emulator.load(path).auth_key == emulator.auth_key


def test_a_damaged_file_is_refused(emulator, tmp_path):
    """Whatever is missing or of another kind in it."""
    path = tmp_path / "state"
    emulator.save(path)
    saved = json.loads(path.read_bytes())
    worlds = [("operators", None), ("keys", [{}]), ("random", [1]), ("seed", ...), ("served", 3), ("offers", "x")]
    worlds.append(("random", [3, [-1] * 625, None]))
    damaged = [{**saved, "operator": None}]
    for name, value in worlds:
        world = {**saved["world"], name: value}
        if value is ...:
            del world[name]
        damaged.append({**saved, "world": world})
    for each in damaged:
        path.write_text(json.dumps(each))
        with pytest.raises(ConfigurationError, match="is damaged"):
            Emulator.load(path)


def test_what_cannot_be_written_leaves_nothing_behind(emulator, tmp_path, monkeypatch):
    """A file is there whole or not at all, and the former one stays."""
    with pytest.raises(OSError, match="No such file"):
        emulator.save(tmp_path / "none" / "state")
    emulator.save(tmp_path / "state")
    before = (tmp_path / "state").read_bytes()

    def fail(*_):
        raise OSError("full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="full"):
        emulator.save(tmp_path / "state")
    assert [each.name for each in tmp_path.iterdir()] == ["state"]
    assert (tmp_path / "state").read_bytes() == before


def test_nothing_is_forgotten():
    """Whoever adds state to one of these has to save it, too: see state/serialization.py."""
    clock = FakeClock()
    world = World(clock)
    operator = world.add_operator("a@example.com", "b")
    known = "seed random clock ahead _start operators keys sessions mails storage served next_number"
    assert set(vars(world)) == set(known.split())
    # The index of searches is what they do not know yet: they know all of a state that was loaded.
    fleet = "operator_id numbers _seed _time _live_groups _changed _added _gone _index"
    assert isinstance(operator.fleet, Fleet)
    assert set(vars(operator.fleet)) == {*fleet.split(), "_index"}  # a loaded fleet is indexed as it is
    assert set(vars(Groups("OP"))) == {"_operator_id", "_groups", "_order"}
    assert set(vars(Storage())) == {"_offers", "_ends", "leaks"}
    assert isinstance(world.random, random.Random)
