"""What a function is made of: the method within, the arguments that are fixed, and what its arguments are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from .._codec.codec import CODEC
from .._codec.fields import field_types, is_model, wire_name
from .._codec.model import Model
from .._core.operation import Operation
from .._core.request import BODY, plan


class Collecting:
    """A listing as a call: it returns all items."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *args: Any, **arguments: Any) -> Awaitable[Any]:
        """Return the list of all items of the listing for these arguments."""
        result: Awaitable[Any] = self._function(*args, **arguments).collect()
        return result


async def nothing() -> None:
    """Do nothing."""


def unpacked(function: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the function within partials, and the arguments that these fix."""
    positional: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        positional, keywords = (*function.args, *positional), {**function.keywords, **keywords}
        function = function.func
    return function, positional, keywords


def types_of(operation: Operation[Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the types of arguments of an operation, as the wire takes them."""
    it = plan(operation, CODEC)
    types = {BODY: operation.body, operation.body_name: operation.body}
    if is_model(operation.body):
        fields = field_types(operation.body)
        types |= {name: fields[_field(operation, name)] for name in it.body}
    types |= {parameter.name: parameter.type for parameter in (*operation.headers, *operation.query, *it.path)}
    return {name: types[name] for name in names}


def wire_names(operation: Operation[Any], names: Iterable[str]) -> dict[str, str]:
    """Return arguments of an operation by their names on the wire."""
    placed = {parameter.name: parameter.wire for parameter in (*operation.query, *operation.headers)}
    fields = plan(operation, CODEC).body if is_model(operation.body) else {}
    found: dict[str, str] = {}
    for name in names:
        said = wire_name(operation.body, _field(operation, name)) if name in fields else wire_name(Model, name)
        found[placed.get(name, said)] = name
    return found


def _field(operation: Operation[Any], name: str) -> str:
    """Return the field of the body that an argument is; its name may have a `_` more, beside one of the query."""
    return name if name in field_types(operation.body) else name.removesuffix("_")
