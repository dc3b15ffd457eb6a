"""Listings as streams: `soracom_async.pages` and `_core.cursor`."""

import itertools
import logging

import anyio
import httpx
import pytest
from clock import settle
from hypothesis import given
from hypothesis import strategies as st
from leaks import report_of, sings
from servers import Script, opened

from soracom_async import (
    ConfigurationError,
    DecodeError,
    Page,
    Pages,
    TransportError,
    bulk,
)
from soracom_async._core.cursor import EMPTY_PAGES, LONGEST_PAUSE, RECENT_KEYS, LoopGuard, next_key
from soracom_async.models import (
    OrderedSubscriber,
    SoraCamRecordingsAndEventsListEvents,
    SoraCamRecordingsAndEventsListRecords,
)

pytestmark = pytest.mark.anyio


class Listing:
    """A listing of numbers in pages, which counts how often it is asked."""

    def __init__(self, *pages, error_at=None):
        self.pages, self.error_at, self.asked = pages, error_at, []

    async def __call__(self, key):
        await anyio.lowlevel.checkpoint()
        self.asked.append(key)
        number = 0 if key is None else int(key)
        if number == self.error_at:
            raise TransportError("gone")
        return Page(list(self.pages[number]), str(number + 1) if number + 1 < len(self.pages) else None)


async def test_items_of_all_pages_in_order():
    """A loop gives the items of all pages; short and empty pages are not the end."""
    listing = Listing([1, 2], [], [3], [], [4, 5])
    assert [item async for item in Pages(listing)] == [1, 2, 3, 4, 5]
    assert listing.asked == [None, "1", "2", "3", "4"]


async def test_each_loop_starts_anew_and_nothing_is_fetched_before():
    """A listing may be looped over twice; making it asks for nothing."""
    listing = Listing([1], [2])
    pages = Pages(listing)
    assert listing.asked == []
    assert await pages.collect() == [1, 2] == await pages.collect()


async def test_pages_can_be_resumed_by_their_key():
    """The key of a page leads on from behind it."""
    listing = Listing([1, 2], [3], [4])
    keys = [page.next_key async for page in Pages(listing).by_page()]
    assert keys == ["1", "2", None]
    assert await Pages(listing, keys[0]).collect() == [3, 4]


async def test_leaving_early_leaves_nothing_behind():
    """Breaking out of a loop, of items, pages or read-ahead, leaves nothing to be closed."""
    listing = Listing(*[[1, 2]] * 10)
    async for _ in Pages(listing):
        break
    async for _ in Pages(listing).by_page():
        break
    assert len(listing.asked) == 2
    async with Pages(listing).ahead(2) as items:
        async for _ in items:
            break


async def test_the_end_is_the_end():
    """Behind the last item a stream stays at its end."""
    items = aiter(Pages(Listing([1])))
    assert [item async for item in items] == [1]
    assert [item async for item in items] == []


@pytest.mark.parametrize("length", range(1, 12))
@pytest.mark.parametrize("lead", [0, 1, 5])
async def test_a_circle_of_any_length_is_noticed(length, lead):
    """A listing whose keys come again stops with an error, after a bounded number of pages."""
    asked = 0

    async def fetch(key):
        nonlocal asked
        asked += 1
        number = -1 if key is None else int(key)
        return Page([number], str(number + 1 if number + 1 < lead + length else lead))

    with pytest.raises(DecodeError, match="circle"):
        await Pages(fetch).collect()
    assert asked <= 4 * (lead + length) + 4


async def test_the_same_key_twice_in_a_row_stops_at_once():
    """The key just used is never asked for again."""
    asked = []

    async def fetch(key):
        asked.append(key)
        return Page([1], "k")

    stream = Pages(fetch).by_page()
    assert (await anext(stream)).next_key == "k"
    with pytest.raises(DecodeError, match="'k'"):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert asked == [None, "k"]


@pytest.mark.parametrize(("lead", "length"), [(0, 500), (300, 700), (5, RECENT_KEYS), (0, RECENT_KEYS + 1), (9, 3000)])
async def test_a_longer_circle_is_noticed(lead, length, jumping_clock):
    """A circle of recent keys is noticed before any item comes twice, a longer one after a few rounds."""
    asked = 0

    async def fetch(key):
        nonlocal asked
        asked += 1
        number = -1 if key is None else int(key)
        return Page([number], str(number + 1 if number + 1 < lead + length else lead))

    with pytest.raises(DecodeError, match="circle"):
        await Pages(fetch, clock=jumping_clock).collect()
    assert asked <= (lead + length + 1 if length <= RECENT_KEYS else 4 * (lead + length) + 4)
    assert jumping_clock.slept == []


async def test_a_key_that_comes_again_between_others_is_a_circle():
    """Whatever comes between: the page behind it is the same."""
    keys = iter(["a", "b", "a", "c", "a", "d"])

    async def fetch(key):
        return Page([1], next(keys))

    with pytest.raises(DecodeError, match="'a' came before"):
        await Pages(fetch).collect()
    assert next(keys) == "c"


async def test_the_key_that_a_listing_resumed_at_is_known():
    """A listing that leads back to where it was resumed is noticed at once."""
    following = {"k": "l", "l": "m", "m": "k"}
    asked = []

    async def fetch(key):
        asked.append(key)
        return Page([1], following[key])

    with pytest.raises(DecodeError, match="'k' came before"):
        await Pages(fetch, "k").collect()
    assert asked == ["k", "l", "m"]


class Endless:
    """A listing whose keys never end, whose pages are empty but for some."""

    def __init__(self, *full):
        self.full, self.asked = full, 0

    async def __call__(self, key):
        await anyio.lowlevel.checkpoint()
        number, self.asked = self.asked, self.asked + 1
        return Page([number] if number in self.full else [], str(number))


def warnings_of(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("way", ["items", "pages", "collect", "ahead", "keys"])
async def test_empty_pages_without_end_are_read_slowly(way, clock, caplog):
    """After many of them in a row it is said once, and the pauses between them grow to a bound."""
    listing = Endless()
    pages = Pages(listing, name="listSims", clock=clock)

    async def read():
        if way == "collect":
            await pages.collect()
        elif way == "ahead":
            async with pages.ahead(2) as items:
                await anext(items)
        elif way == "keys":
            async with bulk.run(print, pages) as results:
                await anext(results)
        else:
            async for page in pages if way == "items" else pages.by_page():
                assert page.items == []

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await clock.until_sleeping()
        assert listing.asked == EMPTY_PAGES
        for _ in range(20):
            await clock.advance(LONGEST_PAUSE)
            await clock.until_sleeping()
        group.cancel_scope.cancel()
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[0] < 1
    assert clock.slept[-1] == LONGEST_PAUSE
    assert listing.asked < EMPTY_PAGES + 40
    assert warnings_of(caplog) == [f"listSims gave {EMPTY_PAGES} empty pages in a row: from now on it is read slowly"]


async def test_empty_pages_between_full_ones_are_read_as_ever(clock, caplog):
    """A filter that few things match has them; only too many in a row count."""
    full = range(EMPTY_PAGES - 1, 2000, EMPTY_PAGES)
    items = aiter(Pages(Endless(*full), clock=clock))
    assert [await anext(items) for _ in range(30)] == list(full)[:30]
    assert clock.slept == []
    assert warnings_of(caplog) == []


async def test_a_full_page_ends_the_pauses(jumping_clock, caplog):
    """The next ones are read without a pause, and those of a second gap begin short again; it is said but once."""
    first, second = EMPTY_PAGES + 5, 2 * EMPTY_PAGES + 10
    items = aiter(Pages(Endless(first, first + 1, second), clock=jumping_clock))
    assert await anext(items) == first
    paused = len(jumping_clock.slept)
    assert paused == 6
    assert await anext(items) == first + 1
    assert len(jumping_clock.slept) == paused
    assert await anext(items) == second
    assert jumping_clock.slept[paused:] == jumping_clock.slept[:4]
    assert len(warnings_of(caplog)) == 1


async def test_a_session_waits_by_its_clock_and_names_the_operation(jumping_clock, caplog):
    """The warning says which listing it is."""
    keys = itertools.count()
    transport = Script(lambda r: httpx.Response(200, json=[], headers={"x-soracom-next-key": f"k{next(keys)}"}))
    async with opened(transport, clock=jumping_clock) as soracom:
        async for page in soracom.sims.list().by_page():
            if page.next_key == f"k{EMPTY_PAGES + 2}":
                break
    assert len(jumping_clock.slept) == 3
    assert warnings_of(caplog)[0].startswith("listSims (GET /sims) gave ")


# What is not written with `async`

ITEMS, LIST, WITH = "'async for item in pages'", "'await pages.collect()'", "'async with pages.ahead() as items'"
BULK = "'async with bulk.run(…) as results', and in it 'async for result in results'"


def loop(it):
    for _ in it:
        pass


async def wait_for(it):
    await it


async def enter(it):
    with it:
        pass


async def loop_unentered(it):
    async for _ in it:
        pass


@pytest.mark.parametrize("misuse", [loop, list, sorted, wait_for, enter, lambda it: 1 in it, lambda it: [*it]])
@pytest.mark.parametrize(
    ("what", "advice"),
    [
        (lambda: Pages(Listing([1])), (ITEMS, LIST)),
        (lambda: Pages(Listing([1])).by_page(), ("'async for page in pages.by_page()'",)),
        (lambda: aiter(Pages(Listing([1]))), ("'async for item in items'",)),
        (lambda: Pages(Listing([1])).ahead(2), (WITH,)),
        (lambda: bulk.run(print, [1]), (BULK,)),
    ],
)
async def test_what_is_used_without_async_says_how_it_is_used(misuse, what, advice):
    """A TypeError, as Python's own, that says what to write."""
    with pytest.raises(TypeError) as caught:
        done = misuse(what())
        await done
    for words in advice:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("what", "advice"), [(lambda: Pages(Listing([1])).ahead(2), WITH), (lambda: bulk.run(print, [1]), BULK)]
)
async def test_what_has_tasks_is_entered_first(what, advice):
    """A loop over `ahead(…)` or `bulk.run(…)` itself says that they are an `async with`."""
    with pytest.raises(TypeError) as caught:
        await loop_unentered(what())
    assert advice in str(caught.value)
    if advice is BULK:
        with pytest.raises(TypeError, match="async with bulk"):
            await anext(what())


async def test_ahead_reads_so_many_pages_ahead_and_no_more():
    """While the consumer is at its first item, up to two further pages are fetched."""
    listing = Listing(*[[n] for n in range(10)])
    async with Pages(listing).ahead(2) as items:
        assert await anext(items) == 0
        await settle(100)
        assert len(listing.asked) == 3
        assert [item async for item in items] == list(range(1, 10))


async def test_ahead_hands_an_error_on_behind_the_items_before_it():
    """An error of a later page comes when its turn is, as itself and not in a group."""
    listing = Listing([1], [2], [3], error_at=2)
    got = []
    with pytest.raises(TransportError, match="gone"):
        async with Pages(listing).ahead(2) as items:
            async for item in items:
                got.append(item)
    assert got == [1, 2]


async def test_an_error_in_the_body_of_ahead_comes_out_as_itself():
    """What the consumer raises inside the `async with` is not wrapped."""
    with pytest.raises(KeyError):
        async with Pages(Listing([1], [2], [3])).ahead(1):
            raise KeyError("mine")


async def test_ahead_under_cancellation():
    """A cancelled consumer takes the reader with it."""
    listing = Listing(*[[n] for n in range(1000)])
    with anyio.CancelScope() as scope:
        async with Pages(listing).ahead(3) as items:
            async for item in items:
                if item == 5:
                    scope.cancel()
    assert scope.cancelled_caught
    assert len(listing.asked) < 20


async def test_ahead_of_nothing_is_an_error():
    """Reading zero pages ahead cannot be meant."""
    with pytest.raises(ConfigurationError, match="at least one page"):
        Pages(Listing([1])).ahead(0)


def test_pages_say_where_they_begin():
    """The repr names the key, if there is one."""
    assert repr(Pages(Listing())) == "Pages()"
    assert repr(Pages(Listing(), "k")) == "Pages(last_evaluated_key='k')"


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"x-soracom-next-key": "abc"}, "abc"),
        ({"x-soracom-next-key": "a%2Fb%3D"}, "a/b="),
        ({"x-soracom-next-key": ""}, None),
        ({"link": "</v1/sims?last_evaluated_key=123>; rel=next"}, "123"),
        ({"link": '</v1/sims?limit=5&last_evaluated_key=1%2B2>; rel="next"'}, "1+2"),
        ({"link": "</v1/sims?last_evaluated_key=1+2>; rel=next"}, "1+2"),
        ({"link": "<https://evil.example/?last_evaluated_key=k#x>; rel=next"}, "k"),
        ({"link": "</v1/sims?last_evaluated_key=1>; rel=prev, </v1/sims?last_evaluated_key=2>; rel=next"}, "2"),
        ({"link": "</v1/sims?last_evaluated_key=1>; rel=prev"}, None),
        ({"link": "</v1/sims?last_evaluated_key=>; rel=next"}, None),
        ({"link": "</v1/sims?other=1>; rel=next"}, None),
        ({"link": "<<>>;;;rel"}, None),
        ({"link": "</v1/sims?last_evaluated_key=2>; title=x; rel=next", "x-soracom-next-key": "1"}, "1"),
    ],
)
def test_the_next_key(headers, key):
    """The key comes from its own header, or else out of the link; never the link's address."""
    assert next_key(headers) == key


@given(st.integers(0, 50), st.integers(1, 50))
def test_property_a_guard_notices_every_circle(lead, length):
    """Whatever leads into a circle, and however long it is, it is noticed within a few rounds."""
    guard, number = LoopGuard(), 0
    for _ in range(4 * (lead + length) + 4):
        if guard.looped(str(number)):
            return
        number = number + 1 if number + 1 < lead + length else lead
    raise AssertionError("not noticed")


@given(st.lists(st.text(), unique=True))
def test_property_a_guard_never_cries_wolf(keys):
    """Keys that are all different are no circle."""
    guard = LoopGuard()
    assert not any(guard.looped(key) for key in keys)


# Pages that are objects


def session(*answers):
    """Return a session whose service gives these pages: the JSON, and the key of the next one."""
    responses = [
        httpx.Response(200, json=data, headers={"x-soracom-next-key": key} if key else {}) for data, key in answers
    ]
    return opened(Script(*responses))


async def test_the_items_of_an_object():
    """A page may be an object: its items are typed and listed, what else it says is in `extra`."""
    first = {"orderedSubscriberList": [{"imsi": "1"}, {"imsi": "2", "unknown": 5}], "note": "more", "n": None}
    async with session((first, "k"), ({"orderedSubscriberList": None}, "l"), ({}, None)) as soracom:
        pages = [page async for page in soracom.orders.list_subscribers("1").by_page()]
    assert [[item.imsi for item in page.items] for page in pages] == [["1", "2"], [], []]
    assert all(type(item) is OrderedSubscriber for item in pages[0].items)
    assert pages[0].items[1].extra == {"unknown": 5}
    assert [page.extra for page in pages] == [{"note": "more", "n": None}, {}, {}]
    assert [page.next_key for page in pages] == ["k", "l", None]


async def test_the_items_of_several_lists():
    """Where an object has two lists, the items of both are given, those of each with their own type."""
    data = {"records": [{"startTime": 1, "endTime": 2}], "events": [{"type": "motion", "startTime": 3}], "more": 1}
    async with session((data, None)) as soracom:
        listing = soracom.sora_cam.devices.recordings_and_events.list_for_device
        (page,) = [page async for page in listing("1").by_page()]
        event, record = page.items
        assert type(event) is SoraCamRecordingsAndEventsListEvents
        assert type(record) is SoraCamRecordingsAndEventsListRecords
        assert (event.type, record.end_time.timestamp()) == ("motion", 0.002)
        assert page.extra == {"more": 1}
        assert len(await soracom.call("listSoraCamDeviceRecordingsAndEvents", device_id="1")) == 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "it is a JSON array"),
        ({"orderedSubscriberList": {"secret": "canary"}}, "its orderedSubscriberList is a JSON object"),
        ({"orderedSubscriberList": True, "secret": "canary"}, "its orderedSubscriberList is a JSON boolean"),
    ],
)
async def test_a_page_that_is_none(data, problem):
    """What has no items where they should be is a DecodeError, which shows nothing of it."""
    async with session((data, None)) as soracom:
        with pytest.raises(DecodeError, match=f"listOrderedSubscribers .*: 200 with a body of .*: {problem}") as caught:
            await soracom.orders.list_subscribers("1").collect()
    assert not sings(report_of(caught.value))
