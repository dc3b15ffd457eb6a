"""`soracom-async emulator`: serves until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from ..emulator import Emulator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    emulator = Emulator(
        sims=options.sims,
        seed=options.seed,
        rate_limit=options.rate_limit,
        window=options.window,
        token_ttl=options.token_ttl,
        host=options.host,
        port=options.port,
    )
    return anyio.run(_serve, emulator, options)


async def _serve(emulator: Emulator, options: argparse.Namespace) -> int:
    with _until_told() as told:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(emulator)
            except OSError as error:
                reason = error.strerror or error
                print(f"soracom-async: cannot listen on {options.host}:{options.port}: {reason}", file=sys.stderr)
                return 1
            print(_welcome(emulator, options), flush=True)  # a program may be reading this from a pipe
            await anyio.to_thread.run_sync(told.wait)
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
    key = emulator.auth_key
    return f"""\
Soracom API emulator: {emulator.url}
{options.sims:,} SIMs; {options.rate_limit:,} requests of each group in {options.window:g} s

For soracom_async and the official command line:
export SORACOM_AUTH_KEY_ID={key.auth_key_id}
export SORACOM_AUTH_KEY={key.auth_key.reveal()}
export SORACOM_ENDPOINT={emulator.url}

Ctrl-C stops it."""
