"""What was made for somebody to register: SIMs of the sandbox and of orders, coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.subscriptions import usual_speed_class
from ...state.sims import imsi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...service.call import Call
    from ...state.collections import Collection, Record
    from ...state.sims import Sim
    from ...state.world import World

SIM = "unregistered SIM"


def collection_with(world: World, kind: str, identifier: str) -> Collection | None:
    """Return the collection with a thing that anybody can register, whoever it was made for; None if there is none."""
    collections = (operator.collection(kind) for operator in world.operators.values())
    return next((collection for collection in collections if identifier in collection), None)


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
    return call.collection(SIM).put(imsi(number), record)


def find(world: World, number: int) -> Record | None:
    """Return the SIM of a number, if it was made and nobody has registered it."""
    collection = collection_with(world, SIM, imsi(number))
    return None if collection is None else collection[imsi(number)]


def blank(call: Call, record: Record) -> Sim:
    """Return a SIM that was made, as it is before somebody registers it."""
    return call.operator.fleet.blank(record["number"], call.now, **record["fields"])


def register(call: Call, number: int, **fields: Any) -> Sim:
    """Take a SIM that nobody has, made here or not, into the operator's fleet."""
    collection = collection_with(call.world, SIM, imsi(number))
    made = {} if collection is None else collection.take(imsi(number))["fields"]
    sim = call.operator.fleet.blank(number, call.now, registered=call.now, **made | fields)
    call.operator.fleet.add(sim)
    return sim


def free_number(world: World) -> int:
    """Return the number of a SIM that neither somebody has nor was made."""
    collections = (operator.collection(SIM) for operator in world.operators.values())
    # The SIM that was made last has the greatest number of its collection.
    made = [next(reversed(collection.values()))["number"] for collection in collections if collection]
    number: int = max([world.new_number(), *(last + 1 for last in made)])
    while world.owner(number) is not None:
        number += 1
    return number
