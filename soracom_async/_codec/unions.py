"""Which of several models an object is, if nothing in the document tells them apart."""

from __future__ import annotations

from typing import Any

from .annotations import Values, annotation, choices
from .fields import field_types, required_fields, wire_name


class MatchScore:
    """Tells how well objects fit a model: names it declares, literals it declares, required names that are missing."""

    def __init__(self, cls: Any) -> None:
        types = {wire_name(cls, name): type_ for name, type_ in field_types(cls).items()}
        self._declared = frozenset(types)
        self._required = frozenset(wire_name(cls, name) for name in required_fields(cls))
        self._literals = {wire: values for wire, type_ in types.items() if (values := literals(type_))}

    def __call__(self, data: dict[str, Any]) -> tuple[int, int, int]:
        """Return a key: the greater, the better."""
        said = sum(any(data.get(wire) == value for value in values) for wire, values in self._literals.items())
        return len(self._declared & data.keys()), said, -len(self._required - data.keys())


def literals(type_: Any) -> tuple[Any, ...]:
    """Return the values that a type names."""
    return tuple(value for each in choices(annotation(type_)) if isinstance(each, Values) for value in each.values)
