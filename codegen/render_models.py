"""The text of models and of named enums."""

from __future__ import annotations

import textwrap

from .annotations import Enum, Name, dictionary, literal, render
from .layout import Layout
from .naming import words
from .schemas import Field, Model
from .table import WIDTH, broken, row
from .wording import Described

BUILTINS = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str"})


def enum(layout: Layout, each: Enum) -> str:
    """Write the alias of an enum."""
    return row(f"{layout.schemas.enums.names[each]} = Literal[", map(literal, each.values), f"] | {each.base}")


def model(layout: Layout, each: Model) -> str:
    """Write a model: what is always there first, then all in the document's order."""
    fields = sorted(each.fields, key=lambda f: not each.needed(f.name, each.name in layout.answered))
    shadowed = BUILTINS & {f.name for f in fields}
    lines = [_field(layout, each, f, shadowed) for f in fields]
    start = row(f"class {each.name}(", ["Model", *(f"{f.name}={_wire_names(f)}" for f in each.fields if f.odd)], "):")
    own = layout.prose.models.get(each.name, Described())
    said = own.summary or facts(each)
    return "\n" + start + (f'    """{said or "No fields."}"""\n' if said or not lines else "") + "".join(lines)


def typed_dicts(layout: Layout, models: list[Model]) -> str:
    """Write the TypedDicts of the nested models among `models`, each behind those that it has in it."""
    waiting = {each.name: each for each in models if each.name in layout.nested}
    text = ""

    def write(name: str) -> None:
        nonlocal text
        each = waiting.pop(name)
        for part in each.parts():
            if isinstance(part, Name) and part.text in waiting:
                write(part.text)
        text += _typed_dict(layout, each)

    while waiting:
        write(next(iter(waiting)))
    return text and "\n" + text


def _typed_dict(layout: Layout, each: Model) -> str:
    name = dictionary(each.name)
    keys: list[str] = []
    for field in each.fields:
        type_ = render(field.type, layout.schemas.enums.text, takes=layout.takes)
        start = "" if keys else "{"
        keys.append(f'{start}"{field.wire}": {f"Required[{type_}]" if field.required else type_}')
    keys[-1] += "}"
    return row(f"{name} = TypedDict(", [f'"{name}"', *keys, "total=False"], ")")


def facts(each: Model) -> str:
    """Say where a model occurs, as far as its name does not say it."""
    said = [f"`{each.schema}`" if each.schema != each.name and each.schema else ""]
    own = _stems(each.name)
    if not any(own <= _stems(name) for name in (*each.body_of, *each.answer_of)):
        said += [_where("body of", each.body_of), _where("answer of", each.answer_of)]
    if not (text := "; ".join(filter(None, said))):
        return ""
    if len(text) + len('    """."""') > WIDTH:
        text = text.replace("; ", ";\n    ")
    return text[0].upper() + text[1:] + "."


def _stems(name: str) -> set[str]:
    """Return the words of a name that tell something, as singulars."""
    return {word.rstrip("s") for word in words(name)} - {"model", "request", "response", "result"}


def _where(how: str, names: list[str]) -> str:
    shown = names if len(names) < 3 else names[:1]
    more = f" and {len(names) - 1} more" if len(names) > 2 else ""
    return f"{how} {' and '.join(f'`{name}`' for name in shown)}{more}" if names else ""


def _wire_names(field: Field) -> str:
    """Write the name of a field on the wire, or all of them."""
    names = [literal(name) for name in (field.wire, *field.also_named)]
    return f"({', '.join(names)})" if field.also_named else names[0]


def _field(layout: Layout, each: Model, field: Field, shadowed: frozenset[str]) -> str:
    type_ = render(field.type, layout.schemas.enums.text, shadowed=shadowed)
    fixed = "None" if field.fixed is None else literal(field.fixed)
    default = "" if each.needed(field.name, each.name in layout.answered) else f" = {fixed}"
    if default and type_ != "Any":
        type_ += " | None"
    if len(line := f"    {field.name}: {type_}{default}") > WIDTH:
        line = broken(f"    {field.name}: ({type_}){default}", 8)
    line += "\n"
    if said := layout.prose.field(each, field):
        lines = textwrap.wrap(said, WIDTH - 10, break_long_words=False, break_on_hyphens=False)
        line += '    """' + "\n    ".join(lines) + '"""\n'
    return line
