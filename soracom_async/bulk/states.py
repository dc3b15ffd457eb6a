"""Operations that set a state which the thing itself shows: whether a call would change anything, and how to read that.

One rule is for every kind of thing. `POST /sims/{sim_id}/suspend` answers the SIM as `GET /sims/{sim_id}` does, and the
last word of its path says what the SIM shows afterwards: the status `suspended`. If there is a body, the SIM shows its
fields afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from attrs import frozen

from .._codec.codec import unstructure
from .._codec.fields import field_names, is_model, wire_names
from .._core.operation import ARRAY, Effect, Operation
from .._registry import load

_WORDS: dict[str, tuple[str, Any]] = {
    "activate": ("status", "active"),
    "deactivate": ("status", "inactive"),
    "suspend": ("status", "suspended"),
    "set_to_standby": ("status", "standby"),
    "terminate": ("status", "terminated"),
    "enable_termination": ("termination_enabled", True),
    "disable_termination": ("termination_enabled", False),
    "unset_group": ("group_id", None),
    "unset_network_set": ("network_set_id", None),
    "unset_expiry_time": ("expiry_time", None),
    "unset_imei_lock": ("imei_lock", None),
}
"""The field that an operation sets, and to what, by the last word of its path."""


@frozen
class State:
    """The state that an operation sets."""

    reader: Operation[Any]
    """What reads the thing: `getSim`."""
    listing: Operation[Any]
    """What lists all things of this kind: `listSims`."""
    model: type[Any]
    names: tuple[str, ...]
    """The parameters of the path, which are also fields of the model."""
    sets: tuple[str, Any] | None
    """The field that every call sets, and to what; None if the arguments say it."""
    fields: tuple[str, ...]
    """The fields that the arguments say."""

    @classmethod
    def of(cls, operation: Operation[Any] | None) -> State | None:
        """Return the state that an operation sets; None if the thing does not show it."""
        return None if operation is None else _state(operation)

    def wanted(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a thing shows after the call, as JSON by the names of fields; None if that cannot be told."""
        if self.sets is not None:
            return dict([self.sets])
        return {name: arguments[name] for name in self.fields} if arguments.keys() >= {*self.fields} else None

    def shows(self, model: Any, wanted: Mapping[str, Any]) -> bool:
        """Return whether a thing shows a state already."""
        wire = unstructure(model)
        return all(_wire(self.model, name, wire) == value for name, value in wanted.items())


def _wire(cls: Any, name: str, wire: Mapping[str, Any]) -> Any:
    return next((wire[each] for each in wire_names(cls, name) if each in wire), None)


@cache
def _state(operation: Operation[Any]) -> State | None:
    place, _, word = operation.path.rpartition("/")
    model: Any = operation.result
    if operation.effect is not Effect.SET or not is_model(model):
        return None
    readings = _readings(operation)
    reader, listing = readings.get(place), readings.get(place.partition("/{")[0])
    if reader is None or listing is None or listing.paging != ARRAY or get_args(listing.result) != (model,):
        return None
    names = tuple(part[1:-1] for part in place.split("/") if part.startswith("{"))
    sets = _WORDS.get(word) if operation.body is None else None
    body = field_names(operation.body) if is_model(operation.body) else ()
    shown = {*names, *body, *([sets[0]] if sets else [])} <= {*field_names(model)}
    if reader.result != model or not shown or not (sets or body):
        return None
    return State(reader, listing, model, names, sets, body)


def _readings(operation: Operation[Any]) -> dict[str, Operation[Any]]:
    """Return what an operation's module of the API reads, by the paths."""
    from ..api.operations import MODULES

    module = MODULES.get(operation.id)
    siblings = (load(name) for name, of in MODULES.items() if of == module)
    return {each.path: each for each in siblings if each.method == "GET"}
