"""The text of resource classes: a method is a signature, one docstring and one call."""

from __future__ import annotations

import textwrap

from soracom_async._core.operation import reference
from soracom_async.errors import APIError

from . import wording
from .annotations import Container, render
from .deprecations import advice
from .groups import Group
from .layout import Layout
from .naming import prose
from .operations import Argument, Body, Operation
from .render_models import BUILTINS
from .table import WIDTH, row

CLASS = '''
class {name}(Resource):
    """The commands of `soracom {cli}`."""
'''
OPERATOR = "operator_id"
"""The path parameter that the session fills in when it is not given."""


def resource(layout: Layout, group: Group) -> str:
    """Write the class of a group."""
    text = CLASS.format(name=group.class_name, cli=_cli(group))
    for name, inner in group.groups.items():
        text += row(f"    {name}: Inner[{inner.class_name}] = Inner(", [inner.class_name], ")", 8)
    shadowed = BUILTINS & group.methods.keys()
    return text + "".join(_method(layout, name, operation, shadowed) for name, operation in group.methods.items())


def _cli(group: Group) -> str:
    return " ".join(group.words).replace("_", "-")


def _method(layout: Layout, name: str, operation: Operation, shadowed: frozenset[str]) -> str:
    paged = operation.paging is not None
    start = f"    {'' if paged else 'async '}def {name}("
    end = f") -> {_result(layout, operation, shadowed)}:"
    signature = Signature(layout, operation, shadowed)
    text, warning = "\n", ""
    if operation.deprecated:
        warning = f'    @deprecated("{advice(operation.id)}")\n'
    if signature.overloaded:
        for each in (signature.properties(), signature.whole()):
            text += "    @overload\n" + warning + row(start, each, f"{end} ...", 12)
        text += warning + row(start, signature.open(), end, 12)
    else:
        text += warning + row(start, signature.properties(), end, 12)
    call = f"        return {'self._pages' if paged else 'await self._call'}("
    return (
        text
        + docstring(operation, signature.arguments())
        + row(call, [operation.constant, *signature.passed()], ")", 12)
    )


class Signature:
    """The arguments of a method, in the forms that it is written in."""

    def __init__(self, layout: Layout, operation: Operation, shadowed: frozenset[str]) -> None:
        self.layout = layout
        self.shadowed = shadowed
        self.body = operation.body
        self.in_path = list(operation.in_path)
        self.others = [*operation.in_query, *operation.in_headers]
        self.operator: Argument | None = None
        if len(self.in_path) > 1:
            self.operator = next((a for a in self.in_path if a.name == OPERATOR), None)
            self.in_path = [a for a in self.in_path if a.name != OPERATOR]
        if self.body and self.body.arguments is None:
            self.others.append(Argument(self.body.name, "", self.body.takes or self.body.type, self.body.required))

    @property
    def overloaded(self) -> bool:
        """Whether a property must be given, unless the body is given whole."""
        return any(a.required for a in self._of_body())

    def properties(self) -> list[str]:
        """The properties of the body as arguments; the whole body as well where none of them is needed."""
        whole = [] if self.overloaded else self._body(" | None = None")
        return self._write([*self._keywords([*self.others, *self._of_body()]), *whole])

    def whole(self) -> list[str]:
        """The body as a whole."""
        return self._write([*self._body(""), *self._keywords(self.others)])

    def open(self) -> list[str]:
        """What the overloads have in common."""
        return ["self", *map(self._positional, self.in_path), "**arguments: Any"]

    def arguments(self) -> list[Argument]:
        """All arguments, in the order in which they are documented; a body as a whole goes without saying."""
        return [*self.in_path, *self._operator(), *self.others, *self._of_body()]

    def passed(self) -> list[str]:
        """The arguments of the call."""
        names = [a.name for a in self.in_path]
        if not self.overloaded:
            names += [a.name for a in (*self._operator(), *self.others, *self._of_body())]
            names += ["body"] if self._body("") else []
        return [f"{name}={name}" for name in names] + (["**arguments"] if self.overloaded else [])

    def _of_body(self) -> list[Argument]:
        return (self.body.arguments if self.body else None) or []

    def _operator(self) -> list[Argument]:
        return [self.operator] if self.operator else []

    def _body(self, default: str) -> list[str]:
        return [f"body: {self._type(self.body)}{default}"] if self.body and self._of_body() else []

    def _write(self, keywords: list[str]) -> list[str]:
        return ["self", *map(self._positional, self.in_path), *(["*", *keywords] if keywords else [])]

    def _keywords(self, arguments: list[Argument]) -> list[str]:
        needed = [f"{a.name}: {self._type(a)}" for a in arguments if a.required]
        return needed + [self._optional(a) for a in (*self._operator(), *(a for a in arguments if not a.required))]

    def _positional(self, argument: Argument) -> str:
        return self._optional(argument) if argument.name == OPERATOR else f"{argument.name}: {self._type(argument)}"

    def _optional(self, argument: Argument) -> str:
        type_ = self._type(argument)
        return f"{argument.name}: {type_}{'' if type_ == 'Any' else ' | None'} = None"

    def _type(self, typed: Argument | Body) -> str:
        return render(typed.type, self.layout.schemas.enums.text, argument=True, shadowed=self.shadowed)


def _result(layout: Layout, operation: Operation, shadowed: frozenset[str]) -> str:
    if operation.result is None:
        return "None"
    if operation.paging is not None:
        assert isinstance(operation.result, Container)
        return f"Pages[{render(operation.result.item, layout.schemas.enums.text, shadowed=shadowed)}]"
    none = " | None" if operation.empty else ""
    return render(operation.result, layout.schemas.enums.text, shadowed=shadowed) + none


def docstring(operation: Operation, arguments: list[Argument]) -> str:
    """Say what and where, what the arguments are, which errors the document announces, and where the reference is."""
    lines = [f"{prose(operation.id)}."]
    where = f"`{operation.method} {operation.path}`, quota group {operation.tag}."
    rest = [where]
    if operation.errors:
        rest.append(f"Raises {', '.join(dict.fromkeys(map(_error, operation.errors)))}.")
    if operation.deprecated:
        rest.append("Deprecated.")
    if operation.sandbox:
        rest.append("Sandbox only.")
    lines += ["", *_wrapped(" ".join(rest)), reference(operation.tag, operation.id)]
    told = [(each.name, said) for each in arguments if (said := wording.argument(each))]
    if told:
        lines += ["", "Args:"]
        for name, said in told:
            lines += _wrapped(f"    {name}: {said}", hanging=" " * 8)
    inner = "\n".join(f"        {line}".rstrip() for line in lines[1:])
    return f'        """{lines[0]}\n{inner}"""\n'


def _wrapped(text: str, hanging: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH - 11, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)


def _error(status: int) -> str:
    kind = APIError.of_status(status)
    return f"APIError ({status})" if kind is APIError else kind.__name__
