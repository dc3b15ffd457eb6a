"""Faults that a user orders, and which of them hit a request."""

from __future__ import annotations

import difflib
import random
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..._core.codes import REFUSED_TOKEN
from ...errors import ConfigurationError
from ..protocol.errors import CATALOG, Refusal
from .fault_kinds import KINDS, FaultContext
from .rate_limits import THROTTLINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from ..._core.operation import Operation
    from ..protocol.messages import Response
    from ..state.world import World
    from .context import RequestContext, Responder

ALL = "all"


class Fault:
    """A disturbance of some requests: `Fault("reset-after", operation="sendSmsToSim", count=1)`.

    `kind` is one of `KINDS`; `details` are what that kind takes, `seconds` or `status`. `operation` is an operationId,
    a group, or `all`. It hits `count` requests, each with `probability`, from `from_` to `until` seconds after it was
    added, by the emulator's clock. Raises ConfigurationError for impossible settings.
    """

    def __init__(
        self,
        kind: str,
        *,
        operation: str = ALL,
        count: int | None = None,
        probability: float = 1.0,
        from_: float = 0.0,
        until: float | None = None,
        **details: Any,
    ) -> None:
        self.kind: str = kind.replace("_", "-")
        if self.kind not in KINDS:
            raise ConfigurationError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
        known = KINDS[self.kind].details
        for name in details:
            if name not in known:
                takes = ", ".join(["operation", "count", "probability", "from", "until", *known])
                raise ConfigurationError(f"{self.kind} takes no {name!r}; it takes {takes}")
        self.operation = operation
        self.count: int | None = _checked("count", count)
        self.probability: float = _checked("probability", probability)
        self.from_: float = _checked("from", from_)
        self.until: float | None = _checked("until", until)
        self.details: dict[str, Any] = known | {name: _checked(name, value) for name, value in details.items()}
        self.id: int = 0
        """Its number among the faults of its emulator; 0 before it was added."""
        self.hits: int = 0
        """How many requests it has hit."""
        self.memory: dict[str, str] = {}
        """What the kind of fault stores between requests."""
        self._faults: Faults | None = None
        self._begun = 0.0
        self._random = random.Random()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Fault:
        """Return the fault that JSON describes: `{"kind": "latency", "operation": "Sim", "seconds": 2}`."""
        settings = {("from_" if name == "from" else name): value for name, value in given.items()}
        kind = settings.pop("kind", None)
        if not isinstance(kind, str):
            raise ConfigurationError(f"a fault has a kind: {', '.join(KINDS)}")
        return cls(kind, **settings)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Return the fault that a word of the command line describes: `latency:Sim:seconds=2:count=3`."""
        kind, *parts = text.split(":")
        settings = {"kind": kind}
        if parts and "=" not in parts[0]:
            settings["operation"] = parts.pop(0)
        for part in parts:
            name, equals, value = part.partition("=")
            if not equals:
                raise ConfigurationError(f"{part!r} is no name=value")
            settings[name] = value
        return cls.of(settings)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the fault, as JSON."""
        return {
            "kind": self.kind,
            "operation": self.operation,
            "count": self.count,
            "probability": self.probability,
            "from": self.from_,
            "until": self.until,
            **self.details,
        }

    def __repr__(self) -> str:
        return f"<Fault {self.id}: {', '.join(f'{name}={value!r}' for name, value in self.settings.items())}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Stop the fault."""
        if self._faults is not None:
            self._faults.remove(self.id)

    def begin(self, faults: Faults, number: int, seed: int) -> None:
        """Start as fault `number` of an emulator."""
        self.id, self.hits, self._faults, self._begun = number, 0, faults, faults.now()
        self.memory.clear()
        self._random.seed(f"{seed} {number}")

    def over(self, now: float) -> bool:
        """Tell whether it will hit no more requests."""
        late = self.until is not None and now - self._begun >= self.until
        return late or (self.count is not None and self.hits >= self.count)

    def hit(self, operation: Operation[Any] | None, now: float) -> bool:
        """Tell whether it hits a request of `operation`, and count the hit."""
        if self.over(now) or now - self._begun < self.from_ or not self._means(operation):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _means(self, operation: Operation[Any] | None) -> bool:
        kind = KINDS[self.kind]
        if operation is None:
            return self.operation == ALL and not (kind.paged or kind.secured or kind.only)
        if (kind.paged and operation.paging is None) or (kind.secured and not operation.secured):
            return False
        if kind.only and operation.id not in kind.only:
            return False
        return self.operation in (ALL, operation.id, operation.group)


class Faults:
    """The faults of an emulator, in the order in which they were added; the first is the outermost."""

    def __init__(self, operations: Iterable[Operation[Any]], world: Callable[[], World]) -> None:
        self.names: set[str] = {ALL}
        """All valid values of a fault's `operation`."""
        for operation in operations:
            self.names |= {operation.id, operation.group}
        self.active: tuple[Fault, ...] = ()
        self._world = world
        self._number = 0

    def now(self) -> float:
        """Return the emulator's time."""
        return self._world().now()

    def check(self, name: str) -> None:
        """Raise ConfigurationError if there is no operation or group of that name."""
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ConfigurationError(f"there is no operation or group {name!r}{hint}")

    def add(self, fault: Fault) -> Fault:
        """Start a fault; raises ConfigurationError if there is no such operation."""
        self.check(fault.operation)
        self._number += 1
        fault.begin(self, self._number, self._world().seed)
        # A new tuple, since a server in another thread may be iterating over the old one.
        self.active = (*self.active, fault)
        return fault

    def remove(self, number: int) -> bool:
        """Remove a fault; return whether there was one of that number."""
        before = self.active
        self.active = tuple(fault for fault in before if fault.id != number)
        return len(self.active) < len(before)

    def clear(self) -> None:
        """Remove all faults, and number the next one 1."""
        self.active, self._number = (), 0

    def view(self) -> list[dict[str, Any]]:
        """Return them as JSON."""
        now = self.now()
        return [{"id": each.id, **each.settings, "hits": each.hits, "over": each.over(now)} for each in self.active]

    async def answer(self, context: RequestContext, service: Responder) -> Response:
        """Answer a request, with the faults that hit it."""
        active = self.active

        async def call_next(at: int = 0) -> Response:
            for behind, fault in enumerate(active[at:], at + 1):
                if fault.hit(context.operation, self.now()):
                    context.faults.append(fault.kind)
                    hit = FaultContext(context, service, fault.memory, partial(call_next, behind))
                    return await KINDS[fault.kind].act(hit, **fault.details)
            return service.answer(context)

        try:
            return await call_next()
        except Refusal as refusal:
            return service.refuse(context, refusal)


_LEAST_AND_MOST: dict[str, tuple[type, float, float]] = {
    "count": (int, 1, float("inf")),
    "probability": (float, 0, 1),
    "from": (float, 0, float("inf")),
    "until": (float, 0, float("inf")),
    "seconds": (float, 0, float("inf")),
    "pieces": (int, 1, float("inf")),
    "status": (int, 400, 599),
}
_CHOICES: dict[str, dict[str, Any]] = {
    "done": {"false": False, "true": True},
    "says": {each: each for each in THROTTLINGS},
    "code": {each: each for each in sorted(CATALOG.keys() & REFUSED_TOKEN)},
}
"""What a setting can be, by its text."""


def _checked(name: str, value: Any) -> Any:
    """Return a setting that is given as a value or as text; raises ConfigurationError if it is not valid."""
    if value is None:
        return None
    if name in _CHOICES:
        for text, choice in _CHOICES[name].items():
            if value in (text, choice):
                return choice
        raise ConfigurationError(f"{name}={value!r} is none of {', '.join(_CHOICES[name])}")
    if name == "state":
        if isinstance(value, str) and re.fullmatch("[A-Za-z_]{1,40}", value):
            return value
        raise ConfigurationError(f"state={value!r} is not the name of a state, such as failed or IN_PROGRESS")
    kind, least, most = _LEAST_AND_MOST[name]
    try:
        number = None if isinstance(value, bool) else kind(value)
        right = number is not None and number == float(value) and least <= number <= most
    except (TypeError, ValueError, OverflowError):
        number, right = None, False
    if not right:
        what = "a whole number" if kind is int else "a number"
        bounds = f"{least:g} or more" if most == float("inf") else f"{least:g} to {most:g}"
        raise ConfigurationError(f"{name}={value!r} is not {what}, {bounds}")
    return number
