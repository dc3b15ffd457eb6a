"""`functools.cache` that keeps the signature of what it decorates, for type checkers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def cached(function: F) -> F:
    """Remember what `function` returned for each of its arguments, for good."""
    return cast("F", cache(function))
