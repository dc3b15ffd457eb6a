"""`soracom-async emulator`: serves until it is told to stop."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from .._clock import ScaledClock
from ..emulator import Emulator, JumpingClock
from ..emulator.service.fault_kinds import KINDS
from ..errors import ConfigurationError
from . import state
from .banner import banner
from .log import Log

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from .._clock import Clock


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    if "help" in options.fault:
        print(_kinds())
        return 0
    try:
        emulator = _made(options)
    except (ConfigurationError, OSError) as error:
        return _refuse(str(error))
    if not options.quiet:
        emulator.on_request(Log())
    return anyio.run(_serve, emulator, options)


def _made(options: argparse.Namespace) -> Emulator:
    """Return the emulator of the options, with its state if there is one."""
    names = (
        "sims seed window aligned throttling token_ttl token_status latency search_delay paging host port storage_port "
        "allow_origin"
    )
    settings = {name: getattr(options, name) for name in names.split()}
    settings |= {"rate_limit": dict(options.rate_limit), "faults": options.fault, "clock": _clock(options.speed)}
    settings["subscriptions"] = dict(options.subscription) or None
    if options.state is not None and state.check(options.state):
        return Emulator.load(options.state, **settings)
    return Emulator(**settings)


def _clock(speed: float) -> Clock | None:
    if speed == 1:
        return None
    return ScaledClock(speed) if speed else JumpingClock()


async def _serve(emulator: Emulator, options: argparse.Namespace) -> int:
    with _until_told() as told:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(emulator)
            except OSError as error:
                return _refuse(_not_listening(error, options))
            print(banner(emulator, options), flush=True)  # a program may be reading this from a pipe
            await anyio.to_thread.run_sync(told.wait)
    if options.state is not None:
        problem = state.save(emulator, options.state)
        if problem is not None:
            return _refuse(problem)
        print(f"State saved: {options.state}", flush=True)
    return 0


def _not_listening(error: OSError, options: argparse.Namespace) -> str:
    address = error.filename or f"{options.host}:{options.port}"
    text = f"cannot listen on {address}: {error.strerror or error}"
    if error.errno != errno.EADDRINUSE:
        return text
    option = "--port" if address == f"{options.host}:{options.port}" else "--storage-port"
    return f"{text}; {option} 0 takes one that is free"


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Give an event that the signals set, on every system and under every event loop."""
    told = threading.Event()
    kinds = [signal.SIGINT, signal.SIGTERM]
    closing = getattr(signal, "SIGHUP", None) or getattr(signal, "SIGBREAK", None)  # the terminal closes
    if closing is not None and signal.getsignal(closing) is not signal.SIG_IGN:
        kinds.append(closing)
    before = [signal.signal(kind, lambda *_: told.set()) for kind in kinds]
    try:
        yield told
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _kinds() -> str:
    """Return what can go wrong, a line each."""
    lines = []
    for word, kind in KINDS.items():
        details = "".join(f":{name}={_shown(value)}" for name, value in kind.details.items())
        lines.append(f"{word + details:<35}  {kind.text}")
    return "\n".join([*lines, "", "Each takes an operation and count, probability, from, until (seconds), too."])


def _shown(value: object) -> str:
    """Return the default of a setting as the command line takes it."""
    if value is None:
        return "…"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse(message: str) -> int:
    print(f"soracom-async: {message}", file=sys.stderr)
    return 1
