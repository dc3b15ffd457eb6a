"""A model with fields of every kind, and things of it, for the tests of tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

import anyio
import anyio.lowlevel
from hypothesis import strategies as st

from soracom_async import structure
from soracom_async._codec.model import Model
from soracom_async._codec.times import Day, DayOrTime, EpochMilliseconds, ISODateTime, Month


class Part(Model):
    """What a thing has."""

    online: bool | None = None
    seen_at: EpochMilliseconds | None = None
    names: list[str] | None = None


class Thing(Model, odd="ODD"):
    """A thing."""

    thing_id: str
    status: Literal["active", "ready"] | str | None = None
    count: int | None = None
    share: float | None = None
    ready: bool | None = None
    created: EpochMilliseconds | None = None
    month: Month | None = None
    birthday: Day | None = None
    since: DayOrTime | None = None
    part: Part | None = None
    parts: list[Part] | None = None
    by_name: dict[str, Part] | None = None
    tags: dict[str, str] | None = None
    free: Any = None
    mixed: bool | str | None = None
    whole: Thing | None = None
    times: list[ISODateTime] | None = None
    odd: str | None = None


WIRE = {
    "thingId": "a",
    "status": "active",
    "count": 3,
    "share": 0.5,
    "ready": True,
    "created": 1714532400123,
    "month": "202405",
    "birthday": "20240502",
    "since": "20240503",
    "part": {"online": False, "seenAt": 0, "names": ["x", "y,z"]},
    "parts": [{"online": True}],
    "byName": {"k.1": {"online": True, "seenAt": 5}},
    "tags": {"name": "東京", "a.b": "c"},
    "free": [1, {"b": None}],
    "mixed": True,
    "whole": {"thingId": "b"},
    "times": ["2024-05-01T00:00:00.000Z"],
    "ODD": "=1+1",
}


def thing(**changes: Any) -> Thing:
    """Return the thing of `WIRE`, with changes by the names on the wire."""
    return structure(WIRE | changes, Thing)


def bare(name: str = "n", **wire: Any) -> Thing:
    """Return a thing that has nothing but its name, and what is given."""
    return structure({"thingId": name, **wire}, Thing)


async def slowly(items: Any) -> AsyncIterator[Any]:
    """Give items asynchronously."""
    for item in items:
        await anyio.lowlevel.checkpoint()
        yield item


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
)
FIELDS = st.sampled_from([*WIRE, "other", "part"])
THINGS = st.lists(st.tuples(FIELDS, JSON), max_size=6).map(lambda changes: WIRE | dict(changes))
"""Wire JSON of things of which some fields are anything."""
