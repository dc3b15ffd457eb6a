"""Canaries: secrets that must show up nowhere, and the places to look for them."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from soracom_async import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[1]
_PARTS = ("ca", "na", "ry")


def canary(name: str = "", *, length: int = 1) -> str:
    """Return a secret that contains the canary; call it within an expression, so that no test's frame holds it."""
    return "".join(_PARTS) * length + name


def sings(text: object) -> bool:
    """Return whether `text` gives a canary away."""
    return "".join(_PARTS) in str(text)


def report_of(error: BaseException) -> str:
    """Return the traceback with the locals of every frame but the tests' own."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines = []
    pending: list[traceback.TracebackException | None] = [report]
    while pending:
        part = pending.pop()
        if part is None:
            continue
        pending += [part.__cause__, part.__context__, *(part.exceptions or [])]
        lines += [str(part), *part.format_exception_only()]
        for frame in part.stack:
            if not Path(frame.filename).is_relative_to(TESTS):
                lines.append(f"{frame.filename}:{frame.lineno} {frame.name}")
                lines += [f"    {name} = {value}" for name, value in (frame.locals or {}).items()]
    return "\n".join(lines)


@contextmanager
def refused(*words: str) -> Iterator[None]:
    """Expect a ConfigurationError that says all of `words` and gives no canary away, by whatever way."""
    with pytest.raises(errors.ConfigurationError) as caught:
        yield
    for word in words:
        assert word in str(caught.value)
    report = report_of(caught.value)
    assert "soracom_async/" in report
    assert not sings(report), report
