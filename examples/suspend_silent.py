"""Suspend the active SIMs that had no session for 30 days.

    soracom-async emulator --sims 5000      # in another shell; paste its three lines here
    python examples/suspend_silent.py --dry-run
    python examples/suspend_silent.py

The first 20 SIMs go ahead; the rest follows if none of them failed. A journal for each day remembers what was done: a
run that was interrupted, in whatever way, goes on when it is started again on that day.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from soracom_async import Soracom, SoracomError, TransportError, bulk
from soracom_async.models import Sim

CANARY = 20


def is_silent(sim: Sim, since: datetime) -> bool:
    """Tell whether an active SIM had no session since a time: its last one ended before, or it never had one."""
    if sim.status != "active":
        return False
    session = sim.session_status
    if session is None:
        return sim.created_time is not None and sim.created_time < since
    return not session.online and session.last_updated_at is not None and session.last_updated_at < since


async def silent(soracom: Soracom, since: datetime) -> AsyncIterator[Sim]:
    """Return the SIMs that are to be suspended."""
    async for sim in soracom.sims.list(limit=100):
        if is_silent(sim, since):
            yield sim


async def main(options: argparse.Namespace) -> int:
    """Suspend the SIMs; return the exit code."""
    now = datetime.now(UTC)
    async with Soracom() as soracom:
        sims = silent(soracom, now - timedelta(days=options.days))
        if options.dry_run:
            print(await bulk.plan(soracom.sims.suspend, sims))
            return 0
        async with bulk.run(
            soracom.sims.suspend,
            sims,
            journal=options.journal or f"suspend-{now:%Y-%m-%d}.db",
            canary=CANARY,
            max_failures="5%",
            quota_share=0.8,  # the rest is for others who use the same account
        ) as run:
            try:
                async for result in run:
                    if isinstance(result, bulk.Failed):
                        print(f"{result.key.sim_id}: {result.error}")
            finally:
                print(run.summary())
    return 1 if run.summary().failed else 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=30, help="how long a SIM must have been silent")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.add_argument("--journal", help="file of the journal; default: one for each day, in this directory")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(arguments())))
    except KeyboardInterrupt:
        sys.exit("interrupted: start it again, and it goes on")
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
