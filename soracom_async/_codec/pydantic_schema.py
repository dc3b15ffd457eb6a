"""What pydantic has to know of models; only pydantic's own call imports this.

A model is read from wire JSON, whose declared fields must be of the declared kinds, and written as wire JSON. In JSON
schemas the properties have their names on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from inspect import getdoc
from types import NoneType
from typing import Any

from pydantic_core import CoreSchema, core_schema

from .annotations import (
    Annotation,
    Array,
    Map,
    Object,
    OneOf,
    Time,
    Value,
    Values,
    annotation,
    choices,
)
from .converter import unstructure
from .fields import field_types, required_fields, wire_name
from .times import Unit, from_wire

_PLAIN: dict[Any, Callable[[], CoreSchema]] = {
    str: partial(core_schema.str_schema, strict=True),
    int: partial(core_schema.int_schema, strict=True),
    float: partial(core_schema.float_schema, strict=True),
    bool: partial(core_schema.bool_schema, strict=True),
}
NONE = Value(NoneType)


def core_schema_of(cls: Any) -> CoreSchema:
    """Return the schema of a model, with those of all models within it."""
    found: dict[Any, CoreSchema] = {}
    waiting = [cls]
    while waiting:
        model = waiting.pop()
        if model not in found:
            found[model] = _model(model)
            waiting += (inner for type_ in field_types(model).values() for inner in _models(annotation(type_)))
    return core_schema.definitions_schema(core_schema.definition_reference_schema(_reference(cls)), [*found.values()])


def _reference(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"


def _models(tree: Annotation) -> Iterator[Any]:
    match tree:
        case Object(model):
            yield model
        case Array(item) | Map(item):
            yield from _models(item)
        case OneOf():
            for each in choices(tree):
                yield from _models(each)


def _model(cls: Any) -> CoreSchema:
    needed = required_fields(cls)
    fields = {
        wire_name(cls, name): core_schema.typed_dict_field(_schema(annotation(type_)), required=name in needed)
        for name, type_ in field_types(cls).items()
    }
    return core_schema.no_info_wrap_validator_function(
        _reader(cls),
        core_schema.typed_dict_schema(
            fields, extra_behavior="allow", metadata={"pydantic_js_functions": [partial(_described, cls)]}
        ),
        ref=_reference(cls),
        serialization=core_schema.plain_serializer_function_ser_schema(unstructure),
    )


def _described(cls: Any, schema: CoreSchema, describe: Callable[[CoreSchema], dict[str, Any]]) -> dict[str, Any]:
    """Return the JSON schema of a model, with its name and what it is."""
    made = describe(schema) | {"title": cls.__name__}
    return made | {"description": getdoc(cls)} if cls.__doc__ else made


def _reader(cls: Any) -> core_schema.NoInfoWrapValidatorFunction:
    def read(value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
        """Return a model as it is, or read one; what `check` refuses, pydantic reports with its place."""
        if isinstance(value, cls):
            return value
        check(value)
        return cls.from_dict(value)

    read.__name__ = cls.__name__  # errors call it by its name
    return read


def _schema(tree: Annotation) -> CoreSchema:
    match tree:
        case Value(kind) if kind in _PLAIN:
            return _PLAIN[kind]()
        case Time(unit):
            number = float if unit is Unit.FRACTIONAL_SECONDS else int
            written = core_schema.datetime_schema() if unit is Unit.ISO else _PLAIN[number if unit.numeric else str]()
            return core_schema.no_info_wrap_validator_function(partial(_time, unit), written)
        case Object(model):
            return core_schema.definition_reference_schema(_reference(model))
        case Array(item):
            return core_schema.list_schema(_schema(item), strict=True)
        case Map(item):
            return core_schema.dict_schema(core_schema.str_schema(), _schema(item))
        case Values(values):
            return core_schema.literal_schema([*values])
        case OneOf():
            several = [each for each in choices(tree) if each != NONE]
            schema = _schema(several[0]) if len(several) == 1 else core_schema.union_schema([*map(_choice, several)])
            return core_schema.nullable_schema(schema) if NONE in choices(tree) else schema
    return core_schema.any_schema()


def _choice(tree: Annotation) -> CoreSchema | tuple[CoreSchema, str]:
    """Return the schema of one of several types; errors call a model by its name."""
    return (_schema(tree), tree.model.__name__) if isinstance(tree, Object) else _schema(tree)


def _time(unit: Unit, value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
    """Return a time in any form that is read as one, and any text where the wire has text; `check` refuses others."""
    text = isinstance(value, str) and not unit.numeric
    return value if text or isinstance(value, date) or from_wire(value, unit) is not value else check(value)
