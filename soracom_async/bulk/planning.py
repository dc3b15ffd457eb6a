"""What a run would send, and how long that takes at least; nothing is changed by it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import nullcontext
from os import PathLike
from typing import Any

import anyio.lowlevel
from attrs import define, frozen

from .._core.operation import Effect, Operation
from .._core.reset import PERIOD
from .._core.window import RateLimit
from .._session.limiter import by_group
from .claims import State as KeyState
from .present import Present
from .recorded import Recorded
from .states import State
from .targets import Bound, Target

REASONS = 5
"""How many reasons are kept for keys that cannot be sent."""
TURN = 1000
"""After so many keys the event loop has its turn."""

_EFFECTS = {
    Effect.READ: "reads; may be repeated",
    Effect.SET: "sets a state; may be repeated",
    Effect.ACT: "acts each time; is never repeated without being asked",
}


@frozen
class Plan:
    """What `bulk.run` would do with the same arguments. `str` says it in a few lines."""

    name: str
    """The operationId, or the name of your own function."""
    operation: Operation[Any] | None
    """None for your own function."""
    effect: Effect
    keys: int
    """How many keys there are, duplicates left out."""
    duplicates: int
    """How many keys came before."""
    invalid: int
    """How many keys would fail without a request, since an argument is wrong."""
    reasons: tuple[str, ...]
    """Why, for the first of them."""
    done: int
    """How many keys a former run of the journal has done."""
    unknown: int
    """How many keys a former run may have done; they are not sent again."""
    requests: int
    """How many requests are sent; of a listing, each further page is one more."""
    unchanged: int
    """How many of the requests would change nothing: what they set is there already."""
    missing: int
    """How many of the requests would fail: what they name is not there."""
    conflicts: int
    """How many of the requests set something that another of them sets to another state."""
    untold: int
    """For how many of the requests the present state is not known; all of them, if the things do not show it."""
    windows: int | None
    """How many windows of the quota they take; None if the quota is not known yet."""
    seconds: float | None
    """How long they take at least; None if neither quota nor pace is known."""

    @property
    def repeatable(self) -> bool:
        """Whether a call may be repeated that may have been executed."""
        return self.effect is not Effect.ACT

    def __str__(self) -> str:
        what = str(self.operation) if self.operation is not None else self.name or "your function"
        kept = [(self.duplicates, "duplicates"), (self.invalid, "invalid"), (self.done, "done before")]
        kept.append((self.unknown, "that may have been done before"))
        lines = [f"{what}: {_EFFECTS[self.effect]}", f"{self.keys:,} keys{_listed(kept)}"]
        lines += [f"  {reason}" for reason in self.reasons]
        shown = self.untold < self.requests
        known = [(self.unchanged, "would change nothing"), (self.missing, "are for what is not there")]
        known.append((self.conflicts, "contradict another one"))
        known.append((self.untold if shown else 0, "may change nothing: the present state is not known"))
        lines.append(f"{self.requests:,} requests{_listed(known)}")
        time = "for an unknown time: the quota is not known yet"
        if self.seconds is not None:
            windows = (
                "" if self.windows is None else f"{self.windows:,} window{'s' * (self.windows != 1)} of the quota, "
            )
            time = f"{windows}at least {_duration(self.seconds)}"
        return "\n".join([*lines, time])


def _listed(counts: list[tuple[int, str]]) -> str:
    return "".join(f"; {count:,} {name}" for count, name in counts if count)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@define(eq=False)
class _Count:
    """The keys, as they are read."""

    target: Target
    recorded: Recorded | None
    repeat: bool
    """Whether a key that a former run may have done is sent again."""
    present: Present | None
    seen: set[str]
    keys: int = 0
    duplicates: int = 0
    invalid: int = 0
    done: int = 0
    unknown: int = 0
    requests: int = 0
    reasons: tuple[str, ...] = ()

    def add(self, item: Any, bound: Bound, fixed: dict[str, Any]) -> None:
        if self.target.name:  # else no key has an identity
            if bound.text in self.seen:
                self.duplicates += 1
                return
            self.seen.add(bound.text)
        self.keys += 1
        state = None if self.recorded is None else self.recorded.state(bound.text)
        if state is KeyState.DONE:
            self.done += 1
        elif state in (KeyState.UNKNOWN, KeyState.BEGUN) and not self.repeat:
            self.unknown += 1
        elif bound.error is not None:
            self.invalid += 1
            if len(self.reasons) < REASONS:
                self.reasons += (str(bound.error),)
        else:
            self.requests += 1
            if self.present is not None:
                self.present.add({**fixed, **bound.arguments}, item)


async def planned(
    target: Target,
    keys: Iterable[Any] | AsyncIterable[Any],
    *,
    key: Callable[[Any], Any] | None,
    concurrency: int,
    journal: str | PathLike[str] | None,
    repeat_unknown: bool,
    interval: float,
    quota_share: float,
) -> Plan:
    """Return the plan of a run whose arguments were checked.

    Raises JournalError for a journal of another run or one that cannot be read, and what `keys` and the reading raise.
    """
    state = State.of(target.operation)
    present = None if state is None else Present(state)
    identity = None if journal is None and state is None else await target.identity()
    fixed = {} if identity is None else dict(identity.arguments)
    recorded = None if journal is None or identity is None else Recorded(journal, identity)
    count = _Count(target, recorded, target.repeatable or repeat_unknown, present, set())
    with recorded or nullcontext():
        number = 0
        async for item in _each(keys):
            count.add(item, _bound(target, item, key), fixed)
            number += 1
            if number % TURN == 0:
                await anyio.lowlevel.checkpoint()
    if present is not None:
        await present.read(target.caller, concurrency)
    windows, seconds = _time(count.requests, _limit(target), quota_share)
    if interval and count.requests:
        seconds = max(seconds or 0.0, (count.requests - 1) * interval)
    return Plan(
        name=target.name,
        operation=target.operation,
        effect=target.effect,
        keys=count.keys,
        duplicates=count.duplicates,
        invalid=count.invalid,
        reasons=count.reasons,
        done=count.done,
        unknown=count.unknown,
        requests=count.requests,
        unchanged=0 if present is None else present.unchanged,
        missing=0 if present is None else present.missing,
        conflicts=0 if present is None else present.conflicts,
        untold=count.requests if present is None else present.untold,
        windows=windows,
        seconds=seconds,
    )


def _bound(target: Target, item: Any, key: Callable[[Any], Any] | None) -> Bound:
    try:
        return target.bind(item if key is None else key(item))
    except Exception as error:
        return target.refused(item, error)


async def _each(keys: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(keys, AsyncIterable):
        async for key in keys:
            yield key
    else:
        for key in keys:
            yield key


def _limit(target: Target) -> RateLimit | None:
    """Return the quota that the calls draw on, if it is known."""
    client: Any = target.caller
    return None if target.operation is None else client.rate_limits().get(by_group(target.operation))


def _time(requests: int, limit: RateLimit | None, share: float) -> tuple[int | None, float | None]:
    """Return how many windows the requests take, and the seconds until the last of those begins."""
    if not requests:
        return 0, 0.0
    if limit is None or not limit.limit:
        return None, None
    each = max(1, int(limit.limit * share))
    now = min(each, limit.limit if limit.remaining is None else limit.remaining)
    if requests <= now:
        return 1, 0.0
    further = math.ceil((requests - now) / each)
    first = PERIOD if limit.refresh_in is None else limit.refresh_in
    return (1 if now else 0) + further, first + (further - 1) * PERIOD
