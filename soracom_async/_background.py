"""Work in the background: calls that leave the quota to others first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from attrs import field, frozen

from .errors import ConfigurationError


def _check(_: object, __: object, share: Any) -> None:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ConfigurationError(f"quota_share={share!r} must be a number of more than 0 and at most 1")


@frozen(eq=False)
class Background:
    """One piece of background work, such as a bulk run. Its calls go behind those of the foreground.

    Several pieces share what the foreground leaves in equal parts. All of them together take at most `share` of the
    limit of each window in which this one draws on a quota; `share` is more than 0 and at most 1. Raises
    ConfigurationError for any other.
    """

    share: float = field(default=1.0, validator=_check)


CURRENT: ContextVar[Background | None] = ContextVar("soracom_async_background", default=None)
"""The background work that the present task does; None in the foreground."""


@contextmanager
def in_background(background: Background | None) -> Iterator[None]:
    """Make the calls within, and those of tasks that begin within, a part of `background`; None is the foreground.

    The options of a client, if they name background work, go before it.
    """
    before = CURRENT.set(background)
    try:
        yield
    finally:
        CURRENT.reset(before)
