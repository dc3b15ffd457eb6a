"""What is told of a bulk run: its results, how it ended, and how it goes on."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from attrs import asdict

from .._codec.codec import json_default
from ..bulk import Failed, Ok, Skipped, Stopped, Unknown
from ..errors import APIError
from .console import put
from .ending import DONE, INCOMPLETE, INTERRUPTED, explained
from .wording import counted, lasting

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..bulk import Result, Summary
    from ..bulk.targets import Bound
    from .bulk_view import View

TOLD = 20
"""How many keys that were not done are told of in lines; the journal has all."""
CTRL_C = "Ctrl-C"
"""Why an interrupted run is stopped."""
KINDS: dict[type[Any], str] = {Ok: "ok", Failed: "failed", Unknown: "unknown", Skipped: "skipped"}


class Report:
    """Tells of results as they come, and of the whole at the end."""

    def __init__(
        self, shown: View, options: argparse.Namespace, bind: Callable[[Any], Bound], stop: Callable[[], object]
    ) -> None:
        self._shown = shown
        self._options = options
        self._bind = bind
        self._stop = stop
        self._troubles = 0
        self._lost: OSError | None = None
        """Why nothing can be written to standard output any more."""
        self.error: Exception | None = None
        """What ended the run before its keys did."""
        self.interrupted = False
        """Whether that was Ctrl-C."""

    def take(self, result: Result[Any, Any]) -> None:
        """Tell of a result: of each one in JSON, of those that were not done in lines."""
        if self._options.json:
            self._write(self._object(result))
        if isinstance(result, Failed | Unknown):
            self._troubles += 1
            if self._troubles <= TOLD:
                self._shown.say(self._line(result))
            elif self._troubles == TOLD + 1:
                self._shown.say("More keys failed or are unknown.")

    def end(self, summary: Summary) -> int:
        """Tell of the whole; return the exit code, or raise what ended the run."""
        if isinstance(self.error, Stopped) and self.error.reason == CTRL_C:
            self.error = None
        if self._options.json:
            stopped = None if self.error is None else explained(self.error)
            self._write({"summary": asdict(summary), "stopped": stopped, "interrupted": self.interrupted})
        error = self._lost or self.error
        if summary.done or error is None:
            self._shown.say(self._told(summary))
        if summary.done or self.interrupted:
            self._advise(summary, early=self.interrupted or error is not None)
        if error is not None:
            raise error
        if self.interrupted:
            return INTERRUPTED
        return INCOMPLETE if summary.failed or summary.unknown else DONE

    def _write(self, made: dict[str, Any]) -> None:
        """Write a line of JSON. If nobody reads it any more, the run begins no further key."""
        if self._lost is None:
            try:
                every = sys.stdout.encoding.lower().startswith("utf")
                put(json.dumps(made, default=json_default, ensure_ascii=not every))
            except OSError as error:
                self._lost = error
                self._stop()

    def _object(self, result: Result[Any, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {"arguments": self._bind(result.key).arguments}
        number = getattr(result.key, "number", None)
        if number is not None:
            made["row"] = number
        made["result"] = KINDS[type(result)]
        if isinstance(result, Ok):
            made["value"] = result.value
        elif isinstance(result, Failed | Unknown) and result.error is not None:
            made["error"] = _error(result.error)
        return made

    def _line(self, result: Failed[Any] | Unknown[Any]) -> str:
        number = getattr(result.key, "number", None)
        row = "" if number is None else f" (row {number})"
        why = "a former run ended before its answer came" if result.error is None else explained(result.error)
        return f"{KINDS[type(result)]}: {self._bind(result.key).text}{row}: {why}"

    def _told(self, summary: Summary) -> str:
        of = "" if summary.total is None else f" of {summary.total:,}"
        counts = {"done": summary.ok, "failed": summary.failed, "unknown": summary.unknown}
        counts["done before"] = summary.skipped
        parts = [f"{count:,} {name}" for name, count in counts.items() if count or name == "done"]
        twice = f"; {counted(summary.duplicates, 'duplicate')} left out" if summary.duplicates else ""
        keys = f"{summary.done:,}{of} keys" if of else counted(summary.done, "key")
        return f"{keys} in {lasting(summary.seconds)}: {', '.join(parts)}{twice}"

    def _advise(self, summary: Summary, *, early: bool) -> None:
        """Say how the run goes on, and where the keys are that were not done."""
        options = self._options
        if early and options.journal is None:
            self._shown.say("Without --journal, a new run begins with the first key again.")
        elif early:
            same = " (with the same input)" if options.source == "-" else ""
            self._shown.say(f"Go on{same}: {shlex.join(['soracom-async', *options.line])}")
        if options.journal is not None:
            failures = f"soracom-async bulk failures {shlex.quote(options.journal)}"
            if summary.failed:
                self._shown.say(f"Keys that failed: {failures} --to failed.csv")
            if summary.unknown:
                self._shown.say(f"With those that may have been done: {failures} --unknown --to unknown.csv")


def _error(error: BaseException) -> dict[str, Any]:
    made: dict[str, Any] = {"type": type(error).__name__, "message": explained(error)}
    if isinstance(error, APIError):
        made |= {"status": error.status, "code": error.code}
    return made
