"""The text of models and of named enums."""

from __future__ import annotations

from .annotations import Enum, literal, render
from .layout import Layout
from .schemas import Field, Model
from .table import WIDTH, broken, row

BUILTINS = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str"})


def enum(layout: Layout, each: Enum) -> str:
    """Write the alias of an enum."""
    return row(f"{layout.schemas.enums.names[each]} = Literal[", map(literal, each.values), f"] | {each.base}")


def model(layout: Layout, each: Model) -> str:
    """Write a model: what is always there first, then all in the document's order."""
    decorator = row("@model(", [f'{f.name}="{f.wire}"' for f in each.fields if f.odd], ")")
    fields = sorted(each.fields, key=lambda f: not each.needed(f.name, each.name in layout.answered))
    shadowed = BUILTINS & {f.name for f in fields}
    lines = [_field(layout, each, f, shadowed) for f in fields]
    return f'\n{decorator}class {each.name}(Model):\n    """{facts(each)}"""\n' + "".join(lines)


def facts(each: Model) -> str:
    """Say where a model occurs."""
    said = [f"`{each.schema}`" if each.schema != each.name and each.schema else ""]
    said += [_where("body of", each.body_of), _where("answer of", each.answer_of)]
    if not each.body_of and not each.answer_of:
        said.append(_where("part of", sorted(set(each.part_of))))
    text = "; ".join(filter(None, said))
    if len(text) + len('    """."""') > WIDTH:
        text = text.replace("; ", ";\n    ")
    return text[0].upper() + text[1:] + "."


def _where(how: str, names: list[str]) -> str:
    shown = names if len(names) < 3 else names[:1]
    more = f" and {len(names) - 1} more" if len(names) > 2 else ""
    return f"{how} {' and '.join(f'`{name}`' for name in shown)}{more}" if names else ""


def _field(layout: Layout, each: Model, field: Field, shadowed: frozenset[str]) -> str:
    type_ = render(field.type, layout.schemas.enums.text, shadowed=shadowed)
    default = "" if each.needed(field.name, each.name in layout.answered) else " = None"
    if default and type_ != "Any":
        type_ += " | None"
    remark = f"  # {field.remark}" if field.remark else ""
    if len(line := f"    {field.name}: {type_}{default}{remark}") > WIDTH:
        line = broken(f"    {field.name}: ({type_}){default}", 8)
    return line + "\n"
