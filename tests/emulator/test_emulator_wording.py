"""No message shows a word of the emulator's own language, or one that is not of the language that was asked for."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from planner import SUCCESSES

from soracom_async._codec.model import is_model
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator.service.validation import fields

pytestmark = pytest.mark.anyio

JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
OURS = re.compile(r"\b(null|None|NoneType|undefined)\b|[{}']|(?i:sqlite)|Error|Traceback|object at|  | \.")
"""Words of Python, JSON and SQLite, and gaps where a name should be."""
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
"""Two words in a row: more than a name."""


@pytest.fixture
def anyio_backend():
    return "asyncio"  # the answers do not depend on it


def check(answer, language):
    """Check the message of an error."""
    if answer.status_code in SUCCESSES or answer.request.method == "HEAD":
        return
    assert answer.status_code < 500, answer.text
    message = answer.json()["message"]
    assert not OURS.search(message), message
    if language == "ja":
        assert JAPANESE.search(message), message
        assert message.endswith("。"), message
        assert not ENGLISH.search(message), message
    else:
        assert not JAPANESE.search(message), message
        assert message.endswith("."), message


def odd_bodies(operation, body):
    """Return bodies in which something else is in the place of a field, with the field's name."""
    if isinstance(body, dict) and is_model(operation.body):
        for name in fields(operation.body):
            rest = {wire: value for wire, value in body.items() if wire != name}
            yield name, None, rest
            for odd in (None, "", "X9", 1, [], {}):
                yield name, odd, rest | {name: odd}


async def answers(plan, client):
    """Return the answers to a request in both languages, after a check of their messages."""
    said = []
    for language in ("en", "ja"):
        client.headers["x-soracom-lang"] = language
        said.append(await plan.send(client))
        check(said[-1], language)
    return said


@pytest.mark.parametrize("id_", MODULES)
async def test_messages(planner, client, id_):
    """Whatever stands in a path, a query and the fields of a body; an identifier that is missing is not looked for."""
    operation, plan = load(id_), await planner.plan(id_)
    for odd in ("X9", "null", "None", "undefined", "1"):
        for name in plan.parameters.keys() - {"operator_id"}:
            await answers(plan.at(operation, plan.parameters | {name: odd}), client)
    for parameter in operation.query:
        for odd in ("", "X9", "-1"):
            await answers(evolve(plan, query=plan.query | {parameter.wire: odd}), client)
    for name, odd, body in odd_bodies(operation, plan.json):
        for answer in await answers(evolve(plan, json=body), client):
            if odd in (None, "") and answer.status_code == 404:
                # Not for want of this field: what the operation is about has gone with an earlier request.
                assert (await plan.send(client)).status_code == 404, (name, odd, answer.text)
