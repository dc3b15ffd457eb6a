"""Right requests for every operation: what an operation is about is made by other operations, or found by a listing.

The rules do for most: a path parameter is what a POST to the collection before it made, or the first item of its
listing; a body has the fields that are required, by their names and types. The tables of `plans.py` say the rest.
"""

from __future__ import annotations

import re
import typing
from contextlib import suppress
from types import UnionType
from typing import Annotated, Any, Literal, Union
from urllib.parse import quote

from attrs import evolve, field, frozen
from plans import BODIES, FIRST, FROM, QUERIES, TIMES, VALUES

from soracom_async._codec.model import is_model, wire_name
from soracom_async._codec.times import unit_of
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator.service.validation import fields

SUCCESSES = range(200, 400)
IDS = {(load(id_).method, load(id_).path): id_ for id_ in MODULES}


@frozen
class Plan:
    """A request."""

    method: str
    path: str = ""
    parameters: dict[str, str] = field(factory=dict)
    """Those of the path."""
    query: dict[str, Any] = field(factory=dict)
    json: Any = None
    content: bytes | None = None

    def at(self, operation, parameters):
        """Return it for other parameters of the path."""
        quoted = {name: quote(value, safe="/" if name == "path" else "") for name, value in parameters.items()}
        return evolve(self, path=operation.path.format_map(quoted), parameters=parameters)

    async def send(self, client):
        """Send it."""
        body = {"content": self.content} if self.json is None else {"json": self.json}
        return await client.request(self.method, self.path, params=self.query, **body)


class Planner:
    """Plans requests against an emulator, as the root user of one of its operators; its texts begin with `mark`."""

    def __init__(self, emulator, client, operator=None, mark="x"):
        self.emulator = emulator
        self.client = client
        self.operator = operator or emulator.operator
        self.mark = mark
        fleet, world = self.operator.fleet, emulator.world
        sims = map(fleet.look, fleet.numbers)
        sim = next(sim for sim in sims if sim.online and sim.subscription == "plan01s")
        key = next(world.keys_of(self.operator.users[None]), None) or world.add_key(self.operator.users[None])
        sam = self.operator.users.get("sam") or world.add_user(self.operator, "sam", world.secret(16))
        self.known = {
            "operator_id": self.operator.id,
            "operatorId": self.operator.id,
            "sim_id": sim.sim_id,
            "simId": sim.sim_id,
            "imsi": sim.imsi,
            "iccid": sim.sim_id,
            "msisdn": sim.msisdn,
            "group_id": next(iter(self.operator.groups)),
            "user_name": "sam",
            "root": self.operator.email,
            "password": self.operator.users[None].password,
            "sam password": sam.password,
            "auth_key_id": key.id,
            "auth key": key.secret,
        }
        """What is known by a name: of a parameter, or of a value of the tables."""

    async def plan(self, id_):
        """Return a right request for an operation, after all that has to come before it."""
        for first in FIRST.get(id_, ()):
            await (self.do(first) if isinstance(first, str) else first(self))
        operation = load(id_)
        names = re.findall(r"{(\w+)}", operation.path)
        parameters = {name: str(await self._parameter(operation, name)) for name in names}
        plan = Plan(operation.method).at(operation, parameters)
        needed = {each.wire: self._sample(each.type, each.wire) for each in operation.query if each.required}
        query = await self._filled(needed | QUERIES.get(id_, {}))
        plan = evolve(plan, query=query)
        if operation.body is bytes:
            return evolve(plan, content=b"content")
        if operation.body is None:
            return plan
        body, more = self._sample(operation.body, "", operation.required or ()), BODIES.get(id_)
        if isinstance(body, dict) and isinstance(more, dict):
            more = body | more
        return evolve(plan, json=await self._filled(body if more is None else more))

    async def do(self, id_):
        """Execute an operation, and remember what it made."""
        plan = await self.plan(id_)
        answer = await plan.send(self.client)
        assert answer.status_code in SUCCESSES, f"{id_}: {plan} {answer.text}"
        said = answer.json() if answer.content and "json" in answer.headers["content-type"] else None
        for name, (maker, find) in FROM.items():
            if maker == id_:
                with suppress(IndexError):  # there may be more to be found later
                    self.known[name] = find(self, said)
        return said

    async def _parameter(self, operation, name):
        """Return a path parameter."""
        collection = operation.path[: operation.path.index(f"/{{{name}}}")]
        for known in (f"{operation.id} {name}", f"{collection} {name}", name):
            if known in self.known or known in FROM:
                return await self._value(known)
            if known in VALUES:
                return (await self._filled({"": VALUES[known]}))[""]
        if name in operation.path_types:
            return self._sample(operation.path_types[name], name)
        self.known[f"{collection} {name}"] = found = await self._found(collection, name)
        return found

    async def _value(self, name):
        if name not in self.known:
            await self.do(FROM[name][0])
        return self.known[name]

    async def _found(self, collection, name):
        """Return the name of what a POST makes, or of the first item of a listing."""
        maker = IDS.get(("POST", collection)) or IDS.get(("GET", collection))
        if maker is None:
            return "unknown"
        said = await self.do(maker)
        items = next((each for each in said.values() if isinstance(each, list)), []) if isinstance(said, dict) else said
        item = said if isinstance(said, dict) and load(maker).method == "POST" else items[0]
        head, *tail = name.split("_")
        names = head + "".join(word.capitalize() for word in tail), name, "id"
        ids = [each for each in item if each.endswith("Id") and each != "operatorId"]
        return next(item[each] for each in (*names, *ids) if item.get(each) is not None)

    async def _filled(self, value):
        """Put values in the places of their names."""
        if isinstance(value, dict):
            return {await self._filled(name): await self._filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [await self._filled(each) for each in value]
        if callable(value):
            return value(self)
        return await self._value(value[1:]) if isinstance(value, str) and value.startswith("$") else value

    def _sample(self, kind, name, required=()):
        """Return JSON of a type, with the fields that are required."""
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if is_model(kind):
            needed = {wire_name(kind, each) for each in required}
            return {
                wire: self._sample(each, wire) for wire, (each, must) in fields(kind).items() if must or wire in needed
            }
        if name in VALUES:
            return VALUES[name]
        if name in self.known:
            return self.known[name]
        if origin is Annotated:
            return TIMES[unit_of(kind)]
        if origin in (Union, UnionType):
            return self._sample(arguments[0], name)
        if origin is Literal:
            return arguments[0]
        if origin is list:
            return [self._sample(arguments[0], name)]
        if origin is dict:
            return {}
        return {str: f"{self.mark}-{name}", int: 1, float: 1, bool: True}.get(kind, {})
