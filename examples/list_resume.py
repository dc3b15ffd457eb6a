"""Write all SIMs to a file; started again after an interruption, it goes on from the last page.

    soracom-async emulator --sims 5000      # in another shell; paste its three lines here
    python examples/list_resume.py

The items of a page are written before its key, so that nothing is lost; at worst one page is there twice.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from soracom_async import Page, Soracom, SoracomError, TransportError, unstructure

ITEMS, KEY = Path("sims.jsonl"), Path("sims.next_key")


def begin() -> str | None:
    """Return the key behind which the listing goes on; None at the first start."""
    if KEY.exists():
        return KEY.read_text()
    ITEMS.write_text("")
    return None


def save(page: Page[Any]) -> None:
    """Write a page, then its key."""
    with ITEMS.open("a") as items:
        items.writelines(json.dumps(unstructure(sim)) + "\n" for sim in page.items)
    if page.next_key is None:
        KEY.unlink(missing_ok=True)
    else:
        KEY.write_text(page.next_key)


async def main() -> None:
    """List the SIMs."""
    key = begin()
    count = 0
    async with Soracom() as soracom:
        async for page in soracom.sims.list(limit=100, last_evaluated_key=key).by_page():
            save(page)
            count += len(page.items)
    print(f"{count:,} SIMs added to {ITEMS}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TransportError as error:  # after the repetitions that the session made by itself
        sys.exit(f"the network is away: {error}; start again to go on")
    except (SoracomError, OSError) as error:
        sys.exit(str(error))
