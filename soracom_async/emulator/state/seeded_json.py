"""The JSON of seeded SIMs, filled into texts.

Listings of a million SIMs have to be quick. Filling in a text is several times quicker than building each object and
encoding it. The text is made from the same shapes, so that both cannot differ.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .session_shapes import NETWORKS, cell_numbers, device_address
from .sims import SHAPES, Side, Sim, imsi, msisdn, sim_id
from .ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Callable

SITES = ("tokyo", "london", "seattle", "osaka")

_MARKS = (
    "digits", "status", "speed_class", "group", "module_type", "created", "modified", "device", "address",
    "session_id", "session_time", "last_id", "last_begin", "last_end",
)  # fmt: skip
"""What differs among the SIMs of one form."""
_NUMBER, _SITE = 876_543_210, 40
_CELLS = [f'"radioType":"LTE","mcc":{mcc},"mnc":{mnc}' for mcc, mnc, _ in NETWORKS]


def text(
    side: Side, operator_id: str, subscription: str, site: int, *, used: bool, online: bool, again: bool
) -> Callable[..., str]:
    """Return a function that returns the JSON of a SIM of this form, from the values of the marks in their order.

    The form is the subscription, the number of the site, and whether the SIM ever was in a session, is in one now, and
    was in one before that. The text is the JSON of a SIM whose values occur in no other place.
    """
    bits, began = 0x5A5_F3C7_1B29_E6D8 & ~(3 << _SITE) | site << _SITE, 1_600_000_000_001
    last = 1_600_000_000_002, 1_600_000_000_003
    sim = Sim(
        number=_NUMBER,
        sim_id=sim_id(_NUMBER),
        imsi=imsi(_NUMBER),
        msisdn=msisdn(_NUMBER),
        operator_id=operator_id,
        status="<status>",
        subscription=subscription,
        speed_class="<speed class>",
        group_id="<group>",
        module_type="<module type>",
        serial_number=f"AB{_NUMBER:010d}",
        created=1_600_000_000_004,
        modified=1_600_000_000_005,
        bits=bits,
        online=online,
        session_time=began if used else None,
        previous_session=last if again else None,
        tags={"name": f"device-{_NUMBER:010d}", "site": SITES[site]},
    )
    address = device_address(sim)
    values = (
        _NUMBER, sim.status, sim.speed_class, '"<group>"', sim.module_type, sim.created, sim.modified,
        device(bits, address), address, ulid(began, bits), began, ulid(last[0], bits), *last,
    )  # fmt: skip
    names = {str(value): name for name, value in zip(_MARKS, values, strict=True)}
    pieces = re.split(f"({'|'.join(map(re.escape, names))})", json.dumps(SHAPES[side](sim), separators=(",", ":")))
    # A compiled text takes half the time of `%`, of which a page of 100 SIMs needs 100.
    code = "".join(f"{{{names[each]}}}" if each in names else _quoted(each) for each in pieces)
    made: Callable[..., str] = eval(f'lambda {",".join(_MARKS)}: f"{code}"')  # noqa: S307 - all names are ours
    return made


def device(bits: int, address: str) -> str:
    """Return a part of the JSON of a session, as `shape_session` and `shape_previous` mean it."""
    tac, eci = cell_numbers(bits)
    return (
        f'"imei":"35{bits % 10**13:013d}","cell":{{{_CELLS[bits >> _SITE & 3]},"tac":{tac},"eci":{eci}}},'
        f'"ueIpAddress":"{address}"'
    )


def _quoted(piece: str) -> str:
    """Return a text as it stands within an f-string."""
    return piece.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
