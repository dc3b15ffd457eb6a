"""`soracom-async demo`: the library at work against the emulator, by a clock that runs fast."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, TypeVar

import anyio
from attrs import frozen
from rich.console import Console
from rich.text import Text

from .. import bulk
from .._clock import ScaledClock
from ..client import Soracom
from ..emulator import Emulator
from ..errors import SoracomError
from .progress import Bar, Bars, progress
from .summary import Outcome, summary

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..api._shared import Sim, Subscriber
    from ..pages import Pages

T = TypeVar("T")

FACTOR = 30.0
"""How many times as fast as the machine's the clock of client and emulator runs."""
WINDOW, TOKEN_TTL = 60.0, 180
"""Seconds of a quota window, as the service has it, and of the shortest life that a token may have."""
PAGE = 100
WINDOWS, LEAST = 7, 300
"""The quota is so large that all takes that many windows, but not smaller than this."""
SUBSCRIPTION, SPEED_CLASS = "plan01s", "s1.fast"
"""What the SIMs have, and what they are changed to."""
TICK = 3.0
"""Seconds between two looks at the quota."""


@frozen(kw_only=True)
class Plan:
    """What the demo shall do."""

    sims: int
    changes: int
    tasks: int

    @property
    def rate_limit(self) -> int:
        """The requests of a group that the emulator allows in a window."""
        return max(LEAST, ceil((self.sims / PAGE + self.changes) / WINDOWS))

    def __str__(self) -> str:
        window, life = WINDOW / FACTOR, TOKEN_TTL / FACTOR
        return (
            f"An emulator with {self.sims:,} SIMs, {self.rate_limit:,} requests of each group a window, "
            f"{self.tasks:,} tasks.\n"
            f"Time runs {FACTOR:g} times as fast: a window of {WINDOW:g} s takes {window:g} s, "
            f"a token of {TOKEN_TTL} s runs out after {life:g} s."
        )


def run(options: argparse.Namespace) -> int:
    """Show it and print the summary; the exit code is 0 only if all went as it should."""
    console = Console(highlight=False)
    plan = Plan(sims=options.sims, changes=options.changes, tasks=options.tasks)
    console.print(str(plan), soft_wrap=True)
    with progress(console) as bars:
        outcome = anyio.run(show, plan, bars, backend=options.backend)
    return _tell(console, outcome)


def _tell(console: Console, outcome: Outcome) -> int:
    """Print what came of it; return the exit code."""
    console.print(summary(outcome))
    complaints = outcome.complaints()
    for complaint in complaints:
        console.print(Text.assemble(("Not as it should be: ", "red"), complaint), soft_wrap=True)
    return 1 if complaints else 0


async def show(plan: Plan, bars: Bars) -> Outcome:
    """Stream all, change some, and return what came of it."""
    clock = ScaledClock(FACTOR)
    outcome = Outcome(sims=plan.sims, changes=plan.changes, factor=FACTOR, window=WINDOW)
    async with (
        Emulator(
            sims=plan.sims, subscriptions=SUBSCRIPTION, rate_limit=plan.rate_limit, window=WINDOW, clock=clock
        ) as emulator,
        Soracom(emulator.auth_key, endpoint=emulator.url, token_ttl=TOKEN_TTL, clock=clock) as soracom,
    ):
        begun = clock.now()
        sim_ids: list[str] = []

        def take_sims(sims: list[Sim]) -> None:
            outcome.listed_sims += len(sims)
            sim_ids.extend(str(sim.sim_id) for sim in sims[: plan.changes - len(sim_ids)])

        def take_subscribers(subscribers: list[Subscriber]) -> None:
            outcome.listed_subscribers += len(subscribers)

        async with anyio.create_task_group() as tasks:
            sims, subscribers = soracom.sims.list(limit=PAGE), soracom.subscribers.list(limit=PAGE)
            tasks.start_soon(_stream, sims, take_sims, outcome, bars.add("SIMs", plan.sims))
            tasks.start_soon(_stream, subscribers, take_subscribers, outcome, bars.add("subscribers", plan.sims))
        changing = clock.now()
        await _change(soracom, plan, outcome, bars.add("changes", plan.changes), sim_ids, clock)
        outcome.seconds = (clock.now() - begun) / FACTOR
        outcome.requests, outcome.logins, outcome.throttled = emulator.requests, emulator.logins, emulator.throttled
        # Whoever changes never pauses, so that calls waited at the end of each of these windows.
        outcome.windows = [w for w in emulator.quota.closed if w.group == "Sim" and w.start >= changing]
    return outcome


async def _stream(pages: Pages[T], take: Callable[[list[T]], None], outcome: Outcome, bar: Bar) -> None:
    try:
        async for page in pages.by_page():
            take(page.items)
            bar.advance(len(page.items))
    except SoracomError as error:
        outcome.errors.append(error)


async def _change(
    soracom: Soracom, plan: Plan, outcome: Outcome, bar: Bar, sim_ids: list[str], clock: ScaledClock
) -> None:
    async def change(sim_id: str) -> Sim:
        return await soracom.sims.update_speed_class(sim_id, speed_class=SPEED_CLASS)

    async with bulk.run(change, sim_ids, concurrency=plan.tasks) as results, anyio.create_task_group() as tasks:
        tasks.start_soon(_watch, soracom, results, bar, clock)
        async for result in results:
            if isinstance(result, bulk.Ok):
                outcome.changed += result.value.speed_class == SPEED_CLASS
            else:
                assert isinstance(result, bulk.Failed)  # noqa: S101 - without a journal there is nothing else
                outcome.errors.append(result.error)
            bar.advance()
        tasks.cancel_scope.cancel()
    bar.note("")


async def _watch(soracom: Soracom, results: bulk.Run[str, Sim], bar: Bar, clock: ScaledClock) -> None:
    """Tell of the quota while the calls wait for it."""
    done = -1
    while True:
        quota = soracom.rate_limits().get("Sim")
        waiting = quota is not None and quota.remaining == 0 and results.done == done
        if quota is not None and quota.refresh_in is not None and waiting:
            bar.note(f"quota used up, next window in {quota.refresh_in:.0f} s")
        else:
            bar.note("")
        done = results.done
        await clock.sleep(TICK)
