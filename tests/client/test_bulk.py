"""The same call over many keys: `soracom_async.bulk`."""

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
