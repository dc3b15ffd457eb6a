"""The role of a path of the API: a collection, an item of one, a setting, or an action."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from ..._codec.annotations import Annotation, Array, Object, annotation, choices
from ..._codec.model import is_model
from ..._registry import load
from ...api.operations import MODULES
from ..service.validation import fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..._core.operation import Operation

Role = Literal["collection", "item", "setting", "action"]
Making = Literal["posted", "registered", "named", "put", "never"]
"""How an item is made: by a POST to its collection, by registration, or by a POST or a PUT to its own path."""

_OWN = "/operators/{operator_id}"
"""The path of the operator itself; it counts as the root."""
_OWNERS = ("operatorId", "groupId")
"""Fields that name the owner of an item, not the item."""


@frozen(slots=True)
class Level:
    """A part of a path: words that name a collection, and the parameters that identify an item of it."""

    words: tuple[str, ...]
    names: tuple[str, ...]
    collection: str
    """The path up to the parameters."""

    @property
    def kind(self) -> str:
        """The name of one item: `batch group` of `/batch_groups`."""
        return _singular(" ".join(self.words).replace("_", " "))


@cache
def levels_of(path: str) -> tuple[Level, ...]:
    """Split a path of the operations table in front of each word that follows a parameter."""
    at = _OWN if path.startswith(f"{_OWN}/") else ""
    levels: list[Level] = []
    words: tuple[str, ...] = ()
    for named, group in groupby(path[len(at) + 1 :].split("/"), lambda segment: segment.startswith("{")):
        segments = tuple(group)
        if named:
            levels.append(Level(words, tuple(segment[1:-1] for segment in segments), at))
        words = () if named else segments
        at += "".join(f"/{segment}" for segment in segments)
    return (*levels, Level(words, (), at)) if words else tuple(levels)


@cache
def role_of(path: str) -> Role:
    """Return the role of a path of the operations table."""
    level, found = levels_of(path)[-1], methods(path).get("GET")
    if level.names:
        # An item that is neither made nor listed always exists: the bill of a month, a summary by its name.
        alone = making(level.collection) == "never" and "GET" not in methods(level.collection)
        return "setting" if alone else "item"
    if item_path(path):
        return "collection"
    if found is None:
        return "action"
    return "collection" if isinstance(annotation(found.result), Array) else "setting"  # type: ignore[arg-type]  # mypy: a type is hashable


@cache
def _table() -> dict[str, dict[str, Operation[Any]]]:
    table: dict[str, dict[str, Operation[Any]]] = {}
    for operation in map(load, MODULES):
        table.setdefault(operation.path, {})[operation.method] = operation
    return table


def methods(path: str) -> Mapping[str, Operation[Any]]:
    """Return the operations of a path, by their methods."""
    return _table().get(path, {})


@cache
def item_path(collection: str) -> str:
    """Return the path of the items of a collection; empty if they have none."""
    paths = (path for path in _table() if path.startswith(f"{collection}/{{"))
    return min((path for path in paths if levels_of(path)[-1].collection == collection), key=len, default="")


@cache
def making(collection: str) -> Making:
    """Return how the items of a collection are made."""
    item = item_path(collection)
    of_item = methods(item)
    if "POST" in methods(collection):
        return "posted"
    if "POST" in methods(f"{item}/register"):
        return "registered"
    if "POST" in of_item and "PUT" in of_item:
        return "named"
    return "put" if of_item.keys() & {"POST", "PUT"} else "never"


@cache
def record_type(collection: str) -> Any:
    """Return the model of the items of a collection; None if the API declares none."""
    of_item, of_all = methods(item_path(collection)), methods(collection)
    tellers = [of_item.get("GET"), of_all.get("GET"), of_all.get("POST"), of_item.get("POST"), of_item.get("PUT")]
    found = (items_in(teller.result)[1] for teller in tellers if teller is not None)  # type: ignore[arg-type]  # mypy: a type is hashable
    return next(filter(is_model, found), None)


@cache
def items_in(result: Any) -> tuple[str, Any]:
    """Return the field of an answer that has the items (empty: the answer itself), and the type of the items."""
    tree = annotation(result)
    if isinstance(tree, Array):
        return "", _type(tree.item)
    lists = {name: _item(kind) for name, (kind, _) in fields(result).items()} if is_model(result) else {}
    return next(iter(lists.items())) if lists and all(map(is_model, lists.values())) else ("", result)


def _item(kind: Any) -> Any:
    """Return the type of the items of a list or an optional list; None if it is no list."""
    lists = (each.item for each in choices(annotation(kind)) if isinstance(each, Array))
    return next(map(_type, lists), None)


def _type(tree: Annotation) -> Any:
    return tree.model if isinstance(tree, Object) else None


@cache
def name_fields(collection: str) -> tuple[str, ...]:
    """Return the fields that identify an item; none if the types do not show that."""
    path, kind = item_path(collection), record_type(collection)
    if not path or kind is None:
        return ()
    known = fields(kind)
    names = levels_of(path)[-1].names
    found = tuple(field_named(name, known) for name in names)
    if set(found) <= known.keys():
        return found
    others = [name for name in known if name.endswith("Id") and name not in _OWNERS]
    found = ("id",) if "id" in known else tuple(others)
    return found if len(found) == len(names) else ()


def field_named(name: str, known: Collection[str]) -> str:
    """Return the field that a word of a path or a query means, in the spelling of the `known` fields."""
    head, *tail = name.split("_")
    return name if name in known else head + "".join(word.capitalize() for word in tail)


def _singular(words: str) -> str:
    for plural, singular in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if words.endswith(plural) and not words.endswith("ss"):
            return words.removesuffix(plural) + singular
    return words
