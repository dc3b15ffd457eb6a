"""Which module of a package imports which, read from the source: the rules of the architecture are checked with it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

Graph = dict[str, set[str]]


def within(name: str, rooms: Iterable[str]) -> bool:
    """Whether a dotted name is one of these, or lies in one of them."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


class Tree:
    """The modules of a package. Names are relative to it: `api.sim` is `soracom_async.api.sim`, and it is itself ``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules: dict[str, Path] = {}
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            self.modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
        self.imports = cache(self._imports)

    def _imports(self, module: str, *, typing: bool) -> frozenset[str]:
        """Return the absolute names that a module imports, at its top or in functions, if asked also for types."""
        path = self.modules[module]
        package = path.relative_to(self.root.parent).parts[:-1]
        found: set[str] = set()

        def visit(node: ast.AST) -> None:
            if isinstance(node, ast.If) and _for_types(node.test) and not typing:
                for child in node.orelse:
                    visit(child)
                return
            if isinstance(node, ast.Call) and (name := _dynamic(node)):
                level = len(name) - len(name.lstrip("."))
                base = ".".join(package[: len(package) - level + 1]) + "." if level else ""
                found.add(base + name.lstrip("."))
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            if isinstance(node, ast.ImportFrom):
                base = list(package[: len(package) - node.level + 1]) if node.level else []
                base += node.module.split(".") if node.module else []
                found.update(".".join([*base, alias.name]) for alias in node.names)
            for child in ast.iter_child_nodes(node):
                visit(child)

        visit(ast.parse(path.read_text("utf-8")))
        return frozenset(found)

    def targets(self, module: str, *, typing: bool) -> set[str]:
        """Return the other modules of the package that a module imports, or of which it imports something."""
        found = set()
        for name in self.imports(module, typing=typing):
            top, _, rest = name.partition(".")
            if top == self.root.name:
                while rest not in self.modules:
                    rest = rest.rpartition(".")[0]
                found.add(rest)
        return found - {module}

    def graph(self, *, typing: bool) -> Graph:
        """Return what each module imports of the package."""
        return {module: self.targets(module, typing=typing) for module in self.modules}

    def forbidden(
        self, sources: Iterable[str], targets: Iterable[str], *, typing: bool = True, but: Iterable[str] = ()
    ) -> list[str]:
        """Return the imports that lead from rooms, apart from what lies in `but`, into rooms closed to them."""
        return sorted(
            f"{module} -> {target}"
            for module in self.modules
            if within(module, sources) and not within(module, but)
            for target in self.targets(module, typing=typing)
            if within(target, targets)
        )

    def importers(self, libraries: Iterable[str], *, typing: bool, but: Iterable[str] = ()) -> list[str]:
        """Return the modules, apart from what lies in `but`, that import one of these libraries."""
        return sorted(
            module
            for module in self.modules
            if not within(module, but)
            if any(within(name, libraries) for name in self.imports(module, typing=typing))
        )

    def rooms(self, parent: str = "") -> Graph:
        """Return what each module or package directly within a package imports of the others there, types included."""

        def room(module: str) -> str:
            inner = module.removeprefix(parent).removeprefix(".")
            return f"{parent}.{inner.partition('.')[0]}".strip(".") if inner else parent

        return merged(
            {
                module: {target for target in targets if not parent or within(target, [parent])}
                for module, targets in self.graph(typing=True).items()
                if not parent or within(module, [parent])
            },
            room,
        )


def _for_types(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING` or `typing.TYPE_CHECKING`, and nothing else."""
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _dynamic(call: ast.Call) -> str:
    """Return the literal name that `import_module` or `__import__` is called with; empty for all other calls."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if call.args else None
    if function in ("import_module", "__import__") and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return ""


def merged(graph: Graph, room: Callable[[str], str]) -> Graph:
    """Return the graph of the rooms in which modules lie."""
    rooms: Graph = {}
    for module, targets in graph.items():
        rooms.setdefault(room(module), set()).update(room(target) for target in targets)
    return {name: targets - {name} for name, targets in rooms.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Return the sets of nodes that all reach each other, each sorted."""
    reached: Graph = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for target in graph.get(waiting.pop(), set()) - seen:
                seen.add(target)
                waiting.append(target)
        reached[start] = seen
    found = {
        tuple(sorted(other for other in reached[node] if node in reached.get(other, set())))
        for node in graph
        if node in reached[node]
    }
    return [list(circle) for circle in sorted(found)]
