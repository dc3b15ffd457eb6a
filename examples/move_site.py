"""Move the SIMs of a site to a group: write a CSV file of what is to be done, look at it, then do it.

    soracom-async emulator --sims 5000      # in another shell; paste its three lines here
    python examples/move_site.py plan tokyo group-2 tokyo.csv
    python examples/move_site.py apply tokyo.csv

The site is the tag `site` of a SIM. A spreadsheet may change the file in between. `apply` keeps a journal beside it:
started again, it does only what was not done. Rows that failed are in a file that `apply` takes, too.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from soracom_async import ConfigurationError, Soracom, SoracomError, TransportError, bulk, tables


async def plan(soracom: Soracom, site: str, group: str, path: Path) -> int:
    """Write a row for each SIM of the site that is not in the group."""
    ids = [each.group_id async for each in soracom.groups.list() if (each.tags or {}).get("name") == group]
    if len(ids) != 1:
        raise ConfigurationError(f"{len(ids)} groups have the name {group}")
    rows = (
        {"sim_id": sim.sim_id, "group_id": ids[0], "#name": (sim.tags or {}).get("name")}  # "#": not an argument
        async for sim in soracom.sims.list(limit=100)
        if (sim.tags or {}).get("site") == site and sim.group_id != ids[0]
    )
    count = await tables.write_csv(rows, path, columns=["sim_id", "group_id", "#name"])
    print(f"{count:,} SIMs to move in {path}")
    return 0


async def apply(soracom: Soracom, path: Path) -> int:
    """Do what the file says; return the exit code."""
    failed = path.with_suffix(".failed.csv")
    async with bulk.run(
        soracom.sims.set_group, bulk.rows(path), journal=path.with_suffix(".db"), max_failures="5%"
    ) as run:
        try:
            async for result in run:
                if isinstance(result, bulk.Failed):
                    print(f"line {result.key.number}: {result.error}")
        finally:
            print(run.summary())
            if run.summary().failed:
                print(f"{run.export_failures(failed):,} rows in {failed}")
    return 1 if run.summary().failed else 0


async def main(options: argparse.Namespace) -> int:
    """Do one of the two steps."""
    async with Soracom() as soracom:
        if options.step == "plan":
            return await plan(soracom, options.site, options.group, options.file)
        return await apply(soracom, options.file)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    for name, positionals in {"plan": ["site", "group"], "apply": []}.items():
        step = steps.add_parser(name)
        for each in positionals:
            step.add_argument(each)
        step.add_argument("file", type=Path, help="CSV file")
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
