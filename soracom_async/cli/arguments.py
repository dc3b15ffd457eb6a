"""What may follow `soracom-async`; knows the words, not what they do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SERVER = ("uvicorn",)
MOST_SIMS = 999_999_999
"""How many SIMs the emulator has numbers for."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options; ends the process if they cannot be understood.

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
    add = emulator.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    add("--port", type=_whole(0, 65_535), default=8089, help="8089; 0 takes any that is free")
    add("--storage-port", type=_whole(0, 65_535), default=0, metavar="PORT", help="where files are downloaded (any)")
    add(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of ORIGIN, as http://localhost:3000, call it from a browser; * is any; may be repeated",
    )
    add("--sims", type=_whole(0, MOST_SIMS), default=100, metavar="N", help="SIMs of the fleet (100)")
    add(
        "--subscription",
        type=_weighted,
        action="append",
        default=[],
        metavar="NAME[=WEIGHT]",
        help="a subscription of the fleet, as plan01s, and how often it occurs; may be repeated (a mix)",
    )
    add("--seed", type=_whole(0), default=0, metavar="N", help="another fleet, other secrets (0)")
    add("--state", metavar="FILE", help="begin with the state in FILE, if it is there, and save it there at the end")
    add("--quiet", action="store_true", help="print no requests")

    quota = emulator.add_argument_group("quota and tokens").add_argument
    quota(
        "--rate-limit",
        type=_limit,
        action="append",
        default=[],
        metavar="[NAME=]N",
        help="requests of a group in a window (1000), or of the group or operation NAME; may be repeated",
    )
    quota("--window", type=_seconds(0.001), default=60.0, metavar="S", help="seconds of a window (60)")
    quota("--aligned", action="store_true", help="let windows follow the clock instead of the first request")
    quota("--throttling", choices=("quota", "retry-after", "both", "bare"), default="quota", help="headers of a 429")
    quota("--token-ttl", type=_seconds(0.001), metavar="S", help="seconds that tokens live (what the login asks for)")
    quota("--token-status", type=int, choices=(401, 403), default=401, help="status of a refused token (401)")

    weather = emulator.add_argument_group("time and faults").add_argument
    weather("--speed", type=_seconds(), default=1.0, metavar="X", help="X times as fast; 0: time stands still (1)")
    weather("--latency", type=_seconds(), default=0.0, metavar="S", help="seconds that every answer takes (0)")
    weather(
        "--search-delay",
        type=_seconds(),
        default=1.0,
        metavar="S",
        help="seconds until a search finds a change of a SIM (1)",
    )
    weather("--paging", choices=("both", "link", "key"), default="both", help="which header announces the next page")
    weather(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[:OPERATION][:NAME=VALUE]…",
        help="something that goes wrong, as reset-before:listSims:count=3; may be repeated; `help` tells what can",
    )
    emulator.set_defaults(module=".serve", needs={"emulator": SERVER})


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


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    return name or "all", _whole(1)(number)


def _weighted(text: str) -> tuple[str, float]:
    name, mark, weight = text.partition("=")
    return name, _seconds(0.001)(weight) if mark else 1.0


def _seconds(least: float = 0.0) -> Callable[[str], float]:
    def seconds(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not least <= number < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number, {'more than 0' if least else '0 or more'}")
        return number

    return seconds
