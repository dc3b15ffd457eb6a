"""What docstrings say: our own sentences of `prose/`, and facts of the document beside them.

`prose/arguments.toml` has a sentence for arguments of one name, in whatever operation. Every other file describes the
operations and models of a module: `[operations.<operationId>]`, `[operations.<operationId>.arguments]`,
`[models.<Class>]` and `[models.<Class>.fields]`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import Factory, fields, frozen

from .annotations import Container, Enum, Name, Type, Union
from .evidence import Entry
from .naming import spoken
from .operations import Argument, Operation
from .schemas import Field, Model
from .units import PLAIN_TIMES, READ, TIME_NAMES

ARGUMENTS = "arguments.toml"
OPERATOR = "operator_id"
"""The path parameter that the session fills in when it is not given."""
LONGEST = 8
"""The most values of an enum that are listed; the signature has them all."""


@frozen
class Described:
    """Our own description of an operation, or of a model."""

    summary: str = ""
    """The first line."""
    detail: str = ""
    example: str = ""
    """Python that calls the method."""
    arguments: Mapping[str, str] = Factory(dict)
    fields: Mapping[str, str] = Factory(dict)


@frozen
class Prose:
    """All descriptions, by the names of what they describe."""

    arguments: Mapping[str, str] = Factory(dict)
    operations: Mapping[str, Described] = Factory(dict)
    models: Mapping[str, Described] = Factory(dict)

    @classmethod
    def read(cls, directory: Path) -> Prose:
        """Read the files of a directory; raises ValueError for what is described twice, or in unknown words."""
        arguments = directory / ARGUMENTS
        operations: dict[str, Described] = {}
        models: dict[str, Described] = {}
        for path in sorted(set(directory.glob("*.toml")) - {arguments}):
            data = tomllib.loads(path.read_text(encoding="utf-8"))
            for kind, found in (("operations", operations), ("models", models)):
                for name, said in data.pop(kind, {}).items():
                    if name in found:
                        raise ValueError(f"{path.name}: {name} is described twice")
                    found[name] = _described(f"{path.name}: {name}", said)
            if data:
                raise ValueError(f"{path.name}: {', '.join(data)}: there are only operations and models")
        common = tomllib.loads(arguments.read_text(encoding="utf-8")) if arguments.exists() else {}
        return cls(common, operations, models)

    def check(self, operations: Iterable[Operation], models: Mapping[str, Model]) -> None:
        """Raise ValueError for a description of what there is not."""
        known = {each.id: {*_names(each)} for each in operations}
        unknown = [*(self.arguments.keys() - {name for names in known.values() for name in names})]
        for id_, own in self.operations.items():
            unknown += [f"{id_}.{name}" for name in own.arguments.keys() - known.get(id_, set())]
            unknown += [] if id_ in known else [id_]
        for name, own in self.models.items():
            has = {each.name for each in models[name].fields} if name in models else set()
            unknown += [f"{name}.{field}" for field in own.fields.keys() - has]
            unknown += [] if name in models else [name]
        if unknown:
            raise ValueError(f"codegen/prose describes what the document does not have: {', '.join(sorted(unknown))}")

    def summary(self, operation: Operation) -> str:
        """Say in a sentence what an operation does."""
        own = self.operations.get(operation.id)
        return own.summary if own and own.summary else f"{spoken(operation.id)}."

    def argument(self, operation: Operation, each: Argument) -> str:
        """Say what an argument means, in what unit it is, and which values it takes; empty if its name says it all."""
        own = self.operations.get(operation.id, Described()).arguments
        said = [own.get(each.name) or self.arguments.get(each.name, "")]
        if each.name == OPERATOR and each in operation.in_path and "default" not in said[0]:
            said.append("Default: the session's operator.")
        if isinstance(each.type, Name) and each.type.text in TIME_NAMES:
            said.append(f"A datetime, a date or {PLAIN_TIMES[each.type.text]}.")
        values = [f"`{value}`" for value in _values(each.type)]
        if 0 < len(values) <= LONGEST and not all(value in said[0] for value in values):
            said.append(f"One of {', '.join(values)}." if len(values) > 1 else f"Only {values[0]}.")
        needless = ("Default",) if each.required else ()
        limits = (fact for fact in each.limits if not _told(fact, said[0]) and not fact.startswith(needless))
        in_body = each.required and operation.body is not None and each in (operation.body.arguments or ())
        needed = "Required, unless `body` is given." if in_body else ""
        return _sentences(*said, *limits, _unit(each.remark, said[0]), needed, _source(each.entry))

    def field(self, model: Model, each: Field) -> str:
        """Say what a field means, in what unit it is, and how one without is read; empty if its name says it all."""
        said = self.models.get(model.name, Described()).fields.get(each.name, "")
        read = READ.get(each.type.text, "") if isinstance(each.type, Name) else ""
        fixed = f"The client fills in `{each.fixed}`." if each.fixed is not None else ""
        others = f"Also read from `{'`, `'.join(each.also_named)}`." if each.also_named else ""
        return _sentences(said, _unit(each.remark, said), read, fixed, others, _source(each.entry))


def _described(where: str, data: dict[str, Any]) -> Described:
    unknown = data.keys() - {each.name for each in fields(Described)}
    if unknown:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} is not part of a description")
    return Described(**data)


def _names(operation: Operation) -> Iterable[str]:
    yield from (each.name for each in operation.arguments)
    if operation.body and operation.body.arguments is None:
        yield operation.body.name


def _told(fact: str, said: str) -> bool:
    """Tell whether a sentence tells a fact already: the default, or the greatest number."""
    if fact.startswith("Default"):
        return "default" in said.lower()
    return re.findall(r"[\d,]+", fact)[-1].replace(",", "") in said.replace(",", "")


def _unit(unit: str, said: str) -> str:
    """Name the unit of an amount, unless the sentence does."""
    return f"In {unit}." if unit and unit.split()[0] not in said else ""


def _source(entry: Entry | None) -> str:
    """Say where something is known from that the document does not say."""
    return entry.remark if entry else ""


def _sentences(*said: str) -> str:
    return " ".join(filter(None, said))


def _values(type_: Type) -> tuple[object, ...]:
    match type_:
        case Enum(values):
            return values
        case Container(_, item):
            return _values(item)
        case Union(items):
            return tuple(value for item in items for value in _values(item))
        case _:
            return ()
