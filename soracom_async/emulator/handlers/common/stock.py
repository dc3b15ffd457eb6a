"""What can be registered: SIMs of the sandbox and of orders, coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...state.sims import imsi
from ...state.subscriptions import usual_speed_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...service.call import Call
    from ...state.collections import Collection, Record
    from ...state.sims import Sim
    from ...state.world import World

SIM = "unregistered SIM"


def collection_with(world: World, kind: str, identifier: str) -> Collection | None:
    """Return the collection, of any operator, that has a record which can be registered; None if there is none."""
    collections = (operator.collection(kind) for operator in world.operators.values())
    return next((collection for collection in collections if identifier in collection), None)


def make(call: Call, subscription: str, bundles: Sequence[str] = (), module_type: str = "nano") -> Record:
    """Make a SIM without an operator, with the secret that registers it."""
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
    """Return the SIM of a number, if it was made and is not registered."""
    collection = collection_with(world, SIM, imsi(number))
    return None if collection is None else collection[imsi(number)]


def blank(call: Call, record: Record) -> Sim:
    """Return a SIM that was made, in its state before the registration."""
    return call.operator.fleet.blank(record["number"], call.now, **record["fields"])


def register(call: Call, number: int, **fields: Any) -> Sim:
    """Register a SIM without an operator, made here or not, in the operator's fleet."""
    collection = collection_with(call.world, SIM, imsi(number))
    made = {} if collection is None else collection.take(imsi(number))["fields"]
    sim = call.operator.fleet.blank(number, call.now, registered=call.now, **made | fields)
    call.operator.fleet.add(sim)
    return sim


def free_number(world: World) -> int:
    """Return a number that no SIM has, neither in a fleet nor in stock."""
    collections = (operator.collection(SIM) for operator in world.operators.values())
    # The latest SIM of a collection has its greatest number.
    made = [next(reversed(collection.values()))["number"] for collection in collections if collection]
    number: int = max([world.new_number(), *(last + 1 for last in made)])
    while world.owner(number) is not None:
        number += 1
    return number
