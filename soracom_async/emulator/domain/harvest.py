"""Harvest Data: what devices sent. The entries of a seeded SIM take no memory until they change."""

from __future__ import annotations

import base64
import json
from bisect import insort
from heapq import merge
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any

from ..durations import HOUR_MS
from ..state.sims import NUMBERS, number_of, sim_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..state.accounts import Operator
    from ..state.collections import Record

KIND = "data resource"
SEEDED = 48
"""The entries of a seeded SIM: one an hour, the last of them shortly before its operator began."""


def add_entry(
    operator: Operator,
    resource_type: str,
    resource_id: str,
    content: Any,
    at: int,
    *,
    content_type: str | None = None,
    category: str | None = None,
) -> None:
    """Add what a device sent (bytes, text or JSON) at Unix milliseconds; it replaces an entry of the same time."""
    if isinstance(content, bytes):
        text, kind = base64.b64encode(content).decode(), "application/octet-stream"
    elif isinstance(content, str):
        text, kind = content, "text/plain"
    else:
        text, kind = json.dumps(content, separators=(",", ":"), ensure_ascii=False), "application/json"
    entry = {"time": at, "contentType": content_type or kind, "content": text}
    if category is not None:
        entry["category"] = category
    name = name_of(resource_type, resource_id)
    remove(operator, name, at)
    sent = entries(operator, name)
    insort(sent, entry, key=lambda each: each["time"])
    operator.collection(KIND)[name] = {"entries": sent}


def resources(operator: Operator, after: str = "") -> Iterator[tuple[str, list[Record]]]:
    """Return all resources after a name (`Sim/…`), in the order of their names, with their entries, oldest first."""
    kept = sorted(name for name in operator.collection(KIND) if name > after)
    # A fleet may be large: iteration starts at the right SIM, and no SIM is made before it is needed.
    first = 1 if after <= "Sim/" else (number_of(after.removeprefix("Sim/")) or NUMBERS) + 1
    numbers = operator.fleet.numbers
    seeded = (f"Sim/{sim_id(number)}" for number in range(max(first, numbers.start), numbers.stop))
    for name, _ in groupby(merge(kept, seeded)):
        found = entries(operator, name)
        if found:
            yield name, found


def entries(operator: Operator, name: str) -> list[Record]:
    """Return the entries of a resource, oldest first."""
    kept = operator.collection(KIND).get(name)
    if kept is not None:
        return list(kept["entries"])
    number = number_of(name.removeprefix("Sim/"))
    return _seeded(operator, name) if number in operator.fleet.numbers else []


def known(operator: Operator, name: str) -> bool:
    """Tell whether a resource (`Sim/…`) sends data, or ever did."""
    return name in operator.collection(KIND) or number_of(name.removeprefix("Sim/")) in operator.fleet.numbers


def name_of(resource_type: str, resource_id: str) -> str:
    """Return the name of a resource; a SIM and its subscriber are one."""
    number = number_of(resource_id) if resource_type in ("Sim", "Subscriber") else None
    return f"{resource_type}/{resource_id}" if number is None else f"Sim/{sim_id(number)}"


def remove(operator: Operator, name: str, time: int) -> None:
    """Remove what a resource sent at a time, if there is anything."""
    sent = entries(operator, name)
    left = [entry for entry in sent if entry["time"] != time]
    if len(left) < len(sent):
        operator.collection(KIND)[name] = {"entries": left}


def _seeded(operator: Operator, name: str) -> list[Record]:
    random = Random(f"{operator.id} {name}")
    newest = operator.created - random.randrange(1, HOUR_MS)
    temperature, battery = random.uniform(15, 25), random.uniform(3.6, 4.1)
    found = []
    for hours in reversed(range(SEEDED)):
        temperature, battery = temperature + random.uniform(-0.5, 0.5), battery - 0.001
        content = {
            "temperature": round(temperature, 1),
            "humidity": random.randrange(35, 65),
            "battery": round(battery, 3),
        }
        text = json.dumps(content, separators=(",", ":"))
        found.append({"time": newest - hours * HOUR_MS, "contentType": "application/json", "content": text})
    return found
