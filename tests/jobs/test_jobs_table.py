"""The table of jobs: whatever the service does in its own time is in it, or is named as none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from soracom_async import operations
from soracom_async._codec.fields import field_names, field_types, is_model
from soracom_async._core.operation import Effect
from soracom_async.jobs import KINDS
from soracom_async.jobs.table import NOT_JOBS

UNDER_WAY = re.compile("process|progress|pending|running|requested|diagnosing|initial|starting|ordering", re.I)
"""What states are called of something that takes its time."""
NO_STATES_OF_A_JOB = {
    "getBilling": "the payment of a bill: nobody starts it",
    "getPaymentTransaction": "the payment of an order: the job of the order tells of it",
    "getVirtualPrivateGateway": "`running` is how a VPG is as soon as it is created",
}
"""Operations that tell a state that sounds like it, and why no job is behind it."""


def names(type_: Any) -> set[str]:
    return set(field_names(type_)) if is_model(type_) else set()


def literals(type_: Any) -> set[str]:
    """Return the words that a type allows."""
    found = set()
    for each in get_args(type_):
        found |= {each} if isinstance(each, str) else literals(each)
    return found


def states(type_: Any) -> set[str]:
    """Return the states that an answer can name."""
    if not is_model(type_):
        return set()
    types = field_types(type_)
    return {word for name in types if re.search("(^|_)(status|state)$", name) for word in literals(types[name])}


def in_path(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def test_every_operation_that_answers_a_file_export_is_in_the_table():
    """All of the API's operations are looked at."""
    exports = {each.id for each in operations.values() if getattr(each.result, "__name__", "") == "FileExportResponse"}
    assert exports == {kind.start for kind in KINDS.values() if kind.poll == "getExportedFile"}
    assert len(exports) == 9


def test_every_operation_whose_answer_names_something_that_takes_its_time_is_in_the_table():
    """The answer has an identifier that a GET takes, whose answer has a state that can be under way."""
    missing = set()
    for start in operations.values():
        if start.effect is Effect.READ:
            continue
        known = names(start.result) | set(in_path(start.path))
        for get in operations.values():
            taken = in_path(get.path)
            new = taken and taken[-1] in names(start.result) and taken[-1] not in in_path(start.path)
            if get.method == "GET" and new and set(taken) <= known and any(map(UNDER_WAY.search, states(get.result))):
                missing |= {start.id} - KINDS.keys() - NOT_JOBS.keys() if get.id not in NO_STATES_OF_A_JOB else set()
    assert missing == set()


def test_every_operation_that_tells_a_state_under_way_is_asked_by_a_job():
    """Whatever starts it: so the confirmations of orders are found, too."""
    telling = {
        each.id
        for each in operations.values()
        if each.method == "GET" and in_path(each.path) and any(map(UNDER_WAY.search, states(each.result)))
    }
    assert telling - NO_STATES_OF_A_JOB.keys() == {kind.poll for kind in KINDS.values()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_kind_fits_the_operations(kind):
    """Its operations exist, take what it gives them, and have its fields; its states are those of the document."""
    start, poll = operations[kind.start], operations[kind.poll]
    assert kind.id in in_path(poll.path)
    assert kind.id in names(start.result) | set(in_path(start.path))
    assert set(in_path(poll.path)) - {kind.id} <= set(in_path(start.path))
    fields = names(poll.result)
    assert {kind.state, *filter(None, [kind.reason, kind.lasts])} <= fields
    assert ("url" in fields) is bool(kind.suffix)
    known = literals(field_types(poll.result)[kind.state])
    assert {*kind.done, *kind.failed} <= known | {"FAILED"}  # the document has no state of a query that failed
    assert known - {*kind.done, *kind.failed}
    assert kind.hints.keys() <= set(kind.failed)
    for other in filter(None, [kind.cancel, kind.items]):
        assert set(in_path(operations[other].path)) == set(in_path(poll.path))
    body = names(start.body)
    assert kind.defaults.keys() <= body | {parameter.name for parameter in start.query}


def test_what_is_no_job_is_an_operation():
    """And none of the table."""
    assert operations.keys() >= NOT_JOBS.keys()
    assert operations.keys() >= NO_STATES_OF_A_JOB.keys()
    assert NOT_JOBS.keys().isdisjoint(KINDS)


def test_each_kind_is_described():
    """The page about jobs names all operations that start one."""
    page = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text("utf-8")
    named = set(re.findall("`([a-z][A-Za-z]+)`", page))
    assert named >= KINDS.keys()
