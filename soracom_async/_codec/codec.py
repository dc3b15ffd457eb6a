"""Between wire JSON and models: one cattrs converter, which loses nothing.

A function is generated for each model at its first use. What does not fit its declared type stays unchanged; what the
fields alone cannot say (undeclared fields, nulls, times in an unusual notation) the model keeps beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, get_args, get_origin, overload

from .._core.operation import Operation
from .._core.request import BODY, BadArgument
from .._secret import Secret
from . import deep_json
from .annotations import Array, Map, annotation
from .converter import argument_writer, structurer, unstructure
from .fields import (
    field_names,
    field_types,
    is_model,
    required_fields,
    wire_name,
)

__all__ = ["CODEC", "consume", "decode", "dumps", "json_default", "structure", "unstructure"]

_loads: Callable[[bytes], Any] = import_module("orjson" if find_spec("orjson") else "json").loads
_CLASSES = bytes(ord("0" if c in b"-0123456789" else ":" if c in b":[, \t\n\r" else "x") for c in range(256))
"""Makes a `0` of digits and minus, and a `:` of all that may stand before a number."""
_LONG = b":" + b"0" * 20
"""How a number begins then that does not fit into 64 bits; digits in a string stand behind its quote."""

T = TypeVar("T")


@overload
def structure(data: Any, type_: type[T]) -> T: ...
@overload
def structure(data: Any, type_: Any) -> Any: ...
def structure(data: Any, type_: Any) -> Any:
    """Turn wire JSON into a model, or a container of models; what does not fit stays unchanged."""
    return structurer(type_)(data)


def json_default(value: Any) -> Any:
    """Return models, times and bytes as the wire has them: `json.dumps(sim, default=json_default)`, or with orjson.

    Raises TypeError for what no JSON is made of, secrets among it.
    """
    written = value if isinstance(value, Secret) else unstructure(value)
    if written is value:
        raise TypeError(f"{type(value).__name__} cannot be written as JSON")
    return written


def consume(data: Any, type_: Any) -> Any:
    """Structure JSON that nobody else holds: a list is emptied on the way.

    So a page never exists whole both as JSON and as models, which spares the garbage collector most of its work.
    """
    if type(data) is not list or get_origin(type_) is not list:
        return structure(data, type_)
    read = structurer(*get_args(type_))
    data.reverse()
    return [read(data.pop()) for _ in range(len(data))]


class Codec:
    """What a request is encoded with."""

    def wire(self, value: Any, type_: Any) -> Any:
        """Return `value`, declared as `type_`, as JSON has it.

        Raises BadArgument for a time without a zone, and for bytes in the place of text.
        """
        try:
            return argument_writer(type_)(value)
        except (ValueError, OverflowError) as error:
            problem = str(error)
        except RecursionError:
            problem = "it is nested too deep, or holds itself"
        raise BadArgument(problem)

    def body(self, operation: Operation[Any], fields: Mapping[str, Any]) -> bytes:
        """Return the JSON of the body whose fields, or whole, are `fields`."""
        whole = fields.get(operation.body_name)
        if not is_model(operation.body):
            self._check(operation, whole)
            return dumps(self.wire(whole, operation.body))
        cls = operation.body
        if isinstance(whole, cls | Mapping):
            data = self.wire(whole, cls)
        elif whole is None:
            data = {}
        else:
            hint = f"; the field {BODY!r} of it is given as 'body_'" if "body_" in field_types(cls) else ""
            raise BadArgument(f"the body must be a {cls.__name__} or a dict, not {type(whole).__name__}{hint}")
        types = field_types(cls)
        for name, value in fields.items():
            if name != operation.body_name:
                field = self._field(operation, name)
                try:
                    data[wire_name(cls, field)] = self.wire(value, types[field])
                except BadArgument as error:
                    raise BadArgument(f"{name}: {error}") from None
        return dumps(data)

    def fields(self, operation: Operation[Any]) -> Mapping[str, bool]:
        """Return the arguments that make up the body, and whether each is required."""
        if operation.body is None:
            return {}
        if not is_model(operation.body):
            return {operation.body_name: True}
        taken, needed = {p.name for p in operation.query}, required_fields(operation.body)
        return {
            name + "_" * (name in taken or f"{{{name}}}" in operation.path): name in needed
            for name in field_names(operation.body)
        }

    @staticmethod
    def _check(operation: Operation[Any], whole: Any) -> None:
        """Raise BadArgument for a body of another kind than the declared one."""
        match annotation(operation.body):
            case Array() if isinstance(whole, str | bytes | Mapping) or not isinstance(whole, Iterable):
                raise BadArgument(f"{operation.body_name} must be a list, not {type(whole).__name__}")
            case Map() if not isinstance(whole, Mapping):
                raise BadArgument(f"{operation.body_name} must be a dict, not {type(whole).__name__}")

    @staticmethod
    def _field(operation: Operation[Any], name: str) -> str:
        return name if name in field_types(operation.body) else name.removesuffix("_")


CODEC = Codec()


def decode(content: bytes) -> Any:
    """Return the JSON in `content`, as `json` reads it, sooner with orjson; raises ValueError if it is none.

    orjson refuses what `json` reads: a byte order mark, an escaped lone surrogate, NaN, 1e400. And it silently makes a
    float of an integer that has no place in 64 bits.
    """
    if _loads is not json.loads:
        try:
            data = _loads(content)
        except ValueError:
            pass
        else:
            if type(data) is not float and not _has_long_number(content):
                return data
    try:
        return json.loads(content)
    except RecursionError:
        pass
    return deep_json.loads(content.decode(json.detect_encoding(content), "surrogatepass"))


def _has_long_number(content: bytes) -> bool:
    # A bytearray, and from the end: CPython is much faster at both.
    return bytearray(content).translate(_CLASSES).rfind(_LONG) >= 0


def dumps(data: Any) -> bytes:
    """Return `data` as JSON; raises BadArgument for what JSON does not have."""
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except TypeError as error:
        problem = str(error)
    except UnicodeEncodeError:
        problem = "it has a lone surrogate"
    except ValueError:
        problem = "it holds infinity or NaN, which is not a number that JSON has, or itself"
    raise BadArgument(f"the body cannot be written as JSON: {problem}")
