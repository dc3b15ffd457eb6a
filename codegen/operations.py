"""Operations: what the library needs to know of each, in the names of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import define, evolve

from .annotations import SLASHES, Container, Enum, Name, Type, Union, parts
from .bodies import ANY, JSON, body_name, content_type
from .document import Schema
from .effects import effect
from .evidence import Entry
from .naming import class_name, constant, module, snake
from .schemas import Schemas, limits

EMPTY = ("204", "304")
JSON_TOO = Union((Name("bytes"), Container("dict", Name("Any")), Container("list", Name("Any"))))
"""What may be sent either as it is or as JSON."""
ELSEWHERE = "302"
"""The content is behind the address in the answer: whatever a file is."""


@define
class Argument:
    """A parameter, or a property of a body, as the argument of a method."""

    name: str
    wire: str
    type: Type
    required: bool
    remark: str = ""
    """The unit of a duration or of an amount."""
    limits: tuple[str, ...] = ()
    """The values that are allowed, and the default, as sentences."""
    entry: Entry | None = None
    """Where it is known from, if not from the document alone."""


@define
class Body:
    """What an operation sends."""

    type: Type
    name: str
    required: bool
    sends: str = JSON
    """The content type."""
    takes: Type | None = None
    """What the argument takes, where that is more than the type."""
    arguments: list[Argument] | None = None
    """The properties of a model; none for the empty object, which is always sent as it is; None for another type."""


@define
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    tag: str
    effect: str
    cli: list[tuple[str, ...]]
    result: Type | None
    receives: str
    status: int
    empty: list[int]
    """Other statuses of success, without a body."""
    errors: list[int]
    in_path: list[Argument]
    in_query: list[Argument]
    in_headers: list[Argument]
    body: Body | None
    paging: dict[str, Type] | None
    """None, or the properties of the answer that have the items; empty where the answer is an array."""
    secured: bool
    deprecated: bool
    sandbox: bool

    @property
    def constant(self) -> str:
        """The name of its constant."""
        return constant(self.id)

    @property
    def module(self) -> str:
        """The module of its tag."""
        return module(self.tag)

    @property
    def arguments(self) -> list[Argument]:
        """All arguments but the body as a whole."""
        return [*self.in_path, *self.in_query, *self.in_headers, *(self.body.arguments or () if self.body else ())]

    def types(self) -> Iterator[Type]:
        """Walk the types of answer, body and arguments."""
        yield from (a.type for a in self.arguments)
        if self.body:
            yield self.body.type
        if self.result:
            yield self.result


def read_operations(schemas: Schemas) -> list[Operation]:
    """Read all operations, and with them all models that occur."""
    return [_operation(schemas, *each) for each in schemas.document.operations()]


def _operation(schemas: Schemas, path: str, method: str, data: dict[str, Any]) -> Operation:
    id_ = data["operationId"]
    places: dict[str, list[Argument]] = {"path": [], "query": [], "header": []}
    for each in data.get("parameters", ()):
        places[each["in"]].append(_parameter(schemas, id_, each))
    order = re.findall(r"{(.+?)}", path)
    places["path"].sort(key=lambda argument: order.index(argument.wire))
    status, receives, result = _answer(schemas, id_, data["responses"])
    if method == "HEAD":
        result = Container("dict", Name("str"))
    paging: dict[str, Type] | None = None
    if "x-soracom-cli-pagination" in data:
        result, paging = _paged(schemas, result)
    return Operation(
        id=id_,
        method=method,
        path=re.sub(r"{(.+?)}", lambda match: f"{{{snake(match[1])}}}", path),
        tag=data["tags"][0],
        effect=effect(id_, method),
        cli=[tuple(snake(word) for word in words.split()) for words in data["x-soracom-cli"]],
        result=result,
        receives=receives,
        status=status,
        empty=sorted(int(code) for code in data["responses"] if result and code in EMPTY),
        errors=sorted(int(code) for code in data["responses"] if code >= "4"),
        in_path=places["path"],
        in_query=places["query"],
        in_headers=places["header"],
        body=_body(schemas, id_, data, {a.name for place in places.values() for a in place}),
        paging=paging,
        secured=bool(data.get("security")),
        deprecated=data.get("deprecated", False),
        sandbox=data.get("x-soracom-sandbox", False),
    )


def _parameter(schemas: Schemas, id_: str, data: dict[str, Any]) -> Argument:
    wire = data["name"]
    type_ = schemas.type_of(data["schema"], id_, wire)
    if wire == "last_evaluated_key" and type_ != Name("str"):
        type_ = Union((Name("str"), type_))  # the key of the next page is text, whatever it is made of
    if data["in"] == "path" and wire == "path":
        type_ = Name(SLASHES)
    type_, entry = schemas.evidence.declared(id_, wire, type_)
    remark = schemas.units.remark(id_, wire)
    return Argument(snake(wire), wire, type_, data.get("required", False), remark, limits(data["schema"]), entry)


def _answer(schemas: Schemas, id_: str, responses: dict[str, Any]) -> tuple[int, str, Type | None]:
    """Return status, content type and type of the first success, of one with content where there is one."""
    good = sorted(code for code in responses if code < "4")
    code = next((c for c in good if responses[c].get("content") and c not in EMPTY), good[0])
    content = responses[code].get("content")
    if code == ELSEWHERE:
        return int(code), "*/*", Name("bytes")
    if not content or code in EMPTY:
        return int(code), JSON, None
    kind, media = next(iter(content.items()))
    result = schemas.type_of(media["schema"], id_, words=class_name(id_) + "Response")
    _note(schemas, result, id_, "answer_of")
    return int(code), kind, result


def _paged(schemas: Schemas, result: Type | None) -> tuple[Type, dict[str, Type]]:
    """Return the type of a page's items as a list, and the properties that have them."""
    if isinstance(result, Container):
        return result, {}
    assert isinstance(result, Name), f"a page is an array or an object, not {result}"
    lists = {f.wire: f.type for f in schemas.models[result.text].fields if isinstance(f.type, Container)}
    items = tuple(dict.fromkeys(each.item for each in lists.values()))
    return Container("list", items[0] if len(items) == 1 else Union(items)), {**lists}


def _body(schemas: Schemas, id_: str, data: dict[str, Any], taken: set[str]) -> Body | None:
    if "requestBody" not in data:
        return None
    said = schemas.document.resolve(data["requestBody"])
    choices: dict[str, Schema] = {kind: media["schema"] for kind, media in said["content"].items()}
    types = dict.fromkeys(_body_type(schemas, schema, class_name(id_) + "Request", id_) for schema in choices.values())
    type_ = next(iter(types)) if len(types) == 1 else Union(tuple(types))
    if Name("bytes") in types:
        type_ = Name("bytes")
    _note(schemas, type_, id_, "body_of")
    sends = content_type(list(choices)) if type_ == Name("bytes") else JSON
    takes = JSON_TOO if sends == ANY and JSON in choices else None
    body = Body(type_, "body", said.get("required", False), sends, takes)
    if not (isinstance(type_, Name) and type_.text in schemas.models):
        return evolve(body, name=body_name(id_))
    body.arguments = []
    for each in schemas.models[type_.text].fields:
        for part in parts(each.type):
            if isinstance(part, Enum):
                schemas.enums.used(part, id_, each.wire)
        if each.name == body.name:
            each.name += "_"
        name = each.name + "_" if each.name in taken else each.name
        body.arguments.append(Argument(name, each.wire, each.type, each.required, each.remark, each.limits, each.entry))
    return body


def _body_type(schemas: Schemas, schema: Schema, name: str, id_: str) -> Type:
    """Return the type of a body; an object that may have no property at all is a model without fields."""
    if schemas.document.resolve(schema).get("additionalProperties") is False:
        schema = {"properties": {}}
    return schemas.type_of(schema, id_, words=name)


def _note(schemas: Schemas, type_: Type, id_: str, where: str) -> None:
    for part in parts(type_):
        if isinstance(part, Name) and part.text in schemas.models:
            getattr(schemas.models[part.text], where).append(id_)
