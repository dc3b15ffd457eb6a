"""`ahead` and `bulk.run` in an async generator that is left early: its tasks end, and nobody else is cancelled."""

import asyncio
import contextlib
import contextvars
import gc

import anyio
import pytest
from clock import settle, until
from extras import needs

from soracom_async import ConfigurationError, Page, Pages, bulk

pytestmark = [
    pytest.mark.anyio,
    # trio says so of every generator that is not closed
    pytest.mark.filterwarnings("ignore:Async generator .* was garbage collected:ResourceWarning"),
]

KINDS = pytest.mark.parametrize("kind", ["ahead", "run"])
only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


class Service:
    """Numbers without end, in pages or by calls, and how many requests are under way."""

    def __init__(self):
        self.under_way = self.asked = 0
        self.slow = None
        """An event that each request waits for."""
        self.clean_up = 0
        """How many turns of the loop a cancelled request takes to end."""

    async def request(self, key):
        self.under_way += 1
        self.asked += 1
        try:
            await settle(2)
            if self.slow is not None:
                await self.slow.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await settle(self.clean_up)
            self.under_way -= 1
        return key

    async def fetch(self, key):
        number = await self.request(int(key or 0))
        return Page([2 * number, 2 * number + 1], str(number + 1))

    def opened(self, kind):
        """Return an `async with` that gives numbers or results."""
        if kind == "ahead":
            return Pages(self.fetch).ahead(2)
        return bulk.run(self.request, range(10_000), concurrency=4)

    async def numbers(self, kind):
        """Give numbers, as a user's generator does."""
        async with self.opened(kind) as items:
            async for item in items:
                yield item


@pytest.fixture
def service():
    return Service()


@pytest.fixture(autouse=True)
def quiet_loop(caplog):
    """Whatever an event loop has to say of tasks or generators that nobody cared for is a failure."""
    yield
    gc.collect(1)
    assert [str(record.msg) for record in caplog.records if record.name.startswith(("asyncio", "trio"))] == []


async def alive():
    """Whoever is here is not cancelled."""
    for _ in range(3):
        await settle(10)
        await anyio.sleep(0)  # noqa: ASYNC115 - as a caller may
    with anyio.fail_after(5):
        await anyio.lowlevel.checkpoint()


@KINDS
async def test_a_generator_that_is_left_by_break(service, kind):
    """Its tasks end as soon as it is collected, and the caller goes on as if nothing had been."""
    async for _ in service.numbers(kind):
        break
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()
    asked = service.asked
    await alive()
    assert service.asked == asked


@KINDS
async def test_a_generator_that_is_left_while_its_requests_are_under_way(service, kind):
    """So that there is something to cancel."""
    async for _ in service.numbers(kind):
        service.slow = anyio.Event()
        await settle(30)
        break
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
async def test_a_generator_that_only_the_garbage_collection_finds(service, kind):
    """It refers to itself, and so do its tasks: they are ended, not destroyed."""

    async def begin():
        async def circle():
            async for item in service.numbers(kind):
                yield item, itself

        itself = circle()
        await anext(itself)

    await begin()
    service.slow = anyio.Event()
    await settle()
    assert service.under_way
    gc.collect()
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
async def test_a_generator_that_nobody_collects_waits_and_does_no_harm(service, kind):
    """It reads as far ahead as it may, and the caller is free; closed in another task, it ends its own."""
    numbers = service.numbers(kind)
    async for _ in numbers:
        break
    await alive()
    asked = service.asked
    assert asked <= 9
    await alive()
    assert service.asked == asked
    async with anyio.create_task_group() as group:
        group.start_soon(numbers.aclose)
    assert service.under_way == 0
    await alive()


@KINDS
async def test_a_generator_in_aclosing(service, kind):
    """Properly closed, it has no task left behind the `async with`."""
    async with contextlib.aclosing(service.numbers(kind)) as numbers:
        async for _ in numbers:
            service.slow = anyio.Event()
            await settle()
            break
    assert service.under_way == 0
    await alive()


@KINDS
async def test_an_error_in_the_body_of_the_loop(service, kind):
    """It comes out as itself, and the caller that caught it is not cancelled."""
    with pytest.raises(KeyError, match="mine"):
        async for _ in service.numbers(kind):
            raise KeyError("mine")
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
async def test_an_error_that_is_thrown_into_the_generator(service, kind):
    """`athrow` ends the tasks first."""
    numbers = service.numbers(kind)
    await anext(numbers)
    service.slow = anyio.Event()
    await settle()
    with pytest.raises(KeyError, match="mine"):
        await numbers.athrow(KeyError("mine"))
    assert service.under_way == 0
    await alive()


@KINDS
async def test_scopes_of_the_caller_around_and_within_the_loop(service, kind):
    """They nest as without us: each is left in its turn, and none cancels another."""
    with anyio.CancelScope() as outer:
        async for _ in service.numbers(kind):
            with anyio.CancelScope() as inner:
                inner.cancel()
                await anyio.lowlevel.checkpoint()
            assert inner.cancelled_caught
            break
        gc.collect(1)
        await alive()
    assert not outer.cancelled_caught
    numbers = service.numbers(kind)
    with anyio.CancelScope() as scope:
        await anext(numbers)  # begun within a scope that is left before
    await anext(numbers)
    assert not scope.cancelled_caught
    await numbers.aclose()
    await alive()


@KINDS
async def test_a_scope_that_is_cancelled_while_the_generator_waits(service, kind):
    """The tasks end before the scope is left, also if that takes them a while; nothing else is cancelled."""
    service.slow = anyio.Event()
    service.clean_up = 30
    async with contextlib.aclosing(service.numbers(kind)) as numbers:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(anext, numbers)
                await settle()
                assert service.under_way
                scope.cancel()
        assert scope.cancelled_caught
        assert service.under_way == 0
    await alive()


@KINDS
async def test_a_generator_within_a_generator(service, kind):
    """As a helper of a helper has it; the outer one is left."""

    async def doubled():
        async for item in service.numbers(kind):
            yield item, item

    async for _ in doubled():
        break
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
async def test_many_generators_that_are_left(service, kind):
    """One after the other, and then the caller goes on."""
    for _ in range(20):
        async for _ in service.numbers(kind):
            break
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
async def test_calls_see_the_context_of_the_caller(service, kind):
    """A context variable that was set before the `async with` is seen by the calls."""
    variable = contextvars.ContextVar("variable", default="nobody's")
    seen = set()

    async def call(key):
        seen.add(variable.get())
        return await service.request(key)

    async def fetch(key):
        seen.add(variable.get())
        return await service.fetch(key)

    variable.set("mine")
    async with bulk.run(call, range(10)) if kind == "run" else Pages(fetch).ahead(2) as items:
        await anext(items)
    assert seen == {"mine"}


@KINDS
async def test_leaving_waits_for_what_takes_its_time(service, kind):
    """Nothing runs on behind the `async with`, however long the requests take to end."""
    service.clean_up = 100
    service.slow = anyio.Event()
    async with service.opened(kind):
        await settle()
        assert service.under_way
    assert service.under_way == 0


@KINDS
async def test_left_at_once(service, kind):
    """Nothing is asked if the `async with` is left before the tasks had a turn."""
    async with service.opened(kind):
        pass
    await settle()
    assert service.asked == 0


@KINDS
async def test_no_way_back_in(service, kind):
    """Entered a second time, or read after it was left: an error says so, also to those who were waiting."""
    opened = service.opened(kind)
    service.slow = anyio.Event()
    told = []

    async def wait(items):
        with pytest.raises(ConfigurationError) as caught:
            await anext(items)
        told.append(str(caught.value))

    async with anyio.create_task_group() as group:
        async with opened as items:
            group.start_soon(wait, items)
            await settle()
    assert "the 'async with' was left: write 'async with" in told[0]
    with pytest.raises(ConfigurationError, match="was left"):
        await anext(items)
    with pytest.raises(ConfigurationError, match="was entered before"):
        async with opened:
            pass


async def test_the_end_stays_the_end_for_those_who_wait():
    """The first worker that sees the end leaves the `async with`; the others see the end as well."""

    async def call(key):
        await settle(2)
        return key

    ends = []

    async def work(results):
        ends.append([result.value async for result in results])

    async with anyio.create_task_group() as group:
        async with bulk.run(call, range(4)) as results:
            group.start_soon(work, results)
            group.start_soon(work, results)
            await settle(1)
            ends.append([result.value async for result in results])
    assert sorted(key for got in ends for key in got) == [0, 1, 2, 3]
    assert len(ends) == 3


# asyncio's own ways


@KINDS
@only_asyncio
async def test_asyncio_timeout(service, kind):
    """`asyncio.timeout` and `wait_for` around a generator end with TimeoutError, and then the caller is free."""
    service.slow = anyio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            async for _ in service.numbers(kind):
                pass
    assert service.under_way == 0
    assert asyncio.current_task().cancelling() == 0
    numbers = service.numbers(kind)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(numbers), 0.01)
    await until(lambda: service.under_way == 0)
    with pytest.raises(StopAsyncIteration):
        await anext(numbers)
    await alive()
    assert asyncio.current_task().cancelling() == 0


@KINDS
@only_asyncio
async def test_each_item_in_a_task_of_its_own(service, kind):
    """`wait_for(anext(…))` enters and leaves the generator in ever other tasks."""
    numbers = service.numbers(kind)
    for _ in range(10):
        await asyncio.create_task(anext(numbers))
    await asyncio.create_task(numbers.aclose())
    assert service.under_way == 0
    await alive()


@KINDS
@only_asyncio
async def test_a_task_that_is_cancelled_again_and_again(service, kind):
    """It ends as cancelled, and not before the requests have ended."""
    service.slow = anyio.Event()
    service.clean_up = 50
    begun = set(asyncio.all_tasks())

    async def work():
        async with service.opened(kind) as items:
            await anext(items)

    task = asyncio.create_task(work())
    await settle()
    while not task.done():
        task.cancel()
        await settle(3)
    assert task.cancelled()
    assert service.under_way == 0
    assert asyncio.all_tasks() == begun


@KINDS
@only_asyncio
async def test_nothing_is_left_running(service, kind):
    """Behind the `async with` no task of ours lives."""
    before = asyncio.all_tasks()
    async with service.opened(kind) as items:
        await anext(items)
        assert asyncio.all_tasks() != before
    assert asyncio.all_tasks() == before


@KINDS
@only_asyncio
async def test_somebody_cancels_all_other_tasks(service, kind):
    """As a shutdown does: who goes on reading is told, and does not take it for the end."""
    before = asyncio.all_tasks()
    for turns in (0, 5):
        async with service.opened(kind) as items:
            await settle(turns)
            for task in asyncio.all_tasks() - before:
                task.cancel()
            with pytest.raises(RuntimeError, match="somebody else cancelled the tasks"):
                while True:
                    await anext(items)
    assert service.under_way == 0
    await alive()


@needs("fastapi")
@KINDS
@only_asyncio
async def test_a_streaming_response_whose_client_goes(service, kind):
    """A client that disconnects, while we wait or while its socket is full: the application goes on."""
    import fastapi
    from fastapi.responses import StreamingResponse

    app = fastapi.FastAPI()

    async def lines():
        async for item in service.numbers(kind):
            yield f"{item}\n"

    @app.get("/")
    async def read():
        return StreamingResponse(lines())

    async def request(chunks, *, full):
        sent, gone = 0, anyio.Event()
        received = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive():
            if received:
                return received.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            nonlocal sent
            sent += 1
            await anyio.lowlevel.checkpoint()
            if sent == chunks:
                gone.set()
                if full:
                    await anyio.sleep_forever()

        head = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "raw_path": b"/"}
        await app({**head, "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1"}, receive, send)

    for full in (True, False):
        for chunks in (2, 3, 7):
            await request(chunks, full=full)
            await alive()
    gc.collect(1)
    await until(lambda: service.under_way == 0)
    await alive()


@KINDS
def test_the_loop_ends_before_the_generator(service, kind):
    """`asyncio.run` ends with a generator that was left open: no task is destroyed while pending."""
    numbers = service.numbers(kind)

    async def main():
        await anext(numbers)
        service.slow = anyio.Event()
        await settle()

    asyncio.run(main(), debug=True)
    assert service.under_way == 0
    gc.collect(1)


@KINDS
def test_trio_ends_before_the_generator(service, kind):
    """And so does `trio.run`."""
    trio = pytest.importorskip("trio")
    numbers = service.numbers(kind)

    async def main():
        await anext(numbers)
        service.slow = anyio.Event()
        await settle()

    trio.run(main)
    assert service.under_way == 0
    gc.collect(1)


# What is no result of a call


async def fail_with(error, key):
    await settle(2)
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, type("Own", (BaseException,), {})])
@pytest.mark.parametrize("where", ["waiting", "elsewhere"])
def test_what_ends_a_program_ends_the_run_under_trio(error, where):
    """It is raised by the loop, or else by the end of the `async with`, as itself."""
    trio = pytest.importorskip("trio")

    async def main():
        with pytest.raises(error):
            async with bulk.run(lambda key: fail_with(error("x"), key), range(3)) as results:
                if where == "elsewhere":
                    await settle()
                else:
                    await anext(results)
        await alive()

    trio.run(main)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_ends_it_under_asyncio(error):
    """asyncio stops the loop for these two."""

    async def main():
        async with bulk.run(lambda key: fail_with(error("x"), key), range(3)) as results:
            await anext(results)

    with pytest.raises(error):
        asyncio.run(main())


@only_asyncio
@pytest.mark.parametrize("error", [GeneratorExit, type("Own", (BaseException,), {})])
async def test_any_other_ends_the_run_under_asyncio(error):
    """It is raised by the loop as itself."""
    with pytest.raises(error):
        async with bulk.run(lambda key: fail_with(error("x"), key), range(3)) as results:
            await anext(results)
    await alive()
