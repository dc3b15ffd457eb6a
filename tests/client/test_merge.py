"""Several listings as one stream: `pages.merge`; and a client for each coverage."""

import asyncio
import base64
import gc
import json
import logging
import threading
from collections import Counter

import anyio
import pytest
from clock import settle, until
from servers import LOGIN, SIM, Script

from soracom_async import AuthKey, ConfigurationError, Page, Pages, Soracom, TransportError, bulk
from soracom_async.emulator import Emulator
from soracom_async.pages import merge

pytestmark = pytest.mark.anyio

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


@pytest.fixture(autouse=True)
def quiet_loop(caplog):
    """Whatever an event loop has to say of tasks that nobody cared for is a failure."""
    yield
    gc.collect(1)
    assert [str(record.msg) for record in caplog.records if record.name.startswith(("asyncio", "trio"))] == []


class Listing:
    """A listing whose pages come when the test says so, and which counts what is under way."""

    def __init__(self, name, *pages, failing=(), open_=True):
        self.name, self.pages, self.failing = name, pages, list(failing)
        self.gate = anyio.Event()
        if open_:
            self.gate.set()
        self.asked, self.under_way = [], 0

    async def fetch(self, key):
        self.asked.append(key)
        self.under_way += 1
        try:
            await anyio.lowlevel.checkpoint()
            await self.gate.wait()
        finally:
            self.under_way -= 1
        number = int(key or 0)
        if number in self.failing:
            self.failing.remove(number)
            raise TransportError(f"{self.name} is gone at {number}")
        items = [f"{self.name}{number}{item}" for item in range(self.pages[number])]
        return Page(items, str(number + 1) if number + 1 < len(self.pages) else None)

    def list(self, last_evaluated_key=None):
        return Pages(self.fetch, last_evaluated_key)

    @property
    def items(self):
        return [f"{self.name}{number}{item}" for number, count in enumerate(self.pages) for item in range(count)]


def listings():
    return {"a": Listing("a", 2, 0, 3, 1), "b": Listing("b", 1, 2), "c": Listing("c", 0)}


def merged_of(listed, keys=None):
    return merge({name: listing.list((keys or {}).get(name)) for name, listing in listed.items()})


async def test_all_items_with_their_sources():
    """Each item once, those of one source in their order."""
    listed = listings()
    got = [pair async for pair in merged_of(listed)]
    for name, listing in listed.items():
        assert [item for source, item in got if source == name] == listing.items
    assert len(got) == 9


async def test_nothing_to_merge():
    """The stream ends at once, and stays at its end."""
    merged = merge({})
    assert [pair async for pair in merged] == []
    assert [pair async for pair in merged.by_page()] == []
    assert merged.next_keys == {}
    assert merged.finished == frozenset()


async def test_the_sources_are_read_at_once_and_one_page_ahead():
    """Nothing is asked before the loop; a slow source holds up nobody; none is read far ahead."""
    slow, fast = Listing("s", 1, 1, open_=False), Listing("f", *[2] * 10)
    merged = merge({"slow": slow.list(), "fast": fast.list()})
    await settle()
    assert slow.asked == fast.asked == []
    assert await anext(merged) == ("fast", "f00")
    await settle()
    assert slow.asked == [None]
    assert len(fast.asked) == 2
    assert [await anext(merged) for _ in range(3)] == [("fast", "f01"), ("fast", "f10"), ("fast", "f11")]
    await settle()
    assert len(fast.asked) == 3
    slow.gate.set()
    await settle()
    rest = [await anext(merged) for _ in range(4)]
    assert ("slow", "s00") in rest


async def test_sources_that_are_no_listings():
    """Generators, streams read ahead, runs: item by item, without keys."""
    listing = Listing("a", 2, 1)

    async def numbers():
        for number in range(3):
            yield number

    async def call(key):
        return key

    async with bulk.run(call, ["xy"]) as results, listing.list().ahead() as ahead:
        merged = merge({"numbers": numbers(), "run": results, "ahead": ahead, "more": merge({1: listing.list()})})
        got = [pair async for pair in merged]
    assert Counter(source for source, _ in got) == {"numbers": 3, "run": 1, "ahead": 3, "more": 3}
    assert merged.finished == {"numbers", "run", "ahead", "more"}
    assert set(merged.next_keys.values()) == {None}


@pytest.mark.parametrize("given", [0, 1, 3, 4, 7, 8])
async def test_resuming_loses_nothing(given):
    """After any number of items: all others come, and at most those of one page come twice."""
    listed = listings()
    merged = merged_of(listed)
    got = [await anext(merged) for _ in range(given)]
    keys, finished = merged.next_keys, merged.finished
    rest = {name: listing for name, listing in listed.items() if name not in finished}
    got += [pair async for pair in merged_of(rest, keys)]
    count = Counter(item for _, item in got)
    assert set(count) == {item for listing in listed.values() for item in listing.items}
    twice = {item[:2] for item, times in count.items() if times > 1}
    assert len(twice) <= 1
    assert max(count.values()) <= 2


@pytest.mark.parametrize("given", range(8))
async def test_resuming_between_pages_gives_nothing_twice(given):
    """After any number of pages."""
    listed = listings()
    merged = merged_of(listed)
    pages = merged.by_page()
    got = []
    for _ in range(min(given, 7)):
        source, page = await anext(pages)
        got += [(source, item) for item in page.items]
    if given == 7:
        assert [page async for page in pages] == []
        assert merged.finished == {"a", "b", "c"}
    rest = {name: listing for name, listing in listed.items() if name not in merged.finished}
    got += [pair async for pair in merged_of(rest, merged.next_keys)]
    assert sorted(item for _, item in got) == sorted(item for listing in listed.values() for item in listing.items)


async def test_the_keys_of_a_resumed_stream_begin_where_it_began():
    """Asked before anything was given, they are those that were given."""
    listed = listings()
    merged = merged_of(listed, {"a": "2"})
    assert merged.next_keys == {"a": "2", "b": None, "c": None}
    assert merged.finished == frozenset()
    await anext(merged)
    assert merged.next_keys["a"] == "2"


async def test_pages_behind_items():
    """A loop over pages goes on with what is left of the page that is open."""
    merged = merge({"a": Listing("a", 3, 1).list()})
    assert await anext(merged) == ("a", "a00")
    assert merged.next_keys == {"a": None}
    pages = merged.by_page()
    assert await anext(pages) == ("a", Page(["a01", "a02"], "1"))
    assert merged.next_keys == {"a": "1"}
    assert await anext(merged) == ("a", "a10")
    assert [page async for page in pages] == []
    assert merged.finished == {"a"}


async def test_an_error_names_its_source_and_the_others_are_read_on():
    """It comes behind what came before it; the next loop asks the source again."""
    listed = {"a": Listing("a", 1, 1, 1, failing=[1]), "b": Listing("b", *[1] * 4)}
    merged = merged_of(listed)
    got = []
    with pytest.raises(TransportError, match="a is gone at 1") as caught:
        async for pair in merged:
            got.append(pair)
    assert caught.value.__notes__ == ["while reading the source 'a'"]
    assert ("a", "a00") in got
    assert merged.next_keys["a"] == "1"
    got += [pair async for pair in merged]
    assert sorted(item for _, item in got) == sorted(listed["a"].items + listed["b"].items)


async def test_a_source_that_always_fails_does_not_hold_up_the_others():
    """Whoever goes on in spite of it has all of the others."""
    listed = {"bad": Listing("x", 1, failing=[0] * 100), "b": Listing("b", *[1] * 9)}
    merged = merged_of(listed)
    got = []
    while "b" not in merged.finished:
        with pytest.raises(TransportError):
            async for pair in merged:
                got.append(pair)
    assert [item for _, item in got] == listed["b"].items
    assert merged.next_keys == {"bad": None, "b": None}


async def test_several_tasks_share_the_stream():
    """Each item goes to one of them."""
    listed = listings()
    merged = merged_of(listed)
    got = []

    async def work():
        async for _, item in merged:
            got.append(item)
            await settle(3)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(work)
    assert sorted(got) == sorted(item for listing in listed.values() for item in listing.items)


async def test_a_loop_that_is_left_cancels_what_is_under_way():
    """Nobody else is cancelled, and nothing goes on."""
    slow, fast = Listing("s", 1, open_=False), Listing("f", *[1] * 50)
    async for _ in merge({"slow": slow.list(), "fast": fast.list()}):
        break
    gc.collect(1)
    await settle()  # what has begun is cancelled by now
    asked = len(fast.asked)
    await settle()
    assert slow.under_way == fast.under_way == 0
    assert len(fast.asked) == asked <= 2
    async for _ in merge({"slow": slow.list(), "fast": fast.list()}).by_page():
        break
    gc.collect(1)
    await settle()
    assert slow.under_way == fast.under_way == 0


async def test_a_loop_that_is_left_and_kept_only_ends_its_page():
    """The object lives on: its requests end by themselves, and no other begins."""
    fast = Listing("f", *[1] * 50)
    merged = merge({"fast": fast.list()})
    async for _ in merged:
        break
    await settle()
    assert (fast.under_way, len(fast.asked)) == (0, 2)
    assert await anext(merged) == ("fast", "f10")


async def test_an_object_that_another_thread_collects():
    """What is under way is cancelled in its own event loop."""
    slow = Listing("s", 1, open_=False)
    held = [merge({"slow": slow.list(), "fast": Listing("f", 1, 1).list()})]
    await anext(held[0])
    await settle()
    assert slow.under_way == 1
    thread = threading.Thread(target=held.clear)
    thread.start()
    while thread.is_alive():
        await anyio.lowlevel.checkpoint()
    await until(lambda: slow.under_way == 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_event_loop_ends_first(backend):
    """Its end cancels what is under way; that the object is collected later does no harm."""
    pytest.importorskip(backend)
    held = []

    async def main():
        slow = Listing("s", 1, open_=False)
        held.append(slow)
        held.append(merge({"slow": slow.list(), "fast": Listing("f", 1, 1).list()}))
        await anext(held[1])
        await settle()

    anyio.run(main, backend=backend)
    assert held[0].under_way == 0
    held.clear()
    gc.collect(1)


async def test_the_end_of_a_with_waits_for_what_is_under_way():
    """Then nothing runs any more, and whoever asks is told."""
    slow, fast = Listing("s", 1, open_=False), Listing("f", 1, 1)
    told = []

    async def wait(merged):
        with pytest.raises(ConfigurationError) as caught:
            while True:
                await anext(merged)
        told.append(str(caught.value))

    async with anyio.create_task_group() as tasks:
        async with merge({"slow": slow.list(), "fast": fast.list()}) as merged:
            assert await anext(merged) == ("fast", "f00")
            tasks.start_soon(wait, merged)
            await settle()
            assert slow.under_way == 1
        assert slow.under_way == 0
    assert "the 'async with' was left" in told[0]
    with pytest.raises(ConfigurationError, match="was left"):
        await anext(merged)
    assert merged.next_keys == {"slow": None, "fast": None}


async def test_a_cancelled_consumer_loses_nothing():
    """What it waited for goes to the next one."""
    slow = Listing("s", 2, 1, open_=False)
    merged = merge({"slow": slow.list()})
    with anyio.move_on_after(0.01):
        await anext(merged)
    slow.gate.set()
    assert [item async for _, item in merged] == slow.items
    assert slow.asked == [None, "1"]


@only_asyncio
async def test_somebody_cancels_all_other_tasks():
    """As a shutdown does: who goes on reading is told once; then the source is read again."""
    slow = Listing("s", 1, open_=False)
    merged = merge({"slow": slow.list()})
    before = asyncio.all_tasks()
    reader = asyncio.create_task(anext(merged))
    await settle()
    for task in asyncio.all_tasks() - before - {reader}:
        task.cancel()
    with pytest.raises(RuntimeError, match="somebody else cancelled the reading of 'slow'"):
        await reader
    slow.gate.set()
    assert await anext(merged) == ("slow", "s00")


async def test_what_ends_a_program_is_raised_as_itself():
    """No error of a source: it comes out of the loop."""

    class Own(BaseException):
        pass

    async def source():
        raise Own
        yield

    merged = merge({"one": source()})
    with pytest.raises(Own):
        await anext(merged)


@only_asyncio
async def test_a_cancellation_that_a_source_brings_is_its_error():
    """The source waited for what somebody cancelled: the loop is told, and not cancelled."""
    future = asyncio.get_running_loop().create_future()

    class Source:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return await future

    merged = merge({"one": Source()})
    future.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await anext(merged)
    assert caught.value.__notes__ == ["while reading the source 'one'"]
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([1], "merge needs a mapping of names to listings, not list"),
        ({"g": [1]}, "merge: the source 'g' must be a listing, not list"),
        ({1: None}, "merge: the source 1 must be a listing, not NoneType"),
    ],
)
def test_what_cannot_be_merged(sources, said):
    """It is named at once."""
    with pytest.raises(ConfigurationError, match=said):
        merge(sources)


async def test_without_async():
    """Used in a plain loop, it says how to use it."""
    with pytest.raises(TypeError, match="async for source, item in merge"):
        list(merge({}))


async def test_several_operators(jumping_clock):
    """Several sessions, each with its own token and quota, as one stream."""
    emulators = {name: Emulator(sims=count, clock=jumping_clock) for name, count in {"north": 25, "south": 7}.items()}
    sessions = {
        name: Soracom(emulator.auth_key, transport=emulator.transport, clock=jumping_clock)
        for name, emulator in emulators.items()
    }
    try:
        got = Counter()
        async for name, sim in merge({name: soracom.sims.list(limit=5) for name, soracom in sessions.items()}):
            assert sim.sim_id
            got[name] += 1
        assert got == {"north": 25, "south": 7}
    finally:
        for soracom in sessions.values():
            await soracom.aclose()


# Coverages


def token(*coverages):
    """Return a login whose token names these coverage types."""
    claims = {"operator": {"operatorId": "OP0000000001", "coverageTypes": list(coverages)}}
    parts = ({"alg": "none"}, claims, {})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return {**LOGIN, "token": ".".join(encoded)}


def opened(transport, **settings):
    return Soracom(AuthKey("keyId-1", "secret-1"), transport=transport, **settings)


async def asked(named, **settings):
    """Return the hosts to which a call of each coverage's client goes."""
    transport = Script(SIM, login=token(*named))
    async with opened(transport, **settings) as soracom:
        clients = await soracom.coverages()
        for client in clients.values():
            await client.sims.get("1")
    hosts = [request.url.host for request in transport.requests]
    return dict(zip(clients, hosts, strict=True))


@pytest.mark.parametrize(
    ("endpoint", "hosts"),
    [
        (None, ["api.soracom.io", "g.api.soracom.io"]),
        ("https://api.soracom.io/v1", ["api.soracom.io", "g.api.soracom.io"]),
        ("https://jp.api.soracom.io", ["api.soracom.io", "g.api.soracom.io"]),
        ("https://g.api-sandbox.soracom.io", ["api-sandbox.soracom.io", "g.api-sandbox.soracom.io"]),
    ],
)
async def test_a_client_for_each_coverage(endpoint, hosts):
    """In the order of the token, at the addresses of the service or of its sandbox; it logs in by itself."""
    assert await asked(["jp", "g"], endpoint=endpoint) == dict(zip(["jp", "g"], hosts, strict=True))


async def test_one_coverage(monkeypatch):
    """One client; an address that is not the service's own is that coverage's."""
    assert await asked(["jp"]) == {"jp": "api.soracom.io"}
    assert await asked(["jp"], endpoint="https://proxy.example") == {"jp": "proxy.example"}
    monkeypatch.setenv("SORACOM_ENDPOINT", "https://g.api.soracom.io")
    assert await asked(["g", "jp"]) == {"g": "g.api.soracom.io", "jp": "api.soracom.io"}


async def test_coverages_share_session_and_options(clock):
    """Language, time-outs and the rest are those of the client that was asked; one login serves all."""
    transport = Script(SIM, login=token("jp", "g"))
    async with opened(transport, clock=clock) as soracom:
        clients = await soracom.with_options(language="ja", quota_share=0.5).coverages()
        for client in clients.values():
            await client.sims.get("1")
            assert client._options.language == "ja"
            assert client._options.background.share == 0.5
    assert {request.headers["x-soracom-lang"] for request in transport.requests} == {"ja"}


async def test_an_unknown_coverage_is_left_out_and_told(caplog):
    """A newer service may have more of them."""
    caplog.set_level(logging.WARNING, "soracom_async")
    assert await asked(["g", "mars"]) == {"g": "g.api.soracom.io"}
    assert [record.getMessage() for record in caplog.records] == [
        "the token names the coverage type 'mars', which is not known here: it is left out"
    ]


@pytest.mark.parametrize("named", [[], ["mars"]])
async def test_a_token_that_names_no_coverage(named):
    """An error says what to do."""
    with pytest.raises(
        ConfigurationError, match=r"names no coverage type that is known: use with_options\(coverage=…\)"
    ):
        await asked(named)


async def test_an_address_that_does_not_tell_coverages_apart():
    """An emulator or a proxy: each SIM would come twice, or not at all."""
    with pytest.raises(
        ConfigurationError, match=r"jp and g, and https://proxy\.example does not tell them apart: use wi"
    ):
        await asked(["jp", "g"], endpoint="https://proxy.example")
