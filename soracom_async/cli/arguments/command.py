"""How a command is added, and the options that all commands with a session share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def command(commands: Commands, name: str, text: str, more: str = "") -> argparse.ArgumentParser:
    """Add a command, whose help is `text`, and `more` at its end."""
    return commands.add_parser(name, help=text, description=text, epilog=more)


def session(parser: argparse.ArgumentParser) -> None:
    """Add what tells whose session it is. No option takes a secret: anybody on the machine can read a command line."""
    add = parser.add_argument_group("whose fleet (without --profile: the environment, or else a profile)").add_argument
    add("--profile", metavar="NAME", help="credentials of the profile NAME of the official command line")
    add("--coverage", choices=("g", "jp"), help="global or Japan")
    add("--endpoint", metavar="URL", help="another address than that of the coverage, without /v1")


def machine_readable(parser: argparse.ArgumentParser, text: str) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help=text)
