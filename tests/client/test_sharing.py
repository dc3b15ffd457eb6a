"""One iterator and several tasks: each item goes to exactly one of them, in order of asking."""

import asyncio
import itertools
import random

import anyio
import pytest
from clock import settle

from soracom_async import DecodeError, Page, Pages, TransportError, bulk

pytestmark = pytest.mark.anyio


class Listing:
    """A listing of the numbers below `end`, every third page empty, each fetched in some turns of the loop."""

    def __init__(self, end=60, *, turns=3, failing=()):
        self.pages = []
        for start in range(0, end, 4):
            self.pages += [list(range(start, start + 4))] + [[]] * (start % 8 == 4)
        self.turns, self.failing, self.asked = turns, list(failing), []
        self.under_way = 0

    async def __call__(self, key):
        assert self.under_way == 0, "two pages at once"
        self.under_way += 1
        try:
            await settle(self.turns)
        finally:
            self.under_way -= 1
        number = int(key or 0)
        self.asked.append(number)
        if number in self.failing:
            self.failing.remove(number)
            raise TransportError(f"gone at {number}")
        return Page(self.pages[number], str(number + 1) if number + 1 < len(self.pages) else None)


async def drawn(tasks, iterator, *, pause=0):
    """Let so many tasks draw; return what each got."""
    got = [[] for _ in range(tasks)]

    async def work(mine):
        async for item in iterator:
            mine.append(item)
            await settle(pause)

    async with anyio.create_task_group() as group:
        for mine in got:
            group.start_soon(work, mine)
    return got


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


@pytest.mark.parametrize("pause", [0, 1, 5])
@pytest.mark.parametrize("tasks", [2, 3, 50])
async def test_items_of_one_iterator(tasks, pause):
    """Items of a listing: none lost, none doubled, each page fetched once."""
    listing = Listing()
    got = await drawn(tasks, aiter(Pages(listing)), pause=pause)
    assert sorted(flat(got)) == list(range(60))
    assert len(set(listing.asked)) == len(listing.asked)


@pytest.mark.parametrize("tasks", [2, 3, 50])
async def test_pages_of_one_iterator(tasks):
    """Pages of a listing, likewise, and no talk of circles."""
    got = await drawn(tasks, Pages(Listing()).by_page())
    assert sorted(flat(page.items for page in flat(got))) == list(range(60))


@pytest.mark.parametrize("tasks", [2, 3, 50])
async def test_items_that_are_read_ahead(tasks):
    """Items of `ahead`."""
    async with Pages(Listing()).ahead(2) as items:
        got = await drawn(tasks, items, pause=1)
    assert sorted(flat(got)) == list(range(60))


@pytest.mark.parametrize("tasks", [2, 3, 50])
async def test_results_of_a_run(tasks):
    """Results of a bulk run; the run counts them all."""

    async def call(key):
        await settle(key % 4)
        return key

    async with bulk.run(call, aiter(Pages(Listing())), concurrency=5) as results:
        got = await drawn(tasks, results)
        assert results.done == 60
    assert sorted(result.value for result in flat(got)) == list(range(60))


async def test_items_go_to_those_who_ask_in_their_order():
    """Who asked first gets the first item, also if others ask when the page has just come."""
    released = anyio.Event()

    async def fetch(key):
        await released.wait()
        return Page(list(range(10)), None)

    items, order = aiter(Pages(fetch)), []

    async def ask(name):
        order.append((name, await anext(items)))
        order.append((name + 100, await anext(items)))

    async with anyio.create_task_group() as group:
        for name in range(4):
            group.start_soon(ask, name)
            await settle(3)
        released.set()
        await settle(1)
        order.append((50, await anext(items)))
    by_item = [name for name, _ in sorted(order, key=lambda pair: pair[1])]
    assert by_item[:4] == [0, 1, 2, 3]
    assert len(by_item) == len(set(by_item)) == 9


async def test_an_item_that_is_there_is_handed_out_at_once():
    """A single consumer never waits for what has come already: no other task runs in between."""
    items, runs = aiter(Pages(Listing(end=4, turns=0))), 0
    await anext(items)

    async def count():
        nonlocal runs
        while True:
            runs += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(count)
        await settle(2)
        before = runs
        assert [await anext(items) for _ in range(3)] == [1, 2, 3]
        assert runs == before
        group.cancel_scope.cancel()


@pytest.mark.parametrize("kind", ["items", "pages", "ahead", "run"])
@pytest.mark.parametrize("seed", range(5))
async def test_who_is_cancelled_while_it_draws_loses_nothing(kind, seed):
    """Tasks are cancelled at any point of their drawing, and those that follow get all that is left."""
    rng = random.Random(seed)
    got = []

    async def call(key):
        await settle(rng.randrange(4))
        return key

    async def work(iterator, scope):
        with scope:
            async for item in iterator:
                got.append(item)
                await settle(rng.randrange(3))

    async def harass(iterator):
        for _ in range(40):
            scopes = [anyio.CancelScope() for _ in range(3)]
            async with anyio.create_task_group() as group:
                for scope in scopes:
                    group.start_soon(work, iterator, scope)
                for scope in scopes:
                    await settle(rng.randrange(5))
                    scope.cancel()
        async for item in iterator:
            got.append(item)

    pages = Pages(Listing(end=200, turns=2))
    if kind == "items":
        await harass(aiter(pages))
    elif kind == "pages":
        await harass(pages.by_page())
        got = flat(page.items for page in got)
    elif kind == "ahead":
        async with pages.ahead(2) as items:
            await harass(items)
    else:
        async with bulk.run(call, pages, concurrency=4) as results:
            await harass(results)
        got = [result.value for result in got]
    assert sorted(got) == list(range(200))
    if kind in ("items", "pages"):
        assert got == sorted(got)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("kind", ["items", "pages", "ahead", "run"])
async def test_who_is_cancelled_just_as_its_item_comes_loses_nothing(kind):
    """`task.cancel()` in the very turn in which the item is there: it goes to the next."""

    async def call(key):
        await settle(2)
        return key

    async def draw(iterator, got):
        async for item in iterator:
            got.append(item)

    async def harass(iterator, got):
        for passes in range(60):
            tasks = [asyncio.create_task(draw(iterator, got)) for _ in range(2)]
            await settle(passes % 7)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await draw(iterator, got)

    pages, got = Pages(Listing(end=100, turns=2)), []
    if kind == "items":
        await harass(aiter(pages), got)
    elif kind == "pages":
        await harass(pages.by_page(), got)
        got = flat(page.items for page in got)
    elif kind == "ahead":
        async with pages.ahead(2) as items:
            await harass(items, got)
    else:
        async with bulk.run(call, pages, concurrency=4) as results:
            await harass(results, got)
        got = [result.value for result in got]
    assert sorted(got) == list(range(100))


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_wait_for_around_each_item():
    """A time-out of one item loses none."""
    items, got = aiter(Pages(Listing(end=32))), []
    while True:
        try:
            got.append(await asyncio.wait_for(anext(items), 0))
        except TimeoutError:
            await settle(1)
            try:
                got.append(await asyncio.wait_for(anext(items), 5))
            except StopAsyncIteration:
                break
        except StopAsyncIteration:
            break
    assert got == list(range(32))


@pytest.mark.parametrize("kind", ["items", "pages", "ahead", "keys"])
async def test_an_error_reaches_all_who_wait_for_it_and_a_new_loop_goes_on(kind):
    """The error of a page is raised in each task that waits for it; afterwards the same iterator goes on behind."""

    async def call(key):
        return key

    listing = Listing(end=40, failing=[6])
    pages, got, errors = Pages(listing), [], []

    async def work(iterator):
        try:
            async for item in iterator:
                got.append(item)
                await settle(1)
        except TransportError as error:
            errors.append(error)

    async def three(iterator):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(work, iterator)
        await settle()
        assert listing.asked.count(6) == 1, "nobody asked again"
        assert [str(error) for error in errors] == ["gone at 6"] * 3
        before = len(got)
        await work(iterator)
        return before

    if kind == "items":
        before = await three(aiter(pages))
    elif kind == "pages":
        before = await three(pages.by_page())
        before, got = len(flat(page.items for page in got[:before])), flat(page.items for page in got)
    elif kind == "ahead":
        async with pages.ahead(2) as items:
            before = await three(items)
    else:
        async with bulk.run(call, pages, concurrency=4) as results:
            before = await three(results)
        got = [result.value for result in got]
    assert before == 16
    assert sorted(got) == list(range(40))
    assert len(errors) == 3


async def test_who_asks_after_an_error_has_it_tried_again_though_others_still_wait():
    """Those who waited share the error and cause no request each; who comes later is not told of it."""
    tries = 0

    async def fetch(key):
        nonlocal tries
        tries += 1
        await settle(3)
        if tries == 1:
            raise TransportError("once")
        return Page([1, 2], None)

    items, got = aiter(Pages(fetch)), []

    async def work():
        try:
            got.append(await anext(items))
        except TransportError:
            got.append(await anext(items))

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        group.start_soon(work)
    assert got == [1, 2]
    assert tries == 2


async def test_a_circle_is_told_to_all_who_wait_and_then_ends():
    """No task goes round."""

    async def fetch(key):
        await settle(2)
        return Page([1], "k")

    pages = Pages(fetch).by_page()
    told = []

    async def work():
        try:
            async for _ in pages:
                pass
        except DecodeError as error:
            told.append(str(error))

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
    assert told == ["the listing runs in a circle: the key 'k' came before"] * 3
    assert [page async for page in pages] == []
