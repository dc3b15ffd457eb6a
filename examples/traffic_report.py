"""Print the traffic of the last 31 days by group and local month, and draw it by local day.

    pip install matplotlib                  # for the chart
    soracom-async emulator --sims 200       # in another shell; paste its three lines here
    python examples/traffic_report.py --zone Asia/Tokyo --chart traffic.png

The API counts by the days of UTC, and keeps what it counted in five minutes for 32 days: local days are sums of those.
Start it on the first of a month, as from cron, and the last month is whole.
"""

import argparse
import asyncio
import sys
from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import partial
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from soracom_async import Soracom, SoracomError, TransportError, bulk, tables

DAYS = 31
MEGABYTE = 10**6
Traffic = Counter[tuple[str, date]]
"""Bytes by group and local day."""


async def measured(soracom: Soracom, zone: ZoneInfo) -> Traffic:
    """Return the traffic of all SIMs; one that cannot be read is printed."""
    now = datetime.now(zone)
    start = datetime.combine(now.date() - timedelta(days=DAYS), time(), zone)
    names = {group.group_id: (group.tags or {}).get("name", group.group_id) async for group in soracom.groups.list()}
    stats = partial(soracom.stats.air.sims.get, from_=start, to=now, period="minutes")
    ends = start.date(), now.date()
    found = Traffic({(name, day): 0 for name in [*names.values(), "no group"] for day in ends})
    async with bulk.run(stats, soracom.sims.list(limit=100)) as run:
        async for result in run:
            if isinstance(result, bulk.Ok):
                for row in tables.local_days(result.value, zone):
                    size = row["upload_byte_size_total"] + row["download_byte_size_total"]
                    found[names.get(result.key.group_id or "", "no group"), row["date"]] += size
            elif isinstance(result, bulk.Failed):
                print(f"{result.key.sim_id}: {result.error}", file=sys.stderr)
    return Traffic({(group, day): number for (group, day), number in found.items() if day >= ends[0]})


def table(traffic: Traffic) -> None:
    """Print the months of each group, in megabytes."""
    months = Counter[tuple[str, str]]()
    for (group, day), number in traffic.items():
        months[group, f"{day:%Y-%m}"] += number
        months["all groups", f"{day:%Y-%m}"] += number
    columns = sorted({month for _, month in months})
    print(f"{'MB':<24}" + "".join(f"{month:>14}" for month in [*columns, "all"]))
    for group in dict.fromkeys([*(group for group, _ in traffic), "all groups"]):
        sizes = [months[group, month] for month in columns]
        print(f"{group:<24}" + "".join(f"{number / MEGABYTE:>14,.1f}" for number in [*sizes, sum(sizes)]))


def chart(traffic: Traffic, path: str) -> None:
    """Draw the days of each group, one upon the other."""
    from matplotlib.figure import Figure

    days = sorted({day for _, day in traffic})
    below = [0.0] * len(days)
    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots()
    for group in dict.fromkeys(group for group, _ in traffic):
        sizes = [traffic[group, day] / MEGABYTE for day in days]
        axes.bar([f"{day:%m-%d}" for day in days], sizes, bottom=below, label=group)
        below = [low + high for low, high in zip(below, sizes, strict=True)]
    axes.set_ylabel("MB a day")
    axes.tick_params("x", rotation=90)
    figure.legend(loc="outside upper center", ncols=6)
    figure.savefig(path)


async def main(options: argparse.Namespace) -> None:
    """Print the table, and draw the chart if it is wanted."""
    async with Soracom() as soracom:
        traffic = await measured(soracom, options.zone)
    table(traffic)
    if options.chart:
        chart(traffic, options.chart)


def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        raise argparse.ArgumentTypeError(f"there is no time zone {name!r}") from None


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--zone", type=time_zone, default="Asia/Tokyo", help="default: Asia/Tokyo")
    parser.add_argument("--chart", metavar="FILE", help="a PNG file")
    options = parser.parse_args()
    if options.chart and find_spec("matplotlib") is None:
        parser.error("--chart needs matplotlib: pip install matplotlib")
    return options


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
