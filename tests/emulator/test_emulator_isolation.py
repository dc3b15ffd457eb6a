"""Two operators never see, nor change, what is the other's, whatever identifiers one of them sends."""

from __future__ import annotations

import json
import re

import pytest
from attrs import evolve
from planner import Planner
from plans import OTHERS

from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator.domain.permissions import MANAGED
from soracom_async.emulator.state.serialization import pack

pytestmark = pytest.mark.anyio
SECURED = [id_ for id_ in MODULES if load(id_).secured]
CANARY = "canary-7d1f"
SEEDED = ("listGadgets", "listLoraDevices", "listLoraGateways", "listSigfoxDevices")
"""What is made when somebody first looks, which may be another who wants to register one."""
COMMON = re.compile(r"\d{4}-\d\d-\d\dT|https?://|[A-Za-z_]+$|\d{6,8}$|.{0,7}$", re.DOTALL)
"""What two operators may well have alike: times, addresses, words, days, whatever is short."""


@pytest.fixture
def anyio_backend():
    return "asyncio"  # the answers do not depend on it


def kept(world, operator_id):
    """Return all that is an operator's."""
    packed = pack(world)
    (operator,) = [each for each in packed["operators"] if each["id"] == operator_id]
    operator["shelves"] = {kind: collection for kind, collection in operator["shelves"].items() if collection}
    return operator, [key for key in packed["keys"] if key["user"][0] == operator_id]


def texts(value):
    """Return all texts in JSON, names as well as values."""
    if isinstance(value, dict):
        return {*value} | {text for each in value.values() for text in texts(each)}
    if isinstance(value, (list, tuple)):
        return {text for each in value for text in texts(each)}
    return {value} if isinstance(value, str) else set()


def own(world, operator):
    """Return the texts that only this operator has: identifiers, secrets, names."""
    fleet = operator.fleet
    sims = {text for number in fleet.after(0) for text in (fleet.look(number).sim_id, fleet.look(number).imsi)}
    others = {text for each in world.operators.values() if each is not operator for text in texts(kept(world, each.id))}
    return {text for text in texts(kept(world, operator.id)) | sims if not COMMON.match(text)} - others - MANAGED.keys()


def replaced(value, names):
    """Put the other's identifiers in the place of one's own."""
    if isinstance(value, dict):
        return {replaced(name, names): replaced(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def swaps(mine, theirs):
    """Return, for several requests, which identifiers are to be another's: all, all but the operator, each alone."""
    names = {str(mine[name]): str(theirs[name]) for name in mine.keys() & theirs.keys() if mine[name] != theirs[name]}
    yield names
    yield {one: other for one, other in names.items() if not one.startswith("OP")}
    yield from ({one: other} for one, other in names.items())


@pytest.mark.parametrize("id_", SECURED)
async def test_what_is_anothers_is_out_of_reach(emulator, client, other, id_):
    """Such a request is answered, never by a failure, with nothing that was not sent, and it changes nothing there."""
    if id_ in OTHERS:
        pytest.skip("the operation is for several operators")
    owner, stranger = Planner(emulator, client, mark=CANARY), Planner(emulator, other, other.operator)
    theirs, mine = await owner.plan(id_), await stranger.plan(id_)
    for seeded in SEEDED:
        await owner.do(seeded)
        await stranger.do(seeded)
    secrets = own(emulator.world, emulator.operator)
    before = kept(emulator.world, emulator.operator_id)  # behind what looks at it: time has changed it until then
    assert emulator.operator.email in secrets
    requests = {}
    for names in swaps(stranger.known | mine.parameters, owner.known | theirs.parameters):
        parameters = {name: names.get(value, value) for name, value in mine.parameters.items()}
        plan = evolve(
            mine.at(load(id_), parameters), query=replaced(mine.query, names), json=replaced(mine.json, names)
        )
        requests[json.dumps([plan.path, plan.query, plan.json])] = plan
    for plan in requests.values():
        answer = await plan.send(other)
        assert answer.status_code < 500
        said = answer.text + json.dumps(dict(answer.headers))
        sent = json.dumps([plan.path, ":".join(plan.parameters.values()), plan.query, plan.json])
        assert CANARY not in said or CANARY in sent
        assert {text for text in secrets if text in said and text not in sent} == set()
        assert kept(emulator.world, emulator.operator_id) == before
