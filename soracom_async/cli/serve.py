"""`soracom-async emulator`: serves until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from .._clock import ScaledClock
from ..emulator import Emulator, JumpingClock
from ..emulator.admin.status import environment
from ..emulator.service.fault_kinds import KINDS
from ..errors import ConfigurationError
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
        emulator.service.watchers.append(Log())
    return anyio.run(_serve, emulator, options)


def _made(options: argparse.Namespace) -> Emulator:
    """Return the emulator of the options, with its state if there is one."""
    names = "sims seed window aligned throttling token_ttl latency paging host port storage_port allow_origin"
    settings = {name: getattr(options, name) for name in names.split()}
    settings |= {"rate_limit": dict(options.rate_limit), "faults": options.fault, "clock": _clock(options.speed)}
    if options.state is not None and Path(options.state).exists():
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
                return _refuse(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}")
            print(_welcome(emulator, options), flush=True)  # a program may be reading this from a pipe
            await anyio.to_thread.run_sync(told.wait)
    if options.state is not None:
        try:
            emulator.save(options.state)
        except OSError as error:
            return _refuse(f"cannot save the state: {error}")
        print(f"State saved: {options.state}", flush=True)
    return 0


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Give an event that the signals set, on every system and under every event loop."""
    told = threading.Event()
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda *_: told.set()) for kind in kinds]
    try:
        yield told
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _welcome(emulator: Emulator, options: argparse.Namespace) -> str:
    quota = emulator.quota
    limits = [f"{quota.default:,} requests of each group", *(f"{n:,} of {name}" for name, n in quota.limits.items())]
    lines = [
        f"Soracom API emulator: {emulator.url}",
        f"{len(emulator.operator.fleet):,} SIMs; {', '.join(limits)} in {quota.length:g} s",
        f"Watch and control it: {emulator.url}/_emulator",
        *(f"Fault: {text}" for text in options.fault),
    ]
    if options.state is not None:
        lines.append(f"State: {options.state}, {'as it was saved' if emulator.loaded else 'new'}; saved at the end")
    lines += ["", "For soracom_async and the official command line:"]
    lines += [f"export {name}={value}" for name, value in environment(emulator).items()]
    return "\n".join([*lines, "", "Ctrl-C stops it."])


def _kinds() -> str:
    """Return what can go wrong, a line each."""
    lines = []
    for word, kind in KINDS.items():
        shown = {name: "…" if value is None else str(value).lower() for name, value in kind.details.items()}
        details = "".join(f":{name}={value}" for name, value in shown.items())
        lines.append(f"{word + details:<35}  {kind.text}")
    return "\n".join([*lines, "", "Each takes an operation and count, probability, from, until (seconds), too."])


def _refuse(message: str) -> int:
    print(f"soracom-async: {message}", file=sys.stderr)
    return 1
