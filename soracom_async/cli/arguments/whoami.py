"""What may follow `soracom-async whoami`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import command, machine_readable, session

if TYPE_CHECKING:
    from .command import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    text = "Log in, and show operator, user, coverages, the life of the token and the quota."
    whoami = command(commands, "whoami", text)
    machine_readable(whoami, "print JSON")
    session(whoami)
    whoami.set_defaults(module=".whoami")
