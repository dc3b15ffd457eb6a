"""Numbers as a reader wants them: a time that lasts, a window of the quota."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def lasting(seconds: float) -> str:
    """Return a time in its two largest units: `2 h 5 min`."""
    left = ceil(max(0.0, seconds))
    parts: list[str] = []
    for name, size in UNITS:
        count, left = divmod(left, size)
        if count or (parts and len(parts) < 2):
            parts.append(f"{count} {name}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def window(limit: int | None, remaining: int | None, refresh_in: float | None) -> str:
    """Return a window of the quota: `999 of 1,000 left, full again in 42 s`."""
    left = "?" if remaining is None else f"{remaining:,}"
    of = "" if limit is None else f" of {limit:,}"
    again = "" if refresh_in is None else f", full again in {lasting(refresh_in)}"
    return f"{left}{of} left{again}"


def counted(count: int, one: str) -> str:
    """Return a count with its noun: `1 key`, `2,000 keys`."""
    return f"{count:,} {one}" + "s" * (count != 1)


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return names with their texts, a line each."""
    return "\n".join(f"{name:<12} {text}" for name, text in rows)
