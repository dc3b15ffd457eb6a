"""When the next key may begin: behind the canary, at a pace, and not after a run was stopped."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import anyio
from attrs import define, frozen

from .._clock import Clock
from ..errors import ConfigurationError

FEW = 100
"""Of fewer keys a share is not judged while their number is unknown."""
_PACE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*/\s*(s|sec|min|h)\s*")
_SECONDS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
_PERCENT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*")


@frozen
class MaxFailures:
    """How many keys may fail: a number, or a share of all."""

    text: str
    count: float = math.inf
    share: float | None = None

    @classmethod
    def of(cls, value: Any) -> MaxFailures:
        """Return what `max_failures=` means; raises ConfigurationError if it means nothing."""
        percent = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if percent and float(percent[1]) <= 100:
            return cls(value.strip(), share=float(percent[1]) / 100)
        if value is None:
            return cls("")
        if isinstance(value, float) and 0 <= value <= 1:
            return cls(f"{value:.0%}" if (value * 100).is_integer() else f"{value}", share=value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(str(value), value)
        raise ConfigurationError(f"max_failures={value!r} must be a number of keys, a share from 0.0 to 1.0, or '5%'")

    def exceeded(self, failed: int, done: int, total: int | None, *, ended: bool) -> bool:
        """Return whether too many failed, of those that are done, or of all if their number is known."""
        if self.share is None or not failed:
            return failed > self.count
        if total is not None:
            return failed > self.share * max(total, done)
        return (ended or done >= FEW) and failed > self.share * done


def interval_of(pace: Any) -> float:
    """Return the seconds between two keys that `pace=` means; raises ConfigurationError if it means nothing."""
    if pace is None:
        return 0.0
    match = _PACE.fullmatch(pace) if isinstance(pace, str) else None
    rate = pace if match is None else float(match[1]) / _SECONDS[match[2]]
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
        raise ConfigurationError(f"pace={pace!r} must be keys a second, above 0, or text: '10/s', '600/min', '5000/h'")
    return 1 / rate


class Halt(Exception):
    """Why a run ends before its keys do."""

    def __init__(self, reason: str, cause: BaseException | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


@define(eq=False)
class Limits:
    """Lets keys begin, and counts how they ended."""

    clock: Clock
    canary: int
    interval: float
    max_failures: MaxFailures
    total: int | None
    on_halt: Callable[[Halt], None] = lambda _: None
    """Called once, when the run is to end."""
    ok: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    duplicates: int = 0
    halt: Halt | None = None
    _begun: int = 0
    _under_way: int = 0
    _undecided: int = 0
    """How many of them were read, and may turn out not to be sent."""
    _bad: int = 0
    """How many keys of this run failed, or ended without an answer."""
    _next: float = -math.inf
    _exhausted: bool = False
    _change: anyio.Event | None = None

    @property
    def expected(self) -> int | None:
        """How many keys there are, duplicates left out, if that is known."""
        return None if self.total is None else self.total - self.duplicates

    async def wait(self) -> None:
        """Return when the next key may be read; raises the reason if none may be any more."""
        while self.canary and self._begun >= self.canary and self.halt is None:
            if not self._under_way:
                self.canary = 0  # it lives
                break
            await self._changed()
        while self.interval and self.halt is None and (pause := self._next - self.clock.now()) > 0:
            if self._undecided:  # its time may come back
                await self._changed()
            else:
                await self.clock.sleep(pause)
        self.check()

    def check(self) -> None:
        """Raise the reason if the run is to end."""
        if self.halt is not None:
            raise self.halt

    def begin(self) -> None:
        """Count a key that was read."""
        self._begun += 1
        self._under_way += 1
        self._undecided += 1
        if self.interval:
            self._next = max(self._next, self.clock.now()) + self.interval

    def send(self) -> None:
        """Note that a key that was read is sent."""
        self._undecided -= 1
        if self._change is not None:
            self._change.set()

    def leave_out(self) -> None:
        """Count a key back of which nothing is sent: another may begin in its place."""
        self._undecided -= 1
        self._begun -= 1
        self._next -= self.interval
        self._end()

    def settle(self, *, bad: bool) -> None:
        """Count a key that ended, badly or well."""
        if bad:
            self._bad += 1
            if self.canary:
                self.stop(Halt(f"one of the first {self.canary} keys, the canary, failed"))
        self._end()

    def end(self) -> None:
        """Note that there are no more keys; raises the reason if too many of all failed."""
        self._exhausted = True
        self._judge()
        self.check()

    def stop(self, halt: Halt) -> None:
        """Let no more keys begin."""
        if self.halt is None:
            self.halt = halt
            self.on_halt(halt)

    def _end(self) -> None:
        self._under_way -= 1
        if self._bad:
            self._judge()
        if self._change is not None:
            self._change.set()

    async def _changed(self) -> None:
        self._change = anyio.Event()
        await self._change.wait()

    def _judge(self) -> None:
        done = self.ok + self.failed + self.unknown + self.skipped
        ended = self._exhausted and not self._under_way
        if self.max_failures.exceeded(self._bad, done, self.expected, ended=ended):
            of = f"of {done}" if self.expected is None else f"of {self.expected}"
            self.stop(Halt(f"{self._bad} {of} keys failed, and max_failures is {self.max_failures.text}"))
