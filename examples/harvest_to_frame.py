"""Read what devices sent to Harvest Data into a data frame of pandas: print a summary, and save all of it.

    pip install ".[arrow]" pandas
    soracom-async emulator                  # in another shell; paste its three lines here
    python examples/harvest_to_frame.py 8942310022000000001 8942310022000000002 --to harvest.parquet

Each value of a JSON content is a column. Content that is no JSON object, as text or bytes, is in the column `content`.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from soracom_async import Soracom, SoracomError, TransportError, data, tables


async def sent(soracom: Soracom, sim_ids: list[str], days: int) -> AsyncIterator[dict[str, Any]]:
    """Return what the devices of the SIMs sent, oldest first of each."""
    since = datetime.now(UTC) - timedelta(days=days)
    for sim_id in sim_ids:
        async for entry in soracom.data.get_entries("Sim", sim_id, from_=since, sort="asc", limit=1000):
            content = data.decoded(entry)
            values = content if isinstance(content, dict) else {"content": content}
            yield {"sim_id": sim_id, "time": entry.time} | values


async def main(options: argparse.Namespace) -> None:
    """Print a summary, and save the frame."""
    async with Soracom() as soracom:
        rows = [row async for row in sent(soracom, options.sim_ids, options.days)]
    if not rows:
        print(f"nothing was sent in the last {options.days} days")
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))  # devices of several kinds send other values
    frame = await tables.to_pandas(rows, columns=columns)
    numbers = list(frame.select_dtypes("number").columns)
    print(frame.groupby("sim_id")[numbers].agg(["min", "mean", "max"]).round(2).T.to_string())
    print(
        f"{len(frame):,} entries, from {frame['time'].min():%Y-%m-%d %H:%M} to {frame['time'].max():%Y-%m-%d %H:%M} UTC"
    )
    if options.to is not None:
        frame.to_parquet(options.to)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sim_ids", nargs="+", metavar="SIM_ID")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--to", metavar="FILE", help="a Parquet file")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
