"""The subscriptions that a SIM can have: their speed classes, their bundles, and the statuses that they know."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_USUAL = ("s1.minimum", "s1.slow", "s1.standard", "s1.fast", "s1.4xfast")

SPEED_CLASSES: dict[str, tuple[str, ...]] = {
    "plan01s": _USUAL,
    "plan01s-low_data_volume": _USUAL,
    "planP1": _USUAL,
    "planX1": _USUAL,
    "planX2": _USUAL,
    "planX3": _USUAL,
    "planXM1": _USUAL,
    "plan-D": _USUAL,
    "plan-K": _USUAL,
    "plan-K2": _USUAL,
    "plan-KM1": ("t1.standard",),
    "plan-DU": ("u1.standard", "u1.slow"),
    "plan-US": (*_USUAL, "s1.8xfast"),
}
"""The speed classes of each subscription of a card."""
VIRTUAL = "planArc01"
"""The subscription that needs no card: Soracom Arc."""
_VIRTUAL_SPEED_CLASSES = ("arc.standard",)

# A public page on statuses (of about 2021) has no standby for plan-D and plan-K, and for a third subscription, which is
# taken to be plan-DU. plan-K2 came later; it is taken to be like plan-K.
WITHOUT_STANDBY = ("plan-D", "plan-K", "plan-K2", "plan-DU")
"""The subscriptions whose SIMs cannot be in standby."""
MIX: dict[str, float] = {
    "plan01s": 8, "planX3": 2, "plan-D": 2, "planP1": 1, "planX1": 1, "plan-K2": 1, "plan-KM1": 1, "plan-US": 1,
}  # fmt: skip
"""The subscriptions of a seeded fleet unless others are wanted, with their weights. Made up."""
Contract = tuple[str, tuple[str, ...]]
"""A subscription and its speed classes."""
PARTS = 4096


def contracts(weights: Mapping[str, float]) -> tuple[Contract, ...]:
    """Return about 4096 contracts, with each subscription as often as its weight means."""
    return _contracts(tuple(weights.items()))


@lru_cache(32)
def _contracts(weights: tuple[tuple[str, float], ...]) -> tuple[Contract, ...]:
    total = sum(weight for _, weight in weights)
    return tuple(
        (name, SPEED_CLASSES[name]) for name, weight in weights for _ in range(max(1, round(PARTS * weight / total)))
    )


def speed_classes(subscription: str) -> tuple[str, ...]:
    """Return the speed classes of a subscription; if there is only one, it cannot be changed."""
    return _VIRTUAL_SPEED_CLASSES if subscription == VIRTUAL else SPEED_CLASSES[subscription]


def statuses(subscription: str) -> tuple[str, ...]:
    """Return the statuses to which a SIM of a subscription can be changed, if it is not terminated."""
    if subscription == VIRTUAL:
        return ("active", "terminated")
    standby = () if subscription in WITHOUT_STANDBY else ("standby",)
    return ("active", "inactive", "suspended", *standby, "terminated")


def usual_speed_class(subscription: str) -> str:
    """Return the speed class that a new SIM has."""
    classes = SPEED_CLASSES[subscription]
    return next(name for name in classes if name.endswith(".standard"))


def check(subscription: str, bundles: Sequence[str] = (), speed_class: str | None = None) -> None:
    """Refuse a subscription that does not exist, and bundles or a speed class that it cannot have."""
    if subscription not in SPEED_CLASSES:
        raise Refusal.unknown("subscription", subscription)
    letters = subscription.removeprefix("plan").removeprefix("-")
    for bundle in bundles:
        # A bundle has the name of its subscription: X3-5MB belongs to planX3, DU-10GB to plan-DU.
        if not bundle.startswith(f"{letters}-"):
            raise Refusal.invalid("the bundle {0} does not go with {1}", bundle, subscription)
    if speed_class is not None and speed_class not in SPEED_CLASSES[subscription]:
        raise Refusal("SEM9028", speed_class, subscription)
