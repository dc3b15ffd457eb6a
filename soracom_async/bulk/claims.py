"""Which call may begin which key: what a run asks before each request, and tells behind it.

`InMemory` knows the keys of one run. A journal knows those of former runs too.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from attrs import frozen

ERROR_LENGTH = 500
"""Characters of an error that are kept."""


class Claim(enum.Enum):
    """The answer to a claim."""

    BEGIN = "begin"
    """The caller must send it now; it is recorded as begun."""
    DONE = "done"
    """A former run did it."""
    UNKNOWN = "unknown"
    """A former run may have done it, and it may not be repeated."""
    DUPLICATE = "duplicate"
    """It came before in this run."""


class State(enum.Enum):
    """What is known of a key."""

    BEGUN = "begun"
    """Its request may be under way."""
    DONE = "done"
    """Its call succeeded."""
    FAILED = "failed"
    """Its call failed, and may be sent again without harm."""
    UNKNOWN = "unknown"
    """Nobody knows whether its call was executed."""


@frozen
class Identity:
    """The run that a journal belongs to."""

    operation: str
    """The operationId (`suspendSim`), or the `name=` of the caller's own function."""
    arguments: Mapping[str, Any]
    """The fixed arguments, as JSON has them on the wire; no secret among them."""
    operator: str
    """The operator of the session; empty for the caller's own function."""
    repeatable: bool
    """Whether what was under way may be sent again."""
    parameter: str = "key"
    """The argument that a key is whose text is no JSON."""

    def arguments_of(self, text: str) -> dict[str, Any]:
        """Return the arguments of a key by its text."""
        return arguments_of(text, self.parameter)


def arguments_of(text: str, parameter: str) -> dict[str, Any]:
    """Return the arguments by name that a key's text stands for: JSON, or the one argument `parameter`."""
    if text.startswith("{"):
        arguments: dict[str, Any] = json.loads(text)
        return arguments
    return {parameter: text}


@frozen
class Failure:
    """A key that was not done."""

    text: str
    arguments: Mapping[str, Any]
    """The arguments by name that made up the key."""
    state: State
    """FAILED or UNKNOWN."""
    error: str
    """What the error says; empty if there is none."""
    attempts: int
    """How often it was begun."""
    row: str | None = None
    """The row that the key came from, if it came from a file."""


def error_text(error: BaseException | None) -> str:
    """Return what is kept of an error; an error itself holds the frames that it went through."""
    if error is None:
        return ""
    name, text = type(error).__name__, str(error)
    return f"{name}: {text}"[:ERROR_LENGTH] if text else name


class Claims(Protocol):
    """Who may begin which key. A key is named by its text."""

    async def claim(self, text: str, row: str | None = None) -> Claim:
        """Return whether the key may begin now; BEGIN only once that is recorded.

        A claim that is cancelled is as if it had never been made. Raises JournalError if it cannot be recorded.
        """
        ...

    def settle(self, text: str, state: State, error: BaseException | None = None) -> None:
        """Record how a key ended; this does not wait."""
        ...

    def unclaim(self, text: str) -> None:
        """Take back a claim of which certainly nothing was sent: as if it had never begun; this does not wait."""
        ...

    def failures(self) -> Iterable[Failure]:
        """Return the keys that were not done, FAILED and UNKNOWN ones; also after `aclose`."""
        ...

    async def aclose(self) -> None:
        """Return once all that was settled is recorded, also when cancelled; raises JournalError if it cannot be."""
        ...


class InMemory:
    """The claims of one run, which end with it."""

    def __init__(self, parameter: str = "key") -> None:
        self._parameter = parameter
        self._seen: set[str] = set()
        self._rows: dict[str, str] = {}
        self._failures: dict[str, Failure] = {}

    async def claim(self, text: str, row: str | None = None) -> Claim:
        """Return BEGIN, or DUPLICATE if the key came before."""
        seen = self._seen
        before = len(seen)
        seen.add(text)
        if len(seen) == before:
            return Claim.DUPLICATE
        if row is not None:
            self._rows[text] = row
        return Claim.BEGIN

    def settle(self, text: str, state: State, error: BaseException | None = None) -> None:
        """Keep what failed, as text."""
        row = self._rows.pop(text, None)
        if state is not State.DONE:
            arguments = arguments_of(text, self._parameter)
            self._failures[text] = Failure(text, arguments, state, error_text(error), 1, row)

    def unclaim(self, text: str) -> None:
        """Forget the key."""
        self._seen.discard(text)
        self._rows.pop(text, None)

    def failures(self) -> Iterable[Failure]:
        """Return the keys that were not done, in the order in which they failed."""
        return self._failures.values()

    async def aclose(self) -> None:
        """Do nothing: nothing is recorded elsewhere."""
