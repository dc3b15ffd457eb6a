"""Many calls while the token runs out three times: logins, refused calls, failed calls.

    python -m benchmarks.expiry

The emulator answers in process. Session and emulator share a clock that each call moves on, so that three and a half
lives of a token pass, however fast the machine is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import httpx
from attrs import define, frozen

from soracom_async import Soracom
from soracom_async.emulator import Emulator

from ._common import Call, Drive, drive, show

TTL = 180
LIVES = 3.5


@define
class CallClock:
    """The machine's clock, ahead of it by `step` seconds for each call that was begun."""

    step: float
    calls: int = 0

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic() + self.calls * self.step

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await anyio.sleep(seconds)


@frozen
class Run:
    """What one way did."""

    took: Drive
    logins: int
    renewals: int
    requests: int


Variant = Callable[[Emulator, CallClock], AbstractAsyncContextManager[Call]]


@asynccontextmanager
async def ours(emulator: Emulator, clock: CallClock) -> AsyncIterator[Call]:
    """Use this library, which asks for a token of 180 s."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, token_ttl=TTL, clock=clock) as soracom:
        yield lambda: soracom.sims.list(limit=1).by_page().__anext__()


def by_hand(*, renew: bool) -> Variant:
    """Return httpx with a login at the start and, if `renew`, one more whenever a call is answered with 401."""

    @asynccontextmanager
    async def opened(emulator: Emulator, clock: CallClock) -> AsyncIterator[Call]:
        key = emulator.auth_key
        body = {"authKeyId": key.auth_key_id, "authKey": key.auth_key.reveal(), "tokenTimeoutSeconds": TTL}
        async with httpx.AsyncClient(base_url="http://emulator", transport=emulator.transport) as client:

            async def login() -> None:
                session = (await client.post("/v1/auth", json=body)).raise_for_status().json()
                client.headers.update({"x-soracom-api-key": session["apiKey"], "x-soracom-token": session["token"]})

            async def call() -> None:
                answer = await client.get("/v1/sims", params={"limit": "1"})
                if answer.status_code == 401 and renew:
                    await login()
                    answer = await client.get("/v1/sims", params={"limit": "1"})
                answer.raise_for_status()

            await login()
            yield call

    return opened


WAYS: dict[str, tuple[Variant, float | None]] = {
    "soracom_async": (ours, None),
    "soracom_async, tokens die before their time": (ours, 0.7 * TTL),
    "httpx, login on every 401": (by_hand(renew=True), None),
    "httpx, one login": (by_hand(renew=False), None),
}


async def run(way: Variant, ttl: float | None, calls: int, tasks: int) -> Run:
    """Make all the calls one way; `ttl` is what tokens live in fact, if not what was asked for."""
    clock = CallClock(LIVES * (ttl or TTL) / calls)
    emulator = Emulator(sims=1, rate_limit=10**9, token_ttl=ttl, clock=clock)
    async with way(emulator, clock) as call:

        async def one() -> None:
            clock.calls += 1
            await call()

        took = await drive(one, calls, tasks)
    return Run(took, emulator.logins, emulator.counts["generateAuthToken"], emulator.requests)


async def main(options: argparse.Namespace) -> None:
    """Measure and print the table."""
    rows = []
    for name, (way, ttl) in WAYS.items():
        one = await run(way, ttl, options.calls, options.tasks)
        refused = one.requests - one.logins - one.renewals - (options.calls - one.took.lost)
        rows.append(
            [name, *(f"{n:,}" for n in (one.logins, one.renewals, refused, one.took.lost)), f"{one.took.seconds:.2f}"]
        )
    title = f"{options.calls:,} calls of {options.tasks} tasks in {LIVES} lives of a token"
    show(title, ["", "logins", "token renewals", "answers of 401", "failed calls", "seconds"], rows)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--tasks", type=int, default=50)
    return parser.parse_args()


if __name__ == "__main__":
    anyio.run(main, arguments())
