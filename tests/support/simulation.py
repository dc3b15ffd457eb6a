"""A service with one quota window and callers of it, in simulated time: what a second of quota costs, exactly."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from typing import Any

from attrs import define, field

from soracom_async._core.headers import RateLimitHeaders
from soracom_async._core.window import Permit, Window


@define
class Service:
    """Fixed windows of `limit` requests, aligned to the clock or opened by their first request."""

    limit: int
    period: float
    aligned: bool = False
    phase: float = 0.0
    round_down: bool = False
    turn: float = -math.inf
    remaining: int = 0
    refused: int = 0
    used: dict[float, int] = field(factory=dict)

    def request(self, now: float) -> tuple[bool, RateLimitHeaders]:
        """Take one request; return whether it was served, and what the headers say."""
        if now >= self.turn:
            start = now
            if self.aligned:
                start = self.phase + math.floor((now - self.phase) / self.period) * self.period
            self.turn, self.remaining = start + self.period, self.limit
            while now >= self.turn:  # a float's last digit
                self.turn += self.period
        served = self.remaining > 0
        if served:
            self.remaining -= 1
            self.used[self.turn] = self.used.get(self.turn, 0) + 1
        else:
            self.refused += 1
        seconds = (math.floor if self.round_down else math.ceil)(self.turn - now)
        return served, RateLimitHeaders(self.limit, self.remaining, seconds)


@define
class Simulation:
    """Callers that share a `Window` and draw on one `Service`."""

    service: Service
    window: Window = field(factory=Window)
    latency: Callable[[], float] = lambda: 0.002
    now: float = 0.0
    served: int = 0
    seen: list[int] = field(factory=list)
    _events: list[Any] = field(factory=list)
    _order: Any = field(factory=itertools.count)
    _waiting: int = 0

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._events, (time, next(self._order), action))

    def run(self, calls: int, tasks: int) -> float:
        """Make `calls` calls by `tasks` tasks; return when the last was answered."""
        todo = iter(range(calls))
        begun = 0

        def start() -> None:
            nonlocal begun
            if next(todo, None) is not None:
                begun += 1
                self._waiting += 1
                self._pump(start)

        for _ in range(tasks):
            self.at(self.now, start)
        while self._events:
            self.now, _, action = heapq.heappop(self._events)
            action()
            if self.served == calls:
                return self.now
        raise AssertionError(f"stuck at {self.now}: {self.window}")

    def _pump(self, start: Callable[[], None]) -> None:
        while self._waiting and (permit := self.window.reserve(self.now)) is not None:
            self._waiting -= 1
            self._send(permit, start)
        if self._waiting:
            opens = self.window.opens_at(self.now)
            if opens < math.inf:
                self.at(max(opens, self.now), lambda: self._pump(start))

    def _send(self, permit: Permit, start: Callable[[], None]) -> None:
        sent, there, back = self.now, self.latency(), self.latency()

        def arrive() -> None:
            ok, told = self.service.request(self.now)

            def answer() -> None:
                self.window.answered(permit, told, sent=sent, now=self.now)
                if ok:
                    self.served += 1
                    start()
                else:
                    self._waiting += 1
                self._pump(start)

            self.at(self.now + back, answer)

        self.at(self.now + there, arrive)


def jittered(seed: int, low: float, high: float) -> Callable[[], float]:
    """Return a latency that varies between two bounds."""
    source = random.Random(seed)
    return lambda: source.uniform(low, high)
