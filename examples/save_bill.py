"""Save the details of a month's bill as a CSV file, and print what the month cost, day by day.

    soracom-async emulator                  # in another shell; paste its three lines here
    python examples/save_bill.py            # the last month
    python examples/save_bill.py 202610

Made for the first days of a month, as from cron: a bill that is not closed yet is said to be so.
"""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta

from soracom_async import NotFound, Soracom, SoracomError, TransportError


def last_month() -> str:
    """Return the last month, YYYYMM."""
    return f"{datetime.now(UTC).replace(day=1) - timedelta(days=1):%Y%m}"


async def main(month: str) -> None:
    """Save the bill."""
    path = f"bill-{month}.csv"
    async with Soracom() as soracom:
        try:
            bill = await soracom.bills.get(month)
        except NotFound:
            raise SystemExit(f"there is no bill of {month}") from None
        daily = await soracom.bills.get_daily(month)
        export = await soracom.jobs.run("exportBilling", yyyy_mm=month)
        await export.save(path)
    for day in daily.bill_list or []:
        print(f"{day.date}  {day.amount:>12,.2f}")
    state = "" if bill.state == "closed" else " (not closed yet)"
    print(f"{month[:4]}-{month[4:]}: {bill.amount:,.2f} {bill.currency}{state}; the details are in {path}")


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) == 2 else last_month()
    if len(sys.argv) > 2 or not re.fullmatch(r"\d{6}", wanted):
        sys.exit("usage: save_bill.py [YYYYMM]")
    try:
        asyncio.run(main(wanted))
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
