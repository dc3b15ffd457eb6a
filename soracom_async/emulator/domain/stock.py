"""What was made for somebody to register: SIMs of the sandbox and of orders, coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state.sims import imsi
from .subscriptions import usual_speed_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..handlers import Call
    from ..state.collections import Record, Shelf
    from ..state.sims import Sim
    from ..state.world import World

SIM = "unregistered SIM"


def shelf_with(world: World, kind: str, identifier: str) -> Shelf | None:
    """Return the shelf with a thing that anybody can register, whoever it was made for; None where there is none."""
    shelves = (operator.shelf(kind) for operator in world.operators.values())
    return next((shelf for shelf in shelves if identifier in shelf), None)


def make(call: Call, subscription: str, bundles: Sequence[str] = (), module_type: str = "nano") -> Record:
    """Make a SIM that nobody has, with the secret that registers it."""
    number = free_number(call.world)
    fields = {
        "subscription": subscription,
        "bundles": list(bundles) or None,
        "module_type": module_type,
        "speed_class": usual_speed_class(subscription),
    }
    record = {"number": number, "secret": call.world.secret(8), "fields": fields}
    return call.shelf(SIM).put(imsi(number), record)


def find(world: World, number: int) -> Record | None:
    """Return the SIM of a number, if it was made and nobody has registered it."""
    shelf = shelf_with(world, SIM, imsi(number))
    return None if shelf is None else shelf[imsi(number)]


def blank(call: Call, record: Record) -> Sim:
    """Return a SIM that was made, as it is before somebody registers it."""
    return call.operator.fleet.blank(record["number"], call.now, **record["fields"])


def register(call: Call, number: int, **fields: Any) -> Sim:
    """Take a SIM that nobody has, made here or not, into the operator's fleet."""
    shelf = shelf_with(call.world, SIM, imsi(number))
    made = {} if shelf is None else shelf.take(imsi(number))["fields"]
    sim = call.operator.fleet.blank(number, call.now, registered=call.now, **made | fields)
    call.operator.fleet.add(sim)
    return sim


def free_number(world: World) -> int:
    """Return the number of a SIM that neither somebody has nor was made."""
    shelves = (operator.shelf(SIM) for operator in world.operators.values())
    # The SIM that was made last has the greatest number of its shelf.
    made = [next(reversed(shelf.values()))["number"] for shelf in shelves if shelf]
    number: int = max([world.new_number(), *(last + 1 for last in made)])
    while world.owner(number) is not None:
        number += 1
    return number
