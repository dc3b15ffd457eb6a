"""Watch a fleet: print each SIM that went offline, and each that is online again.

    soracom-async emulator --sims 500 --speed 60    # in another shell; paste its three lines here
    python examples/watch_offline.py --every 10

The whole fleet is listed each time, with a fifth of the quota at most. A network or a service that is away for a while
ends nothing.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from soracom_async import ServerError, Soracom, SoracomError, TransportError
from soracom_async.models import Sim

SHARE = 0.2


def is_online(sim: Sim) -> bool:
    """Tell whether a SIM has a session."""
    return sim.session_status is not None and bool(sim.session_status.online)


async def changes(soracom: Soracom, every: float) -> AsyncIterator[tuple[Sim, bool]]:
    """Return each active SIM that went offline or online since the last look, for ever."""
    before: dict[str, bool] = {}
    while True:
        try:
            sims = {sim.sim_id: sim async for sim in soracom.sims.list(limit=100) if sim.status == "active"}
        except (TransportError, ServerError) as error:  # after the repetitions that the session made by itself
            print(f"{datetime.now(UTC):%H:%M:%S} {error}", file=sys.stderr)
        else:
            now = {sim_id: is_online(sim) for sim_id, sim in sims.items()}
            for sim_id, online in now.items():
                if before.get(sim_id, online) != online:
                    yield sims[sim_id], online
            before = now
        await asyncio.sleep(every)


def line(sim: Sim, online: bool) -> str:
    """Return the line of a change, with the time at which the session began or ended."""
    session = sim.session_status
    time = session.last_updated_at if session is not None else None
    name = (sim.tags or {}).get("name", "")
    return f"{time or datetime.now(UTC):%Y-%m-%d %H:%M:%S} {sim.sim_id} {name} {'online' if online else 'OFFLINE'}"


async def main(every: float) -> None:
    """Print the changes until Ctrl-C."""
    async with Soracom() as soracom:
        async for sim, online in changes(soracom.with_options(quota_share=SHARE), every):
            print(line(sim, online), flush=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=float, default=300.0, metavar="SECONDS", help="default: 300")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments().every))
    except KeyboardInterrupt:
        sys.exit(130)
    except SoracomError as error:
        sys.exit(str(error))
