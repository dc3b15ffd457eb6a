"""The seeded SIMs of a fleet: all that a SIM is follows from its number, and its sessions from the time too.

A seeded SIM takes no memory. So each request makes it anew, and listings of a million of them have to be quick: their
JSON is filled into a text, which is several times quicker than building each object and encoding it. The text comes
from the same shapes, so that both cannot differ.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..durations import DAY_MS
from .activity import FOREVER, latest
from .session_shapes import cell_numbers, device_address, device_imei, site_of
from .sims import GOLDEN, IMSI_PREFIX, MSISDN_PREFIX, SHAPES, SIM_PREFIX, Side, Sim, mix
from .subscriptions import contracts
from .ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = ("ready", "inactive", "standby", "suspended") + ("active",) * 12
MODULES = ("nano", "micro", "mini", "trio", "nano", "trio", "embedded", "nano")
SITES = ("tokyo", "london", "seattle", "osaka")


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
        self.weights = dict(weights)
        self._contracts = contracts(weights)
        self._choices: tuple[str | None, ...] = (None, *groups)

    def status(self, number: int) -> str:
        """Return the status of a SIM."""
        return STATUSES[mix(self.key + number * GOLDEN) & 15]

    def fields(self, number: int, now: int) -> dict[str, Any]:
        """Return the fields of a SIM, with its sessions as of `now` (milliseconds)."""
        bits = mix(self.key + number * GOLDEN)
        status = STATUSES[bits & 15]
        created = self.epoch - DAY_MS - (bits >> 16) % (700 * DAY_MS)
        online, session_time, previous = False, None, None
        if status == "ready":
            used, modified = [], created
        else:
            activated = created + (bits >> 24) % DAY_MS
            if status == "active":
                used, modified, stopped = [activated], activated, FOREVER
            else:
                stopped = modified = activated + ((1 + (bits >> 20 & 1023)) * (self.epoch - activated) >> 10)
                used = [activated, stopped]
            online, session_time, previous = latest(bits, activated, stopped, now)
        subscription, speed_classes = self._contracts[(bits >> 48 & 4095) % len(self._contracts)]
        digits = f"{number:010d}"
        return {
            "number": number,
            "sim_id": SIM_PREFIX + digits[1:],
            "imsi": IMSI_PREFIX + digits,
            "msisdn": MSISDN_PREFIX + digits,
            "operator_id": self.operator_id,
            "status": status,
            "subscription": subscription,
            "speed_class": speed_classes[(bits >> 20 & 255) % len(speed_classes)],
            "group_id": self._choices[(bits >> 6 & 1023) % len(self._choices)],
            "module_type": MODULES[bits >> 28 & 7],
            "serial_number": f"AB{digits}",
            "created": created,
            "modified": modified,
            "bits": bits,
            "used": used,
            "online": online,
            "session_time": session_time,
            "previous_session": previous,
            "tags": {"name": f"device-{digits}", "site": SITES[bits >> 40 & 3]},
        }


def seeded_json(fields: dict[str, Any], side: Side) -> str:
    """Return the JSON of the SIM that has these `fields` of a seed."""
    bits, online, previous = fields["bits"], fields["online"], fields["previous_session"]
    began = fields["session_time"]
    if began is not None:
        number = fields["number"]
        fields["address"] = f"10.{128 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"
        fields["imei"] = f"35{bits % 10**13:013d}"
        fields["tac"], fields["eci"] = cell_numbers(bits)
        if online:
            fields["session_id"] = ulid(began, bits)
        if previous is not None:
            fields["last_begin"], fields["last_end"] = previous
            fields["last_id"] = ulid(previous[0], bits)
    group = fields["group_id"]
    fields["group_id"] = f'"{group}"' if group else "null"
    fields["name"] = fields["tags"]["name"]
    form = side, fields["subscription"], site_of(bits), began is not None, online, previous is not None
    return _template(*form) % fields


@lru_cache(maxsize=1024)
def _template(side: Side, subscription: str, site: int, used: bool, online: bool, again: bool) -> str:
    """Return JSON with `%(field)s` instead of the fields that differ among the SIMs of a form.

    It is the JSON of a SIM whose values occur in no other place.
    """
    bits = 0x5A5_F3C7_1B29_E6D8 & ~(3 << 40) | site << 40
    began, last = 1_600_000_000_001, (1_600_000_000_002, 1_600_000_000_003)
    words = ("sim_id", "imsi", "msisdn", "operator_id", "status", "speed_class", "module_type", "serial_number")
    marked: dict[str, Any] = {name: f"<{name}>" for name in words}
    raw: dict[str, Any] = {"group_id": "<group_id>", "created": 1_600_000_000_004, "modified": 1_600_000_000_005}
    sim = Sim(
        **marked,
        **raw,
        number=876_543_210,
        subscription=subscription,
        bits=bits,
        online=online,
        session_time=began if used else None,
        previous_session=last if again else None,
        tags={"name": "<name>", "site": SITES[site]},
    )
    tac, eci = cell_numbers(bits)
    raw |= {"session_time": began, "last_begin": last[0], "last_end": last[1], "tac": tac, "eci": eci}
    text = json.dumps(SHAPES[side](sim), separators=(",", ":")).replace("%", "%%")
    ids = {"session_id": ulid(began, bits), "last_id": ulid(last[0], bits)}
    texts = marked | ids | {"name": "<name>", "imei": device_imei(sim), "address": device_address(sim)}
    for name, value in texts.items():
        text = text.replace(f'"{value}"', f'"%({name})s"')
    for name, value in raw.items():
        text = text.replace(f":{json.dumps(value)}", f":%({name})s")
    return text
