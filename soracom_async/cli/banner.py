"""What the emulator prints at its start: where it serves, and what to paste into a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..emulator.admin.status import environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ..emulator import Emulator


def banner(emulator: Emulator, options: argparse.Namespace) -> str:
    """Return the lines."""
    return "\n".join([*_about(emulator, options), "", *_shells(emulator), "", "Ctrl-C stops it."])


def _about(emulator: Emulator, options: argparse.Namespace) -> Iterator[str]:
    quota = emulator.quota
    limits = [f"{quota.default:,} requests of each group", *(f"{n:,} of {name}" for name, n in quota.limits.items())]
    yield f"Soracom API emulator: {emulator.url}"
    yield f"{len(emulator.operator.fleet):,} SIMs; {', '.join(limits)} in {quota.length:g} s"
    yield f"Watch and control it: {emulator.url}/_emulator"
    yield from (f"Fault: {text}" for text in options.fault)
    if options.state is not None:
        yield f"State: {options.state}, {'as it was saved' if emulator.loaded else 'new'}; saved at the end"


def _shells(emulator: Emulator) -> Iterator[str]:
    names = environment(emulator)
    yield "For soracom_async:"
    yield from (f"export {name}={value}" for name, value in names.items())
    yield "In PowerShell:"
    yield "; ".join(f'$env:{name}="{value}"' for name, value in names.items())
    yield "In fish:"
    yield "; ".join(f"set -gx {name} {value}" for name, value in names.items())
    key = emulator.auth_key
    yield "For the official command line, which takes only SORACOM_ENDPOINT from there:"
    yield f"soracom --auth-key-id {key.auth_key_id} --auth-key {key.auth_key.reveal()} sims list"
