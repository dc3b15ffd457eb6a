"""The subscriptions that a SIM can have, with their speed classes and bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

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
"""The speed classes of each subscription."""


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
