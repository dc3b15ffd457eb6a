"""The session of a command, as its options say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..client import Soracom

if TYPE_CHECKING:
    import argparse


def opened(options: argparse.Namespace) -> Soracom:
    """Return the session; raises ConfigurationError if it cannot be opened."""
    if options.profile is not None:
        return Soracom.from_profile(options.profile, coverage=options.coverage, endpoint=options.endpoint)
    return Soracom(coverage=options.coverage, endpoint=options.endpoint)
