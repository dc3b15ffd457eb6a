"""Answers that are checked against what the operations table declares."""

from __future__ import annotations

import typing

from soracom_async._codec.model import is_model
from soracom_async._registry import load
from soracom_async.emulator.service.validation import fields, problem


def fitting(operation_id, answer, *, beside=()):
    """Return an answer's JSON; fail unless it has the status and the types that are declared, and no other fields."""
    operation = load(operation_id)
    assert answer.status_code == operation.status, answer.text
    if operation.result is None:
        assert answer.content == b""
        return None
    found = answer.json()
    lists = operation.paging.items if operation.paging else {}
    for kind, data in [(kind, found[name]) for name, kind in lists.items()] or [(operation.result, found)]:
        assert problem(kind, data) is None
        assert undeclared(kind, data) <= set(beside)
    return found


def undeclared(kind, data):
    """Return the names of the fields that a type does not have."""
    if isinstance(data, list):
        return set().union(*(undeclared(typing.get_args(kind)[0], item) for item in data))
    if not isinstance(data, dict):
        return set()
    if typing.get_origin(kind) is dict:
        return set().union(*(undeclared(typing.get_args(kind)[1], value) for value in data.values()))
    models = [each for each in (kind, *typing.get_args(kind)) if is_model(each)]
    lists = [each for each in typing.get_args(kind) if typing.get_origin(each) in (list, dict)]
    if lists:
        return undeclared(lists[0], data)
    known = {name: field for model in models for name, (field, _) in fields(model).items()}
    found = (undeclared(_without_none(known[name]), value) for name, value in data.items() if name in known)
    return set(data) - set(known) | set().union(*found)


def _without_none(kind):
    kinds = [each for each in typing.get_args(kind) if each is not type(None)]
    return kinds[0] if type(None) in typing.get_args(kind) and len(kinds) == 1 else kind
