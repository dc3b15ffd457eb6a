"""Checks a request against the operations table; an invalid one gets the API's 400."""

from __future__ import annotations

import builtins
import re
import typing
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import attrs

from ..._codec.annotations import Annotation, Array, Map, Object, OneOf, Time, Value, Values, annotation
from ..._codec.model import is_model, wire_name
from ..._codec.times import Unit, exactly
from ..domain import mail_addresses
from ..protocol.errors import Refusal
from ..protocol.messages import decode
from ..protocol.texts import Text

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core.operation import Operation

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?")
_LAST = dict.fromkeys(Unit, 253_402_300_799_999) | dict.fromkeys(
    (Unit.SECONDS, Unit.FRACTIONAL_SECONDS), 253_402_300_799
)
"""The end of the year 9999; times must be between 1970 and it."""
_LARGEST = 2**63
DEEPEST = 100
"""The deepest nesting of a body; a much deeper one could be decoded, but not encoded again."""


def check_path(operation: Operation[Any], path: dict[str, str]) -> None:
    """Refuse a path parameter that does not fit its declared type; handlers get the original text."""
    for name, kind in operation.path_types.items():
        _from_text(annotation(kind), path[name], name)


def check_query(operation: Operation[Any], query: str) -> dict[str, Any]:
    """Return the declared query parameters by their names on the wire, converted to their declared types."""
    if not operation.query:
        return {}
    pairs = parse_qsl(query, keep_blank_values=True)
    came, given = dict(pairs), {}
    for parameter in operation.query:
        name, tree = parameter.wire, annotation(parameter.type)
        if name not in came:
            if parameter.required:
                raise Refusal.malformed(Text("{0} is missing", name))
        elif isinstance(tree, Array):
            texts = [text for key, several in pairs if key == name for text in several.split(",")]
            given[name] = [_from_text(tree.item, text, name) for text in texts]
        else:
            given[name] = _from_text(tree, came[name], name)
    return given


_XML = ("createDeviceObjectModel", "updateDeviceObjectModel")
"""Operations that also take XML; their handlers get bytes."""
_FREE = {("BatchTaskApiRequest", "body"), ("ExecuteSoraletRequest", "source")}
"""Fields that clients send in another form than the declared one; they are not checked."""
_LOGINS = ("auth", "verifyMFARevokingToken")
"""Operations whose email is a part of credentials: what is wrong with them isn't told."""


def check_body(operation: Operation[Any], body: bytes) -> Any:
    """Return the JSON body; an empty object if there is none and none is required; bytes if it is not JSON."""
    if operation.body is None:
        return {}
    if not operation.sends_json or (operation.id in _XML and body.lstrip().startswith(b"<")):
        return body
    if not body and is_model(operation.body):
        data: Any = {}
    else:
        try:
            data = decode(body)
        except ValueError:
            raise Refusal.malformed(Text("the body is not JSON")) from None
        if body.count(b"[") + body.count(b"{") > DEEPEST and _deeper(data):
            raise Refusal.malformed(Text("the body is nested deeper than {0} levels", DEEPEST))
    check(operation.body, data, "body")
    for name in operation.required or ():
        if data.get(wire := wire_name(operation.body, name)) is None:
            raise Refusal.malformed(Text("{0} is missing", f"body.{wire}"))
    if is_model(operation.body) and operation.id not in _LOGINS:
        _check_emails(operation, data)
    return data


def _check_emails(operation: Operation[Any], body: dict[str, Any]) -> None:
    """Refuse a text that is no email address, in whichever field the operation takes one."""
    for name, (_, required) in fields(operation.body).items():
        if name.lower().endswith("email") and (body.get(name) or required):
            mail_addresses.check(body[name], f"body.{name}")


def _deeper(data: Any) -> bool:
    """Tell whether JSON is nested deeper than allowed."""
    level = [data]
    for _ in range(DEEPEST + 1):
        nested = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        level = [each for several in nested for each in several]
    return bool(level)


def check(kind: Any, data: Any, where: str) -> None:
    """Refuse `data` that does not fit the type `kind`."""
    found = problem(kind, data, where)
    if found is not None:
        raise Refusal.malformed(found)


def problem(kind: Any, data: Any, where: str = "it") -> Text | None:
    """Return why `data` does not fit the type `kind`, or None. An enum allows other words, too."""
    return _problem(annotation(kind), data, where)


def _problem(tree: Annotation, data: Any, where: str) -> Text | None:
    match tree:
        case Time(unit):
            return _problem_of_time(unit, data, where)
        case OneOf(choices):
            problems = [_problem(each, data, where) for each in choices]
            return None if None in problems else problems[0]
        case Values(values):
            known = any(type(data) is type(each) and data == each for each in values)
            return None if known else Text("{0} is not one of {1}", where, values)
        case Array(item):
            if not isinstance(data, list):
                return Text("{0} is not {1}", where, Text("an array"))
            return _first(_problem(item, each, f"{where}[{i}]") for i, each in enumerate(data))
        case Map(item):
            if not isinstance(data, dict):
                return Text("{0} is not {1}", where, Text("an object"))
            return _first(_problem(item, each, f"{where}.{name}") for name, each in data.items())
        case Object(model):
            return _problem_of_model(model, data, where)
    return _problem_of_value(tree.type, data, where)


def _problem_of_value(kind: Any, data: Any, where: str) -> Text | None:
    accepted, name = _PLAIN.get(kind, (object, ""))
    if not isinstance(data, accepted) or (isinstance(data, bool) and kind in (int, float)):
        return Text("{0} is not {1}", where, Text(name))
    out_of_range = kind is int and not -_LARGEST <= data < _LARGEST
    return Text("{0} is out of range", where) if out_of_range else None


_PLAIN: dict[Any, tuple[Any, str]] = {
    str: (str, "text"),
    int: (int, "an integer"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    dict: (dict, "an object"),
    list: (list, "an array"),
    type(None): (type(None), "empty"),
}


def _problem_of_time(unit: Unit, data: Any, where: str) -> Text | None:
    if unit.numeric:
        number = float if unit is Unit.FRACTIONAL_SECONDS else int
        return problem(number, data, where) or (None if 0 <= data <= _LAST[unit] else Text("{0} is not a time", where))
    if unit in _DIGITS and isinstance(data, str) and not isinstance(exactly(data, unit), date):
        return Text("{0} is not written {1}", where, _DIGITS[unit])
    return problem(str, data, where)  # any text is accepted, since ISO 8601 has many forms


_DIGITS = {Unit.MONTH: "YYYYMM", Unit.DAY: "YYYYMMDD", Unit.SECOND: "YYYYMMDDHHMMSS"}


def _problem_of_model(kind: Any, data: Any, where: str) -> Text | None:
    if not isinstance(data, dict):
        return Text("{0} is not {1}", where, Text("an object"))
    for name, (field_type, required) in fields(kind).items():
        value = data.get(name)
        if value is None and not required:
            continue  # null means that the field is left out
        found = None if (kind.__name__, name) in _FREE else problem(field_type, value, f"{where}.{name}")
        if name not in data or (value is None and found is not None):
            return Text("{0} is missing", f"{where}.{name}")
        if found is not None:
            return found
    return None


def _first(problems: Iterable[Text | None]) -> Text | None:
    return next((each for each in problems if each is not None), None)


@cache
def fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each field of a model, by its name on the wire, and whether it must be there."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {wire_name(kind, f.name): (hints[f.name], f.default is attrs.NOTHING) for f in attrs.fields(kind)}


def _from_text(tree: Annotation, text: str, where: str) -> Any:
    """Return a parameter as its type."""
    if isinstance(tree, OneOf):
        # Of the open enums, and of what may be text as well, any text is one.
        tree = Value(str) if Value(str) in tree.choices else tree.choices[0]
    value: Any = text
    match tree:
        case Value(builtins.int):
            value = int(text) if _INTEGER.fullmatch(text) else None
        case Time(unit) if unit.numeric:
            value = int(text) if _INTEGER.fullmatch(text) else None
        case Value(builtins.float):
            value = float(text) if _NUMBER.fullmatch(text) else None
        case Value(builtins.bool):
            value = {"true": True, "false": False}.get(text)
    if found := _problem(tree, value, where):
        raise Refusal.malformed(found)
    return value
