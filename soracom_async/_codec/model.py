"""The class that all models share: declared fields, and everything else that the service sent."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .fields import (
    Kept,
    ModelType,
    came,
    came_as,
    field_names,
    field_types,
    is_model,
    more,
    undeclared,
    wire_name,
    wire_names,
)
from .shown import HIDDEN, hidden, line

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["HIDDEN", "Model", "came", "field_names", "field_types", "hidden", "is_model", "more", "wire_name"]


class Model(Kept, metaclass=ModelType):
    """An object of the API. Every field is an attribute; what the API document does not declare is in `extra`.

    A field that the service did not send is None, and so is one that it sent as null; the model remembers which,
    so that `unstructure(structure(data, Model)) == data`.

    pydantic and FastAPI take it as JSON: `-> Sim` of a route, a field of a BaseModel; for the body of a request,
    FastAPI wants `Annotated[Sim, Body()]`, as for every class that is not its own.
    """

    __slots__ = ()
    _wire_names: ClassVar[dict[str, tuple[str, ...]]] = {}

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Return the model of wire JSON, a dict or any other mapping; raises TypeError for anything else."""
        from .converter import structurer

        if not isinstance(data, Mapping):
            raise TypeError(f"{cls.__name__}.from_dict takes a dict of wire JSON, not {type(data).__name__}")
        made: Self = structurer(cls)(_in_dicts(data))
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return wire JSON, as `unstructure` does: all that came, and what was set since."""
        from .converter import unstructure

        made: dict[str, Any] = unstructure(self)
        return made

    def replace(self, /, **changes: Any) -> Self:
        """Return a copy with other values of some fields, by their Python names; all else that came is kept.

        Raises TypeError for what is no field.
        """
        for name in changes.keys() - set(field_names(type(self))):
            raise TypeError(f"{type(self).__name__} has no field {name!r}; it has {', '.join(field_names(type(self)))}")
        made = copy.copy(self)
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    __replace__ = replace

    @property
    def extra(self) -> dict[str, Any]:
        """The fields that the service sent and the API document does not declare, by their names on the wire."""
        return undeclared(self)

    def __repr__(self) -> str:
        return line(self)

    def _repr_html_(self) -> str:
        """Return the table that a notebook shows: what is set, without secrets."""
        from .notebook import model_html

        return model_html(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        same = all(getattr(self, name) == getattr(other, name) for name in field_names(type(self)))
        return same and more(self) == more(other) and _nulls(self) == _nulls(other)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic, which alone calls this, how to check, read and write a model."""
        from .pydantic_schema import core_schema_of

        return core_schema_of(cls)


def _in_dicts(value: Any) -> Any:
    """Return mappings and sequences as dicts and lists, the only classes of them that are read."""
    if isinstance(value, Mapping):
        return {name: _in_dicts(each) for name, each in value.items()}
    return [*map(_in_dicts, value)] if isinstance(value, list | tuple) else value


def _nulls(model: Model) -> set[str]:
    cls, names = type(model), came(model)
    return {
        name
        for name in field_names(cls)
        if getattr(model, name) is None and came_as(names, wire_names(cls, name)) in names
    }


if "IPython" in sys.modules:  # it is never imported here
    from . import notebook

    notebook.register()
