"""Every operation answers what it declares to a right request, and an error in the unified form to a wrong one."""

from __future__ import annotations

import json
import re
import typing
from types import UnionType
from typing import Any, Union

import pytest
from attrs import evolve
from planner import SUCCESSES
from plans import OTHERWISE
from strict import problems

from soracom_async._codec.model import is_model, wire_name
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator.service.validation import fields

pytestmark = pytest.mark.anyio
every_operation = pytest.mark.parametrize("id_", MODULES)

LIMITS = ("limit", "remaining", "seconds-before-refresh")
FOREIGN = {"limit": "some", "from": "now", "sort": "up", "last_evaluated_key": "none", "model": "x", "unknown": "x"}
"""Query parameters that mean nothing, or would be wrong, where they are not declared."""
LOOSE = {"source"}
"""Fields that come in other forms than the declared one."""
WELCOME = {
    "createCredential",
    "createRole",
    "createUser",
    "getDataEntriesByCategory",
}
"""Operations to which nothing is unknown: they make what the path names, or list nothing of it."""


@pytest.fixture
def anyio_backend():
    return "asyncio"  # the answers do not depend on it


def refused(answer, *statuses):
    """Check an error in the unified form."""
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    assert answer.headers["content-type"] == "application/json"
    if answer.request.method != "HEAD":
        error = answer.json()
        assert error.keys() == {"code", "message"}
        assert all(isinstance(each, str) and each for each in error.values())
    return limited(answer)


def limited(answer):
    """Check the headers of the quota."""
    limit, remaining, seconds = (int(answer.headers[f"x-soracom-ratelimit-{name}"]) for name in LIMITS)
    assert limit >= remaining >= 0
    assert 0 <= seconds <= 60
    return True


def declared(operation, answer):
    """Check what came of a right request against what the operation declares."""
    assert answer.status_code in (operation.status, OTHERWISE.get(operation.id)), answer.text
    content = operation.result not in (None, bytes) and operation.method != "HEAD" and answer.status_code < 300
    if not content:
        assert operation.receives != "application/json" or not answer.content
        return
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    if operation.paging is not None and operation.paging.items:
        assert said.keys() == set(operation.paging.items)
        said = [item for items in said.values() for item in items]
    assert problems(operation.result, said) == []


@every_operation
async def test_right_requests(planner, client, id_):
    """A right request is answered with what is declared; parameters that are of other operations change nothing."""
    plan = await planner.plan(id_)
    strange = FOREIGN.keys() - {parameter.wire for parameter in load(id_).query}
    answer = await evolve(plan, query=plan.query | {name: FOREIGN[name] for name in strange}).send(client)
    assert limited(answer)
    declared(load(id_), answer)


@every_operation
async def test_wrong_requests(planner, client, id_):
    """What a request must have is checked before anything is done; without a token there is no answer at all."""
    operation, plan = load(id_), await planner.plan(id_)
    headers = {name: client.headers.pop(name) for name in ("x-soracom-api-key", "x-soracom-token")}
    if operation.secured:
        assert refused(await plan.send(client), 401)
    client.headers.update(headers)
    for wrong in wrong_queries(operation, plan):
        assert refused(await client.request(plan.method, plan.path, params=wrong, json=plan.json), 400)
    for wrong in wrong_bodies(operation, plan):
        assert refused(await client.request(plan.method, plan.path, params=plan.query, content=wrong), 400)
    for wrong in wrong_paths(operation, planner.emulator.operator_id):
        assert refused(await client.request(plan.method, wrong, params=plan.query, json=plan.json))


@pytest.mark.parametrize("id_", [id_ for id_ in MODULES if load(id_).body not in (None, bytes)])
async def test_odd_bodies(planner, client, id_):
    """Whatever stands in the place of a part of a right body, and beside it: it is understood, or refused."""
    plan = await planner.plan(id_)
    for odd in (None, "", "x", -1, 2**62, True, [], [None], {}, {"x": []}):
        for body in altered(plan.json, odd):
            answer = await evolve(plan, json=body).send(client)
            assert answer.status_code in SUCCESSES or refused(answer)


def altered(value, odd):
    """Return JSON with something in the place of each of its parts, and beside those of an object."""
    yield odd
    if isinstance(value, dict):
        yield value | {"odd": odd}
        yield from (value | {name: each} for name, part in value.items() for each in altered(part, odd))
    elif isinstance(value, list):
        yield [*value, odd]
        yield from ([*value[:at], each] for at, part in enumerate(value) for each in altered(part, odd))


def wrong_queries(operation, plan):
    """Return queries that miss or mistype a parameter."""
    for parameter in operation.query:
        if parameter.required:
            yield {name: value for name, value in plan.query.items() if name != parameter.wire}
        if str not in (parameter.type, *typing.get_args(parameter.type)) and parameter.type != list[str]:
            yield plan.query | {parameter.wire: "some"}


def wrong_bodies(operation, plan):
    """Return bodies that are no JSON, of the wrong kind, or miss or mistype a field."""
    if operation.body is None or not operation.sends_json:
        return
    yield b"{"
    yield json.dumps([] if isinstance(plan.json, dict) else {}).encode()
    if not is_model(operation.body):
        return
    must = {wire for wire, (_, needed) in fields(operation.body).items() if needed}
    for name in must | {wire_name(operation.body, each) for each in operation.required or ()}:
        yield json.dumps({wire: value for wire, value in plan.json.items() if wire != name}).encode()
    for wire, (kind, _) in fields(operation.body).items():
        if kind is not Any and wire not in LOOSE:
            yield json.dumps(plan.json | {wire: {"of": ["another", "kind"]} if mistyped(kind) else 1}).encode()


def mistyped(kind):
    """Tell whether an object is not of a type."""
    kinds = typing.get_args(kind) if typing.get_origin(kind) in (Union, UnionType) else (kind,)
    return not any(is_model(each) or dict in (each, typing.get_origin(each)) for each in kinds)


def wrong_paths(operation, own):
    """Return paths that name what is not there, and another operator."""
    names = re.findall(r"{(\w+)}", operation.path)
    if "operator_id" in names:
        yield re.sub(r"{\w+}", "OP0000000000", operation.path)
    if set(names) - {"operator_id"} and operation.id not in WELCOME:
        yield re.sub(r"{\w+}", "unknown", operation.path.replace("{operator_id}", own))
