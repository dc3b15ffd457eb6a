"""What a run gives: a result for each key, a summary of all, and a file of what was not done."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from os import PathLike, fspath
from typing import Any, BinaryIO, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from .._codec.shown import hidden
from ..errors import ConfigurationError, SoracomError
from ..files.replacing import named, replacing, write_all
from .claims import Failure, State

K = TypeVar("K")
V = TypeVar("V")


def _safe(value: object) -> str:
    """Return the repr of a key or a value; an object is shown without secrets."""
    return repr(hidden(value) if isinstance(value, Mapping) else value)


@frozen(slots=True)
class Ok(Generic[K, V]):
    """The call for `key` succeeded and returned `value`."""

    key: K = field(repr=_safe)
    value: V = field(repr=_safe)


@frozen(slots=True)
class Failed(Generic[K]):
    """The call for `key` failed with `error`, and may be sent again without harm.

    An operation that acts each time was certainly not executed. A function of the caller's own fails with whatever it
    raises; that is CancelledError if it waited for what somebody cancelled.
    """

    key: K = field(repr=_safe)
    error: BaseException


@frozen(slots=True)
class Unknown(Generic[K]):
    """Nobody knows whether the call for `key` was executed, and it acts again each time that it is sent.

    `error` is how it ended; None if a former run of the same journal did not come to its end.
    """

    key: K = field(repr=_safe)
    error: BaseException | None = None


@frozen(slots=True)
class Skipped(Generic[K]):
    """A former run of the same journal did what `key` asks for."""

    key: K = field(repr=_safe)


Result: TypeAlias = Ok[K, V] | Failed[K] | Unknown[K] | Skipped[K]


@frozen(slots=True)
class Summary:
    """How a run stands: what is known of its keys, whether the results were consumed or not."""

    total: int | None
    """How many keys there are, duplicates left out, if that is known."""
    ok: int
    failed: int
    unknown: int
    skipped: int
    duplicates: int
    """How many keys came more than once, and have no result but the first's."""
    seconds: float
    """How long the run has taken, or took."""

    @property
    def done(self) -> int:
        """How many keys have a result."""
        return self.ok + self.failed + self.unknown + self.skipped

    def __str__(self) -> str:
        counts = {"ok": self.ok, "failed": self.failed, "unknown": self.unknown, "skipped": self.skipped}
        parts = [f"{count} {name}" for name, count in counts.items() if count or name == "ok"]
        of = "" if self.total is None else f" of {self.total}"
        twice = f"; {self.duplicates} duplicates" if self.duplicates else ""
        return f"{self.done}{of} keys in {self.seconds:.1f} s: {', '.join(parts)}{twice}"


class Stopped(SoracomError):
    """A run ended before its keys did: too many failed, the canary failed, or an error concerns all keys.

    `reason` says why, `summary` has the counts, and `__cause__` is the error that concerns all, if there is one.
    `results` are those that `collect()` had.
    """

    def __init__(self, reason: str, summary: Summary) -> None:
        super().__init__(reason)
        self.reason = reason
        self.summary = summary
        self.results: list[Any] = []


class JournalError(ConfigurationError):
    """A journal cannot be used, or can no longer be written; the message names it and says what to do."""


OWN_COLUMNS = ("#row", "#error", "#attempts")
"""The columns of a file of failures beside the arguments; `bulk.rows` leaves out what begins with `#`."""

OF_OTHER_KINDS = (".json", ".parquet", ".xls", ".xlsm", ".xlsx")
"""Names that promise what a file of failures is not."""

UNWRITABLE = "backslashreplace"
"""What becomes of half a surrogate pair, which no file can have; no request either, so it is in a key that failed."""


def write_failures(
    failures: Callable[[], Iterable[Failure]], path: str | PathLike[str], *, unknown: bool = False
) -> int:
    """Write the keys that failed to a CSV file, or to JSON lines if its name ends in `.jsonl`; return how many.

    The file is an input of `bulk.rows`. Keys of which nobody knows whether they were done are written only if `unknown`
    is true. `failures` is called twice: for the columns and for the rows. The file has its name only once it is whole.
    Raises OSError if it cannot be written, ConfigurationError if its name promises a file of another kind.
    """

    def chosen() -> Iterable[Failure]:
        return (each for each in failures() if unknown or each.state is State.FAILED)

    to, count = fspath(path), 0
    if to.lower().endswith(OF_OTHER_KINDS):
        raise ConfigurationError(f"{to}: failures are CSV or JSON lines: name a file that ends in .csv or .jsonl")
    with replacing(to) as file, named(to):
        text = _Text(file)
        if to.endswith((".jsonl", ".ndjson")):
            for each in chosen():
                text.write(json.dumps({**each.arguments, **_own(each)}, ensure_ascii=False) + "\n")
                count += 1
            return count
        columns = list(dict.fromkeys(name for each in chosen() for name in each.arguments))
        writer = csv.DictWriter(text, [*columns, *OWN_COLUMNS])  # CRLF: so a carriage return gets quotes
        writer.writeheader()
        for each in chosen():
            writer.writerow({name: _cell(value) for name, value in {**each.arguments, **_own(each)}.items()})
            count += 1
    return count


@frozen
class _Text:
    file: BinaryIO

    def write(self, text: str) -> None:
        write_all(self.file, text.encode("utf-8", UNWRITABLE))


def _own(failure: Failure) -> dict[str, Any]:
    return dict(zip(OWN_COLUMNS, (failure.row, failure.error, failure.attempts), strict=True))


def _cell(value: Any) -> str:
    """Return a value as the text of a cell, from which `bulk.run` makes the same value again."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
