"""The session of a command, as its options say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..client import Soracom

if TYPE_CHECKING:
    import argparse

    from .._opening import Settings


CONNECTIONS = 100
"""Requests under way at once, unless more are asked for."""


def opened(options: argparse.Namespace, concurrency: int = 1) -> Soracom:
    """Return the session, for so many calls at once; raises ConfigurationError if it cannot be opened."""
    settings: Settings = {
        "coverage": options.coverage,
        "endpoint": options.endpoint,
        "max_connections": max(CONNECTIONS, concurrency),
    }
    return Soracom(**settings) if options.profile is None else Soracom.from_profile(options.profile, **settings)
