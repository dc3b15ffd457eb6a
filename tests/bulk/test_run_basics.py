"""The same call over many keys: `soracom_async.bulk`."""

import asyncio

import anyio
import pytest
from clock import settle

from soracom_async import ConfigurationError, NotFound, bulk

pytestmark = pytest.mark.anyio


class Work:
    """A function to run over keys, which counts how many calls are under way."""

    def __init__(self):
        self.under_way = self.most = self.begun = 0
        self.gate = None

    async def __call__(self, key):
        self.begun += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await anyio.lowlevel.checkpoint()
            if key < 0:
                raise NotFound("no such thing", status=404)
        finally:
            self.under_way -= 1
        return key * 10


async def consume(run):
    async with run as results:
        return [result async for result in results]


async def test_one_result_for_each_key():
    """Every key has exactly one result, a value or an error, and progress counts them."""
    keys = [1, -2, 3, -4, 5]
    async with bulk.run(Work(), keys) as results:
        assert results.total == 5
        got = {result.key: result async for result in results}
        assert results.done == 5
    assert got[1] == bulk.Ok(1, 10)
    assert isinstance(got[-2], bulk.Failed)
    assert isinstance(got[-2].error, NotFound)
    assert sorted(got) == sorted(keys)


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_no_more_calls_at_once_than_allowed(concurrency):
    """The number of calls under way is bounded, and reached."""
    work = Work()
    work.gate = anyio.Event()
    async with bulk.run(work, range(100), concurrency=concurrency) as results:
        await settle()
        assert work.under_way == concurrency
        work.gate.set()
        assert len([result async for result in results]) == 100
    assert work.most == concurrency


async def test_keys_may_be_any_stream():
    """Generators and async generators are read as they come; their length is not known unless it is told."""

    async def stream():
        for key in range(10):
            yield key

    async with bulk.run(Work(), stream(), total=10) as results:
        assert results.total == 10
        assert sorted([result.key async for result in results]) == list(range(10))
    async with bulk.run(Work(), (key for key in range(3))) as results:
        assert results.total is None
        assert len([result async for result in results]) == 3


async def test_keys_are_read_no_faster_than_results_are_consumed():
    """A consumer that waits holds everything up: results do not pile up."""
    read = 0

    def keys():
        nonlocal read
        for key in range(10_000):
            read += 1
            yield key

    async with bulk.run(Work(), keys(), concurrency=4) as results:
        await anext(results)
        await settle(500)
        assert read <= 2 * 4 + 1


async def test_an_error_of_the_keys_comes_behind_the_results():
    """If the keys themselves fail, what was begun is finished and told before."""

    def keys():
        yield 1
        yield 2
        raise OSError("the file is gone")

    got = []
    with pytest.raises(OSError, match="the file is gone"):
        async with bulk.run(Work(), keys()) as results:
            async for result in results:
                got.append(result.key)
    assert sorted(got) == [1, 2]


async def test_leaving_early_cancels_what_is_under_way():
    """Breaking out of the loop ends the calls; none is left behind."""
    work = Work()
    work.gate = anyio.Event()
    async with bulk.run(work, range(100), concurrency=10):
        await settle()
        assert work.under_way == 10
    assert work.under_way == 0
    assert work.begun == 10


async def test_an_error_of_the_consumer_comes_out_as_itself():
    """What the body raises is not wrapped in a group."""
    with pytest.raises(KeyError):
        async with bulk.run(Work(), range(100)) as results:
            async for _ in results:
                raise KeyError("mine")


async def test_cancellation_from_outside():
    """A cancelled run ends all its calls."""
    work = Work()
    work.gate = anyio.Event()
    with anyio.CancelScope() as scope:
        async with bulk.run(work, range(100), concurrency=5) as results:
            await settle()
            scope.cancel()
            await anext(results)
    assert scope.cancelled_caught
    assert work.under_way == 0


async def test_nothing_to_do():
    """No keys, no results."""
    assert await consume(bulk.run(Work(), [])) == []
    assert await consume(bulk.run(Work(), iter([]))) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("not a function", [1]), "function to call for each key, not str"),
        ((print, 5), "iterable of keys, not int"),
        ((print, "abc"), "iterable of keys, not str"),
        ((print, [1], 0), "concurrency=0 must be 1 or more"),
        ((print, [1], True), "concurrency=True must be"),
        ((print, [1], "8"), "concurrency='8' must be"),
    ],
)
async def test_bad_arguments(arguments, message):
    """What cannot be run over is named before anything is called."""
    function, keys, *concurrency = arguments
    with pytest.raises(ConfigurationError, match=message):
        bulk.run(function, keys, **({"concurrency": concurrency[0]} if concurrency else {}))


async def test_a_wrong_total_is_no_loss():
    """It is for progress; all keys are called."""
    for total in (0, 1, -3):
        assert len(await consume(bulk.run(Work(), iter(range(5)), total=total))) == 5


async def test_an_error_of_the_keys_is_no_end_if_they_go_on():
    """A new loop reads on; keys that are a generator have ended with their error."""

    class Keys:
        read = 0

        def __aiter__(self):
            return self

        async def __anext__(self):
            self.read += 1
            if self.read == 3:
                raise OSError("once")
            if self.read > 5:
                raise StopAsyncIteration
            return self.read

    keys, got = Keys(), []
    async with bulk.run(Work(), keys) as results:
        with pytest.raises(OSError, match="once"):
            async for result in results:
                got.append(result.key)
        assert sorted(got) == [1, 2]
        await settle()
        assert keys.read == 3, "nobody asked again"
        got += [result.key async for result in results]
    assert sorted(got) == [1, 2, 4, 5]


# Cancellations that a call brings itself

only_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])


def cancelled_future():
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    return future


async def cancelled_task():
    task = asyncio.create_task(asyncio.sleep(60))
    await settle(1)
    task.cancel()
    await task


async def in_a_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(anyio.sleep_forever())
        await settle(1)
        raise asyncio.CancelledError


async def group_of_both():
    raise BaseExceptionGroup("both", [asyncio.CancelledError(), OSError("x"), BaseExceptionGroup("", [OSError("y")])])


async def raised():
    raise asyncio.CancelledError("mine")


async def its_own_task():
    asyncio.current_task().cancel()
    await settle(1)


async def its_own_task_twice():
    asyncio.current_task().cancel()
    asyncio.current_task().cancel()
    await settle(1)


CANCELLED = [
    lambda: cancelled_future(),
    cancelled_task,
    in_a_group,
    raised,
    its_own_task,
    its_own_task_twice,
    group_of_both,
]


@only_asyncio
@pytest.mark.parametrize("call", CANCELLED)
@pytest.mark.parametrize("concurrency", [1, 3])
async def test_a_cancellation_that_a_call_brings_is_its_result(call, concurrency):
    """A shared future or task that somebody cancelled fails the calls that wait for it, and no others."""

    async def work(key):
        if key % 3 == 1:
            await call()
        async with asyncio.timeout(60):  # a task that were still counted as cancelled would be cancelled by this
            await settle(2)
        return key

    async with bulk.run(work, range(9), concurrency=concurrency) as results:
        got = {result.key: result async for result in results}
    assert {key for key, result in got.items() if isinstance(result, bulk.Failed)} == {1, 4, 7}
    kind = BaseExceptionGroup if call is group_of_both else asyncio.CancelledError
    assert {type(got[key].error) for key in (1, 4, 7)} == {kind}
    assert asyncio.current_task().cancelling() == 0


@only_asyncio
async def test_a_cancellation_that_a_call_leaves_behind_hits_no_other():
    """A call that cancels its own task and returns at once has a result, and the next key's call is not cancelled."""

    async def work(key):
        if key == 1:
            asyncio.current_task().cancel()
        else:
            await settle(2)
        return key

    assert [result.value for result in await consume(bulk.run(work, range(4), concurrency=1))] == [0, 1, 2, 3]


@only_asyncio
async def test_a_cancellation_that_the_keys_bring_is_raised_by_the_loop():
    """As it would be if they were read by themselves."""

    async def keys():
        yield 1
        await cancelled_task()

    got = []
    async with bulk.run(Work(), keys()) as results:
        with pytest.raises(asyncio.CancelledError):
            async for result in results:
                got.append(result.key)
        assert [result async for result in results] == []
    assert got == [1]


@only_asyncio
async def test_a_cancellation_of_the_run_is_no_result():
    """The run ends though its calls are just failing by cancellations of their own."""
    shared = asyncio.get_running_loop().create_future()
    task = None

    async def run():
        async with bulk.run(lambda key: shared, range(100), concurrency=4) as results:
            async for _ in results:
                raise AssertionError("a result")

    task = asyncio.create_task(run())
    await settle()
    task.cancel()
    shared.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_scopes_of_a_call_are_its_own():
    """A call that cancels a scope of its own has a result."""

    async def work(key):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep_forever()
        return scope.cancelled_caught

    assert {result.value for result in await consume(bulk.run(work, range(5)))} == {True}


async def test_errors_of_calls_that_are_cut_off_are_nobodys():
    """Leaving ends the calls; what they raise then, groups too, is not raised by the `async with`."""
    begun = 0

    async def work(key):
        nonlocal begun
        begun += 1
        try:
            if key % 2:
                await anyio.sleep_forever()
            async with anyio.create_task_group() as group:
                group.start_soon(clean_up_badly)
        finally:
            if key % 3 == 1:
                raise OSError("while ending")

    async def clean_up_badly():
        try:
            await anyio.sleep_forever()
        finally:
            raise OSError("while ending, in a group")

    async with bulk.run(work, range(6)):
        await settle()
    assert begun == 6


async def test_a_cancellation_that_was_kept_from_another_task_is_a_result():
    """Whoever kept it and raises it again; trio has no other way to one."""
    kept = []

    async def work(key):
        if key == 1:
            raise kept[0]
        return key

    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.lowlevel.checkpoint()
        except BaseException as error:
            kept.append(error)
            raise
    got = {result.key: result for result in await consume(bulk.run(work, range(3)))}
    assert got[1] == bulk.Failed(1, kept[0])
    assert got[2] == bulk.Ok(2, 2)
