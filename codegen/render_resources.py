"""The text of resource classes: a method is a signature, one docstring and one call."""

from __future__ import annotations

import textwrap

from attrs import evolve

from soracom_async._core.operation import reference
from soracom_async.errors import APIError

from .annotations import Container, Type, render
from .deprecations import advice
from .groups import Group
from .layout import Layout
from .operations import Argument, Operation
from .render_models import BUILTINS
from .table import WIDTH, row
from .wording import OPERATOR, Described, Prose

WHOLE = "The whole body, in place of its parts."
"""What is said of the argument `body`."""
CLASS = '''
class {name}(Resource):
    """The commands of `soracom {cli}`."""
'''


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
        for each in (signature.parts(), signature.whole()):
            text += "    @overload\n" + warning + row(start, each, f"{end} ...", 12)
        text += warning + row(start, signature.all(), end, 12)
    else:
        text += warning + row(start, signature.parts(), end, 12)
    call = f"        return {'self._pages' if paged else 'await self._call'}("
    return (
        text
        + docstring(operation, signature, layout.prose)
        + row(call, [operation.constant, *signature.passed()], ")", 12)
    )


class Signature:
    """The arguments of a method, in the forms that it is written in.

    The body is given in parts, which are its properties or the one argument that has a name of its own (`tags`), or
    whole, as `body`. If it has a part that must be given, each form is an overload.
    """

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
        self.of_body: list[Argument] = []
        if self.body and self.body.arguments is not None:
            self.of_body = self.body.arguments
        elif self.body:
            self.of_body = [Argument(self.body.name, "", self.body.takes or self.body.type, self.body.required)]

    @property
    def overloaded(self) -> bool:
        """Whether a part of the body must be given, unless the body is given whole."""
        return any(a.required for a in self.of_body)

    def parts(self) -> list[str]:
        """The body in parts; as a whole as well, if none of them is needed."""
        whole = [] if self.overloaded else self._body(" | None = None")
        return self._write([*self._keywords([*self.others, *self.of_body]), *whole])

    def whole(self) -> list[str]:
        """The body as a whole."""
        return self._write([*self._body(""), *self._keywords(self.others)])

    def all(self) -> list[str]:
        """Every argument that one of the overloads has."""
        optional = [evolve(a, required=False) for a in self.of_body]
        return self._write([*self._keywords([*self.others, *optional]), *self._body(" | None = None")])

    def arguments(self) -> list[Argument]:
        """All arguments, in the order in which they are documented; a body as a whole goes without saying."""
        return [*self.in_path, *self._operator(), *self.others, *self.of_body]

    def passed(self) -> list[str]:
        """The arguments of the call."""
        names = [a.name for a in self.arguments()] + (["body"] if self._body("") else [])
        return [f"{name}={name}" for name in names]

    @property
    def takes_body(self) -> bool:
        """Whether the body can be given whole, under a name of its own."""
        return bool(self._body(""))

    def _operator(self) -> list[Argument]:
        return [self.operator] if self.operator else []

    def _body(self, default: str) -> list[str]:
        if self.body is None or (self.body.arguments is None and self.body.name == "body"):
            return []
        type_ = self.body.takes or self.body.type
        mapping = " | Mapping[str, Any]" if self.body.arguments is not None else ""
        return [f"body: {self._text(type_)}{mapping}{default}"]

    def _write(self, keywords: list[str]) -> list[str]:
        return ["self", *map(self._positional, self.in_path), *(["*", *keywords] if keywords else [])]

    def _keywords(self, arguments: list[Argument]) -> list[str]:
        needed = [f"{a.name}: {self._text(a.type)}" for a in arguments if a.required]
        return needed + [self._optional(a) for a in (*self._operator(), *(a for a in arguments if not a.required))]

    def _positional(self, argument: Argument) -> str:
        return (
            self._optional(argument) if argument.name == OPERATOR else f"{argument.name}: {self._text(argument.type)}"
        )

    def _optional(self, argument: Argument) -> str:
        type_ = self._text(argument.type)
        return f"{argument.name}: {type_}{'' if type_ == 'Any' else ' | None'} = None"

    def _text(self, type_: Type) -> str:
        return render(type_, self.layout.schemas.enums.text, takes=self.layout.takes, shadowed=self.shadowed)


def _result(layout: Layout, operation: Operation, shadowed: frozenset[str]) -> str:
    if operation.result is None:
        return "None"
    if operation.paging is not None:
        assert isinstance(operation.result, Container)
        return f"Pages[{render(operation.result.item, layout.schemas.enums.text, shadowed=shadowed)}]"
    none = " | None" if operation.empty else ""
    return render(operation.result, layout.schemas.enums.text, shadowed=shadowed) + none


def docstring(operation: Operation, signature: Signature, prose: Prose) -> str:
    """Say what and where, what the arguments are, which errors the document announces, and where the reference is."""
    own = prose.operations.get(operation.id, Described())
    lines = [prose.summary(operation)]
    where = f"`{operation.method} {operation.path}`, quota group {operation.tag}."
    rest = [where]
    if operation.errors:
        rest.append(f"Raises {', '.join(dict.fromkeys(map(_error, operation.errors)))}.")
    if operation.deprecated:
        rest.append("Deprecated.")
    if operation.sandbox:
        rest.append("Sandbox only.")
    if own.detail:
        lines += ["", *_wrapped(own.detail)]
    rest.append(reference(operation.tag, operation.id))
    lines += ["", *_wrapped(" ".join(rest))]
    told = [(each.name, said) for each in signature.arguments() if (said := prose.argument(operation, each))]
    told += [("body", WHOLE)] if signature.takes_body else []
    if told:
        lines += ["", "Args:"]
        for name, said in told:
            lines += _wrapped(f"    {name}: {said}", hanging=" " * 8)
    if own.example:
        lines += ["", "Example:", *textwrap.indent(own.example.strip("\n"), " " * 4).split("\n")]
    inner = "\n".join(f"        {line}".rstrip() for line in lines[1:])
    raw = "r" if "\\" in inner else ""
    return f'        {raw}"""{lines[0]}\n{inner}"""\n'


def _wrapped(text: str, hanging: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH - 11, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)


def _error(status: int) -> str:
    kind = APIError.of_status(status)
    return f"APIError ({status})" if kind is APIError else kind.__name__
