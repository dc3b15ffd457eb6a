"""Schemas -> types and models. A schema with properties becomes a class; maps, arrays and plain values are inlined."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import Factory, define

from soracom_async._codec.model import Model as Base
from soracom_async._codec.model import wire_name

from .always import ALWAYS
from .annotations import Container, Enum, Name, Type, Union, parts
from .document import Document, Schema, reference
from .enums import Enums
from .evidence import Entry, Evidence
from .naming import camel, class_name, snake
from .units import Units

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
NULL = "(null value)"
"""A word that the document has in some enums where the service sends null."""


@define
class Field:
    """A property of a model."""

    name: str
    wire: str
    type: Type
    required: bool
    """Whether the document requires it, in a request."""
    remark: str = ""
    """The unit of a duration or of an amount."""
    limits: tuple[str, ...] = ()
    """The values that are allowed, and the default, as sentences."""
    entry: Entry | None = None
    """Where it is known from, if not from the document alone."""
    also_named: tuple[str, ...] = ()
    """Further names on the wire."""
    fixed: object = None
    """The only value that it has in this model, by which the model is told from others."""

    @property
    def odd(self) -> bool:
        """Whether the wire name is not the camelCase of the field, or not the only one."""
        return wire_name(Base, self.name) != self.wire or bool(self.also_named)


@define
class Model:
    """A class to be."""

    name: str
    schema: str
    """What the document calls it; empty where it has no name."""
    fields: list[Field] = Factory(list)
    body_of: list[str] = Factory(list)
    answer_of: list[str] = Factory(list)

    def parts(self) -> Iterator[Type]:
        """Walk all types that occur in the fields."""
        for each in self.fields:
            yield from parts(each.type)

    def needed(self, name: str, answered: bool) -> bool:
        """Whether the field `name` is never None: what the service always sends, or what a request must have."""
        found = next(f for f in self.fields if f.name == name)
        return found.wire in ALWAYS.get(self.schema, ()) if answered else found.required


@define
class Schemas:
    """Turns schemas into types, and gathers the models that occur on the way."""

    document: Document
    units: Units
    evidence: Evidence = Factory(Evidence)
    enums: Enums = Factory(Enums)
    models: dict[str, Model] = Factory(dict)

    def type_of(self, schema: Schema, owner: str, path: str = "", words: str = "") -> Type:
        """Return the type of a schema.

        `owner` and `path` say where it stands (`TestingUsage`, `usage.dataBytes`), `words` what an anonymous class
        would be called.
        """
        words = words or camel(owner)
        if named := reference(schema):
            return self._named(named, schema)
        for several in ("oneOf", "allOf"):
            if several in schema:
                return self._several(several, schema[several], owner, path, words)
        if "properties" in schema:
            return self._model(words, "", schema, owner, path)
        if "enum" in schema:
            return self._enum(schema, words, path)
        match schema.get("type"):
            case "array":
                item = self.type_of(schema["items"], owner, f"{path}[]", words)
                return Container("list", item)
            case "object":
                return Container("dict", self._additional(schema.get("additionalProperties"), owner, path, words))
            case "string" if schema.get("format") == "binary":
                return Name("bytes")
            case kind:
                return Name(self.units.time(owner, path) or PLAIN.get(kind or "", "Any"))

    def _named(self, name: str, schema: Schema) -> Type:
        target = self.document.resolve(schema)
        while (further := reference(self.document.schemas[name])) is not None:
            name = further
        if "properties" in target:
            return self._model(class_name(name), name, target, name, "")
        if "enum" in target:
            return self._enum(target, class_name(name), "", named=True)
        return self.type_of(target, name, words=class_name(name))

    def _several(self, how: str, schemas: list[Schema], owner: str, path: str, words: str) -> Type:
        if how == "allOf" and len(schemas) > 1:
            merged: Schema = {"properties": {}, "required": []}
            for part in map(self.document.resolve, schemas):
                merged["properties"] |= part.get("properties", {})
                merged["required"] += part.get("required", [])
            return self._model(words, "", merged, owner, path)
        items: dict[Type, None] = {}
        for number, each in enumerate(schemas, 1):
            items[self.type_of(each, owner, path, f"{words}{number}")] = None
        self._fix([self.models[each.text] for each in items if isinstance(each, Name) and each.text in self.models])
        return Union(tuple(items)) if len(items) > 1 else next(iter(items))

    def _fix(self, models: list[Model]) -> None:
        """Note what tells several models apart: a property that has another value in each, and only that."""
        for name in set.intersection(*({each.wire for each in model.fields} for model in models)) if models else ():
            fields = [each for model in models for each in model.fields if each.wire == name]
            values = {each.type.values[0]: each for each in fields if isinstance(each.type, Enum) and each.type.single}
            if 1 < len(values) == len(models):
                for value, each in values.items():
                    # What the document requires must be given all the same.
                    each.fixed = None if each.required else value

    def _additional(self, values: Schema | bool | None, owner: str, path: str, words: str) -> Type:
        """Return the type of the values of a map; a class for them is called after one of them."""
        if isinstance(values, dict) and values:
            return self.type_of(values, owner, f"{path}{{}}", f"{words}Value")
        return Name("Any")

    def _enum(self, schema: Schema, owner: str, path: str, *, named: bool = False) -> Type:
        values = tuple(value for value in schema["enum"] if value != NULL)
        base = PLAIN[schema["type"]]
        if base == "str" and not all(isinstance(value, str) for value in values):
            return Union((Name("str"), Name("bool")))  # words that YAML took for booleans: true, false
        name = path.rpartition(".")[2].strip("[]{}")
        return self.enums.used(
            Enum(values, base, owner if named else ""), owner.removesuffix(camel(name)), name or owner
        )

    def _model(self, name: str, schema_name: str, schema: Schema, owner: str, path: str) -> Type:
        if name not in self.models:
            made = self.models[name] = Model(name, schema_name)
            required = frozenset(schema.get("required", ()))
            for wire, each in schema["properties"].items():
                inner = f"{path}.{wire}" if path else wire
                type_ = self.type_of(each, owner, inner, name + camel(wire))
                type_, entry = self.evidence.declared(owner, inner, type_)
                made.fields.append(
                    Field(
                        field_name(wire),
                        wire,
                        type_,
                        wire in required,
                        self.units.remark(owner, inner),
                        limits(self.document.resolve(each)),
                        entry,
                    )
                )
            for entry in self.evidence.missing(owner, path, schema["properties"], name):
                _add(made, entry)
        return Name(name)


def _add(model: Model, entry: Entry) -> None:
    """Give a model a field that the document lacks, or one of its fields another name on the wire."""
    name = entry.name or field_name(entry.wire)
    found = next((each for each in model.fields if each.name == name), None)
    if found is None:
        model.fields.append(Field(name, entry.wire, entry.type, False, entry.unit, entry=entry))
    elif found.type != entry.type:
        raise ValueError(f"evidence: {entry}: {name} is of another type already")
    else:
        found.also_named += (entry.wire,)
        found.entry = entry


def field_name(wire: str) -> str:
    """Return the Python name of a property; one that all models have as a method gets a `_` behind it."""
    made = snake(wire)
    return made + "_" if made in dir(Base) else made


def limits(schema: Schema) -> tuple[str, ...]:
    """Say which numbers a schema allows, how long a text may be, and what the default is."""
    least, most, longest = schema.get("minimum"), schema.get("maximum"), schema.get("maxLength")
    said = []
    if least is not None and most is not None:
        said.append(f"{least:,} to {most:,}.")
    elif least is not None or most is not None:
        said.append(f"At least {least:,}." if most is None else f"At most {most:,}.")
    if longest is not None:
        said.append(f"At most {longest:,} characters.")
    default = schema.get("default")
    if isinstance(default, str | int | float) and default not in ("", "null", -1) and type(default) is not bool:
        said.append(f"Default: `{default}`.")
    return tuple(said)


def reachable(models: dict[str, Model], types: Iterator[Type] | list[Type]) -> set[str]:
    """Return the names of all models that occur in `types` or in the models of `types`."""
    found: set[str] = set()
    waiting = [part for each in types for part in parts(each)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name) and part.text in models and part.text not in found:
            found.add(part.text)
            waiting.extend(models[part.text].parts())
    return found
