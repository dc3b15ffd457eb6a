"""The text of operations and of the parameters that many of them share."""

from __future__ import annotations

from collections.abc import Sized

from .annotations import Enum, Name, Type, literal, render
from .bodies import JSON
from .layout import Layout, Parameter, parameter
from .operations import Argument, Operation
from .table import row

SUFFIXES = {"EpochMilliseconds": "MS", "EpochSeconds": "S", "list[str]": "LIST", "str | int": "ANY"}
"""What tells parameters of one name and several types apart."""


def operation(layout: Layout, each: Operation) -> str:
    """Write the constant of an operation."""
    said = [f'"{each.id}"', f'"{each.method}"', f'"{each.path}"', f'"{each.tag}"', each.effect]
    if each.result:
        said.append(plain(each.result))
    cli = ", ".join('"' + " ".join(words).replace("_", "-") + '"' for words in each.cli)
    said.append(f"cli=({cli}{_comma(each.cli)})")
    types = {a.name: plain(a.type) for a in each.in_path if plain(a.type) != "str"}
    if types:
        said.append("path_types={" + ", ".join(f'"{name}": {type_}' for name, type_ in types.items()) + "}")
    for keyword, arguments in (("query", each.in_query), ("headers", each.in_headers)):
        if arguments:
            said.append(f"{keyword}=({', '.join(_parameter(layout, a) for a in arguments)}{_comma(arguments)})")
    said += _body(layout, each)
    if each.receives != JSON:
        said.append(f'receives="{each.receives}"')
    if each.status != 200:
        said.append(f"status={each.status}")
    if each.empty:
        said.append(f"empty=({', '.join(map(str, each.empty))}{_comma(each.empty)})")
    if each.paging is not None:
        items = ", ".join(f'"{name}": {plain(type_)}' for name, type_ in each.paging.items())
        said.append(f"paging=Paging(items={{{items}}})" if items else "paging=ARRAY")
    if not each.secured:
        said.append("secured=False")
    if each.deprecated:
        said.append("deprecated=True")
    # Without a result there is nothing to infer its type from.
    annotation = "" if each.result else ": Operation[None]"
    return row(f"{each.constant}{annotation} = Operation(", said, ")")


def shared_parameters(layout: Layout) -> str:
    """Write the parameters that occur more than once."""
    repeated = sorted(layout.repeated, key=lambda each: (each[0], str(each[1:])))
    return "".join(f"{shared_name(p)} = {_written(p)}\n" for p in repeated if shared_name(p) != "LAST_EVALUATED_KEY")


def shared_name(each: Parameter) -> str:
    """Name the constant of a parameter: `LIMIT`, `FROM_MS`."""
    name, _, type_, required = each
    suffix = SUFFIXES.get(plain(type_), "")
    return "_".join(filter(None, (name.rstrip("_").upper(), suffix, "REQUIRED" if required else "")))


def plain(type_: Type) -> str:
    """Write a type as a value: without the words of enums."""
    return render(type_, _base)


def _comma(parts: Sized) -> str:
    """Return what makes a tuple of one."""
    return "," if len(parts) == 1 else ""


def _base(enum: Enum) -> str:
    return enum.base


def _parameter(layout: Layout, argument: Argument) -> str:
    facts = parameter(argument)
    return shared_name(facts) if facts in layout.repeated else _written(facts)


def _written(each: Parameter) -> str:
    name, wire, type_, required = each
    said = [f'"{name}"']
    if type_ != Name("str"):
        said.append(plain(type_))
    if wire != name:
        said.append(f'wire="{wire}"')
    if required:
        said.append("required=True")
    return f"Parameter({', '.join(said)})"


def _body(layout: Layout, each: Operation) -> list[str]:
    if each.body is None:
        return []
    said = [f"body={plain(each.body.type)}"]
    if each.body.name != "body":
        said.append(f'body_name="{each.body.name}"')
    if each.body.sends != JSON:
        said.append(f'sends="{each.body.sends}"')
    model = layout.schemas.models.get(plain(each.body.type))
    if model is not None:
        needed = [f.name for f in model.fields if f.required]
        if needed != [f.name for f in model.fields if model.needed(f.name, model.name in layout.answered)]:
            said.append(f"required=({', '.join(map(literal, needed))}{_comma(needed)})")
    return said
