"""Values of keys: cells of text as the types of arguments, models as their identifiers, secrets left out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from .._codec.annotations import Annotation, Time, Value, Values, annotation, choices, without_none
from .._codec.codec import CODEC, json_default
from .._codec.fields import field_names
from .._codec.model import Model
from .._codec.shown import HIDDEN, hidden, is_secret
from .._core.quoting import BadArgument
from .rows import Row

LONGEST = 80
"""Characters of a key in an error text."""
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+>")
_ID = re.compile(r"(.+)_id")
_OTHERWISE = {"yyyy_mm": "year_month"}
"""Parameters of a path by the fields that have them under another name, which no rule tells."""


def checked(name: str, value: Any, type_: Any) -> Any:
    """Return `value` as the type of its argument takes it; a text, such as a cell's, is read if the type is no text.

    Raises BadArgument for a number in the place of text (which may have lost its zeros), and for text that is no value
    of the type.
    """
    if isinstance(value, str):
        return value if _is_text(type_) else _read(name, value, type_)
    if isinstance(value, int | float) and _is_text(type_) and _only_text(type_):
        said = HIDDEN if is_secret(name) else repr(value)
        raise BadArgument(f"{name} must be text, not {type(value).__name__} {said}: a number loses leading zeros")
    return value


@cache
def _is_text(type_: Any) -> bool:
    """Return whether a text is a value of the type as it is."""
    for each in choices(annotation(type_)):
        if each in (Value(str), Value(Any), Value(bytes), Value(object)):
            return True
        if isinstance(each, Time) and not each.unit.numeric:
            return True
        if isinstance(each, Values) and any(isinstance(value, str) for value in each.values):
            return True
    return False


@cache
def _only_text(type_: Any) -> bool:
    tree = annotation(type_)
    return all(
        each in (Value(str), Value(type(None)))
        or (isinstance(each, Values) and all(isinstance(value, str) for value in each.values))
        for each in choices(tree)
    )


def _read(name: str, text: str, type_: Any) -> Any:
    problem = ""
    for each in choices(without_none(annotation(type_))):
        try:
            return _parsed(text.strip(), each)
        except ValueError as error:
            problem = problem or f"{name}={HIDDEN if is_secret(name) else repr(text)} is {error}"
    raise BadArgument(problem)


def _parsed(text: str, tree: Annotation) -> Any:
    """Return the value that a text stands for; raises ValueError with what it is not."""
    if isinstance(tree, Time):
        return _time(text)
    if tree == Value(bool):
        if text.lower() not in ("true", "false"):
            raise ValueError("neither true nor false")
        return text.lower() == "true"
    if tree == Value(int):
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise ValueError("no whole number")
        return int(text)
    if tree == Value(float):
        if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
            raise ValueError("no number")
        return float(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("no JSON, which stands for a list or an object in a cell") from None


def _time(text: str) -> int | date:
    """Return the time of an argument that is an epoch: a number as it is, a date, a time with its zone."""
    if re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    try:
        if len(text) <= len("2026-01-01"):
            return date.fromisoformat(text)
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("no time: write 2026-01-01T09:00:00+09:00") from None
    if time.tzinfo is None:
        raise ValueError("a time without its zone: write 2026-01-01T09:00:00+09:00")
    return time


def naming(cls: Any, parameter: str, *, changes: bool) -> str:
    """Return the field of a model that names it in a path: the one that is called as the parameter is.

    Some models call it otherwise: `lagoon_user_id` is LagoonUser's `id`, `ns_id` LoraNetworkSet's `network_set_id`.
    Raises BadArgument if there is none, and, for an operation that changes something, if it names another thing than
    the model: the group of a SIM.
    """
    field = _field(cls, parameter)
    if field is None:
        raise BadArgument(f"a {cls.__name__} has no {parameter}: say what to take, as in key=lambda item: item.…")
    own = _own(cls)
    if changes and own and field not in own and _ID.fullmatch(field):
        raise BadArgument(
            f"a {cls.__name__} is named by {min(own)}, and {parameter} is another thing: "
            f"if that is meant, give key=lambda item: item.{field}"
        )
    return field


def identifier(model: Model, parameter: str, *, changes: bool) -> Any:
    """Return what names a model in a path; raises BadArgument if it did not come, and what `naming` raises."""
    field = naming(type(model), parameter, changes=changes)
    value = getattr(model, field)
    if value is None:
        raise BadArgument(f"this {type(model).__name__} came without {field}")
    return value


@cache
def _field(cls: Any, parameter: str) -> str | None:
    fields = field_names(cls)
    parameter = _OTHERWISE.get(parameter, parameter)
    if parameter in fields:
        return parameter
    thing = _thing(parameter)
    if thing and thing.replace("_", "") in cls.__name__.lower() and "id" in fields:
        return "id"
    for field in _own(cls):
        words = _thing(field).split("_")
        if thing.replace("_", "") in cls.__name__.lower() or thing == "".join(word[0] for word in words):
            return field
    return None


@cache
def _own(cls: Any) -> frozenset[str]:
    """Return the fields that name a model, as their words tell: `sim_id` of Sim."""
    name = cls.__name__.lower()
    things = {field: _thing(field).replace("_", "") for field in field_names(cls)}
    return frozenset(field for field, thing in things.items() if thing and thing in name)


@cache
def own_name(cls: Any) -> str | None:
    """Return the field that surely is the identifier of a model: `sim_id` of Sim, but not of an event of a SIM."""
    name = cls.__name__.lower()
    return next((field for field in field_names(cls) if _thing(field).replace("_", "") == name), None)


def _thing(name: str) -> str:
    match = _ID.fullmatch(name)
    return match[1] if match else ""


def shown(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments without those that are secrets, or hold one."""
    safe = hidden(arguments)
    return {name: value for name, value in arguments.items() if safe[name] == value}


def text_of(arguments: Mapping[str, Any], parameter: str) -> str:
    """Return what tells a key apart: its one text, or canonical JSON of its arguments, without secrets.

    If all of it is secret, a digest stands for it.
    """
    safe = shown(arguments)
    if not safe and arguments:
        content = json.dumps(arguments, sort_keys=True, ensure_ascii=False)
        safe = {"#secret": hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()}
    if len(safe) == 1:
        text = safe.get(parameter)
        if type(text) is str and text[:1] != "{":
            return text
    return json.dumps(safe, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def check_sendable(name: str, value: Any, type_: Any) -> None:
    """Raise BadArgument, with the name, for a value that has no form on the wire."""
    try:
        CODEC.wire(value, type_)
    except BadArgument as error:
        raise BadArgument(f"{name}: {error}") from None


def wired(value: Any, type_: Any) -> Any:
    """Return a value as JSON has it; what JSON has not, as text."""
    try:
        return json.loads(json.dumps(CODEC.wire(value, type_), default=json_default))
    except (BadArgument, TypeError, ValueError, RecursionError):
        return repr(value)


def passes(value: Any, wire: Any) -> bool:
    """Return whether `wire` is the text of an object that another process would show otherwise: with its address."""
    return type(wire) is str and type(value) is not str and _ADDRESS.search(wire) is not None


def told(key: Any) -> str:
    """Return a key as text, without secrets."""
    return repr(shown(key) if isinstance(key, Mapping) else key)


def short(key: Any) -> str:
    """Return a key for an error text: without secrets, and not long."""
    text = told(key)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def place_of(key: Any) -> str:
    """Return where a key came from, for an error text; empty if it is no row."""
    return f" (row {key.number})" if isinstance(key, Row) else ""
