"""The seeded SIMs of a fleet: all that a SIM is follows from its number, and its sessions from the time too.

A seeded SIM takes no memory: each request makes it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..durations import DAY_MS
from .activity import latest
from .seeded_json import SITES, device, text
from .session_shapes import address_of
from .sims import GOLDEN, IMSI_PREFIX, MSISDN_PREFIX, SIM_PREFIX, Side, mix
from .subscriptions import contracts, statuses
from .ulid import time_part

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

STATUSES = ("ready", "inactive", "standby", "suspended") + ("active",) * 12
MODULES = ("nano", "micro", "mini", "trio", "nano", "trio", "embedded", "nano")
SPAN = 700 * DAY_MS
"""Seeded SIMs were created within this time."""


class Seed:
    """The SIMs that follow from one `key`; `weights` are the subscriptions that they have."""

    def __init__(
        self, key: int, operator_id: str, epoch: int, groups: tuple[str, ...], weights: Mapping[str, float]
    ) -> None:
        self.key = key
        self.operator_id = operator_id
        self.epoch = epoch
        """All seeded SIMs are older, in milliseconds."""
        self.groups = groups
        self.weights: dict[str, float] = dict(weights)
        with_standby = {name: weight for name, weight in weights.items() if "standby" in statuses(name)}
        self.statuses: tuple[str, ...] = (
            STATUSES if with_standby else tuple(s.replace("standby", "inactive") for s in STATUSES)
        )
        """The statuses of sixteen SIMs."""
        self._contracts = contracts(weights)
        self._standby_contracts = contracts(with_standby)
        self._choices = ("", *groups)
        self._texts: dict[tuple[Side, str, int, bool, bool, bool], Callable[..., str]] = {}

    def status(self, number: int) -> str:
        """Return the status of a SIM."""
        return self.statuses[mix(self.key + number * GOLDEN) & 15]

    def fields(self, number: int, now: int, live_groups: Container[str]) -> dict[str, Any]:
        """Return the fields of a SIM, with its sessions as of `now` (milliseconds), in one of the `live_groups`."""
        bits, status, subscription, speed_class, group_id, module_type, created, used = self._facts(number)
        online, session_time, previous = latest(bits, used, now)
        digits = f"{number:010d}"
        return {
            "number": number,
            "sim_id": SIM_PREFIX + digits[1:],
            "imsi": IMSI_PREFIX + digits,
            "msisdn": MSISDN_PREFIX + digits,
            "operator_id": self.operator_id,
            "status": status,
            "subscription": subscription,
            "speed_class": speed_class,
            "group_id": group_id if group_id in live_groups else None,
            "module_type": module_type,
            "serial_number": f"AB{digits}",
            "created": created,
            "modified": used[-1] if used else created,
            "bits": bits,
            "used": used,
            "online": online,
            "session_time": session_time,
            "previous_session": previous,
            "tags": {"name": f"device-{digits}", "site": SITES[bits >> 40 & 3]},
        }

    def json(self, number: int, now: int, live_groups: Container[str], side: Side) -> str:
        """Return the JSON of the SIM that has these fields."""
        bits, status, subscription, speed_class, group_id, module_type, created, used = self._facts(number)
        online, session_time, previous = latest(bits, used, now)
        place = address = session_id = last_id = last_begin = last_end = None
        if session_time is not None:
            address = address_of(number)
            place, tail = device(bits, address), f"{bits:016X}"
            if online:
                session_id = time_part(session_time) + tail
            if previous is not None:
                last_begin, last_end = previous
                last_id = time_part(last_begin) + tail
        form = side, subscription, bits >> 40 & 3, session_time is not None, online, last_id is not None
        return (self._texts.get(form) or self._text(*form))(
            f"{number:09d}", status, speed_class, f'"{group_id}"' if group_id in live_groups else "null", module_type,
            created, used[-1] if used else created,
            place, address, session_id, session_time, last_id, last_begin, last_end,
        )  # fmt: skip

    def _facts(self, number: int) -> tuple[int, str, str, str, str, str, int, list[int]]:
        bits = mix(self.key + number * GOLDEN)
        status = self.statuses[bits & 15]
        created = self.epoch - DAY_MS - (bits >> 16) % SPAN
        used = []
        if status != "ready":
            activated = created + (bits >> 24) % DAY_MS
            used.append(activated)
            if status != "active":
                used.append(activated + ((1 + (bits >> 20 & 1023)) * (self.epoch - activated) >> 10))
        choices = self._standby_contracts if status == "standby" else self._contracts
        subscription, speed_classes = choices[(bits >> 48 & 4095) % len(choices)]
        speed_class = speed_classes[(bits >> 20 & 255) % len(speed_classes)]
        group_id = self._choices[(bits >> 6 & 1023) % len(self._choices)]
        return bits, status, subscription, speed_class, group_id, MODULES[bits >> 28 & 7], created, used

    def _text(
        self, side: Side, subscription: str, site: int, used: bool, online: bool, again: bool
    ) -> Callable[..., str]:
        made = text(side, self.operator_id, subscription, site, used=used, online=online, again=again)
        self._texts[side, subscription, site, used, online, again] = made
        return made
