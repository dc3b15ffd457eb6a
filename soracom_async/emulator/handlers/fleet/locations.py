"""Locations of cells: always the same for one cell, and near the other cells of its area and its network."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

RANGES = (40.0, 3.0, 0.2, 0.02)
"""Distances in degrees: of a country from the middle of the map, of a network from its country, and so on."""


def _scatter(text: str) -> float:
    """Return a number between -1 and 1 that looks random, but is always the same for one text."""
    return crc32(text.encode()) / 0x7FFFFFFF - 1


def locate(cell: dict[str, Any]) -> dict[str, Any] | None:
    """Return the location of a cell; a 3G area has a location, too."""
    tac, lac = cell.get("tac"), cell.get("lac")
    own = cell.get("ecid") or cell.get("eci") if tac else cell.get("cid")
    path = [cell.get("mcc"), cell.get("mnc"), tac or lac, *([own] if own or tac else [])]
    if not all(part and part.isascii() and part.isdigit() for part in path):
        return None
    names = ["-".join(map(str, path[: depth + 1])) for depth in range(len(path))]
    lat, lon = (
        sum(_scatter(f"{axis} {name}") * reach for name, reach in zip(names, RANGES, strict=False)) * stretch
        for axis, stretch in (("lat", 1), ("lon", 3))
    )
    return {
        "lat": round(lat, 6),
        "lon": round(lon, 6),
        "range": 1000 if own else 20_000,
        "samples": 1 + crc32(names[-1].encode()) % 500,
        "exact": 0,
        "avg_strength": -60 - crc32(names[-1].encode()) % 50,
        "created": "2020-01-01T00:00:00.000Z",
        "updated": "2024-01-01T00:00:00.000Z",
    }


@handles("getCellLocation")
def get(call: Call) -> Any:
    """Return the location of a cell."""
    found = locate(call.query)
    if found is None:
        raise Refusal.absent("The location of the cell is not known.")
    return found


@handles("batchGetCellLocations")
def get_many(call: Call) -> Any:
    """Return the locations of those cells that have one, with the identifiers in the request."""
    return [
        found | ({"identifier": cell["identifier"]} if cell.get("identifier") else {})
        for cell in call.body
        if (found := locate(cell)) is not None
    ]
