"""Print the traffic of the last three months: by group and month, and the SIMs with the most.

    soracom-async emulator --sims 10000     # in another shell; paste its three lines here
    python examples/traffic_report.py

One request exports the traffic of all SIMs, so the report of a large fleet needs no request for each of them.
"""

import asyncio
import csv
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

from soracom_async import Soracom, TransportError

MONTHS = 3
TOP = 5
MEGABYTE = 10**6


def period(now: datetime) -> tuple[datetime, datetime]:
    """Return a time in the first month of the report, and one in the last: the one before the present month."""
    last = now.replace(day=1) - timedelta(days=1)
    first = last
    for _ in range(MONTHS - 1):
        first = first.replace(day=1) - timedelta(days=1)
    return first, last


async def exported(soracom: Soracom, first: datetime, last: datetime) -> dict[tuple[str, str], int]:
    """Return the bytes by IMSI and month (YYYYMM), of both directions and all speed classes."""
    file = await soracom.stats.air.export(from_=first, to=last, period="month")
    async with soracom.stream(str(file.url)) as answer:
        text = (await answer.read()).decode("utf-8-sig")
    found = Counter[tuple[str, str]]()
    for row in csv.DictReader(text.splitlines()):
        found[row["imsi"], row["date"]] += int(row["uploadByteSizeTotal"]) + int(row["downloadByteSizeTotal"])
    return found


def line(name: str, sizes: list[int]) -> str:
    """Return a line of the report."""
    return f"{name:<24}" + "".join(f"{size / MEGABYTE:>14,.1f}" for size in [*sizes, sum(sizes)])


async def main() -> None:
    """Print the report, in megabytes."""
    async with Soracom() as soracom:
        names = {
            group.group_id: (group.tags or {}).get("name", group.group_id) async for group in soracom.groups.list()
        }
        group_of = {sub.imsi: sub.group_id async for sub in soracom.subscribers.list(limit=100)}
        used = await exported(soracom, *period(datetime.now(UTC)))
    months = sorted({month for _, month in used})
    groups, sims = Counter[tuple[str | None, str]](), Counter[str]()
    for (imsi, month), size in used.items():
        groups[group_of.get(imsi), month] += size
        sims[imsi] += size
    print(f"{'MB':<24}" + "".join(f"{month:>14}" for month in [*months, "all"]))
    for group_id, name in [*names.items(), (None, "no group")]:
        print(line(name, [groups[group_id, month] for month in months]))
    print(line("all groups", [sum(size for (_, of), size in used.items() if of == month) for month in months]))
    print()
    for imsi, _ in sims.most_common(TOP):
        print(line(imsi, [used[imsi, month] for month in months]))
    print(f"{sum(1 for imsi in group_of if not sims[imsi]):,} of {len(group_of):,} SIMs sent and received nothing")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
