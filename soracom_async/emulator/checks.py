"""Whether a request is as the operations table describes it; where not, the API's 400."""

from __future__ import annotations

import types
import typing
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, Union
from urllib.parse import parse_qsl

import attrs

from .._model import Model, wire_name
from .._time import Unit
from .messages import decode
from .refusals import Refusal

if typing.TYPE_CHECKING:
    from .._core.operation import Operation

_NUMERIC = (Unit.MILLISECONDS, Unit.SECONDS)


def check_query(operation: Operation[Any], query: str) -> dict[str, Any]:
    """Return the query parameters by their names on the wire, as what they are declared to be."""
    if not query and not operation.query:
        return {}
    pairs = parse_qsl(query, keep_blank_values=True)
    given: dict[str, Any] = dict(pairs)
    for parameter in operation.query:
        name, kind = parameter.wire, parameter.type
        if name not in given:
            if parameter.required:
                raise Refusal("COM0003", f"the query parameter {name} is missing")
        elif typing.get_origin(kind) is list:
            (item,) = typing.get_args(kind)
            texts = [text for key, several in pairs if key == name for text in several.split(",")]
            given[name] = [_from_text(item, text, f"query parameter {name}") for text in texts]
        else:
            given[name] = _from_text(kind, given[name], f"query parameter {name}")
    return given


def check_body(operation: Operation[Any], body: bytes) -> Any:
    """Return the JSON body; an empty object where there is none and none is needed."""
    if operation.body is None:
        return {}
    wants_object = isinstance(operation.body, type) and issubclass(operation.body, Model)
    if not body and wants_object:
        data: Any = {}
    else:
        try:
            data = decode(body)
        except (ValueError, RecursionError):
            raise Refusal("COM0003", "the body is not JSON") from None
    check(operation.body, data, "body")
    for name in operation.required or ():
        if data.get(wire := wire_name(operation.body, name)) is None:
            raise Refusal("COM0003", f"body.{wire} is missing")
    return data


def check(kind: Any, data: Any, where: str) -> None:
    """Refuse `data` where it is not of the type `kind`."""
    problem = _problem(kind, data, where)
    if problem is not None:
        raise Refusal("COM0003", problem)


def _problem(kind: Any, data: Any, where: str) -> str | None:
    """Return what is wrong with `data`, or None."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any or kind is object:
        return None
    if origin is Annotated:
        numeric = any(unit in _NUMERIC for unit in arguments[1:])
        return _problem(int if numeric else str, data, where)
    if origin in (Union, types.UnionType):
        problems = [_problem(argument, data, where) for argument in arguments]
        return None if None in problems else problems[0]
    if origin is Literal:
        return None if data in arguments else f"{where} is none of {', '.join(map(str, arguments))}"
    if origin is list:
        if not isinstance(data, list):
            return f"{where} is not an array"
        return _first(_problem(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if origin is dict:
        if not isinstance(data, dict):
            return f"{where} is not an object"
        return _first(_problem(arguments[1], item, f"{where}.{name}") for name, item in data.items())
    if isinstance(kind, type) and issubclass(kind, Model):
        return _problem_of_model(kind, data, where)
    accepted, name = _PLAIN.get(kind, (object, "a value"))
    if isinstance(data, accepted) and not (isinstance(data, bool) and kind in (int, float)):
        return None
    return f"{where} is not {name}"


_PLAIN: dict[Any, tuple[Any, str]] = {
    str: (str, "text"),
    int: (int, "an integer"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    dict: (dict, "an object"),
    list: (list, "an array"),
    datetime: ((int, str), "a time"),
    date: ((int, str), "a date"),
    type(None): (type(None), "null"),
}


def _problem_of_model(kind: Any, data: Any, where: str) -> str | None:
    if not isinstance(data, dict):
        return f"{where} is not an object"
    for name, (field_type, required) in _fields(kind).items():
        value = data.get(name)
        if value is None and not required:
            continue  # a null counts as a field that was left out
        if name not in data:
            return f"{where}.{name} is missing"
        problem = _problem(field_type, value, f"{where}.{name}")
        if problem is not None:
            return problem
    return None


def _first(problems: Any) -> str | None:
    return next((problem for problem in problems if problem is not None), None)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field, by its name on the wire, and whether it must be there."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {wire_name(kind, f.name): (hints[f.name], f.default is attrs.NOTHING) for f in attrs.fields(kind)}


def _from_text(kind: Any, text: str, where: str) -> Any:
    """Return a query parameter as its type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        kind = int if any(unit in _NUMERIC for unit in arguments[1:]) else str
    elif origin in (Union, types.UnionType) and str not in arguments:
        kind = next((argument for argument in (int, float, bool) if argument in arguments), str)
    elif origin is Literal and text not in arguments:
        raise Refusal("COM0003", f"{where} is none of {', '.join(map(str, arguments))}")
    try:
        if kind is bool:
            return {"true": True, "false": False}[text]
        return kind(text) if kind in (int, float) else text
    except (KeyError, ValueError):
        raise Refusal("COM0003", f"{where} is not {_PLAIN[kind][1]}") from None
