"""Give all SIMs a speed class, many at once; started again, it does only what was not done.

    soracom-async emulator --sims 5000      # in another shell; paste its three lines here
    python examples/bulk_change.py s1.fast

The quota needs no thought: calls wait for the next window if the present one is used up.
"""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

from soracom_async import Soracom, TransportError, bulk

TODO = Path("sims.todo")


def load() -> list[str]:
    """Return what the last run left undone."""
    return TODO.read_text().split() if TODO.exists() else []


def save(sim_ids: Iterable[str]) -> None:
    """Keep what is to be done for the next run."""
    TODO.write_text("\n".join(sim_ids))


async def main(speed_class: str) -> int:
    """Change the SIMs; return the exit code."""
    async with Soracom() as soracom:
        sim_ids = load() or [sim.sim_id async for sim in soracom.sims.list(limit=100)]
        todo = dict.fromkeys(sim_ids)

        async def change(sim_id: str) -> None:
            await soracom.sims.update_speed_class(sim_id, speed_class=speed_class)

        try:
            async with bulk.run(change, sim_ids, concurrency=32) as results:
                async for result in results:
                    if isinstance(result, bulk.Ok):
                        del todo[result.key]
                    elif isinstance(result.error, TransportError) and result.error.sent:
                        print(f"{result.key}: no answer, so it may be changed or not: {result.error}")
                    else:
                        print(f"{result.key}: {result.error}")
                    if results.done % 1000 == 0:
                        print(f"{results.done:,} of {results.total:,}")
        finally:  # after Ctrl-C too
            save(todo)
    print(f"{len(sim_ids) - len(todo):,} changed, {len(todo):,} not")
    return 1 if todo else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bulk_change.py SPEED_CLASS, for example s1.fast")
    try:
        sys.exit(asyncio.run(main(sys.argv[1])))
    except TransportError as error:  # from the listing, after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
