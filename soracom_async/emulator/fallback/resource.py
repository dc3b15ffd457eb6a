"""Operations without a handler are answered by generic rules, with data that fits the operation's types.

POST on a collection makes an item, GET lists or finds, PUT merges, DELETE removes; a POST below an item acts on it. The
items of `/batch_groups` are in the collection `batch group`, those of `/batch_groups/{batch_group_id}/jobs` in
`job of batch group` and the group's identifier. A setting is a sample until a PUT sets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._codec.model import is_model
from ..protocol.errors import Refusal
from ..protocol.messages import Page, decode, encode
from ..service.validation import fields, problem
from . import path_roles
from .samples import Sampler

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..service.call import Call
    from ..state.collections import Collection, Record
    from .path_roles import Level

SEEDED = 3
"""How many items a collection has that the API cannot make, if there is a fleet."""
_MOMENTS = ("time", "createdTime", "createdAt")
"""The fields that `from` and `to` compare."""


def answer(call: Call) -> Any:
    """Answer an operation by its method, its path and its types."""
    if call.session is None:  # without a session there is no operator, and so no data
        raise Refusal("COM9005", call.operation.id)
    levels, role = path_roles.levels_of(call.operation.path), path_roles.role_of(call.operation.path)
    if levels[-1].words == ("register",) and role == "action":
        return GenericResource(call, *levels[:-1]).make()
    return _RULES.get((role, call.operation.method), GenericResource.act)(GenericResource(call, *levels))


class GenericResource:
    """The collection of a level of a call's path, and the item that the path names."""

    def __init__(self, call: Call, *levels: Level) -> None:
        *parents, level = levels
        self.call = call
        self.names: tuple[str, ...] = level.names
        self.collection: str = level.collection
        self.id: str = "/".join(call.path[name] for name in level.names)
        self.kind: str = level.kind
        self.type: Any = path_roles.record_type(level.collection)
        self.known: dict[str, tuple[Any, bool]] = fields(self.type) if self.type else {}
        self.parent: GenericResource | None = GenericResource(call, *parents) if parents else None
        if self.parent is not None:
            self.parent.find()
            self.kind += f" of {self.parent.kind} {self.parent.id}"

    @property
    def stored(self) -> Collection:
        """The collection."""
        operator = self.call.operator
        untouched = self.kind not in operator.collections
        stored = operator.collection(self.kind)
        if untouched and operator.fleet.numbers and path_roles.making(self.collection) == "never":
            for number in map(str, range(1, SEEDED + 1)):
                record = self._sample(number, nameless=True)
                stored[self._name_of(record) or number] = record
        return stored

    def find(self) -> Record:
        """Return the item; raises Refusal (404)."""
        if self.names == ("operator_id",):  # only the caller's own operator gets here
            return {}
        if self.names in (("sim_id",), ("imsi",), ("msisdn",)):
            self.call.sim_number()
            return {}
        if self.names == ("group_id",):
            return self.call.operator.groups.get(self.id)
        return self.stored.find(self.id)

    def list(self) -> Any:
        """Return the items that the query wants."""
        operation = self.call.operation
        where, item = path_roles.items_in(operation.result)  # type: ignore[arg-type]  # mypy: a type is hashable
        wanted = self._filter()

        def shown(record: Record) -> Any:
            return self._shown(item, record)

        if operation.paging is not None:
            page = self.call.page(self.stored, wanted, shown)
            if not operation.paging.items:
                return page
            first, *others = operation.paging.items
            return Page(encode({first: decode(page.body)} | {name: [] for name in others}), page.next_key)
        found = [shown(record) for record in self.stored.values() if wanted(record)]
        return self._result({where: found}) if where else found

    def create(self) -> Any:
        """Make an item; its name comes from the body, or is new."""
        said, names = self._said(), path_roles.name_fields(self.collection) or ("",)
        self.id = "/".join(str(said.get(name) or self.call.world.uuid()) for name in names)
        return self.make()

    def make(self) -> Any:
        """Make the named item: a sample, without the fields that the body could have set and did not."""
        body = self.call.operation.body
        could = fields(body) if is_model(body) else {}
        record = {name: value for name, value in self._sample(self.id, made=True).items() if name not in could}
        names = path_roles.name_fields(self.collection)
        named = dict(zip(names, self.id.split("/", len(names) - 1), strict=True)) if names else {}
        return self._result(self.stored.put(self.id, record | named | self._said()))

    def get(self) -> Any:
        """Return the item."""
        return self._result(self.find())

    def put(self) -> Any:
        """Change the item, or make it, if items are made by PUT."""
        if self.id not in self.stored and path_roles.making(self.collection) == "put":
            return self.make()
        return self._result(self.change())

    def post(self) -> Any:
        """Make the item, or change it, if items are made in another way."""
        return self.make() if path_roles.making(self.collection) == "named" else self.put()

    def delete(self) -> Any:
        """Remove the item."""
        return self._result(self.stored.take(self.id))

    def look(self) -> Any:
        """Return a setting; it is a sample until it is put."""
        return self._result(self._setting())

    def set(self) -> Any:
        """Put a setting."""
        setting = self.call.operator.records[self._key] = self._setting() | self._said()
        return self._result(setting)

    def reset(self) -> None:
        """Remove the setting that was put."""
        self.call.operator.records.pop(self._key, None)

    def act(self) -> Any:
        """Change the item on the path, or else return a sample of the result."""
        if self.parent is None:
            return self._result(self._sample(str(self._said()), made=True) | self._said())
        return self.parent._result(self.parent.change())

    def change(self) -> Record:
        """Merge the fields of the body that the item can have into it."""
        record = self.find()
        present = Sampler(self.call, self.id, made=self.call.now)
        record |= {name: value for name, value in self._said().items() if name in self.known}
        changed = (name for name in self.known if name.startswith(("lastModified", "update")))
        record |= {name: present.of(self.known[name][0], name) for name in changed}
        return record

    # From the body, and to the answer

    def _said(self) -> Record:
        """Return the fields of the body."""
        body = self.call.body if isinstance(self.call.body, dict) else {}
        return {name: value for name, value in body.items() if value is not None}

    def _name_of(self, record: Record) -> str:
        names = [record.get(name) for name in path_roles.name_fields(self.collection)]
        return "" if None in names else "/".join(map(str, names))

    @property
    def _key(self) -> str:
        path = self.call.path | {"operator_id": ""}
        return f"setting {self.call.operation.path.format_map(path)}"

    def _setting(self) -> Record:
        query = self.call.request.query
        return self.call.operator.records.get(self._key) or self._sample(f"{self._key}?{query}")

    def _sample(self, name: str, *, made: bool = False, nameless: bool = False) -> Record:
        """Return a sample of an item, with the names in the path; if `nameless`, with a name of its own."""
        if self.type is None:
            return {}
        sample = Sampler(self.call, f"{self.kind} {name}", made=self.call.now if made else None).model(self.type)
        path = ((each, value) for each, value in self.call.path.items() if not (nameless and each in self.names))
        named = {path_roles.field_named(each, sample): value for each, value in path}
        return sample | {each: value for each, value in named.items() if each in sample}

    def _result(self, record: Record) -> Any:
        result = self.call.operation.result
        return None if result is None else self._shown(result, record)

    def _shown(self, kind: Any, record: Record) -> Any:
        """Return a record in the form of a type; fields that the record does not have are samples."""
        sampler = Sampler(self.call, f"{self.kind} {self._name_of(record) or self.id}")
        if not is_model(kind):
            return sampler.of(kind)
        wanted = fields(kind)
        rest = {name: each for name, each in sampler.model(kind).items() if wanted[name][1] or name not in self.known}
        fit = (name for name in wanted if record.get(name) is not None and not problem(wanted[name][0], record[name]))
        return rest | {name: record[name] for name in fit}

    def _filter(self) -> Callable[[Record], bool]:
        """Return the filter of the query: by tags, by the value of a field, by a period."""
        query, tags = self.call.query, self.call.tag_filter()
        said = {parameter.wire for parameter in self.call.operation.query} & query.keys()
        equal = {path_roles.field_named(name, self.known): query[name] for name in said}
        equal = {name: value for name, value in equal.items() if name in self.known}
        moment = next((name for name in _MOMENTS if name in self.known), "")
        first, last = query.get("from"), query.get("to")

        def wanted(record: Record) -> bool:
            at = record.get(moment)
            return (
                (tags is None or tags(record.get("tags", {})))
                and all(record.get(name) == value for name, value in equal.items())
                and (at is None or ((first is None or at >= first) and (last is None or at <= last)))
            )

        return wanted


_RULES: dict[tuple[path_roles.Role, str], Callable[[GenericResource], Any]] = {
    ("collection", "GET"): GenericResource.list,
    ("collection", "POST"): GenericResource.create,
    ("item", "GET"): GenericResource.get,
    ("item", "PUT"): GenericResource.put,
    ("item", "POST"): GenericResource.post,
    ("item", "DELETE"): GenericResource.delete,
    ("setting", "GET"): GenericResource.look,
    ("setting", "PUT"): GenericResource.set,
    ("setting", "POST"): GenericResource.set,
    ("setting", "DELETE"): GenericResource.reset,
}
