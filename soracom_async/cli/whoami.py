"""`soracom-async whoami`: whose session it is, and what it may still do."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from ..errors import APIError
from .console import put
from .ending import DONE, ended
from .opening import opened
from .wording import lasting, table, window

if TYPE_CHECKING:
    import argparse

    from ..client import Soracom


def run(options: argparse.Namespace) -> int:
    """Log in and print it; return the exit code."""
    return ended(lambda: anyio.run(_run, options))


async def _run(options: argparse.Namespace) -> int:
    async with opened(options) as soracom:
        token = await soracom.api_token()
        lease = await soracom._session.lease()
        found = {
            "operator_id": lease.operator_id,
            "user_name": lease.user_name,
            "coverage_types": list(soracom.coverage_types),
            "endpoint": soracom._options.endpoint,
            "token_seconds": token.ttl,
            "rate_limits": await _quota(soracom),
        }
        put(json.dumps(found) if options.json else _text(found))
    return DONE


async def _quota(soracom: Soracom) -> dict[str, dict[str, float | None]]:
    """Return what is known of the quota, which only an answer tells: the shortest page of SIMs is asked for."""
    with suppress(APIError):  # a refusal tells the quota as well
        await soracom.call("listSims", limit=1)
    limits = soracom.rate_limits().items()
    return {
        name: {"limit": each.limit, "remaining": each.remaining, "refresh_in": each.refresh_in} for name, each in limits
    }


def _text(found: dict[str, Any]) -> str:
    seconds = found["token_seconds"]
    return table(
        [
            ("operator", found["operator_id"]),
            ("user", found["user_name"] or "-"),
            ("coverages", ", ".join(found["coverage_types"]) or "-"),
            ("endpoint", found["endpoint"]),
            ("token", "of unknown life" if seconds is None else f"lives for {lasting(seconds)}"),
            *((f"quota {name}", window(**limit)) for name, limit in found["rate_limits"].items()),
        ]
    )
