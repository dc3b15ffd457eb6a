"""Ways to live with a quota of `limit` calls in `window` seconds; each yields one function that makes one call."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import httpx
import limits
import limits.aio.storage
import limits.aio.strategies
import pyrate_limiter
import stamina
import tenacity
from aiolimiter import AsyncLimiter

from soracom_async import AuthKey, Soracom

from ._common import SIM_ID, Call

ATTEMPTS = 30
"""After which a call is lost, except to stamina, which has its own defaults."""
PATH = f"/v1/sims/{SIM_ID}"
Contender = Callable[[str, int, int], AbstractAsyncContextManager[Call]]
"""Is given the server's address, the limit and the window's seconds."""


class ThrottledError(Exception):
    """The server answered 429."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"429, {seconds} s")
        self.seconds = seconds


@asynccontextmanager
async def _http(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def get() -> None:
            answer = await client.get(PATH)
            if answer.status_code == 429:
                raise ThrottledError(int(answer.headers["x-soracom-ratelimit-seconds-before-refresh"]))
            answer.raise_for_status()

        yield get


async def _until_granted(
    get: Call, pause: Callable[[int, ThrottledError], Awaitable[None]], attempts: int = 10**6
) -> None:
    for attempt in range(attempts):
        try:
            await get()
        except ThrottledError as error:
            await pause(attempt, error)
        else:
            return
    raise TimeoutError(f"still refused after {attempts} attempts")


@asynccontextmanager
async def ours(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use this library as it is; it is told nothing of the quota."""
    async with Soracom(AuthKey("keyId-1", "secret-1"), endpoint=url) as soracom:
        await soracom.login()
        yield lambda: soracom.sims.get(SIM_ID)


@asynccontextmanager
async def back_off(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Wait 0.1 s after a 429, then twice as long each time, up to a window, with jitter."""

    async def pause(attempt: int, _: ThrottledError) -> None:
        await anyio.sleep(min(0.1 * 2**attempt, window) * random.uniform(0.5, 1.5))

    async with _http(url) as get:
        yield lambda: _until_granted(get, pause, ATTEMPTS)


@asynccontextmanager
async def header(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Sleep as long as the header of a 429 says."""

    async def pause(_: int, error: ThrottledError) -> None:
        await anyio.sleep(error.seconds)

    async with _http(url) as get:
        yield lambda: _until_granted(get, pause)


@asynccontextmanager
async def with_aiolimiter(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use aiolimiter's leaky bucket; what is refused passes it once more."""
    bucket = AsyncLimiter(limit, window)

    async with _http(url) as get:

        async def permitted() -> None:
            async with bucket:
                await get()

        yield lambda: _until_granted(permitted, _at_once)


@asynccontextmanager
async def with_pyrate(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use pyrate-limiter's default bucket; what is refused passes it once more."""
    limiter = pyrate_limiter.Limiter(pyrate_limiter.Rate(limit, window * 1000))

    async with _http(url) as get:

        async def permitted() -> None:
            await limiter.try_acquire_async("sims")
            await get()

        yield lambda: _until_granted(permitted, _at_once)


@asynccontextmanager
async def with_limits(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use the moving window of `limits`, which is asked again when its oldest hit leaves it."""
    limiter = limits.aio.strategies.MovingWindowRateLimiter(limits.aio.storage.MemoryStorage())
    item = limits.RateLimitItemPerSecond(limit, window)

    async with _http(url) as get:

        async def permitted() -> None:
            while not await limiter.hit(item):
                reset = (await limiter.get_window_stats(item)).reset_time
                await anyio.sleep(max(0.001, reset - time.time()))
            await get()

        yield lambda: _until_granted(permitted, _at_once)


@asynccontextmanager
async def with_tenacity(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use tenacity: random exponential waits, up to a window."""
    async with _http(url) as get:
        yield tenacity.retry(
            retry=tenacity.retry_if_exception_type(ThrottledError),
            wait=tenacity.wait_random_exponential(multiplier=0.1, max=window),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
        )(get)


@asynccontextmanager
async def with_stamina(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Use stamina with its defaults."""
    stamina.instrumentation.set_on_retry_hooks([])  # its log lines take time
    async with _http(url) as get:
        yield stamina.retry(on=ThrottledError)(get)


@asynccontextmanager
async def semaphore(url: str, limit: int, window: int) -> AsyncIterator[Call]:
    """Send ten at once; after a 429 wait a second and try again."""
    gate = anyio.Semaphore(10)

    async def pause(_: int, __: ThrottledError) -> None:
        await anyio.sleep(1)

    async with _http(url) as get:

        async def call() -> None:
            async with gate:
                await _until_granted(get, pause, ATTEMPTS)

        yield call


async def _at_once(attempt: int, error: ThrottledError) -> None:
    pass


CONTENDERS: dict[str, Contender] = {
    "soracom_async": ours,
    "sleep as the 429's header says": header,
    "back-off, exponential": back_off,
    "aiolimiter": with_aiolimiter,
    "pyrate-limiter": with_pyrate,
    "limits, moving window": with_limits,
    "tenacity, exponential": with_tenacity,
    "stamina, defaults": with_stamina,
    "semaphore of 10": semaphore,
}
