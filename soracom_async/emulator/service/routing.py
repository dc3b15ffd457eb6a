"""The router: from a method and a path to an operation. A literal segment has priority over a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import define, field

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core.operation import Operation


@define(slots=True)
class _Node:
    literals: dict[str, _Node] = field(factory=dict)
    parameter: _Node | None = None
    file: _Node | None = None
    """The node for one parameter that is the rest of the path, with its slashes."""
    directory: _Node | None = None
    """The same for a path that ends in a slash."""
    operations: dict[str, tuple[Operation[Any], tuple[str, ...]]] = field(factory=dict)
    """By method, each with the names of its path parameters."""


class Router:
    """All routes of the operations table."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        self._root = _Node()
        for operation in operations:
            node, names = self._root, []
            for segment in operation.path.strip("/").split("/"):
                name = segment[1:-1]
                if "path" in getattr(operation.path_types.get(name), "__metadata__", ()):
                    names.append(name)
                    if operation.path.endswith("/"):
                        node.directory = node = node.directory or _Node()
                    else:
                        node.file = node = node.file or _Node()
                elif segment.startswith("{"):
                    names.append(name)
                    node.parameter = node = node.parameter or _Node()
                else:
                    node = node.literals.setdefault(segment, _Node())
            node.operations[operation.method] = operation, tuple(names)

    def match(self, method: str, path: str) -> tuple[Operation[Any], dict[str, str]]:
        """Return the operation of a percent-encoded path, and its path parameters, decoded."""
        # The path is split before it is decoded, so that `%2F` in a segment never leads to another route.
        segments = path.removeprefix("/v1").removeprefix("/").split("/")
        node, values = _walk(self._root, segments, 0, ())
        if node is None:
            raise Refusal("COM9001", path)
        try:
            operation, names = node.operations[method]
        except KeyError:
            raise Refusal("COM9002", method, headers={"allow": ", ".join(node.operations)}) from None
        return operation, dict(zip(names, values, strict=True))


def _walk(node: _Node, segments: list[str], at: int, values: tuple[str, ...]) -> tuple[_Node | None, tuple[str, ...]]:
    if at == len(segments):
        return (node if node.operations else None), values
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _walk(literal, segments, at + 1, values)
        if found[0] is not None:
            return found
    if node.parameter is not None and segment:
        return _walk(node.parameter, segments, at + 1, (*values, unquote(segment)))
    rest = node.directory if segments[-1] == "" else node.file
    if rest is not None:
        return rest, (*values, "/".join(unquote(each) for each in segments[at:] if each))
    return None, values
