"""Write the inventory of a fleet to an Excel workbook: a row for each SIM.

    pip install ".[excel]"
    soracom-async emulator --sims 5000      # in another shell; paste its three lines here
    python examples/inventory_to_excel.py fleet.xlsx

SIMs are written as they arrive, so the size of the fleet does not matter. A file has its name once it is whole.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from soracom_async import Soracom, SoracomError, TransportError, tables
from soracom_async.models import Sim, SimplifiedSubscriber


def primary(sim: Sim) -> SimplifiedSubscriber:
    """Return the primary subscription of the profile in use; an empty one if the answer has none."""
    profile = (sim.profiles or {}).get(sim.active_profile_id or "")
    found = profile and (profile.subscribers or {}).get(profile.primary_imsi or "")
    return found or SimplifiedSubscriber()


async def inventory(soracom: Soracom) -> AsyncIterator[dict[str, Any]]:
    """Return the row of each SIM."""
    names = {group.group_id: (group.tags or {}).get("name", group.group_id) async for group in soracom.groups.list()}
    async for sim in soracom.sims.list(limit=100):
        tags, session, subscription = sim.tags or {}, sim.session_status, primary(sim)
        yield {
            "SIM ID": sim.sim_id,
            "Name": tags.get("name"),
            "Site": tags.get("site"),
            "Group": names.get(sim.group_id or ""),
            "Status": sim.status,
            "Subscription": subscription.subscription,
            "Speed class": sim.speed_class,
            "IMSI": subscription.imsi,
            "MSISDN": subscription.msisdn,
            "Online": session is not None and bool(session.online),
            "IMEI": session and session.imei,
            "IP address": session and session.ue_ip_address,
            "Session updated": session and session.last_updated_at,
            "Created": sim.created_time,
        }


async def main(path: str) -> None:
    """Write the workbook."""
    async with Soracom() as soracom:
        count = await tables.write_excel(inventory(soracom), path)
    print(f"{count:,} SIMs in {path}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: inventory_to_excel.py FILE, for example fleet.xlsx")
    try:
        asyncio.run(main(sys.argv[1]))
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
