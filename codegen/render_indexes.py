"""The text of the modules that say where things are: `operations.py`, `_groups.py` and `_models.py`."""

from __future__ import annotations

import textwrap

from .annotations import dictionary
from .groups import Group
from .layout import Layout
from .table import WIDTH, row

SPACE = " " * 12

OPERATIONS = '''\
"""Where every operation is. Importing this imports no other module of the API."""

from __future__ import annotations

MODULES: dict[str, str] = {
    operation: module
    for module, operations in {
%(modules)s    }.items()
    for operation in operations.split()
}
"""The module of each operation, by operationId."""
'''

GROUPS = '''\
"""The groups of methods of a client. Importing this imports no other module of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._resource import Group

if TYPE_CHECKING:
%(imports)s

class Groups:
    """The words of the official command line, as attributes; each is imported when it is first used."""

%(attributes)s'''

MODELS = '''\
# fmt: off
"""Where every model and every named enum is. Importing this imports no other module of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
%(imports)s
_MODULES: dict[str, str] = {
    name: module
    for module, names in {
%(modules)s    }.items()
    for name in names.split()
}
"""The module of each, by its name; not public, or type checkers would take it for one of them."""
'''


def operations(layout: Layout) -> str:
    """Write the index by operationId."""
    modules = {module.name: [o.id for o in module.operations] for module in layout.modules.values()}
    return OPERATIONS % {"modules": _listed(modules)}


def models(layout: Layout) -> str:
    """Write the index of models and named enums; each has a name of its own in the whole API."""
    names = layout.schemas.enums.names
    found = {
        module.name: sorted(
            [
                *(names[each] for each in module.enums),
                *(each.name for each in module.models),
                *(dictionary(each.name) for each in module.models if each.name in layout.nested),
            ]
        )
        for module in layout.modules.values()
    }
    return MODELS % {
        "imports": "".join(
            row(f"    from .{module} import (", [_itself(name) for name in names], ")", 8)
            for module, names in found.items()
            if names
        )
        or "    pass\n",
        "modules": _listed(found),
    }


def _itself(name: str) -> str:
    """Write an import that type checkers take for public."""
    space = " " if len(f"        {name} as {name},") <= WIDTH else f"\n{SPACE}"
    return f"{name}{space}as {name}"


def _listed(names: dict[str, list[str]]) -> str:
    """Write the names in each module as lines of a dictionary."""
    return "".join(
        textwrap.fill(f'"{module}": """{" ".join(each)}""",', WIDTH, initial_indent=SPACE[4:], subsequent_indent=SPACE)
        + "\n"
        for module, each in names.items()
        if each
    )


def groups(layout: Layout) -> str:
    """Write the base class that names the groups of the client."""
    all_ = layout.groups.items()
    return GROUPS % {
        "imports": "".join(f"    from .{group.module} import {_imported(group)}\n" for _, group in all_),
        "attributes": "".join(
            f'    {word}: Group[{_name(group)}] = Group("{group.module}", "{group.class_name}")\n'
            for word, group in all_
        ),
    }


def _name(group: Group) -> str:
    """Return the name of a class beside the base class, which is called `Groups` as well."""
    return group.class_name + "_" if group.class_name == "Groups" else group.class_name


def _imported(group: Group) -> str:
    return group.class_name if _name(group) == group.class_name else f"{group.class_name} as {_name(group)}"
