"""What may follow `soracom-async emulator`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import command
from .values import limit, seconds, weighted, whole

if TYPE_CHECKING:
    from .command import Commands

SERVER = ("uvicorn",)
MOST_SIMS = 999_999_999
"""How many SIMs the emulator has numbers for."""


def add(commands: Commands) -> None:
    """Add the command."""
    emulator = command(commands, "emulator", "Serve the Soracom API on this machine until Ctrl-C.")
    option = emulator.add_argument
    option("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    option("--port", type=whole(0, 65_535), default=8089, help="8089; 0 takes any that is free")
    option("--storage-port", type=whole(0, 65_535), default=0, metavar="PORT", help="where files are downloaded (any)")
    option(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of ORIGIN, as http://localhost:3000, call it from a browser; * is any; may be repeated",
    )
    option("--sims", type=whole(0, MOST_SIMS), default=100, metavar="N", help="SIMs of the fleet (100)")
    option(
        "--subscription",
        type=weighted,
        action="append",
        default=[],
        metavar="NAME[=WEIGHT]",
        help="a subscription of the fleet, as plan01s, and how often it occurs; may be repeated (a mix)",
    )
    option("--seed", type=whole(0), default=0, metavar="N", help="another fleet, other secrets (0)")
    option("--state", metavar="FILE", help="begin with the state in FILE, if it is there, and save it there at the end")
    option("--quiet", action="store_true", help="print no requests")

    quota = emulator.add_argument_group("quota and tokens").add_argument
    quota(
        "--rate-limit",
        type=limit,
        action="append",
        default=[],
        metavar="[NAME=]N",
        help="requests of a group in a window (1000), or of the group or operation NAME; may be repeated",
    )
    quota("--window", type=seconds(0.001), default=60.0, metavar="S", help="seconds of a window (60)")
    quota("--aligned", action="store_true", help="let windows follow the clock instead of the first request")
    quota("--throttling", choices=("quota", "retry-after", "both", "bare"), default="quota", help="headers of a 429")
    quota("--token-ttl", type=seconds(0.001), metavar="S", help="seconds that tokens live (what the login asks for)")
    quota("--token-status", type=int, choices=(401, 403), default=401, help="status of a refused token (401)")

    weather = emulator.add_argument_group("time and faults").add_argument
    weather("--speed", type=seconds(), default=1.0, metavar="X", help="X times as fast; 0: time stands still (1)")
    weather("--latency", type=seconds(), default=0.0, metavar="S", help="seconds that every answer takes (0)")
    weather(
        "--search-delay",
        type=seconds(),
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
