"""What may follow `soracom-async`; knows the words, not what they do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SERVER = ("starlette", "uvicorn")
MOST_SIMS = 999_999_999
"""How many SIMs the emulator has numbers for."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; ends the process where they cannot be understood.

    Besides the user's options there are `module`, which carries the command out, and `needs`: modules by extra.
    """
    parser = argparse.ArgumentParser(prog="soracom-async", description="Tools of the soracom_async library.")
    parser.add_argument("--version", action="version", version=f"soracom-async {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    demo = _demo(commands)
    _emulator(commands)
    options = parser.parse_args(arguments)
    if options.module == ".demo":
        if options.changes is None:
            options.changes = min(2000, options.sims)
        elif options.changes > options.sims:
            demo.error(f"--changes {options.changes} is more than there are SIMs: --sims {options.sims}")
        if options.backend == "trio":
            options.needs["trio"] = ("trio",)
    return options


def _demo(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    text = "List and change a fleet of SIMs against the emulator, within its quota, while tokens run out."
    demo = _command(commands, "demo", text)
    demo.add_argument(
        "--sims", type=_whole(1, MOST_SIMS), default=10_000, metavar="N", help="SIMs of the fleet (10000)"
    )
    demo.add_argument("--changes", type=_whole(1), metavar="N", help="how many of them to change (2000)")
    demo.add_argument("--tasks", type=_whole(1), default=50, metavar="N", help="changes under way at once (50)")
    demo.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio", help="the event loop (asyncio)")
    demo.set_defaults(module=".demo", needs={"cli": ("rich", *SERVER)})
    return demo


def _emulator(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    emulator = _command(commands, "emulator", "Serve the Soracom API on this machine until Ctrl-C.")
    emulator.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    emulator.add_argument("--port", type=_whole(0, 65_535), default=8089, help="8089; 0 takes any that is free")
    emulator.add_argument("--sims", type=_whole(0, MOST_SIMS), default=100, metavar="N", help="SIMs of the fleet (100)")
    emulator.add_argument("--seed", type=_whole(0), default=0, metavar="N", help="another fleet, other secrets (0)")
    emulator.add_argument(
        "--rate-limit", type=_whole(1), default=1000, metavar="N", help="requests of a group in a window (1000)"
    )
    emulator.add_argument("--window", type=_seconds, default=60.0, metavar="S", help="seconds of a window (60)")
    emulator.add_argument(
        "--token-ttl", type=_seconds, metavar="S", help="seconds that tokens live (what the login asks for)"
    )
    emulator.set_defaults(module=".serve", needs={"cli": SERVER})


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=text, description=text)


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    def whole(text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() else -1
        if number < least or (most is not None and number > most):
            bounds = f"{least} or more" if most is None else f"{least} to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {bounds}")
        return number

    return whole


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds, more than 0")
    return seconds
