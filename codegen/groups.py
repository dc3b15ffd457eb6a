"""The words of the command line -> a tree of resource classes: `operator auth-keys list` is two classes deep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import Factory, define

from .naming import camel
from .operations import Operation

WITHOUT_METHOD = {("auth",), ("logout",)}
"""Commands of one word: the client itself logs in and out."""


@define
class Group:
    """A group of methods, and the groups in it."""

    words: tuple[str, ...]
    methods: dict[str, Operation] = Factory(dict)
    groups: dict[str, Group] = Factory(dict)

    @property
    def class_name(self) -> str:
        """`operator auth_keys` -> `OperatorAuthKeys`."""
        return "".join(map(camel, self.words))

    @property
    def module(self) -> str:
        """The module of most of its operations; the first in the alphabet of two with as many."""
        counts = Counter(operation.module for operation in self.operations())
        return min(counts, key=lambda name: (-counts[name], name))

    def operations(self) -> Iterator[Operation]:
        """Walk the operations of this group and of those inside."""
        yield from self.methods.values()
        for group in self.groups.values():
            yield from group.operations()

    def all(self) -> Iterator[Group]:
        """Walk this group, then those inside."""
        yield self
        for group in self.groups.values():
            yield from group.all()


def tree(operations: Iterable[Operation]) -> dict[str, Group]:
    """Arrange operations by their words. A command that is itself a group is its `__call__`."""
    root = Group(())
    commands = [
        (words, operation) for operation in operations for words in operation.cli if words not in WITHOUT_METHOD
    ]
    for words, _ in commands:
        group = root
        for number in range(1, len(words)):
            group = group.groups.setdefault(words[number - 1], Group(words[:number]))
    for words, operation in commands:
        group = root
        for word in words[:-1]:
            group = group.groups[word]
        if words[-1] in group.groups:
            group.groups[words[-1]].methods["__call__"] = operation
        else:
            group.methods[words[-1]] = operation
    return dict(sorted(root.groups.items()))
