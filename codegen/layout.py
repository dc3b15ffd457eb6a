"""Which module each thing lives in: with its tag, or in `_shared` where two tags need it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import Factory, define

from .annotations import TAKEN, Enum, Name, Type, dictionary, parts
from .groups import Group, tree
from .operations import Argument, Operation
from .schemas import Model, Schemas, reachable
from .wording import Prose

SHARED = "_shared"


@define
class Module:
    """What one module defines."""

    name: str
    tags: list[str] = Factory(list)
    enums: list[Enum] = Factory(list)
    models: list[Model] = Factory(list)
    parameters: list[str] = Factory(list)
    operations: list[Operation] = Factory(list)
    groups: list[Group] = Factory(list)


@define
class Layout:
    """The modules, and what their models are for."""

    schemas: Schemas
    modules: dict[str, Module]
    groups: dict[str, Group]
    answered: set[str]
    """The models that occur in an answer."""
    repeated: set[Parameter]
    """The parameters that are written once, in `_shared`."""
    nested: set[str]
    """The models inside the body of a request: a TypedDict can be given in the place of each."""
    prose: Prose

    @property
    def takes(self) -> Mapping[str, str]:
        """What an argument takes in the place of some types."""
        return TAKEN | {name: f"{name} | {dictionary(name)}" for name in self.nested}


Parameter = tuple[str, str, Type, bool]
"""A query or header parameter by its facts: two with the same are one."""


def parameter(argument: Argument) -> Parameter:
    """Return the facts of a parameter, without the values of an enum."""
    return argument.name, argument.wire, _plain(argument.type), argument.required


def lay_out(schemas: Schemas, operations: list[Operation], tags: Iterable[str], prose: Prose) -> Layout:
    """Distribute what the operations of `tags` need."""
    answered = reachable(schemas.models, [o.result for o in operations if o.result])
    chosen = [operation for operation in operations if operation.tag in set(tags)]
    modules = {name: Module(name) for name in sorted({SHARED, *(o.module for o in chosen)})}
    for operation in chosen:
        module = modules[operation.module]
        module.operations.append(operation)
        if operation.tag not in module.tags:
            module.tags.append(operation.tag)

    users: dict[str, set[str]] = {}
    for module in modules.values():
        types = [type_ for operation in module.operations for type_ in operation.types()]
        for name in reachable(schemas.models, types):
            users.setdefault(name, set()).add(module.name)
    for name in sorted(users):
        modules[_home(users[name])].models.append(schemas.models[name])

    for enum, homes in _enum_users(schemas, modules).items():
        modules[_home(homes)].enums.append(enum)
    groups = tree(chosen)
    for group in groups.values():
        modules[group.module].groups.extend(reversed([*group.all()]))
    counts = Counter(parameter(a) for o in chosen for a in (*o.in_query, *o.in_headers))
    repeated = {each for each, count in counts.items() if count > 1}
    return Layout(schemas, modules, groups, answered, repeated, _nested(schemas, chosen), prose)


def _nested(schemas: Schemas, operations: Iterable[Operation]) -> set[str]:
    """Return the models that occur in bodies, below the top."""
    types: list[Type] = []
    for body in (operation.body for operation in operations if operation.body):
        types += [body.type] if body.arguments is None else [argument.type for argument in body.arguments]
    return reachable(schemas.models, types)


def _home(users: set[str]) -> str:
    return next(iter(users)) if len(users) == 1 else SHARED


def _enum_users(schemas: Schemas, modules: dict[str, Module]) -> dict[Enum, set[str]]:
    users: dict[Enum, set[str]] = {}
    for module in modules.values():
        types = [t for o in module.operations for t in o.types()] + [f.type for m in module.models for f in m.fields]
        for part in (part for type_ in types for part in parts(type_)):
            if isinstance(part, Enum) and part in schemas.enums.names:
                users.setdefault(part, set()).add(module.name)
    return dict(sorted(users.items(), key=lambda item: schemas.enums.names[item[0]]))


def _plain(type_: Type) -> Type:
    return Name(type_.base) if isinstance(type_, Enum) else type_
