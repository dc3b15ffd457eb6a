"""The seeded SIMs of a fleet: all that a SIM is follows from its number, and its sessions from the time too.

A seeded SIM takes no memory. So each request makes it anew, and listings of a million of them have to be quick: their
JSON is filled into a text, which is several times quicker than building each object and encoding it. The text comes
from the same shapes, so that both cannot differ.
"""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..durations import DAY_MS
from .activity import latest
from .session_shapes import NETWORKS, cell_numbers, device_address
from .sims import (
    GOLDEN,
    IMSI_PREFIX,
    MSISDN_PREFIX,
    SHAPES,
    SIM_PREFIX,
    Side,
    Sim,
    imsi,
    mix,
    msisdn,
    sim_id,
)
from .subscriptions import contracts
from .ulid import time_part, ulid

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

STATUSES = ("ready", "inactive", "standby", "suspended") + ("active",) * 12
MODULES = ("nano", "micro", "mini", "trio", "nano", "trio", "embedded", "nano")
SITES = ("tokyo", "london", "seattle", "osaka")

_Template = tuple[str, "Callable[[tuple[Any, ...]], tuple[Any, ...]]"]
"""JSON with `%s` for each mark, and what puts the values of the marks into the order of the text."""


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
        self._templates: dict[tuple[Any, ...], _Template] = {}

    def status(self, number: int) -> str:
        """Return the status of a SIM."""
        return STATUSES[mix(self.key + number * GOLDEN) & 15]

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
        """Return the JSON of the SIM with the same fields."""
        bits, status, subscription, speed_class, group_id, module_type, created, used = self._facts(number)
        online, session_time, previous = latest(bits, used, now)
        device = address = session_id = last_id = last_begin = last_end = None
        if session_time is not None:
            address = f"10.{128 + (number >> 16 & 127)}.{number >> 8 & 255}.{number & 255}"
            device, tail = _device(bits, address), f"{bits:016X}"
            if online:
                session_id = time_part(session_time) + tail
            if previous is not None:
                last_begin, last_end = previous
                last_id = time_part(last_begin) + tail
        form = side, subscription, bits >> 40 & 3, session_time is not None, online, last_id is not None
        text, order = self._templates.get(form) or self._template(*form)
        values = (
            f"{number:09d}", status, speed_class, f'"{group_id}"' if group_id in live_groups else "null", module_type,
            created, used[-1] if used else created,
            device, address, session_id, session_time, last_id, last_begin, last_end,
        )  # fmt: skip
        return text % order(values)

    def _facts(self, number: int) -> tuple[int, str, str, str, str | None, str, int, list[int]]:
        bits = mix(self.key + number * GOLDEN)
        status = STATUSES[bits & 15]
        created = self.epoch - DAY_MS - (bits >> 16) % (700 * DAY_MS)
        used = []
        if status != "ready":
            activated = created + (bits >> 24) % DAY_MS
            used.append(activated)
            if status != "active":
                used.append(activated + ((1 + (bits >> 20 & 1023)) * (self.epoch - activated) >> 10))
        subscription, speed_classes = self._contracts[(bits >> 48 & 4095) % len(self._contracts)]
        speed_class = speed_classes[(bits >> 20 & 255) % len(speed_classes)]
        group_id = self._choices[(bits >> 6 & 1023) % len(self._choices)]
        return bits, status, subscription, speed_class, group_id, MODULES[bits >> 28 & 7], created, used

    def _template(self, side: Side, subscription: str, site: int, used: bool, online: bool, again: bool) -> _Template:
        """Make the text of a form: the JSON of a SIM, whose values occur in no other place, with marks instead."""
        number, bits, began = 876_543_210, 0x5A5_F3C7_1B29_E6D8 & ~(3 << 40) | site << 40, 1_600_000_000_001
        last = 1_600_000_000_002, 1_600_000_000_003
        sim = Sim(
            number=number,
            sim_id=sim_id(number),
            imsi=imsi(number),
            msisdn=msisdn(number),
            operator_id=self.operator_id,
            status="<status>",
            subscription=subscription,
            speed_class="<speed class>",
            group_id="<group>",
            module_type="<module type>",
            serial_number=f"AB{number:010d}",
            created=1_600_000_000_004,
            modified=1_600_000_000_005,
            bits=bits,
            online=online,
            session_time=began if used else None,
            previous_session=last if again else None,
            tags={"name": f"device-{number:010d}", "site": SITES[site]},
        )
        address = device_address(sim)
        values = (
            number, "<status>", "<speed class>", '"<group>"', "<module type>", sim.created, sim.modified,
            _device(bits, address), address, ulid(began, bits), began, ulid(last[0], bits), *last,
        )  # fmt: skip
        text = json.dumps(SHAPES[side](sim), separators=(",", ":"))
        places = {str(value): place for place, value in enumerate(values)}
        marks = re.compile("|".join(map(re.escape, places)))
        order = itemgetter(*(places[found] for found in marks.findall(text)))
        template = marks.sub("%s", text.replace("%", "%%")), order
        self._templates[side, subscription, site, used, online, again] = template
        return template


def _device(bits: int, address: str) -> str:
    """Return a part of the JSON of a session, as `shape_session` and `shape_previous` mean it."""
    mcc, mnc, _ = NETWORKS[bits >> 40 & 3]
    tac, eci = cell_numbers(bits)
    return (
        f'"imei":"35{bits % 10**13:013d}","cell":{{"radioType":"LTE","mcc":{mcc},"mnc":{mnc},"tac":{tac},"eci":{eci}}},'
        f'"ueIpAddress":"{address}"'
    )
