"""The prices of the emulated service, which are made up: whole numbers, so that sums of charges are exact."""

from __future__ import annotations

NANO = 10**9
"""The nano-yen of a yen: all charges are counted in them."""

_ACTIVE = {"plan-DU": 60, "planArc01": 2}
_USUAL = 10
_ALSO_READY = ("plan-D", "plan-K", "plan-K2")
"""Subscriptions that cost something before their SIM is used. The user guide, whose year is not known, names these."""

_PER_BYTE = {
    "minimum": 200,
    "slow": 220,
    "standard": 240,
    "fast": 300,
    "4xfast": 400,
    "8xfast": 600,
}


def basic_charge(status: str, subscription: str) -> int:
    """Return the basic charge of a day, in yen. It halves while the SIM cannot be used."""
    active = _ACTIVE.get(subscription, _USUAL)
    if status == "active":
        return active
    free = status == "terminated" or (status == "ready" and subscription not in _ALSO_READY)
    return 0 if free else active // 2


def byte_charge(speed_class: str) -> int:
    """Return the charge of a byte in either direction, in nano-yen."""
    return _PER_BYTE.get(speed_class.rpartition(".")[2], _PER_BYTE["standard"])
